/** Contract of outages: what is lost, what is said, how long it takes, and that service comes back by itself. */
import assert from "node:assert/strict";
import { after, before, beforeEach, describe, test } from "node:test";
import { sql } from "kysely";
import { command, isFault, query, Site, Stand, until } from "../call/test/stand.ts";
import type { Fault } from "../define/errors.ts";
import { missing, TEST_SERVERS } from "../testkit/index.ts";
import { TcpProxy } from "./test/proxy.ts";

/** How fast a request is refused while the database is known to be away. */
const REFUSAL_MS_MAX = 100;
const ACCOUNTS = 10;
const STORM_MS = 3_000;

const one = query(({ db }) => db.selectFrom("account").selectAll().where("name", "=", "0").execute());
const write = command(({ db }) => sql`update account set balance = balance + 1 where name = '0'`.execute(db));
const passes = (stand: Stand, endpoint: unknown = one) =>
  stand.call(endpoint).then(
    () => true,
    () => false,
  );

for (const server of TEST_SERVERS) {
  describe(`outages on ${server.name}`, { skip: missing(server) }, () => {
    let site: Site;
    const surprises: unknown[] = [];
    const surprise = (error: unknown) => void surprises.push(error);
    before(async () => {
      process.on("unhandledRejection", surprise).on("uncaughtException", surprise);
      site = await Site.open(server);
    });
    after(async () => {
      await site[Symbol.asyncDispose]();
      process.off("unhandledRejection", surprise).off("uncaughtException", surprise);
      assert.deepEqual(surprises, []);
    });
    beforeEach(async () => {
      await site.ask("truncate bank.account, bank.note");
      await site.ask("insert into bank.account select n, 100 from generate_series(0, $1::int - 1) n", [ACCOUNTS]);
    });
    const balance = async () =>
      Number((await site.ask("select balance from bank.account where name = '0'"))[0]?.balance);
    const others = "pid <> pg_backend_pid() and application_name = 'lineshaft' and datname = current_database()";
    const terminate = () => site.ask(`select pg_terminate_backend(pid) from pg_stat_activity where ${others}`);

    test("sessions that were terminated while idle are replaced without a failing call", async () => {
      await using stand = site.stand();
      for (let turn = 0; turn < 5; turn++) {
        await Promise.all(Array.from({ length: 20 }, () => stand.call(write)));
        await terminate();
        await Promise.all(Array.from({ length: 20 }, () => stand.call(write)));
      }
      assert.deepEqual([await balance(), stand.states], [300, []]);
    });

    test("a session that is terminated in the middle of a run costs a repetition, not the call [CMD-1]", async () => {
      await using stand = site.stand();
      let runs = 0;
      await stand.call(
        command(async ({ db }) => {
          runs++;
          await sql`update account set balance = balance + 1 where name = '0'`.execute(db);
          if (runs === 1) await terminate();
          await sql`update account set balance = balance + 1 where name = '0'`.execute(db);
        }),
      );
      assert.deepEqual([runs, await balance()], [2, 102]);
    });

    test("a connection that breaks during the commit: the outcome is unknown, and nothing is repeated", async () => {
      await using proxy = await TcpProxy.open(site.socket);
      await using stand = new Stand(proxy.url);
      await stand.call(write);
      proxy.breaks = (sent) => sent.includes("commit\0");
      let runs = 0;
      const counting = command(async ({ db }) => {
        runs++;
        await sql`update account set balance = balance + 1 where name = '0'`.execute(db);
      });
      await assert.rejects(stand.call(counting), (error: Fault) => {
        assert.match(error.detail ?? "", /may or may not have been made/);
        return isFault("DATABASE_UNAVAILABLE", 503)(error);
      });
      assert.equal(runs, 1);
      proxy.breaks = () => false;
      await until("it passes again", () => passes(stand));
    });

    test("a connection that breaks under a watched statement costs a repetition, no more", async () => {
      await using proxy = await TcpProxy.open(site.socket);
      await using stand = new Stand(proxy.url);
      const watching = { restarted() {}, began() {}, seen() {} };
      let breaks = 0;
      proxy.breaks = (sent) => sent.includes("ls_snapshot") && breaks++ < 2;
      await stand.call(one, watching);
      assert.equal(breaks, 3);
    });

    test("a database that accepts and never answers: bounded, then refused at once, then back by itself", async () => {
      await using proxy = await TcpProxy.open(site.socket);
      await using stand = new Stand(proxy.url, { statementMs: 500 });
      await Promise.all(Array.from({ length: 5 }, () => stand.call(one)));
      proxy.mode = "silent";
      const startedMs = performance.now();
      await assert.rejects(stand.call(one), isFault("DATABASE_UNAVAILABLE", 503));
      assert.ok(performance.now() - startedMs < 6_000, "the first call was bounded");
      assert.equal(stand.pool.state, "down");
      await assertRefusedAtOnce(() => stand.call(one));
      proxy.mode = "pass";
      proxy.cut();
      await until("it is back", () => stand.pool.state === "up");
      for (let turn = 0; turn < 50; turn++) await stand.call(write);
      assert.deepEqual(stand.states, ["down", "up"]);
    });

    test("a new connection that is accepted and never answered is bounded, too", async () => {
      await using proxy = await TcpProxy.open(site.socket);
      proxy.mode = "silent";
      await using stand = new Stand(proxy.url);
      const startedMs = performance.now();
      const calls = Array.from({ length: 30 }, () =>
        assert.rejects(stand.call(one), isFault("DATABASE_UNAVAILABLE", 503)),
      );
      await Promise.all(calls);
      assert.ok(performance.now() - startedMs < 4_500);
      proxy.mode = "pass";
      proxy.cut();
      await until("it is back", () => stand.pool.state === "up");
      await stand.call(write);
    });

    test("a server that stands still is bounded, and serves when it goes on", async () => {
      await using stand = site.stand({ statementMs: 500 });
      await Promise.all(Array.from({ length: 5 }, () => stand.call(one)));
      const pids = (await site.ask(`select pid from pg_stat_activity where ${others}`)).map((row) => Number(row.pid));
      pids.push(await site.serverPid());
      for (const pid of pids) process.kill(pid, "SIGSTOP");
      try {
        await assert.rejects(stand.call(one), isFault("DATABASE_UNAVAILABLE", 503));
        await assertRefusedAtOnce(() => stand.call(one));
      } finally {
        for (const pid of pids) process.kill(pid, "SIGCONT");
      }
      await until("it is back", () => stand.pool.state === "up");
      for (let turn = 0; turn < 50; turn++) await stand.call(write);
    });

    test("connections killed at random under load: no acknowledged write is lost [CMD-1] [CMD-2]", async () => {
      await using stand = site.stand();
      const transfer = (from: number, to: number, id: string) =>
        command(async ({ db }) => {
          await sql`update account set balance = balance - 1 where name = ${String(from)}`.execute(db);
          await Promise.all([
            sql`update account set balance = balance + 1 where name = ${String(to)}`.execute(db),
            sql`insert into note (text) values (${id})`.execute(db),
          ]);
        });
      const end = performance.now() + STORM_MS;
      const acknowledged: string[] = [];
      const codes = new Set<string>();
      const worker = async (name: number) => {
        for (let turn = 0; performance.now() < end; turn++) {
          const from = (name + turn) % ACCOUNTS;
          const id = `${name}-${turn}`;
          const to = (from + 1 + (turn % (ACCOUNTS - 1))) % ACCOUNTS;
          await stand.call(transfer(from, to, id)).then(
            () => acknowledged.push(id),
            (error: Fault) => codes.add(error.code ?? String(error.stack)),
          );
        }
      };
      const killer = async () => {
        while (performance.now() < end) {
          await site.ask(
            `select pg_terminate_backend(pid) from pg_stat_activity where ${others} order by random() limit 2`,
          );
          await site.ask("select pg_sleep(0.02)");
        }
      };
      await Promise.all([killer(), ...Array.from({ length: 20 }, (_, name) => worker(name))]);
      const [{ sum }] = (await site.ask("select sum(balance) from bank.account")) as [{ sum: bigint | string }];
      assert.equal(Number(sum), ACCOUNTS * 100);
      const kept = new Set((await site.ask("select text from bank.note")).map((row) => row.text));
      assert.deepEqual(
        acknowledged.filter((id) => !kept.has(id)),
        [],
      );
      assert.ok(acknowledged.length > 100, `${acknowledged.length} acknowledged`);
      assert.deepEqual(
        [...codes].filter((code) => !["DATABASE_UNAVAILABLE", "CONFLICT"].includes(code)),
        [],
      );
    });

    test("kill -9 of Postgres: refused at once over HTTP, back by itself, no failure afterwards", async () => {
      const get = () => fetch(`${site.app.url}/accounts`);
      assert.equal((await get()).status, 200);
      const pid = await site.serverPid();
      process.kill(pid, "SIGKILL");
      const waits: number[] = [];
      let refused = 0;
      await until("it is back", async () => {
        const startedMs = performance.now();
        const response = await get();
        const ms = performance.now() - startedMs;
        await response.arrayBuffer();
        if (response.status === 200) return refused > 0;
        refused++;
        assert.deepEqual([response.status, response.headers.get("retry-after")], [503, "1"]);
        waits.push(ms);
        return false;
      });
      assertFast(waits);
      const answers = await Promise.all(Array.from({ length: 100 }, get));
      assert.deepEqual(
        answers.filter((each) => each.status !== 200),
        [],
      );
      await site.reconnect();
    });
  });
}

async function assertRefusedAtOnce(call: () => Promise<unknown>): Promise<void> {
  const waits: number[] = [];
  for (let turn = 0; turn < 20; turn++) {
    const startedMs = performance.now();
    await assert.rejects(call(), isFault("DATABASE_UNAVAILABLE", 503));
    waits.push(performance.now() - startedMs);
  }
  assertFast(waits);
}

/** The middle one: a machine that is busy with other tests holds up single ones. */
function assertFast(waits: readonly number[]): void {
  const middle = waits.toSorted((one, other) => one - other)[Math.floor(waits.length / 2)] ?? 0;
  assert.ok(middle < REFUSAL_MS_MAX, `refused after ${waits.map(Math.round)} ms`);
}
