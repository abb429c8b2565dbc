/**
 * Servers: the programs that tests use when they are there and that no npm package brings.
 *
 * Debian's Postgres 15 is the oldest Postgres that an external store may be; Chromium opens the pages. On a Debian
 * where we are root they are installed; elsewhere, or without a network, the tests that need them skip with the reason,
 * or fail under `CI=true`. No system cluster is created and no service started: tests start the binaries themselves.
 */
import { spawn } from "node:child_process";
import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { dirname } from "node:path";

const HEARTBEAT_MS = 10_000;
const LOCK_WAIT_S = 120;
const INSTALL_TIMEOUT_MS = 15 * 60_000;
const CLUSTER_SETTINGS = "/etc/postgresql-common/createcluster.conf";

/** An optional program: the Debian package that brings it, and where it then is. */
export type Server = { readonly name: string; readonly debianPackage: string; readonly path: string };

export const SERVERS: readonly Server[] = [
  { name: "Postgres 15", debianPackage: "postgresql-15", path: "/usr/lib/postgresql/15/bin/postgres" },
  { name: "Chromium", debianPackage: "chromium", path: "/usr/bin/chromium" },
];

/** Installs the missing servers where that is possible. Never throws; returns those that are still missing. */
export async function provideServers(log: (line: string) => void, servers = SERVERS): Promise<readonly Server[]> {
  const missing = servers.filter((server) => !existsSync(server.path));
  for (const { name, path } of servers) log(`${name}: ${existsSync(path) ? path : "missing"}`);
  if (missing.length === 0) return [];
  if (!existsSync("/usr/bin/apt-get") || process.getuid?.() !== 0) {
    log("not installed: this needs root on a Debian with apt-get");
    return missing;
  }
  const packages = missing.map((server) => server.debianPackage);
  const wait = ["-o", `DPkg::Lock::Timeout=${LOCK_WAIT_S}`, "-o", "Dpkg::Options::=--force-confold"];
  const allowCluster = preventCluster();
  try {
    if (await apt(["update", "-qq", ...wait], log)) {
      // One by one: a Debian of another age may have the one and not the other.
      for (const name of packages) await apt(["install", "-y", "-qq", "--no-install-recommends", ...wait, name], log);
    }
  } finally {
    allowCluster();
  }
  return servers.filter((server) => !existsSync(server.path));
}

/** Debian's package would create and start a system cluster on the default port. Returns what takes this back. */
function preventCluster(): () => void {
  const before = existsSync(CLUSTER_SETTINGS) ? readFileSync(CLUSTER_SETTINGS, "utf8") : null;
  mkdirSync(dirname(CLUSTER_SETTINGS), { recursive: true });
  writeFileSync(CLUSTER_SETTINGS, `${before ?? ""}\ncreate_main_cluster = false\n`);
  return () => {
    if (before !== null) writeFileSync(CLUSTER_SETTINGS, before);
  };
}

async function apt(args: readonly string[], log: (line: string) => void): Promise<boolean> {
  const what = `apt-get ${args[0]} ${args[0] === "install" ? args.at(-1) : ""}`.trim();
  const startedAt = Date.now();
  const seconds = (): string => `${((Date.now() - startedAt) / 1000).toFixed(0)} s`;
  log(`${what} …`);
  const env = { ...process.env, DEBIAN_FRONTEND: "noninteractive" };
  const child = spawn("/usr/bin/apt-get", args, {
    env,
    stdio: ["ignore", "pipe", "pipe"],
    timeout: INSTALL_TIMEOUT_MS,
  });
  const tail: string[] = [];
  const keep = (chunk: Buffer): void => {
    tail.push(chunk.toString());
    tail.splice(0, tail.length - 20);
  };
  child.stdout.on("data", keep);
  child.stderr.on("data", keep);
  const heartbeat = setInterval(() => log(`${what}: still working, ${seconds()}`), HEARTBEAT_MS);
  const code = await new Promise<number | null>((resolve) => {
    child.once("error", () => resolve(null));
    child.once("close", resolve);
  });
  clearInterval(heartbeat);
  log(`${what}: ${code === 0 ? "done" : `failed (${code})`} in ${seconds()}`);
  if (code !== 0) log(tail.join("").trim().split("\n").slice(-8).join("\n"));
  return code === 0;
}
