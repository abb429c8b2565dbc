/** Commits that are told before anybody can see them, and a cache that begins anew in between. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { entity } from "../define/entity.ts";
import { field } from "../define/field.ts";
import { service } from "../define/service.ts";
import { missing, poll, startTestApp, TEST_SERVERS } from "../testkit/index.ts";
import { holdCommits, releaseCommits } from "../testkit/test/held-commits.ts";

class Post extends entity("post", { id: field.serial(), text: field.text() }) {}
const site = service("site", { entities: { Post }, actor: "anyone" });
const post = site.query("GET /posts/:id", {
  input: { id: Post.fields.id },
  output: Post,
  run: async ({ db, input }) => db.selectFrom("post").selectAll().where("id", "=", input.id).executeTakeFirstOrThrow(),
});

for (const server of TEST_SERVERS) {
  const name = "a change of the schema does not make the cache forget which commits nobody sees yet [QRY-2]";
  test(`${name}: ${server.name}`, { skip: missing(server) }, async () => {
    const options = { server, settings: { relay: "auto" as const }, embedded: {} };
    await using app = await startTestApp({ services: { site: { site, post } } }, options);
    const client = await app.connect();
    const textOf = async (id: number) => ((await (await app.fetch(`/posts/${id}`)).json()) as { text: string }).text;
    const keptCount = () => [...app.cache!.entries()].length;
    await client.query("insert into site.post (text) values ('old'), ('other')");
    await textOf(1);
    await poll(() => app.cache!.isOn, { timeoutMs: 20_000, what: "the cache" });
    const writer = await holdCommits(client, () => app.connect());
    const before = app.relay!.position;
    const written = writer.query("update site.post set text = 'new' where id = 1");
    await poll(() => app.relay!.position > before, { what: "the commit in the log" });
    await poll(async () => (await textOf(2)) === "other" && keptCount() === 1, { what: "an answer that is kept" });
    await client.query("create view site.later as select * from site.post");
    await poll(() => keptCount() === 0, { timeoutMs: 20_000, what: "a cache that begins anew" });
    assert.equal(await textOf(1), "old");
    await releaseCommits(client);
    await written;
    assert.equal(await textOf(1), "new");
    await Promise.all([client.end(), writer.end()]);
  });
}
