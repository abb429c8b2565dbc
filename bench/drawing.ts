/** Drawing: what the charts of all benches look like. An SVG of text, rectangles and lines, and nothing else. */

export const WIDTH = 760;
export const MARGIN = 24;
/** Below the heading. */
const HEAD_HEIGHT = 72;
const BAR_HEIGHT = 18;
const BAR_GAP = 6;
const TITLE_HEIGHT = 30;
const GROUP_GAP = 18;

/** A ground of its own and the reader's colour scheme: a chart can be read on light and dark pages. */
const STYLE = `
  .ground { fill: #ffffff } .text { fill: #1f2328 } .quiet { fill: #59636e } .bar { fill: #9aa4af }
  .ours { fill: #0969da } .base { fill: #57606a } .line { stroke: #59636e; stroke-dasharray: 3 3 }
  @media (prefers-color-scheme: dark) {
    .ground { fill: #0d1117 } .text { fill: #e6edf3 } .quiet { fill: #9198a1 } .bar { fill: #4b535d }
    .ours { fill: #4493f8 } .base { fill: #7d8590 } .line { stroke: #9198a1 }
  }
  text { font: 13px system-ui, sans-serif } .title { font-size: 15px; font-weight: 600 }
  .head { font-size: 18px; font-weight: 600 }`;

function escaped(content: string): string {
  return content.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll(">", "&gt;");
}

function text(x: number, y: number, kind: string, content: string, anchor = "start"): string {
  return `<text x="${x}" y="${y}" class="${kind}" text-anchor="${anchor}">${escaped(content)}</text>`;
}

export interface Bar {
  readonly label: string;
  /** Behind the bar. */
  readonly figures: string;
  /** In pixels. */
  readonly width: number;
  readonly kind: "bar" | "ours" | "base";
}

export interface Group {
  readonly title: string;
  readonly bars: readonly Bar[];
  /** Where the dashed line is, in pixels from the left end of the bars; null for none. */
  readonly line: number | null;
}

interface Drawn {
  readonly height: number;
  readonly parts: readonly string[];
}

function drawGroup({ title, bars, line }: Group, top: number, left: number): Drawn {
  const parts = [text(MARGIN, top + 16, "text title", title)];
  let y = top + TITLE_HEIGHT;
  for (const { label, figures, width, kind } of bars) {
    const middle = y + BAR_HEIGHT - 5;
    parts.push(
      text(left - 8, middle, "text", label, "end"),
      `<rect x="${left}" y="${y}" width="${width}" height="${BAR_HEIGHT}" rx="2" class="${kind}"/>`,
      text(left + width + 8, middle, "quiet", figures),
    );
    y += BAR_HEIGHT + BAR_GAP;
  }
  const x = left + (line ?? 0);
  if (line !== null) parts.push(`<line x1="${x}" x2="${x}" y1="${top + TITLE_HEIGHT - 4}" y2="${y}" class="line"/>`);
  return { height: y - top + GROUP_GAP, parts };
}

export interface Chart {
  readonly title: string;
  /** Says how it is read. */
  readonly subtitle: string;
  /** Room for the labels, in pixels. */
  readonly labelWidth: number;
  readonly groups: readonly Group[];
}

export function drawChart({ title, subtitle, labelWidth, groups }: Chart): string {
  const parts = [text(MARGIN, 34, "text head", title), text(MARGIN, 54, "quiet", subtitle)];
  let top = HEAD_HEIGHT;
  for (const group of groups) {
    const drawn = drawGroup(group, top, MARGIN + labelWidth);
    parts.push(...drawn.parts);
    top += drawn.height;
  }
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${top}" width="${WIDTH}" height="${top}" role="img">`,
    `<title>${escaped(title)}</title>`,
    `<style>${STYLE}\n</style>`,
    `<rect width="${WIDTH}" height="${top}" rx="8" class="ground"/>`,
    ...parts,
    "</svg>\n",
  ].join("\n");
}
