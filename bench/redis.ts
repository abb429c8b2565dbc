/**
 * Redis: a private one, gone with the benchmark. For servers that keep answers in it, it writes nothing to disk; for a
 * queue it keeps a log.
 */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync } from "node:fs";
import { createConnection } from "node:net";
import { setTimeout as pause } from "node:timers/promises";
import { freePort } from "../packages/lineshaft/src/testkit/free-port.ts";
import { provideServers } from "../tools/servers.ts";

const REDIS = { name: "Redis", debianPackage: "redis-server", path: "/usr/bin/redis-server" };
const START_MS = 10_000;
const LOOK_MS = 20;

export interface RunningRedis extends AsyncDisposable {
  readonly url: string;
  readonly pid: number;
  readonly version: string;
}

/** A log of all writes. */
export interface RedisLog {
  /** Where it is. */
  readonly folder: string;
  /** When it is on the disk for certain: within a second, or before a write is answered. */
  readonly fsync: "everysec" | "always";
}

function logSettings(kept: RedisLog | null): readonly string[] {
  if (kept === null) return ["--appendonly", "no"];
  return ["--appendonly", "yes", "--appendfsync", kept.fsync, "--dir", kept.folder];
}

/** Starts one, installed first where that is possible. @throws {Error} that says how to get it where it is not. */
export async function startRedis(log: (line: string) => void, kept: RedisLog | null = null): Promise<RunningRedis> {
  if (!existsSync(REDIS.path)) {
    const missing = await provideServers(log, [REDIS]);
    if (missing.length > 0) throw new Error("Redis is missing: apt-get install redis-server (as root this is done)");
  }
  const port = await freePort();
  const settings = ["--port", String(port), "--bind", "127.0.0.1", "--save", "", ...logSettings(kept)];
  const child = spawn(REDIS.path, settings, { stdio: ["ignore", "pipe", "inherit"] });
  let output = "";
  child.stdout.on("data", (chunk: Buffer) => {
    output = (output + chunk).slice(-4_000);
  });
  const kill = () => child.kill("SIGKILL");
  process.once("exit", kill);
  const deadline = performance.now() + START_MS;
  while (!(await accepts(port))) {
    if (child.exitCode !== null || performance.now() > deadline) throw new Error(`Redis does not answer:\n${output}`);
    await pause(LOOK_MS);
  }
  return {
    url: `redis://127.0.0.1:${port}`,
    pid: child.pid!,
    version: /Redis version=([\d.]+)/.exec(output)?.[1] ?? "unknown",
    async [Symbol.asyncDispose]() {
      process.off("exit", kill);
      const closed = once(child, "close");
      child.kill("SIGTERM");
      await closed;
    },
  };
}

function accepts(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = createConnection(port, "127.0.0.1");
    socket.once("connect", () => resolve(true)).once("error", () => resolve(false));
    socket.once("connect", () => socket.destroy());
  });
}
