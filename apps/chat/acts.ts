/** The log of moderation: written in the same commit as what it tells of, read by moderators and owners. */
import { nullable, page } from "lineshaft";
import { canModerate } from "./access.ts";
import { byRoom } from "./messages.ts";
import { type ACTS, Act, type ChatDb, chat, type Role } from "./model.ts";
import { pageOf, paging } from "./paging.ts";
import { personOf, shownPerson } from "./people.ts";

interface Acting {
  readonly db: ChatDb;
  readonly actor: { readonly id: string };
  readonly now: Date;
}

interface Entry {
  readonly room: string;
  readonly act: (typeof ACTS)[number];
  readonly account: string | null;
  readonly number?: number;
  readonly until?: Date;
  readonly role?: Role;
  readonly reason?: string;
}

/** Writes down what a moderator did. */
export async function record({ db, actor }: Acting, entry: Entry): Promise<void> {
  await db
    .insertInto("act")
    .values({ ...entry, actor: actor.id })
    .execute();
}

export const acts = chat.query("GET /rooms/:room/acts", {
  summary: "What moderators did, the latest first",
  description: "For moderators and owners.",
  input: { ...byRoom, ...paging },
  output: page({
    ...Act.pick("id", "act", "number", "until", "role", "reason", "createdAt"),
    actor: nullable(shownPerson),
    account: nullable(shownPerson),
  }),
  authorize: canModerate,
  async run(context) {
    const { room, cursor, limit } = context.input;
    let all = context.db
      .selectFrom("act")
      .select(["act.id", "act.act", "act.number", "act.until", "act.role", "act.reason", "act.createdAt"])
      .select([personOf("act.actor").as("actor"), personOf("act.account").as("account")])
      .where("act.room", "=", room);
    if (cursor !== undefined) all = all.where("act.id", "<", cursor);
    const some = all.orderBy("act.id", "desc").limit(limit + 1);
    return pageOf(await some.execute(), limit, ({ id }) => id);
  },
});
