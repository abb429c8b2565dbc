/** State: what the database, the world outside and the subscribers hold when all is quiet. */
import type { Database } from "./database.ts";

export interface EventRow {
  readonly id: string;
  readonly name: string;
  readonly key: string;
  readonly number: number;
  readonly lane: number;
  /** When it was stated. */
  readonly atMs: number;
}

export interface EffectRow {
  readonly event: string;
  readonly handler: string;
  readonly key: string;
  readonly number: number;
  readonly pid: number;
  readonly atMs: number;
}

export interface WorkRow {
  readonly kind: string;
  readonly target: string;
  readonly state: string;
  readonly attempts: number;
  readonly error: string | null;
}

export interface State {
  readonly accounts: readonly { readonly number: number; readonly balance: number }[];
  readonly transfers: readonly {
    readonly id: string;
    readonly source: number;
    readonly target: number;
    readonly amount: number;
  }[];
  readonly counters: Readonly<Record<string, number>>;
  readonly events: readonly EventRow[];
  /** In the order in which they were written. */
  readonly effects: readonly EffectRow[];
  readonly ticks: readonly { readonly schedule: string; readonly dueMs: number }[];
  readonly later: readonly { readonly name: string; readonly earlyMs: number }[];
  /** What is left to do, without the next runs of schedules. */
  readonly work: readonly WorkRow[];
  /** What was a dead letter before it was sent again. */
  readonly dead: readonly WorkRow[];
  /** Idempotency keys that the world outside got, by event. */
  readonly outside: Readonly<Record<string, readonly string[]>>;
  /** What each subscriber sees. */
  readonly shown: Readonly<Record<string, Readonly<Record<string, number>>>>;
}

const EVENTS = `select e.id::text, e.name, e.payload->>'key' as key, (e.payload->>'number')::int as number, e.lane,
  extract(epoch from e.at)::float8 * 1000 as "atMs"
  from lineshaft.event e order by e.id`;
const EFFECTS = `select event, handler, key, number, pid, extract(epoch from at)::float8 * 1000 as "atMs"
  from bank.effect order by id`;
const TICKS = `select schedule, (extract(epoch from due) * 1000)::float8 as "dueMs" from bank.tick order by id`;
const LATER = `select name, (extract(epoch from due - at) * 1000)::float8 as "earlyMs" from bank.later order by id`;
const WORK = `select kind, target, state, attempts, error from lineshaft.work
  where kind <> 'schedule' or state = 'dead' order by id`;

export const workOf = (database: Database): Promise<WorkRow[]> => database.ask<WorkRow>(WORK);

/** The values of all counters. */
export async function countersOf(database: Database): Promise<Record<string, number>> {
  const rows = await database.ask<{ name: string; value: number }>(
    "select name, value from bank.counter order by name",
  );
  return Object.fromEntries(rows.map(({ name, value }) => [name, value]));
}

/** What only the database knows. */
export async function readState(database: Database): Promise<Omit<State, "dead" | "outside" | "shown">> {
  return {
    accounts: await database.ask("select number, balance from bank.account order by number"),
    transfers: await database.ask("select id, source, target, amount from bank.transfer"),
    counters: await countersOf(database),
    events: await database.ask(EVENTS),
    effects: await database.ask(EFFECTS),
    ticks: await database.ask(TICKS),
    later: await database.ask(LATER),
    work: await workOf(database),
  };
}
