/**
 * Attachments: files in messages. One is uploaded first, and is nobody's but its uploader's; posting a message with its
 * id shows it to all who see the room. What is not posted within a day is purged, and what is posted goes with its
 * message. The bytes are the platform's: they are stored, and removed, with the commit.
 */
import { download, type Fail, field } from "lineshaft";
import { COUNT, canSee, speakIn } from "./access.ts";
import { LIMIT_REACHED, limitOf, SPEAKING, wrong } from "./errors.ts";
import { byRoom } from "./messages.ts";
import {
  ATTACHMENT_BYTES_MAX,
  ATTACHMENTS_PER_MESSAGE_MAX,
  ATTACHMENTS_WAITING_MAX,
  Attachment,
  type ChatDb,
  chat,
} from "./model.ts";

const UUID = /^[0-9a-fA-F]{8}(?:-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}$/;
/** How long an attachment waits for its message. */
const WAITS_MS = 86_400_000;
/** Attachments that one purge removes. */
const PURGED_MAX = 500;

const TYPES = ["image/*", "video/*", "audio/*", "text/*", "application/*"];

export const attach = chat.command("POST /rooms/:room/attachments", {
  summary: "Upload a file, to post it",
  description: "The body is the file, with its media type. Post a message with its id within a day.",
  isolation: "read committed",
  limit: { per: "actor", rate: "60/minute" },
  authorize: canSee,
  upload: { max: ATTACHMENT_BYTES_MAX, types: TYPES },
  input: { ...byRoom, ...Attachment.pick("name") },
  output: Attachment.pick("id", "name", "type", "size"),
  status: 201,
  errors: { ...SPEAKING, ...LIMIT_REACHED },
  async run(context) {
    const { db, actor, fail, file, input, now } = context;
    const { id: room } = await speakIn(context, input.room);
    const waiting = db.selectFrom("attachment").select(COUNT.as("count")).where("author", "=", actor.id);
    const { count } = await waiting.where("number", "is", null).executeTakeFirstOrThrow();
    if (count >= ATTACHMENTS_WAITING_MAX) {
      throw fail("LIMIT_REACHED", limitOf("files that wait for their message", ATTACHMENTS_WAITING_MAX));
    }
    const { key, type, size } = file;
    const values = { room, author: actor.id, name: input.name, key, type, size, createdAt: now };
    return db.insertInto("attachment").values(values).returningAll().executeTakeFirstOrThrow();
  },
});

/** What a message is posted with. */
export const attached = field
  .list(field.text({ max: 36, pattern: UUID }), { max: ATTACHMENTS_PER_MESSAGE_MAX })
  .default([])
  .describe("Ids of files that the author has uploaded to this room, and not posted yet.");

interface At {
  readonly room: string;
  readonly number: number;
}

/** Gives files to the message that is being posted. */
export async function giveTo(
  db: ChatDb,
  { room, number, author }: At & { readonly author: string },
  ids: readonly string[],
  fail: Fail<never>,
): Promise<void> {
  const unique = [...new Set(ids.map((id) => id.toLowerCase()))];
  if (unique.length === 0) return;
  const own = db.updateTable("attachment").set({ number }).where("room", "=", room).where("author", "=", author);
  const given = await own.where("number", "is", null).where("id", "in", unique).returning("id").execute();
  if (given.length === unique.length) return;
  const missing = unique.filter((id) => !given.some((each) => each.id === id));
  throw fail("INVALID_INPUT", wrong("/attachments", `names ${missing[0]}: no file of yours that waits in this room`));
}

/** Removes the files of a message that is deleted. */
export async function removeFrom(
  { db, removeFile }: { readonly db: ChatDb; readonly removeFile: (key: string) => void },
  { room, number }: At,
): Promise<void> {
  const gone = db.deleteFrom("attachment").where("room", "=", room).where("number", "=", number);
  for (const { key } of await gone.returning("key").execute()) removeFile(key);
}

export const attachment = chat.query("GET /rooms/:room/attachments/:attachment", {
  summary: "Download a file of a message",
  input: { ...byRoom, attachment: Attachment.fields.id },
  output: download(),
  authorize: canSee,
  async run(context) {
    const { room, attachment: id } = context.input;
    const posted = context.db.selectFrom("attachment").select(["key", "name", "type"]).where("room", "=", room);
    const found = await posted.where("id", "=", id).where("number", "is not", null).executeTakeFirst();
    return found ? { ...found, inline: true } : context.fail("NOT_FOUND");
  },
});

chat.schedule("purge", { every: "1 hour" }, async ({ db, now, removeFile }) => {
  const waited = db
    .selectFrom("attachment")
    .select("id")
    .where("number", "is", null)
    .where("createdAt", "<=", new Date(now.getTime() - WAITS_MS))
    .orderBy("createdAt")
    .limit(PURGED_MAX);
  const purged = db.deleteFrom("attachment").where("id", "in", waited).where("number", "is", null);
  for (const { key } of await purged.returning("key").execute()) removeFile(key);
});
