/** What bloggers ask for beyond the contract: drafts, scheduled articles, moderation, search, and one page's cost. */
import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { type Blog, startBlog, type User } from "./test/client.ts";

const HOUR_MS = 3_600_000;

describe("a blog beyond the contract", () => {
  let blog: Blog;
  let author: User;
  let reader: User;
  let now = new Date();
  const later = (hours: number) => new Date(now.getTime() + hours * HOUR_MS).toISOString();
  const slugsOf = ({ articles }: { articles: { slug: string }[] }) => articles.map(({ slug }) => slug);
  const list = async (path: string, user?: User) => slugsOf(await blog.good("GET", path, { token: user?.token }));
  const change = async (slug: string, article: object) =>
    (await blog.good("PUT", `/articles/${slug}`, { body: { article }, token: author.token })).article;
  const hidden = (status: number) => [status, { article: ["not found"] }] as const;

  before(async () => {
    blog = await startBlog({ clock: () => now });
    author = await blog.user("author");
    reader = await blog.user("reader");
    await blog.good("POST", `/profiles/${author.username}/follow`, { token: reader.token });
  });
  after(() => blog[Symbol.asyncDispose]());

  /** Everywhere an article could be seen, as somebody. */
  async function places(slug: string, word: string, viewer?: User): Promise<string[]> {
    const token = viewer?.token;
    const found: string[] = [];
    const look = async (where: string, path: string) => {
      if ((await list(path, viewer)).includes(slug)) found.push(where);
    };
    await look("list", "/articles?limit=100");
    await look("author", `/articles?author=${author.username}&limit=100`);
    await look("tag", `/articles?tag=${word}`);
    await look("favorited", `/articles?favorited=${author.username}`);
    await look("search", `/articles/search?q=${word}`);
    if (token !== undefined) await look("feed", "/articles/feed?limit=100");
    if ((await blog.good("GET", "/tags")).tags.includes(word)) found.push("tags");
    for (const feed of ["rss", "atom"]) {
      if ((await blog.ask("GET", `/feed.${feed}`)).text.includes(slug)) found.push(feed);
    }
    if ((await blog.ask("GET", `/articles/${slug}`, { token })).status === 200) found.push("article");
    if ((await blog.ask("GET", `/articles/${slug}/comments`, { token })).status === 200) found.push("comments");
    return found;
  }
  const PUBLIC = ["list", "author", "tag", "favorited", "search"];
  const FOR_ALL = ["tags", "rss", "atom", "article", "comments"];

  test("a draft is visible to its author only, in no list but the one of drafts", async () => {
    const { slug } = await blog.article(author, {
      title: "Unripe",
      body: "unripe",
      tagList: ["unripe"],
      status: "draft",
    });
    await blog.good("POST", `/articles/${slug}/favorite`, { token: author.token });
    assert.deepEqual(await places(slug, "unripe"), []);
    assert.deepEqual(await places(slug, "unripe", reader), []);
    assert.deepEqual(await places(slug, "unripe", author), ["article", "comments"]);
    assert.deepEqual(await list("/articles/drafts", author), [slug]);
    assert.deepEqual(await list("/articles/drafts", reader), []);
    assert.equal((await blog.ask("GET", "/articles/drafts")).status, 401);
  });

  test("nobody else can change, keep or comment on a draft, or learn that it is there", async () => {
    const { slug } = await blog.article(author, { title: "Locked away", status: "draft" });
    const path = `/articles/${slug}`;
    const asking = { token: reader.token };
    await blog.refused("PUT", path, { ...asking, body: { article: { body: "Mine" } } }, hidden(404));
    await blog.refused("DELETE", path, asking, hidden(404));
    await blog.refused("POST", `${path}/favorite`, asking, hidden(404));
    await blog.refused("POST", `${path}/comments`, { ...asking, body: { comment: { body: "Hm" } } }, hidden(404));
  });

  test("a published draft is new, whenever it was written, and its slug is settled", async () => {
    const draft = await blog.article(author, { title: "Working title", status: "draft" });
    assert.equal(draft.publishAt, null);
    const renamed = await change(draft.slug, { title: "Final title" });
    assert.equal(renamed.slug, "final-title");
    await blog.refused("GET", `/articles/${draft.slug}`, { token: author.token }, hidden(404));
    await blog.article(author, { title: "In between" });
    now = new Date(now.getTime() + HOUR_MS);
    const published = await change(renamed.slug, { status: "published" });
    assert.equal(published.publishAt, now.toISOString());
    assert.equal((await list("/articles"))[0], "final-title");
    assert.equal((await change("final-title", { title: "Another title" })).slug, "final-title");
    const withdrawn = await change("final-title", { status: "draft" });
    assert.equal(withdrawn.publishAt, published.publishAt);
    await blog.refused("GET", "/articles/final-title", {}, hidden(404));
  });

  test("a scheduled article appears when its time has come", async () => {
    const article = { title: "Embargo", body: "embargo", tagList: ["embargo"], publishAt: later(2) };
    const { slug, publishAt } = await blog.article(author, article);
    await blog.good("POST", `/articles/${slug}/favorite`, { token: author.token });
    assert.equal(publishAt, article.publishAt);
    assert.deepEqual(await places(slug, "embargo", reader), []);
    assert.ok((await list("/articles/drafts", author)).includes(slug));
    now = new Date(Date.parse(article.publishAt) - 1);
    await blog.running.untilHandled();
    assert.deepEqual(await places(slug, "embargo"), []);
    now = new Date(Date.parse(article.publishAt));
    await blog.running.untilHandled();
    assert.deepEqual(await places(slug, "embargo"), [...PUBLIC, ...FOR_ALL]);
    assert.deepEqual(await places(slug, "embargo", reader), [...PUBLIC, "feed", ...FOR_ALL]);
    assert.ok(!(await list("/articles/drafts", author)).includes(slug));
    assert.equal((await list("/articles"))[0], slug);
  });

  test("a schedule can be moved, and null means at once", async () => {
    const { slug } = await blog.article(author, { title: "Movable", publishAt: later(5) });
    assert.equal((await change(slug, { publishAt: later(9) })).publishAt, later(9));
    assert.equal((await change(slug, { body: "Longer" })).publishAt, later(9));
    assert.equal((await change(slug, { publishAt: null })).publishAt, now.toISOString());
    await blog.good("GET", `/articles/${slug}`);
  });

  test("an article's author deletes any comment under it, others only their own", async () => {
    const { slug } = await blog.article(author);
    const third = await blog.user("third");
    const { id } = await blog.comment(reader, slug);
    const path = `/articles/${slug}/comments/${id}`;
    await blog.refused("DELETE", path, { token: third.token }, [403, { comment: ["forbidden"] }]);
    assert.equal((await blog.ask("DELETE", path, { token: author.token })).status, 204);
    const own = (await blog.comment(reader, slug)).id;
    assert.equal((await blog.ask("DELETE", `/articles/${slug}/comments/${own}`, { token: reader.token })).status, 204);
  });

  test("under a moderated article, comments of others wait until its author approves them", async () => {
    const { slug } = await blog.article(author, { commentPolicy: "moderated" });
    const third = await blog.user("third");
    const held = await blog.comment(reader, slug, "Waiting");
    assert.equal(held.status, "held");
    assert.equal((await blog.comment(author, slug, "My own")).status, "shown");
    const bodies = async (user?: User) => {
      const { comments } = await blog.good("GET", `/articles/${slug}/comments`, { token: user?.token });
      return comments.map(({ body }: { body: string }) => body);
    };
    assert.deepEqual([await bodies(), await bodies(third)], [["My own"], ["My own"]]);
    assert.deepEqual([await bodies(reader), await bodies(author)], Array(2).fill(["My own", "Waiting"]));
    const path = `/articles/${slug}/comments/${held.id}`;
    await blog.refused("DELETE", path, { token: third.token }, [404, { comment: ["not found"] }]);
    const approval = `${path}/approval`;
    await blog.refused("POST", approval, {}, [401, { token: ["is missing"] }]);
    await blog.refused("POST", approval, { token: third.token }, [404, { comment: ["not found"] }]);
    await blog.refused("POST", approval, { token: reader.token }, [403, { comment: ["forbidden"] }]);
    assert.equal((await blog.good("POST", approval, { token: author.token })).comment.status, "shown");
    assert.deepEqual(await bodies(), ["My own", "Waiting"]);
    assert.equal((await blog.good("DELETE", approval, { token: author.token })).comment.status, "held");
    assert.deepEqual(await bodies(), ["My own"]);
  });

  test("a search finds words in title, description and body, the best first", async () => {
    const once = await blog.article(author, {
      title: "Trees",
      body: "An aardvark sleeps under many trees in the wood.",
    });
    const often = await blog.article(author, {
      title: "Aardvarks",
      description: "All of the aardvark",
      body: "Aardvark!",
    });
    const search = (q: string) => blog.good("GET", `/articles/search?q=${encodeURIComponent(q)}`);
    const both = await search("aardvarks");
    assert.deepEqual([slugsOf(both), both.articlesCount], [[often.slug, once.slug], 2]);
    assert.ok(!("body" in both.articles[0]));
    assert.deepEqual(slugsOf(await search('"many trees"')), [once.slug]);
    assert.deepEqual(slugsOf(await search("aardvark -trees")), [often.slug]);
    assert.deepEqual(slugsOf(await search("platypus")), []);
    const second = await blog.good("GET", "/articles/search?q=aardvark&limit=1&offset=1");
    assert.deepEqual([slugsOf(second), second.articlesCount], [[once.slug], 2]);
    const beyond = await blog.good("GET", "/articles/search?q=aardvark&offset=7");
    assert.deepEqual([slugsOf(beyond), beyond.articlesCount], [[], 2]);
  });

  test("a search takes whatever people type, but not nothing", async () => {
    for (const q of ["'", '"', "a & b | !", "-", "or", "\\", ":*", "<b>", "%25", "漢字", "x".repeat(500)]) {
      assert.equal((await blog.ask("GET", `/articles/search?q=${encodeURIComponent(q)}`)).status, 200, q);
    }
    for (const q of ["", "%20"]) {
      await blog.refused("GET", `/articles/search?q=${q}`, {}, [422, { q: ["can't be blank"] }]);
    }
    await blog.refused("GET", "/articles/search", {}, [422, { q: ["can't be blank"] }]);
  });

  test("a list costs the same statements, however long it is", async () => {
    const writer = await blog.user("writer");
    for (let index = 0; index < 20; index += 1) await blog.article(writer, { tagList: [`tag${index}`] });
    const statements = async () => (await blog.running.metrics.statements.get()).values[0]?.value ?? 0;
    await blog.running.untilHandled();
    const cost = async (limit: number) => {
      const earlier = await statements();
      const path = `/articles?author=${writer.username}&limit=${limit}`;
      assert.equal((await list(path, reader)).length, limit);
      return (await statements()) - earlier;
    };
    // The node's own statements come in between now and then: the least of some.
    const costs = async (limit: number) => Math.min(...[await cost(limit), await cost(limit), await cost(limit)]);
    const [one, twenty] = [await costs(1), await costs(20)];
    assert.deepEqual([one, twenty], [3, 3]); // Who calls, the page, the number of all.
  });
});
