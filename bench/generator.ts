/** Generator: puts load on a server with `wrk`, which ends by itself. Only this machine is ever asked. */
import { spawn } from "node:child_process";
import { existsSync, mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { provideServers } from "../tools/servers.ts";
import { GENERATED } from "./options.ts";
import { type Scenario, wrkScript } from "./scenarios.ts";

export const WRK = { name: "wrk", debianPackage: "wrk", path: "/usr/bin/wrk" };
/** How long `wrk` may take beyond its time before it is stopped. */
const GRACE_MS = 10_000;

/** What one measurement gave. */
export interface LoadResult {
  readonly requests: number;
  readonly perSecond: number;
  readonly p50Ms: number;
  readonly p99Ms: number;
  /** Answers other than 2xx and 3xx. */
  readonly refused: number;
  /** Connections and answers that failed. */
  readonly broken: number;
}

export interface Load {
  readonly seconds: number;
  readonly connections: number;
  readonly threads: number;
}

/** Installs `wrk` where that is possible. @throws {Error} that says how to get it where it is not. */
export async function provideGenerator(log: (line: string) => void): Promise<void> {
  if (existsSync(WRK.path)) return;
  const missing = await provideServers(log, [WRK]);
  if (missing.length > 0) throw new Error("wrk is missing: apt-get install wrk (as root this is done for you)");
}

/** Puts load on `http://127.0.0.1:<port>`. */
export async function putLoad(port: number, scenario: Scenario, isOurs: boolean, load: Load): Promise<LoadResult> {
  mkdirSync(GENERATED, { recursive: true });
  const script = join(GENERATED, `${scenario.name}-${isOurs ? "ours" : "peers"}.lua`);
  writeFileSync(script, wrkScript(scenario, isOurs));
  const bounds = [`-t${load.threads}`, `-c${load.connections}`, `-d${load.seconds}s`, "--latency"];
  const output = await run([...bounds, "-s", script, `http://127.0.0.1:${port}/`], load.seconds * 1_000 + GRACE_MS);
  return readResult(output);
}

/** Reads what the script's `done` has written. */
export function readResult(output: string): LoadResult {
  const line = /^RESULT (\{.*\})$/m.exec(output)?.[1];
  if (line === undefined) throw new Error(`wrk did not say what it measured:\n${output}`);
  const { requests, microseconds, refused, broken, p50, p99 } = JSON.parse(line) as Record<string, number>;
  return {
    requests: requests!,
    perSecond: requests! / (microseconds! / 1e6),
    p50Ms: p50! / 1_000,
    p99Ms: p99! / 1_000,
    refused: refused!,
    broken: broken!,
  };
}

function run(args: readonly string[], timeoutMs: number): Promise<string> {
  return new Promise((resolve, reject) => {
    const child = spawn(WRK.path, args, { stdio: ["ignore", "pipe", "pipe"], timeout: timeoutMs });
    let output = "";
    const keep = (chunk: Buffer): void => {
      output += chunk;
    };
    child.stdout.on("data", keep);
    child.stderr.on("data", keep);
    child.once("error", reject);
    child.once("close", (code) => {
      if (code === 0) resolve(output);
      else reject(new Error(`wrk ended with ${code}:\n${output}`));
    });
  });
}
