/**
 * Posting: the one command that everybody waits for, so it makes two round trips and a commit. The first locks the room
 * and reads all that is decided by; the second writes all there is to write, and reads the message back.
 */
import { type Fail, type FaultOptions, sql, type ValueOf } from "lineshaft";
import { assertMaySpeak, enterAny, mayAs, type Seen } from "./access.ts";
import { attached, giveTo } from "./attachments.ts";
import { CLIENT_ID_TAKEN, MESSAGE_DELETED, SLOW_MODE, SPEAKING, wrong } from "./errors.ts";
import { addMentions, namedIn } from "./mentions.ts";
import { findMessage, shownMessage } from "./message-view.ts";
import { byRoom } from "./messages.ts";
import { type ChatDb, chat, Message } from "./model.ts";

const SECOND_MS = 1_000;
/** Something that can be seen: a letter, a number, a sign. */
const VISIBLE = /[\p{L}\p{N}\p{P}\p{S}]/u;

const posted = { ...byRoom, ...Message.pick("clientId", "text", "replyTo", "thread"), attachments: attached };
type Post = ValueOf<typeof posted>;

export const postMessage = chat.command("POST /rooms/:room/messages", {
  summary: "Post a message",
  description:
    "It gets the next number of the room. When no answer came, post again with the same `clientId`: it is one " +
    "message, and answered as the first time. What one posts, one has read.",
  isolation: "read committed",
  limit: { per: "actor", rate: "120/minute" },
  input: posted,
  output: shownMessage,
  status: 201,
  errors: { ...SPEAKING, ...SLOW_MODE, ...CLIENT_ID_TAKEN, ...MESSAGE_DELETED },
  async run(context) {
    const { db, actor, fail, now, reply } = context;
    const post: Post = { ...context.input, clientId: context.input.clientId.toLowerCase() };
    if (post.attachments.length === 0) assertVisible(post.text, fail);
    const named = namedIn(post.text, fail);
    const [seen, earlier, targets] = await Promise.all([
      enterAny(context, post.room, "member"),
      postedBefore(db, actor.id, post),
      targetsOf(db, post),
    ]);
    const { id: room } = seen;
    const number = earlier?.number ?? seen.lastNumber + 1;
    reply.header("location", `/chat/rooms/${room}/messages/${number}`);
    if (earlier) {
      if (!isSame(earlier, post)) throw fail("CLIENT_ID_TAKEN");
      return (await findMessage(db, room, number)) ?? fail("NOT_FOUND");
    }
    assertMaySpeak(context, seen);
    assertNotTooSoon(context, seen);
    const thread = rootOf(post, targets, fail);
    const { attachments, ...said } = post;
    const message = { ...said, room, number, thread, author: actor.id, createdAt: now };
    await giveTo(db, message, attachments, fail);
    return (await writeMessage(db, message, named)) ?? fail("NOT_FOUND");
  },
});

/** @throws {Fault} INVALID_INPUT of a text in which there is nothing to see. */
export function assertVisible(text: string, fail: Fail<never>): void {
  if (!VISIBLE.test(text)) throw fail("INVALID_INPUT", wrong("/text", "has nothing that can be seen"));
}

function postedBefore(db: ChatDb, author: string, { room, clientId }: Post) {
  return db
    .selectFrom("message")
    .select(["number", "text", "replyTo", "thread", "editedAt", "deletedAt"])
    .where("room", "=", room)
    .where("author", "=", author)
    .where("clientId", "=", clientId)
    .executeTakeFirst();
}

type Earlier = NonNullable<Awaited<ReturnType<typeof postedBefore>>>;

/** Whether what is posted again is what was posted, as far as that can still be known. */
function isSame(earlier: Earlier, { text, replyTo, thread }: Post): boolean {
  const isTouched = earlier.editedAt !== null || earlier.deletedAt !== null;
  const isThere = earlier.replyTo === (replyTo ?? null) && earlier.thread === (thread ?? null);
  return isThere && (isTouched || earlier.text === text);
}

/** The messages that a post points at. */
async function targetsOf(db: ChatDb, { room, replyTo, thread }: Post) {
  const numbers = [replyTo, thread].filter((each) => each !== undefined);
  if (numbers.length === 0) return [];
  const found = db.selectFrom("message").select(["number", "thread", "deletedAt"]).where("room", "=", room);
  return found.where("number", "in", numbers).execute();
}

type Targets = Awaited<ReturnType<typeof targetsOf>>;

/** The number of the message whose thread a post goes into; null for none. */
function rootOf({ replyTo, thread }: Post, targets: Targets, fail: Fail<"MESSAGE_DELETED">): number | null {
  const find = (number: number, pointer: string) =>
    targets.find((each) => each.number === number) ??
    fail("INVALID_INPUT", wrong(pointer, `names the message ${number}, which is not in this room`));
  if (replyTo !== undefined && find(replyTo, "/replyTo").deletedAt !== null) throw fail("MESSAGE_DELETED");
  if (thread === undefined) return null;
  const root = find(thread, "/thread");
  if (root.thread === null) return thread;
  throw fail("INVALID_INPUT", wrong("/thread", `names a message of the thread of ${root.thread}: name that one`));
}

interface TooSoon {
  readonly now: Date;
  readonly fail: Fail<"SLOW_MODE">;
}

/** @throws {Fault} SLOW_MODE. A clock that was set back holds nobody up. */
function assertNotTooSoon({ now, fail }: TooSoon, { slowSeconds, postedAt, role }: Seen): void {
  if (slowSeconds === 0 || postedAt === null || (role !== null && mayAs(role, "moderator"))) return;
  const sinceMs = now.getTime() - postedAt.getTime();
  const waitSeconds = Math.ceil(slowSeconds - sinceMs / SECOND_MS);
  if (sinceMs < 0 || waitSeconds <= 0) return;
  const told: FaultOptions = { facts: { seconds: slowSeconds }, retryAfterSeconds: waitSeconds };
  throw fail("SLOW_MODE", { detail: `One message in ${slowSeconds} s; try again in ${waitSeconds} s.`, ...told });
}

interface Written extends Omit<Post, "thread" | "attachments"> {
  readonly number: number;
  readonly thread: number | null;
  readonly author: string;
  readonly createdAt: Date;
}

/** Writes a message and all that goes with it, sent together, and gives it as it is shown. */
async function writeMessage(db: ChatDb, message: Written, named: readonly string[]) {
  const { room, number, author, thread, createdAt: at } = message;
  const inRoom = db.updateTable("room").set({ lastNumber: number, lastMessageAt: at }).where("id", "=", room);
  const read = db.updateTable("member").set({ readNumber: number, postedAt: at }).where("room", "=", room);
  const root = db.updateTable("message").set({
    replyCount: sql`"replyCount" + 1`,
    lastReply: number,
    lastReplyAt: at,
  });
  const [, , , , , shown] = await Promise.all([
    inRoom.execute(),
    db.insertInto("message").values(message).execute(),
    addMentions(db, message, named),
    read.where("account", "=", author).execute(),
    thread !== null && root.where("room", "=", room).where("number", "=", thread).execute(),
    findMessage(db, room, number),
  ]);
  return shown;
}
