/**
 * Coherence: does a cache of any node ever give an answer that is too old, whatever breaks?
 *
 *     npm run chaos -- coherence --reads 1000000 --nodes 3 --seed 1
 *
 * Model. Callers write and read counters on random nodes of a fleet, while faults happen. A write gives a value that
 * was never there before. What a read must give at least is known:
 *
 * - the newest value that the same caller wrote, on whatever node, because it brings its position along (QRY-3);
 * - the newest value that anybody was told to have written, before the read was sent, at a position up to the one that
 *   the reply tells: that node had heard of it (QRY-2). What is committed at the same moment may be missing.
 *
 * Canary. With `--canary` callers see what they saw first, as from a cache that forgets nothing: then reads must be
 * found that are too old, or the check is blind.
 * Ends by itself; asks 127.0.0.1 only; what it started ends with it.
 */
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import { parseArgs } from "node:util";
import pg from "pg";
import { startEmbeddedPostgres } from "../packages/lineshaft/src/engines/postgres-embedded/index.ts";
import { FleetNode, type Reply } from "./fleet.ts";
import { pick, randomOf } from "./random.ts";

export interface CoherencePlan {
  readonly reads: number;
  readonly nodes: number;
  readonly seed: number;
  /** Faults, one after the other, until the reads are done. */
  readonly hasFaults: boolean;
  readonly isCanary: boolean;
  readonly say: (line: string) => void;
}

export interface CoherenceResult {
  readonly reads: number;
  readonly writes: number;
  readonly failedCalls: number;
  readonly hits: number;
  readonly faults: Readonly<Record<string, number>>;
  /** Reads that were too old, as sentences; the first hundred. */
  readonly stale: readonly string[];
  readonly staleCount: number;
  /** Counters of which some node gives another value than the database, when all is quiet. */
  readonly differing: number;
  readonly seconds: number;
}

/** The app of the check. */
export const COUNTERS_APP = join(import.meta.dirname, "counters.ts");
const COUNTERS = 200;
const CALLERS = 24;
const WRITE_SHARE = 0.08;
const FAULT_PAUSE_MS = 1_500;
const CRASH = "kill -9 of Postgres";
/** A server that ends more often is not started again: something would be wrong that a start does not cure. */
const CRASH_PAUSE_MS = 15_000;
const STALE_SHOWN = 100;
/** Recovery after a crash takes that long at most. */
const DATABASE_MS = 60_000;
/** Writes of one counter that are remembered. */
const WRITTEN_MAX = 200;

/** A write that was answered: its value is there for whoever asks later and has heard of the position. */
interface Written {
  readonly value: number;
  readonly position: bigint;
  readonly atMs: number;
}

class Checker {
  readonly stale: string[] = [];
  staleCount = 0;
  reads = 0;
  writes = 0;
  failedCalls = 0;
  readonly #say: (line: string) => void;
  readonly #written = Array.from({ length: COUNTERS }, (): Written[] => []);

  constructor(say: (line: string) => void) {
    this.#say = say;
  }

  wrote(number: number, value: number, position: bigint | null): void {
    this.writes++;
    if (position === null) return;
    const written = this.#written[number]!;
    written.push({ value, position, atMs: performance.now() });
    if (written.length > WRITTEN_MAX) written.shift();
  }

  /** The newest value that a reply with this position must have, when it was asked for at that time. */
  knownAt(number: number, position: bigint | null, sentMs: number): number {
    if (position === null) return 0;
    const known = this.#written[number]!.filter((each) => each.position <= position && each.atMs < sentMs);
    return Math.max(0, ...known.map(({ value }) => value));
  }

  read(what: string, least: number, seen: number): void {
    this.reads++;
    if (seen >= least) return;
    this.staleCount++;
    if (this.stale.length >= STALE_SHOWN) return;
    const sentence = `${what}: ${seen}, but at least ${least} was known`;
    this.stale.push(sentence);
    this.#say(sentence);
  }
}

interface Stage {
  readonly plan: CoherencePlan;
  readonly nodes: readonly FleetNode[];
  readonly checker: Checker;
  readonly random: () => number;
}

/** One caller: what it has written, and the newest position that it was told. */
async function callOn({ plan, nodes, checker, random }: Stage, name: number): Promise<void> {
  const own = new Array<number>(COUNTERS).fill(0);
  const first: number[] = [];
  let position: string | undefined;
  while (checker.reads < plan.reads) {
    const node = nodes[Math.floor(random() * nodes.length)]!;
    // Few counters are asked for often, as in life.
    const number = Math.floor(random() ** 3 * COUNTERS);
    const path = `/counters/${number}`;
    const brought = position;
    try {
      if (random() < WRITE_SHARE) {
        const reply = answered(await node.ask("POST", path, { position: brought }));
        const value = valueIn(reply);
        own[number] = Math.max(own[number]!, value);
        checker.wrote(number, value, reply.position === undefined ? null : positionOf(reply.position));
        position = newest(position, reply.position);
      } else {
        const least = own[number]!;
        const sentMs = performance.now();
        const reply = answered(await node.ask("GET", path, { position: brought }));
        const told = reply.position === undefined ? null : positionOf(reply.position);
        const what = `caller ${name}, port ${node.port}, counter ${number}, ${brought} brought, ${reply.position} told`;
        const seen = plan.isCanary ? (first[number] ??= valueIn(reply)) : valueIn(reply);
        checker.read(what, Math.max(least, checker.knownAt(number, told, sentMs)), seen);
      }
    } catch {
      checker.failedCalls++;
      await pause(5);
    }
  }
}

