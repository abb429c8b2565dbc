/**
 * Suites: comparisons of servers under load, each with its servers, its scenarios and what all must answer.
 *
 * To add work to one: a scenario, what it must answer in `verify.ts`, and an endpoint in each of the servers.
 */
import { CACHED_SCENARIOS, PEER_SCENARIOS, type Scenario } from "./scenarios.ts";
import { OURS, type ServerKind } from "./servers.ts";
import { CACHED_CHECKS, CHANGED_CHECKS, type Check, PEER_CHECKS, SERIALIZABLE_CHECKS } from "./verify.ts";

export interface Suite {
  /** Of the command line, and of the files with the results. */
  readonly name: string;
  readonly title: string;
  /** The heading of the chart. */
  readonly chartTitle: string;
  /** In the order of a round; the base, to which the others are compared, comes first. */
  readonly servers: readonly ServerKind[];
  readonly scenarios: readonly Scenario[];
  readonly checksOf: (server: ServerKind) => readonly Check[];
  /** Whether starts are measured, too. */
  readonly hasStarts: boolean;
}

const PEERS: Suite = {
  name: "benchmark",
  title: "Benchmark",
  chartTitle: "Requests per second compared with Fastify",
  servers: [
    { name: "fastify", title: "Fastify", file: "fastify.mjs", package: "fastify" },
    { name: OURS, title: "Lineshaft", file: "lineshaft.ts", package: null },
    { name: "hono", title: "Hono", file: "hono.mjs", package: "hono" },
    { name: "express", title: "Express", file: "express.mjs", package: "express" },
    { name: "nest", title: "NestJS", file: "nest.mjs", package: "@nestjs/core" },
  ],
  scenarios: PEER_SCENARIOS,
  checksOf: ({ name }) => (name === OURS ? PEER_CHECKS : [...PEER_CHECKS, ...SERIALIZABLE_CHECKS]),
  hasStarts: true,
};

const CACHE: Suite = {
  name: "cache",
  title: "Benchmark of the cache",
  chartTitle: "Requests per second compared with Fastify and Postgres",
  servers: [
    { name: "fastify", title: "Fastify + pg", file: "cached/fastify.mjs", package: "fastify" },
    { name: OURS, title: "Lineshaft", file: "cached/lineshaft.ts", package: null },
    { name: "redis", title: "Fastify + Redis", file: "cached/fastify.mjs", package: "ioredis", usesRedis: true },
    { name: "node", title: "node:http, same bytes", file: "cached/node.mjs", package: null, mirrors: true },
  ],
  scenarios: CACHED_SCENARIOS,
  // A mirror knows no callers, and no changes.
  checksOf: ({ mirrors }) =>
    mirrors ? CACHED_CHECKS.filter(({ expected }) => expected !== "refused") : [...CACHED_CHECKS, ...CHANGED_CHECKS],
  hasStarts: false,
};

export const SUITES: Readonly<Record<string, Suite>> = { peers: PEERS, cache: CACHE };
