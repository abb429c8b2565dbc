/** Patches: whatever two values are, the patch makes one of the other, and a row that changed costs little. */
import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { patched } from "../serve/live/test/subscribers.ts";
import { diff, type Json, OPERATIONS_MAX } from "./patch.ts";

/** Strings that pointers have to escape, and keys that are special in this language. */
const keys = fc.constantFrom("a", "b", "", "~", "/", "~1", "0", "-", "__proto__", "constructor", "é");
const json = fc.letrec((tie) => ({
  value: fc.oneof(
    { maxDepth: 4, withCrossShrink: true },
    fc.constantFrom(null, true, false, 0, 1, "", "x"),
    fc.array(tie("value"), { maxLength: 6 }),
    fc.dictionary(keys, tie("value"), { maxKeys: 4 }),
  ),
})).value as fc.Arbitrary<Json>;
/** As it comes from the wire. */
const wire = (value: Json): Json => JSON.parse(JSON.stringify(value));

test("a patch makes the second value of the first, for any two [LIVE-1]", () => {
  const property = fc.property(json, json, (one, other) => {
    const [before, after] = [wire(one), wire(other)];
    const patch = JSON.parse(JSON.stringify(diff(before, after)));
    assert.deepEqual(patched(before, patch), after);
  });
  fc.assert(property, { numRuns: 3_000 });
});

test("equal values need no operation; a row added, removed or changed needs one", () => {
  const rows = Array.from({ length: 50 }, (_, id) => ({ id, text: `row ${id}` }));
  assert.deepEqual(diff(rows, structuredClone(rows)), []);
  assert.deepEqual(diff(rows, rows.slice(1)), [{ op: "remove", path: "/0" }]);
  assert.deepEqual(diff(rows, [...rows, { id: 50, text: "new" }]), [
    { op: "add", path: "/50", value: { id: 50, text: "new" } },
  ]);
  const changed = rows.map((row) => (row.id === 7 ? { ...row, text: "other" } : row));
  assert.deepEqual(diff(rows, changed), [{ op: "replace", path: "/7/text", value: "other" }]);
});

test("what differs in too many places has no patch", () => {
  const before = Array.from({ length: OPERATIONS_MAX + 1 }, (_, id) => [id]);
  assert.equal(
    diff(
      before,
      before.map(([id]) => [id! + 1]),
    ),
    null,
  );
  assert.equal(diff([], before), null);
});
