/** Usage: what a process has cost, from `/proc`. Linux only; elsewhere the figures are `NaN`. */
import { readdirSync, readFileSync } from "node:fs";

/** Ticks of `/proc/<pid>/stat` in a second; the kernel's fixed unit towards programs. */
const TICKS_PER_SECOND = 100;

/** Fields of `/proc/<pid>/stat` after the name, which may hold anything: state, parent … */
function statOf(pid: number | string): readonly string[] | null {
  try {
    const text = readFileSync(`/proc/${pid}/stat`, "utf8");
    return text.slice(text.lastIndexOf(")") + 2).split(" ");
  } catch {
    return null;
  }
}

/** Seconds of processor time, user and system, of all threads. */
export function cpuSeconds(pid: number): number {
  const stat = statOf(pid);
  return stat === null ? Number.NaN : (Number(stat[11]) + Number(stat[12])) / TICKS_PER_SECOND;
}

/** The same of a process and its children: Postgres has one for each connection. */
export function familyCpuSeconds(pid: number): number {
  const children = readdirSync("/proc").filter((name) => /^\d+$/.test(name) && statOf(name)?.[1] === String(pid));
  return [pid, ...children.map(Number)].map(cpuSeconds).reduce((sum, each) => sum + (each || 0), 0);
}

/** Resident memory in bytes. */
export function memoryBytes(pid: number): number {
  try {
    const kilobytes = /^VmRSS:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${pid}/status`, "utf8"))?.[1];
    return Number(kilobytes) * 1_024;
  } catch {
    return Number.NaN;
  }
}
