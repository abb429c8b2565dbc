/** Mentions: `@[account id]` in a text. Only members are mentioned; what names others is but text. */
import { type Fail, page, sql } from "lineshaft";
import { wrong } from "./errors.ts";
import { foundMessage, selectFound } from "./message-view.ts";
import { type ChatDb, chat, MENTIONS_PER_MESSAGE_MAX } from "./model.ts";
import { pageOf, paging } from "./paging.ts";

const MENTION = /@\[([0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12})\]/gi;

/** The accounts that a text names. */
export function namedIn(text: string, fail: Fail<never>): readonly string[] {
  const named = new Set(Array.from(text.matchAll(MENTION), ([, id = ""]) => id.toLowerCase()));
  if (named.size > MENTIONS_PER_MESSAGE_MAX) {
    throw fail("INVALID_INPUT", wrong("/text", `mentions ${named.size} accounts; at most ${MENTIONS_PER_MESSAGE_MAX}`));
  }
  return [...named];
}

/** Writes down whom of these accounts a message mentions: the members. */
export async function addMentions(
  db: ChatDb,
  { room, number }: { readonly room: string; readonly number: number },
  named: readonly string[],
): Promise<void> {
  if (named.length === 0) return;
  const members = db
    .selectFrom("member")
    .select(["member.room", sql<number>`${number}::int`.as("number"), "member.account"])
    .where("member.room", "=", room)
    .where("member.account", "in", named);
  await db
    .insertInto("mention")
    .columns(["room", "number", "account"])
    .expression(members)
    .onConflict((conflict) => conflict.columns(["room", "number", "account"]).doNothing())
    .execute();
}

export const mentions = chat.query("GET /mentions", {
  summary: "Messages that mention the caller, the newest first",
  description: "In all rooms of the caller.",
  input: paging,
  output: page(foundMessage),
  async run({ input, actor, db }) {
    let mine = selectFound(db)
      .innerJoin("mention as mine", (join) =>
        join.onRef("mine.room", "=", "message.room").onRef("mine.number", "=", "message.number"),
      )
      .innerJoin("member", (join) =>
        join.onRef("member.room", "=", "mine.room").onRef("member.account", "=", "mine.account"),
      )
      .where("mine.account", "=", actor.id);
    if (input.cursor !== undefined) mine = mine.where("message.id", "<", input.cursor);
    const rows = await mine
      .orderBy("message.id", "desc")
      .limit(input.limit + 1)
      .execute();
    return pageOf(rows, input.limit, ({ id }) => id);
  },
});
