/**
 * Figures: what a bench of our own parts measures, and which of it has a goal.
 *
 * Model. A bench has parts; a part is a table of rows (what was done) and measures (what was seen of it). A round gives
 * one number for each of them, under `row.measure`. What is shown is the median of the rounds. A ratio is taken within
 * a round and is a measure like any other. A goal judges its measure by the worst row that it names.
 */
import type { Machine } from "./machine.ts";
import { median } from "./statistics.ts";

export interface Goal {
  readonly is: "<" | "≤" | "≥";
  readonly value: number;
  /** The rows that are judged. Default: all. */
  readonly rows?: readonly string[];
}

export interface Measure {
  readonly name: string;
  /** Without its unit. */
  readonly title: string;
  /** Empty for a count. */
  readonly unit: string;
  readonly digits: number;
  readonly goal?: Goal;
  /** Whether the chart has bars of it. */
  readonly isCharted?: boolean;
}

export interface Row {
  readonly name: string;
  readonly title: string;
  /** Whether it is somebody else's, beside ours. */
  readonly isPeer?: boolean;
}

export interface Part {
  readonly title: string;
  /** What was done, and how the figures are read. Its line breaks do not count. */
  readonly about: string;
  readonly measures: readonly Measure[];
  readonly rows: readonly Row[];
}

/** The numbers of one round by `row.measure`. */
export type Figures = Readonly<Record<string, number>>;

export interface Result {
  /** Names the files, and the bench on the command line. */
  readonly name: string;
  readonly title: string;
  readonly at: string;
  readonly machine: Omit<Machine, "versions"> & { readonly lineshaft: string };
  readonly settings: Readonly<Record<string, number>>;
  readonly parts: readonly Part[];
  readonly rounds: readonly Figures[];
}

export interface Summary {
  readonly median: number;
  readonly least: number;
  readonly most: number;
}

/** What the rounds say of one measure of one row. @throws {Error} when a round did not measure it. */
export function summarize(rounds: readonly Figures[], row: Row, measure: Measure): Summary {
  const values = rounds.map((figures, index) => {
    const value = figures[`${row.name}.${measure.name}`];
    if (value !== undefined && Number.isFinite(value)) return value;
    throw new Error(`round ${index + 1} gave ${value} for ${row.name}.${measure.name}; it has to give a number.`);
  });
  return { median: median(values), least: Math.min(...values), most: Math.max(...values) };
}

/** A number with its unit, in as many digits as the measure has. */
export function show(value: number, { digits, unit }: Measure): string {
  return `${showPlain(value, digits)} ${unit}`.trimEnd();
}

export function showPlain(value: number, digits: number): string {
  return value.toLocaleString("en-US", { minimumFractionDigits: digits, maximumFractionDigits: digits });
}

export interface Judged {
  readonly what: string;
  readonly wanted: string;
  readonly seen: string;
  readonly isReached: boolean;
}

/** The goals of a result, each with the worst that was seen. */
export function judge({ parts, rounds }: Pick<Result, "parts" | "rounds">): readonly Judged[] {
  return parts.flatMap(({ title, measures, rows }) =>
    measures.flatMap((measure): Judged[] => {
      const { goal } = measure;
      if (goal === undefined) return [];
      const judged = rows.filter(({ name }) => goal.rows?.includes(name) ?? true);
      const seen = judged.map((row) => ({ row, value: summarize(rounds, row, measure).median }));
      const sign = goal.is === "≥" ? 1 : -1;
      const worst = seen.toSorted((one, other) => sign * (one.value - other.value))[0]!;
      return [
        {
          what: `${title}: ${measure.title}`,
          wanted: `${goal.is} ${showGoal(goal, measure)}`,
          seen: show(worst.value, measure) + (rows.length > 1 ? ` (${worst.row.title})` : ""),
          isReached: isReached(worst.value, goal),
        },
      ];
    }),
  );
}

/** A goal is a round number: it is spelled as it was set. */
function showGoal({ value }: Goal, { unit }: Measure): string {
  return `${value.toLocaleString("en-US")} ${unit}`.trimEnd();
}

function isReached(value: number, goal: Goal): boolean {
  if (goal.is === "<") return value < goal.value;
  return goal.is === "≤" ? value <= goal.value : value >= goal.value;
}

/** Turns the numbers of one row into figures. */
export function figuresOf(row: string, values: Readonly<Record<string, number>>): Figures {
  return Object.fromEntries(Object.entries(values).map(([measure, value]) => [`${row}.${measure}`, value]));
}
