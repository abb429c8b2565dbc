/** An app for tests: every kind of field as input and output, and a service for each way to answer otherwise. */
import { setTimeout as pause } from "node:timers/promises";
import type { AppOptions } from "../../app/start.ts";
import { entity } from "../../define/entity.ts";
import { Fault } from "../../define/errors.ts";
import { field } from "../../define/field.ts";
import { service } from "../../define/service.ts";
import { content, list, nullable } from "../../define/shape.ts";

const settings = { theme: field.enum("light", "dark"), size: field.integer().optional(), pin: field.text().hidden() };

export class Thing extends entity("thing", {
  id: field.id(),
  text: field.text({ max: 10 }).optional(),
  long: field.text().optional(),
  integer: field.integer().optional(),
  bigint: field.bigint().optional(),
  small: field.bigint({ min: -5n, max: 5n }).optional(),
  float: field.float().optional(),
  decimal: field.decimal({ precision: 30, scale: 10 }).optional(),
  fraction: field.decimal({ precision: 3, scale: 3 }).optional(),
  money: field.money().optional(),
  boolean: field.boolean().optional(),
  time: field.time().optional(),
  date: field.date().optional(),
  enum: field.enum("a", "b").optional(),
  url: field.url().optional(),
  email: field.email().optional(),
  json: field.json().optional(),
  shaped: field.json(settings).optional(),
  texts: field.list(field.text({ max: 5 }), { max: 3 }).optional(),
  integers: field.list(field.integer()).optional(),
  times: field.list(field.time()).optional(),
  bigints: field.list(field.bigint()).optional(),
  documents: field.list(field.json(settings)).optional(),
  secret: field.text().default("s3cret").hidden(),
}) {}

export const kinds = service("kinds", { entities: { Thing }, actor: "anyone" });

/** Stores what it gets and answers with what the database gives back. */
export const store = kinds.command("POST /things", {
  input: Thing.omit("id", "secret"),
  output: Thing,
  status: 201,
  run: ({ input, db }) => db.insertInto("thing").values(input).returningAll().executeTakeFirstOrThrow(),
});

export const things = kinds.query("GET /things", {
  output: list(Thing),
  run: ({ db }) => db.selectFrom("thing").selectAll().execute(),
});

export const counted = kinds.query("GET /count", {
  output: { count: field.integer(), sum: field.integer().nullable() },
  run: ({ db }) =>
    db
      .selectFrom("thing")
      .select(({ fn }) => [fn.countAll<number>().as("count"), fn.sum<number | null>("integer").as("sum")])
      .executeTakeFirstOrThrow(),
});

export const parts = kinds.query("GET /parts/:id/:name", {
  input: {
    id: field.integer(),
    name: field.text({ max: 20 }),
    flag: field.boolean().optional(),
    ratio: field.float().optional(),
    tags: field.list(field.text({ max: 5 }), { max: 3 }).optional(),
    at: field.time().optional(),
    tenant: field.text({ max: 20 }).from("header", "X-Tenant").optional(),
    theme: field.enum("light", "dark").from("cookie").default("light"),
  },
  output: {
    id: field.integer(),
    name: field.text(),
    flag: field.boolean().optional(),
    ratio: field.float().optional(),
    tags: field.list(field.text()).optional(),
    at: field.time().optional(),
    tenant: field.text().optional(),
    theme: field.text(),
  },
  run: async ({ input: { id, name, flag = null, ratio = null, tags = null, at = null, tenant = null, theme } }) => ({
    ...{ id, name, flag, ratio, tags, at, tenant, theme },
  }),
});

export const echo = kinds.command("POST /echo", {
  input: { title: field.text({ min: 1, max: 10 }), password: field.text().hidden().optional() },
  output: { title: field.text() },
  run: async ({ input }) => input,
});

export const nested = kinds.command("POST /nested", {
  input: { rows: list({ title: field.text(), extra: nullable({ count: field.integer() }) }, { max: 3 }) },
  output: { rows: list({ title: field.text(), extra: nullable({ count: field.integer() }) }) },
  run: async ({ input }) => input,
});

/** Waits inside the database, for `ms`. */
export const slow = kinds.query("GET /slow", {
  input: { ms: field.integer({ min: 0, max: 5_000 }) },
  output: { waited: field.integer() },
  async run({ input }) {
    slowCalls.started++;
    await pause(input.ms);
    return { waited: input.ms };
  },
});
export const slowCalls = { started: 0 };

export const big = kinds.query("GET /big", {
  input: { bytes: field.integer({ min: 0, max: 50_000_000 }) },
  output: { text: field.text() },
  run: async ({ input }) => ({ text: "0123456789".repeat(input.bytes / 10) }),
});

export const feed = kinds.query("GET /feed", { output: content("application/rss+xml"), run: async () => "<rss/>" });

export const cookies = kinds.command("POST /cookies", {
  async run({ reply }) {
    reply.header("set-cookie", "a=1; HttpOnly");
    reply.header("set-cookie", "b=2");
    reply.header("X-Own", "yes");
  },
});

export const broken = kinds.query("GET /broken", {
  input: { how: field.enum("throw", "header", "output") },
  output: { title: field.text() },
  async run({ input, reply }) {
    if (input.how === "throw") throw new Error("password=hunter2 in a message");
    if (input.how === "header") reply.header("x-bad", "snow ☃");
    return { title: null as unknown as string };
  },
});

export const rare = kinds.command("POST /rare", {
  limit: { per: "address", rate: "1/hour" },
  run: async () => {},
});

/** A service with an error format and a CORS rule of its own, which drops unknown input. */
export const own = service("own", {
  actor: "anyone",
  prefix: "/own",
  unknownInput: "ignore",
  cors: { origins: ["https://app.example"], credentials: true },
  problem({ code, status, errors, detail }) {
    if (detail?.includes("explode")) throw new Error("the format is broken");
    return { status, body: { oops: code, fields: errors.map(({ pointer }) => pointer) } };
  },
});

export const ownEcho = own.command("POST /echo", {
  input: { title: field.text(), inner: nullable({ count: field.integer() }) },
  output: { seen: field.json() },
  run: async ({ input }) => ({ seen: input }),
});

export const ownFail = own.query("GET /fail", {
  input: { how: field.text() },
  output: field.text(),
  async run({ input }) {
    throw new Fault("TEAPOT", { status: 409, title: "A teapot" }, { detail: input.how });
  },
});

const exported = { kinds, store, things, counted, parts, echo, nested, slow, big, feed, cookies, broken, rare };

export const KINDS: AppOptions = { services: { kinds: exported, own: { own, ownEcho, ownFail } } };
