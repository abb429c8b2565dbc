/**
 * Notes: the work of the benchmark as a Lineshaft service. Every peer does the same over the same tables.
 *
 * Nothing here is written for speed: it is what a user would write; but for `cache: false`, because what is measured
 * here is the work itself, which the peers do each time. To add work: an endpoint here, one in each peer, a scenario in
 * `../scenarios.ts`, and what it must answer in `../verify.ts`.
 */
import { entity, field, page, service } from "lineshaft";

export const PAGE_ROWS = 20;

export class Author extends entity("author", {
  id: field.id(),
  name: field.text({ min: 1, max: 80 }),
  email: field.email().unique(),
}) {}

export class Note extends entity("note", {
  id: field.id(),
  author: field.ref(() => Author),
  title: field.text({ min: 1, max: 200 }),
  body: field.text({ max: 2_000 }),
  done: field.boolean().default(false),
  createdAt: field.now(),
}) {}

export class Entry extends entity("entry", {
  id: field.id(),
  author: field.ref(() => Author),
  title: field.text({ min: 1, max: 200 }),
  body: field.text({ max: 2_000 }),
  createdAt: field.now(),
}) {}

export const notes = service("bench", { entities: { Author, Note, Entry }, actor: "anyone" });

export const hello = notes.query("GET /hello", {
  cache: false,
  output: { message: field.text(), version: field.integer(), ready: field.boolean() },
  run: async () => ({ message: "Good morning", version: 1, ready: true }),
});

const person = {
  name: field.text({ min: 1, max: 80 }),
  email: field.email(),
  age: field.integer({ min: 0, max: 150 }),
  role: field.enum("reader", "writer", "owner"),
  tags: field.list(field.text({ min: 1, max: 20 }), { max: 10 }),
  address: {
    street: field.text({ min: 1, max: 100 }),
    city: field.text({ min: 1, max: 100 }),
    zip: field.text({ pattern: /^[0-9]{5}$/ }),
  },
};

export const echo = notes.command("POST /echo", {
  input: person,
  output: person,
  run: async ({ input }) => input,
});

export const one = notes.query("GET /notes/:id", {
  cache: false,
  input: Note.pick("id"),
  output: Note,
  run: async ({ input, db, fail }) =>
    (await db.selectFrom("note").selectAll().where("id", "=", input.id).executeTakeFirst()) ?? fail("NOT_FOUND"),
});

export const some = notes.query("GET /notes", {
  cache: false,
  input: { after: Note.fields.id },
  output: page({ ...Note.pick("id", "title", "done", "createdAt"), authorName: Author.fields.name }),
  async run({ input, db }) {
    const items = await db
      .selectFrom("note")
      .innerJoin("author", "author.id", "note.author")
      .select(["note.id", "note.title", "note.done", "note.createdAt", "author.name as authorName"])
      .where("note.id", ">", input.after)
      .orderBy("note.id")
      .limit(PAGE_ROWS)
      .execute();
    return { items, next: items.at(-1)?.id ?? null };
  },
});

export const add = notes.command("POST /entries", {
  input: Entry.pick("author", "title", "body"),
  output: Entry,
  status: 201,
  run: async ({ input, db }) => db.insertInto("entry").values(input).returningAll().executeTakeFirstOrThrow(),
});
