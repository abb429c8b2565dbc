/** A queue gives its items in the order in which they came, whatever was taken out in between. */
import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { Queue } from "./queue.ts";

test("behaves as an array that is pushed to, shifted and filtered", () => {
  const step = fc.oneof(
    fc.record({ act: fc.constant("push" as const), item: fc.integer({ min: 1, max: 50 }) }),
    fc.record({ act: fc.constant("delete" as const), item: fc.integer({ min: 1, max: 50 }) }),
    fc.constant({ act: "shift" as const, item: 0 }),
  );
  fc.assert(
    fc.property(fc.array(step, { maxLength: 200 }), (steps) => {
      const queue = new Queue<number>();
      let model: number[] = [];
      for (const { act, item } of steps) {
        if (act === "push") model.push(item);
        if (act === "push") queue.push(item);
        if (act === "delete") model = model.filter((each) => each !== item);
        if (act === "delete") queue.delete(item);
        if (act === "shift") assert.equal(queue.shift(), model.shift());
        assert.equal(queue.size, model.length);
      }
      assert.deepEqual(queue.drain(), model);
      assert.equal(queue.shift(), undefined);
    }),
  );
});
