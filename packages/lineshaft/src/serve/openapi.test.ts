import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { Validator } from "@seriousme/openapi-schema-validator";
import { Compile } from "typebox/schema";
import { collect } from "../define/declarations.ts";
import { entity } from "../define/entity.ts";
import { field } from "../define/field.ts";
import { type Problem, service } from "../define/service.ts";
import { content, list, nullable, page } from "../define/shape.ts";
import { openApiDocument } from "./openapi.ts";
import { schemaOfSamples } from "./openapi-problems.ts";

/** A part of a document; what it is, the assertions say. */
interface Json {
  [key: string]: Json;
}

const never = async (): Promise<never> => {
  throw new Error("A document is made without running anything.");
};
const INFO = { title: "Sample", version: "1.2.3", servers: ["https://api.example"] };

class Writer extends entity(
  "writer",
  { id: field.id(), email: field.email().unique(), password: field.text({ min: 12 }).hidden(), since: field.now() },
  { description: "Somebody who writes." },
) {}

class Post extends entity("post", {
  id: field.id(),
  title: field.text({ min: 1, max: 120 }).describe("Shown in lists."),
  slug: field.text({ max: 60, pattern: /^[a-z0-9]+(?:-[a-z0-9]+)*$/ }).unique(),
  sku: field.text({ min: 3, pattern: /^(?:AB|CD)-\d{4,6}[x-z]?$/ }),
  code: field.text({ pattern: /^[^a-z\s]{3}$/ }),
  author: field.ref(() => Writer),
  state: field.enum("draft", "published").default("draft"),
  views: field.bigint().default(0n),
  rating: field.float().optional(),
  price: field.money().nullable(),
  weight: field.decimal({ precision: 5, scale: 2 }),
  whole: field.decimal({ precision: 3, scale: 0 }),
  stars: field.integer({ min: 3, max: 5 }),
  open: field.boolean(),
  due: field.date().optional(),
  seen: field.time().nullable(),
  start: field.time().default(new Date(0)),
  link: field.url().example("https://blog.example/1"),
  tags: field.list(field.text({ max: 20 }), { max: 5 }),
  settings: field.json({ theme: field.enum("light", "dark"), size: field.integer().optional() }),
  extra: field.json(),
  words: field.integer().computed("length(title)"),
  changed: field.updated(),
}) {}

/** Named like the entity of the other service. */
class Clash {
  static readonly Post = class Post extends entity("post", {
    number: field.serial(),
    body: field.text(),
    pages: field.integer().default(1),
  }) {};
}

const blog = service("blog", { entities: { Writer, Post }, prefix: "/api", description: "Posts.", actor: "anyone" });
const shelf = service("shelf", {
  entities: { Post: Clash.Post },
  unknownInput: "ignore",
  problem: ({ code, status, errors }: Problem) => ({
    status: code === "NOT_FOUND" ? 410 : status,
    body: { errors: errors.length > 0 ? errors.map(({ detail }) => detail) : [code] },
    mediaType: "application/vnd.shelf+json",
  }),
});
const broken = service("broken", {
  problem: () => {
    throw new Error("This format cannot show a sample.");
  },
});
const accounts = service("accounts", { authenticate: never });

