/** Commands with and without an event, under load: each in two turns, there and back: what changes evenly cancels. */
import { setTimeout as pause } from "node:timers/promises";
import pg from "pg";
import type { Arena } from "./events-arena.ts";
import { CONTENDERS, OURS } from "./events-contender.ts";
import type { EventsSettings } from "./events-parts.ts";
import { type Figures, figuresOf } from "./figures.ts";
import { provideGenerator, putLoad } from "./generator.ts";
import type { Scenario } from "./scenarios.ts";
import { WAITS } from "./servers/events/lineshaft.ts";
import { type RunningServer, startServer } from "./servers.ts";

const NAMES = ["plain", "telling", "handled"] as const;
type Name = (typeof NAMES)[number];

const BODY = { title: "On the engine", body: "It weaves algebraic patterns. ".repeat(8) };
const scenarioOf = (name: Name): Scenario => ({
  ...{ name: `events-${name}`, title: name, goals: [], method: "POST", path: `/${name}`, body: BODY },
});
const THROUGH_MS_MAX = 120_000;
const LOOK_MS = 10;

interface Turn {
  readonly seconds: number;
  readonly requests: number;
  readonly cpu: number;
  readonly store: number;
}

class Course {
  readonly #server: RunningServer;
  readonly #client: pg.Client;
  readonly #arena: Arena;
  readonly #settings: EventsSettings;

  constructor(server: RunningServer, client: pg.Client, arena: Arena, settings: EventsSettings) {
    this.#server = server;
    this.#client = client;
    this.#arena = arena;
    this.#settings = settings;
  }

  async #untilThrough(): Promise<void> {
    const deadline = performance.now() + THROUGH_MS_MAX;
    while ((await this.#client.query(WAITS)).rows[0].waits) {
      if (performance.now() > deadline)
        throw new Error(`Events of commands are not handled after ${THROUGH_MS_MAX} ms.`);
      await pause(LOOK_MS);
    }
  }

  async turn(name: Name, seconds = this.#settings.commandSeconds): Promise<Turn> {
    const store = () => this.#arena.storeCpuSeconds();
    const before = { store: store(), cpu: this.#server.cpuSeconds(), at: performance.now() };
    const { connections } = this.#settings;
    const load = { seconds, connections, threads: 1 };
    const { requests, perSecond, refused, broken } = await putLoad(this.#server.port, scenarioOf(name), true, load);
    if (refused + broken > 0) throw new Error(`POST /${name}: ${refused} refused, ${broken} broken.`);
    // The generator's own start and end do not count; what is still to be handled behind them does.
    const endedAt = performance.now();
    await this.#untilThrough();
    const late = name === "handled" ? (performance.now() - endedAt) / 1_000 : 0;
    const cpu = this.#server.cpuSeconds() - before.cpu;
    return { seconds: requests / perSecond + late, requests, cpu, store: store() - before.store };
  }
}

function sum(turns: readonly Turn[]): Turn {
  return turns.reduce((one, other) => ({
    seconds: one.seconds + other.seconds,
    requests: one.requests + other.requests,
    cpu: one.cpu + other.cpu,
    store: one.store + other.store,
  }));
}

async function measure(course: Course, { warmSeconds }: EventsSettings): Promise<Figures> {
  if (warmSeconds > 0) for (const name of NAMES) await course.turn(name, warmSeconds);
  const turns: { name: Name; turn: Turn }[] = [];
  for (const name of [...NAMES, ...NAMES.toReversed()]) turns.push({ name, turn: await course.turn(name) });
  const rateOf = ({ requests, seconds }: Turn) => requests / seconds;
  const of = (name: Name) => sum(turns.filter((each) => each.name === name).map(({ turn }) => turn));
  const base = rateOf(of("plain"));
  return Object.assign(
    {},
    ...NAMES.map((name) => {
      const turn = of(name);
      const { requests } = turn;
      const micros = { cpu: (turn.cpu * 1e6) / requests, store: (turn.store * 1e6) / requests };
      return figuresOf(name, { rate: rateOf(turn), ratio: rateOf(turn) / base, ...micros });
    }),
  );
}

export async function measureCommands(arena: Arena, settings: EventsSettings): Promise<Figures> {
  await provideGenerator((line) => void process.stderr.write(`bench: ${line}\n`));
  await using site = await arena.site(CONTENDERS.find(({ name }) => name === OURS)!);
  const { databaseUrl } = site.place;
  const kind = { name: "lineshaft", title: "Lineshaft", file: "events/lineshaft.ts", package: null };
  await using server = await startServer(kind, { databaseUrl });
  const client = new pg.Client(databaseUrl);
  await client.connect();
  try {
    return await measure(new Course(server, client, arena, settings), settings);
  } finally {
    await client.end();
  }
}
