/**
 * Scenarios: the work that is measured, and how the load generator asks for it.
 *
 * A script of `wrk` prepares its requests before the measurement begins, so that the generator, which has one core at
 * most, does nothing but send them.
 */
import { authorId, NOTE_PREFIX, NOTES } from "./dataset.ts";

export interface Scenario {
  readonly name: string;
  /** For people, in tables and charts. */
  readonly title: string;
  /** What the median ratio to Fastify has to reach. */
  readonly goal: number | null;
  readonly method: "GET" | "POST";
  /** A path; where it ends with `$`, the key of a note comes there, another one each time. */
  readonly path: string;
  /** Where the peers have another path, because what they do there differs from ours. */
  readonly peerPath?: string;
  readonly body?: unknown;
  /** Whether rows are added, which are taken away before the next measurement. */
  readonly writes?: boolean;
}

export const PERSON = {
  name: "Ada Lovelace",
  email: "ada@example.com",
  age: 36,
  role: "writer",
  tags: ["analysis", "engines", "poetry"],
  address: { street: "12 St James's Square", city: "London", zip: "12345" },
};

export const ENTRY = { author: authorId(7), title: "On the engine", body: "It weaves algebraic patterns. ".repeat(8) };

export const SCENARIOS: readonly Scenario[] = [
  { name: "static", title: "Static JSON", goal: null, method: "GET", path: "/hello" },
  { name: "echo", title: "Validated JSON", goal: 1, method: "POST", path: "/echo", body: PERSON },
  { name: "row", title: "One row by key", goal: 1, method: "GET", path: "/notes/$" },
  { name: "list", title: "List of 20 with a join", goal: 1, method: "GET", path: "/notes?after=$" },
  {
    name: "insert",
    title: "Insert (peers: autocommit)",
    goal: 0.9,
    method: "POST",
    path: "/entries",
    body: ENTRY,
    writes: true,
  },
  {
    name: "insert-serializable",
    title: "Insert (all serializable)",
    goal: null,
    method: "POST",
    path: "/entries",
    peerPath: "/entries-serializable",
    body: ENTRY,
    writes: true,
  },
];

/** Requests that a script prepares where each asks for another key. */
const PREPARED = 1_000;
/** Far from the neighbour, so that a page is not asked for twice in a row. */
const STRIDE = 7_919;

/** The script for `wrk`; it writes what was measured as one line of JSON after `RESULT `. */
export function wrkScript(scenario: Scenario, isOurs: boolean): string {
  const path = isOurs ? scenario.path : (scenario.peerPath ?? scenario.path);
  const body = scenario.body === undefined ? "nil" : `[==[${JSON.stringify(scenario.body)}]==]`;
  const header = scenario.body === undefined ? "" : `wrk.headers["Content-Type"] = "application/json"`;
  const numberOfKey = `string.format("${NOTE_PREFIX}%012x", (index * ${STRIDE}) % ${NOTES - 100} + 1)`;
  const key = path.endsWith("$") ? `"${path.slice(0, -1)}" .. ${numberOfKey}` : `"${path}"`;
  return `
local requests = {}
local next = 0
${header}
function init(args)
  for index = 1, ${path.endsWith("$") ? PREPARED : 1} do
    requests[index] = wrk.format("${scenario.method}", ${key}, nil, ${body})
  end
end
function request()
  next = next % #requests + 1
  return requests[next]
end
function done(summary, latency)
  local errors = summary.errors
  io.write(string.format(
    'RESULT {"requests":%d,"microseconds":%d,"refused":%d,"broken":%d,"p50":%d,"p99":%d}\\n',
    summary.requests, summary.duration, errors.status,
    errors.connect + errors.read + errors.write + errors.timeout,
    latency:percentile(50), latency:percentile(99)))
end
`;
}
