/** Tables that nobody tells of: made by hand, or by others, and read all the same. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { sql } from "kysely";
import { entity } from "../define/entity.ts";
import { field } from "../define/field.ts";
import { service } from "../define/service.ts";
import { list } from "../define/shape.ts";
import { missing, poll, startTestApp, TEST_SERVERS } from "../testkit/index.ts";

class Post extends entity("post", { id: field.serial() }) {}
const site = service("site", { entities: { Post }, actor: "anyone" });
const posts = site.query("GET /posts", {
  output: list(Post),
  run: async ({ db }) => db.selectFrom("post").selectAll().orderBy("id").execute(),
});
const others = site.query("GET /others", {
  output: list(Post),
  run: async ({ db }) => (await sql<{ id: number }>`select id from other order by id`.execute(db)).rows,
});

for (const server of TEST_SERVERS) {
  const name = "what reads a table that is not published, also as a part of one that is, is not kept [QRY-2]";
  test(`${name}: ${server.name}`, { skip: missing(server) }, async () => {
    const options = { server, settings: { relay: "auto" as const } };
    await using app = await startTestApp({ services: { site: { site, posts, others } } }, options);
    const client = await app.connect();
    const ask = async (path: string) => (await app.fetch(path)).json();
    await client.query("create table site.other (id integer)");
    await ask("/posts");
    await poll(() => app.cache!.isOn, { timeoutMs: 20_000, what: "the cache" });
    for (let times = 0; times < 3; times++) assert.deepEqual([await ask("/others"), await ask("/posts")], [[], []]);
    assert.equal([...app.cache!.entries()].length, 1);
    await client.query("insert into site.other values (1)");
    assert.deepEqual(await ask("/others"), [{ id: 1 }]);
    await client.query("create table site.more () inherits (site.post)");
    await poll(() => [...app.cache!.entries()].length === 0, { timeoutMs: 20_000, what: "the new schema" });
    for (let times = 0; times < 3; times++) assert.deepEqual(await ask("/posts"), []);
    await client.query("insert into site.more (id) values (2)");
    assert.deepEqual(await ask("/posts"), [{ id: 2 }]);
    await client.end();
  });
}
