/** Chart: the ratios to the base of a suite as an SVG. */
import { drawChart, type Group, MARGIN, WIDTH } from "./drawing.ts";
import { type BenchResult, type Summary, summarize } from "./result.ts";
import { OURS } from "./servers.ts";
import type { Suite } from "./suites.ts";

const LABEL_WIDTH = 160;
const VALUE_WIDTH = 190;

/** The bars of one scenario. */
function group(title: string, summaries: readonly Summary[], base: string, scale: number): Group {
  const bars = summaries.map(({ server, title: label, ratio, perSecond, p99Ms }) => {
    const rate = Math.round(perSecond).toLocaleString("en-US");
    return {
      label,
      figures: `${(ratio?.median ?? Number.NaN).toFixed(2)} ×   ${rate}/s   p99 ${p99Ms.toFixed(1)} ms`,
      width: Math.max(1, Math.round((ratio?.median ?? 0) * scale)),
      kind: server === OURS ? ("ours" as const) : server === base ? ("base" as const) : ("bar" as const),
    };
  });
  return { title, bars, line: Math.round(scale) };
}

/** The chart; one group of bars for each scenario that was measured. */
export function renderChart(result: BenchResult, suite: Suite): string {
  const summaries = summarize(result, suite);
  const [base] = suite.servers;
  const most = Math.max(1, ...summaries.map(({ ratio }) => ratio?.median ?? 0));
  const scale = (WIDTH - 2 * MARGIN - LABEL_WIDTH - VALUE_WIDTH) / most;
  return drawChart({
    title: suite.chartTitle,
    subtitle: `Median of the rounds; longer is better; the dashed line is ${base!.title}`,
    labelWidth: LABEL_WIDTH,
    groups: suite.scenarios.flatMap((scenario) => {
      const found = summaries.filter((each) => each.scenario === scenario);
      return found.length === 0 ? [] : [group(scenario.title, found, base!.name, scale)];
    }),
  });
}
