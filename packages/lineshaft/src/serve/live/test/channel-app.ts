/** An app with channels of every kind, for their tests. */
import type pg from "pg";
import * as accounts from "../../../accounts/index.ts";
import { entity } from "../../../define/entity.ts";
import { field } from "../../../define/field.ts";
import { service } from "../../../define/service.ts";
import { startTestApp, type TestApp, type TestOptions } from "../../../testkit/index.ts";
import { Listener } from "./subscribers.ts";

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
    if (!seat) throw fail("FORBIDDEN", "You have no seat here.");
    return { account: actor.id, name: seat.name };
  },
});

/** Two messages a minute. */
const slow = site.channel("/slow", { messages: { hi: {} }, limit: { per: "address", rate: "2/minute" } });

const announce = site.command("POST /announce", {
  input: { name: field.text(), text: field.text(), fails: field.boolean().default(false) },
  async run({ input, broadcast, db, fail }) {
    broadcast(open, { name: input.name }, "news", { text: input.text });
    await db.insertInto("seat").values({ room: 0, account: input.text, name: "" }).execute();
    if (input.fails) throw fail("CONFLICT");
  },
});

export const CHANNEL_APP = { services: { accounts, site: { site, open, room, slow, announce } } };

/** A test's app with channels, and what its tests do with it. */
export interface Channelled extends AsyncDisposable {
  readonly app: TestApp;
  readonly client: pg.Client;
  /** Makes an account with a seat in a room, and gives it with its token. */
  seated(room: number, name: string): Promise<{ readonly id: string; readonly token: string }>;
  /** Starts another node on the same database. */
  node(): Promise<TestApp>;
  /** A socket of whoever has the token. */
  open(on?: TestApp, token?: string): Promise<Listener>;
  metric(name: string): Promise<number>;
}

export async function startChannelled(options: TestOptions = {}): Promise<Channelled> {
  const settings = { relay: "auto" as const, ...options.settings };
  const app = await startTestApp(CHANNEL_APP, { ...options, settings });
  const made = new AsyncDisposableStack();
  made.use(app);
  const client = await app.connect();
  made.defer(() => client.end());
  return {
    app,
    client,
    async seated(room, name) {
      const account = await app.account({ name });
      await client.query("insert into site.seat (room, account, name) values ($1, $2, $3)", [room, account.id, name]);
      return { id: account.id, token: await app.token(account) };
    },
    async node() {
      const databaseUrl = app.database as string;
      return made.use(await startTestApp(CHANNEL_APP, { ...options, settings: { ...settings, databaseUrl } }));
    },
    open: async (on = app, token) => {
      const listener = await Listener.open(on.url);
      return token === undefined ? listener : listener.send({ type: "hello", token });
    },
    async metric(name) {
      const text = await (await fetch(app.metricsUrl)).text();
      return Number(new RegExp(`^${name} (\\S+)$`, "m").exec(text)?.[1]);
    },
    [Symbol.asyncDispose]: () => made.disposeAsync(),
  };
}
