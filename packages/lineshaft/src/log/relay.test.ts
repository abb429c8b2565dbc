/** Contract of the relay: what consumers hear, in which order, with which values. Real servers; nothing sleeps. */
import assert from "node:assert/strict";
import { after, before, beforeEach, describe, test } from "node:test";
import { Pool } from "../data/pool.ts";
import { missing, poll, TEST_SERVERS } from "../testkit/index.ts";
import { CHANGES_MAX } from "./pgoutput.ts";
import { formatPosition, parsePosition } from "./position.ts";
import { PUBLICATION, Stage, WAIT_MS } from "./test/stage.ts";

test("positions are read and written as Postgres does", () => {
  for (const text of ["0/0", "0/16B3748", "1A/FFFFFFFF", "FFFFFFFF/1"]) {
    assert.equal(formatPosition(parsePosition(text)), text);
  }
  assert.ok(parsePosition("1/0") > parsePosition("0/FFFFFFFF"));
  for (const text of ["", "1", "0/", "0/123456789", "x/y"]) assert.throws(() => parsePosition(text), TypeError);
});

for (const server of TEST_SERVERS) {
  describe(`a relay on ${server.name}`, { skip: missing(server) }, () => {
    let stage: Stage;
    before(async () => {
      stage = await Stage.open(server, { wal_sender_timeout: "1s" });
    });
    after(() => stage[Symbol.asyncDispose]());
    beforeEach(() => stage.ask('truncate shop.item, shop."Odd ""Näme"""'));

    test("a consumer hears reset, resumed, then every commit in order, with old and new values", async () => {
      await using open = await stage.relay();
      const { tape } = open;
      const client = await stage.client();
      await client.query("insert into shop.item values (1, 'one', null), (2, '', 'zwei')");
      await client.query("update shop.item set note = 'x' where id = 1; delete from shop.item where id = 2");
      await tape.until(2);
      assert.deepEqual(tape.heard, ["reset: the relay starts", "resumed", "commit", "commit"]);
      assert.deepEqual(tape.changes, [
        ["item", "insert", ["1", "one", null]],
        ["item", "insert", ["2", "", "zwei"]],
        ["item", "update", ["1", "one", null], ["1", "one", "x"]],
        ["item", "delete", ["2", "", "zwei"]],
      ]);
      const [first, second] = tape.commits;
      assert.ok(first!.position < second!.position && first!.xid < second!.xid);
      assert.ok(Math.abs(first!.at.getTime() - Date.now()) < WAIT_MS);
    });

    test("a rollback is not told, nor is a savepoint that was taken back", async () => {
      await using open = await stage.relay();
      const client = await stage.client();
      await client.query("begin; insert into shop.item values (1); rollback");
      await client.query("begin; insert into shop.item values (2); savepoint s; insert into shop.item values (3)");
      await client.query("rollback to s; commit");
      await open.tape.until(1);
      assert.deepEqual(open.tape.changes, [["item", "insert", ["2", null, null]]]);
    });

    test("a transaction over several tables is one commit; odd names and types keep their form", async () => {
      await using open = await stage.relay();
      const client = await stage.client();
      await client.query("set timezone = 'Asia/Tokyo'; set datestyle = 'SQL, DMY'; set bytea_output = 'escape'");
      await client.query(`begin; insert into shop.item values (1, E'\\u00e4\\n"\\t', 'n');
        insert into shop."Odd ""Näme""" values (1, 'b', '2026-01-02 03:04:05.678+09', 0.1, '\\x00ff'); commit`);
      await open.tape.until(1);
      assert.deepEqual(open.tape.changes, [
        ["item", "insert", ["1", 'ä\n"\t', "n"]],
        ['Odd "Näme"', "insert", ["1", "b", "2026-01-01 18:04:05.678+00", "0.1", "\\x00ff"]],
      ]);
      const { table } = open.tape.commits[0]!.changes[1]!;
      assert.deepEqual([table.schema, table.identity], ["shop", "default"]);
      assert.deepEqual(table.columns.slice(0, 3), [
        { name: "id", typeOid: 23, key: true },
        { name: "a b", typeOid: 25, key: false },
        { name: "at", typeOid: 1184, key: false },
      ]);
    });

    test("what the log does not hold is undefined, never NULL; a full identity leaves nothing out", async () => {
      await using open = await stage.relay();
      const client = await stage.client();
      const random = "(select string_agg(md5(n::text), '') from generate_series(1, 1000) n)";
      await client.query(`insert into shop.item values (1, 'a', ${random})`);
      await client.query(`insert into shop."Odd ""Näme""" values (1, ${random}, null, null, null)`);
      await client.query("update shop.item set name = 'b'");
      await client.query(`update shop."Odd ""Näme""" set ratio = 1; update shop."Odd ""Näme""" set id = 2`);
      await client.query('delete from shop."Odd ""Näme"""');
      await open.tape.until(5);
      const [, , full, partly, deleted] = open.tape.commits.map(({ changes }) => changes);
      assert.equal(full![0]!.new![2]?.length, 32_000);
      assert.equal(full![0]!.old![2], full![0]!.new![2]);
      assert.deepEqual([partly![0]!.old, partly![0]!.new], [undefined, ["1", undefined, null, "1", null]]);
      assert.deepEqual(partly![1]!.old, ["1", undefined, undefined, undefined, undefined]);
      assert.deepEqual(deleted![0]!.old, ["2", undefined, undefined, undefined, undefined]);
    });

    test("truncate lists every table, cascades too; a changed definition is told with the next change", async () => {
      await using open = await stage.relay();
      await stage.ask(`create table shop.part (id integer primary key references shop.item);
        alter publication lineshaft_shop_pub add table shop.part`);
      const client = await stage.client();
      await client.query("truncate shop.item cascade");
      await client.query("alter table shop.item add column more text default 'm'; insert into shop.item values (1)");
      await open.tape.until(2);
      assert.deepEqual(open.tape.changes, [
        ["item", "truncate"],
        ["part", "truncate"],
        ["item", "insert", ["1", null, null, "m"]],
      ]);
      await stage.ask("drop table shop.part; alter table shop.item drop column more");
    });

    test("computed columns are told where the server can; updating them never fails", async () => {
      await stage.ask(`create table shop.sum (id integer primary key, n integer,
        double integer generated always as (n * 2) stored); alter table shop.sum replica identity full;
        create publication extra for table shop.sum;
        do $do$ begin if current_setting('server_version_num')::integer >= 180000 then
          alter publication extra set (publish_generated_columns = stored); end if; end $do$`);
      const extra = { name: "extra", tables: [{ schema: "shop", name: "sum" }] };
      await using open = await stage.relay({ publications: [PUBLICATION, extra] });
      const client = await stage.client();
      await client.query("insert into shop.sum values (1, 2); update shop.sum set n = 3");
      await open.tape.until(1);
      const names = open.tape.commits[0]!.changes[1]!.table.columns.map(({ name }) => name);
      assert.deepEqual(names, server.binaries === undefined ? ["id", "n", "double"] : ["id", "n"]);
      await stage.ask("drop publication extra; drop table shop.sum");
    });

    test("one's own write can be waited for, by transaction and by position; the wait is bounded", async () => {
      await using open = await stage.relay();
      const { relay } = open;
      const client = await stage.client();
      for (let id = 0; id < 50; id++) {
        const { rows } = await client.query(
          `insert into shop.item values (${id}) returning pg_current_xact_id()::text x`,
        );
        assert.equal(await relay.waitForXid(Number(rows[0].x), WAIT_MS), true);
        assert.equal(open.tape.commits.at(-1)!.xid, Number(rows[0].x));
        assert.equal(await relay.waitForXid(Number(rows[0].x), 0), true, "it stays known");
      }
      assert.equal(await relay.waitForXid(4_000_000_000, 5), false);
      const { rows } = await client.query("select pg_current_wal_flush_lsn()::text as lsn");
      assert.equal(await relay.waitFor(parsePosition(rows[0].lsn), WAIT_MS), true, "positions move without commits");
      assert.equal(await relay.waitFor(relay.position + 1_000_000n, 5), false);
      const late = relay.waitFor(relay.position + 1_000_000n, WAIT_MS);
      await relay.close();
      assert.equal(await late, false, "nobody waits for a stream that has ended");
    });

    test("a huge transaction is told as reloaded tables", async () => {
      await using open = await stage.relay();
      await stage.ask(`begin; insert into shop."Odd ""Näme""" values (1);
        insert into shop.item select n from generate_series(0, ${CHANGES_MAX}) n; commit`);
      await stage.ask("insert into shop.item values (-1)");
      await open.tape.until(2);
      assert.deepEqual(open.tape.changes, [
        ['Odd "Näme"', "reloaded"],
        ["item", "reloaded"],
        ["item", "insert", ["-1", null, null]],
      ]);
    });

    test("a transaction of the largest size that is told one by one", async () => {
      await using open = await stage.relay();
      await stage.ask(`insert into shop.item select n from generate_series(1, ${CHANGES_MAX}) n`);
      await open.tape.until(1);
      assert.equal(open.tape.commits[0]!.changes.length, CHANGES_MAX);
    });

    test("a consumer that fails is reset and goes on; the others do not notice", async () => {
      await using open = await stage.relay();
      const heard: string[] = [];
      const leave = open.relay.subscribe({
        commit: () => {
          heard.push("commit");
          throw new Error("of the consumer");
        },
        reset: (reason) => void heard.push(`reset: ${reason}`),
        lost: () => {},
        resumed: () => void heard.push("resumed"),
      });
      await stage.ask("insert into shop.item values (1)");
      await stage.ask("insert into shop.item values (2)");
      await open.tape.until(2);
      assert.deepEqual(heard, ["resumed", "commit", "reset: it failed", "commit", "reset: it failed"]);
      leave();
      assert.equal(open.relay.state, "streaming");
    });

    test("an idle stream outlives wal_sender_timeout many times", async () => {
      await using open = await stage.relay();
      const [before] = await stage.ask("select pid, backend_start from pg_stat_replication");
      const end = Date.now() + 3_500;
      await poll(() => Date.now() > end, { timeoutMs: WAIT_MS });
      const [now] = await stage.ask("select pid, backend_start from pg_stat_replication");
      assert.deepEqual(now, before);
      assert.deepEqual(open.tape.heard, ["reset: the relay starts", "resumed"]);
    });

    test("metrics say state, lag, changes and how much log is safe; the end leaves no slot", async () => {
      const open = await stage.relay();
      await stage.ask("insert into shop.item select n from generate_series(1, 3) n");
      await open.tape.until(1);
      await using pool = new Pool({ connection: stage.url, metrics: stage.metrics });
      await open.relay.measure(pool);
      const text = await stage.metrics.registry.metrics();
      assert.match(text, /^lineshaft_relay_state\{state="streaming"\} 1$/m);
      assert.match(text, /^lineshaft_relay_changes_total\{kind="insert"\} \d+$/m);
      assert.match(text, /^lineshaft_slot_safe_bytes\{holder="node"\} \d{9,}$/m);
      assert.match(text, /^lineshaft_relay_lag_bytes \d+$/m);
      await open.relay.close();
      assert.deepEqual(await stage.ask("select slot_name from pg_replication_slots"), []);
      assert.match(await stage.metrics.registry.metrics(), /^lineshaft_relay_state\{state="stopped"\} 1$/m);
    });

    test("what was committed before `resumed` is visible after it, also while others write", async () => {
      const writers = await Promise.all(Array.from({ length: 4 }, () => stage.client()));
      let going = true;
      let count = 0;
      const writing = writers.map(async (client) => {
        while (going) await client.query("insert into shop.item values ($1)", [++count]);
      });
      for (let round = 0; round < 5; round++) {
        await using open = await stage.relay();
        const ids = new Set((await stage.ask("select id::text from shop.item")).map(({ id }) => id as string));
        const all = await stage.ask("select id::text, pg_current_wal_insert_lsn()::text as lsn from shop.item");
        assert.ok(await open.relay.waitFor(parsePosition(all[0]!["lsn"] as string), WAIT_MS));
        for (const { changes } of open.tape.commits) for (const { new: row } of changes) ids.add(row![0]!);
        for (const { id } of all) assert.ok(ids.has(id as string), `row ${id} was neither read nor told`);
      }
      going = false;
      await Promise.all(writing);
    });
  });
}
