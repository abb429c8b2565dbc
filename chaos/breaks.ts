/**
 * Breaks: the faults, each a small function with a name. The next is drawn by weight when the last is over.
 *
 * A fault ends with everything that it took away in its place again, except what nodes have to find out by themselves:
 * a connection that is dead, a slot that is gone. That is not waited for: faults meet each other's consequences.
 */
import { setTimeout as pause } from "node:timers/promises";
import type { Database } from "./database.ts";
import type { FleetNode } from "./fleet.ts";
import type { TcpProxy } from "./proxy.ts";
import { pick } from "./random.ts";

export interface Stage {
  readonly database: Database;
  readonly nodes: readonly FleetNode[];
  /** The network of each node. */
  readonly proxies: readonly TcpProxy[];
  readonly random: () => number;
}

export interface Fault {
  readonly weight: number;
  /** Whether it is one of the network: such a one can meet any other. */
  readonly isOfNetwork?: true;
  /** Whether it can happen now. Default: always. */
  readonly may?: (stage: Stage) => boolean;
  /** Gives the process that was hit, of faults that hit one node. */
  readonly run: (stage: Stage) => Promise<unknown>;
}

/** A node that is silent for 4 s is not counted any more. */
const PAST_LEASE_MS = 6_000;
const SLOTS = "select slot_name, active_pid from pg_replication_slots where starts_with(slot_name, 'lineshaft_')";
const BACKENDS = `select pid from pg_stat_activity
  where application_name like 'lineshaft%' and backend_type = 'client backend'`;
const RELAYS = `select active_pid as pid from pg_replication_slots
  where active_pid is not null and starts_with(slot_name, 'lineshaft_')`;

async function pidsOf(database: Database, query: string): Promise<number[]> {
  return (await database.ask<{ pid: number }>(query)).map(({ pid }) => pid);
}

async function terminate(database: Database, pids: readonly number[]): Promise<void> {
  await database.ask("select pg_terminate_backend(pid) from unnest($1::int[]) as pid", [pids]);
}

/** To processes that may be gone. */
function signalAll(pids: readonly number[], name: "SIGSTOP" | "SIGCONT"): void {
  for (const pid of pids) {
    try {
      process.kill(pid, name);
    } catch {
      // It has ended, which stops it even better.
    }
  }
}

const between = (random: () => number, least: number, most: number): number => least + random() * (most - least);

async function killNode({ nodes, random }: Stage, awayMs: number): Promise<number> {
  const node = pick(nodes, random);
  const { pid } = node;
  await node.kill("SIGKILL");
  await pause(awayMs);
  await node.startAgain();
  return pid;
}

/** So much more log than a slot may hold back, while who reads it stands still: the server takes the slot away. */
async function loseSlots({ database }: Stage): Promise<void> {
  const relays = await pidsOf(database, RELAYS);
  signalAll(relays, "SIGSTOP");
  try {
    for (let segment = 0; segment < 7; segment++) {
      await database.ask("select pg_logical_emit_message(false, 'chaos', 'more'), pg_switch_wal()");
    }
    // It waits for the readers to end, which they do once they may.
    const done = database.ask("checkpoint");
    await pause(500);
    signalAll(relays, "SIGCONT");
    await done;
  } finally {
    signalAll(relays, "SIGCONT");
  }
}

async function dropSlots({ database }: Stage): Promise<void> {
  for (const { slot_name: name } of await database.ask<{ slot_name: string }>(SLOTS)) {
    await terminate(database, await pidsOf(database, RELAYS));
    // Its reader may be back already, or it was a temporary one that went with its reader.
    const drop = "select pg_drop_replication_slot(slot_name) from pg_replication_slots where slot_name = $1";
    await database.ask(drop, [name]).catch(() => {});
  }
}

async function hold({ random }: Stage, proxies: readonly TcpProxy[], mostMs: number): Promise<void> {
  for (const proxy of proxies) proxy.hold();
  await pause(between(random, 1_000, mostMs));
  for (const proxy of proxies) proxy.heal();
}

const mayCrash = ({ database }: Stage): boolean => database.mayCrash();