function answered(reply: Reply): Reply {
  if (reply.status !== 200) throw new Error(`The node answered ${reply.status}.`);
  return reply;
}

function valueIn({ body }: Reply): number {
  return (body as { value?: number } | null)?.value ?? 0;
}

/** `0/16B3748` as a number. */
function positionOf(text: string): bigint {
  const [high, low] = text.split("/").map((part) => BigInt(`0x${part}`)) as [bigint, bigint];
  return (high << 32n) | low;
}

function newest(known: string | undefined, told: string | undefined): string | undefined {
  if (known === undefined || told === undefined) return told ?? known;
  return positionOf(told) > positionOf(known) ? told : known;
}

/** To a process that may be gone. */
function signal(pid: number, name: "SIGSTOP" | "SIGCONT"): void {
  try {
    process.kill(pid, name);
  } catch {
    // It has ended, which holds a stream up even better.
  }
}

type Fault = (nodes: readonly FleetNode[], random: () => number, admin: pg.Pool) => Promise<void>;

/** What is broken; each ends with everything in place again. */
const FAULTS: Readonly<Record<string, Fault>> = {
  "kill -9 of a node": async (nodes, random) => {
    const node = pick(nodes, random);
    await node.kill("SIGKILL");
    await node.startAgain();
  },
  "a node stands still": async (nodes, random) => {
    const node = pick(nodes, random);
    node.signal("SIGSTOP");
    await pause(800);
    node.signal("SIGCONT");
  },
  "the streams end": async (_nodes, _random, admin) => {
    await admin.query("select pg_terminate_backend(active_pid) from pg_replication_slots where active_pid is not null");
  },
  "the streams stand still": async (_nodes, _random, admin) => {
    const { rows } = await admin.query("select active_pid from pg_replication_slots where active_pid is not null");
    const pids = (rows as { active_pid: number }[]).map((row) => row.active_pid);
    for (const pid of pids) signal(pid, "SIGSTOP");
    await pause(800);
    for (const pid of pids) signal(pid, "SIGCONT");
  },
  "all connections end": async (_nodes, _random, admin) => {
    await admin.query(
      "select pg_terminate_backend(pid) from pg_stat_activity where application_name like 'lineshaft%'",
    );
  },
};

/** Answers out of caches, of the processes that live now. */
async function hitsOf(nodes: readonly FleetNode[]): Promise<number> {
  const counts = await Promise.all(nodes.map((node) => node.metric("lineshaft_cache_hits_total").catch(() => 0)));
  return counts.reduce((sum, count) => sum + count, 0);
}

async function breakThings(stage: Stage, admin: pg.Pool, crash: () => Promise<void>): Promise<Record<string, number>> {
  const { plan, nodes, checker, random } = stage;
  const counts: Record<string, number> = {};
  const faults: Record<string, Fault> = { ...FAULTS, [CRASH]: crash };
  let crashedMs = Number.NEGATIVE_INFINITY;
  while (checker.reads < plan.reads) {
    await pause(FAULT_PAUSE_MS);
    const mayCrash = performance.now() - crashedMs > CRASH_PAUSE_MS;
    const names = Object.keys(faults).filter((each) => each !== CRASH || mayCrash);
    const name = pick(names, random);
    if (name === CRASH) crashedMs = performance.now();
    await faults[name]!(nodes, random, admin).catch((error) => plan.say(`${name}: ${error.message}`));
    counts[name] = (counts[name] ?? 0) + 1;
    const hits = await hitsOf(nodes);
    plan.say(`${checker.reads} reads, ${checker.writes} writes, ${checker.staleCount} stale, ${hits} hits; ${name}`);
  }
  return counts;
}

async function untilDatabaseAnswers(admin: pg.Pool): Promise<void> {
  const deadline = performance.now() + DATABASE_MS;
  const answers = () =>
    admin.query("select 1").then(
      () => true,
      () => false,
    );
  while (!(await answers())) {
    if (performance.now() > deadline) throw new Error(`The database did not answer within ${DATABASE_MS} ms.`);
    await pause(50);
  }
}

/** Values of all counters on a node, once it is quiet. */
async function valuesOn(node: FleetNode): Promise<number[]> {
  const replies = Array.from({ length: COUNTERS }, (_, number) => node.ask("GET", `/counters/${number}`));
  return (await Promise.all(replies)).map(valueIn);
}

