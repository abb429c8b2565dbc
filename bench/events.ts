/**
 * Events bench: what an event costs a command, how fast handlers are, how soon effects are there, what a backlog and a
 * step are like; beside graphile-worker, pg-boss, BullMQ and DBOS doing the same work.
 *
 *     npm run bench -- events
 *
 * Model. One embedded Postgres, durable. Each measurement has a database of its own, and nobody runs but who is
 * measured. A contender handles in one process (`events-worker.ts`); where delays are measured, another one adds
 * (`events-producer.ts`). The long backlog is done once, in the first round; its figures stand in each.
 * With `--quick` ours runs alone, since the peers have to be installed first.
 */
import { Arena, startRole } from "./events-arena.ts";
import { measureBacklog } from "./events-backlog.ts";
import { measureCommands } from "./events-command.ts";
import { type ContenderKind, type Kind, OURS, publishEffects } from "./events-contender.ts";
import { contendersOf, type EventsSettings, eventsParts, HANDLERS } from "./events-parts.ts";
import type { Delays } from "./events-producer.ts";
import type { Drained } from "./events-worker.ts";
import { type Figures, figuresOf } from "./figures.ts";
import { installPeers } from "./peers.ts";
import { type Bench, runRounds, type Stand } from "./rounds.ts";
import { percentile } from "./statistics.ts";

const whole: EventsSettings = {
  ...{ peers: 1, commandSeconds: 2, warmSeconds: 1, connections: 64, jobs: 50_000, effects: 10_000 },
  ...{ idlePerSecond: 10, busyPerSecond: 1_000, delaySeconds: 4, handlings: 50_000 },
  ...{ backlog: 1_000_000, arrivalsPerSecond: 500, runs: 200 },
};
const quick: EventsSettings = {
  ...{ peers: 0, commandSeconds: 1, warmSeconds: 0, connections: 8, jobs: 1_000, effects: 500 },
  ...{ idlePerSecond: 10, busyPerSecond: 100, delaySeconds: 1, handlings: 1_000 },
  ...{ backlog: 10_000, arrivalsPerSecond: 100, runs: 5 },
};

const say = (line: string): void => void process.stderr.write(`bench: ${line}\n`);
const FAN = { name: OURS, redis: null };

interface Cost {
  readonly rate: number;
  /** Microseconds for each job. */
  readonly cpu: number;
  readonly store: number;
}

interface Backlog {
  readonly file: string;
  readonly kind: Kind;
  readonly count: number;
  readonly handlers: number;
}

async function drain(arena: Arena, who: Pick<ContenderKind, "name" | "redis">, backlog: Backlog): Promise<Cost> {
  const { file, kind, count, handlers } = backlog;
  await using site = await arena.site(who, handlers);
  await using worker = await startRole("worker", file, site.place);
  await worker.ask(`fill ${kind} ${count}`);
  const before = site.storeCpuSeconds();
  const runs = count * Math.max(1, handlers);
  const { seconds, cpuMicros } = await worker.ask<Drained>(`drain ${runs}`);
  const store = ((site.storeCpuSeconds() - before) * 1e6) / runs;
  return { rate: count / seconds, cpu: cpuMicros / runs, store };
}

/** All contenders, one after the other. */
async function measureDrains(arena: Arena, settings: EventsSettings): Promise<Figures> {
  const figures: Figures[] = [];
  for (const [kind, count] of [["nothing", settings.jobs] as const, ["effect", settings.effects] as const]) {
    let ours = Number.NaN;
    for (const contender of contendersOf(settings)) {
      const { name, file } = contender;
      const cost = await drain(arena, contender, { file, kind, count, handlers: 0 });
      if (name === OURS) ours = cost.rate;
      figures.push(figuresOf(`${kind}.${name}`, { ...cost, times: cost.rate / ours }));
    }
  }
  return Object.assign({}, ...figures);
}

async function measureDelays(arena: Arena, settings: EventsSettings): Promise<Figures> {
  const figures: Figures[] = [];
  for (const contender of contendersOf(settings)) {
    const { name, file } = contender;
    await using site = await arena.site(contender);
    await using worker = await startRole("worker", file, site.place);
    await worker.ask("start");
    await publishEffects(site.place.databaseUrl);
    const place = { ...site.place, serverUrl: await worker.ask<string>("url") };
    await using producer = await startRole("producer", file, place);
    for (const [prefix, perSecond] of [
      ["idle", settings.idlePerSecond],
      ["busy", settings.busyPerSecond],
    ] as const) {
      const delays = await producer.ask<Delays>(`${perSecond} ${settings.delaySeconds}`);
      figures.push(figuresOf(`${prefix}.${name}`, { ...delays }));
    }
  }
  return Object.assign({}, ...figures);
}

async function measureFan(arena: Arena, { handlings }: EventsSettings): Promise<Figures> {
  const figures: Figures[] = [];
  for (const handlers of HANDLERS) {
    const backlog = { file: "fan.ts", kind: "told", count: Math.ceil(handlings / handlers), handlers } as const;
    const { rate, cpu, store } = await drain(arena, FAN, backlog);
    figures.push(figuresOf(`fan${handlers}`, { events: rate, runs: rate * handlers, cpu, store }));
  }
  return Object.assign({}, ...figures);
}

async function measureSteps(arena: Arena, { peers, runs }: EventsSettings): Promise<Figures> {
  const figures: Figures[] = [];
  const contenders = [{ name: OURS, file: "lineshaft.ts" }, ...(peers > 0 ? [{ name: "dbos", file: "dbos.mjs" }] : [])];
  for (const { name, file } of contenders) {
    await using site = await arena.site({ name, redis: null });
    await using child = await startRole("steps", file, site.place);
    // The first runs of a process are not its usual ones.
    await child.ask(`${Math.ceil(runs / 10)} 1`);
    for (const steps of [1, 10]) {
      const times = await child.ask<readonly number[]>(`${Math.ceil(runs / steps)} ${steps}`);
      const [p50, p99] = [percentile(times, 0.5), percentile(times, 0.99)];
      figures.push(figuresOf(`step.${name}`, { [`p50of${steps}`]: p50, [`p99of${steps}`]: p99 }));
    }
  }
  return Object.assign({}, ...figures);
}

async function open(settings: EventsSettings): Promise<Stand> {
  if (settings.peers > 0) await installPeers(say);
  const arena = await Arena.open();
  let backlog: Figures | null = null;
  return {
    postgres: arena.postgres.version,
    async round() {
      backlog ??= await measureBacklog(arena, settings);
      return {
        ...(await measureCommands(arena, settings)),
        ...(await measureDrains(arena, settings)),
        ...(await measureDelays(arena, settings)),
        ...(await measureFan(arena, settings)),
        ...backlog,
        ...(await measureSteps(arena, settings)),
      };
    },
    [Symbol.asyncDispose]: () => arena[Symbol.asyncDispose](),
  };
}

const bench: Bench<EventsSettings> = {
  ...{ name: "events", title: "Events, handlers and steps", whole, quick },
  ...{ parts: eventsParts, open },
};

export const main = (args: readonly string[]): Promise<void> => runRounds(bench, args);
