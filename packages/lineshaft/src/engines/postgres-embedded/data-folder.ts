/**
 * The folder of an embedded Postgres, made ready and locked.
 *
 *     <folder>/data        the cluster; present only when it is complete
 *     <folder>/data.new    a cluster being created; left by an interrupted start, removed by the next one
 *     <folder>/lock        see `folder-lock.ts`
 *     <folder>/server.log  what Postgres writes, and server.log.1, the part before
 *     <folder>/lib, native repairs of the binary package, see `binaries.ts`
 *
 * Taking over. The lock is free only when every process on the folder is gone. If it is held although its owner is
 * dead, what holds it is a watchdog at work or a Postgres that lost its launcher *and* its watchdog; the latter is
 * found by its working folder and stopped, and then the lock comes free. A Postgres that somebody started by hand holds
 * no lock: it is found by `postmaster.pid`. Ids are compared with the processes' working folders before anything is
 * signalled, so an id that the system has given to another program is never touched.
 */
import {
  accessSync,
  chmodSync,
  chownSync,
  constants,
  mkdirSync,
  readdirSync,
  readFileSync,
  realpathSync,
  rmSync,
  statfsSync,
  statSync,
} from "node:fs";
import { isAbsolute, join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { EmbeddedPostgresError, systemCode } from "./errors.ts";
import { type FolderLock, type LockOwner, mayBeAlive, readOwner, tryLock } from "./folder-lock.ts";
import type { Identity } from "./identity.ts";
import { isTaken, processesOn, signal, waitForEnd } from "./processes.ts";

const LOCK_POLL_MS = 20;
/** A launcher that has just locked or unlocked has not written its name for an instant. */
const OWNER_UNKNOWN_MS_MAX = 1_000;
const TAKE_OVER_MS_MAX = 30_000;
const STOP_FAST_MS_MAX = 8_000;
const STOP_HARD_MS_MAX = 5_000;

const OWN_NAMES = new Set(["data", "data.new", "lock", "server.log", "server.log.1", "lib", "native"]);

/** Types of `statfs(2)` on Linux. Their locks and their fsync depend on a server and its mount options. */
const NETWORK_FILE_SYSTEMS: ReadonlyMap<number, string> = new Map([
  [0x6969, "NFS"],
  [0x517b, "SMB"],
  [0xff534d42, "CIFS"],
  [0xfe534d42, "SMB2"],
  [0x5346414f, "AFS"],
  [0x73757245, "Coda"],
]);

export interface DataFolder {
  readonly root: string;
  readonly data: string;
  readonly lock: string;
  readonly log: string;
}

/**
 * Creates the folder and checks that a database can live there.
 * @throws {EmbeddedPostgresError} POSTGRES_BAD_OPTIONS, POSTGRES_FOLDER_UNUSABLE.
 */
export function openDataFolder(folder: string): DataFolder {
  if (!isAbsolute(folder) || folder.includes("\n")) {
    throw new EmbeddedPostgresError(
      "POSTGRES_BAD_OPTIONS",
      `\`folder\` is an absolute path without line breaks; got "${folder}".`,
    );
  }
  try {
    mkdirSync(folder, { recursive: true, mode: 0o755 });
    accessSync(folder, constants.R_OK | constants.W_OK | constants.X_OK);
  } catch (cause) {
    throw new EmbeddedPostgresError(
      "POSTGRES_FOLDER_UNUSABLE",
      `The folder "${folder}" cannot be created or written to by this user (${systemCode(cause) ?? "unknown"}). ` +
        "Make this user its owner (chown -R), or start as its owner.",
      { cause },
    );
  }
  const root = realpathSync(folder);
  assertOwnFolder(root);
  assertLocalFileSystem(root, statfsSync(root).type);
  return { root, data: join(root, "data"), lock: join(root, "lock"), log: join(root, "server.log") };
}

/** Owner and mode of the folder are changed, so it must not be somebody's project, or `/`. */
function assertOwnFolder(root: string): void {
  const stranger = readdirSync(root).find((name) => !OWN_NAMES.has(name) && !name.startsWith("."));
  if (stranger === undefined) return;
  throw new EmbeddedPostgresError(
    "POSTGRES_FOLDER_UNUSABLE",
    `"${root}" holds something else ("${stranger}"), and the database needs a folder of its own. ` +
      `Pass one that is empty or absent, such as "${join(root, ".lineshaft", "postgres")}".`,
  );
}

/** @throws {EmbeddedPostgresError} POSTGRES_FOLDER_UNUSABLE for the types of network file systems. */
export function assertLocalFileSystem(folder: string, type: number): void {
  const name = process.platform === "linux" ? NETWORK_FILE_SYSTEMS.get(type >>> 0) : undefined;
  if (name === undefined) return;
  throw new EmbeddedPostgresError(
    "POSTGRES_FOLDER_UNUSABLE",
    `"${folder}" is on a network file system (${name}), where two hosts could start Postgres on the same data ` +
      "and destroy it. " +
      "Use a folder on a local disk, or set DATABASE_URL to a Postgres server.",
  );
}

/** Gives the folder, not what is in it, to the account Postgres runs under; others have no business there. */
export function giveFolder(folder: string, identity: Identity): void {
  if (identity.account !== undefined) chownSync(folder, identity.account.uid, identity.account.gid);
  if (identity.account !== undefined || statSync(folder).uid === process.geteuid?.()) chmodSync(folder, 0o700);
}

/**
 * Takes the folder's lock. Refuses at once while another launcher lives; waits, bounded, while the remains of a dead
 * one are cleared away.
 * @throws {EmbeddedPostgresError} POSTGRES_FOLDER_IN_USE.
 */
export async function lockDataFolder(folder: DataFolder, report: (step: string) => void): Promise<FolderLock> {
  const startedMs = Date.now();
  while (true) {
    const lock = await tryLock(folder.lock);
    if (lock !== undefined) return lock;
    const owner = readOwner(folder.lock);
    if (owner !== undefined && mayBeAlive(owner)) throw inUse(folder, owner);
    const waitedMs = Date.now() - startedMs;
    if (owner === undefined && waitedMs > OWNER_UNKNOWN_MS_MAX) throw inUse(folder, undefined);
    if (waitedMs > TAKE_OVER_MS_MAX) throw inUse(folder, owner);
    if (owner !== undefined) await stopOrphans(folder, owner, report);
    await delay(LOCK_POLL_MS);
  }
}

/**
 * With the lock held: stops a server that runs on the data all the same, and removes a `postmaster.pid` that misleads.
 */
export async function clearRemains(folder: DataFolder, report: (step: string) => void): Promise<void> {
  const pid = postmasterPid(folder.data);
  if (pid === undefined) return;
  if ((await processesOn(folder.data)).includes(pid)) {
    report(`stopping a Postgres that still runs on the folder (process ${pid})`);
    await stopServer(folder.data);
  }
  // Postgres refuses to start while the id in this file belongs to a process of its user, whatever that process is, and
  // takes a zombie for a living one. A file whose id is free stays: Postgres finds the old shared memory by it and
  // checks that nobody uses it.
  const left = postmasterPid(folder.data);
  if (left !== undefined && isTaken(left)) rmSync(join(folder.data, "postmaster.pid"), { force: true });
}

function inUse(folder: DataFolder, owner: LockOwner | undefined): EmbeddedPostgresError {
  const holder = owner === undefined ? "another process" : `process ${owner.pid} on ${owner.host}`;
  return new EmbeddedPostgresError(
    "POSTGRES_FOLDER_IN_USE",
    `The database in "${folder.root}" is in use by ${holder}. Stop that process, or give this one a folder of ` +
      "its own (LINESHAFT_DATA); " +
      "several processes on one database need DATABASE_URL.",
  );
}

async function stopOrphans(folder: DataFolder, owner: LockOwner, report: (step: string) => void): Promise<void> {
  if ((await processesOn(folder.data)).length === 0) return;
  // Another launcher may have taken over since; it writes its name before it starts a server, so look once more.
  const now = readOwner(folder.lock);
  if (now?.pid !== owner.pid || now.startedAt !== owner.startedAt) return;
  report(`stopping the Postgres that process ${owner.pid} left behind`);
  await stopServer(folder.data);
}

/** Stops what runs on the data: fast, then at once (the next start recovers), then by force. Bounded. */
async function stopServer(data: string): Promise<void> {
  const pids = await processesOn(data);
  const postmaster = pids.find((pid) => pid === postmasterPid(data));
  if (postmaster !== undefined) {
    signal(postmaster, "SIGINT");
    if (await waitForEnd(pids, STOP_FAST_MS_MAX)) return;
    signal(postmaster, "SIGQUIT");
  } else {
    for (const pid of pids) signal(pid, "SIGTERM");
  }
  if (await waitForEnd(pids, STOP_HARD_MS_MAX)) return;
  const rest = await processesOn(data);
  for (const pid of rest) signal(pid, "SIGKILL");
  await waitForEnd(rest, STOP_HARD_MS_MAX);
}

function postmasterPid(data: string): number | undefined {
  return readPostmaster(data)?.pid;
}

/** What the server says about itself in `postmaster.pid`: the first line and the eighth. */
export function readPostmaster(data: string): { readonly pid: number; readonly isReady: boolean } | undefined {
  try {
    const lines = readFileSync(join(data, "postmaster.pid"), "utf8").split("\n");
    const pid = Number.parseInt(lines[0] ?? "", 10);
    return Number.isInteger(pid) && pid > 0 ? { pid, isReady: lines[7]?.trim() === "ready" } : undefined;
  } catch (error) {
    // EACCES: data of another user, which is refused with a reason when the cluster is checked.
    if (systemCode(error) === "ENOENT" || systemCode(error) === "EACCES") return undefined;
    throw error;
  }
}
