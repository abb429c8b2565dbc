/** Read sets against the truth, on random statements and changes, and proof that the test would notice a mistake. */
import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import type { ReadSet } from "./bind.ts";
import { type Counts, runModel } from "./test/model.ts";
import type { Random } from "./test/random.ts";
import { ReadSetStand } from "./test/stand.ts";

const CASES_MIN = 6_000;
const SEED = Number(process.env["READSET_SEED"] ?? Date.now() % 1_000_000_000);

function dropOne(readSet: ReadSet, random: Random): ReadSet {
  const dropped = random.below(readSet.reads.length);
  return { ...readSet, reads: readSet.reads.filter((_, index) => index !== dropped) };
}

describe(`random statements and changes, seed ${SEED} (READSET_SEED)`, () => {
  let stand: ReadSetStand;
  before(async () => {
    stand = await ReadSetStand.openWithCases();
  });
  after(() => stand[Symbol.asyncDispose]());

  test("no change that alters an answer goes unnoticed", async () => {
    const counts = await runModel(stand, { seed: SEED, isDone: ({ cases }) => cases >= CASES_MIN });
    assert.deepEqual(counts.missed, [], `seed ${SEED}`);
    assert.ok(counts.changed > CASES_MIN / 200, `only ${counts.changed} changes altered an answer`);
  });

  test("a read set without one of its reads is noticed", async () => {
    const isDone = ({ cases, missed }: Counts) => missed.length > 0 || cases >= CASES_MIN;
    const counts = await runModel(stand, { seed: SEED, isDone, spoil: dropOne });
    assert.ok(counts.missed.length > 0, `nothing missed in ${counts.cases} cases, seed ${SEED}`);
  });
});
