/** Result: what a run has measured, as it is written to JSON, and the figures that tables and charts take from it. */
import type { Machine } from "./machine.ts";
import { SCENARIOS, type Scenario } from "./scenarios.ts";
import { BASE, OURS, SERVERS } from "./servers.ts";
import { median, pairedRatio, type Ratio } from "./statistics.ts";

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
  readonly refused: number;
  readonly broken: number;
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
  readonly ratio: Ratio | null;
  readonly p50Ms: number;
  readonly p99Ms: number;
  readonly cpuMicroseconds: number;
  readonly postgresMicroseconds: number;
  readonly failures: number;
}

/** Summaries in the order of scenarios and servers; of what was not measured there is none. */
export function summarize({ measurements }: Pick<BenchResult, "measurements">): readonly Summary[] {
  return SCENARIOS.flatMap((scenario) =>
    SERVERS.flatMap(({ name, title }) => {
      const rounds = measurements.filter((each) => each.scenario === scenario.name && each.server === name);
      if (rounds.length === 0) return [];
      const of = (key: keyof Measurement) => median(rounds.map((each) => each[key] as number));
      // By the number of the round, so that the ratio pairs what was measured within seconds.
      const byRound = (server: string): number[] => {
        const found = measurements.filter((each) => each.scenario === scenario.name && each.server === server);
        const values: number[] = [];
        for (const { round, perSecond } of found) values[round - 1] = perSecond;
        return values;
      };
      return [
        {
          scenario,
          server: name,
          title,
          perSecond: of("perSecond"),
          ratio: pairedRatio(byRound(name), byRound(BASE)),
          p50Ms: of("p50Ms"),
          p99Ms: of("p99Ms"),
          cpuMicroseconds: of("cpuMicroseconds"),
          postgresMicroseconds: of("postgresMicroseconds"),
          failures: rounds.reduce((sum, each) => sum + each.refused + each.broken, 0),
        },
      ];
    }),
  );
}

/** Something that the platform set itself to reach, and whether this run shows it. */
export interface Goal {
  readonly what: string;
  readonly wanted: string;
  readonly seen: string;
  readonly reached: boolean;
}

const START_MS_MAX = { cold: 8_000, warm: 2_000 } as const;
const IDLE_BYTES_MAX = 150 * 1_048_576;

/** The goals that this run can judge. */
export function goals(result: BenchResult): readonly Goal[] {
  const ratios = summarize(result).flatMap(({ scenario, server, ratio }): Goal[] => {
    if (server !== OURS || scenario.goal === null || ratio === null) return [];
    const seen = `${ratio.median.toFixed(2)} × Fastify`;
    const reached = ratio.median >= scenario.goal;
    return [{ what: scenario.title, wanted: `≥ ${scenario.goal.toFixed(1)} × Fastify`, seen, reached }];
  });
  const starts = (["cold", "warm"] as const).flatMap((kind): Goal[] => {
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
