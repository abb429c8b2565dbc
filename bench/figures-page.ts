/** Page and chart of a bench of our own parts. */
import { drawChart, type Group, MARGIN, WIDTH } from "./drawing.ts";
import { judge, type Measure, type Part, type Result, type Row, show, showPlain, summarize } from "./figures.ts";
import { table } from "./report.ts";

const LABEL_WIDTH = 210;
const VALUE_WIDTH = 150;
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

interface Cell {
  readonly label: string;
  readonly row: Row;
  readonly measure: Measure;
}

function groupOf(title: string, cells: readonly Cell[], rounds: Result["rounds"]): Group {
  const values = cells.map(({ row, measure }) => summarize(rounds, row, measure).median);
  // Of several goals there is no one line; they are in the text.
  const goals = new Set(cells.map(({ measure }) => measure.goal));
  const [goal] = goals.size === 1 ? goals : [];
  const longest = Math.max(...values, goal?.value ?? 0) || 1;
  const scale = (WIDTH - 2 * MARGIN - LABEL_WIDTH - VALUE_WIDTH) / longest;
  const bars = cells.map(({ label, row, measure }, index) => ({
    label,
    figures: show(values[index]!, measure) + (goals.size > 1 ? goalText(measure) : ""),
    width: Math.max(1, Math.round(values[index]! * scale)),
    kind: row.isPeer ? ("bar" as const) : ("ours" as const),
  }));
  return { title, bars, line: goal === undefined ? null : Math.round(goal.value * scale) };
}

const goalText = ({ goal }: Measure): string => (goal ? `, goal ${goal.is} ${goal.value}` : "");

/** One group for each measure; where there is only one row, one for the measures of a unit. */
function groupsOf({ title, measures, rows }: Part, rounds: Result["rounds"]): readonly Group[] {
  const charted = measures.filter(({ isCharted }) => isCharted);
  const [only] = rows.length === 1 ? rows : [];
  if (only === undefined) {
    return charted.map((measure) => {
      const cells = rows.map((row) => ({ label: row.title, row, measure }));
      return groupOf(`${title}: ${measure.title}`, cells, rounds);
    });
  }
  const byUnit = Object.values(Object.groupBy(charted, ({ unit }) => unit)) as Measure[][];
  return byUnit.map((alike) => {
    const cells = alike.map((measure) => ({ label: measure.title, row: only, measure }));
    return groupOf(title, cells, rounds);
  });
}

/** The chart; each group of bars has a scale of its own. */
export function renderFigures({ title, parts, rounds }: Result): string {
  return drawChart({
    title,
    subtitle: "Median of the rounds; each group has its own scale; the dashed line is the goal",
    labelWidth: LABEL_WIDTH,
    groups: parts.flatMap((part) => groupsOf(part, rounds)),
  });
}
