/**
 * Runs a suite: measures ours and the peers in turn, on one machine, in one run.
 *
 *     npm run bench                     the peers; a quarter of an hour; writes bench/results
 *     npm run bench -- cache            kept answers, beside Postgres alone, Redis by hand and bare node:http
 *     npm run bench -- --quick          one short round of two servers: does it work?
 *     npm run bench -- --help           the other options
 *
 * Model. One embedded Postgres, durable, with the same rows for all. All servers are started, and each must give the
 * known answers (`verify.ts`). Then, scenario by scenario and round by round, each is put under load for some seconds,
 * one after the other, while the others are halted: a server that listens to the log would cost the others something.
 * Ratios are taken within a round (`statistics.ts`).
 * Promises. Load goes to 127.0.0.1 only and ends by itself. Servers are stopped whatever happens, also by `kill -9`.
 * To add work, or a server: `suites.ts`.
 */
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import {
  type EmbeddedPostgres,
  startEmbeddedPostgres,
} from "../packages/lineshaft/src/engines/postgres-embedded/index.ts";
import { watchCache } from "./cache-figures.ts";
import { renderChart } from "./chart.ts";
import { emptyEntries, seed, seedForCache } from "./dataset.ts";
import { provideGenerator, putLoad } from "./generator.ts";
import { describeMachine } from "./machine.ts";
import { type BenchOptions, readOptions, UsageError, usageOf } from "./options.ts";
import { installPeers } from "./peers.ts";
import { profileScenarios } from "./profile.ts";
import { type RunningRedis, startRedis } from "./redis.ts";
import { renderMarkdown } from "./report.ts";
import type { BenchResult, Measurement, Start } from "./result.ts";
import type { Scenario } from "./scenarios.ts";
import { OURS, type RunningServer, type ServerKind, type ServerSetting, startServer } from "./servers.ts";
import { measureStarts } from "./starts.ts";
import { SUITES, type Suite } from "./suites.ts";
import { cpuSeconds, familyCpuSeconds } from "./usage.ts";
import { verify } from "./verify.ts";

/** How long a server is left alone after a measurement, so that the next one does not pay for its garbage. */
const REST_MS = 200;

const say = (line: string): void => void process.stderr.write(`bench: ${line}\n`);

/** Ours makes the tables by its migrations; then the rows are put in. */
async function prepareDatabase(databaseUrl: string, { servers, scenarios }: Suite): Promise<void> {
  const ours = servers.find(({ name }) => name === OURS)!;
  const server = await startServer(ours, { databaseUrl });
  await server.stop();
  await seed(databaseUrl);
  if (scenarios.some(({ signedIn }) => signedIn)) await seedForCache(databaseUrl);
}

async function startAll(kinds: readonly ServerKind[], setting: ServerSetting, suite: Suite): Promise<RunningServer[]> {
  const running: RunningServer[] = [];
  for (const kind of kinds) {
    const ours = running.find((each) => each.kind.name === OURS);
    const server = await startServer(kind, ours ? { ...setting, mirrored: ours.url } : setting);
    running.push(server);
    await verify(server.url, suite.checksOf(kind)).catch((error: Error) => {
      throw new Error(`${kind.title} ${error.message}`);
    });
    say(`${kind.title} gives the right answers`);
  }
  return running;
}

interface Place {
  readonly postgres: EmbeddedPostgres;
  readonly redis: RunningRedis | null;
  readonly options: BenchOptions;
  readonly suite: Suite;
}

async function measureOnce(
  server: RunningServer,
  scenario: Scenario,
  round: number,
  { postgres, redis, options }: Place,
): Promise<Measurement> {
  const isOurs = server.kind.name === OURS;
  if (round === 1 && options.warmSeconds > 0) {
    await putLoad(server.port, scenario, isOurs, { ...options, seconds: options.warmSeconds });
  }
  if (scenario.adds) await emptyEntries(postgres.url);
  await pause(REST_MS);
  const spentSoFar = () => ({
    cpu: server.cpuSeconds(),
    postgres: familyCpuSeconds(postgres.pid),
    redis: server.kind.usesRedis && redis ? cpuSeconds(redis.pid) : 0,
  });
  const cacheSeen = await watchCache(server);
  const before = spentSoFar();
  const load = await putLoad(server.port, scenario, isOurs, options);
  const after = spentSoFar();
  const { perSecond, p50Ms, p99Ms, refused, broken, requests } = load;
  const eachOf = (what: keyof typeof after) => ((after[what] - before[what]) * 1e6) / requests;
  return {
    scenario: scenario.name,
    server: server.kind.name,
    round,
    perSecond,
    p50Ms,
    p99Ms,
    cpuMicroseconds: eachOf("cpu"),
    postgresMicroseconds: eachOf("postgres"),
    redisMicroseconds: eachOf("redis"),
    refused,
    broken,
    cache: await cacheSeen(),
  };
}

