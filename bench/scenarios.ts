/**
 * Scenarios: the work that is measured, and how the load generator asks for it.
 *
 * A script of `wrk` prepares its requests before the measurement begins, so that the generator, which has one core at
 * most, does nothing but send them.
 */
import { authorId, NOTE_PREFIX, NOTES, SESSIONS, sessionToken } from "./dataset.ts";

/** A ratio of ours to another server that has to be reached: of requests per second, or of processor time for each. */
export type Goal = { readonly to: string; readonly rateMin: number } | { readonly to: string; readonly cpuMax: number };

export interface Scenario {
  readonly name: string;
  /** For people, in tables and charts. */
  readonly title: string;
  readonly goals: readonly Goal[];
  readonly method: "GET" | "POST";
  /** A path; where it ends with `$`, the key of a note comes there, another one each time. */
  readonly path: string;
  /** Where the peers have another path, because what they do there differs from ours. */
  readonly peerPath?: string;
  readonly body?: unknown;
  /** Whether rows are added, which are taken away before the next measurement. */
  readonly adds?: boolean;
  /** Whether callers are signed in. */
  readonly signedIn?: boolean;
  /** One request in so many is a `POST` to the same path with one of these bodies, in turn: each write is a change. */
  readonly writes?: { readonly every: number; readonly bodies: readonly [unknown, unknown] };
  /** Servers that do not take part. */
  readonly without?: readonly string[];
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

const REACHES_FASTIFY: readonly Goal[] = [{ to: "fastify", rateMin: 1 }];

export const PEER_SCENARIOS: readonly Scenario[] = [
  { name: "static", title: "Static JSON", goals: [], method: "GET", path: "/hello" },
  { name: "echo", title: "Validated JSON", goals: REACHES_FASTIFY, method: "POST", path: "/echo", body: PERSON },
  { name: "row", title: "One row by key", goals: REACHES_FASTIFY, method: "GET", path: "/notes/$" },
  { name: "list", title: "List of 20 with a join", goals: REACHES_FASTIFY, method: "GET", path: "/notes?after=$" },
  {
    name: "insert",
    title: "Insert (peers: autocommit)",
    goals: [{ to: "fastify", rateMin: 0.9 }],
    method: "POST",
    path: "/entries",
    body: ENTRY,
    adds: true,
  },
  {
    name: "insert-serializable",
    title: "Insert (all serializable)",
    goals: [],
    method: "POST",
    path: "/entries",
    peerPath: "/entries-serializable",
    body: ENTRY,
    adds: true,
  },
];

export const CACHED_SCENARIOS: readonly Scenario[] = [
  {
    name: "row",
    title: "One row by key, with a session",
    goals: [
      { to: "fastify", rateMin: 3 },
      { to: "redis", rateMin: 1 },
      { to: "redis", cpuMax: 0.8 },
      { to: "node", rateMin: 0.85 },
    ],
    method: "GET",
    path: "/mine/notes/$",
    signedIn: true,
  },
  {
    name: "list",
    title: "List of 20 with three joins",
    goals: [{ to: "fastify", rateMin: 12 }],
    method: "GET",
    path: "/notes?after=$",
  },
  {
    name: "writes",
    title: "One row by key, with a session; 5 % of the requests write to the same rows",
    goals: [{ to: "fastify", rateMin: 2 }],
    method: "GET",
    path: "/mine/notes/$",
    signedIn: true,
    writes: { every: 20, bodies: [{ done: true }, { done: false }] },
    without: ["node"],
  },
];

/** Requests that a script prepares where each asks for another key. */
export const PREPARED = 1_000;
/** Far from the neighbour, so that a page is not asked for twice in a row. */
const STRIDE = 7_919;

/** The script for `wrk`; it writes what was measured as one line of JSON after `RESULT `. */
export function wrkScript(scenario: Scenario, isOurs: boolean): string {
  const path = isOurs ? scenario.path : (scenario.peerPath ?? scenario.path);
  const numberOfKey = `string.format("${NOTE_PREFIX}%012x", (index * ${STRIDE}) % ${NOTES - 100} + 1)`;
  const key = path.endsWith("$") ? `"${path.slice(0, -1)}" .. ${numberOfKey}` : `"${path}"`;
  const count = path.endsWith("$") ? PREPARED : 1;
  const { writes } = scenario;
  return `
local requests = {}
local writes = {}
local count = 0
${scenario.body === undefined && !writes ? "" : `wrk.headers["Content-Type"] = "application/json"`}
function init(args)
  for index = 1, ${count} do
    ${scenario.signedIn ? `wrk.headers["Authorization"] = "Bearer " .. ${tokenOfIndex()}` : ""}
    requests[index] = wrk.format("${scenario.method}", ${key}, nil, ${bodyText(scenario.body)})
    ${writes ? writes.bodies.map((body) => writeText(key, body)).join("\n    ") : ""}
  end
end
function request()
  count = count + 1
  ${writes ? nextWrite(writes.every, count) : ""}
  return requests[count % #requests + 1]
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

const bodyText = (body: unknown): string => (body === undefined ? "nil" : `[==[${JSON.stringify(body)}]==]`);

const writeText = (key: string, body: unknown): string =>
  `writes[#writes + 1] = wrk.format("POST", ${key}, nil, ${bodyText(body)})`;

/** Every row with the first body, then every row with the second; in strides, so that neighbours are far apart. */
function nextWrite(every: number, rows: number): string {
  const round = `count / ${every}`;
  const place = `(${round} * 7) % ${rows} * 2 + math.floor(${round} / ${rows}) % 2 + 1`;
  return `if count % ${every} == 0 then return writes[${place}] end`;
}

/** Each prepared request is signed in as one of the callers. */
function tokenOfIndex(): string {
  const [prefix, digits] = [sessionToken(0).replace(/0+$/, ""), sessionToken(0).match(/0+$/)![0].length];
  return `string.format("${prefix}%0${digits}d", index % ${SESSIONS})`;
}
