/**
 * The lock of a data folder: one launcher per folder, also across containers that share a volume.
 *
 * Why not Postgres' own lock: it compares process ids and shared memory, and both are private to a container. Two
 * containers on one volume start two servers on one cluster, which destroys it (measured).
 *
 * Model. `flock(2)` on `<folder>/lock`. Node has no flock, so `flock -n 3` of util-linux locks a file description that
 * we opened and hand down: the lock belongs to the description and stays when that helper ends. The watchdog and every
 * Postgres process inherit the same description. So the lock is free only when the launcher *and* the last Postgres
 * process on the folder are gone, however they ended; no file has to be cleaned up.
 * The file says who holds it (`LockOwner`); that text is for messages and for telling a live owner from a dead one
 * whose Postgres is still there. It never decides who may go in: the kernel does.
 *
 * Limits. macOS opens the file with O_EXLOCK, which is the same lock. A Linux without `flock` falls back to the owner
 * text alone: that refuses a second launcher of the same PID namespace, not one in another container, and two that
 * start in the same millisecond may both pass. `kind` says which one is in force. Network file systems are refused
 * elsewhere (`data-folder.ts`), because their flock is advisory per host.
 */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { closeSync, constants, fchmodSync, ftruncateSync, openSync, readFileSync, writeSync } from "node:fs";
import { hostname } from "node:os";
import { EmbeddedPostgresError, systemCode } from "./errors.ts";
import { isAlive, pidNamespace, startedAt } from "./processes.ts";

/** macOS only: take an exclusive flock while opening. Node has no name for it. */
const O_EXLOCK = 0x20;
const FLOCK_EXIT_HELD = 1;

export interface LockOwner {
  readonly pid: number;
  readonly startedAt: string | undefined;
  readonly namespace: string | undefined;
  readonly host: string;
}

export class FolderLock {
  /** The locked file description, handed down to every process that works on the folder. */
  readonly descriptor: number;
  readonly kind: "flock" | "owner-text";
  #open = true;

  constructor(descriptor: number, kind: "flock" | "owner-text") {
    this.descriptor = descriptor;
    this.kind = kind;
  }

  /** Gives up our share of the lock. Idempotent. */
  release(): void {
    if (!this.#open) return;
    this.#open = false;
    ftruncateSync(this.descriptor);
    closeSync(this.descriptor);
  }
}

/** Takes the lock without waiting; undefined when somebody holds it. */
export async function tryLock(path: string): Promise<FolderLock | undefined> {
  const descriptor = openLockFile(path);
  if (descriptor === undefined) return undefined;
  try {
    const outcome = process.platform === "darwin" ? "flock" : await lockDescriptor(descriptor, path);
    if (outcome === "held") {
      closeSync(descriptor);
      return undefined;
    }
    fchmodSync(descriptor, 0o600);
    writeOwner(descriptor);
    return new FolderLock(descriptor, outcome);
  } catch (error) {
    closeSync(descriptor);
    throw error;
  }
}

/** Who holds the lock, as its file says; undefined while nobody does or the text is being written. */
export function readOwner(path: string): LockOwner | undefined {
  try {
    return JSON.parse(readFileSync(path, "utf8")) as LockOwner;
  } catch {
    return undefined;
  }
}

/** False only when we can be sure: the owner lived in our PID namespace and its process has ended. */
export function mayBeAlive(owner: LockOwner): boolean {
  if (owner.namespace !== pidNamespace()) return true;
  if (!isAlive(owner.pid)) return false;
  return owner.startedAt === undefined || owner.startedAt === startedAt(owner.pid);
}

function openLockFile(path: string): number | undefined {
  const flags = constants.O_RDWR | constants.O_CREAT;
  if (process.platform !== "darwin") return openSync(path, flags, 0o600);
  try {
    return openSync(path, flags | O_EXLOCK | constants.O_NONBLOCK, 0o600);
  } catch (error) {
    if (systemCode(error) === "EAGAIN" || systemCode(error) === "EWOULDBLOCK") return undefined;
    throw error;
  }
}

async function lockDescriptor(descriptor: number, path: string): Promise<"flock" | "owner-text" | "held"> {
  const helper = spawn("flock", ["-n", "3"], { stdio: ["ignore", "ignore", "pipe", descriptor], cwd: "/" });
  let complaint = "";
  helper.stderr?.on("data", (chunk: Buffer) => {
    complaint += chunk.toString();
  });
  try {
    const [exitCode] = (await once(helper, "close")) as [number | null];
    if (exitCode === 0) return "flock";
    if (exitCode === FLOCK_EXIT_HELD && complaint === "") return "held";
    throw new EmbeddedPostgresError(
      "POSTGRES_FOLDER_UNUSABLE",
      `"${path}" cannot be locked: flock ended with ${exitCode} ${complaint.trim()}. Keep the folder on a local ` +
        "file system that has flock.",
    );
  } catch (error) {
    if (systemCode(error) !== "ENOENT") throw error;
    return lockByOwnerText(path);
  }
}

function lockByOwnerText(path: string): "owner-text" | "held" {
  const owner = readOwner(path);
  // Ids of another namespace mean nothing here. After a container restart they are stale, so they must not count.
  const isOurNamespace = owner?.namespace === pidNamespace();
  return owner !== undefined && isOurNamespace && mayBeAlive(owner) ? "held" : "owner-text";
}

function writeOwner(descriptor: number): void {
  const owner: LockOwner = {
    pid: process.pid,
    startedAt: startedAt(process.pid),
    namespace: pidNamespace(),
    host: hostname(),
  };
  ftruncateSync(descriptor);
  writeSync(descriptor, `${JSON.stringify(owner)}\n`, 0);
}