const { title, slug, stars } = Post.fields;
const run = never;
const posts = {
  list: blog.query("GET /posts", {
    summary: "Lists posts",
    input: {
      tag: field.list(field.text()).optional(),
      after: field.text().optional(),
      size: field.integer({ max: 50 }).default(20),
    },
    output: page(Post),
    run,
  }),
  read: blog.query("GET /posts/:slug", {
    input: { slug, lang: field.text().from("header", "Accept-Language") },
    output: Post,
    run,
  }),
  add: blog.command("POST /posts", {
    description: "Adds a post.",
    actor: "account",
    limit: { per: "actor", rate: "60/minute" },
    input: {
      ...Post.pick("title", "slug", "sku", "tags", "settings", "views", "seen"),
      writers: list(Writer),
      best: nullable(Writer),
    },
    output: Post,
    status: 201,
    errors: { SLUG_TAKEN: { status: 409, title: "That slug is taken" }, TOO_DULL: { status: 422, title: "Too dull" } },
    run,
  }),
  change: blog.command("PATCH /posts/:id", {
    input: { id: Post.fields.id, ...Post.partial("title", "due") },
    output: Post,
    run,
  }),
  remove: blog.command("DELETE /posts/:id", {
    input: { id: Post.fields.id, force: field.boolean().default(false) },
    run,
  }),
  feed: blog.query("GET /feed", { output: content("application/rss+xml"), run }),
  writer: blog.query("GET /writers/:id", {
    input: { id: Writer.fields.id },
    output: { writer: nullable(Writer), all: list(Writer) },
    run,
  }),
};
const shelves = {
  put: shelf.command("PUT /shelf/:number", {
    input: { number: field.serial(), post: Clash.Post, stars },
    output: Clash.Post,
    run,
  }),
  titles: shelf.query("GET /shelf", { input: { title: title.optional() }, output: list(field.text()), run }),
};
const odd = { ping: broken.query("GET /ping", { actor: "anyone", output: field.boolean(), run }) };

const MODULES = { posts, shelves, odd, accounts: { accounts } };
const made = (): Json => openApiDocument(collect(MODULES), INFO) as Json;
const document = made();

function operations(of: Json): Json[] {
  return Object.values(of["paths"]!).flatMap((path) => Object.values(path));
}

function answerExample(path: string): Json {
  const answer = resolved(document["paths"]![path]!["get"]!["responses"]!["200"]!);
  return answer["content"]!["application/json"]!["example"]!;
}

function resolved(value: Json): Json {
  if (typeof value !== "object" || value === null) return value;
  const reference: unknown = value["$ref"];
  if (typeof reference === "string") {
    const keys = reference.slice(2).split("/");
    return resolved(keys.reduce((at, key) => at[key]!, document));
  }
  if (Array.isArray(value)) return value.map(resolved) as never;
  return Object.fromEntries(Object.entries(value).map(([key, each]) => [key, resolved(each)]));
}

/** Every place with a schema and something that should fit it. */
function examplesIn(value: Json, place: string): { place: string; schema: Json; example: unknown }[] {
  if (typeof value !== "object" || value === null) return [];
  const { schema, example, examples } = value;
  const several = examples && !Array.isArray(examples) ? Object.values(examples).map((each) => each["value"]) : [];
  const here = schema ? [...(example === undefined ? [] : [example]), ...several] : [];
  return [
    ...here.map((each) => ({ place, schema: schema!, example: each })),
    ...Object.entries(value).flatMap(([key, each]) => examplesIn(each, `${place}/${key}`)),
  ];
}

