/**
 * What the system tells about other processes: is it alive, when was it started, which ones work on a folder.
 *
 * Linux answers from /proc, exactly. Elsewhere `ps` answers, and a process counts as working on a folder when its
 * command line names the folder: true for a postmaster (we pass `-D <folder>`), not for its backends, which rename
 * themselves; those end with their postmaster.
 */
import { execFile } from "node:child_process";
import { readdirSync, readFileSync, readlinkSync } from "node:fs";
import { setTimeout as delay } from "node:timers/promises";
import { promisify } from "node:util";

const POLL_MS = 10;

/** True while a process with this id runs. A zombie has ended: only its parent has not asked yet. */
export function isAlive(pid: number): boolean {
  return isTaken(pid) && processState(pid) !== "Z";
}

/** True while the system keeps this id for a process, be it a zombie. */
export function isTaken(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return error instanceof Error && "code" in error && error.code === "EPERM";
  }
}

/** Start time in clock ticks since boot: with the id it names a process for good. Undefined where there is no /proc. */
export function startedAt(pid: number): string | undefined {
  return statFields(pid)?.[19];
}

/** The PID namespace of this process: ids mean something only to processes of the same one. */
export function pidNamespace(): string | undefined {
  try {
    return readlinkSync("/proc/self/ns/pid");
  } catch {
    return undefined;
  }
}

/** Ids of the live processes whose working folder is `folder` (a real path): the postmaster and its backends. */
export async function processesOn(folder: string): Promise<readonly number[]> {
  if (process.platform !== "linux") return processesNaming(folder);
  const numbers = readdirSync("/proc").map(Number).filter(Number.isInteger);
  return numbers.filter((pid) => workingFolder(pid) === folder && isAlive(pid));
}

/** Waits until none of the processes is alive; false when the time is up first. */
export async function waitForEnd(pids: readonly number[], timeoutMs: number): Promise<boolean> {
  const deadline = Date.now() + timeoutMs;
  while (pids.some(isAlive)) {
    if (Date.now() > deadline) return false;
    await delay(POLL_MS);
  }
  return true;
}

/** Sends a signal; a process that has ended meanwhile is not an error. */
export function signal(pid: number, name: NodeJS.Signals): void {
  try {
    process.kill(pid, name);
  } catch (error) {
    if (!(error instanceof Error && "code" in error && error.code === "ESRCH")) throw error;
  }
}

function workingFolder(pid: number): string | undefined {
  try {
    return readlinkSync(`/proc/${pid}/cwd`);
  } catch {
    return undefined; // Ended, or another user's: Postgres of another user cannot be on our folder.
  }
}

async function processesNaming(folder: string): Promise<readonly number[]> {
  const { stdout } = await promisify(execFile)("ps", ["-axo", "pid=,command="], { maxBuffer: 16 * 1024 * 1024 });
  const lines = stdout.split("\n").filter((line) => line.includes("postgres") && line.includes(`-D ${folder} `));
  return lines.map((line) => Number.parseInt(line, 10)).filter((pid) => Number.isInteger(pid) && isAlive(pid));
}

function processState(pid: number): string | undefined {
  return statFields(pid)?.[0];
}

/** Fields of /proc/<pid>/stat from the third on. The second is a name in brackets that may hold anything. */
function statFields(pid: number): readonly string[] | undefined {
  try {
    const text = readFileSync(`/proc/${pid}/stat`, "latin1");
    return text.slice(text.lastIndexOf(")") + 2).split(" ");
  } catch {
    return undefined;
  }
}
