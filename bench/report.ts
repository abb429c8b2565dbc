/** Report: a result as a page of Markdown. */
import { type BenchResult, goals, type Summary, summarize } from "./result.ts";
import { median } from "./statistics.ts";
import type { Suite } from "./suites.ts";

const MEGABYTE = 1_048_576;

/** A table with right-aligned figures after the first column. */
export function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const rule = head.map((_, index) => (index === 0 ? "---" : "---:"));
  return [head, rule, ...rows].map((cells) => `| ${cells.join(" | ")} |`).join("\n");
}

const whole = (value: number): string => (Number.isFinite(value) ? Math.round(value).toLocaleString("en-US") : "–");
const fixed = (value: number, digits: number): string => (Number.isFinite(value) ? value.toFixed(digits) : "–");
const megabytes = (bytes: number | undefined): string => (bytes === undefined ? "–" : fixed(bytes / MEGABYTE, 0));

interface Column {
  readonly head: string;
  cell(summary: Summary): string;
  /** Left out where nothing that is shown has one. */
  isThere?(summary: Summary): boolean;
}

const columnsOf = ({ servers }: Suite): readonly Column[] => [
  { head: "server", cell: ({ title, failures }) => (failures === 0 ? title : `${title} (${failures} failures)`) },
  { head: "requests/s", cell: ({ perSecond }) => whole(perSecond) },
  { head: `× ${servers[0]!.title}`, cell: ({ ratio }) => (ratio ? `**${fixed(ratio.median, 2)}**` : "–") },
  {
    head: "least … most",
    cell: ({ ratio }) => (ratio ? `${fixed(ratio.least, 2)} … ${fixed(ratio.most, 2)}` : "–"),
  },
  { head: "p50 ms", cell: ({ p50Ms }) => fixed(p50Ms, 2) },
  { head: "p99 ms", cell: ({ p99Ms }) => fixed(p99Ms, 2) },
  { head: "server CPU µs", cell: ({ cpuMicroseconds }) => whole(cpuMicroseconds) },
  { head: "Postgres CPU µs", cell: ({ postgresMicroseconds }) => whole(postgresMicroseconds) },
  {
    head: "Redis CPU µs",
    cell: ({ redisMicroseconds }) => whole(redisMicroseconds),
    isThere: ({ redisMicroseconds }) => redisMicroseconds > 0,
  },
  {
    head: "hits",
    cell: ({ cache }) => (cache ? `${fixed(100 * cache.hitShare, 1)} %` : "–"),
    isThere: ({ cache }) => cache !== null,
  },
  {
    head: "stale for ms",
    cell: ({ cache }) => (cache?.staleMs ? fixed(cache.staleMs, 2) : "–"),
    isThere: ({ cache }) => Boolean(cache?.staleMs),
  },
];

function loadPart(result: BenchResult, suite: Suite): readonly string[] {
  const summaries = summarize(result, suite);
  const columns = columnsOf(suite).filter(({ isThere }) => isThere === undefined || summaries.some(isThere));
  const head = columns.map((column) => column.head);
  return suite.scenarios.flatMap((scenario) => {
    const rows = summaries.filter((each) => each.scenario === scenario);
    const cells = rows.map((row) => columns.map((column) => column.cell(row)));
    return rows.length === 0 ? [] : [`## ${scenario.title}`, table(head, cells)];
  });
}

function startPart({ starts, loadedBytes }: BenchResult, { servers }: Suite): readonly string[] {
  if (starts.length === 0) return [];
  const rows = servers.flatMap(({ name, title }) =>
    (["cold", "warm", "given database"] as const).flatMap((kind) => {
      const found = starts.filter((each) => each.server === name && each.kind === kind);
      if (found.length === 0) return [];
      const ms = median(found.map((each) => each.ms));
      const idle = median(found.map((each) => each.memoryBytes));
      const loaded = kind === "given database" ? megabytes(loadedBytes[name]) : "–";
      return [[`${title}, ${KINDS[kind]}`, fixed(ms / 1_000, 2), megabytes(idle), loaded]];
    }),
  );
  return ["## Start and memory", table(["server", "start s", "idle MB", "after load MB"], rows)];
}

const KINDS = { cold: "empty data folder", warm: "its own Postgres", "given database": "a given Postgres" } as const;

/** The page. */
export function renderMarkdown(result: BenchResult, suite: Suite): string {
  const { machine, settings, at } = result;
  const judged = goals(result, suite).map(({ what, wanted, seen, reached }) => [
    what,
    wanted,
    seen,
    reached ? "yes" : "no",
  ]);
  const versions = Object.entries(machine.versions).map(([name, version]) => `${name} ${version}`);
  const load = Object.entries(settings).map(([name, value]) => `${name} ${value}`);
  const parts = [
    `# ${suite.title}`,
    "Written by `npm run bench`. How to read it: [the guide](../../docs/guides/reading-a-benchmark.md).",
    [
      `- ${at.slice(0, 10)}, ${machine.processor}, ${machine.cores} cores, ${megabytes(machine.memoryBytes)} MB, `,
      `  ${machine.system}; load before the run: ${machine.loadBefore}`,
      `- Node ${machine.node}, Postgres ${machine.postgres}, ${versions.join(", ")}`,
      `- ${load.join(", ")}`,
    ].join("\n"),
    `![${suite.chartTitle}](${suite.name}.svg)`,
    "## Goals",
    table(["what", "wanted", "seen", "reached"], judged),
    ...loadPart(result, suite),
    ...startPart(result, suite),
  ];
  return `${parts.join("\n\n")}\n`;
}
