/** Members: who is in a room, and as what. Public rooms are joined, others by invitation; one owner always stays. */
import { type Fail, field, page } from "lineshaft";
import { assertOpen, assertOutranks, COUNT, canSee, enterManaged, roleOf } from "./access.ts";
import { record } from "./acts.ts";
import { DIRECT_ROOM, LAST_OWNER, LIMIT_REACHED, limitOf, NOT_MEMBER, OUTRANKED, ROOM_ARCHIVED } from "./errors.ts";
import { byRoom } from "./messages.ts";
import { Act, type ChatDb, chat, MEMBERS_PER_ROOM_MAX, Member, ROLES, type Room } from "./model.ts";
import { pageOf, paging } from "./paging.ts";
import { NAME, shownPerson } from "./people.ts";
import { assertMayJoinMore } from "./rooms.ts";

export const byMember = { ...byRoom, account: Member.fields.account };
const shownMember = { account: Member.fields.account, name: shownPerson.name, ...Member.pick("role", "createdAt") };

function selectMembers(db: ChatDb, room: string) {
  return db
    .withTables<{ "accounts.account": { id: string } }>()
    .selectFrom("member")
    .innerJoin("accounts.account as account", "account.id", "member.account")
    .select(["member.account", "member.role", "member.createdAt"])
    .select(NAME.as("name"))
    .where("member.room", "=", room);
}

export const members = chat.query("GET /rooms/:room/members", {
  summary: "The members of a room",
  input: { ...byRoom, role: Member.fields.role.optional(), ...paging },
  output: page(shownMember),
  authorize: canSee,
  async run(context) {
    const { room, role, cursor, limit } = context.input;
    let all = selectMembers(context.db, room);
    if (role !== undefined) all = all.where("member.role", "=", role);
    if (cursor !== undefined) all = all.where("member.account", ">", cursor);
    const some = all.orderBy("member.account").limit(limit + 1);
    return pageOf(await some.execute(), limit, ({ account }) => account);
  },
});

export const joinRoom = chat.command("POST /rooms/:room/join", {
  summary: "Become a member: of a public room, or by an invitation",
  description: "What was said before counts as read. Who is a member already stays one.",
  isolation: "read committed",
  limit: { per: "actor", rate: "60/minute" },
  input: byRoom,
  output: shownMember,
  errors: { ...ROOM_ARCHIVED, ...LIMIT_REACHED },
  async run(context) {
    const { db, actor, fail, input } = context;
    const room = (await lockToJoin(db, input.room, actor.id)) ?? fail("NOT_FOUND");
    if (!room.isMember) {
      assertOpen(context, room);
      await assertRoomForMember(db, room, fail);
      await assertMayJoinMore(db, actor.id, fail);
      const values = { room: room.id, account: actor.id, readNumber: room.lastNumber };
      await db.insertInto("member").values(values).execute();
      await db.deleteFrom("invitation").where("room", "=", room.id).where("account", "=", actor.id).execute();
    }
    return selectMembers(db, room.id).where("member.account", "=", actor.id).executeTakeFirstOrThrow();
  },
});

/** The room, locked, for somebody who may be in it. */
async function lockToJoin(db: ChatDb, room: string, account: string) {
  const [, found] = await Promise.all([
    db.selectFrom("room").select("id").where("id", "=", room).forNoKeyUpdate().execute(),
    db
      .selectFrom("room")
      .leftJoin("member", (join) => join.onRef("member.room", "=", "room.id").on("member.account", "=", account))
      .leftJoin("invitation", (join) =>
        join.onRef("invitation.room", "=", "room.id").on("invitation.account", "=", account),
      )
      .leftJoin("ban", (join) => join.onRef("ban.room", "=", "room.id").on("ban.account", "=", account))
      .selectAll("room")
      .select("member.role")
      .where("room.id", "=", room)
      .where("ban.account", "is", null)
      .where(({ or, eb }) =>
        or([
          eb("room.kind", "=", "public"),
          eb("member.account", "is not", null),
          eb("invitation.account", "is not", null),
        ]),
      )
      .executeTakeFirst(),
  ]);
  return found && { ...found, isMember: found.role !== null };
}

async function assertRoomForMember(db: ChatDb, { id }: Pick<Room, "id">, fail: Fail<"LIMIT_REACHED">) {
  const all = db.selectFrom("member").select(COUNT.as("count")).where("room", "=", id);
  const { count } = await all.executeTakeFirstOrThrow();
  if (count >= MEMBERS_PER_ROOM_MAX) throw fail("LIMIT_REACHED", limitOf("members of a room", MEMBERS_PER_ROOM_MAX));
}

export const changeMember = chat.command("PATCH /rooms/:room/members/:account", {
  summary: "Change the role of a member",
  description: "For owners. The last owner can step down once there is another one.",
  isolation: "read committed",
  input: { ...byMember, role: field.enum(...ROLES) },
  output: shownMember,
  errors: { ...NOT_MEMBER, ...DIRECT_ROOM, ...LAST_OWNER },
  async run(context) {
    const { db, fail, input } = context;
    const { role } = input;
    const { id: room } = await enterManaged(context, input.room, "owner");
    const before = (await roleOf(db, room, input.account)) ?? fail("NOT_FOUND");
    const account = input.account.toLowerCase();
    if (before === "owner" && role !== "owner") await assertOtherOwner(db, room, fail);
    if (before !== role) {
      const member = db.updateTable("member").set({ role }).where("room", "=", room);
      await member.where("account", "=", account).execute();
      await record(context, { room, act: "role", account, role });
    }
    return selectMembers(db, room).where("member.account", "=", account).executeTakeFirstOrThrow();
  },
});

async function assertOtherOwner(db: ChatDb, room: string, fail: Fail<"LAST_OWNER">): Promise<void> {
  const owners = db.selectFrom("member").select("account").where("room", "=", room).where("role", "=", "owner");
  if ((await owners.limit(2).execute()).length < 2) throw fail("LAST_OWNER");
}

export const removeMember = chat.command("DELETE /rooms/:room/members/:account", {
  summary: "Leave a room, or put somebody out of it",
  description:
    "Everybody may leave; moderators and owners put out those of lower roles. A public room can be joined " +
    "again: a ban keeps out.",
  isolation: "read committed",
  input: { ...byMember, reason: Act.fields.reason },
  errors: { ...NOT_MEMBER, ...DIRECT_ROOM, ...LAST_OWNER, ...OUTRANKED },
  async run(context) {
    const { db, actor, fail, input } = context;
    const account = input.account.toLowerCase();
    const leaves = account === actor.id;
    const { id: room, role } = await enterManaged(context, input.room, leaves ? "member" : "moderator");
    if (leaves) {
      if (role === "owner") await assertOtherOwner(db, room, fail);
    } else {
      const theirs = (await roleOf(db, room, account)) ?? fail("NOT_FOUND");
      assertOutranks(fail, role, theirs);
      await record(context, { room, act: "kick", account, reason: input.reason });
    }
    await db.deleteFrom("member").where("room", "=", room).where("account", "=", account).execute();
  },
});
