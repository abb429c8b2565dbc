/** A short run of the chat while things break, and the proof that somebody who is there unseen would be found out. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { CANARY, QUICK } from "./main.ts";
import { runChat } from "./run.ts";

const SEED = Number(process.env.CHAT_SEED ?? 1);
const quiet = { seed: SEED, say: () => {} };

test(`whatever breaks, all in a room see the same, and who is there (seed ${SEED}) [CMD-4] [LIVE-1]`, async () => {
  const { found, folder, counts, faults } = await runChat({ ...quiet, ...QUICK });
  assert.deepEqual(found, {}, `all is kept in ${folder}`);
  assert.deepEqual(Object.keys(faults).sort(), [...QUICK.kinds].sort());
  for (const what of ["messages acknowledged", "newest pages shown", "numbered messages heard", "kicks"]) {
    assert.ok(counts[what]! > 0, what);
  }
});

test("a member whom nobody knows is found out", async () => {
  const { found } = await runChat({ ...quiet, ...CANARY, faults: 1, canary: "presence" });
  assert.equal(found["presence"]?.[0]?.kind, "stale");
});
