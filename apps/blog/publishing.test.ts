/** Scheduled articles and the feeds of readers: once, at their time, whatever comes in between. */
import assert from "node:assert/strict";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, beforeEach, describe, test } from "node:test";
import { list, service, sql } from "lineshaft";
import * as accounts from "lineshaft/accounts";
import { missing, startTestApp, TEST_SERVERS, TestClock } from "lineshaft/testkit";
import * as modules from "./index.ts";
import { Follow, followed } from "./model.ts";
import { Blog, startBlog, type User } from "./test/client.ts";

const HOUR_MS = 3_600_000;

describe("a scheduled article", () => {
  let blog: Blog;
  let author: User;
  let reader: User;

  before(async () => {
    blog = await startBlog({ clock: new TestClock("2026-03-02T12:10:00Z") });
    author = await blog.user("author");
    reader = await blog.user("reader");
    await blog.good("POST", `/profiles/${author.username}/follow`, { token: reader.token });
  });
  after(() => blog[Symbol.asyncDispose]());
  beforeEach(() => blog.running.untilHandled());

  const inHours = (hours: number) => new Date(blog.running.clock.now().getTime() + hours * HOUR_MS).toISOString();
  const change = async (slug: string, article: object) =>
    (await blog.good("PUT", `/articles/${slug}`, { body: { article }, token: author.token })).article;
  const schedule = async (title: string, hours: number): Promise<string> =>
    (await blog.article(author, { title, publishAt: inHours(hours) })).slug;
  const isVisible = async (slug: string) => (await blog.ask("GET", `/articles/${slug}`)).status === 200;
  const feed = async () => {
    const { articles } = await blog.good("GET", "/articles/feed?limit=100", { token: reader.token });
    return articles.map(({ slug }: { slug: string }) => slug);
  };
  /** Lets time pass, and what is due happen. */
  const pass = async (hours: number) => {
    blog.running.clock.advance(hours * HOUR_MS);
    await blog.running.untilHandled();
  };
  const query = async (text: string) => {
    const client = await blog.running.connect();
    return (await client.query(text).finally(() => client.end())).rows;
  };
  const waiting = () => query("select name from lineshaft.work where kind = 'command'");
  const stated = async (slug: string) => {
    const [{ id }] = await query(`select id from blog.article where slug = '${slug}'`);
    const events = await query("select payload ->> 'article' as article from lineshaft.event");
    return events.filter(({ article }) => article === id).length;
  };

  test("is published at its time, and says so once", async () => {
    const slug = await schedule("On time", 2);
    const { article } = await blog.good("GET", `/articles/${slug}`, { token: author.token });
    assert.equal(article.status, "scheduled");
    await pass(1.99);
    assert.deepEqual([await isVisible(slug), (await waiting()).length], [false, 1]);
    await pass(0.01);
    assert.deepEqual([await isVisible(slug), (await waiting()).length, await stated(slug)], [true, 0, 1]);
    assert.equal((await feed())[0], slug);
    await pass(24);
    assert.equal(await stated(slug), 1);
    assert.equal((await feed()).filter((each: string) => each === slug).length, 1);
  });

  test("that is moved comes at the new time only", async () => {
    const [earlier, later] = [await schedule("Earlier", 9), await schedule("Later", 2)];
    await change(earlier, { publishAt: inHours(1) });
    await change(later, { publishAt: inHours(5) });
    await pass(2);
    assert.deepEqual([await isVisible(earlier), await isVisible(later)], [true, false]);
    await pass(3);
    assert.ok(await isVisible(later));
    await pass(9);
    assert.deepEqual([await stated(earlier), await stated(later)], [1, 1]);
  });

  test("that is withdrawn, deleted or published by hand leaves nothing behind", async () => {
    const withdrawn = await schedule("Withdrawn", 1);
    assert.equal((await change(withdrawn, { status: "draft" })).status, "draft");
    const deleted = await schedule("Deleted", 1);
    await blog.ask("DELETE", `/articles/${deleted}`, { token: author.token });
    const published = await schedule("By hand", 1);
    const path = `/articles/${published}/publication`;
    await blog.refused("POST", path, { token: reader.token }, [404, { article: ["not found"] }]);
    const { article } = await blog.good("POST", path, { token: author.token });
    assert.deepEqual([article.status, article.publishAt], ["published", inHours(0)]);
    assert.deepEqual(await waiting(), []);
    await blog.refused("POST", path, { token: reader.token }, [403, { article: ["forbidden"] }]);
    await blog.good("POST", path, { token: author.token });
    await pass(3);
    assert.deepEqual([await isVisible(withdrawn), await isVisible(published)], [false, true]);
    assert.equal(await stated(published), 1);
    assert.equal((await query("select from lineshaft.work where state = 'dead'")).length, 0);
  });

  test("a publication for another time than the article's does nothing", async () => {
    const slug = await schedule("Elsewhere", 2);
    const asking = { token: author.token, body: { at: inHours(1) } };
    const { article } = await blog.good("POST", `/articles/${slug}/publication`, asking);
    assert.equal(article.status, "scheduled");
  });

  test("that nobody published in time is found within the hour", async () => {
    const slug = await schedule("Forgotten", 1);
    await query("delete from lineshaft.work where kind = 'command'");
    await pass(0.99);
    assert.equal(await isVisible(slug), false);
    await pass(1);
    assert.deepEqual([await isVisible(slug), await stated(slug)], [true, 1]);
  });

  test("a feed follows what is withdrawn, published again, deleted and unfollowed", async () => {
    const { slug } = await blog.article(author, { title: "There and back" });
    await blog.running.untilHandled();
    const has = async () => (await feed()).includes(slug);
    assert.ok(await has());
    await change(slug, { status: "draft" });
    assert.equal(await has(), false);
    await change(slug, { status: "published" });
    assert.ok(await has());
    await blog.good("DELETE", `/profiles/${author.username}/follow`, { token: reader.token });
    assert.deepEqual(await feed(), []);
    // Who follows sees at once what there is.
    await blog.good("POST", `/profiles/${author.username}/follow`, { token: reader.token });
    assert.ok(await has());
    await blog.ask("DELETE", `/articles/${slug}`, { token: author.token });
    assert.equal(await has(), false);
    await blog.running.untilHandled();
    assert.deepEqual(
      await query("select from blog.feed_entry e left join blog.article a on a.id = article where a.id is null"),
      [],
    );
  });
});

