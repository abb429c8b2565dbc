/** Search: messages by their words. Words are not bent to their stems: rooms speak many languages. */
import { field, matches, page } from "lineshaft";
import { canSee, seenBy } from "./access.ts";
import { foundMessage, selectFound } from "./message-view.ts";
import { byRoom } from "./messages.ts";
import { chat, Message } from "./model.ts";
import { pageOf, paging } from "./paging.ts";

const asked = {
  q: field.text({ max: 500, pattern: /\S/ }).describe('Words as in a search engine: `"a phrase"`, `or`, `-without`.'),
  ...paging,
};

export const searchRoom = chat.query("GET /rooms/:room/search", {
  summary: "Find messages of a room by their words, the newest first",
  input: { ...byRoom, ...asked },
  output: page(foundMessage),
  authorize: canSee,
  async run(context) {
    const { room, q, cursor, limit } = context.input;
    let all = selectFound(context.db).where("message.room", "=", room).where(matches(Message, q));
    if (cursor !== undefined) all = all.where("message.id", "<", cursor);
    const some = all.orderBy("message.id", "desc").limit(limit + 1);
    return pageOf(await some.execute(), limit, ({ id }) => id);
  },
});

export const search = chat.query("GET /search", {
  summary: "Find messages by their words, the newest first",
  description: "In all rooms that the caller may see: those joined, and public ones.",
  input: asked,
  output: page(foundMessage),
  async run({ input: { q, cursor, limit }, actor, db }) {
    const rooms = db.selectFrom("room").select("room.id").where(seenBy(actor.id));
    let all = selectFound(db).where("message.room", "in", rooms).where(matches(Message, q));
    if (cursor !== undefined) all = all.where("message.id", "<", cursor);
    const some = all.orderBy("message.id", "desc").limit(limit + 1);
    return pageOf(await some.execute(), limit, ({ id }) => id);
  },
});
