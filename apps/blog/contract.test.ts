/** Every operation of the RealWorld description, asked by a guest, by another user and by the author. */
import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { missing, TEST_SERVERS } from "lineshaft/testkit";
import { type Blog, PASSWORD, startBlog, type User } from "./test/client.ts";
import { OPERATIONS } from "./test/contract.ts";

interface Scene {
  readonly slug: string;
  readonly comment: number;
  readonly author: User;
  readonly unique: string;
}

interface Row {
  readonly operation: string;
  readonly path?: (scene: Scene) => string;
  readonly body?: (scene: Scene) => object;
  /** Statuses for a guest, for another user and for the author of the article and the comment. */
  readonly expected: readonly [guest: number, other: number, author: number];
}

const ROLES = ["guest", "other", "author"] as const;
const ONE = ({ slug }: Scene) => `/articles/${slug}`;
const PROFILE = ({ author }: Scene) => `/profiles/${author.username}`;
const NEW = () => ({ article: { title: "New", description: "About", body: "Text", tagList: ["one", "two"] } });

const SCENARIOS: readonly Row[] = [
  { operation: "GET /tags", expected: [200, 200, 200] },
  { operation: "GET /articles", expected: [200, 200, 200] },
  { operation: "GET /articles/feed", expected: [401, 200, 200] },
  { operation: "GET /articles/{slug}", path: ONE, expected: [200, 200, 200] },
  { operation: "POST /articles", body: NEW, expected: [401, 201, 201] },
  {
    operation: "PUT /articles/{slug}",
    path: ONE,
    body: () => ({ article: { body: "Changed" } }),
    expected: [401, 403, 200],
  },
  { operation: "DELETE /articles/{slug}", path: ONE, expected: [401, 403, 204] },
  { operation: "POST /articles/{slug}/favorite", path: (scene) => `${ONE(scene)}/favorite`, expected: [401, 200, 200] },
  {
    operation: "DELETE /articles/{slug}/favorite",
    path: (scene) => `${ONE(scene)}/favorite`,
    expected: [401, 200, 200],
  },
  { operation: "GET /articles/{slug}/comments", path: (scene) => `${ONE(scene)}/comments`, expected: [200, 200, 200] },
  {
    operation: "POST /articles/{slug}/comments",
    path: (scene) => `${ONE(scene)}/comments`,
    body: () => ({ comment: { body: "Hear, hear" } }),
    expected: [401, 201, 201],
  },
  {
    operation: "DELETE /articles/{slug}/comments/{id}",
    path: (scene) => `${ONE(scene)}/comments/${scene.comment}`,
    expected: [401, 403, 204],
  },
  { operation: "GET /profiles/{username}", path: PROFILE, expected: [200, 200, 200] },
  {
    operation: "POST /profiles/{username}/follow",
    path: (scene) => `${PROFILE(scene)}/follow`,
    expected: [401, 200, 200],
  },
  {
    operation: "DELETE /profiles/{username}/follow",
    path: (scene) => `${PROFILE(scene)}/follow`,
    expected: [401, 200, 200],
  },
  { operation: "GET /user", expected: [401, 200, 200] },
  { operation: "PUT /user", body: () => ({ user: { bio: "Writes" } }), expected: [401, 200, 200] },
  {
    operation: "POST /users",
    body: ({ unique }) => ({ user: { username: unique, email: `${unique}@example.com`, password: PASSWORD } }),
    expected: [201, 201, 201],
  },
  {
    operation: "POST /users/login",
    body: ({ author }) => ({ user: { email: author.email, password: PASSWORD } }),
    expected: [200, 200, 200],
  },
];

/** Failures whose bodies the description and its text tell. */
const FAILURES: readonly (readonly [
  operation: string,
  path: string,
  body: object | null,
  status: number,
  errors: object,
])[] = [
  ["POST /users", "/users", { user: {} }, 422, BLANK("username", "email", "password")],
  ["POST /users/login", "/users/login", { user: { email: " ", password: "" } }, 422, BLANK("email", "password")],
  [
    "POST /users/login",
    "/users/login",
    { user: { email: "nobody@example.com", password: PASSWORD } },
    401,
    { credentials: ["invalid"] },
  ],
  ["PUT /user", "/user", { user: { username: "", email: null } }, 422, BLANK("username", "email")],
  ["GET /profiles/{username}", "/profiles/nobody", null, 404, { profile: ["not found"] }],
  ["POST /profiles/{username}/follow", "/profiles/nobody/follow", null, 404, { profile: ["not found"] }],
  ["DELETE /profiles/{username}/follow", "/profiles/nobody/follow", null, 404, { profile: ["not found"] }],
  ["GET /articles/{slug}", "/articles/none", null, 404, { article: ["not found"] }],
  ["PUT /articles/{slug}", "/articles/none", { article: {} }, 404, { article: ["not found"] }],
  ["PUT /articles/{slug}", "/articles/none", { article: { title: " " } }, 422, BLANK("title")],
  ["DELETE /articles/{slug}", "/articles/none", null, 404, { article: ["not found"] }],
  ["POST /articles/{slug}/favorite", "/articles/none/favorite", null, 404, { article: ["not found"] }],
  ["DELETE /articles/{slug}/favorite", "/articles/none/favorite", null, 404, { article: ["not found"] }],
  ["GET /articles/{slug}/comments", "/articles/none/comments", null, 404, { article: ["not found"] }],
  ["POST /articles", "/articles", { article: {} }, 422, BLANK("title", "description", "body")],
  [
    "POST /articles/{slug}/comments",
    "/articles/none/comments",
    { comment: { body: "x" } },
    404,
    { article: ["not found"] },
  ],
  ["POST /articles/{slug}/comments", "/articles/none/comments", { comment: { body: "\n" } }, 422, BLANK("body")],
  ["DELETE /articles/{slug}/comments/{id}", "/articles/none/comments/1", null, 404, { article: ["not found"] }],
];

