/**
 * Ours with a long backlog, in a process of its own. Questions: `url`, `fill <count>`, `start`, and `state`, which
 * tells how far it is.
 *
 * The order is looked at in the handler: of each source the numbers have to come one after the other. A number may come
 * again, when its transaction was begun again; a number that comes too early is an error.
 */
import pg from "pg";
import { answerParent, collectGarbage, cpuMicros } from "./child.ts";
import { SOURCES } from "./events-parts.ts";
import { NOTE, startOurs } from "./servers/events/lineshaft.ts";
import { observed } from "./servers/events/service.ts";

const LANES = 16;

const FILL = `insert into lineshaft.event (name, version, key, lane, at, payload)
  select 'bench.ordered', 1, (number % ${SOURCES})::text, (number % ${SOURCES}) % ${LANES}, now(),
    json_build_object('source', number % ${SOURCES}, 'number', number / ${SOURCES} + 1, 'note', $2::text)
  from generate_series(0, $1 - 1) number`;

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
const running = await startOurs(databaseUrl);
const client = new pg.Client(databaseUrl);
await client.connect();

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

async function answer(question: string): Promise<unknown> {
  const [what, count] = question.split(" ");
  if (what === "url") return running.url;
  if (what === "fill") {
    await client.query("begin");
    return (await client.query(FILL, [Number(count), NOTE])).rowCount;
  }
  if (what === "start") {
    collectGarbage();
    return (await client.query("commit")).command;
  }
  return { ...seen, memoryBytes: process.memoryUsage().rss, cpuMicros: cpuMicros() } satisfies State;
}

answerParent(answer, async () => {
  await client.end();
  await running.stop();
});
