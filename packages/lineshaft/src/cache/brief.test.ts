/** The cache where the database does not let its log be read: short lives, and it misses no write of its own node. */
import assert from "node:assert/strict";
import { chmodSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import pg from "pg";
import * as accounts from "../accounts/index.ts";
import { entity } from "../define/entity.ts";
import { field } from "../define/field.ts";
import { service } from "../define/service.ts";
import { type EmbeddedPostgres, startEmbeddedPostgres } from "../engines/postgres-embedded/index.ts";
import { copyCluster } from "../engines/postgres-embedded/test/made-cluster.ts";
import { missing, poll, startTestApp, TEST_SERVERS, type TestApp, type TestServer } from "../testkit/index.ts";
import { BRIEF_MS } from "./cache.ts";

class Post extends entity("post", { id: field.serial(), slug: field.text().unique(), views: field.integer() }) {}
const site = service("site", { entities: { Post }, actor: "anyone" });

const runs = { post: 0, time: 0, chance: 0 };
let readCount = 0;
let gate: Promise<void> | null = null;

const post = site.query("GET /posts/:slug", {
  input: { slug: Post.fields.slug },
  output: Post,
  async run({ input, db, fail }) {
    runs.post++;
    const row = await db.selectFrom("post").selectAll().where("slug", "=", input.slug).executeTakeFirst();
    readCount++;
    await gate;
    return row ?? fail("NOT_FOUND");
  },
});
const time = site.query("GET /time", {
  output: { at: field.time() },
  async run({ now }) {
    runs.time++;
    return { at: now };
  },
});
const chance = site.query("GET /chance", {
  output: { value: field.float() },
  async run({ db }) {
    runs.chance++;
    return db.selectNoFrom((one) => one.fn<number>("random").as("value")).executeTakeFirstOrThrow();
  },
});
const who = site.query("GET /who", { output: { id: field.text().nullable() }, run: async ({ actor }) => actor });
const view = site.command("POST /posts/:slug/view", {
  input: { slug: Post.fields.slug },
  async run({ input, db }) {
    const more = db.updateTable("post").set((each) => ({ views: each("views", "+", 1) }));
    await more.where("slug", "=", input.slug).execute();
  },
});
const options = { services: { accounts, site: { site, post, time, chance, who, view } } };

/** A server whose role may do all that an app needs but replicate. */
async function openServer({ binaries }: TestServer): Promise<{ server: EmbeddedPostgres; root: string; url: string }> {
  const root = mkdtempSync(join(tmpdir(), "lineshaft-brief-"));
  chmodSync(root, 0o755);
  const folder = join(root, "postgres");
  await copyCluster(folder, binaries);
  const server = await startEmbeddedPostgres({ folder, durable: false, ...(binaries ? { binaries } : {}) });
  await asOwner(server, "create role plain login; grant create on database lineshaft to plain");
  const { host, port, database } = server.connection;
  return { server, root, url: `postgres://plain@${encodeURIComponent(host!)}:${port}/${database}` };
}

async function asOwner(server: EmbeddedPostgres, text: string): Promise<void> {
  const client = new pg.Client(server.connection);
  await client.connect();
  await client.query(text).finally(() => client.end());
}

for (const each of TEST_SERVERS) {
  describe(`the cache without the log, on ${each.name}`, { skip: missing(each) }, () => {
    let opened: Awaited<ReturnType<typeof openServer>>;
    let app: TestApp;
    let other: TestApp;
    let client: pg.Client;

    const open = () => startTestApp(options, { settings: { relay: "auto", databaseUrl: opened.url } });
    const viewsOf = async (of: TestApp, slug: string, position?: string) => {
      const headers = position === undefined ? {} : { "lineshaft-position": position };
      return ((await (await of.fetch(`/posts/${slug}`, { headers })).json()) as { views: number }).views;
    };
    const watch = (of: TestApp, slug: string) => of.fetch(`/posts/${slug}/view`, { method: "POST" });
    const runsOf = async (name: keyof typeof runs, ask: () => Promise<unknown>) => {
      const before = runs[name];
      for (let count = 0; count < 2; count++) await ask();
      return runs[name] - before;
    };

    before(async () => {
      opened = await openServer(each);
      app = await open();
      other = await open();
      client = await app.connect();
      await client.query("insert into site.post (slug, views) values ('one', 0), ('two', 0), ('three', 0)");
      for (const node of [app, other]) {
        await node.fetch("/posts/one");
        await poll(() => node.cache!.isBrief, { timeoutMs: 20_000, what: "the cache" });
      }
    });
    after(async () => {
      await client.end();
      await Promise.all([app.stop(), other.stop()]);
      await opened.server.stop();
      rmSync(opened.root, { recursive: true, force: true });
    });

    test("an answer is kept, and what others have changed shows when its life is over", async () => {
      await poll(async () => (await runsOf("post", () => viewsOf(app, "one"))) <= 1, {
        what: "an answer that is kept",
      });
      for (let views = 1; views <= 2; views++) {
        await viewsOf(app, "one");
        await client.query("update site.post set views = $1 where slug = 'one'", [views]);
        const writtenMs = performance.now();
        await poll(async () => {
          const askedMs = performance.now() - writtenMs;
          const isNew = (await viewsOf(app, "one")) === views;
          assert.ok(isNew || askedMs < BRIEF_MS, `an old answer ${Math.round(askedMs)} ms after the commit`);
          return isNew;
        });
      }
    });

    test("a caller reads its own write on the same node, every time [QRY-3]", async () => {
      for (let views = await viewsOf(app, "two"), count = 0; count < 50; count++) {
        assert.equal((await watch(app, "two")).status, 204);
        assert.equal(await viewsOf(app, "two"), ++views);
      }
    });

    test("a caller reads its own write on another node by the position that it was told [QRY-3]", async () => {
      for (let views = await viewsOf(app, "two"), count = 0; count < 20; count++) {
        await viewsOf(other, "two");
        const told = (await watch(app, "two")).headers.get("lineshaft-position");
        assert.match(told!, /^[0-9A-F]+\/[0-9A-F]+$/);
        assert.equal(await viewsOf(other, "two", told!), ++views);
      }
    });

    test("a load that began before a write of this node does not leave the old answer behind", async () => {
      const free = Promise.withResolvers<void>();
      gate = free.promise;
      const before = readCount;
      const first = viewsOf(app, "three");
      await poll(() => readCount === before + 1);
      gate = null;
      await watch(app, "three");
      free.resolve();
      await first;
      assert.equal(await viewsOf(app, "three"), 1);
    });

    test("what may not be kept at all is not kept for a moment either", async () => {
      assert.equal(await runsOf("time", () => app.fetch("/time")), 2);
      assert.equal(await runsOf("chance", () => app.fetch("/chance")), 2);
    });

    test("a session that was ended is refused with the next request [ACC-1]", async () => {
      const ada = await app.account();
      const idOf = async () => ((await (await app.as(ada).fetch("/who")).json()) as { id: string | null }).id;
      for (let count = 0; count < 3; count++) assert.equal(await idOf(), ada.id);
      await client.query("delete from accounts.session where account = $1", [ada.id]);
      assert.equal(await idOf(), null);
    });

    test("once the database lets its log be read, answers are kept until they change", async () => {
      await asOwner(opened.server, "alter role plain replication");
      await poll(() => app.cache!.isOn, { timeoutMs: 90_000, what: "the stream" });
      assert.equal(app.cache!.isBrief, false);
      await viewsOf(app, "one");
      assert.equal(await runsOf("post", () => viewsOf(app, "one")), 0);
    });

    test("a table that is not published any more, or an origin of somebody else, is noticed", async () => {
      await client.query("alter publication lineshaft_site_pub drop table site.post");
      await poll(() => app.cache!.isBrief, { timeoutMs: 20_000, what: "the end of the stream" });
      await client.query("alter publication lineshaft_site_pub add table site.post");
      await poll(() => app.cache!.isOn, { timeoutMs: 90_000, what: "the stream" });
      const resetsOf = async () => (await app.metrics.relayResets.get()).values[0]!.value;
      const before = await resetsOf();
      await asOwner(opened.server, "select pg_replication_origin_create('of somebody else')");
      const skips = Number((await client.query("show server_version_num")).rows[0].server_version_num) >= 160_000;
      if (skips) await poll(async () => (await resetsOf()) > before, { timeoutMs: 20_000, what: "a new stream" });
      await poll(() => app.cache!.isOn, { timeoutMs: 20_000, what: "the stream" });
    });
  });
}
