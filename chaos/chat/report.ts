/** The report of a run: counts and measured times, for programs and for people. */
import { CHAT_FAULTS } from "./breaks.ts";
import type { ChatOutcome, ChatPlan } from "./run.ts";

interface Spread {
  readonly count: number;
  readonly median: number;
  readonly p99: number;
  readonly max: number;
}

export interface Summary {
  readonly at: string;
  readonly nodes: number;
  readonly people: number;
  readonly rooms: number;
  readonly seed: number;
  readonly seconds: number;
  readonly postgres: string;
  readonly faultCount: number;
  readonly faults: Readonly<Record<string, number>>;
  readonly counts: Readonly<Record<string, number>>;
  readonly found: Readonly<Record<string, number>>;
  readonly settledMs: number | null;
  /** In milliseconds. */
  readonly measured: Readonly<Record<string, Spread>>;
}

function spreadOf(times: readonly number[]): Spread {
  const sorted = [...times].sort((left, right) => left - right);
  const at = (share: number) => sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))]!;
  return { count: sorted.length, median: at(0.5), p99: at(0.99), max: sorted.at(-1)! };
}

const sorted = <TValue>(values: Readonly<Record<string, TValue>>): Record<string, TValue> =>
  Object.fromEntries(Object.entries(values).sort(([left], [right]) => left.localeCompare(right)));

export function summaryOf({ nodes, people, rooms, seed }: ChatPlan, outcome: ChatOutcome): Summary {
  const { faults, counts, found, measured, seconds, postgres, settledMs } = outcome;
  const ofFaults = Object.entries(counts).filter(([name]) => !name.startsWith("fault "));
  return {
    ...{ at: new Date().toISOString(), nodes, people, rooms, seed, seconds, postgres, settledMs },
    faultCount: Object.values(faults).reduce((sum, count) => sum + count, 0),
    faults: sorted(faults),
    counts: sorted(Object.fromEntries(ofFaults)),
    found: Object.fromEntries(Object.entries(found).map(([name, findings]) => [name, findings.length])),
    measured: sorted(Object.fromEntries(Object.entries(measured).map(([name, times]) => [name, spreadOf(times)]))),
  };
}

const secondsOf = (ms: number): string => `${(ms / 1_000).toFixed(1)} s`;
const row = (...cells: readonly (string | number)[]): string => `| ${cells.join(" | ")} |`;
const head = (...names: readonly string[]): string[] => [
  "",
  row(...names),
  row("---", ...names.slice(1).map(() => "---:")),
];

function presenceTable({ measured }: Summary): string[] {
  const names = Object.keys(CHAT_FAULTS).filter((name) => measured[`${name}: right`]);
  return names.sort().map((name) => {
    const [gone, right] = [measured[`${name}: gone`], measured[`${name}: right`]!];
    const { goneMs } = CHAT_FAULTS[name]!;
    const documented = goneMs ? secondsOf(goneMs) : "";
    const ofGone = gone ? [secondsOf(gone.p99), secondsOf(gone.max)] : ["", ""];
    return row(name, right.count, documented, ...ofGone, secondsOf(right.p99), secondsOf(right.max));
  });
}

export function chatReport(summary: Summary): string {
  const { faultCount, nodes, people, rooms, seed, counts, measured, settledMs } = summary;
  const others = Object.entries(measured).filter(([name]) => !/: (?:gone|right)$/.test(name));
  const findings = Object.values(summary.found).reduce((sum, count) => sum + count, 0);
  const lines = [
    "# Chat: the last long run",
    "",
    `${summary.at.slice(0, 10)}, ${nodes} nodes on one Postgres ${summary.postgres}, ` +
      `${people} people in ${rooms} rooms, seed ${seed}, ${Math.round(summary.seconds / 60)} minutes. Again: ` +
      `\`npm run chaos -- chat --faults ${faultCount} --nodes ${nodes} --seed ${seed}\`.`,
    ...head("what", "count"),
    row("faults", faultCount),
    ...Object.entries(counts).map(([name, count]) => row(name, count)),
    row("**findings** (lost, doubled, out of order, differing, shown to strangers, presence too late)", findings),
    row("all the same everywhere after the last fault within", settledMs === null ? "never" : secondsOf(settledMs)),
    "",
    "Presence. Gone: from the fault until nobody is shown those whom it took away, beside what the documentation says.",
    "Right: from the end of the fault until everybody is back and shown all others, which takes clients up to 10 s",
    "between two attempts, and up to 30 s to find out that their connection is half open.",
    ...head("fault", "times", "documented", "gone, p99", "longest", "right, p99", "longest"),
    ...presenceTable(summary),
    ...head("measured", "times", "median", "p99", "longest"),
    ...others.map(([name, { count, median, p99, max }]) =>
      row(name, count, secondsOf(median), secondsOf(p99), secondsOf(max)),
    ),
  ];
  return `${lines.join("\n")}\n`;
}
