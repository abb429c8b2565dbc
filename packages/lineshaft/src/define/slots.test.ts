/** Slots hold what was added and not deleted, and use the places of what has gone. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { Slots } from "./slots.ts";

test("a place is used again, and no other item goes with the one that is deleted", () => {
  const slots = new Slots<string>();
  const [first, second] = [slots.add("first"), slots.add("second")];
  slots.delete(first);
  assert.deepEqual(slots.all(), ["second"]);
  assert.equal(slots.add("third"), first);
  assert.deepEqual(slots.all().toSorted(), ["second", "third"]);
  slots.delete(second);
  slots.delete(first);
  assert.deepEqual(slots.all(), []);
});
