/**
 * Bank: the app that the faults are tried on. Whatever breaks, its tables can tell whether a promise was broken.
 *
 * - Money only moves: the sum of all accounts never changes. The client names each transfer.
 * - Each event carries a number that comes from its row: 1, 2, 3 … for each key. What handlers do with it is a row of
 *   `effect`, runs of schedules are rows of `tick`, commands for later are rows of `later`. None of these tables has a
 *   unique constraint: what happens twice is there twice.
 *
 * Canaries (`CHAOS_CANARY`, one of `canaries.ts`) break a promise on purpose, to see that the checks find it.
 */
import { app, entity, field, list, service } from "lineshaft";
import pg from "pg";

const CANARY = process.env.CHAOS_CANARY ?? "";
/** Where the world outside is: `outside.ts`. */
const OUTSIDE_URL = process.env.CHAOS_OUTSIDE_URL ?? "";

/** Each so manieth value of a counter is noted, paid for, echoed. */
const NOTED_EVERY = 5;
const CHARGED_EVERY = 4;
const ECHOED_EVERY = 3;

/** Share of the events that `flaky` fails at, at an attempt. */
const FLAKY_SHARE = 0.3;
const FLAKY_ATTEMPTS_MAX = 3;

export class Account extends entity(
  "account",
  { number: field.integer(), balance: field.integer(), moves: field.integer().default(0) },
  { primaryKey: ["number"] },
) {}
export class Transfer extends entity(
  "transfer",
  { id: field.text({ max: 64 }), source: field.integer(), target: field.integer(), amount: field.integer() },
  { primaryKey: ["id"] },
) {}
export class Counter extends entity(
  "counter",
  { name: field.text({ max: 64 }), value: field.integer().default(0) },
  { primaryKey: ["name"] },
) {}
/** What a handler has done with an event. */
export class Effect extends entity(
  "effect",
  {
    id: field.serial(),
    event: field.text({ max: 64 }),
    handler: field.text({ max: 64 }),
    key: field.text({ max: 64 }),
    number: field.integer(),
    pid: field.integer(),
    at: field.time(),
  },
  { primaryKey: ["id"] },
) {}
/** One run of a schedule. */
export class Tick extends entity(
  "tick",
  { id: field.serial(), schedule: field.text({ max: 64 }), due: field.time() },
  { primaryKey: ["id"] },
) {}
/** One run of a command that was to run later. */
export class Later extends entity(
  "later",
  { id: field.serial(), name: field.text({ max: 64 }), due: field.time(), at: field.time() },
  { primaryKey: ["id"] },
) {}
/** Once it is given, `choke` swallows what it failed at. */
export class Antidote extends entity("antidote", { id: field.integer() }, { primaryKey: ["id"] }) {}

export const bank = service("bank", {
  entities: { Account, Transfer, Counter, Effect, Tick, Later, Antidote },
  actor: "anyone",
});

const numbered = { key: field.text({ max: 64 }), number: field.integer() };
/** An event without its key has no order: the canary. */
const keyed = CANARY === "order" ? {} : { key: "key" as const };

export const moved = bank.event("moved", { ...numbered, amount: field.integer() }, keyed);
export const increased = bank.event("increased", numbered, keyed);
export const noted = bank.event("noted", numbered, keyed);
export const charged = bank.event("charged", numbered, keyed);
export const echoed = bank.event("echoed", numbered, keyed);
export const poisoned = bank.event("poisoned", numbered, keyed);

/** Which handlers each event has. */
export const HANDLERS: Readonly<Record<string, readonly string[]>> = {
  "bank.moved": ["ledger", "sums"],
  "bank.increased": ["count"],
  "bank.noted": ["flaky"],
  "bank.charged": ["post"],
  "bank.echoed": ["echo"],
  "bank.poisoned": ["choke"],
};

type Db = Parameters<Parameters<typeof bank.schedule>[2]>[0]["db"];
interface Numbered {
  readonly id: string;
  readonly payload: { readonly key: string; readonly number: number };
}