export const FAULTS: Readonly<Record<string, Fault>> = {
  "kill -9 of a node": { weight: 10, run: (stage) => killNode(stage, 0) },
  "kill -9 of a node that stays away": { weight: 8, run: (stage) => killNode(stage, PAST_LEASE_MS) },
  "SIGSTOP of a node past its lease": {
    weight: 8,
    run: async ({ nodes, random }) => {
      const node = pick(nodes, random);
      node.signal("SIGSTOP");
      await pause(PAST_LEASE_MS);
      node.signal("SIGCONT");
      return node.pid;
    },
  },
  "SIGTERM of a node": {
    weight: 8,
    run: async ({ nodes, random }) => {
      const node = pick(nodes, random);
      const { pid } = node;
      await node.kill("SIGTERM");
      await node.startAgain();
      return pid;
    },
  },
  "Postgres ends, fast": { weight: 6, may: mayCrash, run: ({ database }) => database.crash("fast") },
  "Postgres ends, immediate": { weight: 6, may: mayCrash, run: ({ database }) => database.crash("immediate") },
  "kill -9 of Postgres": { weight: 8, may: mayCrash, run: ({ database }) => database.crash("kill -9") },
  "some backends end": {
    weight: 8,
    run: async ({ database, random }) => {
      const pids = await pidsOf(database, BACKENDS);
      await terminate(
        database,
        pids.filter(() => random() < 0.3),
      );
    },
  },
  "all backends end": {
    weight: 6,
    run: async ({ database }) => terminate(database, await pidsOf(database, BACKENDS)),
  },
  "relays end": { weight: 6, run: async ({ database }) => terminate(database, await pidsOf(database, RELAYS)) },
  "relays stand still": {
    weight: 6,
    run: async ({ database, random }) => {
      const relays = await pidsOf(database, RELAYS);
      signalAll(relays, "SIGSTOP");
      await pause(between(random, 500, 3_000));
      signalAll(relays, "SIGCONT");
    },
  },
  "network of a node is slow": {
    weight: 6,
    isOfNetwork: true,
    run: async ({ proxies, random }) => {
      const proxy = pick(proxies, random);
      proxy.delayMs = between(random, 20, 400);
      await pause(3_000);
      proxy.heal();
    },
  },
  "network of a node is cut": {
    weight: 8,
    isOfNetwork: true,
    run: async ({ proxies, random }) => {
      const proxy = pick(proxies, random);
      for (let times = 0; times < 3; times++) {
        proxy.cut();
        await pause(between(random, 50, 500));
      }
    },
  },
  "network of a node is away": {
    weight: 8,
    isOfNetwork: true,
    run: (stage) => hold(stage, [pick(stage.proxies, stage.random)], 7_000),
  },
  "network of all nodes is away": { weight: 4, isOfNetwork: true, run: (stage) => hold(stage, stage.proxies, 3_000) },
  "connections of a node are half open": {
    weight: 6,
    isOfNetwork: true,
    run: async ({ proxies, random }) => pick(proxies, random).forget(),
  },
  "slots dropped": { weight: 6, run: dropSlots },
  "slots lost by size": { weight: 5, run: loseSlots },
  "a standby is promoted": {
    weight: 5,
    run: async ({ database, proxies }) => {
      await database.promote(() => {
        for (const proxy of proxies) proxy.target = database.socket;
      });
      for (const proxy of proxies) proxy.cut();
    },
  },
};

/** How often two faults happen at once. */
const PAIR_SHARE = 0.25;

/** The next faults: one, or one and another of the network. Each kind once at first, by chance; then by weight. */
export function drawFaults(stage: Stage, counts: ReadonlyMap<string, number>): string[] {
  const possible = Object.entries(FAULTS).filter(([, { may }]) => may?.(stage) ?? true);
  const first = draw(possible, stage, counts);
  if (FAULTS[first]!.isOfNetwork || stage.random() >= PAIR_SHARE) return [first];
  const others = possible.filter(([, { isOfNetwork }]) => isOfNetwork);
  return [first, draw(others, stage, counts)];
}

function draw(
  possible: readonly (readonly [string, Fault])[],
  { random }: Stage,
  counts: ReadonlyMap<string, number>,
): string {
  const fresh = possible.filter(([name]) => !counts.has(name));
  if (fresh.length > 0) return pick(fresh, random)[0];
  let rest = random() * possible.reduce((sum, [, { weight }]) => sum + weight, 0);
  for (const [name, { weight }] of possible) {
    rest -= weight;
    if (rest < 0) return name;
  }
  return possible[0]![0];
}
