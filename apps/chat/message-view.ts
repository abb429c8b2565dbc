/**
 * What a message looks like, and the one question that all answers with messages ask. It says the same to everybody:
 * who reacted and who is mentioned are lists of accounts, and each client finds its own in them. So one answer serves
 * all who watch a room.
 */
import { list, nullable, type RawBuilder, sql } from "lineshaft";
import { Attachment, type ChatDb, Mention, Message, Reaction } from "./model.ts";
import { personOf, shownPerson } from "./people.ts";

export const shownMessage = {
  ...Message.pick("number", "clientId", "text", "replyTo", "thread", "replyCount", "lastReply", "lastReplyAt"),
  author: nullable(shownPerson),
  mentions: list(Mention.fields.account),
  reactions: list({ emoji: Reaction.fields.emoji, accounts: list(Reaction.fields.account) }),
  attachments: list(Attachment.pick("id", "name", "type", "size")),
  ...Message.pick("createdAt", "editedAt", "deletedAt"),
};

/** A message among those of several rooms. */
export const foundMessage = { room: Message.fields.room, ...shownMessage };

type AttachmentRow = Pick<Attachment, "id" | "name" | "type" | "size">;

interface ReactionRow {
  readonly emoji: string;
  readonly accounts: readonly string[];
}

/** The messages of a room, as they are shown. */
export function selectMessages(db: ChatDb, room: string) {
  return selectShown(db, sql`${room}`).where("message.room", "=", room);
}

/** Messages of several rooms, and which room each is in. */
export function selectFound(db: ChatDb) {
  return selectShown(db, sql.ref("message.room")).select(["message.id", "message.room"]);
}

// The room is named in each part, so that what happens in other rooms is known not to matter.
function selectShown(db: ChatDb, room: RawBuilder<unknown>) {
  return db
    .selectFrom("message")
    .select(["message.number", "message.clientId", "message.text", "message.replyTo", "message.thread"])
    .select(["message.replyCount", "message.lastReply", "message.lastReplyAt"])
    .select(["message.createdAt", "message.editedAt", "message.deletedAt"])
    .select([
      personOf("message.author").as("author"),
      sql<string[]>`(
        select coalesce(json_agg("mention"."account" order by "mention"."account"), '[]') from "mention"
        where "mention"."room" = ${room} and "mention"."number" = "message"."number"
      )`.as("mentions"),
      sql<ReactionRow[]>`(
        select coalesce(json_agg(json_build_object('emoji', "emoji", 'accounts', "accounts") order by "since"), '[]')
        from (
          select "emoji", json_agg("account" order by "createdAt", "account") "accounts",
            (min("createdAt"), "emoji") "since"
          from "reaction" where "reaction"."room" = ${room} and "reaction"."number" = "message"."number"
          group by "emoji"
        ) "of_emoji"
      )`.as("reactions"),
      sql<AttachmentRow[]>`(
        select coalesce(json_agg(json_build_object('id', "id", 'name', "name", 'type', "type", 'size', "size")
          order by "id"), '[]')
        from "attachment" where "attachment"."room" = ${room} and "attachment"."number" = "message"."number"
      )`.as("attachments"),
    ]);
}

/** One message, as it is shown; `undefined` when there is none. */
export function findMessage(db: ChatDb, room: string, number: number) {
  return selectMessages(db, room).where("message.number", "=", number).executeTakeFirst();
}
