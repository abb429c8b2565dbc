/** Contract of shared sessions: quick reads go out together, hold up nobody, and lose nothing. On every server. */
import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { sql } from "kysely";
import { command, query, Site, Stand } from "../call/test/stand.ts";
import { missing, poll, TEST_SERVERS } from "../testkit/index.ts";
import { TcpProxy } from "./test/proxy.ts";

const READS = 32;

const quick = query(({ db }) => db.selectFrom("account").selectAll().where("name", "=", "alice").execute());
/** Long enough that another one comes while it runs. */
const brief = query(({ db }) => sql`select pg_sleep(0.002)`.execute(db));
const slow = query(({ db }) => sql`select pg_sleep(0.2), 'slow'`.execute(db));
const write = command(({ db }) => sql`update account set balance = balance + 1 where name = 'alice'`.execute(db));

for (const server of TEST_SERVERS) {
  describe(`shared sessions on ${server.name}`, { skip: missing(server) }, () => {
    let site: Site;
    before(async () => {
      site = await Site.open(server);
      await site.ask("insert into bank.account values ('alice', 100)");
    });
    after(() => site[Symbol.asyncDispose]());

    test("reads of one moment share round trips", async () => {
      await using proxy = await TcpProxy.open(site.socket);
      await using stand = new Stand(proxy.url, { size: 1 });
      const read = () => Promise.all(Array.from({ length: READS }, () => stand.call(quick)));
      await stand.call(quick);
      await read();
      // Where answers come one by one, each lets the next read go: on a machine that is busy that can be all of them.
      const turns = async () => {
        const before = proxy.turns;
        const answers = await read();
        for (const [row] of answers as { name: string }[][]) assert.equal(row!.name, "alice");
        return proxy.turns - before;
      };
      await poll(async () => (await turns()) <= READS / 2, { timeoutMs: 20_000, what: `half of ${READS} round trips` });
    });

    test("a write is not kept waiting by reads that never end", async () => {
      await using stand = site.stand({ size: 1, waitMs: 2_000 });
      await stand.call(brief);
      let isDone = false;
      const readOn = async () => {
        while (!isDone) await stand.call(brief);
      };
      const readers = Array.from({ length: 6 }, readOn);
      for (let count = 0; count < 3; count++) await stand.call(write);
      isDone = true;
      await Promise.all(readers);
    });

    test("a slow read does not hold up a quick one while a session is free", async () => {
      await using stand = site.stand({ size: 2 });
      for (let count = 0; count < 2; count++) for (const each of [slow, quick]) await stand.call(each);
      const done: string[] = [];
      const calls = [slow, quick, quick, quick].map((each) =>
        stand.call(each).then(() => done.push(each === slow ? "slow" : "quick")),
      );
      await Promise.all(calls);
      assert.deepEqual(done, ["quick", "quick", "quick", "slow"]);
    });

    test("reads whose session breaks are made again", async () => {
      await using stand = site.stand({ size: 2 });
      await Promise.all(Array.from({ length: READS }, () => stand.call(quick)));
      const pids = await site.ask("select pid from pg_stat_activity where application_name = 'lineshaft'");
      const reads = Array.from({ length: READS }, () => stand.call(quick));
      // Those alone: one that is being opened and breaks means that the database is away, which is told at once.
      const those = pids.map(({ pid }) => pid).join();
      await site.ask(`select pg_terminate_backend(pid) from unnest(array[${those}]) pid`);
      for (const answer of await Promise.all(reads)) assert.equal((answer as unknown[]).length, 1);
    });
  });
}
