/** Types of endpoints: everything that `run` gets is inferred from the declaration. */
import {
  type AccountActor,
  type Actor,
  type Command,
  content,
  field,
  type Limit,
  list,
  type Nothing,
  page,
  type Query,
  type Transaction,
} from "lineshaft";
import { type Equal, type Expect, same } from "./expect.ts";
import { Author, blog, feed, Post } from "./model.ts";

export const publish = blog.command("POST /posts", {
  summary: "Publishes a post",
  limit: { per: "actor", rate: "60/minute" } satisfies Limit,
  input: { ...Post.pick("title", "subtitle", "words", "tags", "settings", "price"), at: field.time().optional() },
  output: Post,
  errors: { TITLE_TAKEN: { status: 409, title: "That title is taken" }, TOO_LATE: { status: 422, title: "Too late" } },
  status: 201,
  async run({ input, actor, db, fail, now, request, reply, log, signal }) {
    same<string>()(input.title);
    same<string | undefined>()(input.subtitle);
    same<number>()(input.words);
    same<Date | undefined>()(input.at);
    same<AccountActor>()(actor);
    same<Transaction<(typeof blog)["~tables"]>>()(db);
    same<Date>()(now);
    same<string>()(request.origin);
    same<AbortSignal>()(signal);
    reply.header("location", input.title);
    log.info({ actor: actor.id }, "published");
    if (input.words > 10_000) throw fail("TOO_LATE", { detail: "Too long." });
    // @ts-expect-error: a code that nobody declared.
    if (input.words < 0) throw fail("TO_LATE");
    // @ts-expect-error: no such field in the input.
    input.body;
    // @ts-expect-error: what came in does not change.
    input.title = "";
    const { at, ...values } = input;
    return db
      .insertInto("post")
      .values({
        ...values,
        number: 1n,
        author: actor.id,
        rating: null,
        day: "2026-11-20",
        note: "",
        publishedAt: at ?? null,
      })
      .returningAll()
      .executeTakeFirstOrThrow();
  },
});

export const rename = blog.command("PATCH /posts/:id/:day", {
  // `run` may stand before what it depends on.
  run: async ({ input, db }) => {
    same<string>()(input.id);
    same<string | null | undefined>()(input.change.subtitle);
    await db.updateTable("post").set(input.change).where("id", "=", input.id).execute();
  },
  input: { id: Post.fields.id, day: field.date(), change: Post.partial("title", "subtitle") },
});

export const browse = feed.query("GET /posts", {
  input: { after: field.text().optional(), size: field.integer({ max: 100 }).default(20) },
  output: page({ ...Post.pick("id", "title", "publishedAt"), author: Author.fields.email }),
  async run({ input, actor, db }) {
    same<Actor>()(actor);
    same<string | null>()(actor.id);
    same<"post">()({} as keyof (typeof feed)["~tables"]);
    const query = db.selectFrom("post").select(["id", "title", "publishedAt", "author"]).limit(input.size);
    const items = await query.execute();
    return { items, next: items.at(-1)?.id ?? null };
  },
});

/** Actors: what the service says, unless the endpoint says something else. */
export const closed = feed.query("GET /closed", {
  actor: "account",
  output: { owner: field.text() },
  run: async ({ actor }) => ({ owner: same<AccountActor>()(actor) ?? actor.id }),
});

export const open = blog.query("GET /open", {
  actor: "anyone",
  output: { owner: field.text().optional() },
  run: async ({ actor }) => ({ owner: same<Actor>()(actor) ?? (actor.kind === "account" ? actor.email : null) }),
});

/** Answers that are text of another type, lists, and none at all. */
export const rss = feed.query("GET /rss", { output: content("application/rss+xml"), run: async () => "<rss/>" });

export const names = feed.query("GET /names", {
  output: list(field.text()),
  run: async ({ db }) => (await db.selectFrom("post").select("title").execute()).map((each) => each.title),
});

export const forget = blog.command("DELETE /posts/:id", {
  input: { id: Post.fields.id },
  async run({ input, db }) {
    await db.deleteFrom("post").where("id", "=", input.id).execute();
  },
});

/** A `fail` in an expression takes part in its type; narrowing works after `throw`. */
export const narrowed = blog.query("GET /posts/:id", {
  input: { id: Post.fields.id },
  output: Post,
  async run({ input, db, fail }) {
    const post = await db.selectFrom("post").selectAll().where("id", "=", input.id).executeTakeFirst();
    if (!post) throw fail("NOT_FOUND");
    return post;
  },
});

export type Declarations = [
  Expect<typeof publish extends Command<any, typeof Post, "TITLE_TAKEN" | "TOO_LATE"> ? true : false>,
  Expect<Equal<(typeof publish)["~code"], "TITLE_TAKEN" | "TOO_LATE">>,
  Expect<Equal<(typeof publish)["output"], typeof Post>>,
  Expect<Equal<(typeof publish)["kind"], "command">>,
  Expect<Equal<(typeof rename)["output"], Nothing>>,
  Expect<Equal<(typeof rename)["~code"], never>>,
  Expect<Equal<typeof forget, Command<{ id: typeof Post.fields.id }, Nothing, never>>>,
  Expect<Equal<(typeof browse)["kind"], "query">>,
  Expect<typeof rss extends Query<{}, any, never> ? true : false>,
];

// @ts-expect-error: a query answers GET.
blog.query("POST /posts", { output: Post, run: async ({ fail }) => fail("NOT_FOUND") });
// @ts-expect-error: a command does not.
blog.command("GET /posts", { run: async () => {} });
// @ts-expect-error: a rate has a unit.
blog.command("POST /rate", { limit: { per: "actor", rate: "60" }, run: async () => {} });
