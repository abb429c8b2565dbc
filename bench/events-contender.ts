/**
 * Contenders: who handles jobs in the events bench, ours and the peers, each in a process of its own.
 *
 * The file of a contender has an `open(place)`. What it opens fills a backlog, adds single jobs, and handles both; a
 * process uses what it needs of that. To add one: a file in `servers/events/`, and a line in `CONTENDERS`.
 */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import pg from "pg";
import { PEERS } from "./peers.ts";

/** What handling a job does: nothing, or one row in Postgres. Ours has one with several handlers, too (`told`). */
export type Kind = "nothing" | "effect" | "told";

/** Where a contender finds what it needs. */
export interface Place {
  readonly databaseUrl: string;
  /** Empty for those that need none. */
  readonly redisUrl: string;
  /** Of ours, where it runs in another process and one only adds; empty elsewhere. */
  readonly serverUrl: string;
  /** How many handlers one event has, where that is measured. */
  readonly handlers: number;
}

export interface Contender {
  /** Where jobs are added; empty for those that everybody adds to in the store. */
  readonly url: string;
  /** Puts jobs in, numbered from 1, which nobody handles before `start`. */
  fill(kind: Kind, count: number): Promise<void>;
  /** Begins to handle; `onHandled` hears of each handler that is through. */
  start(onHandled: () => void): Promise<void>;
  /** Whether the store has nothing left either. */
  isThrough(): Promise<boolean>;
  /** Adds one job that has an effect; resolves when the store has it. */
  add(number: number): Promise<void>;
  close(): Promise<void>;
}

export interface ContenderKind {
  readonly name: string;
  /** For people. */
  readonly title: string;
  readonly file: string;
  /** The package whose version is told; `null`: ours. */
  readonly package: string | null;
  /** How Redis keeps its log; `null` for those without it. */
  readonly redis: "everysec" | "always" | null;
}

export const OURS = "lineshaft";

export const CONTENDERS: readonly ContenderKind[] = [
  { name: OURS, title: "Lineshaft", file: "lineshaft.ts", package: null, redis: null },
  { name: "graphile", title: "graphile-worker", file: "graphile.mjs", package: "graphile-worker", redis: null },
  { name: "pgboss", title: "pg-boss", file: "pg-boss.mjs", package: "pg-boss", redis: null },
  { name: "bullmq", title: "BullMQ, synced each second", file: "bullmq.mjs", package: "bullmq", redis: "everysec" },
  { name: "bullmqAlways", title: "BullMQ, synced always", file: "bullmq.mjs", package: "bullmq", redis: "always" },
];

/** Who runs steps. */
export interface StepContender {
  /** Runs so many steps that do nothing; gives the milliseconds from the first line of the run to its last one. */
  run(steps: number): Promise<number>;
  close(): Promise<void>;
}

/** A peer with its version. */
export function titleOf({ title, package: name }: Pick<ContenderKind, "title" | "package">): string {
  if (name === null) return title;
  const { dependencies } = JSON.parse(readFileSync(join(PEERS, "package.json"), "utf8"));
  const [peer, ...how] = title.split(",");
  return [`${peer} ${dependencies[name]}`, ...how].join(",");
}

const load = (file: string) => import(join(import.meta.dirname, "servers", "events", file));

/** Opens a contender by the name of its file. */
export async function openContender(file: string, place: Place): Promise<Contender> {
  const { open } = (await load(file)) as { open(place: Place): Promise<Contender> };
  return await open(place);
}

export async function openSteps(file: string, place: Place): Promise<StepContender> {
  const { openSteps: open } = (await load(file)) as { openSteps(place: Place): Promise<StepContender> };
  return await open(place);
}

/** The publication of the effects. */
export const EFFECTS = "bench_effects";

async function query(databaseUrl: string, text: string): Promise<void> {
  const client = new pg.Client(databaseUrl);
  await client.connect();
  await client.query(text).finally(() => client.end());
}

/** The table of the effects, as our migrations make it. */
export const createEffects = (databaseUrl: string): Promise<void> =>
  query(
    databaseUrl,
    `create schema bench;
     create table bench.effect (id integer generated always as identity primary key, number integer not null)`,
  );

/** Lets the effects be read from the log. */
export const publishEffects = (databaseUrl: string): Promise<void> =>
  query(databaseUrl, `create publication ${EFFECTS} for table bench.effect`);
