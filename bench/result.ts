/** Result: what a run has measured, as it is written to JSON, and the figures that tables and charts take from it. */
import type { Machine } from "./machine.ts";
import type { Goal, Scenario } from "./scenarios.ts";
import { OURS } from "./servers.ts";
import { median, pairedRatio, type Ratio } from "./statistics.ts";
import type { Suite } from "./suites.ts";

/** One server under load, once. */
export interface Measurement {
  readonly scenario: string;
  readonly server: string;
  readonly round: number;
  readonly perSecond: number;
  readonly p50Ms: number;
  readonly p99Ms: number;
  /** Processor time of the server for one request. */
  readonly cpuMicroseconds: number;
  /** The same of Postgres, with all its processes. */
  readonly postgresMicroseconds: number;
  /** The same of Redis; 0 where it is not used. */
  readonly redisMicroseconds: number;
  readonly refused: number;
  readonly broken: number;
  /** What a server says of its cache; `null` where it says nothing. */
  readonly cache: CacheFigures | null;
}

/** What a node tells of its cache, over one measurement. */
export interface CacheFigures {
  /** Of all questions that can be kept. */
  readonly hitShare: number;
  /** From a commit until the answers that it touched were gone, on average; `null` when none was touched. */
  readonly staleMs: number | null;
}

/** One start of a server, from `exec` to the first 200. */
export interface Start {
  readonly server: string;
  readonly kind: "cold" | "warm" | "given database";
  readonly ms: number;
  /** Of the Node process, a moment after the start. */
  readonly memoryBytes: number;
}

export interface BenchResult {
  readonly at: string;
  readonly machine: Machine;
  readonly settings: Readonly<Record<string, number | boolean>>;
  readonly measurements: readonly Measurement[];
  readonly starts: readonly Start[];
  /** Memory of each server's Node process after all load. */
  readonly loadedBytes: Readonly<Record<string, number>>;
}

/** What a row of a table shows. */
export interface Summary {
  readonly scenario: Scenario;
  readonly server: string;
  readonly title: string;
  readonly perSecond: number;
  /** Of requests per second, to the base of the suite. */
  readonly ratio: Ratio | null;
  readonly p50Ms: number;
  readonly p99Ms: number;
  readonly cpuMicroseconds: number;
  readonly postgresMicroseconds: number;
  readonly redisMicroseconds: number;
  readonly failures: number;
  readonly cache: CacheFigures | null;
}

type Measured = Pick<BenchResult, "measurements">;

/** Processor time of one request, wherever it was spent. */
export function totalMicroseconds(each: Pick<Summary, `${"cpu" | "postgres" | "redis"}Microseconds`>): number {
  return each.cpuMicroseconds + each.postgresMicroseconds + each.redisMicroseconds;
}

/** Values by the number of the round, so that a ratio pairs what was measured within seconds. */
function byRound({ measurements }: Measured, scenario: string, server: string, of: (each: Measurement) => number) {
  const values: number[] = [];
  for (const each of measurements) {
    if (each.scenario === scenario && each.server === server) values[each.round - 1] = of(each);
  }
  return values;
}

/** Summaries in the order of scenarios and servers; of what was not measured there is none. */
export function summarize(result: Measured, suite: Suite): readonly Summary[] {
  const base = suite.servers[0]!.name;
  return suite.scenarios.flatMap((scenario) =>
    suite.servers.flatMap(({ name, title }) => {
      const rounds = result.measurements.filter((each) => each.scenario === scenario.name && each.server === name);
      if (rounds.length === 0) return [];
      const of = (key: keyof Measurement) => median(rounds.map((each) => each[key] as number));
      const rates = (server: string) => byRound(result, scenario.name, server, ({ perSecond }) => perSecond);
      return [
        {
          scenario,
          server: name,
          title,
          perSecond: of("perSecond"),
          ratio: pairedRatio(rates(name), rates(base)),
          p50Ms: of("p50Ms"),
          p99Ms: of("p99Ms"),
          cpuMicroseconds: of("cpuMicroseconds"),
          postgresMicroseconds: of("postgresMicroseconds"),
          redisMicroseconds: of("redisMicroseconds"),
          failures: rounds.reduce((sum, each) => sum + each.refused + each.broken, 0),
          cache: cacheOf(rounds),
        },
      ];
    }),
  );
}

function cacheOf(rounds: readonly Measurement[]): CacheFigures | null {
  const told = rounds.flatMap(({ cache }) => (cache === null ? [] : [cache]));
  if (told.length === 0) return null;
  const stale = told.flatMap(({ staleMs }) => (staleMs === null ? [] : [staleMs]));
  return { hitShare: median(told.map((each) => each.hitShare)), staleMs: stale.length === 0 ? null : median(stale) };
}

/** Something that the platform set itself to reach, and whether this run shows it. */
export interface Judged {
  readonly what: string;
  readonly wanted: string;
  readonly seen: string;
  readonly reached: boolean;
}

const START_MS_MAX = { cold: 8_000, warm: 2_000 } as const;
const IDLE_BYTES_MAX = 150 * 1_048_576;

function judge(result: Measured, suite: Suite, scenario: Scenario, goal: Goal): readonly Judged[] {
  const isRate = "rateMin" in goal;
  const of = isRate ? (each: Measurement) => each.perSecond : totalMicroseconds;
  const values = (server: string) => byRound(result, scenario.name, server, of);
  const ratio = pairedRatio(values(OURS), values(goal.to))?.median;
  if (ratio === undefined) return [];
  const { title } = suite.servers.find(({ name }) => name === goal.to)!;
  const wanted = isRate ? `≥ ${goal.rateMin} × ${title}` : `≤ ${goal.cpuMax} × CPU of ${title}`;
  const seen = isRate ? `${ratio.toFixed(2)} × ${title}` : `${ratio.toFixed(2)} × CPU`;
  const reached = isRate ? ratio >= goal.rateMin : ratio <= goal.cpuMax;
  return [{ what: scenario.title, wanted, seen, reached }];
}

/** The goals that this run can judge. */
export function goals(result: BenchResult, suite: Suite): readonly Judged[] {
  const ratios = suite.scenarios.flatMap((scenario) =>
    scenario.goals.flatMap((goal) => judge(result, suite, scenario, goal)),
  );
  const starts = (["cold", "warm"] as const).flatMap((kind): Judged[] => {
    const found = result.starts.filter((each) => each.server === OURS && each.kind === kind);
    if (found.length === 0) return [];
    const ms = median(found.map((each) => each.ms));
    const wanted = `< ${START_MS_MAX[kind] / 1_000} s`;
    return [
      {
        what: `Start on a ${kind} data folder`,
        wanted,
        seen: `${(ms / 1_000).toFixed(2)} s`,
        reached: ms < START_MS_MAX[kind],
      },
    ];
  });
  const idle = result.starts.filter((each) => each.server === OURS && each.kind === "warm");
  if (idle.length === 0) return [...ratios, ...starts];
  const bytes = median(idle.map((each) => each.memoryBytes));
  const memory = {
    what: "Memory of the idle Node process",
    wanted: `< ${IDLE_BYTES_MAX / 1_048_576} MB`,
    seen: `${Math.round(bytes / 1_048_576)} MB`,
    reached: bytes < IDLE_BYTES_MAX,
  };
  return [...ratios, ...starts, memory];
}