const effectOf = (handler: string, { id, payload }: Numbered) => ({
  ...{ event: id, handler, key: payload.key, number: payload.number },
  ...{ pid: process.pid, at: new Date() },
});

async function write(db: Db, handler: string, events: readonly Numbered[]): Promise<void> {
  await db
    .insertInto("effect")
    .values(events.map((event) => effectOf(handler, event)))
    .execute();
}

/** A connection that knows nothing of transactions; canaries only. */
const loose = CANARY === "" ? null : new pg.Pool({ connectionString: process.env.DATABASE_URL, max: 2 });
loose?.on("error", () => {});

export const transfer = bank.command("POST /transfers", {
  input: {
    id: field.text({ min: 1, max: 64 }),
    source: field.integer(),
    target: field.integer(),
    amount: field.integer({ min: 1 }),
  },
  run: async ({ input, db, emit }) => {
    const { source, target, amount } = input;
    if (CANARY === "sum") {
      await loose!.query("update bank.account set balance = balance + $1 where number = $2", [amount, target]);
    }
    await db.insertInto("transfer").values(input).execute();
    const change = { [source]: -amount, [target]: CANARY === "sum" ? 0 : amount };
    // Two transfers between the same accounts take them in the same order, or they would wait for each other.
    for (const number of [source, target].sort((left, right) => left - right)) {
      const { moves } = await db
        .updateTable("account")
        .set((each) => ({ balance: each("balance", "+", change[number]!), moves: each("moves", "+", 1) }))
        .where("number", "=", number)
        .returning("moves")
        .executeTakeFirstOrThrow();
      emit(moved, { key: String(number), number: moves, amount: change[number]! });
    }
  },
});

export const increase = bank.command("POST /counters/:name", {
  input: { name: Counter.fields.name },
  output: Counter,
  run: async ({ input, db, emit, fail }) => {
    const counter = await db
      .updateTable("counter")
      .set((each) => ({ value: each("value", "+", 1) }))
      .where("name", "=", input.name)
      .returningAll()
      .executeTakeFirst();
    if (!counter) return fail("NOT_FOUND");
    const { name: key, value: number } = counter;
    // As if the process had died between the commit and an event that was sent after it.
    if (CANARY === "counters" && number % 20 === 0) return counter;
    emit(increased, { key, number });
    if (number % NOTED_EVERY === 0) emit(noted, { key, number: number / NOTED_EVERY });
    if (number % CHARGED_EVERY === 0) emit(charged, { key, number: number / CHARGED_EVERY });
    return counter;
  },
});

export const counter = bank.query("GET /counters/:name", {
  input: { name: Counter.fields.name },
  output: Counter,
  run: async ({ input, db, fail }) =>
    (await db.selectFrom("counter").selectAll().where("name", "=", input.name).executeTakeFirst()) ?? fail("NOT_FOUND"),
});

export const counters = bank.query("GET /counters", {
  output: { counters: list(Counter) },
  run: async ({ db }) => ({ counters: await db.selectFrom("counter").selectAll().orderBy("name").execute() }),
});

export const remember = bank.command("POST /remembered/:name", {
  input: { name: field.text({ max: 64 }), due: field.time() },
  run: async ({ input, db }) => {
    await db
      .insertInto("later")
      .values({ ...input, at: new Date() })
      .execute();
  },
});

export const rememberLater = bank.command("POST /later/:name", {
  input: { name: field.text({ max: 60 }), inMs: field.integer({ min: 0 }) },
  run: async ({ input, now, runAt }) => {
    const due = new Date(now.getTime() + input.inMs);
    runAt(due, remember, { name: input.name, due: due.toISOString() }, { name: input.name });
    if (CANARY === "later")
      runAt(due, remember, { name: input.name, due: due.toISOString() }, { name: `${input.name}+` });
  },
});

