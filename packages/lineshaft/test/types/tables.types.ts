/** Types of tables: what Kysely lets a service select, insert and update. */
import type { Insertable, Selectable, Updateable } from "kysely";
import type { Money, Service, Tables, Transaction } from "lineshaft";
import { type Equal, type Expect, same } from "./expect.ts";
import type { Author, blog, Counter, feed, Post } from "./model.ts";

type BlogTables = typeof blog extends Service<any, infer T, any> ? T : never;
type PostTable = BlogTables["post"];

export type Names = [
  Expect<Equal<keyof BlogTables, "author" | "post" | "counter">>,
  Expect<Equal<keyof (typeof feed)["~tables"], "post">>,
  Expect<Equal<keyof Tables<{}>, never>>,
  Expect<Equal<Tables<{ Author: typeof Author }>["author"]["secret"], string>>,
];

export type Statements = [
  Expect<Equal<Selectable<BlogTables["author"]>["tier"], "free" | "paid">>,
  Expect<Equal<Selectable<PostTable>["subtitle"], string | null>>,
  Expect<Equal<Selectable<PostTable>["slug"], string>>,
  Expect<Equal<Selectable<PostTable>["createdAt"], Date>>,
  Expect<Equal<Selectable<PostTable>["note"], string>>,
  Expect<Equal<Insertable<PostTable>["title"], string>>,
  Expect<Equal<Insertable<PostTable>["price"], Money | null | undefined>>,
  Expect<Equal<Insertable<PostTable>["state"], "draft" | "public" | undefined>>,
  Expect<Equal<Insertable<PostTable>["id"], string | undefined>>,
  Expect<Equal<"slug" extends keyof Insertable<PostTable> ? true : false, false>>,
  Expect<Equal<"slug" extends keyof Updateable<PostTable> ? true : false, false>>,
  Expect<Equal<"id" extends keyof Updateable<PostTable> ? true : false, false>>,
  Expect<Equal<"updatedAt" extends keyof Updateable<PostTable> ? true : false, false>>,
  Expect<Equal<Updateable<PostTable>["words"], number | undefined>>,
  Expect<Equal<Insertable<BlogTables["counter"]>["id"], number | undefined>>,
  Expect<Equal<Insertable<BlogTables["counter"]>["total"], string>>,
  Expect<Equal<Counter["total"], string>>,
];

export async function statements(db: Transaction<BlogTables>, post: Post): Promise<void> {
  const joined = await db
    .selectFrom("post")
    .innerJoin("author", "author.id", "post.author")
    .leftJoin("counter", (join) => join.on("counter.id", "=", 1))
    .select(["post.id", "author.email", "post.state", "counter.total", "author.secret as key"])
    .where("post.publishedAt", "is not", null)
    .executeTakeFirstOrThrow();
  same<string>()(joined.email);
  same<"draft" | "public">()(joined.state);
  same<string | null>()(joined.total);
  same<string>()(joined.key);

  const made = { number: 1n, author: post.author, title: "", rating: null, tags: [], day: "2026-11-20", note: "" };
  await db
    .insertInto("post")
    .values({ ...made, settings: { theme: "dark", size: undefined } })
    .execute();
  await db
    .updateTable("post")
    .set({ state: "public", subtitle: null, words: (eb) => eb("words", "+", 1) })
    .execute();

  // @ts-expect-error: a computed column is never written.
  await db.updateTable("post").set({ slug: "x" }).execute();
  // @ts-expect-error: a generated key does not change.
  await db.updateTable("post").set({ id: "x" }).execute();
  // @ts-expect-error: `null` only where the column can be null.
  await db.updateTable("post").set({ title: null }).execute();
  // @ts-expect-error: one of the values.
  await db.updateTable("post").set({ state: "gone" }).execute();
  // @ts-expect-error: `total` is missing.
  await db.insertInto("counter").values({}).execute();
  // @ts-expect-error: a table of another service.
  await db.selectFrom("loan").selectAll().execute();
}