describe("the OpenAPI document", () => {
  test("is valid by an independent validator", async () => {
    const result = await new Validator().validate(structuredClone(document) as Record<string, unknown>);
    assert.deepEqual(result.errors ?? [], []);
    assert.ok(result.valid);
    const empty = openApiDocument(collect({}), { title: "Empty", version: "0" });
    assert.ok((await new Validator().validate(empty as Record<string, unknown>)).valid);
  });

  test("has every endpoint once, under its name, and nothing else", () => {
    const names = Object.entries(MODULES).flatMap(([name, module]) =>
      Object.keys(module).map((key) => `${name}.${key}`),
    );
    const expected = names.filter((name) => name !== "accounts.accounts");
    assert.deepEqual(
      operations(document)
        .map((each) => each["operationId"])
        .toSorted(),
      expected.toSorted(),
    );
    assert.deepEqual(document["tags"], [
      { name: "blog", description: "Posts." },
      { name: "shelf" },
      { name: "broken" },
    ]);
  });

  test("is the same text each time", () => {
    assert.equal(JSON.stringify(made()), JSON.stringify(document));
  });

  test("has examples that fit their schemas", () => {
    const found = examplesIn(resolved(document["paths"]!), "");
    assert.ok(found.length > 50, `only ${found.length} examples`);
    for (const { place, schema, example } of found) {
      const [valid, errors] = Compile(schema as object).Errors(example);
      assert.ok(valid, `${place}: ${JSON.stringify(example)} ${JSON.stringify(errors)}`);
    }
  });

  test("gives every body and answer an example", () => {
    for (const each of operations(document)) {
      for (const part of [each["requestBody"], ...Object.values(each["responses"]!)]) {
        for (const media of Object.values(resolved(part ?? {})["content"] ?? {})) {
          assert.ok("example" in media || "examples" in media, `${each["operationId"]}: ${JSON.stringify(part)}`);
        }
      }
    }
  });

  test("takes what a field says as its example", () => {
    const example = answerExample("/api/posts/{slug}");
    assert.equal(example["link"], "https://blog.example/1");
    assert.equal(example["state"], "draft");
    assert.equal(example["views"], "0");
    assert.equal(example["start"], "1970-01-01T00:00:00.000Z");
    const writer = answerExample("/api/writers/{id}");
    assert.equal(writer["writer"]!["id"], example["author"], "a reference shows the id of what it refers to");
  });

  test("shows nothing hidden in any answer", () => {
    for (const each of operations(document)) {
      assert.doesNotMatch(JSON.stringify(resolved(each["responses"]!)), /password/, String(each["operationId"]));
    }
    assert.match(JSON.stringify(resolved(document["paths"]!["/api/posts"]!["post"]!["requestBody"]!)), /password/);
  });
});

