/** Report: a result as a page of Markdown. */
import { type BenchResult, goals, type Summary, summarize } from "./result.ts";
import { SCENARIOS } from "./scenarios.ts";
import { SERVERS } from "./servers.ts";
import { median } from "./statistics.ts";

const MEGABYTE = 1_048_576;

/** A table with right-aligned figures after the first column. */
export function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const rule = head.map((_, index) => (index === 0 ? "---" : "---:"));
  return [head, rule, ...rows].map((cells) => `| ${cells.join(" | ")} |`).join("\n");
}

const whole = (value: number): string => (Number.isFinite(value) ? Math.round(value).toLocaleString("en-US") : "–");
const fixed = (value: number, digits: number): string => (Number.isFinite(value) ? value.toFixed(digits) : "–");
const megabytes = (bytes: number | undefined): string => (bytes === undefined ? "–" : fixed(bytes / MEGABYTE, 0));

function cells(summary: Summary): readonly string[] {
  const { title, perSecond, ratio, p50Ms, p99Ms, cpuMicroseconds, postgresMicroseconds, failures } = summary;
  const range = ratio ? `${fixed(ratio.least, 2)} … ${fixed(ratio.most, 2)}` : "–";
  return [
    failures === 0 ? title : `${title} (${failures} failures)`,
    whole(perSecond),
    ratio ? `**${fixed(ratio.median, 2)}**` : "–",
    range,
    fixed(p50Ms, 2),
    fixed(p99Ms, 2),
    whole(cpuMicroseconds),
    whole(postgresMicroseconds),
  ];
}

const HEAD = [
  "server",
  "requests/s",
  "× Fastify",
  "least … most",
  "p50 ms",
  "p99 ms",
  "server CPU µs",
  "Postgres CPU µs",
];

function loadPart(result: BenchResult): readonly string[] {
  const summaries = summarize(result);
  return SCENARIOS.flatMap((scenario) => {
    const rows = summaries.filter((each) => each.scenario === scenario);
    return rows.length === 0 ? [] : [`## ${scenario.title}`, table(HEAD, rows.map(cells))];
  });
}

function startPart({ starts, loadedBytes }: BenchResult): readonly string[] {
  if (starts.length === 0) return [];
  const rows = SERVERS.flatMap(({ name, title }) =>
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
export function renderMarkdown(result: BenchResult): string {
  const { machine, settings, at } = result;
  const judged = goals(result).map(({ what, wanted, seen, reached }) => [what, wanted, seen, reached ? "yes" : "no"]);
  const versions = Object.entries(machine.versions).map(([name, version]) => `${name} ${version}`);
  const load = Object.entries(settings).map(([name, value]) => `${name} ${value}`);
  const parts = [
    "# Benchmark",
    "Written by `npm run bench`. How to read it: [the guide](../../docs/guides/reading-a-benchmark.md).",
    [
      `- ${at.slice(0, 10)}, ${machine.processor}, ${machine.cores} cores, ${megabytes(machine.memoryBytes)} MB, `,
      `  ${machine.system}; load before the run: ${machine.loadBefore}`,
      `- Node ${machine.node}, Postgres ${machine.postgres}, ${versions.join(", ")}`,
      `- ${load.join(", ")}`,
    ].join("\n"),
    "![Requests per second compared with Fastify](benchmark.svg)",
    "## Goals",
    table(["what", "wanted", "seen", "reached"], judged),
    ...loadPart(result),
    ...startPart(result),
  ];
  return `${parts.join("\n\n")}\n`;
}
