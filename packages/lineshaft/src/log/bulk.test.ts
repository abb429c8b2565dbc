/** Contract of bulk work: where the server can, readers hear one "reloaded"; else every change; never nothing. */
import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { missing, poll, TEST_SERVERS } from "../testkit/index.ts";
import { bulk } from "./bulk.ts";
import { Stage, WAIT_MS } from "./test/stage.ts";

for (const server of TEST_SERVERS) {
  describe(`bulk work on ${server.name}`, { skip: missing(server) }, () => {
    const canSkip = server.binaries === undefined;
    let stage: Stage;
    before(async () => {
      stage = await Stage.open(server);
      await stage.ask("insert into shop.item select n from generate_series(1, 100) n");
    });
    after(() => stage[Symbol.asyncDispose]());
    const renameAll = (connection: Stage["server"]["connection"] | string, name: string) =>
      bulk({ connection, tables: ["shop.item"] }, async (client) => {
        await client.query("update shop.item set name = $1", [name]);
      });

    test("is one `reloaded` in commit order, and what comes after it is told as usual", async () => {
      await using open = await stage.relay();
      const path = await renameAll(stage.url, "a");
      await stage.ask("insert into shop.item values (0)");
      await open.tape.until(2);
      const [first, second] = open.tape.commits;
      assert.equal(path, canSkip ? "reloaded" : "change by change");
      assert.equal(first!.changes.length, canSkip ? 1 : 100);
      assert.deepEqual(second!.changes[0]!.new, ["0", null, null]);
      if (!canSkip) return;
      const [change] = first!.changes;
      assert.equal(change!.kind, "reloaded");
      assert.deepEqual(change!.table, { ...second!.changes[0]!.table });
    });

    test("that fails tells nothing, and the next one has its way", async () => {
      await using open = await stage.relay();
      const failing = bulk({ connection: stage.url, tables: ["shop.item"] }, async (client) => {
        await client.query("delete from shop.item");
        throw new Error("of the work");
      });
      await assert.rejects(failing, /of the work/);
      await assert.rejects(
        bulk({ connection: stage.url, tables: ["shop.nothing"] }, async () => {}),
        /shop\.nothing/,
      );
      await assert.rejects(
        bulk({ connection: stage.url, tables: [] }, async () => {}),
        /names no table/,
      );
      await renameAll(stage.url, "b");
      await open.tape.until(1);
      assert.equal(open.tape.commits[0]!.changes[0]!.kind, canSkip ? "reloaded" : "update");
    });

    test("at the same time runs one after the other", async () => {
      await using open = await stage.relay();
      await Promise.all(["c", "d", "e"].map((name) => renameAll(stage.url, name)));
      await open.tape.until(3);
    });

    test("without the right to use origins is told change by change; with the grant it is not", async () => {
      await stage.ask(
        "create role loader login; grant usage on schema shop to loader; grant all on shop.item to loader",
      );
      const connection = { ...stage.server.connection, user: "loader" };
      await using open = await stage.relay();
      assert.equal(await renameAll(connection, "f"), "change by change");
      await open.tape.until(1);
      assert.ok(open.tape.commits[0]!.changes.length >= 100);
      await stage.ask(`grant execute on function pg_replication_origin_create(text), pg_replication_origin_oid(text),
        pg_replication_origin_session_setup, pg_replication_origin_session_reset() to loader`);
      assert.equal(await renameAll(connection, "g"), canSkip ? "reloaded" : "change by change");
      await open.tape.until(2);
    });

    test("of a partitioned table names its partitions", { skip: !canSkip && "needs origins" }, async () => {
      await stage.ask(`create table shop.log (id integer, day integer, primary key (id, day)) partition by list (day);
        create table shop.log_1 partition of shop.log for values in (1);
        create table shop.log_2 partition of shop.log for values in (2);
        alter publication lineshaft_shop_pub add table shop.log`);
      await using open = await stage.relay();
      await bulk({ connection: stage.url, tables: ["shop.log"] }, async (client) => {
        await client.query("insert into shop.log values (1, 1)");
      });
      await open.tape.until(1);
      const names = open.tape.commits[0]!.changes.map(({ table }) => table.name);
      assert.deepEqual(names.toSorted(), ["log_1", "log_2"]);
    });

    test("is told change by change while somebody else uses origins", { skip: !canSkip && "no origins" }, async () => {
      await stage.ask("select pg_replication_origin_create('theirs')");
      await using open = await stage.relay();
      await renameAll(stage.url, "h");
      await open.tape.until(1);
      const kinds = new Set(open.tape.commits[0]!.changes.map(({ kind }) => kind));
      assert.deepEqual([...kinds], ["update", "reloaded"]);
      await stage.ask("select pg_replication_origin_drop('theirs')");
    });

    test("messages of others are not mistaken for ours", async () => {
      await using open = await stage.relay();
      for (const content of ["", "nonsense", "{}", "[1]", '[{"oid": 1}]', "null"]) {
        await stage.ask("select pg_logical_emit_message(true, 'lineshaft.reloaded', $1::text)", [content]);
        await stage.ask("select pg_logical_emit_message(false, 'lineshaft.reloaded', $1::text)", [content]);
      }
      await stage.ask("select pg_logical_emit_message(true, 'else', 'x')");
      await stage.ask("insert into shop.item values (-1)");
      await poll(() => open.tape.changes.length > 0, { timeoutMs: WAIT_MS });
      assert.deepEqual(open.tape.changes, [["item", "insert", ["-1", null, null]]]);
      assert.equal(open.relay.state, "streaming");
      assert.equal(stage.lines.filter((line) => line.includes("not of our making")).length, 6);
    });
  });
}
