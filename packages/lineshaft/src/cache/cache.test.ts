/** Contract of the cache: what is kept, for whom, how long, and that no interleaving makes it old. Real servers. */
import assert from "node:assert/strict";
import { once } from "node:events";
import { get, type IncomingMessage } from "node:http";
import { text } from "node:stream/consumers";
import { after, before, describe, test } from "node:test";
import { sql } from "kysely";
import type pg from "pg";
import * as accounts from "../accounts/index.ts";
import { entity } from "../define/entity.ts";
import { field } from "../define/field.ts";
import { service } from "../define/service.ts";
import { missing, poll, startTestApp, TEST_SERVERS, type TestApp, type TestServer } from "../testkit/index.ts";
import { holdCommits, releaseCommits } from "../testkit/test/held-commits.ts";
import { COMMITS_MAX, Fence, Snapshot } from "./fence.ts";
import { ENTRY_BYTES, Store } from "./store.ts";

class Author extends entity("author", { id: field.id(), name: field.text() }) {}
class Post extends entity("post", {
  id: field.serial(),
  slug: field.text().unique(),
  author: field.ref(() => Author),
  views: field.integer().default(0),
}) {}
const site = service("site", { entities: { Author, Post }, actor: "anyone" });

const [ADA, GRACE] = ["01976a0e-0000-7000-8000-000000000001", "01976a0e-0000-7000-8000-000000000002"];

/** How often each `run` was called, and what one waits for after it has read. */
const runs = { post: 0, withAuthor: 0, first: 0, mine: 0, time: 0, header: 0, origin: 0, short: 0, nested: 0 };
let gate: Promise<void> | null = null;

const post = site.query("GET /posts/:slug", {
  input: { slug: Post.fields.slug },
  output: Post,
  async run({ input, db, fail }) {
    runs.post++;
    const row = await db.selectFrom("post").selectAll().where("slug", "=", input.slug).executeTakeFirst();
    await gate;
    return row ?? fail("NOT_FOUND");
  },
});
const withAuthor = site.query("GET /posts/:slug/author", {
  input: { slug: Post.fields.slug },
  output: { name: field.text() },
  async run({ input, db }) {
    runs.withAuthor++;
    const posts = db.selectFrom("post").innerJoin("author", "author.id", "post.author");
    return posts.select("author.name").where("post.slug", "=", input.slug).executeTakeFirstOrThrow();
  },
});
const first = site.query("GET /first", {
  output: { slug: field.text() },
  async run({ db }) {
    runs.first++;
    return db.selectFrom("post").select(["id", "slug"]).orderBy("id").limit(1).executeTakeFirstOrThrow();
  },
});
const who = { id: field.text().nullable() };
const mine = site.query("GET /mine", {
  output: who,
  async run({ actor }) {
    runs.mine++;
    return { id: actor.id };
  },
});
const nested = site.query("GET /nested", {
  output: who,
  async run({ call }) {
    runs.nested++;
    return call(mine, {});
  },
});
const time = site.query("GET /time", {
  output: { at: field.time() },
  async run({ now }) {
    runs.time++;
    return { at: now };
  },
});
const short = site.query("GET /short", {
  output: { at: field.time() },
  cache: { seconds: 60 },
  async run({ now }) {
    runs.short++;
    return { at: now };
  },
});
const header = site.query("GET /header", {
  output: { text: field.text() },
  async run({ request }) {
    runs.header++;
    return { text: String(request.headers["x-text"]) };
  },
});
const origin = site.query("GET /origin", {
  output: { url: field.text() },
  async run({ request }) {
    runs.origin++;
    return { url: `${request.origin}/posts` };
  },
});
const view = site.command("POST /posts/:slug/view", {
  input: { slug: Post.fields.slug },
  async run({ input, db }) {
    const views = sql<number>`views + 1`;
    await db.updateTable("post").set({ views }).where("slug", "=", input.slug).execute();
  },
});
const options = {
  services: { accounts, site: { site, post, withAuthor, first, mine, nested, time, short, header, origin, view } },
};

async function open(server: TestServer, own = false): Promise<{ app: TestApp; client: pg.Client }> {
  const app = await startTestApp(options, { server, settings: { relay: "auto" }, ...(own ? { embedded: {} } : {}) });
  const client = await app.connect();
  await client.query(`insert into site.author (id, name) values ('${ADA}', 'Ada'), ('${GRACE}', 'Grace')`);
  await client.query(`insert into site.post (slug, author) values ('one', '${ADA}'), ('two', '${GRACE}')`);
  await app.fetch("/posts/one");
  await poll(() => app.cache!.isOn, { timeoutMs: 20_000, what: "the cache" });
  return { app, client };
}