const MANY = 12;
const many = Array.from({ length: MANY }, (_, index) => index);

for (const server of TEST_SERVERS) {
  describe(`publishing on ${server.name}`, { skip: missing(server) }, () => {
    test("who begins to follow while much is published gets every article once", async () => {
      await using blog = await startBlog({ server });
      const authors = await Promise.all(many.slice(0, 3).map(() => blog.user()));
      const readers = await Promise.all(many.map(() => blog.user()));
      const writing = many.flatMap(() => authors.map((author) => blog.article(author)));
      const following = readers.flatMap(({ token }) =>
        authors.map(({ username }) => blog.good("POST", `/profiles/${username}/follow`, { token })),
      );
      await Promise.all([...writing, ...following]);
      await blog.running.untilHandled();
      for (const { token } of readers) {
        const { articles, articlesCount } = await blog.good("GET", "/articles/feed?limit=100", { token });
        assert.equal(articlesCount, MANY * authors.length);
        assert.equal(new Set(articles.map(({ slug }: { slug: string }) => slug)).size, MANY * authors.length);
      }
    });

    test("whom a command of following did not see yet, the handler of its event sees", async () => {
      const stand = service("stand");
      const state = stand.command("POST /followed", {
        actor: "anyone",
        run: async ({ emit, call }) => {
          const { rows } = await call(pairs, {});
          for (const pair of rows) emit(followed, pair);
        },
      });
      const pairs = stand.query("GET /pairs", {
        actor: "anyone",
        output: { rows: list(Follow.pick("follower", "followed")) },
        run: async ({ db }) => ({
          rows: (await sql`select "follower", "followed" from "blog"."follow"`.execute(db)).rows as Follow[],
        }),
      });
      await using blog = new Blog(
        await startTestApp({ services: { accounts, blog: modules, stand: { state, pairs } } }, { server }),
      );
      const [author, reader] = [await blog.user(), await blog.user()];
      await blog.article(author);
      await blog.good("POST", `/profiles/${author.username}/follow`, { token: reader.token });
      await blog.running.untilHandled();
      const client = await blog.running.connect();
      await client.query("delete from blog.feed_entry").finally(() => client.end());
      await blog.running.call(state, {});
      await blog.running.untilHandled();
      assert.equal((await blog.good("GET", "/articles/feed", { token: reader.token })).articlesCount, 1);
    });

    test("what became due while nothing ran is published by the next start, once", async () => {
      const folder = await mkdtemp(join(tmpdir(), "lineshaft-blog-"));
      await using _ = { [Symbol.asyncDispose]: () => rm(folder, { recursive: true }) };
      const settings = { dataFolder: join(folder, "data") };
      const clock = new TestClock("2026-03-02T12:10:00Z");
      const start = () => startBlog({ server, clock, folder, settings });
      const first = await start();
      const author = await first.user("author");
      const reader = await first.user("reader");
      await first.good("POST", `/profiles/${author.username}/follow`, { token: reader.token });
      const { slug } = await first.article(author, { publishAt: "2026-03-02T12:20:00Z" });
      await first.running.untilHandled();
      await first[Symbol.asyncDispose]();
      // Before the hourly look for what was forgotten: it is the run itself that comes late.
      clock.advance("30m");
      await using second = await start();
      await second.running.untilHandled();
      const { articles } = await second.good("GET", "/articles/feed", { token: reader.token });
      assert.deepEqual(
        articles.map((each: { slug: string; publishAt: string }) => [each.slug, each.publishAt]),
        [[slug, "2026-03-02T12:20:00.000Z"]],
      );
      const client = await second.running.connect();
      const { rows } = await client.query("select from lineshaft.event where name = 'blog.published'");
      assert.equal(rows.length, 1);
      await client.end();
    });
  });
}
