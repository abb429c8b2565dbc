/** The contenders of the events bench do the same work, those of the peers that are installed. */
import assert from "node:assert/strict";
import { existsSync } from "node:fs";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import pg from "pg";
import { Arena, startRole } from "./events-arena.ts";
import { CONTENDERS, publishEffects } from "./events-contender.ts";
import type { Delays } from "./events-producer.ts";
import { PEERS } from "./peers.ts";

const JOBS = 300;
const isInstalled = existsSync(join(PEERS, "node_modules", "graphile-worker"));
const hasRedis = existsSync("/usr/bin/redis-server");

describe("contenders of the events bench", () => {
  let arena: Arena;
  before(async () => {
    arena = await Arena.open();
  });
  after(() => arena[Symbol.asyncDispose]());

  for (const contender of CONTENDERS) {
    const { title, file } = contender;
    const missing = contender.package !== null && !isInstalled && "the peers are not installed: npm run bench does it";
    const skip = missing || (contender.redis !== null && !hasRedis && "Redis is missing: apt-get install redis-server");

    test(`${title}: each job of a backlog, and each that is added, has its one row`, { skip }, async () => {
      await using site = await arena.site(contender);
      await using worker = await startRole("worker", file, site.place);
      await worker.ask(`fill effect ${JOBS}`);
      await worker.ask(`drain ${JOBS}`);
      await publishEffects(site.place.databaseUrl);
      const client = new pg.Client(site.place.databaseUrl);
      await client.connect();
      const numbers = async () => (await client.query("select number from bench.effect order by 1")).rows;
      const expected = Array.from({ length: JOBS }, (_, index) => ({ number: index + 1 }));
      assert.deepEqual(await numbers(), expected);

      const place = { ...site.place, serverUrl: await worker.ask<string>("url") };
      await using producer = await startRole("producer", file, place);
      const { p50, p99, rate } = await producer.ask<Delays>("50 0.4");
      assert.ok(p50 > 0 && p99 >= p50 && rate > 0, `p50 ${p50}, p99 ${p99}, rate ${rate}`);
      assert.equal((await numbers()).length, JOBS + 20);
      await client.end();
    });
  }
});
