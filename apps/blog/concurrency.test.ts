/** Many at once: nothing is lost, nothing counts twice, nobody is sent away. */
import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { missing, TEST_SERVERS } from "lineshaft/testkit";
import { type Blog, PASSWORD, startBlog, type User } from "./test/client.ts";

const MANY = 20;
const many = Array.from({ length: MANY }, (_, index) => index);

for (const server of TEST_SERVERS) {
  describe(`many readers and writers at once on ${server.name}`, { skip: missing(server) }, () => {
    let blog: Blog;
    let users: readonly User[];

    before(async () => {
      blog = await startBlog({ server });
      users = await Promise.all(many.map(() => blog.user()));
    });
    after(() => blog[Symbol.asyncDispose]());

    test("favourites of different readers all count, those of the same reader once", async () => {
      const { slug } = await blog.article(users[0]!);
      const favorite = ({ token }: User) => blog.good("POST", `/articles/${slug}/favorite`, { token });
      await Promise.all(users.flatMap((user) => [favorite(user), favorite(user)]));
      const { article } = await blog.good("GET", `/articles/${slug}`, { token: users[3]!.token });
      assert.deepEqual([article.favoritesCount, article.favorited], [MANY, true]);
    });

    test("articles of one title all get a slug of their own", async () => {
      const written = await Promise.all(users.map((user) => blog.article(user, { title: "The same thought" })));
      const slugs = new Set(written.map(({ slug }) => slug));
      assert.equal(slugs.size, MANY);
      assert.ok(slugs.has("the-same-thought"));
    });

    test("of many who want one name, one gets it and the others hear that it is taken", async () => {
      const answers = await Promise.all(
        many.map((index) => {
          const user = { username: "wanted", email: `wanted${index}@example.com`, password: PASSWORD };
          return blog.ask("POST", "/users", { body: { user } });
        }),
      );
      const refused = answers.filter(({ status }) => status === 409);
      assert.equal(answers.filter(({ status }) => status === 201).length, 1);
      assert.equal(refused.length, MANY - 1);
      for (const { body } of refused) assert.deepEqual(body, { errors: { username: ["has already been taken"] } });
    });

    test("comments of many are all there", async () => {
      const { slug } = await blog.article(users[0]!);
      await Promise.all(users.map((user) => blog.comment(user, slug)));
      assert.equal((await blog.good("GET", `/articles/${slug}/comments`)).comments.length, MANY);
    });

    test("an author's changes to one article come one after the other", async () => {
      const { slug } = await blog.article(users[0]!);
      const put = (article: object) =>
        blog.ask("PUT", `/articles/${slug}`, { body: { article }, token: users[0]!.token });
      const answers = await Promise.all(many.slice(0, 4).map((index) => put({ body: `Version ${index}` })));
      assert.ok(answers.every(({ status }) => status === 200));
    });
  });
}
