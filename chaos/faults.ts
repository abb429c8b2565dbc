/**
 * Faults: does a fleet keep its promises, whatever breaks?
 *
 *     npm run chaos -- --faults 200 --nodes 3 --seed 1
 *     npm run chaos -- --canary all
 *
 * What is run is in `bank.ts`, what breaks in `breaks.ts`, what must hold in `checks.ts`. Ends by itself; asks
 * 127.0.0.1 only; what it started ends with it.
 */
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { TEST_SERVERS } from "../packages/lineshaft/src/testkit/index.ts";
import { FAULTS } from "./breaks.ts";
import { CANARIES } from "./canaries.ts";
import { type Outcome, type Plan, runPlan } from "./harness.ts";
import { reportOf } from "./report.ts";

const RESULTS = join(import.meta.dirname, "results");
/** A run of so many faults is worth keeping. */
const KEPT_FAULTS_MIN = 200;
const CALLERS = 12;
const SHOWN_MAX = 10;
/** What a canary loses never comes: nobody has to wait long for it. */
const CANARY_QUIET_MS = 20_000;
const POSTGRES: Readonly<Record<string, string | undefined>> = {
  embedded: undefined,
  debian: TEST_SERVERS[1].binaries,
};
/** What a short run and the runs of canaries break: what costs seconds is left to the long run. */
export const QUICK_KINDS = [
  "kill -9 of a node",
  "network of a node is cut",
  "kill -9 of Postgres",
  "relays end",
  "all backends end",
  "slots dropped",
  "SIGTERM of a node",
  "SIGSTOP of a node past its lease",
];
export const CANARY_KINDS = ["some backends end", "kill -9 of a node", "network of a node is cut"];

const USAGE = `npm run chaos -- [faults] [options]
  --faults 30          how many; a run of 200 and more is kept in chaos/results
  --nodes 3            processes, 1 to 8
  --seed 1             the same seed draws the same calls and faults
  --postgres embedded  or debian
  --only <kind>        one kind of fault
  --quick              two nodes and few faults, as in CI
  --canary <name>      breaks a promise on purpose, which must be found: all,
                       ${Object.keys(CANARIES).join(", ")}
npm run chaos -- coherence --help`;

class UsageError extends Error {}

function numberOf(name: string, text: string, most: number): number {
  const value = Number(text);
  if (/^\d+$/.test(text) && value >= 1 && value <= most) return value;
  throw new UsageError(`--${name} is "${text}"; it takes a whole number from 1 to ${most}.`);
}

function oneOf(name: string, text: string, names: readonly string[]): string {
  if (names.includes(text)) return text;
  throw new UsageError(`--${name} is "${text}"; it takes ${names.join(", ")}.`);
}

const say = (line: string): void => void process.stderr.write(`faults: ${line}\n`);

function readArguments(args: readonly string[]) {
  const { values } = parseArgs({
    args: [...args],
    options: {
      faults: { type: "string", default: "30" },
      nodes: { type: "string", default: "3" },
      seed: { type: "string", default: String(1 + (Date.now() % 1_000_000)) },
      postgres: { type: "string", default: "embedded" },
      only: { type: "string" },
      canary: { type: "string" },
      quick: { type: "boolean", default: false },
      help: { type: "boolean", default: false },
    },
  });
  return values;
}

type Values = ReturnType<typeof readArguments>;

function planOf(values: Values): Plan {
  const postgres = oneOf("postgres", values.postgres, Object.keys(POSTGRES));
  const plan: Plan = {
    faults: numberOf("faults", values.faults, 100_000),
    nodes: numberOf("nodes", values.nodes, 8),
    seed: numberOf("seed", values.seed, 2 ** 31),
    callers: CALLERS,
    binaries: POSTGRES[postgres],
    say,
    ...(values.only === undefined ? {} : { kinds: [oneOf("only", values.only, Object.keys(FAULTS))] }),
  };
  return values.quick ? { ...plan, nodes: 2, faults: QUICK_KINDS.length, kinds: QUICK_KINDS } : plan;
}

/** Runs each canary shortly. @returns how many were not found. */
async function runCanaries(names: readonly string[], plan: Plan): Promise<number> {
  let missed = 0;
  for (const canary of names) {
    const { check, what } = CANARIES[canary]!;
    const faults = CANARY_KINDS.length;
    const outcome = await runPlan({
      ...plan,
      nodes: 2,
      faults,
      kinds: CANARY_KINDS,
      canary,
      say: () => {},
      quietMs: CANARY_QUIET_MS,
    });
    const found = outcome.found[check] ?? [];
    say(`canary ${canary} (${what}): ${found.length === 0 ? "NOT FOUND" : `found, ${found[0]!.what}`}`);
    if (found.length === 0) missed++;
  }
  return missed;
}

function show({ found, folder, ...totals }: Outcome): void {
  process.stdout.write(`${JSON.stringify(totals, null, 2)}\n`);
  for (const [name, findings] of Object.entries(found)) {
    say(`${name}: ${findings.length} findings`);
    for (const { kind, what } of findings.slice(0, SHOWN_MAX)) say(`  ${kind}: ${what}`);
  }
  if (folder !== null) say(`everything is kept in ${folder}`);
}

function keepResults(plan: Plan, outcome: Outcome): void {
  mkdirSync(RESULTS, { recursive: true });
  const { found: _, folder: __, ...totals } = outcome;
  const result = { at: new Date().toISOString(), nodes: plan.nodes, seed: plan.seed, ...totals };
  const name = plan.binaries === undefined ? "faults" : "faults-debian";
  writeFileSync(join(RESULTS, `${name}.json`), `${JSON.stringify(result, null, 2)}\n`);
  writeFileSync(join(RESULTS, `${name}.md`), reportOf(result));
}

async function run(values: Values): Promise<number> {
  const plan = planOf(values);
  if (values.canary !== undefined) {
    const names = Object.keys(CANARIES);
    const chosen = oneOf("canary", values.canary, ["all", ...names]);
    return (await runCanaries(chosen === "all" ? names : [chosen], plan)) === 0 ? 0 : 1;
  }
  const outcome = await runPlan(plan);
  show(outcome);
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
