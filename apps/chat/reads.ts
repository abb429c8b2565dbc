/**
 * Read positions: how far each member has read. A position is one number of the member's own row, so reading locks
 * nothing that others write, and what is unread is a subtraction.
 */
import { field, page, sql } from "lineshaft";
import { canSee } from "./access.ts";
import { NOT_MEMBER } from "./errors.ts";
import { byRoom } from "./messages.ts";
import { chat, Member, Message, Room } from "./model.ts";
import { pageOf, paging } from "./paging.ts";

export const readRoom = chat.command("PUT /rooms/:room/read", {
  summary: "Say how far one has read",
  description:
    "It never goes back, and not beyond the last message: of two devices the one counts that has read further.",
  isolation: "read committed",
  limit: { per: "actor", rate: "600/minute" },
  input: { ...byRoom, number: field.integer({ min: 0 }) },
  output: { ...Member.pick("readNumber"), ...Room.pick("lastNumber") },
  errors: NOT_MEMBER,
  async run(context) {
    const { db, actor, fail, input } = context;
    const moved = db
      .updateTable("member")
      .from("room")
      .set({
        readNumber: sql`greatest("member"."readNumber", least(${input.number}::int, "room"."lastNumber"))`,
      })
      .whereRef("room.id", "=", "member.room")
      .where("member.room", "=", input.room)
      .where("member.account", "=", actor.id)
      .returning(["member.readNumber", "room.lastNumber"]);
    const found = await moved.executeTakeFirst();
    if (found) return found;
    await canSee(context);
    throw fail("NOT_MEMBER");
  },
});

export const readPositions = chat.query("GET /rooms/:room/read", {
  summary: "How far the members of a room have read",
  description: "With `from` those who have seen that message.",
  input: { ...byRoom, from: Message.fields.number.optional(), ...paging },
  output: page(Member.pick("account", "readNumber")),
  authorize: canSee,
  async run(context) {
    const { room, from, cursor, limit } = context.input;
    let all = context.db.selectFrom("member").select(["account", "readNumber"]).where("room", "=", room);
    if (from !== undefined) all = all.where("readNumber", ">=", from);
    if (cursor !== undefined) all = all.where("account", ">", cursor);
    const some = all.orderBy("account").limit(limit + 1);
    return pageOf(await some.execute(), limit, ({ account }) => account);
  },
});
