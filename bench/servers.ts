/**
 * Servers: ours and the peers, each a process of its own, started with the runtime that runs the benchmark.
 *
 * A server ends when it is stopped, and, through a pipe that it watches, when the benchmark is killed.
 */
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { createWriteStream, mkdirSync, openSync, readFileSync } from "node:fs";
import { get } from "node:http";
import { join } from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import { freePort } from "../packages/lineshaft/src/testkit/free-port.ts";
import { cpuSeconds, memoryBytes } from "./usage.ts";

const BENCH = import.meta.dirname;
const LOGS = join(BENCH, ".generated", "logs");
const START_MS = 60_000;
const STOP_MS = 15_000;
const LOOK_MS = 2;

export interface ServerKind {
  readonly name: string;
  /** For people. */
  readonly title: string;
  readonly file: string;
  /** The package whose version is told; `null`: ours. */
  readonly package: string | null;
  /** Whether it keeps answers in Redis. */
  readonly usesRedis?: boolean;
  /** Whether it serves what another server has answered. */
  readonly mirrors?: boolean;
}

export const OURS = "lineshaft";

export interface ServerSetting {
  /** A Postgres for all; `null`: ours starts the embedded one on `dataFolder`. */
  readonly databaseUrl: string | null;
  readonly dataFolder?: string;
  readonly prepared?: boolean;
  /** Whether an inspector may be attached. */
  readonly inspected?: boolean;
  readonly folder?: string;
  readonly redisUrl?: string | null;
  /** The server whose answers a mirror repeats. */
  readonly mirrored?: string;
}

export interface RunningServer extends AsyncDisposable {
  readonly kind: ServerKind;
  /** `http://127.0.0.1:4000` */
  readonly url: string;
  readonly port: number;
  readonly pid: number;
  /** From the start of the process to the first 200. */
  readonly startMs: number;
  /** Where ours tells its metrics; `null` for the others. */
  readonly metricsUrl: string | null;
  /** `null` unless the server was started `inspected`. */
  readonly inspectorUrl: string | null;
  cpuSeconds(): number;
  memoryBytes(): number;
  /** Takes the processor from it, so that it costs the others nothing; and gives it back. */
  halt(isHalted: boolean): void;
  stop(): Promise<void>;
}

const alive = new Set<ChildProcess>();
process.on("exit", () => {
  for (const child of alive) child.kill("SIGKILL");
});

/** Starts a server and resolves with its first 200. */
export async function startServer(kind: ServerKind, setting: ServerSetting): Promise<RunningServer> {
  mkdirSync(LOGS, { recursive: true });
  const [port, metricsPort] = [await freePort(), await freePort()];
  const errors = join(LOGS, `${kind.name}.log`);
  const flags = setting.inspected ? ["--inspect=127.0.0.1:0"] : [];
  const startedAt = performance.now();
  const child = spawn(process.execPath, [...flags, join(BENCH, "servers", kind.file)], {
    cwd: setting.folder ?? BENCH,
    env: { ...environment(port, kind, setting), METRICS_PORT: String(metricsPort) },
    stdio: ["ignore", openSync("/dev/null", "w"), "pipe", "pipe"],
  });
  alive.add(child);
  child.once("close", () => alive.delete(child));
  child.stderr!.pipe(createWriteStream(errors));
  child.stdio[3]!.on("error", () => {});
  try {
    await untilAnswered(port, child);
  } catch (error) {
    await stop(child);
    throw new Error(`${kind.title} ${(error as Error).message}:\n${readFileSync(errors, "utf8").slice(-2_000)}`);
  }
  const startMs = performance.now() - startedAt;
  const pid = child.pid!;
  const end = () => stop(child);
  const inspectorUrl = /^Debugger listening on (ws:\S+)$/m.exec(readFileSync(errors, "utf8"))?.[1] ?? null;
  const usage = { cpuSeconds: () => cpuSeconds(pid), memoryBytes: () => memoryBytes(pid) };
  const halt = (isHalted: boolean): void => void child.kill(isHalted ? "SIGSTOP" : "SIGCONT");
  const metricsUrl = kind.name === OURS ? `http://127.0.0.1:${metricsPort}/metrics` : null;
  const url = `http://127.0.0.1:${port}`;
  return {
    kind,
    url,
    port,
    pid,
    startMs,
    metricsUrl,
    inspectorUrl,
    ...usage,
    halt,
    stop: end,
    [Symbol.asyncDispose]: end,
  };
}

/** Nothing of our own environment but the search path: the settings of a server are those that are written here. */
function environment(port: number, kind: ServerKind, setting: ServerSetting): NodeJS.ProcessEnv {
  return {
    PATH: process.env.PATH,
    NODE_ENV: "production",
    HOST: "127.0.0.1",
    PORT: String(port),
    LOG_LEVEL: "info",
    LINESHAFT_SECRET: "the benchmark keeps no secret from anybody",
    LINESHAFT_PARENT_FD: "3",
    ...(setting.databaseUrl === null ? {} : { DATABASE_URL: setting.databaseUrl }),
    ...(setting.dataFolder === undefined ? {} : { LINESHAFT_DATA: setting.dataFolder }),
    ...(kind.usesRedis && setting.redisUrl ? { REDIS_URL: setting.redisUrl } : {}),
    ...(kind.mirrors && setting.mirrored ? { MIRRORED_URL: setting.mirrored } : {}),
    ...(setting.prepared === false ? { BENCH_PREPARED: "no" } : {}),
  };
}

async function untilAnswered(port: number, child: ChildProcess): Promise<void> {
  const deadline = performance.now() + START_MS;
  while (performance.now() < deadline) {
    if (child.exitCode !== null || child.signalCode !== null) throw new Error("ended before it answered");
    if (await answers(port)) return;
    await pause(LOOK_MS);
  }
  throw new Error(`did not answer within ${START_MS / 1_000} s`);
}

function answers(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const request = get({ host: "127.0.0.1", port, path: "/hello", agent: false }, (response) => {
      response.resume();
      resolve(response.statusCode === 200);
    });
    request.once("error", () => resolve(false));
  });
}

async function stop(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const closed = once(child, "close");
  child.kill("SIGCONT");
  child.kill("SIGTERM");
  const timer = setTimeout(() => child.kill("SIGKILL"), STOP_MS);
  await closed;
  clearTimeout(timer);
}
