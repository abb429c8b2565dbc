/**
 * Notes of signed-in callers, as a Lineshaft service: nothing is written here for the cache, which is what is measured.
 */
import { field, page } from "lineshaft";
import { Author, Note, notes, PAGE_ROWS } from "../notes.ts";

export { hello, notes } from "../notes.ts";

export const mine = notes.query("GET /mine/notes/:id", {
  actor: "account",
  input: Note.pick("id"),
  output: Note,
  run: async ({ input, db, fail }) =>
    (await db.selectFrom("note").selectAll().where("id", "=", input.id).executeTakeFirst()) ?? fail("NOT_FOUND"),
});

export const some = notes.query("GET /notes", {
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

export const change = notes.command("POST /mine/notes/:id", {
  actor: "account",
  input: { ...Note.pick("id"), done: field.boolean() },
  output: Note,
  async run({ input: { id, done }, db, fail }) {
    const changed = db.updateTable("note").set({ done }).where("id", "=", id).returningAll();
    return (await changed.executeTakeFirst()) ?? fail("NOT_FOUND");
  },
});
