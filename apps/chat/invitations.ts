/**
 * Invitations: how one gets into a private room. Moderators and owners invite, by account; who is invited joins or
 * declines, and is not told more than the name of the room before that.
 */
import { list, nullable, page, sql } from "lineshaft";
import { assertOpen, COUNT, canModerate, enterManaged, roleOf } from "./access.ts";
import { ALREADY_MEMBER, BANNED, DIRECT_ROOM, LIMIT_REACHED, limitOf, WRITING, wrong } from "./errors.ts";
import { byMember } from "./members.ts";
import { byRoom } from "./messages.ts";
import { type ChatDb, chat, INVITATIONS_PER_ROOM_MAX, Invitation, Room } from "./model.ts";
import { pageOf, paging } from "./paging.ts";
import { isAccount, personOf, shownPerson } from "./people.ts";

/** Invitations that one account is shown at once. */
const INVITATIONS_SHOWN_MAX = 100;

const shownInvitation = { ...Invitation.pick("account", "createdAt"), invitedBy: nullable(shownPerson) };

function selectInvitations(db: ChatDb) {
  return db
    .selectFrom("invitation")
    .select(["invitation.account", "invitation.createdAt"])
    .select(personOf("invitation.invitedBy").as("invitedBy"));
}

export const invite = chat.command("POST /rooms/:room/invitations", {
  summary: "Invite an account to a room",
  description: "For moderators and owners. Inviting the same account again changes nothing.",
  isolation: "read committed",
  limit: { per: "actor", rate: "120/minute" },
  input: byMember,
  output: shownInvitation,
  status: 201,
  errors: { ...WRITING, ...DIRECT_ROOM, ...LIMIT_REACHED, ...ALREADY_MEMBER, ...BANNED },
  async run(context) {
    const { db, actor, fail, input } = context;
    const { id: room, archivedAt } = await enterManaged(context, input.room, "moderator");
    assertOpen(context, { archivedAt });
    const account = input.account.toLowerCase();
    if (!(await isAccount(db, account))) throw fail("INVALID_INPUT", wrong("/account", "is no account"));
    if ((await roleOf(db, room, account)) !== undefined) throw fail("ALREADY_MEMBER");
    const ban = db.selectFrom("ban").select("account").where("room", "=", room).where("account", "=", account);
    if (await ban.executeTakeFirst()) throw fail("BANNED");
    await db
      .insertInto("invitation")
      .values({ room, account, invitedBy: actor.id })
      .onConflict((conflict) => conflict.columns(["room", "account"]).doNothing())
      .execute();
    // Counted with the new one: who is invited already reaches no limit.
    const all = db.selectFrom("invitation").select(COUNT.as("count")).where("room", "=", room);
    if ((await all.executeTakeFirstOrThrow()).count > INVITATIONS_PER_ROOM_MAX) {
      throw fail("LIMIT_REACHED", limitOf("open invitations to a room", INVITATIONS_PER_ROOM_MAX));
    }
    const made = selectInvitations(db).where("invitation.room", "=", room).where("invitation.account", "=", account);
    return made.executeTakeFirstOrThrow();
  },
});

export const roomInvitations = chat.query("GET /rooms/:room/invitations", {
  summary: "Invitations to a room that nobody has answered yet",
  description: "For moderators and owners.",
  input: { ...byRoom, ...paging },
  output: page(shownInvitation),
  authorize: canModerate,
  async run(context) {
    const { room, cursor, limit } = context.input;
    let all = selectInvitations(context.db).where("invitation.room", "=", room);
    if (cursor !== undefined) all = all.where("invitation.account", ">", cursor);
    const some = all.orderBy("invitation.account").limit(limit + 1);
    return pageOf(await some.execute(), limit, ({ account }) => account);
  },
});

export const withdrawInvitation = chat.command("DELETE /rooms/:room/invitations/:account", {
  summary: "Take an invitation back",
  description: "For moderators and owners.",
  isolation: "read committed",
  input: byMember,
  errors: { ...WRITING, ...DIRECT_ROOM },
  async run(context) {
    const { id: room } = await enterManaged(context, context.input.room, "moderator");
    if (!(await remove(context.db, room, context.input.account))) throw context.fail("NOT_FOUND");
  },
});

async function remove(db: ChatDb, room: string, account: string): Promise<boolean> {
  const deleted = db.deleteFrom("invitation").where("room", "=", room).where("account", "=", account);
  return (await deleted.returning("room").executeTakeFirst()) !== undefined;
}

export const invitations = chat.query("GET /invitations", {
  summary: "Rooms to which the caller is invited",
  description: `The latest ${INVITATIONS_SHOWN_MAX}. To accept, join the room.`,
  output: list({
    room: Room.pick("id", "name", "kind"),
    invitedBy: nullable(shownPerson),
    ...Invitation.pick("createdAt"),
  }),
  async run({ actor, db }) {
    return db
      .selectFrom("invitation")
      .innerJoin("room", "room.id", "invitation.room")
      .select("invitation.createdAt")
      .select([
        personOf("invitation.invitedBy").as("invitedBy"),
        sql<Pick<Room, "id" | "name" | "kind">>`
          json_build_object('id', "room"."id", 'name', "room"."name", 'kind', "room"."kind")
        `.as("room"),
      ])
      .where("invitation.account", "=", actor.id)
      .where("room.archivedAt", "is", null)
      .orderBy("invitation.createdAt", "desc")
      .orderBy("room.id")
      .limit(INVITATIONS_SHOWN_MAX)
      .execute();
  },
});

export const declineInvitation = chat.command("POST /invitations/:room/decline", {
  summary: "Decline an invitation",
  isolation: "read committed",
  input: byRoom,
  async run({ input, actor, db, fail }) {
    if (!(await remove(db, input.room, actor.id))) throw fail("NOT_FOUND");
  },
});