/**
 * Measures one server while the others are halted, once they have answered what they were asked: a server that stands
 * still in the middle of a transaction holds its locks. A mirror asks ours for what it does not have yet.
 */
async function measureAlone(
  server: RunningServer,
  servers: readonly RunningServer[],
  measure: () => Promise<Measurement>,
): Promise<Measurement> {
  const others = servers.filter((each) => each !== server && !(server.kind.mirrors && each.kind.name === OURS));
  await pause(REST_MS);
  for (const other of others) other.halt(true);
  try {
    return await measure();
  } finally {
    for (const other of others) other.halt(false);
  }
}

async function measureAll(servers: readonly RunningServer[], place: Place): Promise<Measurement[]> {
  const { options, suite } = place;
  const measurements: Measurement[] = [];
  for (const scenario of suite.scenarios.filter(({ name }) => options.scenarios.includes(name))) {
    const taking = servers.filter(({ kind }) => !scenario.without?.includes(kind.name));
    for (let round = 1; round <= options.rounds; round++) {
      const line: string[] = [];
      for (const server of taking) {
        const measured = await measureAlone(server, servers, () => measureOnce(server, scenario, round, place));
        measurements.push(measured);
        const { perSecond, cpuMicroseconds, refused, broken } = measured;
        const failures = refused + broken > 0 ? `, ${refused} refused, ${broken} broken` : "";
        line.push(`${server.kind.name} ${Math.round(perSecond)}/s (${Math.round(cpuMicroseconds)} µs${failures})`);
      }
      say(`${scenario.title}, round ${round}: ${line.join(", ")}`);
    }
  }
  return measurements;
}

function write(result: BenchResult, suite: Suite, folder: string): void {
  mkdirSync(folder, { recursive: true });
  const page = renderMarkdown(result, suite);
  writeFileSync(join(folder, `${suite.name}.json`), `${JSON.stringify(result, null, 2)}\n`);
  writeFileSync(join(folder, `${suite.name}.md`), page);
  writeFileSync(join(folder, `${suite.name}.svg`), renderChart(result, suite));
  process.stdout.write(`${page}\n`);
  say(`written to ${folder}`);
}

async function runSuite(suite: Suite, options: BenchOptions): Promise<void> {
  if (options.servers.some((name) => name !== OURS)) await installPeers(say);
  await provideGenerator(say);
  await using made = new AsyncDisposableStack();
  const folder = mkdtempSync(join(tmpdir(), "lineshaft-bench-"));
  made.defer(() => rmSync(folder, { recursive: true, force: true }));
  const postgres = made.use(await startEmbeddedPostgres({ folder: join(folder, "postgres"), report: say }));
  const kinds = suite.servers.filter(({ name }) => options.servers.includes(name));
  const redis = kinds.some(({ usesRedis }) => usesRedis) ? made.use(await startRedis(say)) : null;
  const machine = describeMachine(postgres.version, suite.servers);
  await prepareDatabase(postgres.url, suite);
  const setting: ServerSetting = {
    databaseUrl: postgres.url,
    prepared: options.prepared,
    redisUrl: redis?.url ?? null,
  };
  if (options.profile) return await profileScenarios(kinds, setting, { suite, options });

  const starts: Start[] = options.starts ? await measureStarts(kinds, setting, { folder, options, say }) : [];
  const servers = await startAll(kinds, setting, suite);
  for (const server of servers) made.use(server);
  const measurements = await measureAll(servers, { postgres, redis, options, suite });
  const loadedBytes = Object.fromEntries(servers.map((each) => [each.kind.name, each.memoryBytes()]));
  const { rounds, seconds, warmSeconds, connections, threads, prepared } = options;
  const settings = { rounds, seconds, warmSeconds, connections, threads, prepared };
  const result = { at: new Date().toISOString(), machine, settings, measurements, starts, loadedBytes };
  write(result, suite, options.folder);
}

/** Runs the suite of a name. Expected failures are told in a sentence; the exit code is then 1. */
export async function main(args: readonly string[], name: string): Promise<void> {
  const suite = SUITES[name]!;
  if (args.includes("--help")) return void process.stdout.write(`${usageOf(suite)}\n`);
  try {
    await runSuite(suite, readOptions(args, suite));
  } catch (error) {
    const isExpected = error instanceof UsageError || (error as Error).name === "InstallError";
    say(isExpected ? (error as Error).message : String((error as Error).stack));
    process.exitCode = 1;
  }
}
