/**
 * Test: the whole test run, the same here and in a CI.
 *
 *     npm test                                        everything
 *     npm test -- packages/lineshaft/src/data         test files by path, folder or glob
 *     npm test -- --only unit                         stages and groups: types, lint, tidy; unit, contract, e2e
 *     npm test -- --name "serialises"                 tests whose name matches
 *
 * Model. Stages run one after the other, and a failing one stops none: set-up of optional servers, type check, lint and
 * format, tidy, then the test files under node's runner. Each stage counts as one test. Groups follow the place: a file
 * in `test/` is `contract` if its path says so, else `e2e`; any other is `unit`.
 * Promises. The last line is `N passed, N failed, N skipped`, and nothing follows it. The exit code is 0 only if
 * nothing failed and every stage came to its end. A filter that finds no test file fails.
 * Limits. A test that runs longer than `TEST_TIMEOUT_MS` fails, unless it names its own timeout; so does a file that
 * does not end after its tests (`test-leaks.ts`), and a run that takes longer than `RUN_TIMEOUT_MS`.
 */
import { spawn } from "node:child_process";
import { globSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { Socket } from "node:net";
import { tmpdir } from "node:os";
import { join, matchesGlob } from "node:path";
import { parseArgs } from "node:util";
import { PAGES } from "./build-web.ts";
import { provideServers } from "./servers.ts";
import type { Totals } from "./test-totals.ts";

const ROOT = join(import.meta.dirname, "..");
const TEST_FILES = "{packages,apps,tools,docs,bench,chaos}/**/*.test.{ts,tsx}";
const TEST_TIMEOUT_MS = 5 * 60_000;
const RUN_TIMEOUT_MS = 45 * 60_000;
const FILES_AT_ONCE = 2;

const TYPESCRIPT = "node_modules/typescript/bin/tsc";
/** What each check runs; all of it must pass. Pages have the browser's types, so they are checked by themselves. */
const CHECKS = {
  types: [[TYPESCRIPT, "-p", ".", "--pretty"], ...PAGES.map((page) => [TYPESCRIPT, "-p", page, "--pretty"])],
  lint: [["node_modules/@biomejs/biome/bin/biome", "check", "--max-diagnostics=50"]],
  tidy: [["tools/tidy.ts"]],
} as const;
type Check = keyof typeof CHECKS;

const GROUPS = ["unit", "contract", "e2e"] as const;
type Group = (typeof GROUPS)[number];

type Selection = { readonly checks: readonly Check[]; readonly files: readonly string[]; readonly name: string | null };
type Outcome = Totals & { readonly stage: string; readonly durationMs: number };

const children = new Set<ReturnType<typeof spawn>>();

function say(line: string): void {
  process.stdout.write(`${line}\n`);
}

function heading(title: string): void {
  say(`\n── ${title} ${"─".repeat(Math.max(3, 76 - title.length))}`);
}

/** Runs a program with the pinned runtime and our output; resolves to its exit code, or null if a signal ended it. */
async function run(args: readonly string[], environment: Record<string, string> = {}): Promise<number | null> {
  const env = { ...process.env, ...environment };
  const child = spawn(process.execPath, args, { cwd: ROOT, env, stdio: "inherit", timeout: RUN_TIMEOUT_MS });
  children.add(child);
  try {
    return await new Promise((resolve, reject) => child.once("error", reject).once("close", resolve));
  } finally {
    children.delete(child);
  }
}

async function timed(stage: string, work: () => Promise<Totals>): Promise<Outcome> {
  heading(stage);
  const startedAt = performance.now();
  const totals = await work().catch((error: unknown) => {
    say(String(error));
    return { passed: 0, failed: 1, skipped: 0 };
  });
  const durationMs = performance.now() - startedAt;
  say(`${totals.failed === 0 ? "✔" : "✖"} ${stage} (${(durationMs / 1000).toFixed(1)} s)`);
  return { stage, durationMs, ...totals };
}

function asTest(isPassed: boolean): Totals {
  return { passed: isPassed ? 1 : 0, failed: isPassed ? 0 : 1, skipped: 0 };
}

async function runCheck(check: Check): Promise<Totals> {
  const codes: (number | null)[] = [];
  for (const command of CHECKS[check]) codes.push(await run(command));
  return asTest(codes.every((code) => code === 0));
}

async function setUp(): Promise<Totals> {
  const missing = await provideServers(say);
  if (missing.length === 0) return { passed: 0, failed: 0, skipped: 0 };
  const isRequired = process.env.CI === "true";
  say(
    `without ${missing.map((server) => server.name).join(" and ")} some tests ${isRequired ? "fail" : "are skipped"}`,
  );
  return { passed: 0, failed: isRequired ? 1 : 0, skipped: 0 };
}

async function runTests({ files, name }: Selection): Promise<Totals> {
  if (files.length === 0) throw new Error("no test file matches");
  const folder = mkdtempSync(join(tmpdir(), "lineshaft-test-"));
  const totalsFile = join(folder, "totals.json");
  const options = [
    "--test",
    `--import=${join(ROOT, "tools/test-leaks.ts")}`,
    `--test-concurrency=${FILES_AT_ONCE}`,
    `--test-timeout=${TEST_TIMEOUT_MS}`,
    "--test-reporter=spec",
    "--test-reporter-destination=stdout",
    `--test-reporter=${join(ROOT, "tools/test-totals.ts")}`,
    `--test-reporter-destination=${totalsFile}`,
    ...(name === null ? [] : [`--test-name-pattern=${name}`]),
  ];
  // Files, nodes and commands are hundreds of processes that load the same code: half of their start is compiling it.
  const environment = { TEST_RUN_FOLDER: folder, NODE_COMPILE_CACHE: join(folder, "compiled") };
  try {
    return readTotals(totalsFile, await run([...options, ...files], environment));
  } finally {
    rmSync(folder, { recursive: true });
  }
}

/** A runner that fails without counting a failure, or that never counted, has failed. */
function readTotals(file: string, code: number | null): Totals {
  const text = readFileSync(file, { encoding: "utf8", flag: "a+" });
  if (text.trim() === "") throw new Error(`the test runner ended without its totals (code ${code})`);
  const totals = JSON.parse(text.trim().split("\n").at(-1) as string) as Totals;
  return code !== 0 && totals.failed === 0 ? { ...totals, failed: 1 } : totals;
}

function groupOf(path: string): Group {
  if (!/^packages\/[^/]+\/test\//.test(path)) return "unit";
  return /contract/.test(path) ? "contract" : "e2e";
}

function findTestFiles(patterns: readonly string[]): readonly string[] {
  const exclude = (path: string): boolean => /(?:^|\/)(?:node_modules|dist)(?:\/|$)/.test(path);
  const all = globSync(TEST_FILES, { cwd: ROOT, exclude }).toSorted();
  if (patterns.length === 0) return all;
  return all.filter((path) => patterns.some((pattern) => isSelected(path, pattern.replace(/^\.\/|\/$/g, ""))));
}

function isSelected(path: string, pattern: string): boolean {
  return path === pattern || path.startsWith(`${pattern}/`) || matchesGlob(path, pattern);
}

function select(args: readonly string[]): Selection {
  const { values, positionals } = parseArgs({
    args: [...args],
    allowPositionals: true,
    options: { only: { type: "string", multiple: true }, name: { type: "string" } },
  });
  const known = [...Object.keys(CHECKS), ...GROUPS];
  const only = (values.only ?? []).flatMap((list) => list.split(",")).filter((word) => word !== "");
  const unknown = only.find((word) => !known.includes(word));
  if (unknown !== undefined) throw new Error(`--only ${unknown}: there are ${known.join(", ")}`);
  const isWhole = only.length === 0 && positionals.length === 0 && values.name === undefined;
  const groups = GROUPS.filter((group) => only.includes(group));
  const takesAllGroups = only.length === 0 || (groups.length === 0 && positionals.length > 0);
  return {
    checks: (Object.keys(CHECKS) as Check[]).filter((check) => isWhole || only.includes(check)),
    files: findTestFiles(positionals).filter((path) => takesAllGroups || groups.includes(groupOf(path))),
    name: values.name ?? null,
  };
}

/** Ends the children and this process when the wrapper dies: a test run must not go on behind one's back. */
function stopWithParent(): void {
  const fd = Number(process.env.LINESHAFT_PARENT_FD);
  // The variable would reach programs further down, the descriptor does not.
  delete process.env.LINESHAFT_PARENT_FD;
  if (!(fd > 0)) return;
  const stop = (): void => {
    for (const child of children) child.kill("SIGTERM");
    process.exit(1);
  };
  new Socket({ fd, readable: true, writable: false }).on("close", stop).resume().unref();
}

function summarize(outcomes: readonly Outcome[]): void {
  heading("summary");
  for (const { stage, passed, failed, skipped, durationMs } of outcomes) {
    const counts = `${passed} passed, ${failed} failed, ${skipped} skipped`;
    say(`${failed === 0 ? "✔" : "✖"} ${stage.padEnd(16)} ${counts.padEnd(36)} ${(durationMs / 1000).toFixed(1)} s`);
  }
  const sum = (key: keyof Totals): number => outcomes.reduce((total, outcome) => total + outcome[key], 0);
  process.exitCode = sum("failed") === 0 ? 0 : 1;
  say(`\n${sum("passed")} passed, ${sum("failed")} failed, ${sum("skipped")} skipped`);
}

async function main(): Promise<void> {
  // Until the summary says otherwise the run has failed, also if this process ends before it.
  process.exitCode = 1;
  stopWithParent();
  const selection = select(process.argv.slice(2));
  const outcomes: Outcome[] = [];
  const needsTests = selection.files.length > 0 || selection.checks.length === 0;
  if (needsTests) outcomes.push(await timed("set-up", setUp));
  for (const check of selection.checks) {
    outcomes.push(await timed(check, () => runCheck(check)));
  }
  if (needsTests) outcomes.push(await timed("tests", () => runTests(selection)));
  summarize(outcomes);
}

if (import.meta.main) {
  await main().catch((error: unknown) => {
    say(String(error));
    say("0 passed, 1 failed, 0 skipped");
    process.exitCode = 1;
  });
}
