/** Reactions: each member's, once for each emoji. */
import { sql } from "lineshaft";
import { speakIn } from "./access.ts";
import { messageAt } from "./changing.ts";
import { LIMIT_REACHED, limitOf, MESSAGE_DELETED, SPEAKING } from "./errors.ts";
import { findMessage, shownMessage } from "./message-view.ts";
import { byMessage } from "./messages.ts";
import { type ChatDb, chat, EMOJI_PER_MESSAGE_MAX, REACTIONS_PER_MESSAGE_MAX, Reaction } from "./model.ts";

const byReaction = { ...byMessage, emoji: Reaction.fields.emoji };
const declared = {
  isolation: "read committed",
  limit: { per: "actor", rate: "120/minute" },
  input: byReaction,
  output: shownMessage,
} as const;

export const react = chat.command("PUT /rooms/:room/messages/:number/reactions/:emoji", {
  ...declared,
  summary: "React to a message",
  description: "Once for each emoji: doing it again changes nothing.",
  errors: { ...SPEAKING, ...MESSAGE_DELETED, ...LIMIT_REACHED },
  async run(context) {
    const { db, actor, fail, input } = context;
    const { number, emoji } = input;
    const [{ id: room }, message] = await Promise.all([speakIn(context, input.room), messageAt(db, input)]);
    if (!message) throw fail("NOT_FOUND");
    if (message.deletedAt !== null) throw fail("MESSAGE_DELETED");
    const adding = db
      .insertInto("reaction")
      .values({ room, number, emoji, account: actor.id })
      .onConflict((conflict) => conflict.columns(["room", "number", "emoji", "account"]).doNothing());
    // Counted with the new one: whose reaction is there already reaches no limit.
    const [, there, shown] = await Promise.all([
      adding.execute(),
      reactionsOf(db, input),
      findMessage(db, room, number),
    ]);
    const total = there.reduce((sum, { count }) => sum + count, 0);
    if (total > REACTIONS_PER_MESSAGE_MAX) {
      throw fail("LIMIT_REACHED", limitOf("reactions to a message", REACTIONS_PER_MESSAGE_MAX));
    }
    if (there.length > EMOJI_PER_MESSAGE_MAX) {
      throw fail("LIMIT_REACHED", limitOf("different emoji on a message", EMOJI_PER_MESSAGE_MAX));
    }
    return shown ?? fail("NOT_FOUND");
  },
});

function reactionsOf(db: ChatDb, { room, number }: { readonly room: string; readonly number: number }) {
  const all = db.selectFrom("reaction").select(["emoji", sql<number>`count(*)::int`.as("count")]);
  return all.where("room", "=", room).where("number", "=", number).groupBy("emoji").execute();
}

export const unreact = chat.command("DELETE /rooms/:room/messages/:number/reactions/:emoji", {
  ...declared,
  summary: "Take a reaction of one's own back",
  errors: SPEAKING,
  async run(context) {
    const { db, actor, fail, input } = context;
    const { id: room } = await speakIn(context, input.room);
    const own = db.deleteFrom("reaction").where("room", "=", room).where("number", "=", input.number);
    await own.where("emoji", "=", input.emoji).where("account", "=", actor.id).execute();
    return (await findMessage(db, room, input.number)) ?? fail("NOT_FOUND");
  },
});
