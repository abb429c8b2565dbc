/** Contract of waiting for positions: who is told what and when, and that many who wait hold up nobody. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { Seen, WAITERS_MAX } from "./seen.ts";

const LATER_MS = 60_000;
/** Time of the processor for all who may wait, coming and going; a tenth of what looking at each of them took. */
const CPU_MS_MAX = 400;

test("whoever waits is told when the position comes, in any order of asking; the rest waits on", async () => {
  const seen = new Seen();
  const told: bigint[] = [];
  const positions = [5n, 1n, 3n, 3n, 9n, 2n];
  for (const position of positions)
    void seen.waitFor(position, LATER_MS).then((isSeen) => isSeen && told.push(position));
  const short = seen.waitFor(3n, 1);
  assert.equal(await short, false);
  seen.advance(3n);
  await Promise.resolve();
  assert.deepEqual(told, [1n, 2n, 3n, 3n]);
  assert.equal(await seen.waitFor(3n, LATER_MS), true);
  const rest = [seen.waitFor(5n, LATER_MS), seen.waitFor(6n, LATER_MS)];
  seen.advance(5n);
  seen.giveUp();
  assert.deepEqual(await Promise.all(rest), [true, false]);
});

test("as many as may wait, for made-up positions, come and go without holding up the others", async () => {
  for (const step of [0n, 1n, -1n]) {
    const seen = new Seen();
    const before = process.cpuUsage();
    const waits = Array.from({ length: WAITERS_MAX }, (_, index) => seen.waitFor(1_000_000n + step * BigInt(index), 1));
    assert.equal(await seen.waitFor(1n, LATER_MS), false, "one more is told at once");
    assert.ok((await Promise.all(waits)).every((isSeen) => !isSeen));
    const { user } = process.cpuUsage(before);
    assert.ok(user / 1_000 < CPU_MS_MAX, `it took ${user / 1_000} ms`);
  }
});
