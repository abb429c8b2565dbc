/** Lists of rooms: the caller's own, and public ones to join. */
import { field, list, nullable, page, sql } from "lineshaft";
import { COUNT, seenBy } from "./access.ts";
import { chat, Member, Message, Mute, ROOMS_PER_ACCOUNT_MAX } from "./model.ts";
import { pageOf, paging } from "./paging.ts";
import { personOf, shownPerson } from "./people.ts";
import { shownRoom } from "./rooms.ts";

/** Characters of the last message in a list. */
const PREVIEW_CHARS = 200;

const lastMessage = { ...Message.pick("number", "text", "createdAt", "deletedAt"), author: nullable(shownPerson) };

export const rooms = chat.query("GET /rooms", {
  summary: "The caller's rooms, those with the latest messages first",
  description: `All of them at once: ${ROOMS_PER_ACCOUNT_MAX} at most. Of the last message only how it begins.`,
  output: list({
    ...shownRoom,
    ...Member.pick("role", "readNumber"),
    unread: field.integer().describe("Messages after the read position."),
    unreadMentions: field.integer().describe("Those of them that mention the caller."),
    mutedUntil: Mute.fields.until.nullable().describe("Until then the caller reads, and does not write."),
    other: nullable(shownPerson),
    lastMessage: nullable(lastMessage),
  }),
  async run({ actor, db }) {
    const all = await db
      .selectFrom("member")
      .innerJoin("room", "room.id", "member.room")
      .leftJoin("message as last", (join) =>
        join.onRef("last.room", "=", "room.id").onRef("last.number", "=", "room.lastNumber"),
      )
      .leftJoin("member as other", (join) =>
        join.onRef("other.room", "=", "room.id").on("other.account", "!=", actor.id).on("room.kind", "=", "direct"),
      )
      .leftJoin("mute", (join) => join.onRef("mute.room", "=", "room.id").onRef("mute.account", "=", "member.account"))
      .selectAll("room")
      .select([
        "member.role",
        "member.readNumber",
        "mute.until as mutedUntil",
        "last.number",
        "last.createdAt as at",
        "last.deletedAt",
      ])
      .select([
        sql<number>`"room"."lastNumber" - "member"."readNumber"`.as("unread"),
        sql<number>`(
          select count(*)::int from "mention"
          where "mention"."account" = "member"."account" and "mention"."room" = "member"."room"
            and "mention"."number" > "member"."readNumber"
        )`.as("unreadMentions"),
        sql<string>`left("last"."text", ${sql.lit(PREVIEW_CHARS)})`.as("text"),
        personOf("last.author").as("author"),
        personOf("other.account").as("other"),
      ])
      .where("member.account", "=", actor.id)
      .orderBy("room.lastMessageAt", (order) => order.desc().nullsLast())
      .orderBy("room.id")
      .execute();
    return all.map(({ number, text, author, at, deletedAt, ...rest }) => {
      if (number === null || at === null) return { ...rest, lastMessage: null };
      return { ...rest, lastMessage: { number, text, author, createdAt: at, deletedAt } };
    });
  },
});

export const publicRooms = chat.query("GET /public-rooms", {
  summary: "Public rooms, by name",
  description: "Those that the caller may join, or has joined, and that are not archived.",
  input: { q: field.text({ max: 80 }).optional().describe("A part of the name."), ...paging },
  output: page({ ...shownRoom, memberCount: field.integer(), isMember: field.boolean() }),
  async run({ input: { q, cursor, limit }, actor, db }) {
    let all = db
      .selectFrom("room")
      .selectAll("room")
      .select(({ selectFrom, exists }) => [
        selectFrom("member").select(COUNT.as("count")).whereRef("member.room", "=", "room.id").as("memberCount"),
        exists(
          selectFrom("member")
            .select("member.role")
            .whereRef("member.room", "=", "room.id")
            .where("member.account", "=", actor.id),
        ).as("isMember"),
      ])
      .where("room.kind", "=", "public")
      .where("room.archivedAt", "is", null)
      .where(seenBy(actor.id));
    if (q !== undefined) all = all.where(sql<boolean>`position(lower(${q}) in lower("room"."name")) > 0`);
    if (cursor !== undefined) {
      const last = db.selectFrom("room").select(["name", "id"]).where("id", "=", cursor);
      all = all.where(sql<boolean>`("room"."name", "room"."id") > (${last})`);
    }
    const some = all
      .orderBy("room.name")
      .orderBy("room.id")
      .limit(limit + 1);
    const rows = (await some.execute()).map((row) => ({
      ...row,
      memberCount: row.memberCount ?? 0,
      isMember: Boolean(row.isMember),
    }));
    return pageOf(rows, limit, ({ id }) => id);
  },
});
