/** The check of the cache tells right from wrong: poisoned, deaf and late caches, and all that it must not touch. */
import assert from "node:assert/strict";
import { afterEach, before, beforeEach, describe, test } from "node:test";
import type pg from "pg";
import * as accounts from "../accounts/index.ts";
import type { KeptAnswer } from "../call/answers.ts";
import type { CacheReport } from "../call/cache-check.ts";
import { entity } from "../define/entity.ts";
import { field } from "../define/field.ts";
import { service } from "../define/service.ts";
import { missing, poll, startTestApp, TEST_SERVERS, type TestApp } from "../testkit/index.ts";
import { CHECK_PATH } from "./check-door.ts";

class Post extends entity("post", { id: field.serial(), slug: field.text().unique(), views: field.integer() }) {}
const site = service("site", { entities: { Post }, actor: "anyone" });

/** What a run waits for before it reads. */
let gate: Promise<void> | null = null;
let waitingCount = 0;

const post = site.query("GET /posts/:slug", {
  input: { slug: Post.fields.slug },
  output: Post,
  async run({ input, db, fail }) {
    waitingCount++;
    await gate;
    const row = await db.selectFrom("post").selectAll().where("slug", "=", input.slug).executeTakeFirst();
    return row ?? fail("NOT_FOUND");
  },
});
const posts = site.query("GET /posts", {
  output: field.list(field.text()),
  run: async ({ db }) => (await db.selectFrom("post").select("slug").execute()).map(({ slug }) => slug),
});
const mine = site.query("GET /mine", { output: { id: field.text().nullable() }, run: async ({ actor }) => actor });
const here = site.query("GET /here", {
  output: { origin: field.text() },
  run: async ({ request }) => ({ origin: request.origin }),
});
const short = site.query("GET /short", {
  cache: { seconds: 60 },
  output: { at: field.time() },
  run: async ({ now }) => ({ at: now }),
});
const options = { services: { accounts, site: { site, post, posts, mine, here, short } } };

const NOTHING = { stale: {}, reordered: {}, changed: 0, unsettled: 0, failed: 0, worstStaleMs: 0 };

