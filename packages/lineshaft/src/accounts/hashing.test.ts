/** Turns of hashing: bounded in number, in order, and given back whatever happens. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { HASHES_AT_ONCE, HASHES_WAITING_MAX, inTurn } from "./hashing.ts";

test("so many run at once, so many wait, and more are refused", async () => {
  const gate = Promise.withResolvers<void>();
  const order: number[] = [];
  let running = 0;
  let runningMax = 0;
  const work = async (index: number) => {
    runningMax = Math.max(runningMax, ++running);
    order.push(index);
    await gate.promise;
    running--;
    if (index % 7 === 0) throw new Error("failed");
  };
  const count = HASHES_AT_ONCE + HASHES_WAITING_MAX;
  const all = Array.from({ length: count }, (_, index) => inTurn(() => work(index)));
  const settled = Promise.allSettled(all);
  await assert.rejects(
    inTurn(async () => {}),
    { code: "RATE_LIMITED", retryAfterSeconds: 2 },
  );
  gate.resolve();
  await settled;
  assert.equal(runningMax, HASHES_AT_ONCE);
  assert.deepEqual(
    order,
    Array.from({ length: count }, (_, index) => index),
  );
  assert.equal(await inTurn(async () => "free again"), "free again");
});
