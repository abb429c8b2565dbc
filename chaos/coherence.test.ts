/** A short run of the coherence check, and the proof that it would see an answer that is too old. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { checkCoherence } from "./coherence.ts";

const SEED = Number(process.env.COHERENCE_SEED ?? 1);
const quiet = { nodes: 2, seed: SEED, say: () => {} };

test(`no node gives an answer that is too old, whatever breaks (seed ${SEED}) [QRY-2] [QRY-3]`, async () => {
  const result = await checkCoherence({ ...quiet, reads: 25_000, hasFaults: true, isCanary: false });
  assert.deepEqual({ stale: result.stale, differing: result.differing }, { stale: [], differing: 0 });
  assert.ok(result.hits > 0, "answers came out of caches");
  assert.ok(Object.keys(result.faults).length > 0, "something broke");
});

test("a cache that forgets nothing is found out", async () => {
  const result = await checkCoherence({ ...quiet, reads: 10_000, hasFaults: false, isCanary: true });
  assert.ok(result.staleCount > 0);
});
