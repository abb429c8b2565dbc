/** The report of a long run, for people. */
import type { Totals } from "./totals.ts";

export interface Result extends Totals {
  readonly at: string;
  readonly nodes: number;
  readonly seed: number;
  readonly postgres: string;
}

const seconds = (ms: number): string => `${(ms / 1_000).toFixed(1)} s`;
const row = (...cells: readonly (string | number)[]): string => `| ${cells.join(" | ")} |`;

export function reportOf(result: Result): string {
  const { commands, takeOverMs, faults } = result;
  const counts: readonly (readonly [string, string | number])[] = [
    ["faults", result.faultCount],
    ["commands acknowledged", commands.done],
    ["commands refused", commands.refused],
    ["commands whose end the caller could not know", commands.unknown],
    ["reads of own writes", result.reads],
    ["answers shown to subscribers", result.answers],
    ["events", result.events],
    ["effects of handlers", result.handled],
    ["requests of steps made again, with the same key", result.stepsAgain],
    ["scheduled runs", result.scheduledRuns],
    ["commands run later", result.commandsLater],
    ["dead letters, all sent again", result.deadLetters],
    ["**lost**", result.lost],
    ["**doubled**", result.doubled],
    ["**stale**", result.stale],
    ["**otherwise wrong** (sums, order, numbers)", result.wrong],
    ["all handled after the last fault within", result.quietMs === null ? "never" : seconds(result.quietMs)],
  ];
  const lines = [
    "# Faults: the last long run",
    "",
    `${result.at.slice(0, 10)}, ${result.nodes} nodes on one Postgres ${result.postgres}, seed ${result.seed}, ` +
      `${Math.round(result.seconds / 60)} minutes. Again: \`npm run chaos -- --faults ${result.faultCount} ` +
      `--nodes ${result.nodes} --seed ${result.seed}\`.`,
    ...["", row("what", "count"), row("---", "---:"), ...counts.map((each) => row(...each))],
    ...["", "How long until the lanes of a node that was hit went on, nearly always with another process:"],
    ...["", row("fault", "lanes", "median", "longest"), row("---", "---:", "---:", "---:")],
    ...Object.entries(takeOverMs).map(([name, { count, median, max }]) =>
      row(name, count, seconds(median), seconds(max)),
    ),
    ...["", row("fault", "times"), row("---", "---:")],
    ...Object.entries(faults)
      .sort(([left], [right]) => left.localeCompare(right))
      .map(([name, count]) => row(name, count)),
  ];
  return `${lines.join("\n")}\n`;
}
