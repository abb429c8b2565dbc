/** Declarations as a whole: all mistakes come at once, each is told once, and correct ones have none. */
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { DeclarationError } from "../src/define/errors.ts";
import { content, list, nullable, page } from "../src/define/shape.ts";
import { entity, field, Link, mistakesOf, PLACE, run, service } from "./check-samples.ts";

describe("all mistakes at once", () => {
  test("ten mistakes of one app come together, each with its own place", () => {
    const One = entity("one", { id: field.id(), a: field.integer({ max: 5 }).default(6) }, { unique: [["b"]] });
    const Two = entity("two", { a: field.ref(() => undefined), b: field.text().optional() }, { primaryKey: ["b"] });
    const app = service("App", { entities: { One, Two }, actor: "anyone", prefix: "app" });
    const bad = app.command("POST /a/:x", {
      run,
      limit: { per: "all", rate: "often" },
      errors: { no: { status: 500, title: "No" } },
    });
    const found = mistakesOf({ app: { bad } });
    assert.equal(found.length, 10, JSON.stringify(found, null, 2));
    assert.deepEqual([...new Set(found.map((each) => each.place))].length, 4);
    const { message } = new DeclarationError(found);
    assert.match(message, /^10 mistakes in the declarations:\n/);
    for (const each of found) assert.ok(message.includes(each.problem) && message.includes(each.wayOut));
  });

  test("a field that many places use is judged once, at its entity", () => {
    const Bad = entity("bad", {
      id: field.id(),
      a: field.text({ min: 3, max: 2 }),
      b: field.integer({ max: 1 }).default(2),
    });
    const app = service("app", { entities: { Bad }, actor: "anyone" });
    const one = app.command("POST /a", { input: { a: Bad.fields.a.optional(), b: Bad.fields.b }, output: Bad, run });
    const found = mistakesOf({ app: { app, one } });
    assert.deepEqual(
      found.map((each) => each.problem.split(":")[0]),
      ["bad.a", "bad.b"],
    );
  });

  test("endpoints that want accounts which are not there are one mistake per service", () => {
    const app = service("app");
    const found = mistakesOf({ app: { one: app.command("POST /a", { run }), two: app.command("POST /b", { run }) } });
    assert.equal(found.length, 1);
    assert.match(found[0]!.problem, /^app\.one \(POST \/a\): .*\(and 1 more of the service "app"\)/);
  });

  test("one endpoint under two names is one mistake, not a route that is taken", () => {
    const one = service("app", { actor: "anyone" }).command("POST /a", { run });
    const found = mistakesOf({ app: { one, two: one } });
    assert.deepEqual(
      found.map((each) => each.problem),
      ["app.two (POST /a): the same endpoint is exported as app.one, too"],
    );
    assert.match(found[0]!.place, PLACE);
  });

  test("a module that exports nothing for an app is named", () => {
    const [mistake, ...others] = mistakesOf({ model: { Link }, app: { app: service("app") } });
    assert.equal(others.length, 0);
    assert.match(mistake!.place, /: model$/);
    assert.match(mistake!.problem, /module "model": it exports neither .* but Link/);
    assert.match(mistake!.wayOut, /Export endpoints or a service/);
  });

  test("bounds, items and JSON that stand in several places are judged once, too", () => {
    const number = field.integer({ max: 3e9 });
    const json = field.json({ at: field.time() });
    const Bad = entity("bad", {
      id: field.id(),
      a: number,
      b: number.optional(),
      c: field.list(number),
      d: json,
      e: json.nullable(),
    });
    const app = service("app", { entities: { Bad }, actor: "anyone" });
    const shape = field.json({ b: "text" });
    const one = app.command("POST /a", { input: { a: number, d: json, e: shape, f: shape.nullable() }, run });
    const found = mistakesOf({ app: { app, one } });
    assert.deepEqual(
      found.map((each) => each.problem.split(":")[0]),
      ["bad.a", "bad.d.at", "app.one (POST /a).input.e.b"],
    );
  });
});

