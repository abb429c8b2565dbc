/** Machine: what a figure was measured on, and with which versions. */
import { readFileSync } from "node:fs";
import { arch, cpus, loadavg, platform, release, totalmem } from "node:os";
import { join } from "node:path";
import { BENCH } from "./options.ts";
import { PEERS } from "./peers.ts";
import type { ServerKind } from "./servers.ts";
import { OURS } from "./servers.ts";

export interface Machine {
  readonly processor: string;
  readonly cores: number;
  readonly memoryBytes: number;
  readonly system: string;
  readonly node: string;
  readonly postgres: string;
  /** Versions by the title of the server, and those of what all have in common. */
  readonly versions: Readonly<Record<string, string>>;
  /** Processes that wanted to run, on average of the last minute, before the load began. */
  readonly loadBefore: number;
}

const COMMON = ["pg", "pino"];

/** The version of an installed package, or `missing`. */
function versionOf(folder: string, name: string): string {
  try {
    return JSON.parse(readFileSync(join(folder, "node_modules", name, "package.json"), "utf8")).version;
  } catch {
    return "missing";
  }
}

/** @param servers  Those whose versions are told. */
export function describeMachine(postgres: string, servers: readonly ServerKind[] = []): Machine {
  const ours = JSON.parse(readFileSync(join(BENCH, "../packages/lineshaft/package.json"), "utf8")).version;
  const named = servers.flatMap(({ name, title, package: from }) => {
    if (name === OURS) return [[title, ours]];
    return from === null ? [] : [[from, versionOf(PEERS, from)]];
  });
  const common = COMMON.map((name) => [name, versionOf(PEERS, name)]);
  return {
    processor: cpus()[0]?.model ?? "unknown",
    cores: cpus().length,
    memoryBytes: totalmem(),
    system: `${platform()} ${release()} ${arch()}`,
    node: process.versions.node,
    postgres,
    versions: Object.fromEntries([...named, ...common]),
    loadBefore: Math.round(loadavg()[0]! * 100) / 100,
  };
}
