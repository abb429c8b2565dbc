/** Contract of limits and round trips: what bounds each wait, what it says, what a call costs. On every server. */
import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { sql } from "kysely";
import { command, isFault, query, Site, Stand, until } from "../call/test/stand.ts";
import type { Fault } from "../define/errors.ts";
import { missing, TEST_SERVERS } from "../testkit/index.ts";
import { WAITERS_MAX } from "./pool.ts";
import { TcpProxy } from "./test/proxy.ts";

const one = query(({ db }) => db.selectFrom("account").selectAll().where("name", "=", "alice").execute());
const write = command(({ db }) => sql`update account set balance = balance + 1 where name = 'alice'`.execute(db));

for (const server of TEST_SERVERS) {
  describe(`limits on ${server.name}`, { skip: missing(server) }, () => {
    let site: Site;
    before(async () => {
      site = await Site.open(server);
      await site.ask("insert into bank.account values ('alice', 100)");
    });
    after(() => site[Symbol.asyncDispose]());

    test("a query of one statement waits for one round trip, a command for two", async () => {
      await using proxy = await TcpProxy.open(site.socket);
      await using stand = new Stand(proxy.url, { size: 1 });
      const cost = async (endpoint: unknown) => {
        await stand.call(endpoint);
        await stand.call(endpoint);
        await site.ask("select pg_sleep(0.02)");
        const before = proxy.turns;
        await stand.call(endpoint);
        return proxy.turns - before;
      };
      assert.equal(await cost(one), 1);
      assert.equal(await cost(write), 2);
      const three = ["a", "b", "c"];
      const together = query(({ db }) => Promise.all(three.map((text) => sql`select ${text}::text as x`.execute(db))));
      assert.equal(await cost(together), 1);
      assert.equal(await cost(command(async () => {})), 0);
    });

    test("a statement that runs too long is STATEMENT_TIMEOUT", async () => {
      await using stand = site.stand({ statementMs: 100 });
      const slow = query(({ db }) => sql`select pg_sleep(10)`.execute(db));
      await assert.rejects(stand.call(slow), (error: Fault) => {
        assert.equal(error.retryAfterSeconds, 1);
        return isFault("STATEMENT_TIMEOUT", 503)(error);
      });
      await stand.call(one);
    });

    test("a lock that is not free in time is LOCK_TIMEOUT, and nothing is written", async () => {
      await using stand = site.stand({ lockMs: 100 });
      await site.ask("begin");
      await site.ask("update bank.account set balance = 0 where name = 'alice'");
      await assert.rejects(stand.call(write), isFault("LOCK_TIMEOUT", 503));
      await site.ask("rollback");
      await stand.call(write);
    });

    test("a call that finds no free session in time is DATABASE_BUSY, and others go on", async () => {
      await using stand = site.stand({ size: 2, waitMs: 100 });
      const free = Promise.withResolvers<void>();
      const hold = command(async ({ db }) => {
        await sql`select 1`.execute(db);
        await free.promise;
      });
      const holding = [stand.call(hold), stand.call(hold)];
      await assert.rejects(stand.call(one), (error: Fault) => {
        assert.equal(error.retryAfterSeconds, 1);
        return isFault("DATABASE_BUSY", 503)(error);
      });
      const waiting = Promise.allSettled(Array.from({ length: WAITERS_MAX + 1 }, () => stand.call(one)));
      const outcomes = await waiting;
      const details = outcomes.map((each) => (each.status === "rejected" ? (each.reason as Fault).detail : ""));
      assert.equal(details.filter((each) => each?.includes(`${WAITERS_MAX} calls wait`)).length, 1);
      free.resolve();
      await Promise.all(holding);
      await stand.call(one);
      assert.equal(stand.pool.state, "up");
    });

    test("a server with no connection left is DATABASE_BUSY, not away", async () => {
      const [{ n }] = (await site.ask("select current_setting('max_connections')::int as n")) as [{ n: number }];
      const others = await Promise.allSettled(Array.from({ length: n }, () => site.app.connect()));
      await using stand = site.stand();
      await assert.rejects(stand.call(one), isFault("DATABASE_BUSY", 503));
      assert.deepEqual(stand.states, []);
      await Promise.all(others.map((each) => (each.status === "fulfilled" ? each.value.end() : null)));
      await until("there are connections again", () =>
        stand.call(one).then(
          () => true,
          () => false,
        ),
      );
    });

    test("wrong credentials or a wrong database are DATABASE_UNAVAILABLE", async () => {
      await using proxy = await TcpProxy.open(site.socket);
      await using stand = new Stand(proxy.url.replace("/lineshaft", "/nowhere"));
      await assert.rejects(stand.call(one), isFault("DATABASE_UNAVAILABLE", 503));
    });

    test("options in the URL stay, and ours with them", async () => {
      await using proxy = await TcpProxy.open(site.socket);
      await using stand = new Stand(`${proxy.url}?options=-c%20work_mem%3D5MB&application_name=mine`);
      const shown = query(async ({ db }) => {
        const names = ["work_mem", "TimeZone", "default_transaction_read_only", "statement_timeout"];
        const found = await Promise.all(
          names.map((name) => sql<{ v: string }>`select current_setting(${name}) as v`.execute(db)),
        );
        return found.map((each) => each.rows[0]?.v);
      });
      assert.deepEqual(await stand.call(shown), ["5MB", "UTC", "on", "15s"]);
    });

    test("a begin that fails takes its statement with it: nothing runs outside a transaction [CMD-1]", async () => {
      await using stand = site.stand();
      const bad = command(
        ({ db }) => sql`insert into note (text) values ('outside')`.execute(db),
        "no such level" as never,
      );
      await assert.rejects(stand.call(bad));
      assert.deepEqual(await site.ask("select from bank.note where text = 'outside'"), []);
      await stand.call(one);
    });

    test("the end of a pool does not wait for ever for a call that hangs", async () => {
      const stand = site.stand({ size: 1 });
      const hanging = stand.call(query(({ db }) => sql`select pg_sleep(12)`.execute(db)));
      const refused = assert.rejects(hanging, isFault("DATABASE_UNAVAILABLE", 503));
      await until(
        "it runs",
        async () => (await site.ask("select from pg_stat_activity where query ~ '^select pg_sleep.12'")).length > 0,
      );
      const startedMs = performance.now();
      await stand[Symbol.asyncDispose]();
      await refused;
      assert.ok(performance.now() - startedMs < 7_000);
    });
  });
}