/** Until this node has heard what `client` has written. */
async function heard(app: TestApp, client: pg.Client): Promise<void> {
  const { rows } = await client.query("select pg_current_wal_flush_lsn() - '0/0' as position");
  await client.query("insert into site.author (name) values ('later')");
  await poll(() => app.relay!.position > BigInt(rows[0].position));
}

/** What answers here may have. */
interface Body {
  readonly views: number;
  readonly name?: string;
}

const bodyOf = async (app: TestApp, path: string) => (await app.fetch(path)).json() as Promise<Body>;

/** What is answered to a caller who knows this node by another name. */
async function askAs(app: TestApp, host: string, path: string): Promise<string> {
  const [response] = (await once(get(app.url + path, { headers: { host } }), "response")) as [IncomingMessage];
  return text(response);
}

for (const server of TEST_SERVERS) {
  describe(`the cache on ${server.name}`, { skip: missing(server) }, () => {
    let app: TestApp;
    let client: pg.Client;
    before(async () => {
      ({ app, client } = await open(server));
    });
    after(async () => {
      await client.end();
      await app.stop();
    });

    /** How often a run is called while something is asked twice. */
    async function runsOf(name: keyof typeof runs, ask: () => Promise<unknown>, times = 2): Promise<number> {
      const before = runs[name];
      for (let count = 0; count < times; count++) await ask();
      return runs[name] - before;
    }

    test("an answer is worked out once, also for those who ask at the same time, and goes out tagged", async () => {
      const many = () => Promise.all(Array.from({ length: 20 }, () => app.fetch("/posts/two")));
      assert.equal(await runsOf("post", many), 1);
      const { headers } = await app.fetch("/posts/two");
      const same = await app.fetch("/posts/two", { headers: { "if-none-match": headers.get("etag")! } });
      assert.equal(same.status, 304);
      const hits = await (await fetch(app.metricsUrl)).text();
      assert.match(hits, /^lineshaft_cache_hits_total \d\d/m);
    });

    test("a change by hand is heard, and only what it touches is worked out again [QRY-2]", async () => {
      for (const slug of ["one", "two"]) await app.fetch(`/posts/${slug}`);
      await client.query("update site.post set views = 41 where slug = 'one'");
      await heard(app, client);
      const before = runs.post;
      assert.equal((await bodyOf(app, "/posts/two")).views, 0);
      assert.equal(runs.post, before);
      assert.equal((await bodyOf(app, "/posts/one")).views, 41);
      assert.equal(runs.post, before + 1);
    });

    test("what is read through a key is narrowed by that key: another author's change does not matter", async () => {
      await poll(async () => (await runsOf("withAuthor", () => app.fetch("/posts/one/author"))) === 0);
      await client.query("update site.author set name = 'Grace Hopper' where name = 'Grace'");
      await heard(app, client);
      assert.equal(await runsOf("withAuthor", () => app.fetch("/posts/one/author")), 0);
      await client.query("update site.author set name = 'Ada Lovelace' where name = 'Ada'");
      await heard(app, client);
      assert.deepEqual(await bodyOf(app, "/posts/one/author"), { name: "Ada Lovelace" });
    });

    test("a row behind the end of a list does not matter", async () => {
      await poll(async () => (await runsOf("first", () => app.fetch("/first"))) === 0);
      await client.query(`insert into site.post (slug, author) values ('behind', '${ADA}')`);
      await client.query("delete from site.post where slug = 'behind'");
      await heard(app, client);
      assert.equal(await runsOf("first", () => app.fetch("/first")), 0);
      await client.query("update site.post set slug = 'uno' where slug = 'one'");
      await heard(app, client);
      assert.deepEqual(await bodyOf(app, "/first"), { slug: "uno" });
      await client.query("update site.post set slug = 'one' where slug = 'uno'");
    });

    test("a failure is not kept: what was missing is there once it is written", async () => {
      assert.equal((await app.fetch("/posts/three")).status, 404);
      await client.query(`insert into site.post (slug, author) values ('three', '${ADA}')`);
      assert.equal((await app.fetch("/posts/three")).status, 200);
    });

    test("a caller reads its own write, at once, every time [QRY-3]", async () => {
      for (let count = 0; count < 100; count++) {
        const { views } = await bodyOf(app, "/posts/two");
        assert.equal((await app.fetch("/posts/two/view", { method: "POST" })).status, 204);
        assert.equal((await bodyOf(app, "/posts/two")).views, views + 1);
      }
    });

    test("once a run looks at the actor, each has an answer of its own, also through a call [ACC-1]", async () => {
      const [ada, bob] = [await app.account(), await app.account()];
      for (const path of ["/mine", "/nested"]) {
        for (const [caller, id] of [
          [ada, ada.id],
          [bob, bob.id],
          [null, null],
          [ada, ada.id],
        ] as const) {
          assert.deepEqual(await (await app.as(caller).fetch(path)).json(), { id });
        }
      }
      assert.equal(await runsOf("mine", () => app.as(bob).fetch("/mine")), 0);
      assert.equal(await runsOf("nested", () => app.as(bob).fetch("/nested")), 0);
    });

    test("what looks at the time or at the request is not kept, unless it has a life", async () => {
      assert.equal(await runsOf("time", () => app.fetch("/time")), 2);
      assert.equal(await runsOf("header", () => app.fetch("/header")), 2);
      assert.equal(await runsOf("short", () => app.fetch("/short")), 1);
      app.clock.advance("1m");
      assert.equal(await runsOf("short", () => app.fetch("/short")), 1);
    });

    test("what looks at the origin is kept for each origin", async () => {
      for (const host of ["one.example", "two.example", "one.example"]) {
        assert.equal(await askAs(app, host, "/origin"), `{"url":"http://${host}/posts"}`);
        assert.equal(await runsOf("origin", () => askAs(app, host, "/origin")), 0);
      }
    });

    test("a session that was ended is refused with the next request [ACC-1]", async () => {
      const ada = await app.account();
      for (let count = 0; count < 3; count++) {
        assert.deepEqual(await (await app.as(ada).fetch("/mine")).json(), { id: ada.id });
      }
      await client.query("delete from accounts.session where account = $1", [ada.id]);
      await heard(app, client);
      assert.deepEqual(await (await app.as(ada).fetch("/mine")).json(), { id: null });
    });

    test("a load that began before a change does not leave the old answer behind, nor hand it on", async () => {
      await client.query(`insert into site.post (slug, author) values ('slow', '${ADA}')`);
      const free = Promise.withResolvers<void>();
      gate = free.promise;
      const before = runs.post;
      const first = bodyOf(app, "/posts/slow");
      await poll(() => runs.post === before + 1);
      await heard(app, client); // The statement may still be under way: another round trip is behind it.
      await client.query("update site.post set views = 7 where slug = 'slow'");
      await heard(app, client);
      const second = bodyOf(app, "/posts/slow");
      gate = null;
      free.resolve();
      assert.equal((await first).views, 0);
      assert.equal((await second).views, 7);
      assert.equal((await bodyOf(app, "/posts/slow")).views, 7);
    });

    test("a reply tells a position; a request that brings it along is answered at least as new [QRY-3]", async () => {
      const { headers } = await app.fetch("/posts/one");
      const position = headers.get("lineshaft-position")!;
      assert.match(position, /^[0-9A-F]+\/[0-9A-F]+$/);
      const before = runs.post;
      const bring = (value: string) => app.fetch("/posts/one", { headers: { "lineshaft-position": value } });
      assert.equal((await bring(position)).status, 200);
      assert.equal(runs.post, before);
      const future = await bring("FFFF/FFFFFFFF");
      assert.equal(future.status, 200);
      assert.equal(runs.post, before + 1, "a position that was not heard is answered from the database");
      for (const bad of ["", "x", "0/1/2", "0/16B3748 or 1=1"]) {
        const refused = await bring(bad || " ");
        assert.equal(refused.status, bad === "" ? refused.status : 400);
      }
      const written = await app.fetch("/posts/one/view", {
        method: "POST",
        headers: { "sec-fetch-site": "same-origin" },
      });
      assert.match(written.headers.getSetCookie().join(), /^lineshaft_position=[0-9A-F]+\/[0-9A-F]+; Path=\/; Max-Age/);
    });
  });

  describe(`the cache on a server of its own, ${server.name}`, { skip: missing(server) }, () => {
    test("a commit that is heard before it can be seen does not leave the old answer behind", async () => {
      const { app, client } = await open(server, true);
      await using _ = app;
      const writer = await holdCommits(client, () => app.connect());
      await app.fetch("/posts/one");
      const before = app.relay!.position;
      const written = writer.query("update site.post set views = 5 where slug = 'one'");
      await poll(() => app.relay!.position > before, { what: "the commit in the log" });
      // It waits for a standby that does not exist: told, and invisible. Whoever asks now reads the old row.
      for (let count = 0; count < 3; count++) assert.equal((await bodyOf(app, "/posts/one")).views, 0);
      await releaseCommits(client);
      await written;
      assert.equal((await bodyOf(app, "/posts/one")).views, 5);
      await Promise.all([client.end(), writer.end()]);
    });

    test("without the stream answers come from the database; with the next one they are kept again", async () => {
      const { app, client } = await open(server, true);
      await using _ = app;
      await app.fetch("/posts/one");
      await client.query(
        "select pg_terminate_backend(active_pid) from pg_replication_slots where active_pid is not null",
      );
      await client.query("update site.post set views = views + 1 where slug = 'one'");
      await poll(() => app.relay!.state !== "streaming" || app.relay!.position > 0n);
      await poll(async () => (await bodyOf(app, "/posts/one")).views === 1);
      await poll(() => app.cache!.isOn, { timeoutMs: 20_000 });
      await app.fetch("/posts/one");
      const before = runs.post;
      await app.fetch("/posts/one");
      assert.equal(runs.post, before);
      await client.end();
    });

    test("a view that is defined anew is noticed", async () => {
      const { app, client } = await open(server, true);
      await using _ = app;
      await app.fetch("/posts/one");
      await client.query("create view site.later as select * from site.post");
      await poll(() => app.cache!.isOn);
      const before = runs.post;
      await poll(async () => (await app.fetch("/posts/one")) && runs.post > before, { timeoutMs: 20_000 });
      await client.end();
    });
  });
}

