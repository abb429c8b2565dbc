/** `lineshaft check cache`: whether the nodes of a running app keep an answer that is out of date. */
import { CHECK_PATH } from "../app/check-door.ts";
import { readSettings } from "../app/settings.ts";
import { type CacheReport, type Named, SAMPLES, SAMPLES_MAX, SECONDS, SECONDS_MAX } from "../call/cache-check.ts";
import { type Call, type Command, CommandError, EXIT, JSON_OPTION, single, UsageError } from "./command.ts";
import { paint, say, sayJson } from "./terminal.ts";

/** How much longer than its check a node may take to answer. */
const SLACK_MS = 5_000;
/** Nodes that are asked by one command. */
const NODES_MAX = 100;

/** One node, and what it found; or why it could not be asked. */
type Asked = { readonly node: string } & (
  | { readonly report: CacheReport; readonly error: null }
  | { readonly report: null; readonly error: string }
);

export const checkCache: Command = {
  name: "check cache",
  summary: "work answers out again that running nodes keep, and say whether one is out of date",
  description:
    "Asks each node, at the address of its metrics, to draw answers that it keeps, to work each out again from the\n" +
    "database, and to compare. One that differs is stale when it is still kept after the node has heard every\n" +
    "change up to there. Nothing is written. Ends with 1 when an answer is stale or a node cannot be asked.",
  options: {
    node: {
      type: "string",
      value: "url",
      multiple: true,
      summary: "where a node's metrics are; default: this machine's, as METRICS_PORT says",
    },
    samples: {
      type: "string",
      value: "count",
      summary: `answers of each node, at most ${SAMPLES_MAX}; default ${SAMPLES}`,
    },
    seconds: {
      type: "string",
      value: "count",
      summary: `time for each node, at most ${SECONDS_MAX}; default ${SECONDS}`,
    },
    json: JSON_OPTION,
  },
  async run(call) {
    const samples = numberOf(call, "samples", SAMPLES, SAMPLES_MAX);
    const seconds = numberOf(call, "seconds", SECONDS, SECONDS_MAX);
    const nodes = nodesOf(call);
    const all = await Promise.all(nodes.map((node) => ask(node, samples, seconds)));
    if (call.flags.has("json")) sayJson(all);
    else say(all.map(textOf).join("\n\n"));
    const isGood = all.every(({ report }) => report !== null && countOf(report.stale) === 0);
    return isGood ? EXIT.done : EXIT.failed;
  },
};

function nodesOf(call: Call): readonly URL[] {
  const given = call.values["node"] ?? [];
  if (given.length > NODES_MAX)
    throw new UsageError(`--node is given ${given.length} times; the limit is ${NODES_MAX}.`);
  if (given.length > 0) return given.map(nodeOf);
  const { metricsPort } = readSettings(process.env, process.cwd());
  if (metricsPort === 0) throw new CommandError("METRICS_PORT is 0, any free port: say which one by --node <url>.");
  return [new URL(`http://127.0.0.1:${metricsPort}`)];
}

function nodeOf(text: string): URL {
  const url = URL.parse(text);
  if (url?.protocol === "http:" || url?.protocol === "https:") return url;
  throw new UsageError(`--node is "${text}"; it takes the address of a node's metrics, such as http://127.0.0.1:4001.`);
}

function numberOf(call: Call, name: string, fallback: number, max: number): number {
  const text = single(call, name) ?? String(fallback);
  const value = Number(text);
  if (/^\d+$/.test(text) && value >= 1 && value <= max) return value;
  throw new UsageError(`--${name} is "${text}"; it takes a whole number from 1 to ${max}.`);
}

async function ask(node: URL, samples: number, seconds: number): Promise<Asked> {
  const url = new URL(`${CHECK_PATH}?samples=${samples}&seconds=${seconds}`, node);
  try {
    const signal = AbortSignal.timeout(seconds * 1_000 + SLACK_MS);
    const response = await fetch(url, { method: "POST", signal, redirect: "error" });
    if (response.ok) return { node: node.origin, report: (await response.json()) as CacheReport, error: null };
    const text = (await response.text()).trim().slice(0, 200);
    return { node: node.origin, report: null, error: `It answers ${response.status}: ${text}` };
  } catch (error) {
    const { message, cause } = error as Error;
    const why = cause instanceof Error ? cause.message || String((cause as NodeJS.ErrnoException).code) : message;
    return { node: node.origin, report: null, error: `It cannot be asked: ${why}. Is ${url.origin} a node's metrics?` };
  }
}

const countOf = (named: Named): number => Object.values(named).reduce((sum, count) => sum + count, 0);

function textOf({ node, report, error }: Asked): string {
  if (report === null) return `${paint("red", "failed")}  ${node}\n  ${error}`;
  const { kept, skipped, checked, equal, changed, unsettled, failed, worstStaleMs } = report;
  const stale = countOf(report.stale);
  const mark = stale > 0 ? paint("red", "stale") : paint("green", "ok");
  const lines: (readonly [what: string, seen: string])[] = [
    ["kept", `${kept}, with a life of their own: ${skipped.withLife}, recognized callers: ${skipped.callers}`],
    ["checked", String(checked)],
    ["equal", String(equal)],
    ["changed", `${changed} meanwhile`],
    ["stale", `${stale}${namesOf(report.stale)}`],
    ["staleness", `${worstStaleMs} ms at worst`],
  ];
  const reordered = countOf(report.reordered);
  if (reordered > 0)
    lines.push(["reordered", `${reordered}${namesOf(report.reordered)}: an order by is missing, or stale`]);
  if (unsettled > 0) lines.push(["unsettled", `${unsettled}: they differ, and the node did not hear the log in time`]);
  if (failed > 0) lines.push(["failed", `${failed}: they could not be worked out`]);
  const width = Math.max(...lines.map(([what]) => what.length));
  const rows = lines.map(([what, seen]) => `  ${what.padEnd(width)}  ${seen}`);
  return [`${mark}  ${node}, relay ${report.relay}`, ...rows].join("\n");
}

function namesOf(named: Named): string {
  const names = Object.entries(named).map(([name, count]) => `${name} (${count})`);
  return names.length === 0 ? "" : `: ${names.join(", ")}`;
}
