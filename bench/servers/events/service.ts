/**
 * The events bench as a Lineshaft service. Nothing here is written for speed. `observed` is how a bench that runs this
 * service in its own process hears of what its handlers do.
 */
import { entity, field, service } from "lineshaft";

export class Entry extends entity("entry", {
  id: field.id(),
  title: field.text({ min: 1, max: 200 }),
  body: field.text({ max: 2_000 }),
}) {}

export class Effect extends entity("effect", { id: field.serial(), number: field.integer() }) {}

export const events = service("bench", { entities: { Entry, Effect }, actor: "anyone" });

export const hello = events.query("GET /hello", {
  output: { ready: field.boolean() },
  run: async () => ({ ready: true }),
});

const job = { number: field.integer(), note: field.text({ max: 500 }) };
/** Nobody handles it. */
export const told = events.event("told", job);
export const nothing = events.event("nothing", job);
export const effect = events.event("effect", job);
/** In order for each source. */
export const ordered = events.event("ordered", { source: field.integer(), ...job }, { key: "source" });
/** Handled with so many steps. */
export const stepped = events.event("stepped", { number: field.integer(), steps: field.integer() });

/** Called by the handlers. */
export const observed = {
  handled: (): void => {},
  ordered: (_source: number, _number: number): void => {},
  /** Of a run that is through: its number, and the milliseconds since it was first begun. */
  stepped: (_number: number, _ms: number): void => {},
};

const entry = Entry.pick("title", "body");
const NUMBER = 1;

export const plain = events.command("POST /plain", {
  input: entry,
  output: Entry,
  run: ({ input, db }) => db.insertInto("entry").values(input).returningAll().executeTakeFirstOrThrow(),
});

export const telling = events.command("POST /telling", {
  input: entry,
  output: Entry,
  async run({ input, db, emit }) {
    emit(told, { number: NUMBER, note: input.title });
    return await db.insertInto("entry").values(input).returningAll().executeTakeFirstOrThrow();
  },
});

export const handled = events.command("POST /handled", {
  input: entry,
  output: Entry,
  async run({ input, db, emit }) {
    emit(nothing, { number: NUMBER, note: input.title });
    return await db.insertInto("entry").values(input).returningAll().executeTakeFirstOrThrow();
  },
});

export const addEffect = events.command("POST /effects", {
  input: job,
  run: async ({ input, emit }) => emit(effect, input),
});

export const addOrdered = events.command("POST /ordered", {
  input: { source: field.integer(), ...job },
  run: async ({ input, emit }) => emit(ordered, input),
});

export const addStepped = events.command("POST /stepped", {
  input: { number: field.integer(), steps: field.integer() },
  run: async ({ input, emit }) => emit(stepped, input),
});

events.on(nothing, "ignore", async () => observed.handled());

events.on(effect, "insert", async ({ event, db }) => {
  await db.insertInto("effect").values({ number: event.payload.number }).execute();
  observed.handled();
});

events.on(ordered, "follow", async ({ event: { payload } }) => observed.ordered(payload.source, payload.number));

const begun = new Map<number, number>();
events.on(stepped, "work", async ({ event: { payload }, step }) => {
  // A run may begin again behind a step.
  const startedAt = begun.get(payload.number) ?? performance.now();
  begun.set(payload.number, startedAt);
  for (let number = 1; number <= payload.steps; number++) await step(`step ${number}`, async () => number);
  observed.stepped(payload.number, performance.now() - startedAt);
});
