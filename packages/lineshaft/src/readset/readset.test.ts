/** The directed cases: for each there is a change that alters the answer, and a careless rule would not notice it. */
import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { missing, TEST_SERVERS } from "../testkit/index.ts";
import { CASES, ReadSetStand } from "./test/stand.ts";

for (const server of TEST_SERVERS) {
  describe(`read sets on ${server.name}`, { skip: missing(server) }, () => {
    let stand: ReadSetStand;
    before(async () => {
      stand = await ReadSetStand.openWithCases(server.binaries);
    });
    after(() => stand[Symbol.asyncDispose]());

    for (const each of CASES.cases) {
      const skip = server.binaries !== undefined && /0x/.test(JSON.stringify(each.params)) && "0x2 is from 16 on";
      test(`the change alters the answer and is noticed: ${each.name}`, { skip }, async () => {
        assert.equal(await stand.outcomeOf(each), "touched");
      });
    }

    for (const sql of CASES.uncacheable) {
      test(`is not cached: ${sql}`, async () => {
        const shape = await stand.shapeOf(sql);
        assert.ok(!shape.isCacheable, JSON.stringify(stand.readsOf(shape)));
        // The construct by its name, not a failure of the analysis.
        assert.match(shape.reason, /\w/);
        assert.doesNotMatch(shape.reason, /undefined|parser/);
      });
    }
  });
}
