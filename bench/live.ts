/**
 * Live bench: how soon a subscriber hears of a commit, what a crowd costs, and what an idle socket weighs.
 *
 *     npm run bench -- live
 *
 * Model. Each round starts a server and a durable Postgres anew, so that memory is that of a fresh process. The writer
 * and the subscribers live in this process: a delay is from the answer to the commit until the subscriber has the news,
 * by one clock. Then come a crowd with one question, and sockets that do nothing.
 */
import { once } from "node:events";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import pg from "pg";
import { WebSocket } from "ws";
import { clientConfig } from "../packages/lineshaft/src/data/connection.ts";
import { poll } from "../packages/lineshaft/src/testkit/index.ts";
import { Child } from "./child.ts";
import { type Figures, figuresOf, type Part } from "./figures.ts";
import type { Place, Usage } from "./live-server.ts";
import { type Bench, runRounds, type Stand } from "./rounds.ts";
import { percentile } from "./statistics.ts";

const SERVER_FILE = join(import.meta.dirname, "live-server.ts");
const CROWD_SOCKETS = 10;
/** Sockets that are being opened at a time. */
const OPENING_MAX = 100;
/** Files that this process needs beside sockets. */
const FILES_RESERVED = 100;
const WAIT_MS_MAX = 30_000;
const PROMPT_MS = 100;
const PROMPT_IN_A_ROW = 5;

const whole = {
  commitsPerSecond: 100,
  /** Not counted: the first second of a server is not its usual one. */
  warmCommits: 100,
  commits: 1_000,
  subscribers: 1_000,
  crowdChanges: 50,
  sockets: 10_000,
  /** As long as the time between two pings, so that one of them is in it. */
  idleSeconds: 20,
};
type LiveSettings = typeof whole;
const quick: LiveSettings = {
  ...{ commitsPerSecond: 100, warmCommits: 10, commits: 50, subscribers: 100 },
  ...{ crowdChanges: 3, sockets: 100, idleSeconds: 0.5 },
};

function parts({ commitsPerSecond, commits, subscribers, crowdChanges, sockets, idleSeconds }: LiveSettings): Part[] {
  const [crowd, idle] = [subscribers, sockets].map((count) => count.toLocaleString("en-US"));
  return [
    {
      title: `From commit to subscriber, ${commitsPerSecond} commits a second`,
      about: `One socket, one subscription, one writer that goes past the server. A delay begins when the writer has
        the answer to its commit, and ends when the subscriber has the new answer. *told* counts the commits
        whose answer was told of ${commits.toLocaleString("en-US")}: a newer one may stand for those before it.`,
      rows: [{ name: "delay", title: "1 subscriber" }],
      measures: [
        { name: "p50", title: "p50", unit: "ms", digits: 2, goal: { is: "<", value: 3 }, isCharted: true },
        { name: "p99", title: "p99", unit: "ms", digits: 2, goal: { is: "<", value: 25 }, isCharted: true },
        { name: "told", title: "told", unit: "", digits: 0 },
        { name: "cpu", title: "server CPU per commit", unit: "µs", digits: 0 },
      ],
    },
    {
      title: `${crowd} subscribers of one query`,
      about: `${CROWD_SOCKETS} sockets share the subscriptions; ${crowdChanges} commits, each when all have heard of
        the one before. *reached* is the least number of subscribers that a change has reached; the times are
        those until the last one had it.`,
      rows: [{ name: "crowd", title: `${crowd} subscribers` }],
      measures: [
        { name: "runs", title: "recomputations per change", unit: "", digits: 2, goal: { is: "≤", value: 1 } },
        { name: "reached", title: "reached", unit: "", digits: 0, goal: { is: "≥", value: subscribers } },
        { name: "p50", title: "all reached, p50", unit: "ms", digits: 1, isCharted: true },
        { name: "p99", title: "all reached, p99", unit: "ms", digits: 1, isCharted: true },
      ],
    },
    {
      title: `${idle} idle sockets`,
      about: `Opened, and nothing is said on them. Memory is what the server's process has grown by, after garbage was
        collected, for each. Processor time is of one core, over ${idleSeconds} s, before and after: the server
        pings each socket every 20 s. Fewer sockets than wanted means that the system lets a process open no
        more files.`,
      rows: [{ name: "idle", title: `${idle} sockets` }],
      measures: [
        { name: "sockets", title: "open", unit: "", digits: 0, goal: { is: "≥", value: sockets } },
        { name: "memory", title: "memory per socket", unit: "KiB", digits: 1 },
        { name: "cpu", title: "server CPU", unit: "%", digits: 2, isCharted: true },
        { name: "cpuBefore", title: "server CPU without sockets", unit: "%", digits: 2, isCharted: true },
      ],
    },
  ];
}

