/** RSS and Atom: well-formed whatever people write, with absolute links, and cheap to poll. */
import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { type Blog, startBlog, type User } from "./test/client.ts";
import { childrenOf, parseXml, textOf } from "./test/xml.ts";

/** What breaks feeds: markup, quotes, ends of sections, carriage returns, control characters. */
const NASTY = `<b>"Tom" & 'Jerry'</b> ]]> &amp; \r\n \u0001\u000b\uffff 漢字 🎉`;
const SEEN = `<b>"Tom" & 'Jerry'</b> ]]> &amp; \r\n  漢字 🎉`;

describe("the feeds", () => {
  let blog: Blog;
  let author: User;
  let other: User;

  before(async () => {
    blog = await startBlog();
    author = await blog.user("author");
    other = await blog.user("other");
    await blog.article(other, { title: "Plain", tagList: ["common"] });
    await blog.article(author, { title: NASTY, description: NASTY, body: NASTY, tagList: ["common", `<&">`] });
    await blog.article(author, { title: "Secret", status: "draft" });
  });
  after(() => blog[Symbol.asyncDispose]());

  const rss = async (query = "") =>
    childrenOf(parseXml((await blog.ask("GET", `/feed.rss${query}`)).text), "channel")[0]!;
  const atom = async (query = "") => parseXml((await blog.ask("GET", `/feed.atom${query}`)).text);

  test("RSS says of every article what it is, and escapes what people wrote", async () => {
    const answer = await blog.ask("GET", "/feed.rss");
    assert.equal(answer.headers.get("content-type"), "application/rss+xml; charset=utf-8");
    const root = parseXml(answer.text);
    assert.deepEqual([root.name, root.attributes.version], ["rss", "2.0"]);
    const [first, second, ...more] = childrenOf(await rss(), "item");
    assert.equal(more.length, 0);
    assert.deepEqual([textOf(first!, "title"), textOf(second!, "title")], [SEEN, "Plain"]);
    assert.deepEqual([textOf(first!, "description"), textOf(first!, "content:encoded")], [SEEN, SEEN]);
    assert.deepEqual(
      childrenOf(first!, "category").map(({ text }) => text),
      ["common", `<&">`],
    );
    assert.equal(textOf(first!, "dc:creator"), author.username);
    assert.ok(!Number.isNaN(Date.parse(textOf(first!, "pubDate"))));
  });

  test("Atom has all that RFC 4287 asks for", async () => {
    const answer = await blog.ask("GET", "/feed.atom");
    assert.equal(answer.headers.get("content-type"), "application/atom+xml; charset=utf-8");
    const feed = await atom();
    assert.deepEqual([feed.name, feed.attributes.xmlns], ["feed", "http://www.w3.org/2005/Atom"]);
    for (const part of [feed, ...childrenOf(feed, "entry")]) {
      for (const name of ["id", "title"]) assert.ok(textOf(part, name).length > 0);
      assert.equal(new Date(textOf(part, "updated")).toISOString(), textOf(part, "updated"));
    }
    const [entry] = childrenOf(feed, "entry");
    assert.match(textOf(entry!, "id"), /^urn:uuid:[0-9a-f-]{36}$/);
    assert.deepEqual([textOf(entry!, "title"), textOf(entry!, "content")], [SEEN, SEEN]);
    assert.equal(textOf(childrenOf(entry!, "author")[0]!, "name"), author.username);
  });

  test("links are absolute and lead to the article", async () => {
    const links = [
      ...childrenOf(await rss(), "item").map((item) => textOf(item, "link")),
      ...childrenOf(await atom(), "entry").map((entry) => childrenOf(entry, "link")[0]!.attributes.href!),
    ];
    assert.equal(links.length, 4);
    for (const link of links) {
      assert.ok(link.startsWith(`${blog.running.url}/`), link);
      assert.equal((await fetch(link)).status, 200);
    }
    const [self] = childrenOf(await atom("?tag=common&author=x"), "link");
    assert.equal(self?.attributes.href, `${blog.running.url}/api/feed.atom?author=x&tag=common`);
  });

  test("a feed can be that of an author or of a tag", async () => {
    const titles = async (query: string) => childrenOf(await rss(query), "item").map((item) => textOf(item, "title"));
    assert.deepEqual(await titles(`?author=${other.username}`), ["Plain"]);
    assert.deepEqual(await titles("?tag=common"), [SEEN, "Plain"]);
    assert.deepEqual(await titles(`?tag=${encodeURIComponent(`<&">`)}`), [SEEN]);
    assert.deepEqual(await titles("?author=nobody"), []);
    assert.equal(childrenOf(await atom("?author=nobody"), "entry").length, 0);
  });

  test("who polls is told in a few bytes that nothing is new", async () => {
    for (const path of ["/feed.rss", "/feed.atom"]) {
      const tag = (await blog.ask("GET", path)).headers.get("etag")!;
      const again = await blog.ask("GET", path, { headers: { "if-none-match": tag } });
      assert.deepEqual([again.status, again.text], [304, ""]);
    }
    const tag = (await blog.ask("GET", "/feed.rss")).headers.get("etag")!;
    await blog.article(other, { title: "News" });
    assert.equal((await blog.ask("GET", "/feed.rss", { headers: { "if-none-match": tag } })).status, 200);
  });
});

describe("the reader of XML", () => {
  const head = '<?xml version="1.0" encoding="UTF-8"?>';
  const WRONG = ["<a>", "<a></b>", "<a/><b/>", "<a>&nbsp;</a>", "<a>&</a>", "<a b=c/>", '<a b="1" b="2"/>', "<a><</a>"];
  for (const text of [...WRONG, "<a>\u0001</a>", "x<a/>", ""]) {
    test(`refuses ${JSON.stringify(text)}`, () => {
      assert.throws(() => parseXml(`${head}${text}`));
    });
  }
});
