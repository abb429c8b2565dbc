/** Rooms: made and changed. Who makes one is its first owner. Lists of rooms are in `room-lists.ts`. */
import { type Fail, field } from "lineshaft";
import { assertOpen, COUNT, canSee, enterManaged } from "./access.ts";
import { DIRECT_ROOM, LIMIT_REACHED, limitOf, WRITING, wrong } from "./errors.ts";
import { byRoom } from "./messages.ts";
import { type ChatDb, chat, Member, ROOMS_PER_ACCOUNT_MAX, Room } from "./model.ts";
import { isAccount } from "./people.ts";

/** A room as everybody sees it who does. */
export const shownRoom = Room.pick(
  ...(["id", "kind", "name", "topic", "slowSeconds", "lastNumber", "archivedAt", "createdAt"] as const),
);

/** Of a room that has one: direct rooms have none. */
const name = field.text({ max: 80, pattern: /\S/ });

/** Refuses when an account is in as many rooms as it may be. Two at once may both pass: this limit is not exact. */
export async function assertMayJoinMore(db: ChatDb, account: string, fail: Fail<"LIMIT_REACHED">): Promise<void> {
  const all = db.selectFrom("member").select(COUNT.as("count")).where("account", "=", account);
  if ((await all.executeTakeFirstOrThrow()).count < ROOMS_PER_ACCOUNT_MAX) return;
  throw fail("LIMIT_REACHED", limitOf("rooms of one account", ROOMS_PER_ACCOUNT_MAX));
}

export const createRoom = chat.command("POST /rooms", {
  summary: "Create a room, as its owner",
  isolation: "read committed",
  limit: { per: "actor", rate: "100/hour" },
  input: { kind: field.enum("public", "private"), name, ...Room.pick("topic") },
  output: shownRoom,
  status: 201,
  errors: LIMIT_REACHED,
  async run({ input, actor, db, fail, reply }) {
    await assertMayJoinMore(db, actor.id, fail);
    const room = await db.insertInto("room").values(input).returningAll().executeTakeFirstOrThrow();
    await db.insertInto("member").values({ room: room.id, account: actor.id, role: "owner" }).execute();
    reply.header("location", `/chat/rooms/${room.id}`);
    return room;
  },
});

export const openDirect = chat.command("POST /direct", {
  summary: "The direct room with another account",
  description: "It is made when there is none: one for each pair, whoever of the two asks.",
  isolation: "read committed",
  limit: { per: "actor", rate: "600/hour" },
  input: Member.pick("account"),
  output: shownRoom,
  errors: LIMIT_REACHED,
  async run({ input, actor, db, fail }) {
    const other = input.account.toLowerCase();
    if (other === actor.id) throw fail("INVALID_INPUT", wrong("/account", "is your own"));
    const pair = [actor.id, other].sort().join(" ");
    const there = await pairOf(db, pair);
    if (there) return there;
    if (!(await isAccount(db, other))) throw fail("INVALID_INPUT", wrong("/account", "is no account"));
    await assertMayJoinMore(db, actor.id, fail);
    const values = { kind: "direct", pair } as const;
    // Of two who ask at once the second waits here, and then finds the room of the first.
    const making = db
      .insertInto("room")
      .values(values)
      .onConflict((conflict) => conflict.column("pair").doNothing());
    const made = await making.returningAll().executeTakeFirst();
    if (!made) return (await pairOf(db, pair)) ?? fail("CONFLICT");
    const members = [actor.id, other].map((account) => ({ room: made.id, account }));
    await db.insertInto("member").values(members).execute();
    return made;
  },
});

function pairOf(db: ChatDb, pair: string) {
  return db.selectFrom("room").selectAll().where("pair", "=", pair).executeTakeFirst();
}

export const room = chat.query("GET /rooms/:room", {
  summary: "One room",
  input: byRoom,
  output: shownRoom,
  authorize: canSee,
  async run(context) {
    const found = context.db.selectFrom("room").selectAll().where("id", "=", context.input.room);
    return found.executeTakeFirstOrThrow();
  },
});

export const changeRoom = chat.command("PATCH /rooms/:room", {
  summary: "Rename a room, change its topic or slow mode, put it into the archive or take it out",
  description: "For moderators; the archive for owners. Nothing in an archived room changes.",
  isolation: "read committed",
  input: {
    ...byRoom,
    name: name.optional(),
    ...Room.partial("topic", "slowSeconds"),
    archived: field.boolean().optional(),
  },
  output: shownRoom,
  errors: { ...WRITING, ...DIRECT_ROOM },
  async run(context) {
    const { db, now } = context;
    const { room: id, archived, ...changes } = context.input;
    const seen = await enterManaged(context, id, archived === undefined ? "moderator" : "owner");
    if (archived === undefined) assertOpen(context, seen);
    const archivedAt = archived === undefined ? seen.archivedAt : archived ? (seen.archivedAt ?? now) : null;
    const changed = db
      .updateTable("room")
      .set({ ...changes, archivedAt })
      .where("id", "=", seen.id);
    return changed.returningAll().executeTakeFirstOrThrow();
  },
});
