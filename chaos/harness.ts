/**
 * Harness: a fleet on one Postgres, under load, while things break; then quiet, and what the checks say.
 *
 *     load ──> nodes ──> proxies ──> Postgres      subscribers <── nodes      nodes ──> the world outside
 *
 * When the last fault is over everything is healed, and all events must be handled within `QUIET_MS`. Dead letters are
 * then sent again, with the antidote given. What is left undone after that is a finding like any other.
 * Kept on failure: the history, the state, what was found, and the logs of nodes and servers.
 */
import { chmodSync, closeSync, mkdtempSync, openSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import { HANDLERS } from "./bank.ts";
import { drawFaults, FAULTS, type Stage } from "./breaks.ts";
import { CANARIES } from "./canaries.ts";
import { check, type Finding } from "./checks.ts";
import { Database } from "./database.ts";
import { sendAgain } from "./dead-letters.ts";
import { FleetNode } from "./fleet.ts";
import { History } from "./history.ts";
import { ACCOUNTS, BALANCE, COUNTERS, counterName, Load } from "./load.ts";
import { Outside } from "./outside.ts";
import { TcpProxy } from "./proxy.ts";
import { randomOf } from "./random.ts";
import { countersOf, readState, type State, type WorkRow, workOf } from "./state.ts";
import { Subscribers } from "./subscribers.ts";
import { type Totals, totalsOf } from "./totals.ts";

const BANK_APP = join(import.meta.dirname, "bank.ts");
/** How long the fleet may take to handle all that is left, once everything is healed. */
export const QUIET_MS = 120_000;
const QUIET_LOOK_MS = 500;
/** A connection that is half open is given up after two unanswered questions, five seconds apart. */
const SUBSCRIBERS_MS = 60_000;
/** Between two faults, at least and at most. */
const PAUSE_MS = { least: 200, most: 1_500 };

export interface Plan {
  readonly faults: number;
  /** Only these kinds. Default: all. */
  readonly kinds?: readonly string[];
  readonly nodes: number;
  readonly seed: number;
  readonly callers: number;
  /** Folder of the programs of another Postgres than the embedded one. */
  readonly binaries?: string | undefined;
  /** Default `QUIET_MS`; and subscribers get no longer than this. */
  readonly quietMs?: number;
  /** A name of `CANARIES`. */
  readonly canary?: string | undefined;
  readonly say: (line: string) => void;
}

export interface Outcome extends Totals {
  readonly found: Readonly<Record<string, readonly Finding[]>>;
  /** Where everything is kept, when something was found. */
  readonly folder: string | null;
  readonly postgres: string;
}

/** Everything that runs, and how it is taken down. */
interface Scene extends Stage {
  readonly folder: string;
  readonly outside: Outside;
  readonly history: History;
  readonly plan: Plan;
}

async function setUp(plan: Plan, folder: string, made: AsyncDisposableStack): Promise<Scene> {
  const { binaries, seed, canary } = plan;
  const database = made.use(await Database.start({ folder, binaries }));
  const outside = made.use(await Outside.open());
  const history = new History(join(folder, "history.jsonl"));
  made.defer(() => history.close());
  const [nodes, proxies]: [FleetNode[], TcpProxy[]] = [[], []];
  made.defer(async () => void (await Promise.all(nodes.map((node) => node.kill("SIGKILL")))));
  const env = { CHAOS_OUTSIDE_URL: outside.url, CHAOS_CANARY: canary ?? "", LOG_LEVEL: "warn" };
  for (let count = 0; count < plan.nodes; count++) {
    const proxy = made.use(await TcpProxy.open(database.socket));
    proxies.push(proxy);
    const output = openSync(join(folder, `node-${count + 1}.log`), "a");
    made.defer(() => closeSync(output));
    nodes.push(await FleetNode.start({ app: BANK_APP, databaseUrl: proxy.url, env, output }));
  }
  const accounts = "insert into bank.account (number, balance) select number, $2 from generate_series(0, $1) as number";
  await database.ask(accounts, [ACCOUNTS - 1, BALANCE]);
  const names = Array.from({ length: COUNTERS }, (_, number) => counterName(number));
  await database.ask("insert into bank.counter (name) select unnest($1::text[])", [names]);
  return { plan, folder, database, outside, history, nodes, proxies, random: randomOf(seed) };
}

/** Breaks one thing after the other, sometimes two at once. */
async function breakThings(scene: Scene): Promise<void> {
  const { plan, random } = scene;
  const counts = new Map<string, number>();
  for (let count = 0; count < plan.faults; ) {
    await pause(PAUSE_MS.least + random() * (PAUSE_MS.most - PAUSE_MS.least));
    const names = plan.kinds ? [plan.kinds[count % plan.kinds.length]!] : drawFaults(scene, counts);
    const lines = await Promise.all(names.map((name) => breakOne(scene, name)));
    for (const name of names) counts.set(name, (counts.get(name) ?? 0) + 1);
    count += names.length;
    plan.say(`${count} of ${plan.faults}: ${lines.join("; ")}`);
    await startMissing(scene);
  }
}

async function breakOne(scene: Scene, name: string): Promise<string> {
  const atMs = Date.now();
  let [pid, error]: [number | null, string | null] = [null, null];
  try {
    const hit = await FAULTS[name]!.run(scene);
    if (typeof hit === "number") pid = hit;
  } catch (failure) {
    error = failure instanceof Error ? failure.message : String(failure);
  }
  const endMs = Date.now();
  scene.history.add({ kind: "fault", name, atMs, endMs, pid, error });
  return `${name}, ${endMs - atMs} ms${error === null ? "" : `; failed: ${error}`}`;
}

/** Nodes that have ended by themselves are written down, and started again. */
async function startMissing({ plan, history, nodes }: Scene): Promise<void> {
  for (const node of nodes.filter((each) => !each.isAlive)) {
    history.add({ kind: "ended", port: node.port });
    plan.say(`the node on port ${node.port} has ended by itself`);
    await node.startAgain();
  }
}

async function heal({ proxies, nodes, database }: Scene): Promise<void> {
  for (const proxy of proxies) proxy.heal();
  for (const node of nodes) node.signal("SIGCONT");
  await database.untilAnswers();
  await Promise.all(nodes.map((node) => node.untilAnswers()));
}

const UNHANDLED = `with wanted as (
    select e.id::text as event, h.handler from lineshaft.event e
      join unnest($1::text[], $2::text[]) as h (event, handler) on h.event = e.name),
  there as (select distinct event, handler from bank.effect)
select count(*)::int as count from wanted left join there using (event, handler) where there.event is null`;

/** How many effects are still to come. */
async function countUnhandled(database: Database, handlers: typeof HANDLERS): Promise<number> {
  const pairs = Object.entries(handlers).flatMap(([event, names]) => names.map((name) => [event, name] as const));
  const [events, names] = [pairs.map(([event]) => event), pairs.map(([, name]) => name)];
  const [row] = await database.ask<{ count: number }>(UNHANDLED, [events, names]);
  return row!.count;
}

/** Waits until all is handled that is not poison; gives how long that took, or `null` when the time was over. */
async function untilQuiet({ database, plan }: Scene, isPoisonWaiting: boolean): Promise<number | null> {
  const { "bank.poisoned": _, ...others } = HANDLERS;
  const handlers = isPoisonWaiting ? others : HANDLERS;
  const { quietMs = QUIET_MS } = plan;
  const startMs = performance.now();
  let left = "";
  while (performance.now() - startMs < quietMs) {
    const [unhandled, work] = [await countUnhandled(database, handlers), await workOf(database)];
    const waiting = work.filter(({ state }) => state !== "dead").length;
    if (unhandled === 0 && waiting === 0) return Math.round(performance.now() - startMs);
    left = `${unhandled} effects and ${waiting} pieces of work are missing`;
    await pause(QUIET_LOOK_MS);
  }
  plan.say(`not quiet after ${quietMs} ms: ${left}`);
  return null;
}

interface Ending {
  readonly state: State;
  readonly quietMs: number | null;
}

async function settle(scene: Scene, subscribers: Subscribers): Promise<Ending> {
  const { database, outside, plan } = scene;
  await heal(scene);
  const quietMs = await untilQuiet(scene, true);
  const dead: WorkRow[] = (await workOf(database)).filter(({ state }) => state === "dead");
  await database.ask("insert into bank.antidote (id) values (1)");
  if (dead.length > 0) await sendAgain(database, "bank.choke");
  if (quietMs !== null) await untilQuiet(scene, false);
  await subscribers.untilAllSee(await countersOf(database), Math.min(plan.quietMs ?? QUIET_MS, SUBSCRIBERS_MS));
  await CANARIES[plan.canary ?? ""]?.after?.(database);
  const state = { ...(await readState(database)), dead, outside: Object.fromEntries(outside.keys) };
  return { state: { ...state, shown: subscribers.shown }, quietMs };
}

async function disturb(scene: Scene): Promise<void> {
  const { during } = CANARIES[scene.plan.canary ?? ""] ?? {};
  for (let times = 0; during !== undefined && times < 5; times++) {
    await pause(300);
    await during(scene).catch(() => {});
  }
}

/** Runs the plan; ends with nothing of it running. */
export async function runPlan(plan: Plan): Promise<Outcome> {
  const startMs = performance.now();
  const folder = mkdtempSync(join(tmpdir(), "lineshaft-faults-"));
  chmodSync(folder, 0o755);
  await using made = new AsyncDisposableStack();
  writeFileSync(join(folder, "plan.json"), JSON.stringify(plan, null, 2));
  const scene = await setUp(plan, folder, made);
  const { history, nodes, database } = scene;
  const subscribers = new Subscribers(nodes, history, plan.canary === "subscribers");
  made.defer(() => subscribers.close());
  const isForgetful = plan.canary === "reads";
  const load = new Load({ nodes, history, random: randomOf(plan.seed + 1), callers: plan.callers, isForgetful });
  made.defer(() => load.stop());
  plan.say(`Postgres ${database.version}, ${plan.nodes} nodes, seed ${plan.seed}, ${folder}`);
  await disturb(scene);
  await breakThings(scene);
  await load.stop();
  const { state, quietMs } = await settle(scene, subscribers);
  const found = check({ history: history.entries, state, handlers: HANDLERS, balance: BALANCE });
  const seconds = Math.round((performance.now() - startMs) / 1_000);
  const totals = totalsOf({ history: history.entries, state, found, quietMs, seconds });
  const postgres = database.version;
  await made.disposeAsync();
  return { ...totals, found, postgres, folder: keep(folder, found, state) };
}

/** Keeps what tells how it came to the findings, without the databases; nothing, when there are none. */
function keep(folder: string, found: Outcome["found"], state: State): string | null {
  if (Object.keys(found).length === 0) {
    rmSync(folder, { recursive: true, force: true });
    return null;
  }
  writeFileSync(join(folder, "found.json"), JSON.stringify(found, null, 2));
  writeFileSync(join(folder, "state.json"), JSON.stringify(state));
  for (const name of readdirSync(folder).filter((each) => each.startsWith("postgres-"))) {
    for (const part of readdirSync(join(folder, name)).filter((each) => !each.startsWith("server.log"))) {
      rmSync(join(folder, name, part), { recursive: true, force: true });
    }
  }
  return folder;
}