describe("an operation", () => {
  const post = document["paths"]!["/api/posts"]!["post"]!;
  const parameters = (path: string, method: string): unknown[] =>
    Object.values(document["paths"]![path]![method]!["parameters"]!).map((each) => [
      each["name"],
      each["in"],
      each["required"] ?? false,
    ]);

  test("reads parameters from where the server reads them", () => {
    assert.deepEqual(parameters("/api/posts", "get"), [
      ["tag", "query", false],
      ["after", "query", false],
      ["size", "query", false],
    ]);
    assert.deepEqual(parameters("/api/posts/{slug}", "get"), [
      ["slug", "path", true],
      ["accept-language", "header", true],
    ]);
    const [tag] = Object.values(document["paths"]!["/api/posts"]!["get"]!["parameters"]!);
    assert.equal(tag!["style"], "form");
    assert.equal(tag!["explode"], true);
  });

  test("shares one path with others whose parameter has another name", () => {
    assert.deepEqual(Object.keys(document["paths"]!["/api/posts/{slug}"]!), ["get", "patch", "delete"]);
    assert.deepEqual(parameters("/api/posts/{slug}", "delete"), [
      ["slug", "path", true],
      ["force", "query", false],
    ]);
  });

  test("requires a body only when something in it is required", () => {
    assert.equal(post["requestBody"]!["required"], true);
    assert.equal("required" in document["paths"]!["/api/posts/{slug}"]!["patch"]!["requestBody"]!, false);
    assert.equal("requestBody" in document["paths"]!["/api/posts/{slug}"]!["delete"]!, false);
  });

  test("lists its own failures beside the platform's", () => {
    assert.deepEqual(Object.keys(post["responses"]!), [
      "201",
      "400",
      "401",
      "403",
      "409",
      "413",
      "415",
      "422",
      "429",
      "503",
      "default",
    ]);
    const conflict = post["responses"]!["409"]!["content"]!["application/problem+json"]!["examples"]!;
    assert.deepEqual(Object.keys(conflict), ["SLUG_TAKEN", "CONFLICT", "ALREADY_EXISTS", "STILL_REFERENCED"]);
    assert.deepEqual(Object.keys(document["paths"]!["/api/feed"]!["get"]!["responses"]!), [
      "200",
      "304",
      "503",
      "default",
    ]);
    assert.deepEqual(post["responses"]!["429"], { $ref: "#/components/responses/TooManyRequests" });
  });

  test("says its limit and who may call", () => {
    assert.deepEqual(post["x-rate-limit"], { rate: "60/minute", per: "actor" });
    assert.equal(post["description"], "Adds a post.\n\nLimit: 60 per minute, per caller.");
    assert.deepEqual(post["security"], [{ bearer: [] }, { session: [] }]);
    assert.deepEqual(document["paths"]!["/api/feed"]!["get"]!["security"], [{}, { bearer: [] }, { session: [] }]);
    const alone = openApiDocument(collect({ posts }), INFO) as Json;
    assert.equal("securitySchemes" in alone["components"]!, false);
    assert.equal("security" in alone["paths"]!["/api/posts"]!["post"]!, false);
  });

  test("has no content at 204, and text of its own type", () => {
    assert.equal("content" in document["paths"]!["/api/posts/{slug}"]!["delete"]!["responses"]!["204"]!, false);
    assert.deepEqual(Object.keys(document["paths"]!["/api/feed"]!["get"]!["responses"]!["200"]!["content"]!), [
      "application/rss+xml",
    ]);
  });

  test("of a query that answers with JSON can be subscribed to, and no other", () => {
    const types = (path: string, method: string) =>
      Object.entries(document["paths"]![path]![method]!["responses"]!)
        .filter(([status]) => status.startsWith("2"))
        .flatMap(([, response]) => Object.keys(resolved(response)["content"] ?? {}));
    assert.deepEqual(types("/api/posts", "get"), ["application/json", "text/event-stream"]);
    assert.deepEqual(types("/shelf", "get"), ["application/json", "text/event-stream"]);
    assert.deepEqual(types("/api/posts", "post"), ["application/json"]);
    assert.deepEqual(types("/api/feed", "get"), ["application/rss+xml"]);
    const stream = document["paths"]!["/ping"]!["get"]!["responses"]!["200"]!["content"]!["text/event-stream"]!;
    assert.deepEqual(stream["schema"], { $ref: "#/components/schemas/AnswerStream" });
    assert.match(String(document["components"]!["schemas"]!["AnswerStream"]!["description"]), /Last-Event-ID/);
  });

  test("shows failures in the format of its service", () => {
    const responses = document["paths"]!["/shelf/{number}"]!["put"]!["responses"]!;
    const gone = resolved(responses["410"]!);
    assert.deepEqual(gone["content"]!["application/vnd.shelf+json"]!["example"], { errors: ["NOT_FOUND"] });
    assert.deepEqual(gone["content"]!["application/vnd.shelf+json"]!["schema"]!["properties"], {
      errors: { type: "array", items: { type: "string" } },
    });
    assert.doesNotMatch(JSON.stringify(resolved(responses)), /problem\+json/);
  });
});

describe("components", () => {
  test("name entities, by their service where two share a name, by direction where it matters", () => {
    const names = Object.keys(document["components"]!["schemas"]!);
    assert.deepEqual(names, [
      "AnswerStream",
      "Problem",
      "Writer",
      "WriterInput",
      "blog.Post",
      "shelf.Post",
      "shelf.PostLooseInput",
    ]);
    assert.equal(document["components"]!["schemas"]!["Writer"]!["description"], "Somebody who writes.");
  });

  test("leave out what nothing refers to", () => {
    const alone = openApiDocument(collect({ odd, model: { blog } }), INFO) as Json;
    assert.deepEqual(Object.keys(alone["components"]!["schemas"]!), ["AnswerStream", "Problem"]);
    const written = openApiDocument(collect({ posts: { add: posts.add } }), INFO) as Json;
    assert.equal("AnswerStream" in written["components"]!["schemas"]!, false);
  });
});

describe("a schema of samples", () => {
  test("stays open for what the samples do not show", () => {
    assert.deepEqual(schemaOfSamples([{ errors: { title: ["is short"] } }, { errors: {} }]), {
      type: "object",
      properties: { errors: { type: "object", properties: { title: { type: "array", items: { type: "string" } } } } },
    });
    assert.deepEqual(schemaOfSamples(["text", null]), { type: ["string", "null"] });
  });
});