async function countDiffering(nodes: readonly FleetNode[], admin: pg.Pool): Promise<number> {
  const { rows } = await admin.query("select value from counters.counter order by number");
  const truth = (rows as { value: number }[]).map(({ value }) => value);
  let differing = 0;
  for (const node of nodes) {
    const position = (await node.ask("POST", "/counters/0")).position;
    await node.ask("GET", "/counters/0", { position });
    const values = await valuesOn(node);
    differing += values.filter((value, index) => index > 0 && value !== truth[index]).length;
  }
  return differing;
}

/** Runs the check. */
export async function checkCoherence(plan: CoherencePlan): Promise<CoherenceResult> {
  const startedMs = performance.now();
  await using made = new AsyncDisposableStack();
  const folder = mkdtempSync(join(tmpdir(), "lineshaft-coherence-"));
  made.defer(() => rmSync(folder, { recursive: true, force: true }));
  const postgres = await startEmbeddedPostgres({ folder: join(folder, "postgres") });
  made.defer(() => postgres.stop());
  const nodes: FleetNode[] = [];
  made.defer(async () => void (await Promise.all(nodes.map((node) => node.kill("SIGKILL")))));
  for (let count = 0; count < plan.nodes; count++)
    nodes.push(await FleetNode.start({ app: COUNTERS_APP, databaseUrl: postgres.url }));
  const admin = new pg.Pool({ connectionString: postgres.url, max: 2 });
  admin.on("error", () => {});
  made.defer(() => admin.end());
  await admin.query("insert into counters.counter (number) select generate_series(0, $1)", [COUNTERS - 1]);

  const random = randomOf(plan.seed);
  const stage = { plan, nodes, checker: new Checker(plan.say), random };
  const crash = async () => {
    process.kill(postgres.pid, "SIGKILL");
    await untilDatabaseAnswers(admin);
    await Promise.all(nodes.map((node) => node.untilAnswers()));
  };
  const broken = plan.hasFaults ? breakThings(stage, admin, crash) : Promise.resolve({});
  await Promise.all(Array.from({ length: CALLERS }, (_, name) => callOn(stage, name)));
  const faults = await broken;
  await untilDatabaseAnswers(admin);
  const differing = await countDiffering(nodes, admin);
  const hits = await hitsOf(nodes);
  const { reads, writes, failedCalls, stale, staleCount } = stage.checker;
  const seconds = Math.round((performance.now() - startedMs) / 1_000);
  return { reads, writes, failedCalls, hits, faults, stale, staleCount, differing, seconds };
}

/** A run of so many reads is worth keeping. */
const KEPT_READS_MIN = 1_000_000;
const RESULTS = join(import.meta.dirname, "results");
const USAGE = `npm run chaos -- coherence [options]
  --reads 100000    reads to check; a run of a million and more is kept in chaos/results
  --nodes 3         processes
  --seed 1          the same seed draws the same calls and faults
  --calm            nothing breaks
  --canary          callers see what they saw first: the check must find it`;

function countOf(name: string, text: string, max: number): number {
  const value = Number(text);
  if (/^\d+$/.test(text) && value >= 1 && value <= max) return value;
  process.stderr.write(`--${name} is "${text}"; it takes a whole number from 1 to ${max}.\n\n${USAGE}\n`);
  process.exit(2);
}

function keep(result: object): void {
  mkdirSync(RESULTS, { recursive: true });
  writeFileSync(join(RESULTS, "coherence.json"), `${JSON.stringify(result, null, 2)}\n`);
}

/** @returns the exit code. */
export async function main(args: readonly string[]): Promise<number> {
  const { values } = parseArgs({
    args: [...args],
    options: {
      reads: { type: "string", default: "100000" },
      nodes: { type: "string", default: "3" },
      seed: { type: "string", default: String(1 + (Date.now() % 1_000_000)) },
      canary: { type: "boolean", default: false },
      calm: { type: "boolean", default: false },
      help: { type: "boolean", default: false },
    },
  });
  if (values.help) {
    process.stdout.write(`${USAGE}\n`);
    return 0;
  }
  const say = (line: string): void => void process.stderr.write(`coherence: ${line}\n`);
  const [reads, nodes] = [countOf("reads", values.reads, 1e9), countOf("nodes", values.nodes, 16)];
  const seed = countOf("seed", values.seed, 2 ** 31);
  say(`seed ${seed}`);
  const plan = { reads, nodes, seed, hasFaults: !values.calm, isCanary: values.canary, say };
  const result = { at: new Date().toISOString(), seed, nodes, ...(await checkCoherence(plan)) };
  process.stdout.write(`${JSON.stringify(result, null, 2)}\n`);
  if (reads >= KEPT_READS_MIN && !values.canary && !values.calm) keep(result);
  return result.staleCount + result.differing === 0 || values.canary ? 0 : 1;
}