function BLANK(...names: string[]): object {
  return Object.fromEntries(names.map((name) => [name, ["can't be blank"]]));
}

/** Requests that a path or a query string makes wrong. */
const MALFORMED: readonly (readonly [method: string, path: string])[] = [
  ["GET", "/articles?limit=0"],
  ["GET", "/articles/feed?offset=-1"],
  ["GET", "/articles/%00"],
  ["DELETE", "/articles/%00"],
  ["GET", "/articles/%00/comments"],
  ["DELETE", "/articles/a/comments/first"],
  ["POST", "/articles/%00/favorite"],
  ["DELETE", "/articles/%00/favorite"],
  ["GET", "/profiles/%00"],
  ["POST", "/profiles/%00/follow"],
  ["DELETE", "/profiles/%00/follow"],
];

/** What the description declares and nothing brings about. */
const NEVER: readonly string[] = [
  // Public reads take a guest for a caller whose token is not valid any more.
  "GET /articles 401",
  "GET /articles/{slug}/comments 401",
  "GET /profiles/{username} 401",
  // Equal titles are allowed.
  "POST /articles 409",
  // They have no input that could be wrong.
  "GET /tags 422",
  "GET /user 422",
];

for (const server of TEST_SERVERS) {
  describe(`the RealWorld contract on ${server.name}`, { skip: missing(server) }, () => {
    let blog: Blog;
    let author: User;
    let other: User;
    let sceneCount = 0;

    before(async () => {
      blog = await startBlog({ server });
      author = await blog.user("author");
      other = await blog.user("other");
    });
    after(() => blog[Symbol.asyncDispose]());

    async function scene(): Promise<Scene> {
      const { slug } = await blog.article(author);
      const comment = (await blog.comment(author, slug)).id as number;
      return { slug, comment, author, unique: `unique${++sceneCount}` };
    }

    for (const { operation, path, body, expected } of SCENARIOS) {
      test(`${operation} as ${ROLES.join(", ")}: ${expected.join(", ")}`, async () => {
        const [method = "", template = ""] = operation.split(" ");
        for (const [index, token] of [undefined, other.token, author.token].entries()) {
          const set = await scene();
          const asking = { token, ...(body ? { body: body(set) } : {}) };
          const { status, body: answer } = await blog.ask(method, path?.(set) ?? template, asking);
          assert.equal(status, expected[index], `${ROLES[index]}: ${JSON.stringify(answer)}`);
          if (status === 401) assert.deepEqual(answer, { errors: { token: ["is missing"] } });
          const resource = operation.includes("comments") ? "comment" : "article";
          if (status === 403) assert.deepEqual(answer, { errors: { [resource]: ["forbidden"] } });
        }
      });
    }

    for (const [operation, path, body, status, errors] of FAILURES) {
      test(`${operation} with ${JSON.stringify(body)} is ${status} ${JSON.stringify(errors)}`, async () => {
        const [method = ""] = operation.split(" ");
        await blog.refused(method, path, { token: other.token, ...(body ? { body } : {}) }, [status, errors]);
      });
    }

    test("a comment that is not there is not found, also under another article", async () => {
      const [one, two] = [await scene(), await scene()];
      const path = `/articles/${one.slug}/comments/${two.comment}`;
      await blog.refused("DELETE", path, { token: author.token }, [404, { comment: ["not found"] }]);
    });

    test("a user name or an address that is used is 409", async () => {
      const user = { username: author.username, email: "new@example.com", password: PASSWORD };
      const names: [number, object] = [409, { username: ["has already been taken"] }];
      await blog.refused("POST", "/users", { body: { user } }, names);
      const again = { username: "new", email: author.email.toUpperCase(), password: PASSWORD };
      const addresses: [number, object] = [409, { email: ["has already been taken"] }];
      await blog.refused("POST", "/users", { body: { user: again } }, addresses);
      const change = { username: author.username };
      await blog.refused("PUT", "/user", { body: { user: change }, token: other.token }, names);
      const move = { email: author.email };
      await blog.refused("PUT", "/user", { body: { user: move }, token: other.token }, addresses);
    });

    for (const [method, path] of MALFORMED) {
      test(`${method} ${path} is 422`, async () => {
        assert.equal((await blog.ask(method, path, { token: other.token })).status, 422);
      });
    }

    test("every declared answer was seen, but those that nothing brings about", () => {
      const declared = OPERATIONS.flatMap(({ name, responses }) =>
        Object.keys(responses).map((status) => `${name} ${status}`),
      );
      const unseen = declared.filter((outcome) => !blog.seen.has(outcome));
      assert.deepEqual(unseen.toSorted(), NEVER.toSorted());
    });
  });
}
