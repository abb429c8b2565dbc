/**
 * Access: the one place that decides what somebody may do in a room.
 *
 * A room is seen by its members, a public one by everybody who is not banned. All others are told that there is no such
 * room. Commands lock the room's row first, so what they read after that stays true until they commit (`model.ts`).
 */
import { type AccountActor, type ExpressionBuilder, type Fail, sql } from "lineshaft";
import { type ChatDb, type ChatTables, ROLES, type Role, type Room } from "./model.ts";

/** What of a call's context is needed to look into a room. */
export interface Asking {
  readonly db: ChatDb;
  readonly actor: AccountActor;
  readonly fail: Fail<never>;
}

interface AskingRoom extends Asking {
  readonly input: { readonly room: string };
}

interface Entering extends Asking {
  readonly fail: Fail<"NOT_MEMBER">;
}

interface Managing extends Asking {
  readonly fail: Fail<"NOT_MEMBER" | "DIRECT_ROOM">;
}

interface Writing extends Asking {
  readonly fail: Fail<"NOT_MEMBER" | "ROOM_ARCHIVED">;
}

interface Speaking extends Asking {
  readonly fail: Fail<"NOT_MEMBER" | "ROOM_ARCHIVED" | "MUTED">;
  readonly now: Date;
}

/** A room, and what the caller is there; nothing but null is known of somebody who is no member. */
export interface Seen extends Room {
  readonly role: Role | null;
  readonly readNumber: number | null;
  readonly postedAt: Date | null;
  readonly mutedUntil: Date | null;
}
/** The same for a member. */
export interface Entered extends Seen {
  readonly role: Role;
}

/** Whether a role is enough. */
export function mayAs(role: Role, need: Role): boolean {
  return ROLES.indexOf(role) >= ROLES.indexOf(need);
}

/** SQL: whether an account may see a room. */
export function seenBy(account: string) {
  return ({ or, and, exists, not, selectFrom, eb }: ExpressionBuilder<ChatTables, "room">) =>
    or([
      exists(
        selectFrom("member")
          .select("member.role")
          .whereRef("member.room", "=", "room.id")
          .where("account", "=", account),
      ),
      and([
        eb("room.kind", "=", "public"),
        not(
          exists(
            selectFrom("ban").select("ban.room").whereRef("ban.room", "=", "room.id").where("account", "=", account),
          ),
        ),
      ]),
    ]);
}

/**
 * Lets somebody ask about a room, or fails. Queries are authorized by it, so that what they answer is the same for all
 * who may see the room, and worked out once for all who watch it. It names no column that a message changes: who may
 * see a room is not asked anew with each message.
 */
export async function canSee({ input, actor, db, fail }: AskingRoom): Promise<void> {
  const visible = db.selectFrom("room").select("room.id").where("room.id", "=", input.room).where(seenBy(actor.id));
  if (!(await visible.executeTakeFirst())) throw fail("NOT_FOUND");
}

/** Lets moderators and owners ask what only they are told, or fails. */
export async function canModerate({ input, actor, db, fail }: AskingRoom): Promise<void> {
  const visible = db
    .selectFrom("room")
    .leftJoin("member", (join) => join.onRef("member.room", "=", "room.id").on("member.account", "=", actor.id))
    .select("member.role")
    .where("room.id", "=", input.room)
    .where(seenBy(actor.id));
  const { role } = (await visible.executeTakeFirst()) ?? fail("NOT_FOUND");
  if (role === null || !mayAs(role, "moderator")) throw fail("FORBIDDEN", tooLow("moderator", role));
}

function tooLow(need: Role, role: Role | null): string {
  return `This takes the role ${need}; yours is ${role ?? "none: you are no member"}.`;
}

/** The room, locked, for a command of whoever sees it. */
export async function lock({ db, actor, fail }: Asking, room: string): Promise<Seen> {
  // Sent together, run one after the other: the second reads what was committed before the first had its lock.
  const [, found] = await Promise.all([
    db.selectFrom("room").select("id").where("id", "=", room).forNoKeyUpdate().execute(),
    db
      .selectFrom("room")
      .leftJoin("member", (join) => join.onRef("member.room", "=", "room.id").on("member.account", "=", actor.id))
      .leftJoin("mute", (join) => join.onRef("mute.room", "=", "room.id").on("mute.account", "=", actor.id))
      .selectAll("room")
      .select(["member.role", "member.readNumber", "member.postedAt", "mute.until as mutedUntil"])
      .where("room.id", "=", room)
      .where(seenBy(actor.id))
      .executeTakeFirst(),
  ]);
  return found ?? fail("NOT_FOUND");
}

/** The same for a member, with at least this role; also in an archived room. */
export async function enterAny(asking: Entering, room: string, need: Role): Promise<Entered> {
  const seen = await lock(asking, room);
  if (seen.role === null) throw asking.fail("NOT_MEMBER");
  const entered = { ...seen, role: seen.role };
  assertMayAs(asking, entered, need);
  return entered;
}

/** @throws {Fault} FORBIDDEN */
export function assertMayAs({ fail }: Pick<Asking, "fail">, { role }: Pick<Entered, "role">, need: Role): void {
  if (!mayAs(role, need)) throw fail("FORBIDDEN", tooLow(need, role));
}

/** The room, locked, for a command about its members; also in an archived room, never in a direct one. */
export async function enterManaged(asking: Managing, room: string, need: Role): Promise<Entered> {
  const seen = await enterAny(asking, room, "member");
  if (seen.kind === "direct") throw asking.fail("DIRECT_ROOM");
  assertMayAs(asking, seen, need);
  return seen;
}

/** The room, locked, for a command of a member that changes what is in it. */
export async function enter(asking: Writing, room: string, need: Role = "member"): Promise<Entered> {
  const seen = await enterAny(asking, room, need);
  assertOpen(asking, seen);
  return seen;
}

/** @throws {Fault} ROOM_ARCHIVED */
export function assertOpen({ fail }: { readonly fail: Fail<"ROOM_ARCHIVED"> }, room: Pick<Room, "archivedAt">): void {
  if (room.archivedAt !== null) throw fail("ROOM_ARCHIVED", "An owner can take it out of the archive.");
}

/** @throws {Fault} ROOM_ARCHIVED, MUTED */
export function assertMaySpeak(asking: Pick<Speaking, "fail" | "now">, seen: Seen): void {
  assertOpen(asking, seen);
  if (seen.mutedUntil !== null && seen.mutedUntil > asking.now) {
    throw asking.fail("MUTED", { facts: { until: seen.mutedUntil.toISOString() } });
  }
}

/** The room, locked, for a command of a member by which the others see something. */
export async function speakIn(asking: Speaking, room: string): Promise<Entered> {
  const seen = await enterAny(asking, room, "member");
  assertMaySpeak(asking, seen);
  return seen;
}

/** @throws {Fault} OUTRANKED unless the one role is higher than the other; who is no member has none. */
export function assertOutranks(fail: Fail<"OUTRANKED">, mine: Role, theirs: Role | undefined): void {
  if (theirs !== undefined && mayAs(theirs, mine)) throw fail("OUTRANKED", `The other is ${theirs}; you are ${mine}.`);
}

/** The role of an account in a room; undefined of one who is no member. */
export async function roleOf(db: ChatDb, room: string, account: string): Promise<Role | undefined> {
  const member = db.selectFrom("member").select("role").where("room", "=", room).where("account", "=", account);
  return (await member.executeTakeFirst())?.role;
}

/** SQL of how many rows there are. */
export const COUNT = sql<number>`count(*)::int`;