for (const server of TEST_SERVERS) {
  describe(`the check of the cache on ${server.name}`, { skip: missing(server) }, () => {
    let app: TestApp;
    let client: pg.Client;
    let free = () => {};

    const ask = (query = "seconds=20", init: RequestInit = {}) =>
      fetch(new URL(`${CHECK_PATH}?${query}`, app.metricsUrl), { method: "POST", ...init });
    const check = async (query?: string) => (await (await ask(query)).json()) as CacheReport;
    const close = () => {
      const { promise, resolve } = Promise.withResolvers<void>();
      gate = promise;
      free = () => {
        gate = null;
        resolve();
      };
      return waitingCount;
    };
    const keptOf = (part: string) => {
      const [, found] = [...app.cache!.entries()].find(([key]) => key.includes(part))!;
      return found as { -readonly [TName in keyof KeptAnswer]: KeptAnswer[TName] };
    };

    before(async () => {
      app = await startTestApp(options, { server, embedded: {}, settings: { relay: "auto" } });
      client = await app.connect();
      await client.query("insert into site.post (slug, views) values ('one', 0), ('two', 0), ('gone', 0)");
      await app.fetch("/posts/one");
      await poll(() => app.cache!.isOn, { timeoutMs: 20_000, what: "the cache" });
    });
    beforeEach(() => app.cache!.reset("a test begins"));
    afterEach(() => free());

    test("has nothing to say where nothing is kept", async () => {
      const skipped = { withLife: 0, callers: 0 };
      assert.deepEqual(await check(), { relay: "streaming", kept: 0, skipped, checked: 0, equal: 0, ...NOTHING });
    });

    test("finds what is right equal, for each actor and origin, and leaves no trace", async () => {
      const [ada, bob] = [await app.account(), await app.account()];
      // What is asked for before a commit is heard that it may not have seen is not kept: it is asked for again.
      await poll(async () => {
        for (const path of ["/posts/one", "/posts/two", "/posts", "/here", "/short"]) await app.fetch(path);
        for (const who of [ada, bob]) await app.as(who).fetch("/mine");
        return [...app.cache!.entries()].length === 9;
      });
      const before = await (await fetch(app.metricsUrl)).text();
      const report = await check();
      assert.deepEqual(report, {
        ...{ relay: "streaming", kept: 9, skipped: { withLife: 1, callers: 2 }, checked: 6, equal: 6 },
        ...NOTHING,
      });
      const counts = (text: string) =>
        text.split("\n").filter((line) => /^lineshaft_cache_(?!checked|stale)/.test(line));
      const after = await (await fetch(app.metricsUrl)).text();
      assert.deepEqual(counts(after), counts(before));
      assert.match(after, /^lineshaft_cache_checked_total\{outcome="equal"\} 6$/m);
      assert.equal((await check("samples=2")).checked, 2);
    });

    test("finds a poisoned answer, names its endpoint and nothing else", async () => {
      await app.fetch("/posts/one");
      const kept = keptOf('"one"');
      const { body } = kept;
      kept.body = '{"secret":"spoilt"}';
      const text = await (await ask()).text();
      assert.deepEqual((JSON.parse(text) as CacheReport).stale, { "site.post": 1 });
      assert.doesNotMatch(text, /secret|spoilt|one/);
      kept.body = body;
      assert.deepEqual((await check()).stale, {});
    });

    test("finds the answers of a cache that does not hear: changed, and missing by now", async () => {
      for (const path of ["/posts/one", "/posts/two", "/posts/gone", "/posts"]) await app.fetch(path);
      Object.assign(app.cache!, { commit: () => {} });
      try {
        await client.query("update site.post set views = 5 where slug = 'one'");
        await client.query("delete from site.post where slug = 'gone'");
        const { equal, stale } = await check();
        assert.deepEqual([equal, stale], [1, { "site.post": 2, "site.posts": 1 }]);
      } finally {
        Reflect.deleteProperty(app.cache!, "commit");
      }
    });

    test("an order that differs is told apart", async () => {
      await app.fetch("/posts");
      const kept = keptOf("site.posts");
      kept.body = JSON.stringify((JSON.parse(String(kept.body)) as string[]).toReversed());
      const { reordered, stale } = await check();
      assert.deepEqual([reordered, stale], [{ "site.posts": 1 }, {}]);
    });

    test("an answer that is gone by the time of the comparison has changed: it is not stale", async () => {
      await app.fetch("/posts/one");
      const before = close();
      const checking = check("seconds=20");
      await poll(() => waitingCount > before);
      await client.query("update site.post set views = views + 1 where slug = 'one'");
      await poll(() => ![...app.cache!.entries()].some(([key]) => key.includes('"one"')));
      free();
      assert.deepEqual(await checking, { ...(await checking), ...NOTHING, changed: 1, equal: 0, checked: 1 });
    });

    test("while the relay lags, a difference is unsettled; then it is changed, and how late is told", async () => {
      await app.fetch("/posts/one");
      const { rows } = await client.query("select pid from pg_stat_replication");
      const sender = rows[0].pid as number;
      const lastPositionAsked = async (): Promise<Date> => {
        const others = "pid <> pg_backend_pid() and query like '%insert_lsn%'";
        const asking = await client.query(`select max(query_start) as at from pg_stat_activity where ${others}`);
        return asking.rows[0].at;
      };
      process.kill(sender, "SIGSTOP");
      try {
        await client.query("update site.post set views = views + 1 where slug = 'one'");
        const late = await check("seconds=1");
        assert.deepEqual([late.unsettled, late.stale], [1, {}]);
        const asked = await lastPositionAsked();
        const before = waitingCount;
        const checking = check("seconds=20");
        await poll(() => waitingCount > before);
        await poll(async () => (await lastPositionAsked()) > asked);
        process.kill(sender, "SIGCONT");
        const report = await checking;
        assert.deepEqual([report.changed, report.unsettled, report.stale], [1, 0, {}]);
        assert.ok(report.worstStaleMs > 0);
      } finally {
        process.kill(sender, "SIGCONT");
      }
      const metrics = await (await fetch(app.metricsUrl)).text();
      const [, seconds] = /^lineshaft_cache_stale_seconds_sum (\S+)$/m.exec(metrics)!;
      assert.ok(Number(seconds) > 1, `${seconds} s`);
    });

    test("one at a time; it ends with its time and with its asker", async () => {
      await app.fetch("/posts/one");
      close();
      const slow = await check("seconds=1");
      assert.deepEqual([slow.checked, slow.stale], [0, {}]);
      assert.equal((await ask()).status, 409, "its run is still under way");
      free();
      await poll(async () => (await ask()).ok);
      await client.query("insert into site.post (slug, views) values ('three', 0), ('four', 0)");
      for (const slug of ["one", "two", "three", "four"]) await app.fetch(`/posts/${slug}`);
      const begun = close();
      const asker = new AbortController();
      const asked = ask("seconds=50", { signal: asker.signal }).catch(() => null);
      await poll(() => waitingCount === begun + 2);
      asker.abort();
      await asked;
      for (let count = 0; count < 5; count++) assert.equal((await ask()).status, 409);
      free();
      await poll(async () => (await ask("samples=1")).ok);
      assert.equal(waitingCount, begun + 3, "two were under way, and the last check ran one");
    });

    test("what is asked wrongly is told", async () => {
      for (const query of ["samples=0", "samples=x", "samples=10001", "seconds=51", "seconds=-1", "seconds="]) {
        const response = await ask(query);
        assert.equal(response.status, 400, query);
        assert.match(await response.text(), /is a whole number from 1 to \d+\.$/m);
      }
      assert.equal((await ask("", { method: "GET" })).status, 405);
      assert.equal((await app.fetch(CHECK_PATH, { method: "POST" })).status, 404, "the public port does not have it");
    });

    test("a node that stops does not wait for it", async () => {
      await app.fetch("/posts/one");
      const before = close();
      const asked = ask("seconds=50");
      await poll(() => waitingCount > before);
      await client.end();
      const stopping = app.stop();
      assert.equal((await asked).status, 503);
      free();
      await stopping;
    });
  });
}
