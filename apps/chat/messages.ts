/**
 * Messages, read: by number, both ways. Numbers have no gaps, so every page but the newest is a range of them, which
 * does not change when others post: an old page that somebody watches is asked anew only for what happens on it.
 */
import { type Fail, field, list, sql } from "lineshaft";
import { canSee } from "./access.ts";
import { wrong } from "./errors.ts";
import { findMessage, selectMessages, shownMessage } from "./message-view.ts";
import { type ChatDb, chat, Message, Room } from "./model.ts";
import { limit } from "./paging.ts";

export const byRoom = { room: Room.fields.id };
export const byMessage = { ...byRoom, number: Message.fields.number };

/** More than a room will ever have, and far enough from what an integer can hold. */
const NUMBER_MAX = 2_000_000_000;

const position = field.integer({ min: 1, max: NUMBER_MAX }).optional();
const after = field.integer({ min: 0, max: NUMBER_MAX }).optional().describe("Newer than this one.");

const shownPage = {
  items: list(shownMessage),
  before: position.nullable().describe("There are older ones: ask with `before` for them."),
  after: after.nullable().describe("There are newer ones: ask with `after` for them."),
};

export const messages = chat.query("GET /rooms/:room/messages", {
  summary: "Messages of a room, in order",
  description:
    "The newest ones; or those `before` or `after` a number, or `around` it. Deleted messages and those in threads " +
    "are among them: numbers have no gaps.",
  input: {
    ...byRoom,
    before: position.describe("Older than this one."),
    after,
    around: position.describe("This one and as many before as after."),
    limit,
  },
  output: shownPage,
  authorize: canSee,
  async run(context) {
    return messagePage(context.db, context.input, context.fail);
  },
});

interface PageAsked {
  readonly room: string;
  readonly before?: number | undefined;
  readonly after?: number | undefined;
  readonly around?: number | undefined;
  readonly limit: number;
}

async function messagePage(db: ChatDb, asked: PageAsked, fail: Fail<never>) {
  const { room, before, after, around, limit: size } = asked;
  if ([before, after, around].filter((each) => each !== undefined).length > 1) {
    throw fail(
      "INVALID_INPUT",
      wrong("/before", "goes without /after and /around, and they without each other", "query"),
    );
  }
  if (after !== undefined) return range(db, room, after + 1, size);
  if (around !== undefined) return range(db, room, Math.max(1, around - Math.floor(size / 2)), size);
  if (before !== undefined) {
    const from = Math.max(1, before - size);
    const found = await range(db, room, from, before - from);
    // Less than all of them: the number lies beyond the last message, and those before it are the newest.
    if (found.items.length === before - from) return found;
  }
  const newest = await selectMessages(db, room).orderBy("message.number", "desc").limit(size).execute();
  return shown(newest.reverse(), { from: newest[0]?.number ?? 1, hasMore: false });
}

/**
 * Messages from a number on. One more is asked for, to know whether there is one. All numbers are named, rather than
 * where they begin and end: so it is known which changes matter, and a post behind the page is none.
 */
async function range(db: ChatDb, room: string, from: number, size: number) {
  const numbers = Array.from({ length: size + 1 }, (_, index) => from + index);
  const some = selectMessages(db, room).where(sql<boolean>`"message"."number" = any(${numbers}::int[])`);
  const found = await some.orderBy("message.number").execute();
  return shown(found.slice(0, size), { from, hasMore: found.length > size });
}

function shown<TRow extends { readonly number: number }>(
  items: readonly TRow[],
  { from, hasMore }: { readonly from: number; readonly hasMore: boolean },
) {
  return { items, before: from > 1 ? from : null, after: hasMore ? (items.at(-1)?.number ?? from - 1) : null };
}

export const message = chat.query("GET /rooms/:room/messages/:number", {
  summary: "One message",
  input: byMessage,
  output: shownMessage,
  authorize: canSee,
  async run(context) {
    return (await findMessage(context.db, context.input.room, context.input.number)) ?? context.fail("NOT_FOUND");
  },
});

export const thread = chat.query("GET /rooms/:room/messages/:number/thread", {
  summary: "The thread of a message, the oldest first",
  description: "What is in the thread, without the message that it hangs from.",
  input: { ...byMessage, after, limit },
  output: { items: shownPage.items, after: shownPage.after },
  authorize: canSee,
  async run(context) {
    const { room, number, after = 0, limit: size } = context.input;
    const all = selectMessages(context.db, room).where("message.thread", "=", number);
    const some = all.where("message.number", ">", after).orderBy("message.number");
    const found = await some.limit(size + 1).execute();
    if (found.length === 0 && !(await findMessage(context.db, room, number))) throw context.fail("NOT_FOUND");
    const items = found.slice(0, size);
    return { items, after: found.length > size ? items.at(-1)!.number : null };
  },
});