export const forget = bank.command("DELETE /later/:name", {
  input: { name: field.text({ max: 60 }) },
  output: { isCancelled: field.boolean() },
  run: async ({ input, cancel }) => ({ isCancelled: await cancel(remember, input.name) }),
});

export const poison = bank.command("POST /poison/:key", {
  input: { key: field.text({ max: 64 }) },
  run: async ({ input, emit }) => emit(poisoned, { key: input.key, number: 1 }),
});

bank.on(moved, "ledger", ({ event, db }) => write(db, "ledger", [event]));
bank.on(moved, "sums", { batch: 50 }, ({ events, db }) => write(db, "sums", events));

bank.on(increased, "count", async ({ event, db, emit }) => {
  await write(db, "count", [event]);
  const { key, number } = event.payload;
  if (number % ECHOED_EVERY === 0) emit(echoed, { key, number: number / ECHOED_EVERY });
});
bank.on(echoed, "echo", ({ event, db }) => write(db, "echo", [event]));

/** From 0 to 1, by the event and the attempt. */
function chanceOf(event: string, attempt: number): number {
  let hash = 2_166_136_261 ^ attempt;
  for (const character of event) hash = Math.imul(hash ^ character.charCodeAt(0), 16_777_619);
  hash = Math.imul(hash ^ (hash >>> 15), 0x2c1b3c6d);
  return ((hash ^ (hash >>> 12)) >>> 0) / 2 ** 32;
}

bank.on(noted, "flaky", async ({ event, db, attempt }) => {
  if (CANARY === "effects") {
    const { handler, key, number, pid, at } = effectOf("flaky", event);
    const values = [event.id, handler, key, number, pid, at];
    await loose!.query(
      `insert into bank.effect (event, handler, key, number, pid, at) values ($1,$2,$3,$4,$5,$6)`,
      values,
    );
  } else await write(db, "flaky", [event]);
  if (attempt <= FLAKY_ATTEMPTS_MAX && chanceOf(event.id, attempt) < FLAKY_SHARE) throw new Error("flaky");
});

bank.on(charged, "post", { timeoutSeconds: 5 }, async ({ event, db, step }) => {
  const status = await step("post", async ({ key, signal }) => {
    const headers = { "idempotency-key": CANARY === "steps" ? crypto.randomUUID() : key };
    const answer = await fetch(`${OUTSIDE_URL}/${event.id}`, { method: "POST", headers, signal });
    if (!answer.ok) throw new Error(`The world outside answered ${answer.status}.`);
    return answer.status;
  });
  if (status !== 200) throw new Error(`The step says ${status}.`);
  await write(db, "post", [event]);
});

bank.on(poisoned, "choke", { attempts: 2 }, async ({ event, db }) => {
  const antidote = await db.selectFrom("antidote").select("id").executeTakeFirst();
  if (!antidote && CANARY !== "dead letters") throw new Error("poison");
  await write(db, "choke", [event]);
});

async function tick(db: Db, schedule: string, due: Date): Promise<void> {
  await db.insertInto("tick").values({ schedule, due }).execute();
}

bank.schedule("each", { every: "1 second", missed: "all" }, ({ db, due }) => tick(db, "each", due));
bank.schedule("once", { every: "2 seconds", missed: "once" }, ({ db, due }) => tick(db, "once", due));
bank.schedule("cron", { cron: "*/3 * * * * *", missed: "all" }, ({ db, due }) => tick(db, "cron", due));

if (CANARY === "schedules") {
  setInterval(() => {
    const due = new Date(Math.floor(Date.now() / 1_000) * 1_000);
    loose!.query("insert into bank.tick (schedule, due) values ('each', $1)", [due]).catch(() => {});
  }, 1_000).unref();
}

export const node = app({
  title: "Bank",
  services: {
    bank: { bank, transfer, increase, counter, counters, remember, rememberLater, forget, poison },
  },
  migrations: `${import.meta.dirname}/bank-migrations`,
});

if (import.meta.main) await node.run();
