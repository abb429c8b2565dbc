/**
 * Moderation: who is muted, and who is banned. Moderators and owners act on those whose role is lower than their own;
 * what they did is in the log (`acts.ts`). Mutes end by themselves; both outlive leaving and joining again.
 */
import { nullable, page } from "lineshaft";
import { assertOutranks, canModerate, enterManaged, roleOf } from "./access.ts";
import { record } from "./acts.ts";
import { DIRECT_ROOM, NOT_MEMBER, OUTRANKED, wrong } from "./errors.ts";
import { byMember } from "./members.ts";
import { byRoom } from "./messages.ts";
import { Act, Ban, chat, Mute } from "./model.ts";
import { pageOf, paging } from "./paging.ts";
import { isAccount, personOf, shownPerson } from "./people.ts";

const MODERATING = { ...NOT_MEMBER, ...DIRECT_ROOM } as const;
const ACTING = { ...MODERATING, ...OUTRANKED } as const;
const reason = Act.fields.reason;

const shownMute = Mute.pick("account", "until");
const shownBan = { ...Ban.pick("account", "reason", "createdAt"), bannedBy: nullable(shownPerson) };

export const mute = chat.command("PUT /rooms/:room/mutes/:account", {
  summary: "Mute a member until a time",
  description: "Who is muted reads, and neither posts, edits nor reacts. Muting again changes the time.",
  isolation: "read committed",
  input: { ...byMember, ...Mute.pick("until"), reason },
  output: shownMute,
  errors: ACTING,
  async run(context) {
    const { db, fail, input, now } = context;
    const { until } = input;
    const { id: room, role } = await enterManaged(context, input.room, "moderator");
    if (until <= now) throw fail("INVALID_INPUT", wrong("/until", "is past"));
    const account = input.account.toLowerCase();
    assertOutranks(fail, role, (await roleOf(db, room, account)) ?? fail("NOT_FOUND"));
    const muting = db.insertInto("mute").values({ room, account, until });
    await muting.onConflict((conflict) => conflict.columns(["room", "account"]).doUpdateSet({ until })).execute();
    await record(context, { room, act: "mute", account, until, reason: input.reason });
    return { account, until };
  },
});

export const unmute = chat.command("DELETE /rooms/:room/mutes/:account", {
  summary: "End a mute before its time",
  isolation: "read committed",
  input: byMember,
  errors: ACTING,
  async run(context) {
    const { db, fail, input } = context;
    const { id: room, role } = await enterManaged(context, input.room, "moderator");
    assertOutranks(fail, role, await roleOf(db, room, input.account));
    const ended = db.deleteFrom("mute").where("room", "=", room).where("account", "=", input.account);
    const { account } = (await ended.returning("account").executeTakeFirst()) ?? fail("NOT_FOUND");
    await record(context, { room, act: "unmute", account });
  },
});

export const mutes = chat.query("GET /rooms/:room/mutes", {
  summary: "Who is muted, or was and has not been muted since",
  description: "For moderators and owners.",
  input: { ...byRoom, ...paging },
  output: page(shownMute),
  authorize: canModerate,
  async run(context) {
    const { room, cursor, limit } = context.input;
    let all = context.db.selectFrom("mute").select(["account", "until"]).where("room", "=", room);
    if (cursor !== undefined) all = all.where("account", ">", cursor);
    const some = all.orderBy("account").limit(limit + 1);
    return pageOf(await some.execute(), limit, ({ account }) => account);
  },
});

export const ban = chat.command("PUT /rooms/:room/bans/:account", {
  summary: "Ban an account from a room",
  description: "Member or not: it is put out, does not see the room any more, cannot join, and is not invited.",
  isolation: "read committed",
  input: { ...byMember, reason },
  errors: ACTING,
  async run(context) {
    const { db, actor, fail, input } = context;
    const { id: room, role } = await enterManaged(context, input.room, "moderator");
    const account = input.account.toLowerCase();
    if (!(await isAccount(db, account))) throw fail("INVALID_INPUT", wrong("/account", "is no account", "path"));
    assertOutranks(fail, role, await roleOf(db, room, account));
    const values = { reason: input.reason, bannedBy: actor.id };
    await db
      .insertInto("ban")
      .values({ room, account, ...values })
      .onConflict((conflict) => conflict.columns(["room", "account"]).doUpdateSet(values))
      .execute();
    await db.deleteFrom("member").where("room", "=", room).where("account", "=", account).execute();
    await db.deleteFrom("invitation").where("room", "=", room).where("account", "=", account).execute();
    await record(context, { room, act: "ban", account, reason: input.reason });
  },
});

export const unban = chat.command("DELETE /rooms/:room/bans/:account", {
  summary: "Lift a ban",
  isolation: "read committed",
  input: byMember,
  errors: MODERATING,
  async run(context) {
    const { db, fail, input } = context;
    const { id: room } = await enterManaged(context, input.room, "moderator");
    const lifted = db.deleteFrom("ban").where("room", "=", room).where("account", "=", input.account);
    const { account } = (await lifted.returning("account").executeTakeFirst()) ?? fail("NOT_FOUND");
    await record(context, { room, act: "unban", account });
  },
});

export const bans = chat.query("GET /rooms/:room/bans", {
  summary: "Who is banned from a room",
  description: "For moderators and owners.",
  input: { ...byRoom, ...paging },
  output: page(shownBan),
  authorize: canModerate,
  async run(context) {
    const { room, cursor, limit } = context.input;
    let all = context.db
      .selectFrom("ban")
      .select(["ban.account", "ban.reason", "ban.createdAt"])
      .select(personOf("ban.bannedBy").as("bannedBy"))
      .where("ban.room", "=", room);
    if (cursor !== undefined) all = all.where("ban.account", ">", cursor);
    const some = all.orderBy("ban.account").limit(limit + 1);
    return pageOf(await some.execute(), limit, ({ account }) => account);
  },
});
