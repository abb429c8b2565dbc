/** A short run of the faults, and the proof that a broken promise would be seen. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { CANARY_KINDS, QUICK_KINDS } from "./faults.ts";
import { runPlan } from "./harness.ts";

const SEED = Number(process.env.FAULTS_SEED ?? 1);
const plan = { nodes: 2, seed: SEED, callers: 12, quietMs: 60_000, say: () => {} };

test(`whatever breaks, all is handled once and in order (seed ${SEED}) [EVT-1] [EVT-2] [EVT-3] [SCH-1]`, async () => {
  const outcome = await runPlan({ ...plan, faults: QUICK_KINDS.length, kinds: QUICK_KINDS });
  assert.deepEqual(outcome.found, {}, `all is kept in ${outcome.folder}`);
  assert.equal(outcome.faultCount, QUICK_KINDS.length);
  assert.ok(outcome.commands.done > 100, `${outcome.commands.done} commands were acknowledged`);
  assert.ok(outcome.handled > outcome.events, `${outcome.handled} effects of ${outcome.events} events`);
  assert.ok(outcome.stepsAgain > 0 && outcome.scheduledRuns > 0 && outcome.commandsLater > 0);
});

test("a handler whose effects leave its transaction is found out", async () => {
  const outcome = await runPlan({ ...plan, faults: CANARY_KINDS.length, kinds: CANARY_KINDS, canary: "effects" });
  assert.equal(outcome.found["effects"]?.[0]?.kind, "doubled");
});
