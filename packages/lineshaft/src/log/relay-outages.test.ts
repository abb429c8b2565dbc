/** What breaks a relay and how it comes back, on servers that are really broken; and what keeps it from streaming. */
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { TcpProxy } from "../data/test/proxy.ts";
import { missing, poll, TEST_SERVERS } from "../testkit/index.ts";
import { PUBLICATION, Stage, type Tape, WAIT_MS } from "./test/stage.ts";

const heard = (tape: Tape, count: number) => poll(() => tape.heard.length >= count, { timeoutMs: WAIT_MS });

/** What a relay tells of an outage: the end, then a new beginning. */
function assertHealed(tape: Tape, lost: RegExp): void {
  const [, , first, second, third] = tape.heard;
  assert.match(first!, lost);
  assert.match(second!, new RegExp(`^reset: ${lost.source.replace(/^\^lost: /, "")}`));
  assert.equal(third, "resumed");
}

for (const server of TEST_SERVERS) {
  describe(`a relay in trouble on ${server.name}`, { skip: missing(server) }, () => {
    test("its walsender is terminated: lost, reset, resumed; what came meanwhile is in the tables", async () => {
      await using stage = await Stage.open(server);
      await using open = await stage.relay();
      await stage.ask("select pg_terminate_backend(pid) from pg_stat_replication");
      await heard(open.tape, 5);
      assertHealed(open.tape, /^lost: terminating connection due to administrator command/);
      await stage.ask("insert into shop.item values (1)");
      await open.tape.until(1);
      assert.match(await stage.metrics.registry.metrics(), /^lineshaft_relay_reconnects_total 1$/m);
      assert.match(await stage.metrics.registry.metrics(), /^lineshaft_relay_resets_total 2$/m);
      assert.ok(stage.lines.some((line) => line.includes('"level":40') && line.includes("reconnecting")));
      assert.equal((await stage.ask("select from pg_replication_slots")).length, 1, "the old slot is gone");
    });

    for (const signal of ["SIGINT", "SIGKILL"] as const) {
      test(`the server ends by ${signal} and comes back`, async () => {
        await using stage = await Stage.open(server);
        await using open = await stage.relay();
        await stage.ask("insert into shop.item values (1)");
        await open.tape.until(1);
        const { pid } = stage.server;
        process.kill(pid, signal);
        await poll(() => open.relay.state !== "streaming", { timeoutMs: WAIT_MS });
        assert.equal(await open.relay.waitForXid(4_000_000_000, WAIT_MS), false, "nobody waits during an outage");
        await poll(() => stage.server.pid !== pid && open.relay.state === "streaming", { timeoutMs: WAIT_MS });
        assert.deepEqual(open.tape.heard.at(-1), "resumed");
        assert.match(open.tape.heard.at(-2)!, /^reset: /);
        await stage.ask("insert into shop.item values (2)");
        await open.tape.until(2);
      });
    }

    test("the database is dropped and made anew", async () => {
      await using stage = await Stage.open(server);
      await using open = await stage.relay();
      // An active slot keeps a database from being dropped, so its reader goes first.
      await poll(
        async () => {
          await stage.ask("select pg_terminate_backend(pid) from pg_stat_replication", [], "postgres");
          await stage.ask("drop database lineshaft with (force)", [], "postgres");
          return true;
        },
        { timeoutMs: WAIT_MS },
      );
      await stage.ask("create database lineshaft", [], "postgres");
      await poll(() => open.relay.state === "polling", { timeoutMs: WAIT_MS });
      await stage.prepare();
      await poll(() => open.relay.state === "streaming", { timeoutMs: WAIT_MS });
      assert.match(open.tape.heard.at(-2)!, /^reset: .*the database was made anew/);
      await stage.ask("insert into shop.item values (1)");
      await open.tape.until(1);
    });

    test("the network falls silent: noticed by the answers that do not come", async () => {
      await using stage = await Stage.open(server, { wal_sender_timeout: "600ms" });
      await using proxy = await TcpProxy.open(`${stage.server.connection.host}/.s.PGSQL.5432`);
      await using open = await stage.relay({ connection: proxy.url });
      proxy.mode = "silent";
      await poll(() => open.relay.state === "reconnecting", { timeoutMs: WAIT_MS });
      assert.match(open.tape.heard.at(-1)!, /^lost: The server has been silent for \d+ ms/);
      proxy.mode = "pass";
      proxy.cut();
      await poll(() => open.relay.state === "streaming", { timeoutMs: WAIT_MS });
    });

    test("a role that may not replicate: polling, said once; a grant is enough", async () => {
      await using stage = await Stage.open(server);
      await stage.ask("create role plain login; grant all on schema shop to plain");
      const connection = { ...stage.server.connection, user: "plain" };
      await using open = await stage.relay({ connection });
      assert.equal(open.relay.state, "polling");
      assert.match(open.tape.heard.join(), /^lost: the role may not replicate\. Grant it: alter role/);
      assert.equal(stage.lines.filter((line) => line.includes("may not replicate")).length, 1);
      assert.equal(await open.relay.waitForXid(1, WAIT_MS), false);
      await stage.ask("alter role plain replication");
      await poll(() => open.relay.state === "streaming", { timeoutMs: WAIT_MS, what: "no superuser is needed" });
    });

    test("wal_level=replica: polling, with the way out", async () => {
      await using stage = await Stage.open(server, { wal_level: "replica" });
      await using open = await stage.relay();
      assert.equal(open.relay.state, "polling");
      assert.match(open.tape.heard.join(), /wal_level is "replica"\. Set it to "logical"/);
    });

    test("a table that is not published: polling, never silently incomplete", async () => {
      await using stage = await Stage.open(server);
      const tables = [...PUBLICATION.tables, { schema: "shop", name: "other" }];
      await using open = await stage.relay({ publications: [{ ...PUBLICATION, tables }] });
      assert.equal(open.relay.state, "polling");
      assert.match(open.tape.heard.join(), /not published: shop\.other\./);
    });

    test("no slot is free: tried again until one is", async () => {
      await using stage = await Stage.open(server, { max_replication_slots: "1" });
      await using first = await stage.relay();
      await using second = stage.newRelay();
      await poll(() => second.relay.state === "reconnecting", { timeoutMs: WAIT_MS });
      assert.match(second.tape.heard.join(), /all replication slots are in use/);
      await first.relay.close();
      await poll(() => second.relay.state === "streaming", { timeoutMs: WAIT_MS });
    });

    test("a commit that is in the log before the slot and visible after it: `resumed` waits for it", async () => {
      // A commit that waits for a standby is in the log already, and nobody sees it yet. This one waits for ever.
      const settings = { synchronous_standby_names: "nobody", synchronous_commit: "local" };
      await using stage = await Stage.open(server, settings);
      const [first, second, third] = [await stage.client(), await stage.client(), await stage.client()];
      const begin = async (client: typeof first, id: number): Promise<string> => {
        await client.query("begin");
        const { rows } = await client.query(
          `insert into shop.item values (${id}) returning pg_current_xact_id()::text`,
        );
        return rows[0].pg_current_xact_id;
      };
      // Making a slot waits for two generations of transactions; what begins in the second is not waited for.
      const slotWaitsFor = (xid: string) =>
        poll(
          async () =>
            (await stage.ask("select from pg_locks where not granted and transactionid = $1", [xid])).length === 1,
          { timeoutMs: WAIT_MS },
        );
      const xid = await begin(first, 1);
      await using open = stage.newRelay();
      await slotWaitsFor(xid);
      const nextXid = await begin(second, 2);
      await first.query("rollback");
      await slotWaitsFor(nextXid);
      await third.query("set synchronous_commit = on");
      const committed = third.query("insert into shop.item values (3)");
      committed.catch(() => {});
      const [{ pid } = {}] = await poll(
        async () => {
          const found = await stage.ask("select pid from pg_stat_activity where wait_event = 'SyncRep'");
          return found.length === 1 && found;
        },
        { timeoutMs: WAIT_MS },
      );
      await second.query("rollback");
      const end = Date.now() + 500;
      await poll(() => Date.now() > end, { what: "time enough to do it wrongly" });
      assert.equal(open.relay.state, "starting");
      await stage.ask("select pg_cancel_backend($1)", [pid]); // It goes on without the standby.
      await committed;
      await poll(() => open.relay.state === "streaming", { timeoutMs: WAIT_MS });
      assert.equal((await stage.ask("select from shop.item")).length, 1);
    });

    test("closing while a transaction keeps the slot from being made", async () => {
      await using stage = await Stage.open(server);
      const writer = await stage.client();
      await writer.query("begin; insert into shop.item values (1)");
      const { relay } = stage.newRelay();
      const waits = "select from pg_stat_activity where backend_type = 'walsender' and wait_event_type = 'Lock'";
      await poll(async () => (await stage.ask(waits)).length === 1, { timeoutMs: WAIT_MS });
      assert.equal(relay.state, "starting");
      const startedMs = performance.now();
      await relay.close();
      assert.ok(performance.now() - startedMs < 5_000);
      const slots = "select from pg_replication_slots";
      await poll(async () => (await stage.ask(slots)).length === 0, { timeoutMs: WAIT_MS, what: "the slot to vanish" });
      await writer.query("rollback");
    });
  });
}
