/**
 * Ours with a long backlog, in a process of its own. Questions: `fill <count>`, while nobody handles; `start`,
 * whose answer is the URL; and `state`, which tells how far it is.
 *
 * The order is looked at in the handler: of each source the numbers have to come one after the other. A number may come
 * again, when its transaction was begun again; a number that comes too early is an error.
 */
import type { RunningApp } from "lineshaft";
import pg from "pg";
import { answerParent, collectGarbage, cpuMicros } from "./child.ts";
import { SOURCES } from "./events-parts.ts";
import { NOTE, startOurs } from "./servers/events/lineshaft.ts";
import { observed } from "./servers/events/service.ts";

const LANES = 16;

const FILL = `insert into lineshaft.event (name, version, key, lane, at, payload)
  select 'bench.ordered', 1, (number % ${SOURCES})::text, (number % ${SOURCES}) % ${LANES}, now(),
    json_build_object('source', number % ${SOURCES}, 'number', number / ${SOURCES} + 1, 'note', $3::text)
  from generate_series($1::integer, $2::integer) number`;
const FILL_EVENTS = 5_000;

export interface State {
  /** Events of the backlog, and those that came later, whose handler was through at least once. */
  readonly old: number;
  readonly late: number;
  /** Handlers that were begun again. */
  readonly again: number;
  /** Numbers that came too early. */
  readonly early: number;
  readonly memoryBytes: number;
  readonly cpuMicros: number;
}

const databaseUrl = process.argv[2]!;
let running: RunningApp | null = null;

const lastOf = new Map<number, number>();
const seen = { old: 0, late: 0, again: 0, early: 0 };
observed.ordered = (source, number) => {
  const last = lastOf.get(source) ?? 0;
  if (number <= last) seen.again++;
  else if (number > last + 1) seen.early++;
  else {
    lastOf.set(source, number);
    seen[source < SOURCES ? "old" : "late"]++;
  }
};

/** As if no node had run for a while. */
async function fill(count: number): Promise<void> {
  // Makes the tables.
  await (await startOurs(databaseUrl)).stop();
  const client = new pg.Client(databaseUrl);
  await client.connect();
  for (let from = 0; from < count; from += FILL_EVENTS)
    await client.query(FILL, [from, Math.min(count, from + FILL_EVENTS) - 1, NOTE]);
  await client.end();
}

async function answer(question: string): Promise<unknown> {
  const [what, count] = question.split(" ");
  if (what === "fill") return await fill(Number(count)).then(() => true);
  if (what === "start") {
    collectGarbage();
    running = await startOurs(databaseUrl);
    return running.url;
  }
  return { ...seen, memoryBytes: process.memoryUsage().rss, cpuMicros: cpuMicros() } satisfies State;
}

answerParent(answer, async () => void (await running?.stop()));
