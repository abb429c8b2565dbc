/** An app with channels of every kind, for their tests. */
import * as accounts from "../../../accounts/index.ts";
import { entity } from "../../../define/entity.ts";
import { field } from "../../../define/field.ts";
import { service } from "../../../define/service.ts";

export class Seat extends entity(
  "seat",
  { id: field.serial(), room: field.integer(), account: field.text(), name: field.text() },
  { unique: [["room", "account"]] },
) {}

const site = service("site", { entities: { Seat }, actor: "anyone" });

/** Everybody may join, and nobody sees who is there. */
const open = site.channel("/open/:name", {
  input: { name: field.text({ max: 600 }) },
  messages: { chat: { text: field.text({ max: 5_000 }) }, news: { text: field.text() } },
  fromServer: ["news"],
  limit: { per: "address", rate: "100000/second" },
});

/** Whoever has a seat may join; the seat says the name. */
const room = site.channel("/rooms/:room", {
  actor: "account",
  input: { room: field.integer() },
  member: { account: field.text(), name: field.text() },
  state: { status: field.enum("here", "away").default("here") },
  messages: { typing: {}, cursor: { x: field.integer(), y: field.integer().default(0) } },
  async join({ input, actor, db, fail }) {
    const seat = await db
      .selectFrom("seat")
      .select("name")
      .where("room", "=", input.room)
      .where("account", "=", actor.id)
      .executeTakeFirst();
    return seat ? { account: actor.id, name: seat.name } : fail("FORBIDDEN", "You have no seat here.");
  },
});

/** Two messages a minute. */
const slow = site.channel("/slow", { messages: { hi: {} }, limit: { per: "address", rate: "2/minute" } });

const announce = site.command("POST /announce", {
  input: { name: field.text(), text: field.text(), fails: field.boolean().default(false) },
  async run({ input, broadcast, db, fail }) {
    broadcast(open, { name: input.name }, "news", { text: input.text });
    await db.insertInto("seat").values({ room: 0, account: input.text, name: "" }).execute();
    if (input.fails) fail("CONFLICT");
  },
});

export const CHANNEL_APP = { services: { accounts, site: { site, open, room, slow, announce } } };
