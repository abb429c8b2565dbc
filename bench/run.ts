/**
 * Bench: measures ours and the peers in turn, on one machine, in one run.
 *
 *     npm run bench                     everything; a quarter of an hour; writes bench/results
 *     npm run bench -- --quick          one short round of two servers: does it work?
 *     npm run bench -- --help           the other options
 *
 * Model. One embedded Postgres, durable, with the same rows for all. All servers are started, and each must give the
 * known answers (`verify.ts`). Then, scenario by scenario and round by round, each is put under load for some seconds,
 * one after the other, while the others are idle. Ratios are taken within a round (`statistics.ts`).
 * Promises. Load goes to 127.0.0.1 only and ends by itself. Servers are stopped whatever happens, also by `kill -9`.
 * To add work see `servers/notes.ts`; to add a peer, `SERVERS` and a file in `servers/`.
 */
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import {
  type EmbeddedPostgres,
  startEmbeddedPostgres,
} from "../packages/lineshaft/src/engines/postgres-embedded/index.ts";
import { renderChart } from "./chart.ts";
import { emptyEntries, seed } from "./dataset.ts";
import { provideGenerator, putLoad } from "./generator.ts";
import { describeMachine } from "./machine.ts";
import { type BenchOptions, readOptions, USAGE, UsageError } from "./options.ts";
import { installPeers } from "./peers.ts";
import { profileScenarios } from "./profile.ts";
import { renderMarkdown } from "./report.ts";
import type { BenchResult, Measurement, Start } from "./result.ts";
import { SCENARIOS, type Scenario } from "./scenarios.ts";
import { OURS, type RunningServer, SERVERS, type ServerKind, type ServerSetting, startServer } from "./servers.ts";
import { measureStarts } from "./starts.ts";
import { familyCpuSeconds } from "./usage.ts";
import { verify } from "./verify.ts";

/** How long a server is left alone after a measurement, so that the next one does not pay for its garbage. */
const REST_MS = 200;

const say = (line: string): void => void process.stderr.write(`bench: ${line}\n`);

/** Ours makes the tables by its migrations; then the rows are put in. */
async function prepareDatabase(databaseUrl: string): Promise<void> {
  const ours = SERVERS.find(({ name }) => name === OURS)!;
  const server = await startServer(ours, { databaseUrl });
  await server.stop();
  await seed(databaseUrl);
}

async function startAll(kinds: readonly ServerKind[], setting: ServerSetting): Promise<RunningServer[]> {
  const running: RunningServer[] = [];
  for (const kind of kinds) {
    const server = await startServer(kind, setting);
    running.push(server);
    await verify(`http://127.0.0.1:${server.port}`, { serializable: kind.name !== OURS }).catch((error: Error) => {
      throw new Error(`${kind.title} ${error.message}`);
    });
    say(`${kind.title} gives the right answers`);
  }
  return running;
}

interface Place {
  readonly postgres: EmbeddedPostgres;
  readonly options: BenchOptions;
}

async function measureOnce(
  server: RunningServer,
  scenario: Scenario,
  round: number,
  place: Place,
): Promise<Measurement> {
  const { postgres, options } = place;
  const isOurs = server.kind.name === OURS;
  if (round === 1 && options.warmSeconds > 0) {
    await putLoad(server.port, scenario, isOurs, { ...options, seconds: options.warmSeconds });
  }
  if (scenario.writes) await emptyEntries(postgres.url);
  await pause(REST_MS);
  const before = { server: server.cpuSeconds(), postgres: familyCpuSeconds(postgres.pid) };
  const load = await putLoad(server.port, scenario, isOurs, options);
  const spent = {
    server: server.cpuSeconds() - before.server,
    postgres: familyCpuSeconds(postgres.pid) - before.postgres,
  };
  const { perSecond, p50Ms, p99Ms, refused, broken, requests } = load;
  const eachOf = (seconds: number) => (seconds * 1e6) / requests;
  const [cpuMicroseconds, postgresMicroseconds] = [eachOf(spent.server), eachOf(spent.postgres)];
  const facts = { perSecond, p50Ms, p99Ms, cpuMicroseconds, postgresMicroseconds, refused, broken };
  return { scenario: scenario.name, server: server.kind.name, round, ...facts };
}

async function measureAll(servers: readonly RunningServer[], place: Place): Promise<Measurement[]> {
  const { options } = place;
  const measurements: Measurement[] = [];
  for (const scenario of SCENARIOS.filter(({ name }) => options.scenarios.includes(name))) {
    for (let round = 1; round <= options.rounds; round++) {
      const line: string[] = [];
      for (const server of servers) {
        const measured = await measureOnce(server, scenario, round, place);
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

function write(result: BenchResult, folder: string): void {
  mkdirSync(folder, { recursive: true });
  const page = renderMarkdown(result);
  writeFileSync(join(folder, "benchmark.json"), `${JSON.stringify(result, null, 2)}\n`);
  writeFileSync(join(folder, "benchmark.md"), page);
  writeFileSync(join(folder, "benchmark.svg"), renderChart(result));
  process.stdout.write(`${page}\n`);
  say(`written to ${folder}`);
}

async function runBench(options: BenchOptions): Promise<void> {
  if (options.servers.some((name) => name !== OURS)) await installPeers(say);
  await provideGenerator(say);
  await using made = new AsyncDisposableStack();
  const folder = mkdtempSync(join(tmpdir(), "lineshaft-bench-"));
  made.defer(() => rmSync(folder, { recursive: true, force: true }));
  const postgres = made.use(await startEmbeddedPostgres({ folder: join(folder, "postgres"), report: say }));
  const machine = describeMachine(postgres.version);
  await prepareDatabase(postgres.url);
  const kinds = SERVERS.filter(({ name }) => options.servers.includes(name));
  const setting: ServerSetting = { databaseUrl: postgres.url, prepared: options.prepared };
  if (options.profile) return await profileScenarios(kinds, setting, options);

  const starts: Start[] = options.starts ? await measureStarts(kinds, setting, { folder, options, say }) : [];
  const servers = await startAll(kinds, setting);
  for (const server of servers) made.use(server);
  const measurements = await measureAll(servers, { postgres, options });
  const loadedBytes = Object.fromEntries(servers.map((each) => [each.kind.name, each.memoryBytes()]));
  const { rounds, seconds, warmSeconds, connections, threads, prepared } = options;
  const settings = { rounds, seconds, warmSeconds, connections, threads, prepared };
  write({ at: new Date().toISOString(), machine, settings, measurements, starts, loadedBytes }, options.folder);
}

/** @param args   The command line's, without the name of the bench. */
export async function main(args: readonly string[]): Promise<void> {
  if (args.includes("--help")) return void process.stdout.write(`${USAGE}\n`);
  try {
    await runBench(readOptions(args));
  } catch (error) {
    const isExpected = error instanceof UsageError || (error as Error).name === "InstallError";
    say(isExpected ? (error as Error).message : String((error as Error).stack));
    process.exitCode = 1;
  }
}
