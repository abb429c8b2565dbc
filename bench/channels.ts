/**
 * Channels bench: what a message to a room costs, what a socket in a room weighs, how soon all are back after a fall,
 * and how soon others hear that somebody has left; beside Socket.IO doing the same.
 *
 *     npm run bench -- channels
 *
 * Model. Each server has a process of its own (`channels-server.ts`), and so have its clients (`channels-clients.ts`),
 * which are the same for all of them. Servers are measured one after the other, in turn, and nobody else runs.
 * With `--quick` ours runs beside the floor alone, since the peers have to be installed first.
 */

import { poll } from "../packages/lineshaft/src/testkit/index.ts";
import { Clients } from "./channels-clients.ts";
import { CONTENDERS, type ContenderKind, Node } from "./channels-contender.ts";
import type { Plan } from "./channels-crowd.ts";
import {
  broadcasters,
  type ChannelsSettings,
  channelsParts,
  holders,
  ROOM_MEMBERS,
  ratiosOf,
  SHAPES,
  type Shape,
} from "./channels-parts.ts";
import { Arena } from "./events-arena.ts";
import { OURS } from "./events-contender.ts";
import { type Figures, figuresOf } from "./figures.ts";
import { installPeers } from "./peers.ts";
import { type Bench, runRounds, type Stand } from "./rounds.ts";
import { percentile } from "./statistics.ts";

const whole: ChannelsSettings = {
  ...{ peers: 1, warmSeconds: 0.4, seconds: 1, deliveriesOnTheirWay: 8_000, deliveriesPerSecond: 10_000 },
  ...{
    sockets: 10_000,
    atATime: 100,
    messagesPerSecond: 1_000,
    crowdSeconds: 2,
    halls: 20,
    leaves: 50,
    nodesPerSecond: 100,
  },
};
const quick: ChannelsSettings = {
  ...{ peers: 0, warmSeconds: 0, seconds: 0.2, deliveriesOnTheirWay: 2_000, deliveriesPerSecond: 10_000 },
  ...{ sockets: 200, atATime: 20, messagesPerSecond: 100, crowdSeconds: 0.3, halls: 2, leaves: 3, nodesPerSecond: 50 },
};

const TOGETHER_MS_MAX = 30_000;
const KIBIBYTE = 1_024;
const say = (line: string): void => void process.stderr.write(`bench: ${line}\n`);
const now = (): number => performance.timeOrigin + performance.now();

/** Who is measured, and with what. */
interface Turn {
  readonly contender: ContenderKind;
  readonly settings: ChannelsSettings;
  readonly databaseUrl: string;
}

const gather = ({ contender }: Turn, node: Node, plan: Pick<Plan, "rooms" | "members"> & Partial<Plan>) =>
  Clients.start({ dialect: contender.dialect, ports: [node.port], isHall: false, ...plan });

async function measureBroadcast(turn: Turn, { name, rooms, members }: Shape): Promise<Figures> {
  const { contender, settings, databaseUrl } = turn;
  const { warmSeconds, seconds, atATime, deliveriesOnTheirWay, deliveriesPerSecond } = settings;
  await using node = await Node.start(contender, databaseUrl);
  await using clients = await gather(turn, node, { rooms, members });
  await clients.ask("join", atATime);
  const window = Math.max(1, Math.round(deliveriesOnTheirWay / (rooms * members)));
  if (warmSeconds > 0) await clients.ask("flood", warmSeconds, window);
  const before = await node.usage();
  const flooded = await clients.ask("flood", seconds, window);
  const { cpuMicros } = await node.usage();
  const paced = await clients.ask("pace", deliveriesPerSecond / (members - 1), seconds);
  const after = await node.usage();
  return figuresOf(`${name}.${contender.name}`, {
    ...{ rate: flooded.perSecond, cpu: (cpuMicros - before.cpuMicros) / flooded.delivered },
    ...{ p50: paced.p50, p99: paced.p99, pacedCpu: (after.cpuMicros - cpuMicros) / paced.delivered },
    ...{ busy: flooded.busy * 100, wrong: flooded.wrong + paced.wrong },
  });
}

interface Held {
  readonly node: Node;
  readonly clients: Clients;
}

async function measureLeaving(turn: Turn, name: string, halls: Clients): Promise<Figures> {
  const delays = await halls.ask("leaves", turn.settings.leaves);
  return figuresOf(`${name}.${turn.contender.name}`, { p50: percentile(delays, 0.5), p99: percentile(delays, 0.99) });
}

/** Many join; they talk; and some leave meanwhile. */
async function measureCrowd(turn: Turn, { node, clients }: Held): Promise<Figures> {
  const { contender, settings } = turn;
  const { sockets, atATime, messagesPerSecond, crowdSeconds, halls: count } = settings;
  await using halls = await gather(turn, node, { rooms: count, members: ROOM_MEMBERS, isHall: true });
  await halls.ask("join", atATime);
  const leaving = await measureLeaving(turn, "leaving", halls);
  const before = await node.usage(true);
  const seconds = await clients.ask("join", atATime);
  const after = await node.usage(true);
  await clients.ask("pace", messagesPerSecond, crowdSeconds / 4);
  const idle = await node.usage();
  const paced = await clients.ask("pace", messagesPerSecond, crowdSeconds);
  const { cpuMicros } = await node.usage();
  const [busyLeaving, busy] = await Promise.all([
    measureLeaving(turn, "busyLeaving", halls),
    clients.ask("pace", messagesPerSecond, crowdSeconds),
  ]);
  const crowd = figuresOf(`crowd.${contender.name}`, {
    rate: sockets / seconds,
    held: (after.heldBytes - before.heldBytes) / sockets / KIBIBYTE,
    resident: (after.residentBytes - before.residentBytes) / sockets / KIBIBYTE,
    ...{ p50: paced.p50, p99: paced.p99, cpu: (cpuMicros - idle.cpuMicros) / paced.delivered },
    wrong: paced.wrong + busy.wrong,
  });
  return { ...leaving, ...crowd, ...busyLeaving };
}

