/**
 * Rounds: runs a bench of our own parts and writes what it saw.
 *
 * Model. A bench opens a stand, which is what its rounds share, and the stand is asked for one round after the other.
 * A whole run writes bench/results; a quick or a shortened one bench/.generated/results, unless it is told where.
 */
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { type Figures, type Part, type Result, show, summarize } from "./figures.ts";
import { renderFigures, renderPage } from "./figures-page.ts";
import { describeMachine } from "./machine.ts";
import { BENCH, GENERATED, RESULTS, UsageError } from "./options.ts";

const ROUNDS = 5;
const ROUNDS_MAX = 100;

/** How much is done. The numbers are shown with the result. */
export type Settings = Readonly<Record<string, number>>;

/** What the rounds of a run share. */
export interface Stand extends AsyncDisposable {
  /** The version of the server; known after a round. */
  readonly postgres: string;
  round(number: number): Promise<Figures>;
}

export interface Bench<TSettings extends Settings = Settings> {
  readonly name: string;
  readonly title: string;
  readonly whole: TSettings;
  /** Enough to see that everything works, in a few seconds. */
  readonly quick: TSettings;
  parts(settings: TSettings): readonly Part[];
  open(settings: TSettings): Promise<Stand>;
}

interface Options {
  readonly isQuick: boolean;
  readonly rounds: number;
  readonly folder: string;
}

const say = (line: string): void => void process.stderr.write(`bench: ${line}\n`);

function usageOf(name: string): string {
  return `npm run bench -- ${name} [options]
  --quick          one small round: does everything work?
  --rounds ${ROUNDS}       rounds; the median is shown
  --out <folder>   where the results go; a whole run writes bench/results, others bench/.generated/results`;
}

/** @throws {UsageError} naming the option, the value seen and what it takes. */
export function readRoundOptions(name: string, args: readonly string[]): Options {
  const { quick = false, rounds: given, out } = parse(name, args);
  const rounds = given === undefined ? (quick ? 1 : ROUNDS) : Number(given);
  if (!Number.isInteger(rounds) || rounds < 1 || rounds > ROUNDS_MAX)
    throw new UsageError(`--rounds is "${given}"; it takes a whole number from 1 to ${ROUNDS_MAX}.`);
  const isWhole = !quick && rounds >= ROUNDS;
  return { isQuick: quick, rounds, folder: out ?? (isWhole ? RESULTS : join(GENERATED, "results")) };
}

function parse(name: string, args: readonly string[]) {
  const options = { quick: { type: "boolean" }, rounds: { type: "string" }, out: { type: "string" } } as const;
  try {
    return parseArgs({ args: [...args], options }).values;
  } catch (error) {
    throw new UsageError(`${(error as Error).message}\n\n${usageOf(name)}`);
  }
}

function tell(number: number, figures: Figures, parts: readonly Part[]): void {
  for (const { title, rows, measures } of parts) {
    for (const row of rows) {
      const seen = measures.map((each) => `${each.title} ${show(summarize([figures], row, each).median, each)}`);
      say(`round ${number}, ${title}, ${row.title}: ${seen.join(", ")}`);
    }
  }
}

function write(result: Result, folder: string): void {
  const { name } = result;
  mkdirSync(folder, { recursive: true });
  const page = renderPage(result);
  writeFileSync(join(folder, `${name}.json`), `${JSON.stringify(result, null, 2)}\n`);
  writeFileSync(join(folder, `${name}.md`), page);
  writeFileSync(join(folder, `${name}.svg`), renderFigures(result));
  process.stdout.write(`${page}\n`);
  say(`written to ${folder}`);
}

function lineshaftVersion(): string {
  return JSON.parse(readFileSync(join(BENCH, "../packages/lineshaft/package.json"), "utf8")).version;
}

async function run<TSettings extends Settings>(bench: Bench<TSettings>, options: Options): Promise<void> {
  const settings = options.isQuick ? bench.quick : bench.whole;
  const parts = bench.parts(settings);
  // The load is that of before: the stand itself makes some.
  const { versions: _, ...machine } = describeMachine("");
  await using stand = await bench.open(settings);
  const rounds: Figures[] = [];
  for (let number = 1; number <= options.rounds; number++) {
    const figures = await stand.round(number);
    rounds.push(figures);
    tell(number, figures, parts);
  }
  const described = { ...machine, postgres: stand.postgres, lineshaft: lineshaftVersion() };
  const { name, title } = bench;
  write({ name, title, at: new Date().toISOString(), machine: described, settings, parts, rounds }, options.folder);
}

/** Does what the command line says. A failure is told and leaves exit code 1. */
export async function runRounds<TSettings extends Settings>(
  bench: Bench<TSettings>,
  args: readonly string[],
): Promise<void> {
  if (args.includes("--help")) return void process.stdout.write(`${usageOf(bench.name)}\n`);
  try {
    await run(bench, readRoundOptions(bench.name, args));
  } catch (error) {
    say(error instanceof UsageError ? error.message : String((error as Error).stack));
    process.exitCode = 1;
  }
}
