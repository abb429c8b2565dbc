/**
 * Notes: a table, two writes and two reads, open to everybody. Change it, or take it as a pattern.
 */
import { entity, field, list, service } from "lineshaft";

export class Note extends entity("note", {
  id: field.id(),
  text: field.text({ min: 1, max: 1_000 }),
  done: field.boolean().default(false),
  createdAt: field.now(),
}) {}

/** `actor: "anyone"` opens the service; without it every endpoint wants a signed-in account. */
export const notes = service("notes", { entities: { Note }, actor: "anyone" });

export const add = notes.command("POST /notes", {
  summary: "Add a note",
  input: Note.pick("text"),
  output: Note,
  status: 201,
  run: async ({ input, db }) => db.insertInto("note").values(input).returningAll().executeTakeFirstOrThrow(),
});

export const finish = notes.command("POST /notes/:id/finish", {
  summary: "Finish a note",
  input: Note.pick("id"),
  output: Note,
  errors: { ALREADY_DONE: { status: 409, title: "The note is done already" } },
  async run({ input, db, fail }) {
    const note = await db.selectFrom("note").selectAll().where("id", "=", input.id).executeTakeFirst();
    if (!note) throw fail("NOT_FOUND");
    if (note.done) throw fail("ALREADY_DONE");
    return db
      .updateTable("note")
      .set({ done: true })
      .where("id", "=", note.id)
      .returningAll()
      .executeTakeFirstOrThrow();
  },
});

export const all = notes.query("GET /notes", {
  summary: "All notes, oldest first",
  output: list(Note),
  run: async ({ db }) => db.selectFrom("note").selectAll().orderBy("id").execute(),
});

export const one = notes.query("GET /notes/:id", {
  summary: "One note",
  input: Note.pick("id"),
  output: Note,
  run: async ({ input, db, fail }) =>
    (await db.selectFrom("note").selectAll().where("id", "=", input.id).executeTakeFirst()) ?? fail("NOT_FOUND"),
});