/** A server with one row, and who writes it. */
interface Scene {
  readonly server: Child;
  readonly place: Place;
  readonly writer: pg.Client;
  readonly settings: LiveSettings;
}

function connect({ place }: Scene): WebSocket {
  return new WebSocket(`${place.url.replace("http", "ws")}/live`, "lineshaft.v1");
}

/** A socket with subscriptions that all have their first answer; `onCount` hears of each later one. */
async function subscribe(scene: Scene, subscriptions: number, onCount: (count: number) => void): Promise<WebSocket> {
  const socket = connect(scene);
  await once(socket, "open");
  let answered = 0;
  const all = Promise.withResolvers<void>();
  socket.on("message", (data) => {
    const { type, body } = JSON.parse(String(data));
    if (type !== "answer") return all.reject(new Error(`instead of an answer came ${data}`));
    if (++answered === subscriptions) all.resolve();
    onCount(body.count);
  });
  for (let id = 1; id <= subscriptions; id++) socket.send(JSON.stringify({ type: "subscribe", id, path: "/items/1" }));
  await all.promise;
  return socket;
}

const write = ({ writer }: Scene, count: number) =>
  writer.query({ name: "write", text: "update shop.item set count = $1 where id = 1", values: [count] });

async function metric({ place }: Scene, name: string): Promise<number> {
  const text = await (await fetch(place.metricsUrl)).text();
  const line = text.split("\n").find((each) => each.startsWith(`${name} `));
  return Number(line?.split(" ")[1] ?? 0);
}

/** Nobody is connected any more: what follows has the server for itself. */
const untilAlone = (scene: Scene) =>
  poll(async () => (await metric(scene, 'lineshaft_live_connections{kind="socket"}')) === 0, {
    ...{ what: "all sockets to be closed", timeoutMs: WAIT_MS_MAX },
  });

/**
 * The first question came before the server heard the log, so its subscription is looked after at intervals for a
 * while. Commits until some in a row are told promptly.
 */
async function untilPrompt(scene: Scene, heardAt: ReadonlyMap<number, number>): Promise<void> {
  const deadline = performance.now() + WAIT_MS_MAX;
  for (let [count, prompt] = [-1, 0]; prompt < PROMPT_IN_A_ROW && performance.now() < deadline; count--) {
    await write(scene, count);
    const committedAt = performance.now();
    const at = await poll(() => heardAt.get(count), { what: "a first commit to be told", timeoutMs: WAIT_MS_MAX });
    prompt = at - committedAt < PROMPT_MS ? prompt + 1 : 0;
  }
}

async function measureDelay(scene: Scene): Promise<Figures> {
  const { commitsPerSecond, warmCommits, commits } = scene.settings;
  const heardAt = new Map<number, number>();
  const socket = await subscribe(scene, 1, (count) => void heardAt.set(count, performance.now()));
  await untilPrompt(scene, heardAt);
  const committedAt = new Map<number, number>();
  const last = warmCommits + commits;
  const startedAt = performance.now();
  let before = 0;
  for (let count = 1; count <= last; count++) {
    const waitMs = startedAt + (count * 1_000) / commitsPerSecond - performance.now();
    if (waitMs > 0) await pause(waitMs);
    if (count === warmCommits + 1) before = (await scene.server.ask<Usage>("usage")).cpuMicros;
    await write(scene, count);
    if (count > warmCommits) committedAt.set(count, performance.now());
  }
  await poll(() => heardAt.has(last), { what: "the last commit to be told", timeoutMs: WAIT_MS_MAX });
  const { cpuMicros } = await scene.server.ask<Usage>("usage");
  socket.close();
  const told = [...committedAt].filter(([count]) => heardAt.has(count));
  // The news can be there before the answer to the commit.
  const delays = told.map(([count, at]) => Math.max(0, heardAt.get(count)! - at));
  return figuresOf("delay", {
    ...{ p50: percentile(delays, 0.5), p99: percentile(delays, 0.99), told: told.length },
    cpu: (cpuMicros - before) / commits,
  });
}

