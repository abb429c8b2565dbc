/**
 * Who adds jobs and sees their effects, in a process of its own: both by one clock. The question is how many a second,
 * and for how many seconds; the answer is `Delays`.
 *
 * A delay begins when the store has answered that it has the job, and ends when the effect stands in the log of
 * Postgres on disk: it is read there, so that nobody is asked for it again and again.
 */
import { setTimeout as pause } from "node:timers/promises";
import type { Commit } from "../packages/lineshaft/src/log/changes.ts";
import { ReplicationSession } from "../packages/lineshaft/src/log/replication.ts";
import { poll } from "../packages/lineshaft/src/testkit/index.ts";
import { answerParent } from "./child.ts";
import { EFFECTS, openContender, type Place } from "./events-contender.ts";
import { percentile } from "./statistics.ts";

const [file, place] = [process.argv[2]!, JSON.parse(process.argv[3]!) as Place];
const TOLD_MS_MAX = 60_000;
/** Being added at once. Who cannot add as fast as is wanted is waited for. */
const ADDING_MAX = 100;
/** Not counted: the first ones of a process are not its usual ones. */
const WARM_SHARE = 0.2;

export interface Delays {
  readonly p50: number;
  readonly p99: number;
  /** How many a second were added. */
  readonly rate: number;
}

const contender = await openContender(file, place);
const seenAt = new Map<number, number>();

function see({ changes }: Commit): void {
  const at = performance.now();
  for (const { table, new: row } of changes) {
    const column = table.columns.findIndex(({ name }) => name === "number");
    if (row) seenAt.set(Number(row[column]), at);
  }
}

async function observe(): Promise<ReplicationSession> {
  const session = await ReplicationSession.open(place.databaseUrl, "bench");
  await session.identify();
  const slot = `bench_${process.pid}`;
  const from = await session.createSlot(slot);
  const { promise: started, resolve: onStart } = Promise.withResolvers<void>();
  const publications = [EFFECTS];
  const rest = { skipOrigins: false, onProgress: () => {}, onCommit: see };
  session.stream({ slot, from, publications, onStart, ...rest }).catch(() => {});
  await started;
  return session;
}

// A reader of the log keeps no process alive.
const alive = setInterval(() => {}, 60_000);
const observer = await observe();
clearInterval(alive);
let last = 0;

/** Adds evenly, whether those before were answered or not; gives when each was. */
async function addEvenly(perSecond: number, seconds: number): Promise<ReadonlyMap<number, number>> {
  const addedAt = new Map<number, number>();
  const adding = new Set<Promise<void>>();
  const [count, startedAt] = [Math.round(perSecond * seconds), performance.now()];
  for (let index = 0; index < count; index++) {
    const waitMs = startedAt + (index * 1_000) / perSecond - performance.now();
    if (waitMs > 1) await pause(waitMs);
    if (adding.size >= ADDING_MAX) await Promise.race(adding);
    const number = ++last;
    const added = contender.add(number).then(() => {
      addedAt.set(number, performance.now());
      adding.delete(added);
    });
    adding.add(added);
  }
  await Promise.all(adding);
  return addedAt;
}

async function measure(question: string): Promise<Delays> {
  const [perSecond, seconds] = question.split(" ").map(Number) as [number, number];
  const startedAt = performance.now();
  const all = [...(await addEvenly(perSecond, seconds))];
  const rate = (all.length * 1_000) / (performance.now() - startedAt);
  const counted = all.slice(Math.floor(all.length * WARM_SHARE));
  const isTold = () => counted.every(([number]) => seenAt.has(number));
  await poll(isTold, { what: "all effects to be seen", timeoutMs: TOLD_MS_MAX });
  // The effect can be there before the answer.
  const delays = counted.map(([number, at]) => Math.max(0, seenAt.get(number)! - at));
  return { p50: percentile(delays, 0.5), p99: percentile(delays, 0.99), rate };
}

answerParent(measure, async () => {
  observer.destroy();
  await contender.close();
});
