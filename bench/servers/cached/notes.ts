/**
 * Notes of signed-in callers, as a Lineshaft service: nothing is written here for the cache, which is what is measured.
 */
import { entity, field, page, service } from "lineshaft";
import { Author, Note, PAGE_ROWS } from "../notes.ts";

export class Team extends entity("team", { id: field.id(), name: field.text({ max: 80 }) }) {}

export class Member extends entity("member", {
  id: field.id(),
  author: field.ref(() => Author).unique(),
  team: field.ref(() => Team),
}) {}

export const notes = service("bench", { entities: { Author, Note, Team, Member }, actor: "anyone" });

export const hello = notes.query("GET /hello", {
  output: { message: field.text(), version: field.integer(), ready: field.boolean() },
  run: async () => ({ message: "Good morning", version: 1, ready: true }),
});

export const mine = notes.query("GET /mine/notes/:id", {
  actor: "account",
  input: Note.pick("id"),
  output: Note,
  run: async ({ input, db, fail }) =>
    (await db.selectFrom("note").selectAll().where("id", "=", input.id).executeTakeFirst()) ?? fail("NOT_FOUND"),
});

export const some = notes.query("GET /notes", {
  input: { after: Note.fields.id },
  output: page({
    ...Note.pick("id", "title", "done", "createdAt"),
    authorName: Author.fields.name,
    team: Team.fields.name,
  }),
  async run({ input, db }) {
    const items = await db
      .selectFrom("note")
      .innerJoin("author", "author.id", "note.author")
      .innerJoin("member", "member.author", "author.id")
      .innerJoin("team", "team.id", "member.team")
      .select(["note.id", "note.title", "note.done", "note.createdAt"])
      .select(["author.name as authorName", "team.name as team"])
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