test("a snapshot sees what had ended, in the circle of 32 bits", () => {
  const snapshot = new Snapshot("4294967290:4294967300:4294967292,4294967298");
  const sees = (xid: number) => snapshot.sees(xid);
  assert.deepEqual([4294967289, 4294967291, 4294967295].map(sees), [true, true, true]);
  assert.deepEqual([4294967292, 2].map(sees), [false, false], "those that were running");
  assert.deepEqual([0, 1, 3].map(sees), [true, true, true]);
  assert.deepEqual([4, 5, 100].map(sees), [false, false, false], "those that had not begun");
});

test("the fence forgets old commits, and then trusts no snapshot that may lack one of them", () => {
  const fence = new Fence();
  const add = (xid: number) => fence.add({ xid, position: 0n, changes: [], at: new Date(0) });
  for (let xid = 1; xid <= 10; xid++) add(xid);
  assert.deepEqual(
    fence
      .unseenBy(new Snapshot("5:9:7"))!
      .map(({ xid }) => xid)
      .sort(),
    [10, 7, 9].sort(),
  );
  assert.deepEqual(fence.unseenBy(new Snapshot("11:11:")), []);
  for (let xid = 11; xid <= COMMITS_MAX + 1; xid++) add(xid);
  assert.equal(fence.unseenBy(new Snapshot("9:9:")), null);
  assert.equal(fence.unseenBy(new Snapshot(`${COMMITS_MAX}:${COMMITS_MAX}:`))!.length, 2);
});