/** Waits until all are back, and looks whether each hears its room. */
async function untilBack({ settings }: Turn, { node, clients }: Held, sinceMs: number, cpuBefore: number) {
  const { atMs, failed } = await clients.ask("returned");
  const { cpuMicros } = await node.usage();
  const { wrong } = await clients.ask("pace", settings.messagesPerSecond, settings.sockets / ROOM_MEMBERS / 1_000);
  return { back: (atMs - sinceMs) / 1_000, failed, cpu: (cpuMicros - cpuBefore) / 1e6, wrong };
}

async function measureReturn(turn: Turn, { node, clients }: Held): Promise<Figures> {
  const { contender, databaseUrl } = turn;
  const { cpuMicros } = await node.usage();
  const cutMs = now();
  await clients.ask("cut");
  const cut = await untilBack(turn, { node, clients }, cutMs, cpuMicros);
  await clients.ask("persist");
  const killedMs = now();
  await node.kill();
  await using again = await Node.start(contender, databaseUrl, node.port);
  const listens = (now() - killedMs) / 1_000;
  const killed = await untilBack(turn, { node: again, clients }, killedMs, 0);
  await clients.ask("persist");
  return {
    ...figuresOf(`cut.${contender.name}`, cut),
    ...figuresOf(`killed.${contender.name}`, { ...killed, listens }),
  };
}

async function measureHolder(turn: Turn): Promise<Figures> {
  const { contender, settings, databaseUrl } = turn;
  await using node = await Node.start(contender, databaseUrl);
  await using clients = await gather(turn, node, { rooms: settings.sockets / ROOM_MEMBERS, members: ROOM_MEMBERS });
  return { ...(await measureCrowd(turn, { node, clients })), ...(await measureReturn(turn, { node, clients })) };
}

/** Nodes that have just started find each other in a moment: then everything arrives. */
async function untilTogether(clients: Clients, perSecond: number): Promise<void> {
  const isTogether = async () => (await clients.ask("pace", perSecond, 10 / perSecond)).wrong === 0;
  await poll(isTogether, { what: "two nodes to hear each other", timeoutMs: TOGETHER_MS_MAX });
}

/** Ours, twice. */
async function measureNodes(turn: Turn): Promise<Figures> {
  const { contender, settings, databaseUrl } = turn;
  const { halls, atATime, nodesPerSecond, seconds, leaves } = settings;
  await using one = await Node.start(contender, databaseUrl);
  await using other = await Node.start(contender, databaseUrl);
  const plan = { rooms: halls, members: ROOM_MEMBERS, isHall: true, ports: [one.port, other.port] };
  await using clients = await gather(turn, one, plan);
  await clients.ask("join", atATime);
  await untilTogether(clients, nodesPerSecond);
  const { p50, p99, wrong } = await clients.ask("pace", nodesPerSecond, seconds);
  const delays = await clients.ask("leaves", leaves);
  const left = { left50: percentile(delays, 0.5), left99: percentile(delays, 0.99) };
  return figuresOf(`nodes.${contender.name}`, { p50, p99, ...left, wrong });
}

/** Whoever begins, begins next time at the end. */
const inTurn = <TItem>(items: readonly TItem[], round: number) => (round % 2 === 1 ? items : items.toReversed());

async function measureAll(settings: ChannelsSettings, databaseUrl: string, round: number): Promise<Figures> {
  const all: Figures[] = [];
  const turnOf = (contender: ContenderKind): Turn => ({ contender, settings, databaseUrl });
  for (const shape of SHAPES) {
    for (const each of inTurn(broadcasters(settings, shape), round)) {
      all.push(await measureBroadcast(turnOf(each), shape));
    }
  }
  for (const each of inTurn(holders(settings), round)) all.push(await measureHolder(turnOf(each)));
  all.push(await measureNodes(turnOf(CONTENDERS.find(({ name }) => name === OURS)!)));
  const figures: Figures = Object.assign({}, ...all);
  return { ...figures, ...ratiosOf(figures, channelsParts(settings)) };
}

async function open(settings: ChannelsSettings): Promise<Stand> {
  if (settings.peers > 0) await installPeers(say);
  await using made = new AsyncDisposableStack();
  const arena = made.use(await Arena.open());
  const { place } = made.use(await arena.site({ name: OURS, redis: null }));
  const resources = made.move();
  return {
    postgres: arena.postgres.version,
    round: (number) => measureAll(settings, place.databaseUrl, number),
    [Symbol.asyncDispose]: () => resources.disposeAsync(),
  };
}

const bench: Bench<ChannelsSettings> = {
  ...{ name: "channels", title: "Real-time channels", whole, quick },
  ...{ parts: channelsParts, open },
};

export const main = (args: readonly string[]): Promise<void> => runRounds(bench, args);
