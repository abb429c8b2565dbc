/**
 * Chart: the ratios to Fastify as an SVG, with nothing but text and rectangles.
 *
 * It has a ground of its own and follows the reader's colour scheme, so it can be read on light and dark pages.
 */
import { type BenchResult, type Summary, summarize } from "./result.ts";
import { SCENARIOS } from "./scenarios.ts";
import { BASE, OURS } from "./servers.ts";

const WIDTH = 760;
const MARGIN = 24;
const LABEL_WIDTH = 110;
const VALUE_WIDTH = 190;
const BAR_HEIGHT = 18;
const BAR_GAP = 6;
const TITLE_HEIGHT = 30;
const GROUP_GAP = 18;
const HEAD_HEIGHT = 64;

const STYLE = `
  .ground { fill: #ffffff } .text { fill: #1f2328 } .quiet { fill: #59636e } .bar { fill: #9aa4af }
  .ours { fill: #0969da } .base { fill: #57606a } .line { stroke: #59636e; stroke-dasharray: 3 3 }
  @media (prefers-color-scheme: dark) {
    .ground { fill: #0d1117 } .text { fill: #e6edf3 } .quiet { fill: #9198a1 } .bar { fill: #4b535d }
    .ours { fill: #4493f8 } .base { fill: #7d8590 } .line { stroke: #9198a1 }
  }
  text { font: 13px system-ui, sans-serif } .title { font-size: 15px; font-weight: 600 }
  .head { font-size: 18px; font-weight: 600 }`;

function escaped(text: string): string {
  return text.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll(">", "&gt;");
}

function text(x: number, y: number, kind: string, content: string, anchor = "start"): string {
  return `<text x="${x}" y="${y}" class="${kind}" text-anchor="${anchor}">${escaped(content)}</text>`;
}

interface Bars {
  readonly height: number;
  readonly parts: readonly string[];
}

/** The bars of one scenario, from this height on. */
function group(title: string, summaries: readonly Summary[], top: number, scale: number): Bars {
  const left = MARGIN + LABEL_WIDTH;
  const parts = [text(MARGIN, top + 16, "text title", title)];
  let y = top + TITLE_HEIGHT;
  for (const { server, title: name, ratio, perSecond, p99Ms } of summaries) {
    const width = Math.max(1, Math.round((ratio?.median ?? 0) * scale));
    const kind = server === OURS ? "ours" : server === BASE ? "base" : "bar";
    const middle = y + BAR_HEIGHT - 5;
    const rate = Math.round(perSecond).toLocaleString("en-US");
    const figures = `${(ratio?.median ?? Number.NaN).toFixed(2)} ×   ${rate}/s   p99 ${p99Ms.toFixed(1)} ms`;
    parts.push(
      text(left - 8, middle, "text", name, "end"),
      `<rect x="${left}" y="${y}" width="${width}" height="${BAR_HEIGHT}" rx="2" class="${kind}"/>`,
      text(left + width + 8, middle, "quiet", figures),
    );
    y += BAR_HEIGHT + BAR_GAP;
  }
  const one = left + Math.round(scale);
  parts.push(`<line x1="${one}" x2="${one}" y1="${top + TITLE_HEIGHT - 4}" y2="${y}" class="line"/>`);
  return { height: y - top + GROUP_GAP, parts };
}

/** The chart; one group of bars for each scenario that was measured. */
export function renderChart(result: BenchResult): string {
  const summaries = summarize(result);
  const most = Math.max(1, ...summaries.map(({ ratio }) => ratio?.median ?? 0));
  const scale = (WIDTH - 2 * MARGIN - LABEL_WIDTH - VALUE_WIDTH) / most;
  const parts = [
    text(MARGIN, 34, "text head", "Requests per second compared with Fastify"),
    text(MARGIN, 54, "quiet", "Median of the rounds; longer is better; the dashed line is Fastify"),
  ];
  let top = HEAD_HEIGHT + 8;
  for (const scenario of SCENARIOS) {
    const found = summaries.filter((each) => each.scenario === scenario);
    if (found.length === 0) continue;
    const bars = group(scenario.title, found, top, scale);
    parts.push(...bars.parts);
    top += bars.height;
  }
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${top}" width="${WIDTH}" height="${top}" role="img">`,
    "<title>Requests per second compared with Fastify</title>",
    `<style>${STYLE}\n</style>`,
    `<rect width="${WIDTH}" height="${top}" rx="8" class="ground"/>`,
    ...parts,
    "</svg>\n",
  ].join("\n");
}
