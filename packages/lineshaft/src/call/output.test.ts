/** Contract of the writer: what it writes by itself is what the language's own JSON has. */
import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { field } from "../define/field.ts";
import { compileOutput } from "./output.ts";

const { write } = compileOutput({ at: field.time(), text: field.text() })!;

test("instants and texts are written as JSON.stringify writes them, whatever was written before", () => {
  const edges = [-1, 0, 8.64e15, -8.64e15, -62_135_596_800_001, 253_402_300_800_000, 86_399_999, 86_400_000];
  for (const at of edges.map((each) => new Date(each))) {
    assert.equal(write({ at, text: "" }), JSON.stringify({ at, text: "" }));
  }
  const value = fc.record({ at: fc.date({ noInvalidDate: true }), text: fc.string({ unit: "binary" }) });
  fc.assert(
    fc.property(value, (each) => assert.equal(write(each), JSON.stringify(each))),
    { numRuns: 2_000 },
  );
});
