/** Contract of the platform's schema and of what the tables refuse; and the dump, equal on every version. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { entity } from "../define/entity.ts";
import { field } from "../define/field.ts";
import { service } from "../define/service.ts";
import { dumpSchema, MOVED_ON, platformSchema } from "./index.ts";
import { PLATFORM_COMMENT } from "./platform.ts";
import { everything } from "./test/fixtures.ts";
import { everyServer, onEveryServer, until } from "./test/servers.ts";

class Item extends entity("item", {
  id: field.id(),
  price: field.money().optional(),
  state: field.enum("open", "shut").optional(),
  states: field.list(field.enum("a", "b")).default([]),
  name: field.text().default(""),
  at: field.time().optional(),
  created: field.now(),
  "changed At": field.updated(),
}) {}

const shop = [service("shop", { entities: { Item } })];

onEveryServer("the platform's schema", (open) => {
  test("it can be applied twice", async () => {
    await using lab = await open();
    await lab.migrate([service("bare")]);
    const client = await lab.client();
    await client.query(platformSchema.sql);
    assert.equal((await lab.migrate([service("bare")])).applied.length, 0);
  });

  test("a version without files becomes this one", async () => {
    await using lab = await open();
    await lab.migrate([service("bare")]);
    const client = await lab.client();
    await client.query("drop function lineshaft.remove_file; drop table lineshaft.file");
    await client.query(`comment on schema lineshaft is '${PLATFORM_COMMENT}3'`);
    await lab.migrate([service("bare")]);
    await client.query(
      "insert into lineshaft.file (key, size, type, sha256) values ('a', 1, 'b', 'c'), ('d', 1, 'e', 'f')",
    );
    await client.query("select lineshaft.remove_file('a'), lineshaft.remove_file('never')");
    const { rows } = await client.query("select key from lineshaft.file");
    assert.deepEqual(rows, [{ key: "d" }]);
  });

  test("a version without terms becomes this one, and serves its code as well", async () => {
    await using lab = await open();
    await lab.migrate([service("bare")]);
    const client = await lab.client();
    await client.query(`drop function lineshaft.advance;
      create function lineshaft.advance(text, smallint, bigint, bigint) returns void language sql as 'select';
      comment on schema lineshaft is '${PLATFORM_COMMENT}4'`);
    await lab.migrate([service("bare")]);
    await client.query("insert into lineshaft.handler (name, event) values ('shop.count', 'shop.sold')");
    await client.query("insert into lineshaft.cursor values ('shop.count', 0, 5)");
    await client.query("select lineshaft.advance('shop.count', 0::smallint, 5, 9)");
    await client.query("select lineshaft.advance('shop.count', 0::smallint, 9, 10, lineshaft.term())");
  });

  test("a cursor moves forward from where it is, and in no other way [EVT-1]", async () => {
    await using lab = await open();
    await lab.migrate([service("bare")]);
    await lab.query("insert into lineshaft.handler (name, event) values ('shop.count', 'shop.sold')");
    await lab.query("insert into lineshaft.cursor values ('shop.count', 0, 5)");
    const advance = (from: number, to: number) =>
      lab.query(`select lineshaft.advance('shop.count', 0::smallint, ${from}, ${to})`);
    await advance(5, 9);
    for (const [from, to] of [
      [9, 8],
      [5, 12],
    ] as const)
      await assert.rejects(advance(from, to), { code: MOVED_ON });
    const inTerm = (term: string) => lab.query(`select lineshaft.advance('shop.count', 0::smallint, 9, 12, ${term})`);
    await assert.rejects(inTerm("'of another server'"), { code: MOVED_ON });
    await inTerm("lineshaft.term()");
    const [cursor] = await lab.query<{ position: string }>("select position::text from lineshaft.cursor");
    assert.equal(cursor!.position, "12");
  });

  test("uuidv7 has version, variant and the time of now, and sorts by time", async () => {
    await using lab = await open();
    await lab.migrate(shop);
    const ids: string[] = [];
    for (let count = 0; count < 200; count += 1) {
      const before = Date.now();
      const [row] = await lab.query<{ id: string }>("select lineshaft.uuidv7()::text as id");
      const id = row!.id;
      assert.match(id, /^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/);
      const ms = Number.parseInt(id.replace("-", "").slice(0, 12), 16);
      assert.ok(ms >= before - 1 && ms <= Date.now() + 1, `${ms} is about ${before}`);
      ids.push(id);
      const made = Date.now();
      await until("the next millisecond", async () => Date.now() > made);
    }
    assert.deepEqual(ids, ids.toSorted());
    const [row] = await lab.query<{ n: number }>(
      "select count(distinct lineshaft.uuidv7())::integer as n from generate_series(1, 10000)",
    );
    assert.equal(row!.n, 10_000);
  });

  test("touch keeps the time of the last change, whoever makes it", async () => {
    await using lab = await open();
    await lab.migrate(shop);
    await lab.query(
      "insert into shop.item (name, at, \"changed At\") values ('a', '2026-01-02T03:04:05.678Z', '2000-01-01')",
    );
    await lab.query("update shop.item set name = 'b', \"changed At\" = '1999-01-01'");
    const [row] = await lab.query<{ at: Date; created: Date; "changed At": Date; name: string }>(
      "select * from shop.item",
    );
    assert.ok(row!["changed At"] >= row!.created);
    assert.equal(row!.at.toISOString(), "2026-01-02T03:04:05.678Z", "other columns stay as they are");
    assert.equal(row!.name, "b");
  });

  test("money and enums refuse what they are not, and let null pass", async () => {
    await using lab = await open();
    await lab.migrate(shop);
    const insert = (column: string, value: string | null): Promise<unknown> =>
      lab.query(`insert into shop.item ("${column}") values ($1)`, [value]);
    const good = [
      ['{"amount": 1, "currency": "EUR"}', "price"],
      ['{"amount": -900719925474099, "currency": "JPY", "x": 1}', "price"],
      [null, "price"],
      ["open", "state"],
      [null, "state"],
      ["{a,b}", "states"],
    ] as const;
    for (const [value, column] of good) await insert(column, value);
    const bad = [
      ['{"amount": 1.5, "currency": "EUR"}', "price"],
      ['{"amount": "1", "currency": "EUR"}', "price"],
      ['{"amount": 1, "currency": "eur"}', "price"],
      ['{"amount": 1, "currency": "EURO"}', "price"],
      ['{"amount": 1, "currency": null}', "price"],
      ['{"amount": 1}', "price"],
      ['{"currency": "EUR"}', "price"],
      ['{"amount": 9007199254740992, "currency": "EUR"}', "price"],
      ["{}", "price"],
      ["null", "price"],
      ["[]", "price"],
      ["1", "price"],
      ["ajar", "state"],
      ["{a,c}", "states"],
    ] as const;
    for (const [value, column] of bad) {
      await assert.rejects(
        insert(column, value),
        (error) => (error as { code?: string }).code === "23514",
        `${column} takes ${value}`,
      );
    }
  });

  test("replica identity is full, and every table has a primary key", async () => {
    await using lab = await open();
    await lab.migrate(everything);
    const rows = await lab.query(
      `select relname from pg_class c
       where relnamespace in ('lab'::regnamespace, '"user"'::regnamespace) and relkind = 'r'
       and (relreplident <> 'f' or not exists (select from pg_constraint where conrelid = c.oid and contype = 'p'))`,
    );
    assert.deepEqual(rows, []);
  });
});

test("the dump is the same on every version, and made from itself gives itself", async (context) => {
  await using servers = await everyServer();
  if (servers.labs.length < 2) return context.skip("only one version of Postgres is installed");
  const dumps: string[] = [];
  for (const lab of servers.labs) {
    await lab.migrate(everything);
    const client = await lab.client();
    const dump = await dumpSchema(client, ["user", "lab", "bare"]);
    await client.query('drop schema lab, "user", bare cascade');
    await client.query(dump);
    assert.equal(await dumpSchema(client, ["user", "lab", "bare"]), dump);
    dumps.push(dump);
  }
  assert.equal(dumps[0], dumps[1]);
});
