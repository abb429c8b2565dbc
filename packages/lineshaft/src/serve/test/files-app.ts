/** An app that takes files and gives them back; the tests of uploads and downloads share it. */
import { entity } from "../../define/entity.ts";
import { field } from "../../define/field.ts";
import { download } from "../../define/file.ts";
import { service } from "../../define/service.ts";

/** Bytes of a file of the app. */
export const FILE_BYTES_MAX = 60_000_000;
export const TEXT_BYTES_MAX = 200_000;

export const Note = entity("note", {
  id: field.id(),
  key: field.text(),
  name: field.text({ min: 0, max: 1_000 }),
  type: field.text(),
  size: field.integer(),
  sha256: field.text(),
});

export const notes = service("notes", { entities: { Note }, actor: "anyone" });

/** Takes a file; `end: "fail"` undoes it, `"drop"` lets it go again. */
export const attach = notes.command("POST /rooms/:room/notes", {
  upload: {
    max: FILE_BYTES_MAX,
    types: ["image/*", "video/*", "text/*", "application/pdf", "application/zip", "application/octet-stream"],
  },
  input: {
    room: field.text(),
    name: field.text({ min: 0, max: 1_000 }),
    end: field.enum("keep", "fail", "drop").default("keep"),
  },
  output: Note,
  status: 201,
  async authorize({ input, fail }) {
    if (input.room === "closed") throw fail("FORBIDDEN", "The room is closed.");
  },
  async run({ input, file, db, fail, removeFile }) {
    const row = { ...file, name: input.name };
    const made = await db.insertInto("note").values(row).returningAll().executeTakeFirstOrThrow();
    if (input.end === "fail") throw fail("FORBIDDEN");
    if (input.end === "drop") removeFile(file.key);
    return made;
  },
});

/** A small one, for texts only. */
export const write = notes.command("PUT /texts", {
  upload: { max: TEXT_BYTES_MAX, types: ["text/plain"] },
  output: { key: field.text(), size: field.integer() },
  run: async ({ file }) => file,
});

export const fetchNote = notes.query("GET /notes/:id", {
  input: { id: Note.fields.id, inline: field.boolean().default(false) },
  output: download(),
  async run({ input, db, fail }) {
    const row = await db.selectFrom("note").selectAll().where("id", "=", input.id).executeTakeFirst();
    return row ? { key: row.key, name: row.name, inline: input.inline } : fail("NOT_FOUND");
  },
});

/** The key and the name are whatever the caller says: as a query must not be. */
export const fetchAny = notes.query("GET /any", {
  input: { key: field.text(), name: field.text({ min: 0, max: 1_000 }), type: field.text().optional() },
  output: download(),
  run: async ({ input }) => ({ ...input, inline: true }),
});

export const remove = notes.command("DELETE /notes/:id", {
  input: { id: Note.fields.id, end: field.enum("keep", "fail").default("keep") },
  async run({ input, db, fail, removeFile }) {
    const row = await db.deleteFrom("note").where("id", "=", input.id).returning("key").executeTakeFirst();
    if (!row) throw fail("NOT_FOUND");
    removeFile(row.key);
    if (input.end === "fail") throw fail("FORBIDDEN");
  },
});

/** Asks for a file that no caller can bring. */
export const without = notes.command("POST /without", { run: async ({ file, log }) => log.info(file) });
