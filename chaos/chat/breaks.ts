/**
 * Breaks: what happens to nodes, to the database, and to the networks on both sides of the nodes. Those of nodes and
 * database that say nothing of clients are those of `faults`.
 *
 * A fault that ends memberships says so at that moment (`hit`), and from then on it is measured until nobody is shown
 * them. When it is over, it is measured until presence is right.
 */
import { setTimeout as pause } from "node:timers/promises";
import { poll } from "../../packages/lineshaft/src/testkit/index.ts";
import { FAULTS, type Stage } from "../breaks.ts";
import type { FleetNode } from "../fleet.ts";
import type { TcpProxy } from "../proxy.ts";
import { pick } from "../random.ts";
import type { Crew } from "./crew.ts";
import { clientOf, type Person } from "./person.ts";

export interface ChatStage extends Stage {
  readonly crew: Crew;
  /** The networks of groups of clients. */
  readonly gates: readonly TcpProxy[];
}

export type Hit = (keys: ReadonlySet<string>) => void;

export interface ChatFault {
  readonly weight: number;
  /** Until those whom it ends are gone for all others, as documented. */
  readonly goneMs?: number;
  /** Until everything is right once it is over: what nodes need, and clients to come back. */
  readonly rightMs: number;
  /** How long from its beginning a node may not hear the log of the database. Default: it does. */
  readonly deafMs?: number;
  readonly isOfNetwork?: true;
  readonly may?: (stage: ChatStage) => boolean;
  readonly run: (stage: ChatStage, hit: Hit) => Promise<unknown>;
}

/** What docs/guides/channels.md says. */
export const GONE_MS = { left: 1_000, nodeDied: 5_000, vanished: 20_000 } as const;
/** Until nodes that have lost each other are right again, as documented. */
const NODES_BACK_MS = 5_000;
/** Clients come back after a pause that grows up to 10 s. */
const BACK_MS = NODES_BACK_MS + 10_000;
/** A client finds out that its connection is half open with the second sign of life that it asks for: every 15 s. */
const HALF_OPEN_BACK_MS = 45_000;
const PAST_SILENCE_MS = 8_000;
/** A reader of the log finds out that its connection is half open with the second answer that does not come in 5 s. */
const LOG_FOUND_OUT_MS = 17_000;
/** What stands still for less, and what has to begin anew. */
const LOG_BACK_MS = 15_000;
const PROBE_MS = 3_000;
const BUSES = "select pid from pg_stat_activity where application_name = 'lineshaft channels'";

const between = (random: () => number, least: number, most: number): number => least + random() * (most - least);

function keysOf(crew: Crew, people: readonly Person[]): Set<string> {
  const seats = crew.seats.filter((seat) => people.includes(crew.personOf(seat)));
  return new Set(seats.flatMap(({ key }) => key ?? []));
}

/** The people whose pages are behind a gate. */
const groupOf = ({ crew, gates }: ChatStage, gate: TcpProxy): Person[] =>
  crew.people.filter((_, at) => at % gates.length === gates.indexOf(gate));

/** The memberships on a node: their keys begin with its name, which a member of our own tells. */
async function keysOn({ crew }: ChatStage, node: FleetNode): Promise<Set<string>> {
  const client = clientOf(node.url, crew.ownerToken);
  try {
    const probe = client.chat.numbers.join({ room: crew.rooms[0]! }, { onProblem: () => {} });
    const key = await poll(() => probe.state().key, { timeoutMs: PROBE_MS }).catch(() => null);
    if (key === null) return new Set();
    const name = key.slice(0, key.indexOf(".") + 1);
    return new Set([...keysOf(crew, crew.people)].filter((each) => each.startsWith(name)));
  } finally {
    client.$close();
  }
}

/** A node that somebody is on, if there is one, and who is. */
async function populated(stage: ChatStage): Promise<{ readonly node: FleetNode; readonly keys: ReadonlySet<string> }> {
  const first = Math.floor(stage.random() * stage.nodes.length);
  const nodes = [...stage.nodes.slice(first), ...stage.nodes.slice(0, first)];
  for (const node of nodes) {
    const keys = await keysOn(stage, node);
    if (keys.size > 0) return { node, keys };
  }
  return { node: nodes[0]!, keys: new Set() };
}

async function killNode(stage: ChatStage, hit: Hit, how: { readonly signal: NodeJS.Signals; readonly awayMs: number }) {
  const { node, keys } = await populated(stage);
  hit(keys);
  await node.kill(how.signal);
  await pause(how.awayMs);
  await node.startAgain();
}

/** The sessions on which nodes hear each other stand still. */
async function stopBuses({ database, random }: ChatStage): Promise<void> {
  const pids = (await database.ask<{ pid: number }>(BUSES)).map(({ pid }) => pid);
  const some = pids.filter(() => random() < 0.6);
  for (const pid of some) process.kill(pid, "SIGSTOP");
  await pause(between(random, 1_000, 7_000));
  for (const pid of some) process.kill(pid, "SIGCONT");
}

