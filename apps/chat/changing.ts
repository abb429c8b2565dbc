/** Messages, changed: edited by whoever wrote them, deleted by that one or by a moderator. */
import { sql } from "lineshaft";
import { assertOutranks, enter, roleOf, speakIn } from "./access.ts";
import { record } from "./acts.ts";
import { removeFrom } from "./attachments.ts";
import { MESSAGE_DELETED, OUTRANKED, SPEAKING, WRITING } from "./errors.ts";
import { addMentions, namedIn } from "./mentions.ts";
import { findMessage, shownMessage } from "./message-view.ts";
import { byMessage } from "./messages.ts";
import { Act, type ChatDb, chat, Message } from "./model.ts";
import { assertVisible } from "./posting.ts";

interface At {
  readonly room: string;
  readonly number: number;
}

export function messageAt(db: ChatDb, { room, number }: At) {
  const found = db
    .selectFrom("message")
    .select(["author", "text", "thread", "deletedAt"])
    .select(({ exists, selectFrom }) =>
      exists(
        selectFrom("attachment")
          .select("attachment.id")
          .whereRef("attachment.room", "=", "message.room")
          .whereRef("attachment.number", "=", "message.number"),
      ).as("hasFiles"),
    );
  return found.where("room", "=", room).where("number", "=", number).executeTakeFirst();
}

export const editMessage = chat.command("PATCH /rooms/:room/messages/:number", {
  summary: "Change the text of a message of one's own",
  description: "Whom the new text does not mention any more, it does not; whom it mentions newly, it does.",
  isolation: "read committed",
  limit: { per: "actor", rate: "120/minute" },
  input: { ...byMessage, ...Message.pick("text") },
  output: shownMessage,
  errors: { ...SPEAKING, ...MESSAGE_DELETED },
  async run(context) {
    const { db, actor, fail, input, now } = context;
    const named = namedIn(input.text, fail);
    const [{ id: room }, before] = await Promise.all([speakIn(context, input.room), messageAt(db, input)]);
    if (!before) throw fail("NOT_FOUND");
    if (before.deletedAt !== null) throw fail("MESSAGE_DELETED");
    if (before.author !== actor.id) throw fail("FORBIDDEN", "Only who wrote a message changes it.");
    if (!before.hasFiles) assertVisible(input.text, fail);
    const at = { room, number: input.number };
    if (before.text !== input.text) {
      const changed = db.updateTable("message").set({ text: input.text, editedAt: now }).where("room", "=", room);
      await Promise.all([
        changed.where("number", "=", at.number).execute(),
        db.deleteFrom("mention").where("room", "=", room).where("number", "=", at.number).execute(),
        addMentions(db, at, named),
      ]);
    }
    return (await findMessage(db, room, at.number)) ?? fail("NOT_FOUND");
  },
});

export const deleteMessage = chat.command("DELETE /rooms/:room/messages/:number", {
  summary: "Delete a message",
  description:
    "One's own; moderators and owners delete those of lower roles, too. Its number, author and times stay. Again, it " +
    "does nothing.",
  isolation: "read committed",
  input: { ...byMessage, reason: Act.fields.reason },
  output: shownMessage,
  errors: { ...WRITING, ...OUTRANKED },
  async run(context) {
    const { db, actor, fail, input, now } = context;
    const [seen, before] = await Promise.all([enter(context, input.room), messageAt(db, input)]);
    const { id: room, role } = seen;
    const at = { room, number: input.number };
    if (!before) throw fail("NOT_FOUND");
    if (before.author !== actor.id) {
      if (role === "member") throw fail("FORBIDDEN", "Only its author or a moderator deletes a message.");
      const theirs = before.author === null ? undefined : await roleOf(db, room, before.author);
      assertOutranks(fail, role, theirs);
    }
    if (before.deletedAt === null) {
      await eraseMessage(db, { ...at, thread: before.thread, now });
      if (before.hasFiles) await removeFrom(context, at);
      if (before.author !== actor.id) {
        await record(context, { room, act: "delete", account: before.author, number: at.number, reason: input.reason });
      }
    }
    return (await findMessage(db, room, at.number)) ?? fail("NOT_FOUND");
  },
});

/** Takes away what a message says, and leaves that it was there. */
async function eraseMessage(db: ChatDb, { room, number, thread, now }: At & { thread: number | null; now: Date }) {
  const message = db.updateTable("message").where("room", "=", room);
  const fewer = message.set({ replyCount: sql`"replyCount" - 1` });
  await Promise.all([
    message.set({ text: "", deletedAt: now }).where("number", "=", number).execute(),
    db.deleteFrom("reaction").where("room", "=", room).where("number", "=", number).execute(),
    db.deleteFrom("mention").where("room", "=", room).where("number", "=", number).execute(),
    thread !== null && fewer.where("number", "=", thread).execute(),
  ]);
}
