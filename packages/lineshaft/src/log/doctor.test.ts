/** What the doctor finds on healthy and on sick databases, and that following its advice heals them. */
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import pg from "pg";
import { missing, TEST_SERVERS } from "../testkit/index.ts";
import { examine, type Finding } from "./doctor.ts";
import { PUBLICATION, Stage } from "./test/stage.ts";

async function findings(stage: Stage, user = "postgres", publications = [PUBLICATION]): Promise<readonly Finding[]> {
  const connection = { ...stage.server.connection, user };
  const client = new pg.Client(connection);
  await client.connect();
  try {
    return await examine(client, connection, publications);
  } finally {
    await client.end();
  }
}

const sick = (found: readonly Finding[]) => found.filter(({ status }) => status !== "ok");
const healIdentities = 'alter table shop."Odd ""Näme""" replica identity full';

for (const server of TEST_SERVERS) {
  describe(`the doctor on ${server.name}`, { skip: missing(server) }, () => {
    test("finds nothing wrong with the embedded server's settings", async () => {
      await using stage = await Stage.open(server);
      await stage.ask(healIdentities);
      const found = await findings(stage);
      assert.deepEqual(sick(found), []);
      assert.equal(found.length, 12);
      assert.deepEqual(await stage.ask("select from pg_replication_slots"), [], "it leaves nothing behind");
    });

    test("names settings that are too low, and those that let the disk fill", async () => {
      await using stage = await Stage.open(server, {
        wal_level: "replica",
        max_slot_wal_keep_size: "-1",
        max_wal_senders: "2",
        max_replication_slots: "0",
      });
      await stage.ask(healIdentities);
      const found = sick(await findings(stage));
      const seen = found.map(({ check, status, seen }) => `${check}: ${status}: ${seen}`);
      assert.deepEqual(seen, [
        "wal_level: failed: replica",
        "slot retention: warning: max_slot_wal_keep_size is -1: a slot that nobody reads fills the disk",
        "free walsenders: warning: 0 of 2 are used",
        "free slots: failed: 0 of 0 are used",
      ]);
      assert.match(found[0]!.advice!, /alter system set wal_level = 'logical'/);
      assert.match(found[2]!.advice!, /max_wal_senders = 12/);
    });

    test("finds missing rights, tables and identities; its advice heals them", async () => {
      await using stage = await Stage.open(server);
      await stage.ask("create role plain login; create table shop.other (id integer primary key)");
      await stage.ask("alter publication lineshaft_shop_pub set (publish = 'insert')");
      const wanted = { ...PUBLICATION, tables: [...PUBLICATION.tables, { schema: "shop", name: "other" }] };
      const found = sick(await findings(stage, "plain", [wanted]));
      assert.deepEqual(
        found.map(({ check, status }) => [check, status]),
        [
          ["replication right", "failed"],
          ["publications", "failed"],
          ["replica identity", "failed"],
        ],
      );
      assert.match(found[1]!.seen, /not published: shop\.other$/);
      assert.equal(found[2]!.advice, `${healIdentities};`);
      await stage.ask(`${found[0]!.advice!.split(";")[0]}; ${found[2]!.advice}
        alter publication lineshaft_shop_pub add table shop.other; alter table shop.other replica identity full`);
      const [partly, ...rest] = sick(await findings(stage, "plain", [wanted]));
      assert.match(partly!.seen, /leave out some kinds of change/);
      assert.deepEqual(rest, []);
      await stage.ask("alter publication lineshaft_shop_pub set (publish = 'insert, update, delete, truncate')");
      assert.deepEqual(sick(await findings(stage, "plain", [wanted])), []);
    });

    test("tells a pooler, idle slots and origins of others", async () => {
      await using stage = await Stage.open(server);
      await stage.ask(healIdentities);
      await stage.ask("select pg_create_logical_replication_slot('theirs', 'pgoutput')");
      await stage.ask("select pg_replication_origin_create('theirs_too')");
      const client = await stage.client();
      // A pooler announces a number of its own instead of that of the server's process.
      (client as unknown as { processID: number }).processID = 1;
      const found = sick(await examine(client, stage.server.connection, [PUBLICATION]));
      assert.deepEqual(
        found.map(({ check, status, seen }) => `${check}: ${status}: ${seen}`),
        [
          "direct connection: failed: a pooler answers in between",
          "slots: warning: nobody reads theirs",
          "origins: warning: others use replication origins: theirs_too",
        ],
      );
    });
  });
}
