/** Page and chart of a bench of our own parts. */
import { drawChart, type Group, MARGIN, WIDTH } from "./drawing.ts";
import { judge, type Measure, type Part, type Result, show, showPlain, summarize } from "./figures.ts";
import { table } from "./report.ts";

const LABEL_WIDTH = 210;
const VALUE_WIDTH = 110;
const MEGABYTE = 1_048_576;

const GUIDE = "../../docs/guides/reading-a-benchmark.md#our-own-parts";

function partLines({ title, about, measures, rows }: Part, rounds: Result["rounds"]): readonly string[] {
  const head = ["", ...measures.map((measure) => `${measure.title}${measure.unit ? ` ${measure.unit}` : ""}`)];
  const cells = rows.map((row) => [
    row.title,
    ...measures.map((measure) => {
      const { median, least, most } = summarize(rounds, row, measure);
      const [middle, low, high] = [median, least, most].map((value) => showPlain(value, measure.digits));
      return low === high ? middle! : `**${middle}** (${low} … ${high})`;
    }),
  ]);
  return [`## ${title}`, about.replace(/\s+/g, " "), table(head, cells)];
}

/** The page: the machine, the goals, and a table for each part. */
export function renderPage(result: Result): string {
  const { name, title, at, machine, settings, parts, rounds } = result;
  const judged = judge(result).map(({ what, wanted, seen, isReached }) => [
    what,
    wanted,
    seen,
    isReached ? "yes" : "no",
  ]);
  const sized = Object.entries(settings).map(([setting, value]) => `${setting} ${value.toLocaleString("en-US")}`);
  const memory = Math.round(machine.memoryBytes / MEGABYTE);
  const blocks = [
    `# ${title}`,
    `Written by \`npm run bench -- ${name}\`. How to read it: [the guide](${GUIDE}).`,
    [
      `- ${at.slice(0, 10)}, ${machine.processor}, ${machine.cores} cores, ${memory} MB, ${machine.system};`,
      `  load before the run: ${machine.loadBefore}`,
      `- Node ${machine.node}, Postgres ${machine.postgres}, Lineshaft ${machine.lineshaft}`,
      `- rounds ${rounds.length}, ${sized.join(", ")}`,
    ].join("\n"),
    `![${title}](${name}.svg)`,
    "## Goals",
    table(["what", "wanted", "seen", "reached"], judged),
    "Each figure is the median of the rounds, with the least and the most behind it where they differ.",
    ...parts.flatMap((part) => partLines(part, rounds)),
  ];
  return `${blocks.join("\n\n")}\n`;
}

function groupOf(part: Part, measure: Measure, rounds: Result["rounds"]): Group {
  const values = part.rows.map((row) => summarize(rounds, row, measure).median);
  const longest = Math.max(...values, measure.goal?.value ?? 0) || 1;
  const scale = (WIDTH - 2 * MARGIN - LABEL_WIDTH - VALUE_WIDTH) / longest;
  const bars = part.rows.map((row, index) => ({
    label: row.title,
    figures: show(values[index]!, measure),
    width: Math.max(1, Math.round(values[index]! * scale)),
    kind: "ours" as const,
  }));
  const line = measure.goal === undefined ? null : Math.round(measure.goal.value * scale);
  return { title: `${part.title}: ${measure.title}`, bars, line };
}

/** The chart: a group of bars for each measure that has one, each with a scale of its own. */
export function renderFigures({ title, parts, rounds }: Result): string {
  return drawChart({
    title,
    subtitle: "Median of the rounds; each group has its own scale; the dashed line is the goal",
    labelWidth: LABEL_WIDTH,
    groups: parts.flatMap((part) =>
      part.measures.filter(({ isCharted }) => isCharted).map((measure) => groupOf(part, measure, rounds)),
    ),
  });
}
