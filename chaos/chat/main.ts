/**
 * Chat: does everybody in a room see the same, whatever breaks?
 *
 *     npm run chaos -- chat --faults 60 --nodes 3 --seed 1
 *     npm run chaos -- chat --canary all
 *
 * Who talks is in `crew.ts`, what breaks in `breaks.ts`, what must hold in `checks.ts`. Ends by itself; asks 127.0.0.1
 * only; what it started ends with it.
 */
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { CHAT_FAULTS } from "./breaks.ts";
import { CHAT_CANARIES } from "./canaries.ts";
import { chatReport, summaryOf } from "./report.ts";
import { type ChatOutcome, type ChatPlan, runChat } from "./run.ts";

const RESULTS = join(import.meta.dirname, "../results");
/** A run of so many faults is worth keeping. */
const KEPT_FAULTS_MIN = 60;
const PEOPLE = 9;
const ROOMS = 3;
const SHOWN_MAX = 10;
/** What a short run and the runs of canaries break: what costs seconds is left to the long run. */
export const QUICK_KINDS = ["kill -9 of a node", "network of clients is cut", "buses end", "SIGTERM of a node"];
export const QUICK = { nodes: 2, people: 6, rooms: 2, faults: QUICK_KINDS.length, kinds: QUICK_KINDS } as const;
const CANARY_KINDS = ["a client leaves", "network of clients is cut", "a page is closed"];
export const CANARY = { ...QUICK, faults: CANARY_KINDS.length, kinds: CANARY_KINDS } as const;

const USAGE = `npm run chaos -- chat [options]
  --faults 30       how many; a run of ${KEPT_FAULTS_MIN} and more is kept in chaos/results
  --nodes 3         processes, 2 to 8
  --seed 1          the same seed draws the same faults
  --only <kind>     one kind of fault
  --quick           two nodes and few faults, as in CI
  --canary <name>   breaks a promise on purpose, which must be found: all,
                    ${Object.keys(CHAT_CANARIES).join(", ")}`;

class UsageError extends Error {}

function numberOf(name: string, text: string, [least, most]: readonly [number, number]): number {
  const value = Number(text);
  if (/^\d+$/.test(text) && value >= least && value <= most) return value;
  throw new UsageError(`--${name} is "${text}"; it takes a whole number from ${least} to ${most}.`);
}

function oneOf(name: string, text: string, names: readonly string[]): string {
  if (names.includes(text)) return text;
  throw new UsageError(`--${name} is "${text}"; it takes ${names.join(", ")}.`);
}

const say = (line: string): void => void process.stderr.write(`chat: ${line}\n`);

function readArguments(args: readonly string[]) {
  const { values } = parseArgs({
    args: [...args],
    options: {
      faults: { type: "string", default: "30" },
      nodes: { type: "string", default: "3" },
      seed: { type: "string", default: String(1 + (Date.now() % 1_000_000)) },
      only: { type: "string" },
      canary: { type: "string" },
      quick: { type: "boolean", default: false },
      help: { type: "boolean", default: false },
    },
  });
  return values;
}

type Values = ReturnType<typeof readArguments>;

function planOf(values: Values): ChatPlan {
  const plan: ChatPlan = {
    faults: numberOf("faults", values.faults, [1, 100_000]),
    nodes: numberOf("nodes", values.nodes, [2, 8]),
    seed: numberOf("seed", values.seed, [1, 2 ** 31]),
    people: PEOPLE,
    rooms: ROOMS,
    say,
    ...(values.only === undefined ? {} : { kinds: [oneOf("only", values.only, Object.keys(CHAT_FAULTS))] }),
  };
  return values.quick ? { ...plan, ...QUICK } : plan;
}

/** Runs each canary shortly. @returns how many were not found. */
async function runCanaries(names: readonly string[], plan: ChatPlan): Promise<number> {
  let missed = 0;
  for (const canary of names) {
    const { check, what } = CHAT_CANARIES[canary]!;
    const { found } = await runChat({ ...plan, ...CANARY, canary, say: () => {} });
    const [first] = found[check] ?? [];
    say(`canary ${canary} (${what}): ${first ? `found, ${first.what}` : "NOT FOUND"}`);
    if (!first) missed++;
  }
  return missed;
}

function show(plan: ChatPlan, outcome: ChatOutcome): void {
  process.stdout.write(`${JSON.stringify(summaryOf(plan, outcome), null, 2)}\n`);
  for (const [name, findings] of Object.entries(outcome.found)) {
    say(`${name}: ${findings.length} findings`);
    for (const { kind, what } of findings.slice(0, SHOWN_MAX)) say(`  ${kind}: ${what}`);
  }
  if (outcome.folder !== null) say(`everything is kept in ${outcome.folder}`);
}

function keepResults(plan: ChatPlan, outcome: ChatOutcome): void {
  mkdirSync(RESULTS, { recursive: true });
  const summary = summaryOf(plan, outcome);
  writeFileSync(join(RESULTS, "chat.json"), `${JSON.stringify(summary, null, 2)}\n`);
  writeFileSync(join(RESULTS, "chat.md"), chatReport(summary));
}

async function run(values: Values): Promise<number> {
  const plan = planOf(values);
  if (values.canary !== undefined) {
    const names = Object.keys(CHAT_CANARIES);
    const chosen = oneOf("canary", values.canary, ["all", ...names]);
    return (await runCanaries(chosen === "all" ? names : [chosen], plan)) === 0 ? 0 : 1;
  }
  const outcome = await runChat(plan);
  show(plan, outcome);
  const isClean = outcome.folder === null;
  if (isClean && plan.faults >= KEPT_FAULTS_MIN) keepResults(plan, outcome);
  return isClean ? 0 : 1;
}

/** @returns the exit code. */
export async function main(args: readonly string[]): Promise<number> {
  try {
    const values = readArguments(args);
    if (!values.help) return await run(values);
    process.stdout.write(`${USAGE}\n`);
    return 0;
  } catch (error) {
    const isUsage =
      error instanceof UsageError || String((error as { code?: unknown }).code).startsWith("ERR_PARSE_ARGS");
    if (!isUsage) throw error;
    process.stderr.write(`${(error as Error).message}\n\n${USAGE}\n`);
    return 2;
  }
}
