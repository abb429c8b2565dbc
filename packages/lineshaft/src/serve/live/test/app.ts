/** An app with queries of every kind, for tests of live queries, and what its tests do with the database. */
import { randomUUID } from "node:crypto";
import type pg from "pg";
import * as accounts from "../../../accounts/index.ts";
import type { AccountActor } from "../../../define/actor.ts";
import { entity } from "../../../define/entity.ts";
import { field } from "../../../define/field.ts";
import { service } from "../../../define/service.ts";
import { list } from "../../../define/shape.ts";
import { startTestApp, type TestApp, type TestOptions } from "../../../testkit/index.ts";
import { eventually } from "./subscribers.ts";

class Post extends entity("post", {
  id: field.serial(),
  slug: field.text().unique(),
  text: field.text().default(""),
  owner: field.text().default(""),
  views: field.integer().default(0),
}) {}
/** A table that a test can lock, so that a run which has begun waits. */
class Gate extends entity("gate", { id: field.serial() }) {}
const ORIGIN = "https://friend.example";
const site = service("site", {
  entities: { Post, Gate },
  actor: "anyone",
  cors: { origins: [ORIGIN], credentials: true },
});
const other = service("other", { actor: "anyone" });

const posts = site.query("GET /posts", {
  output: list(Post),
  run: async ({ db }) => db.selectFrom("post").selectAll().orderBy("id").execute(),
});
const post = site.query("GET /posts/:slug", {
  input: { slug: Post.fields.slug },
  output: Post,
  async run({ input, db, fail }) {
    const row = await db.selectFrom("post").selectAll().where("slug", "=", input.slug).executeTakeFirst();
    return row ?? fail("NOT_FOUND");
  },
});
/** Only its owner may see it; a post without an owner is everybody's. */
const owned = site.query("GET /owned/:slug", {
  input: { slug: Post.fields.slug },
  output: Post.pick("slug", "views"),
  async run({ input, db, actor, fail }) {
    const row = await db.selectFrom("post").selectAll().where("slug", "=", input.slug).executeTakeFirst();
    if (!row) throw fail("NOT_FOUND");
    if (row.owner !== "" && row.owner !== actor.id) throw fail("FORBIDDEN");
    return row;
  },
});
const mine = site.query("GET /mine", {
  actor: "account",
  output: { id: field.text(), views: field.integer() },
  async run({ actor, db }) {
    const row = await db.selectFrom("post").select("views").where("slug", "=", "one").executeTakeFirst();
    return { id: actor.id, views: row?.views ?? 0 };
  },
});
const me = site.query("GET /me", {
  actor: "account",
  output: { isVerified: field.boolean() },
  run: async ({ actor }) => ({ isVerified: actor.emailVerified }),
});
const gated = site.query("GET /gated", {
  input: { n: field.integer().default(0) },
  output: { views: field.integer() },
  async run({ db }) {
    const { views } = await db.selectFrom("post").select("views").where("slug", "=", "one").executeTakeFirstOrThrow();
    await db.selectFrom("gate").select("id").execute();
    return { views };
  },
});
const header = site.query("GET /header", {
  output: { text: field.text() },
  run: async ({ request: { headers } }) => ({ text: String(headers["x-text"] ?? headers["authorization"]) }),
});
const time = site.query("GET /time", {
  cache: { seconds: 1 },
  output: { at: field.time() },
  run: async ({ now }) => ({ at: now }),
});
const aged = site.query("GET /aged", {
  output: { views: field.integer(), at: field.time() },
  async run({ db, now }) {
    const row = await db.selectFrom("post").select("views").where("slug", "=", "one").executeTakeFirstOrThrow();
    return { views: row.views, at: now };
  },
});
const plain = other.query("GET /plain", { output: { text: field.text() }, run: async () => ({ text: "plain" }) });
const write = site.command("POST /posts/:slug/write", {
  input: { slug: Post.fields.slug },
  async run({ input, db }) {
    await db.updateTable("post").set({ views: 7 }).where("slug", "=", input.slug).execute();
  },
});

/** The origin whose pages may bring credentials to `site`, and not to `other`. */
export { ORIGIN };
export const LIVE_APP = {
  services: {
    accounts,
    site: { site, posts, post, owned, mine, me, gated, header, time, aged, write },
    other: { other, plain },
  },
};

export interface Started extends AsyncDisposable {
  readonly app: TestApp;
  readonly client: pg.Client;
  /** Sets the views of a post. */
  views(slug: string, views: number): Promise<void>;
  /** The token that an account signs in with. */
  token(who: AccountActor): Promise<string>;
  /** Until this node has heard what was written so far. */
  heard(): Promise<void>;
  /** Lets a test begin where all do: `one` and `two` as new, nobody who subscribes, and nothing left to hear. */
  settle(): Promise<void>;
  /** A metric by its name and labels, as it stands in the text. */
  metric(name: string): Promise<number>;
}

/** The app, hearing its database, with the posts `one` and `two`. */
export async function startLiveApp(options: TestOptions = {}): Promise<Started> {
  const app = await startTestApp(LIVE_APP, { ...options, settings: { relay: "auto", ...options.settings } });
  const client = await app.connect();
  // A server that a test breaks ends this connection, too.
  client.on("error", () => {});
  await client.query("insert into site.post (slug) values ('one'), ('two')");
  await app.fetch("/posts/one");
  if (app.cache) await eventually(() => app.cache!.isOn, "the cache");
  const metric = async (name: string) => {
    const text = await (await fetch(app.metricsUrl)).text();
    const line = text.split("\n").find((each) => each.startsWith(`${name} `));
    return Number(line?.slice(name.length + 1) ?? 0);
  };
  const heard = async () => {
    const { rows } = await client.query("select pg_current_wal_flush_lsn() - '0/0' as position");
    await client.query("insert into accounts.account (email) values ($1)", [`${randomUUID()}@example.com`]);
    await eventually(() => app.relay!.position > BigInt(rows[0].position), "the log");
  };
  return {
    app,
    client,
    views: async (slug, views) => {
      await client.query("update site.post set views = $2 where slug = $1", [slug, views]);
    },
    token: async (who) => {
      const { text } = (await (await app.as(who).fetch("/header")).json()) as { text: string };
      return text.slice("Bearer ".length);
    },
    metric,
    heard,
    settle: async () => {
      await client.query("delete from site.post where slug not in ('one', 'two')");
      await client.query("update site.post set text = '', owner = '', views = 0");
      const rest = async () => (await metric("lineshaft_live_subscriptions")) + (await metric("lineshaft_live_groups"));
      await eventually(async () => (await rest()) === 0, "the end of subscriptions");
      await heard();
    },
    [Symbol.asyncDispose]: async () => {
      await client.end().catch(() => {});
      await app.stop();
    },
  };
}