async function measureCrowd(scene: Scene): Promise<Figures> {
  const { subscribers, crowdChanges } = scene.settings;
  let [wanted, reached] = [Number.NaN, 0];
  let all = Promise.withResolvers<number>();
  const note = (count: number) => {
    if (count === wanted && ++reached === subscribers) all.resolve(performance.now());
  };
  const share = subscribers / CROWD_SOCKETS;
  const sockets = await Promise.all(Array.from({ length: CROWD_SOCKETS }, () => subscribe(scene, share, note)));
  const before = await metric(scene, "lineshaft_live_recomputations_total");
  const delays: number[] = [];
  let least = subscribers;
  for (let change = 1; change <= crowdChanges; change++) {
    [wanted, reached, all] = [1_000_000 + change, 0, Promise.withResolvers()];
    await write(scene, wanted);
    const committedAt = performance.now();
    const late = AbortSignal.timeout(WAIT_MS_MAX);
    await Promise.race([all.promise, once(late, "abort")]);
    delays.push(performance.now() - committedAt);
    least = Math.min(least, reached);
  }
  const runs = (await metric(scene, "lineshaft_live_recomputations_total")) - before;
  for (const socket of sockets) socket.close();
  return figuresOf("crowd", {
    ...{ runs: runs / crowdChanges, reached: least },
    ...{ p50: percentile(delays, 0.5), p99: percentile(delays, 0.99) },
  });
}

/** As many as wanted, or as this process and the server may. */
async function openIdle(scene: Scene): Promise<WebSocket[]> {
  const limit = Number(/Max open files\s+(\d+)/.exec(readFileSync("/proc/self/limits", "utf8"))?.[1] ?? 1_024);
  const count = Math.min(scene.settings.sockets, limit - FILES_RESERVED);
  const sockets: WebSocket[] = [];
  while (sockets.length < count) {
    const batch = Array.from({ length: Math.min(OPENING_MAX, count - sockets.length) }, async () => {
      const socket = connect(scene);
      return await once(socket, "open").then(
        () => socket,
        () => null,
      );
    });
    const opened = (await Promise.all(batch)).filter((socket) => socket !== null);
    sockets.push(...opened);
    if (opened.length < batch.length) break;
  }
  return sockets;
}

/** Processor time of the server in percent of a core. */
async function idleCpu({ server, settings }: Scene): Promise<number> {
  const [before, startedAt] = [await server.ask<Usage>("usage"), performance.now()];
  await pause(settings.idleSeconds * 1_000);
  const { cpuMicros } = await server.ask<Usage>("usage");
  return ((cpuMicros - before.cpuMicros) / 1_000 / (performance.now() - startedAt)) * 100;
}

async function measureIdle(scene: Scene): Promise<Figures> {
  const { server } = scene;
  await untilAlone(scene);
  const cpuBefore = await idleCpu(scene);
  const before = await server.ask<Usage>("collected");
  const sockets = await openIdle(scene);
  const { memoryBytes } = await server.ask<Usage>("collected");
  const cpu = await idleCpu(scene);
  const open = sockets.filter(({ readyState }) => readyState === WebSocket.OPEN).length;
  for (const socket of sockets) socket.terminate();
  const memory = (memoryBytes - before.memoryBytes) / sockets.length / 1_024;
  return figuresOf("idle", { sockets: open, memory, cpu, cpuBefore });
}

class LiveStand implements Stand {
  postgres = "";
  readonly #settings: LiveSettings;

  constructor(settings: LiveSettings) {
    this.#settings = settings;
  }

  async round(): Promise<Figures> {
    await using server = await Child.start(SERVER_FILE);
    const place = await server.ask<Place>("place");
    const writer = new pg.Client(clientConfig(place.database, "lineshaft bench"));
    await writer.connect();
    this.postgres = (await writer.query("show server_version")).rows[0].server_version;
    return await measureAll({ server, place, writer, settings: this.#settings }).finally(() => writer.end());
  }

  async [Symbol.asyncDispose](): Promise<void> {}
}

async function measureAll(scene: Scene): Promise<Figures> {
  await scene.writer.query("insert into shop.item (name) values ('one')");
  // The log is followed from the first question on. A connection that is kept would count as one of the sockets.
  await fetch(`${scene.place.url}/items/1`, { headers: { connection: "close" } });
  const isFollowing = async () => (await metric(scene, 'lineshaft_relay_state{state="streaming"}')) === 1;
  await poll(isFollowing, { what: "the server to follow the log", timeoutMs: WAIT_MS_MAX });
  return { ...(await measureDelay(scene)), ...(await measureCrowd(scene)), ...(await measureIdle(scene)) };
}

const bench: Bench<LiveSettings> = {
  ...{ name: "live", title: "Live queries", whole, quick, parts },
  open: async (settings) => new LiveStand(settings),
};

export const main = (args: readonly string[]): Promise<void> => runRounds(bench, args);