describe("correct declarations", () => {
  const User = entity("user", { id: field.id(), email: field.email().unique(), password: field.text().hidden() });
  const Post = entity(
    "post",
    {
      id: field.id(),
      author: field.ref(() => User, { onDelete: "set null" }).optional(),
      parent: field.ref(() => Post, { onDelete: "cascade" }).nullable(),
      slug: field.text({ pattern: /^[a-z-]+$/ }).unique(),
      title: field.text({ min: 1, max: 200 }).default("Untitled"),
      state: field.enum("", "draft", "public").default("draft"),
      views: field.bigint().default(0n),
      price: field.decimal({ precision: 10, scale: 2 }).default("1.50"),
      fee: field.money().default({ amount: 5, currency: "EUR" }),
      tags: field.list(field.text({ max: 20 }), { max: 5 }).default([]),
      settings: field
        .json({ theme: field.enum("light"), sizes: list(field.integer()), at: { day: field.date() } })
        .optional(),
      anything: field.json().default({ a: [1, null] }),
      since: field.time().default(new Date(0)),
      note: field.text().nullable().default(null),
      lower: field.text().computed("lower(title)"),
      changed: field.updated(),
    },
    {
      unique: [["author", "title"]],
      indexes: [{ on: ["anything"], using: "gin" }, { search: ["title", "slug"] }, { on: ["since"], where: "true" }],
    },
  );
  const Like = entity(
    "like",
    { user: field.ref(() => User), post: field.ref(() => Post) },
    { primaryKey: ["user", "post"] },
  );
  const people = service("people", { entities: { User }, actor: "anyone", authenticate: run });
  const blog = service("blog", {
    entities: { Post, Like },
    prefix: "/api/v1",
    cors: { origins: ["https://a.example", "http://localhost:3000"], credentials: true },
    unknownInput: "ignore",
  });

  test("a rich app has no mistakes", () => {
    const errors = { CODE_TAKEN: { status: 409, title: "Taken" } };
    const limit = { per: "actor", rate: "60/minute" };
    const endpoints = {
      home: blog.query("GET /", { output: { posts: list(Post), me: nullable(User) }, run }),
      all: blog.query("GET /posts", {
        input: { tags: Post.fields.tags, limit: field.integer().default(20), q: field.text().optional() },
        output: page(Post),
        run,
      }),
      one: blog.query("GET /posts/:id", { input: { id: Post.fields.id }, output: Post, run }),
      likes: blog.query("GET /posts/:post/likes", {
        input: { post: Like.fields.post },
        output: { count: field.integer() },
        run,
      }),
      fixed: blog.query("GET /posts/feed", { output: content("application/rss+xml; charset=utf-8"), run }),
      write: blog.command("POST /posts", {
        input: { post: Post, more: list(Post.pick("title"), { max: 3 }), fee: field.money() },
        output: Post,
        status: 201,
        errors,
        limit,
        run,
      }),
      change: blog.command("PATCH /posts/:id", {
        input: { id: Post.fields.id, ...Post.partial("title", "note") },
        output: Post.omit("fee"),
        isolation: "read committed",
        run,
      }),
      remove: blog.command("DELETE /posts/:id", {
        input: { id: Post.fields.id, force: field.boolean().default(false) },
        run,
      }),
      accept: blog.command("POST /later", {
        input: { key: field.text().from("header", "x-key"), sid: field.text().from("cookie") },
        status: 202,
        run,
      }),
      signIn: people.command("POST /sign-in", {
        input: User.pick("email", "password"),
        output: User,
        actor: "anyone",
        run,
      }),
      docs: people.query("GET /:page", {
        input: { page: field.text() },
        output: { text: field.text(), json: field.json({ a: field.time() }) },
        run,
      }),
    };
    assert.deepEqual(mistakesOf({ blog: endpoints, people: { people } }), []);
  });
});
