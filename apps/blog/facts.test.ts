/** What front ends rely on and the description leaves to its text, each fact by its name. */
import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { type Blog, PASSWORD, startBlog, type User } from "./test/client.ts";

describe("what RealWorld front ends rely on", () => {
  let blog: Blog;
  let author: User;
  let reader: User;
  const write = (article: object, token = author.token) => ({ body: { article }, token });
  const slugs = async (path: string, token?: string): Promise<string[]> => {
    const { articles } = await blog.good("GET", path, { token });
    return articles.map(({ slug }: { slug: string }) => slug);
  };

  before(async () => {
    blog = await startBlog();
    author = await blog.user("author");
    reader = await blog.user("reader");
  });
  after(() => blog[Symbol.asyncDispose]());

  test("a token is taken as Token and as Bearer, and given back", async () => {
    for (const scheme of ["Token", "Bearer", "token"]) {
      const headers = { authorization: `${scheme} ${author.token}` };
      assert.equal((await blog.good("GET", "/user", { headers })).user.token, author.token);
    }
  });

  test("an unknown token is 401 where one is needed, and a guest's elsewhere", async () => {
    for (const token of ["x", "x".repeat(32)]) {
      await blog.refused("GET", "/user", { token }, [401, { token: ["is invalid"] }]);
      assert.equal((await blog.ask("GET", "/articles", { token })).status, 200);
    }
  });

  test("no cookie stays behind: who forgets the token is signed out", async () => {
    const user = { username: "jar", email: "jar@example.com", password: PASSWORD };
    for (const path of ["/users", "/users/login"]) {
      const { headers } = await blog.ask("POST", path, { body: { user } });
      // A browser takes them in order, the last of a name counts.
      const cookies = new Map(headers.getSetCookie().map((line) => line.split(/[=;]/, 2) as [string, string]));
      for (const [name, value] of cookies) assert.equal(value, "", name);
      const cookie = [...cookies].map((pair) => pair.join("=")).join("; ");
      assert.equal((await blog.ask("GET", "/user", { headers: cookie ? { cookie } : {} })).status, 401);
    }
  });

  test("pages of any origin may call, also with a token", async () => {
    const asked = { origin: "https://demo.realworld.show", "access-control-request-method": "PUT" };
    const headers = { ...asked, "access-control-request-headers": "authorization,content-type" };
    const preflight = await fetch(`${blog.running.url}/api/user`, { method: "OPTIONS", headers });
    assert.equal(preflight.status, 204);
    assert.equal(preflight.headers.get("access-control-allow-origin"), "*");
    assert.equal(preflight.headers.get("access-control-allow-headers"), "authorization,content-type");
    const refused = await blog.ask("GET", "/user", { headers: { origin: asked.origin } });
    assert.equal(refused.headers.get("access-control-allow-origin"), "*");
  });

  test("blank is empty, white space, null and left out", async () => {
    const blank = { title: ["can't be blank"] };
    for (const title of ["", " \t\n ", "\u00a0", null, undefined]) {
      const article = { title, description: "About", body: "Text" };
      await blog.refused("POST", "/articles", write(article), [422, blank]);
    }
    await blog.refused("POST", "/articles", { body: {}, token: author.token }, [422, { article: ["can't be blank"] }]);
  });

  test("a password has at least 8 characters, at signing up and when it changes", async () => {
    const user = { username: "short", email: "short@example.com", password: "1234567" };
    for (const [method, path, token] of [
      ["POST", "/users"],
      ["PUT", "/user", author.token],
    ] as const) {
      const { status, body } = await blog.ask(method, path, { body: { user }, token });
      assert.equal(status, 422);
      assert.deepEqual(Object.keys(body.errors), ["password"]);
    }
  });

  test("bio and image: an empty text and null both read back as null, what is left out stays", async () => {
    for (const nothing of ["", null]) {
      const set = { bio: "Hello", image: "https://example.com/a.png" };
      const { user } = await blog.good("PUT", "/user", { body: { user: set }, token: author.token });
      assert.deepEqual([user.bio, user.image], [set.bio, set.image]);
      const bio = await blog.good("PUT", "/user", { body: { user: { bio: nothing } }, token: author.token });
      assert.deepEqual([bio.user.bio, bio.user.image], [null, set.image]);
      const image = await blog.good("PUT", "/user", { body: { user: { image: nothing } }, token: author.token });
      assert.deepEqual([image.user.bio, image.user.image], [null, null]);
    }
  });

  test("a user changes name, address and password at once, and signs in with them", async () => {
    const { token } = await blog.user("mover");
    const change = { username: "moved", email: "Moved@Example.com", password: "another password" };
    const { user } = await blog.good("PUT", "/user", { body: { user: change }, token });
    assert.deepEqual(user, { username: "moved", email: "moved@example.com", token, bio: null, image: null });
    assert.equal((await blog.good("GET", "/user", { token })).user.email, "moved@example.com");
    const signIn = { email: change.email, password: change.password };
    assert.equal((await blog.good("POST", "/users/login", { body: { user: signIn } })).user.username, "moved");
  });

  test("a change that fails half-way changes nothing", async () => {
    const { token, email } = await blog.user("half");
    const change = { email: "half@example.org", username: author.username };
    assert.equal((await blog.ask("PUT", "/user", { body: { user: change }, token })).status, 409);
    assert.equal((await blog.good("GET", "/user", { token })).user.email, email);
    const user = { username: author.username, email: "free@example.com", password: PASSWORD };
    assert.equal((await blog.ask("POST", "/users", { body: { user } })).status, 409);
    const free = { ...user, username: "free" };
    assert.equal((await blog.ask("POST", "/users", { body: { user: free } })).status, 201);
  });

  test("a user name that could not stand in a path is refused", async () => {
    for (const username of ["a/b", "a?b", "..", "a\u202eb"]) {
      const user = { username, email: "odd@example.com", password: PASSWORD };
      const { status, body } = await blog.ask("POST", "/users", { body: { user } });
      assert.deepEqual([status, Object.keys(body.errors)], [422, ["username"]], username);
    }
    const user = { username: "Søren Å 漢字", email: "soren@example.com", password: PASSWORD };
    await blog.good("POST", "/users", { body: { user } });
    const { profile } = await blog.good("GET", `/profiles/${encodeURIComponent(user.username)}`);
    assert.equal(profile.username, user.username);
  });

  test("an update without tagList keeps the tags, an empty one clears them, null is refused", async () => {
    const { slug } = await blog.article(author, { tagList: ["zeta", "alpha"] });
    const put = (change: object) => blog.ask("PUT", `/articles/${slug}`, write(change));
    assert.deepEqual((await put({ body: "New" })).body.article.tagList, ["zeta", "alpha"]);
    const refused = await put({ tagList: null });
    assert.deepEqual([refused.status, Object.keys(refused.body.errors)], [422, ["tagList"]]);
    assert.deepEqual((await put({ tagList: [] })).body.article.tagList, []);
  });

  test("tags keep their order, each once, without blank ones", async () => {
    const { tagList } = await blog.article(author, { tagList: ["b", " a ", "b", "", " "] });
    assert.deepEqual(tagList, ["b", "a"]);
  });

  test("equal titles get different slugs, and a slug outlives a new title", async () => {
    const first = await blog.article(author, { title: "Twice told" });
    const second = await blog.article(reader, { title: "Twice told" });
    assert.equal(first.slug, "twice-told");
    assert.notEqual(first.slug, second.slug);
    const { article } = await blog.good("PUT", `/articles/${first.slug}`, write({ title: "Told again" }));
    assert.deepEqual([article.slug, article.title], ["twice-told", "Told again"]);
  });

  test("an article called like a route is still found", async () => {
    for (const title of ["Feed", "Drafts", "Search"]) {
      const { slug } = await blog.article(author, { title });
      assert.equal((await blog.good("GET", `/articles/${slug}`)).article.title, title);
    }
  });

  test("fields beyond the contract are ignored, never stored", async () => {
    const sly = { slug: "sly", author: reader.username, createdAt: "2001-01-01T00:00:00Z", favoritesCount: 9, id: 1 };
    const article = await blog.article(author, { title: "Honest", ...sly });
    assert.deepEqual([article.slug, article.author.username, article.favoritesCount], ["honest", author.username, 0]);
    const { article: changed } = await blog.good("PUT", "/articles/honest", write({ ...sly, body: "Changed" }));
    assert.deepEqual([changed.slug, changed.author.username], ["honest", author.username]);
    assert.equal(changed.createdAt, article.createdAt);
  });

  test("lists leave out bodies, are newest first, and count all pages", async () => {
    const writer = await blog.user("lists");
    const written: string[] = [];
    for (const title of ["One", "Two", "Three", "Four", "Five"])
      written.unshift((await blog.article(writer, { title })).slug);
    const list = await blog.good("GET", `/articles?author=${writer.username}&limit=2&offset=1`);
    assert.deepEqual(
      list.articles.map(({ slug }: { slug: string }) => slug),
      written.slice(1, 3),
    );
    assert.equal(list.articlesCount, 5);
    assert.ok(!("body" in list.articles[0]));
    const beyond = await blog.good("GET", `/articles?author=${writer.username}&offset=9`);
    assert.deepEqual([beyond.articles.length, beyond.articlesCount], [0, 5]);
  });

  test("a page has 20 articles unless asked for, and never more than 100", async () => {
    const writer = await blog.user("pages");
    await Promise.all(Array.from({ length: 21 }, (_, index) => blog.article(writer, { title: `Page ${index}` })));
    assert.equal((await slugs(`/articles?author=${writer.username}`)).length, 20);
    assert.equal((await slugs(`/articles?author=${writer.username}&limit=100`)).length, 21);
    assert.equal((await blog.ask("GET", "/articles?limit=101")).status, 422);
    assert.equal((await blog.ask("GET", "/articles?offset=100001")).status, 422);
  });

  test("lists are narrowed by tag, author and who has a favourite there, also together", async () => {
    const tagged = await blog.article(author, { tagList: ["rare", "both"] });
    const others = await blog.article(reader, { tagList: ["rare"] });
    await blog.good("POST", `/articles/${tagged.slug}/favorite`, { token: reader.token });
    assert.deepEqual(await slugs("/articles?tag=rare"), [others.slug, tagged.slug]);
    assert.deepEqual(await slugs(`/articles?tag=rare&author=${author.username}`), [tagged.slug]);
    assert.deepEqual(await slugs(`/articles?favorited=${reader.username}`), [tagged.slug]);
    assert.deepEqual(await slugs(`/articles?favorited=${reader.username}&author=${reader.username}`), []);
    for (const nothing of ["tag=rar", "author=nobody", "favorited=nobody"])
      assert.deepEqual(await slugs(`/articles?${nothing}`), []);
    assert.deepEqual(await slugs("/articles?tag=&author=&favorited=&limit=2"), [others.slug, tagged.slug]);
  });

  test("favourites are counted and shown to whom they belong", async () => {
    const { slug } = await blog.article(author);
    const favorite = (token: string) => blog.good("POST", `/articles/${slug}/favorite`, { token });
    assert.equal((await favorite(reader.token)).article.favoritesCount, 1);
    const again = (await favorite(reader.token)).article;
    assert.deepEqual([again.favorited, again.favoritesCount], [true, 1]);
    assert.equal((await favorite(author.token)).article.favoritesCount, 2);
    const guest = (await blog.good("GET", `/articles/${slug}`)).article;
    assert.deepEqual([guest.favorited, guest.favoritesCount, guest.updatedAt], [false, 2, again.updatedAt]);
    const { article } = await blog.good("DELETE", `/articles/${slug}/favorite`, { token: reader.token });
    assert.deepEqual([article.favorited, article.favoritesCount], [false, 1]);
  });

  test("the feed holds the articles of followed authors only", async () => {
    const follower = await blog.user("follower");
    const [one, two] = [await blog.user("one"), await blog.user("two")];
    const [first, , third] = [await blog.article(one), await blog.article(two), await blog.article(one)];
    assert.deepEqual(await slugs("/articles/feed", follower.token), []);
    const { profile } = await blog.good("POST", `/profiles/${one.username}/follow`, { token: follower.token });
    assert.equal(profile.following, true);
    await blog.good("POST", `/profiles/${one.username}/follow`, { token: follower.token });
    const feed = await blog.good("GET", "/articles/feed", { token: follower.token });
    assert.deepEqual(
      feed.articles.map(({ slug }: { slug: string }) => slug),
      [third.slug, first.slug],
    );
    assert.deepEqual([feed.articlesCount, feed.articles[0].author.following], [2, true]);
    await blog.good("DELETE", `/profiles/${one.username}/follow`, { token: follower.token });
    assert.deepEqual(await slugs("/articles/feed", follower.token), []);
  });

  test("comments have whole numbers as ids and come newest first", async () => {
    const { slug } = await blog.article(author);
    const ids = [(await blog.comment(author, slug)).id, (await blog.comment(reader, slug)).id];
    assert.ok(ids.every(Number.isInteger));
    const { comments } = await blog.good("GET", `/articles/${slug}/comments`);
    assert.deepEqual(
      comments.map(({ id }: { id: number }) => id),
      ids.toReversed(),
    );
  });

  test("tags are those of published articles, the most used first", async () => {
    for (const tagList of [["often"], ["often"], ["often", "seldom"]]) await blog.article(author, { tagList });
    await blog.article(author, { tagList: ["secret"], status: "draft" });
    const { tags } = await blog.good("GET", "/tags");
    assert.equal(tags[0], "often");
    assert.ok(tags.includes("seldom") && !tags.includes("secret"));
  });

  test("an account made elsewhere can write, and chooses a name later", async () => {
    const body = JSON.stringify({ email: "elsewhere@example.com", password: PASSWORD });
    const headers = { "content-type": "application/json" };
    await fetch(`${blog.running.url}/accounts/sign-up`, { method: "POST", headers, body });
    const signIn = { email: "elsewhere@example.com", password: PASSWORD };
    const { user } = await blog.good("POST", "/users/login", { body: { user: signIn } });
    assert.match(user.username, /^user-[0-9a-f]{12}$/);
    assert.equal((await blog.article(user)).author.username, user.username);
    await blog.good("PUT", "/user", { body: { user: { username: "chosen" } }, token: user.token });
    await blog.good("GET", "/profiles/chosen");
  });
});
