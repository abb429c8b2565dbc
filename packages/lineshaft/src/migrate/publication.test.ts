/** Contract of the publications: exactly the declared tables, brought up to date by every kind of start. */
import assert from "node:assert/strict";
import { test } from "node:test";
import pg from "pg";
import { entity } from "../define/entity.ts";
import { field } from "../define/field.ts";
import { service } from "../define/service.ts";
import { onEveryServer } from "./test/servers.ts";

class Item extends entity("item", { id: field.id(), name: field.text() }) {}
class Part extends entity("part", { id: field.id(), name: field.text() }) {}
class Found extends entity("found", {
  id: field.id(),
  name: field.text(),
  size: field.integer().computed("length(name)"),
}) {}

const one = [service("shop", { entities: { Item } }), service("bare")];
const two = [service("shop", { entities: { Item, Part } }), service("bare")];

const PUBLISHED = `select pubname || ': ' || schemaname || '.' || tablename as it
  from pg_publication_tables where starts_with(pubname, 'lineshaft__') = $1 order by 1`;

onEveryServer("publications", (open) => {
  const published = async (lab: Awaited<ReturnType<typeof open>>, ofPlatform = false) =>
    (await lab.query<{ it: string }>(PUBLISHED, [ofPlatform])).map(({ it }) => it);

  test("hold the tables of a service, follow the declarations, and keep what older code may read", async () => {
    await using lab = await open();
    await lab.migrate(one);
    assert.deepEqual(await published(lab), ["lineshaft_shop_pub: shop.item"]);
    await lab.migrate(two);
    assert.deepEqual(await published(lab), ["lineshaft_shop_pub: shop.item", "lineshaft_shop_pub: shop.part"]);
    await lab.migrate(one);
    assert.equal((await published(lab)).length, 2);
    await lab.migrate(one, { allow: ["drop-table:shop.part"] });
    assert.deepEqual(await published(lab), ["lineshaft_shop_pub: shop.item"]);
  });

  test("are made in production, too, and again after somebody dropped them", async () => {
    await using lab = await open();
    await lab.migrate(one);
    await lab.query("drop publication lineshaft_shop_pub");
    await lab.migrate(one, { mode: "production" });
    assert.deepEqual(await published(lab), ["lineshaft_shop_pub: shop.item"]);
    assert.deepEqual((await lab.migrate(one, { mode: "production" })).notices, []);
  });

  test("tell of the platform's own tables, of all weeks, and are made again", async () => {
    await using lab = await open();
    await lab.migrate(one);
    const all = ["events: lineshaft.event", "events: lineshaft.work", "fleet: lineshaft.head", "fleet: lineshaft.node"];
    const expected = all.map((each) => `lineshaft__${each}`);
    assert.deepEqual(await published(lab, true), expected);
    await lab.query("drop publication lineshaft__events");
    await lab.migrate(one, { mode: "production" });
    assert.deepEqual(await published(lab, true), expected);
  });

  test("never keep a table with computed columns from being updated", async () => {
    await using lab = await open();
    await lab.migrate([service("shop", { entities: { Found } })]);
    await lab.query("insert into shop.found (name) values ('a')");
    await lab.query("update shop.found set name = 'b'");
    await lab.query("delete from shop.found");
    assert.equal((await published(lab)).length, 1);
  });

  test("that cannot be made cost a notice, not the start", async () => {
    await using lab = await open();
    await lab.migrate(one);
    const owner = `owner_${lab.config.database}`;
    await lab.query(`drop publication lineshaft_shop_pub; create role ${owner} login;
      alter table shop.item owner to ${owner}; grant all on schema shop, lineshaft to ${owner};
      grant all on all tables in schema lineshaft to ${owner}`);
    const connect = async () => {
      const client = new pg.Client({ ...lab.config, user: owner });
      await client.connect();
      return client;
    };
    const { notices } = await lab.migrate(one, { connect });
    assert.match(notices.join(), /Not every table is published: permission denied[\s\S]*lineshaft doctor/);
    await lab.query(`drop owned by ${owner} cascade`);
    await lab.query(`drop role ${owner}`);
  });
});
