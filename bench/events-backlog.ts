/** A long backlog of ours that is handled while new events arrive: how fast, in which memory, and in order. */
import { join } from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import { Child } from "./child.ts";
import type { Arena } from "./events-arena.ts";
import { CONTENDERS, OURS } from "./events-contender.ts";
import type { State } from "./events-order.ts";
import { type EventsSettings, SOURCES, STRETCHES } from "./events-parts.ts";
import { type Figures, figuresOf } from "./figures.ts";
import { Caller, NOTE } from "./servers/events/lineshaft.ts";
import { median } from "./statistics.ts";

const LATE_SOURCES = 100;
const LOOK_MS = 100;
const WAIT_MS_MAX = 600_000;
const MEGABYTE = 1_048_576;

interface Sample extends State {
  readonly at: number;
  readonly stated: number;
}

/** States events evenly: those of a source one after the other, so that their order is known. */
class Arrivals {
  readonly numbers = Array<number>(LATE_SOURCES).fill(0);
  stated = 0;
  readonly #caller: Caller;
  readonly #perSecond: number;
  #isEnded = false;
  #running: Promise<unknown> | null = null;

  constructor(url: string, perSecond: number) {
    this.#caller = new Caller(url);
    this.#perSecond = perSecond;
  }

  start(): void {
    const startedAt = performance.now();
    this.#running = Promise.all(this.numbers.map((_, index) => this.#source(index, startedAt)));
  }

  async #source(index: number, startedAt: number): Promise<void> {
    const periodMs = (LATE_SOURCES * 1_000) / this.#perSecond;
    for (let number = 1; ; number++) {
      const dueAt = startedAt + (number - 1 + index / LATE_SOURCES) * periodMs;
      await pause(Math.max(0, dueAt - performance.now()));
      if (this.#isEnded) return;
      await this.#caller.post("/ordered", { source: SOURCES + index, number, note: NOTE });
      this.numbers[index] = number;
      this.stated++;
    }
  }

  async end(): Promise<void> {
    this.#isEnded = true;
    await this.#running;
    this.#caller.close();
  }
}

async function watch(child: Child, arrivals: Arrivals, until: (state: State) => boolean): Promise<Sample[]> {
  const samples: Sample[] = [];
  const deadline = performance.now() + WAIT_MS_MAX;
  for (;;) {
    const state = await child.ask<State>("state");
    samples.push({ ...state, at: performance.now(), stated: arrivals.stated });
    if (until(state)) return samples;
    if (performance.now() > deadline) throw new Error(`A backlog is not handled yet: ${JSON.stringify(state)}`);
    await pause(LOOK_MS);
  }
}

/** Rate and memory in each equal part of the backlog. */
function stretchesOf(samples: readonly Sample[], backlog: number): Figures {
  const at = (share: number) => samples.find(({ old }) => old >= backlog * share) ?? samples.at(-1)!;
  const stretches = Array.from({ length: STRETCHES }, (_, index) => {
    const [from, to] = [at(index / STRETCHES), at((index + 1) / STRETCHES)];
    const handled = to.old + to.late - from.old - from.late;
    const rate = handled / Math.max(0.001, (to.at - from.at) / 1_000);
    return figuresOf(`stretch${index}`, { rate, memory: to.memoryBytes / MEGABYTE });
  });
  return Object.assign({}, ...stretches);
}

/** Without the first of the equal parts, in which a process grows to its usual size. */
function memoryOf(samples: readonly Sample[], backlog: number): { growth: number; spread: number } {
  const warm = samples.filter(({ old }) => old >= backlog / STRETCHES).map(({ memoryBytes }) => memoryBytes);
  const third = Math.ceil(warm.length / 3);
  return {
    growth: median(warm.slice(-third)) / median(warm.slice(0, third)),
    spread: Math.max(...warm) / Math.min(...warm),
  };
}

async function measure(child: Child, { backlog, arrivalsPerSecond }: EventsSettings): Promise<Figures> {
  await child.ask(`fill ${backlog}`);
  const before = await child.ask<State>("state");
  const startedAt = performance.now();
  const arrivals = new Arrivals(await child.ask<string>("start"), arrivalsPerSecond);
  arrivals.start();
  const samples = await watch(child, arrivals, ({ old }) => old === backlog);
  const end = samples.at(-1)!;
  await arrivals.end();
  const { stated } = arrivals;
  const last = (await watch(child, arrivals, ({ late }) => late >= stated)).at(-1)!;
  const handled = end.old + end.late;
  const figures = {
    rate: (handled * 1_000) / (end.at - startedAt),
    ...{ early: last.early + Math.abs(last.old + last.late - backlog - stated), again: last.again },
    behind: Math.max(...samples.map((sample) => sample.stated - sample.late)) / arrivalsPerSecond,
    cpu: (end.cpuMicros - before.cpuMicros) / handled,
  };
  return { ...figuresOf("backlog", { ...figures, ...memoryOf(samples, backlog) }), ...stretchesOf(samples, backlog) };
}

export async function measureBacklog(arena: Arena, settings: EventsSettings): Promise<Figures> {
  await using site = await arena.site(CONTENDERS.find(({ name }) => name === OURS)!);
  const file = join(import.meta.dirname, "events-order.ts");
  await using child = await Child.start(file, site.place.databaseUrl);
  return await measure(child, settings);
}
