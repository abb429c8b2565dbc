/** Options of a suite. */
import { join } from "node:path";
import { parseArgs } from "node:util";
import { OURS } from "./servers.ts";
import type { Suite } from "./suites.ts";

export const BENCH = import.meta.dirname;
/** What a whole run leaves, for people to read and git to keep. */
export const RESULTS = join(BENCH, "results");
/** What every other run leaves. */
export const GENERATED = join(BENCH, ".generated");

export interface BenchOptions {
  readonly rounds: number;
  readonly seconds: number;
  /** Load on a server before its first measurement of a scenario. */
  readonly warmSeconds: number;
  readonly connections: number;
  readonly threads: number;
  readonly servers: readonly string[];
  readonly scenarios: readonly string[];
  /** Whether starts are measured. */
  readonly starts: boolean;
  /** Whether the peers ask with prepared statements. */
  readonly prepared: boolean;
  /** Whether servers write a CPU profile of each scenario; figures are then not worth keeping. */
  readonly profile: boolean;
  /** Where the results go. */
  readonly folder: string;
}

export class UsageError extends Error {
  override readonly name = "UsageError";
}

const FLAGS = {
  quick: { type: "boolean" },
  rounds: { type: "string" },
  seconds: { type: "string" },
  warm: { type: "string" },
  connections: { type: "string" },
  threads: { type: "string" },
  servers: { type: "string" },
  scenarios: { type: "string" },
  "no-starts": { type: "boolean" },
  unprepared: { type: "boolean" },
  profile: { type: "boolean" },
  out: { type: "string" },
} as const;

const usage = (command: string, { servers, scenarios }: Suite): string => `npm run bench -- ${command}[options]
  --quick               one short round of ours and Fastify: does everything work?
  --rounds 5            rounds; in each, every server is measured once, one after the other
  --seconds 5           how long one measurement takes
  --warm 2              seconds of load before the first measurement
  --connections 64      wrk -c
  --threads 1           wrk -t
  --servers a,b         of ${namesOf(servers).join(", ")}
  --scenarios a,b       of ${namesOf(scenarios).join(", ")}
  --no-starts           starts are not measured
  --unprepared          the peers ask without prepared statements
  --profile             write and summarize CPU profiles instead; one round
  --out <folder>        where the results go; a whole run writes bench/results, others bench/.generated/results`;

const namesOf = (all: readonly { readonly name: string }[]): readonly string[] => all.map(({ name }) => name);

/** The help text of a suite. */
export function usageOf(suite: Suite): string {
  return usage(suite.hasStarts ? "" : `${suite.name} `, suite);
}

/** @throws {UsageError} naming the option, the value seen and what it takes. */
export function readOptions(args: readonly string[], suite: Suite): BenchOptions {
  const values = parse(args, suite);
  const isShort = values.quick === true || values.profile === true;
  const all = namesOf(suite.servers);
  const rounds = count("rounds", values.rounds, isShort ? 1 : 5, 100);
  const servers = names("servers", values.servers, all, isShort ? [all[0]!, OURS] : all);
  const scenarios = names("scenarios", values.scenarios, namesOf(suite.scenarios));
  const isAll = servers.length === all.length && scenarios.length === suite.scenarios.length;
  const isWhole = !isShort && rounds >= 5 && isAll;
  return {
    rounds,
    seconds: count("seconds", values.seconds, values.quick ? 1 : 5, 600),
    warmSeconds: count("warm", values.warm, values.quick ? 0 : 2, 60),
    connections: count("connections", values.connections, 64, 10_000),
    threads: count("threads", values.threads, 1, 64),
    servers,
    scenarios,
    starts: suite.hasStarts && values["no-starts"] !== true && values.profile !== true,
    prepared: values.unprepared !== true,
    profile: values.profile === true,
    folder: values.out ?? (isWhole && values.unprepared !== true ? RESULTS : join(GENERATED, "results")),
  };
}

function parse(args: readonly string[], suite: Suite) {
  try {
    return parseArgs({ args: [...args], options: FLAGS }).values;
  } catch (error) {
    throw new UsageError(`${(error as Error).message}\n\n${usageOf(suite)}`);
  }
}

function count(name: string, text: string | undefined, fallback: number, max: number): number {
  if (text === undefined) return fallback;
  const value = Number(text);
  if (/^\d+$/.test(text) && value >= (name === "warm" ? 0 : 1) && value <= max) return value;
  throw new UsageError(`--${name} is "${text}"; it takes a whole number up to ${max}.`);
}

function names(flag: string, text: string | undefined, known: readonly string[], fallback = known): readonly string[] {
  if (text === undefined) return fallback;
  const wanted = text.split(",").filter(Boolean);
  const unknown = wanted.find((each) => !known.includes(each));
  if (unknown === undefined && wanted.length > 0) return known.filter((each) => wanted.includes(each));
  throw new UsageError(`--${flag}: "${unknown ?? ""}" is not there; there are ${known.join(", ")}.`);
}