test("the store keeps to its bytes, lets go of what nobody asks for, and spares what is asked for", () => {
  const dropped: string[] = [];
  const bytes = 1_000;
  const weight = bytes + ENTRY_BYTES + 2;
  const store = new Store<number>(weight * 20, (key) => dropped.push(key));
  const name = (index: number) => String.fromCharCode(97 + index);
  for (let index = 0; index < 20; index++) assert.ok(store.set(name(index), index, bytes));
  for (const hot of ["a", "b", "c"]) assert.equal(store.get(hot), hot.charCodeAt(0) - 97);
  // Who only looks spares nothing: "d" is the first to go.
  assert.deepEqual([store.peek("d"), [...store.entries()].length], [3, 20]);
  for (let index = 0; index < 200; index++) {
    store.set(String.fromCharCode(1_000 + index), index, bytes);
    for (const hot of ["a", "b", "c"]) store.get(hot);
    assert.ok(store.bytes <= store.bytesMax);
  }
  for (const hot of ["a", "b", "c"]) assert.ok(!dropped.includes(hot), `${hot} was asked for all the time`);
  assert.equal(dropped[0], "d");
  assert.equal(store.size, 20);
  assert.equal(store.set("large", 0, weight * 3), false);
  assert.ok(store.delete("a"));
  assert.equal(store.get("a"), undefined);
  store.clear();
  assert.deepEqual([store.size, store.bytes], [0, 0]);
});
