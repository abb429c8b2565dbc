/**
 * Run: a fleet of the apps on one Postgres, clients that talk, while things break; then quiet, and what the checks say.
 *
 *     people ──> gates ──> nodes ──> proxies ──> Postgres
 *
 * Faults come one after the other, each when presence is right again; so how long that took belongs to one of them.
 * Kept on failure: what happened, what was found, and the logs of nodes and servers.
 */
import { chmodSync, closeSync, mkdtempSync, openSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import type { Finding } from "../checks.ts";
import { Database } from "../database.ts";
import { FleetNode } from "../fleet.ts";
import { TcpProxy } from "../proxy.ts";
import { randomOf } from "../random.ts";
import { CHAT_FAULTS, type ChatFault, type ChatStage, drawChatFaults } from "./breaks.ts";
import { CHAT_CANARIES } from "./canaries.ts";
import { checkChat } from "./checks.ts";
import { Crew } from "./crew.ts";
import { Gates } from "./gates.ts";
import { untilGone, untilRight } from "./presence.ts";
import { Record } from "./record.ts";
import { readEvidence, readNodes } from "./state.ts";

const APP = join(import.meta.dirname, "app.ts");
const PAUSE_MS = { least: 200, most: 1_500 };
/** On a busy machine processes start and answer later than they would. */
export const SLACK_MS = 2_000;
/** How long everything may take to be the same everywhere, once everything is healed. */
const SETTLE_MS = 60_000;
/** What was said so long after somebody was put out, and was seen by that one, is a finding. */
export const LEAK_MS = 1_000;
/** The same while a node may not hear the log. */
const DEAF_LEAK_MS = 45_000;
/** What is never right is waited for so long, when that is the aim. */
const CANARY_MS = 5_000;

export interface ChatPlan {
  readonly faults: number;
  /** Only these kinds, in this order. Default: all, by chance. */
  readonly kinds?: readonly string[];
  readonly nodes: number;
  readonly people: number;
  readonly rooms: number;
  readonly seed: number;
  /** A name of `CHAT_CANARIES`. */
  readonly canary?: string | undefined;
  readonly say: (line: string) => void;
}

export interface ChatOutcome {
  readonly found: Readonly<globalThis.Record<string, readonly Finding[]>>;
  readonly faults: Readonly<globalThis.Record<string, number>>;
  readonly counts: Readonly<globalThis.Record<string, number>>;
  readonly measured: Readonly<globalThis.Record<string, readonly number[]>>;
  readonly settledMs: number | null;
  readonly seconds: number;
  readonly postgres: string;
  /** Where everything is kept, when something was found. */
  readonly folder: string | null;
}

interface Scene extends ChatStage {
  readonly plan: ChatPlan;
  readonly record: Record;
}

async function setUp(plan: ChatPlan, folder: string, made: AsyncDisposableStack): Promise<Scene> {
  const { seed, canary, people, rooms } = plan;
  const database = made.use(await Database.start({ folder, binaries: undefined }));
  const record = new Record(join(folder, "history.jsonl"));
  made.defer(() => record.close());
  const [nodes, proxies]: [FleetNode[], TcpProxy[]] = [[], []];
  made.defer(async () => void (await Promise.all(nodes.map((node) => node.kill("SIGKILL")))));
  const env = { LOG_LEVEL: "info" };
  for (let count = 0; count < plan.nodes; count++) {
    const proxy = made.use(await TcpProxy.open(database.socket));
    proxies.push(proxy);
    const output = openSync(join(folder, `node-${count + 1}.log`), "a");
    made.defer(() => closeSync(output));
    nodes.push(await FleetNode.start({ app: APP, databaseUrl: proxy.url, env, output }));
  }
  const gates = made.use(await Gates.open(nodes));
  const random = randomOf(seed);
  const crew = made.use(await Crew.start({ gates, record, people, rooms, canary, random: randomOf(seed + 1) }));
  return { plan, record, database, nodes, proxies, gates: gates.proxies, crew, random };
}

async function breakThings(scene: Scene): Promise<void> {
  const { plan, random } = scene;
  const counts = new Map<string, number>();
  for (let count = 0; count < plan.faults; ) {
    await pause(PAUSE_MS.least + random() * (PAUSE_MS.most - PAUSE_MS.least));
    const names = plan.kinds ? [plan.kinds[count % plan.kinds.length]!] : drawChatFaults(scene, counts);
    const isAlone = names.length === 1;
    const lines = await Promise.all(names.map((name) => breakOne(scene, name, isAlone)));
    for (const name of names) counts.set(name, (counts.get(name) ?? 0) + 1);
    count += names.length;
    await startMissing(scene);
    lines.push(await becomeRight(scene, names));
    plan.say(`${count} of ${plan.faults}: ${lines.join("; ")}`);
  }
}

/** @param isAlone  Else the times are not those of this one. */
async function breakOne({ record, crew, ...stage }: Scene, name: string, isAlone: boolean): Promise<string> {
  const fault = CHAT_FAULTS[name]!;
  const startMs = performance.now();
  let gone: Promise<string> | null = null;
  const hit = (keys: ReadonlySet<string>) => {
    if (isAlone && keys.size > 0) gone = becomeGone({ record, crew, ...stage }, fault, name, keys);
  };
  let failure = "";
  record.mayBeDeaf(fault.deafMs ?? 0);
  record.tell("fault", { name });
  try {
    await fault.run({ crew, ...stage }, hit);
  } catch (error) {
    failure = `; failed: ${error instanceof Error ? error.message : error}`;
    record.count("faults that failed");
  }
  record.count(`fault ${name}`);
  const line = `${name}, ${Math.round(performance.now() - startMs)} ms${failure}`;
  return gone === null ? line : `${line}${await gone}`;
}

async function becomeGone(
  { record, crew }: Scene,
  { goneMs = SETTLE_MS }: ChatFault,
  name: string,
  keys: ReadonlySet<string>,
): Promise<string> {
  const ms = await untilGone(crew, keys, { sinceMs: performance.now(), timeoutMs: goneMs * 2 + 10_000 });
  if (ms !== null) record.measure(`${name}: gone`, ms);
  if ((ms ?? Number.POSITIVE_INFINITY) > goneMs + SLACK_MS) {
    const what = `${name}: members were shown ${ms === null ? "for ever" : `${Math.round(ms)} ms long`}`;
    record.find("presence", "stale", `${what}; it should be ${goneMs} ms`);
  }
  return `, ${keys.size} gone after ${ms === null ? "never" : Math.round(ms)} ms`;
}

async function becomeRight(scene: Scene, names: readonly string[]): Promise<string> {
  const { plan, crew, record } = scene;
  const rightMs = Math.max(...names.map((name) => CHAT_FAULTS[name]!.rightMs));
  const onWrong = (wrong: string) => record.tell("wrong", { wrong });
  const right = await untilRight(crew, plan.canary === undefined ? rightMs + SETTLE_MS : CANARY_MS, onWrong);
  if (typeof right === "number") record.measure(`${names.length > 1 ? "two at once" : names[0]}: right`, right);
  if (typeof right === "string") record.find("presence", "stale", `after ${names.join(" and ")}: ${right}`);
  else if (right > rightMs + SLACK_MS) {
    record.find("presence", "stale", `after ${names.join(" and ")}: right only after ${Math.round(right)} ms`);
  }
  return `right after ${typeof right === "number" ? `${Math.round(right)} ms` : "never"}`;
}

async function startMissing({ plan, record, nodes }: Scene): Promise<void> {
  for (const node of nodes.filter((each) => !each.isAlive)) {
    record.find("nodes", "wrong", `the node on port ${node.port} has ended by itself`);
    plan.say(`the node on port ${node.port} has ended by itself`);
    await node.startAgain();
  }
}

/** Heals everything, lets everybody end what was begun, and waits until all show the same. */
async function settle(scene: Scene): Promise<{ readonly found: ChatOutcome["found"]; readonly ms: number | null }> {
  const { proxies, gates, nodes, database, crew, record, plan } = scene;
  for (const proxy of [...proxies, ...gates]) proxy.heal();
  for (const node of nodes) node.signal("SIGCONT");
  await database.untilAnswers();
  await Promise.all(nodes.map((node) => node.untilAnswers()));
  await crew.rest();
  const startMs = performance.now();
  const nodesShow = await readNodes(
    nodes.map(({ url }) => url),
    crew,
  );
  const { canary } = plan;
  await CHAT_CANARIES[canary ?? ""]?.after?.(database);
  const endMs = startMs + (canary === undefined ? SETTLE_MS : CANARY_MS);
  for (;;) {
    const found = checkChat(await readEvidence({ database, crew, record, nodes: nodesShow }));
    const ms = performance.now() - startMs;
    if (Object.keys(found).length === 0) return { found, ms: Math.round(ms) };
    if (performance.now() > endMs) return { found, ms: null };
    await pause(PAUSE_MS.least);
  }
}

function checkLeaks({ measured, find }: Pick<Record, "measured" | "find">): void {
  for (const [what, times] of Object.entries(measured).filter(([name]) => name.includes("by who was out"))) {
    const longest = Math.max(...times);
    if (longest > (what.includes("not hear") ? DEAF_LEAK_MS : LEAK_MS))
      find("kicked", "wrong", `${what}: up to ${longest} ms`);
  }
}

/** Runs the plan; ends with nothing of it running. */
export async function runChat(plan: ChatPlan): Promise<ChatOutcome> {
  const startMs = performance.now();
  const folder = mkdtempSync(join(tmpdir(), "lineshaft-chat-"));
  chmodSync(folder, 0o755);
  await using made = new AsyncDisposableStack();
  const scene = await setUp(plan, folder, made);
  const { database, crew, record } = scene;
  plan.say(`Postgres ${database.version}, ${plan.nodes} nodes, ${plan.people} people, seed ${plan.seed}, ${folder}`);
  const right = await untilRight(crew, SETTLE_MS);
  if (typeof right === "string") record.find("presence", "stale", `in the beginning: ${right}`);
  const undo = await CHAT_CANARIES[plan.canary ?? ""]?.before?.(scene);
  if (undo) made.defer(undo);
  crew.work();
  await breakThings(scene);
  const settled = await settle(scene);
  checkLeaks({ measured: record.measured, find: (...args) => record.find(...args) });
  const found = { ...record.found };
  for (const [name, findings] of Object.entries(settled.found)) found[name] = [...(found[name] ?? []), ...findings];
  const seconds = Math.round((performance.now() - startMs) / 1_000);
  const postgres = database.version;
  await made.disposeAsync();
  const { counts, measured } = record;
  const faults = Object.entries(counts).filter(([name]) => name.startsWith("fault "));
  return {
    ...{ found, counts, measured, settledMs: settled.ms, seconds, postgres },
    faults: Object.fromEntries(faults.map(([name, count]) => [name.slice("fault ".length), count])),
    folder: keep(folder, found),
  };
}

/** Keeps what tells how it came to the findings, without the databases; nothing, when there are none. */
function keep(folder: string, found: ChatOutcome["found"]): string | null {
  if (Object.keys(found).length === 0) {
    rmSync(folder, { recursive: true, force: true });
    return null;
  }
  writeFileSync(join(folder, "found.json"), JSON.stringify(found, null, 2));
  for (const name of readdirSync(folder).filter((each) => each.startsWith("postgres-"))) {
    for (const part of readdirSync(join(folder, name)).filter((each) => !each.startsWith("server.log"))) {
      rmSync(join(folder, name, part), { recursive: true, force: true });
    }
  }
  return folder;
}