const OWN: Readonly<Record<string, ChatFault>> = {
  "kill -9 of a node": {
    ...{ weight: 8, goneMs: GONE_MS.nodeDied, rightMs: BACK_MS },
    run: (stage, hit) => killNode(stage, hit, { signal: "SIGKILL", awayMs: 0 }),
  },
  "kill -9 of a node that stays away": {
    ...{ weight: 8, goneMs: GONE_MS.nodeDied, rightMs: BACK_MS },
    run: (stage, hit) => killNode(stage, hit, { signal: "SIGKILL", awayMs: 6_000 }),
  },
  "SIGTERM of a node": {
    ...{ weight: 8, goneMs: GONE_MS.left, rightMs: BACK_MS },
    run: (stage, hit) => killNode(stage, hit, { signal: "SIGTERM", awayMs: 1_000 }),
  },
  "SIGSTOP of a node": {
    ...{ weight: 10, goneMs: GONE_MS.nodeDied, rightMs: BACK_MS, deafMs: LOG_BACK_MS },
    run: async (stage, hit) => {
      const { node, keys } = await populated(stage);
      hit(keys);
      node.signal("SIGSTOP");
      await pause(PAST_SILENCE_MS);
      node.signal("SIGCONT");
    },
  },
  "SIGSTOP of a node for a moment": {
    ...{ weight: 4, rightMs: NODES_BACK_MS, deafMs: LOG_BACK_MS },
    run: async ({ nodes, random }) => {
      const node = pick(nodes, random);
      node.signal("SIGSTOP");
      await pause(between(random, 500, 3_500));
      node.signal("SIGCONT");
    },
  },
  "buses end": {
    ...{ weight: 8, rightMs: NODES_BACK_MS },
    run: ({ database }) => database.ask(`select pg_terminate_backend(pid) from (${BUSES}) as buses`),
  },
  "buses stand still": { weight: 8, rightMs: NODES_BACK_MS, run: stopBuses },
  "network of clients is cut": {
    ...{ weight: 8, isOfNetwork: true, goneMs: GONE_MS.left, rightMs: BACK_MS },
    run: async (stage, hit) => {
      const gate = pick(stage.gates, stage.random);
      hit(keysOf(stage.crew, groupOf(stage, gate)));
      gate.cut();
    },
  },
  "network of clients is slow": {
    ...{ weight: 5, isOfNetwork: true, rightMs: BACK_MS },
    run: async ({ gates, random }) => {
      const gate = pick(gates, random);
      gate.delayMs = between(random, 20, 600);
      await pause(3_000);
      gate.heal();
    },
  },
  "network of clients is away": {
    ...{ weight: 6, isOfNetwork: true, rightMs: BACK_MS },
    run: async ({ gates, random }) => {
      const gate = pick(gates, random);
      gate.hold();
      await pause(between(random, 1_000, 8_000));
      gate.heal();
    },
  },
  "connections of clients are half open": {
    ...{ weight: 5, isOfNetwork: true, goneMs: GONE_MS.vanished, rightMs: HALF_OPEN_BACK_MS },
    run: async (stage, hit) => {
      const gate = pick(stage.gates, stage.random);
      hit(keysOf(stage.crew, groupOf(stage, gate)));
      gate.forget();
    },
  },
  "connections of a node are half open": {
    ...{ weight: 3, isOfNetwork: true, deafMs: LOG_FOUND_OUT_MS, rightMs: BACK_MS },
    run: async ({ proxies, random }) => {
      pick(proxies, random).forget();
      await pause(LOG_FOUND_OUT_MS);
    },
  },
  "a client leaves": {
    ...{ weight: 5, goneMs: GONE_MS.left, rightMs: BACK_MS },
    run: async ({ crew, random }, hit) => {
      const person = pick(crew.people, random);
      hit(keysOf(crew, [person]));
      for (const seat of person.seats) seat.leaveChannel();
      await pause(between(random, 500, 2_000));
      for (const seat of person.seats) if (seat.state === "in") seat.joinChannel();
    },
  },
  "a page is closed": {
    ...{ weight: 5, goneMs: GONE_MS.left, rightMs: BACK_MS },
    run: async ({ crew, random }, hit) => {
      const person = pick(crew.people, random);
      hit(keysOf(crew, [person]));
      person.leave();
      await pause(between(random, 500, 2_000));
      person.comeBack();
    },
  },
};

const SHARED = [
  "Postgres ends, fast",
  "Postgres ends, immediate",
  "kill -9 of Postgres",
  "some backends end",
  "all backends end",
  "relays end",
  "relays stand still",
  "network of a node is slow",
  "network of a node is cut",
  "network of a node is away",
  "network of all nodes is away",
];

export const CHAT_FAULTS: Readonly<Record<string, ChatFault>> = {
  ...OWN,
  ...Object.fromEntries(
    SHARED.map((name) => [name, { ...FAULTS[name]!, weight: 4, rightMs: 2 * BACK_MS, deafMs: LOG_BACK_MS }]),
  ),
};

/** How often a second fault of the network comes with one that is not of the network. */
const PAIR_SHARE = 0.15;

/** The next faults: each kind once at first, by chance; then by weight, and some with another one. */
export function drawChatFaults(stage: ChatStage, counts: ReadonlyMap<string, number>): string[] {
  const possible = Object.entries(CHAT_FAULTS).filter(([, { may }]) => may?.(stage) ?? true);
  const fresh = possible.filter(([name]) => !counts.has(name));
  if (fresh.length > 0) return [pick(fresh, stage.random)[0]];
  const first = draw(possible, stage.random);
  if (CHAT_FAULTS[first]!.isOfNetwork || stage.random() >= PAIR_SHARE) return [first];
  return [
    first,
    draw(
      possible.filter(([, { isOfNetwork }]) => isOfNetwork),
      stage.random,
    ),
  ];
}

function draw(possible: readonly (readonly [string, ChatFault])[], random: () => number): string {
  const weighted = possible.flatMap(([name, { weight }]) => Array.from({ length: weight }, () => name));
  return pick(weighted, random);
}
