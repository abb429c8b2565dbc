/** The directed cases: for each there is a change that alters the answer, and a careless rule would not notice it. */
import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { missing, TEST_SERVERS } from "../testkit/index.ts";
import { CASES, type Case, Lab } from "./test/lab.ts";

type Outcome = "touched" | "missed" | "unchanged";

/** Runs a case, and leaves the database as it was. */
async function outcomeOf(lab: Lab, { query, params, seed, change }: Case): Promise<Outcome> {
  const shape = await lab.shapeOf(query);
  await lab.client.query("begin");
  try {
    if (seed !== null) await lab.client.query(seed);
    const index = await lab.indexOf(shape, params);
    const answer = await lab.answer(query, params);
    const changes = await lab.change(change);
    if ((await lab.answer(query, params)) === answer) return "unchanged";
    return index === null || changes.some((each) => index.touched(each).has(1)) ? "touched" : "missed";
  } finally {
    await lab.client.query("rollback");
  }
}

for (const server of TEST_SERVERS) {
  describe(`read sets on ${server.name}`, { skip: missing(server) }, () => {
    let lab: Lab;
    before(async () => {
      lab = await Lab.openWithCases(server.binaries);
    });
    after(() => lab[Symbol.asyncDispose]());

    for (const each of CASES.cases) {
      const skip = server.binaries !== undefined && /0x/.test(JSON.stringify(each.params)) && "0x2 is from 16 on";
      test(`the change alters the answer and is noticed: ${each.name}`, { skip }, async () => {
        assert.equal(await outcomeOf(lab, each), "touched");
      });
    }

    for (const sql of CASES.uncacheable) {
      test(`is not cached: ${sql}`, async () => {
        const shape = await lab.shapeOf(sql);
        assert.ok(!shape.isCacheable, JSON.stringify(lab.readsOf(shape)));
      });
    }
  });
}
