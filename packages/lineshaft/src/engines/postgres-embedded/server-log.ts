/**
 * The server's log: a file that Postgres writes to itself, so it survives the launcher and there is no pipe to break.
 *
 * Bounded: when the file is larger than `LOG_BYTES_MAX` it is copied to `<file>.1` and cut to nothing. Postgres
 * appends, so it goes on at the new end. The size is looked at every `CHECK_MS`: in between the file can grow beyond
 * the bound, and lines written during the copy can be lost. A log is not worth a collector process.
 */
import { chmodSync, closeSync, copyFileSync, fstatSync, ftruncateSync, openSync, readSync } from "node:fs";

export const LOG_BYTES_MAX = 8 * 1024 * 1024;
const CHECK_MS = 10_000;
const TAIL_BYTES_MAX = 4096;
const TAIL_LINES_MAX = 12;

export class ServerLog {
  readonly path: string;
  /** Opened for appending; handed to Postgres as its output. */
  readonly descriptor: number;
  readonly #timer: NodeJS.Timeout;

  constructor(path: string) {
    this.path = path;
    this.descriptor = openSync(path, "a+", 0o600);
    this.rotate();
    this.#timer = setInterval(() => this.rotate(), CHECK_MS);
    this.#timer.unref();
  }

  /** Where the log ends now: what is written later is found by `tail(offset)`. */
  size(): number {
    return fstatSync(this.descriptor).size;
  }

  /** The last lines, at most from `offset` on. */
  tail(offset = 0): string {
    const end = this.size();
    const start = Math.max(offset > end ? 0 : offset, end - TAIL_BYTES_MAX);
    const bytes = Buffer.alloc(end - start);
    readSync(this.descriptor, bytes, 0, bytes.length, start);
    return lastLines(bytes.toString());
  }

  rotate(): void {
    if (this.size() <= LOG_BYTES_MAX) return;
    copyFileSync(this.path, `${this.path}.1`);
    chmodSync(`${this.path}.1`, 0o600);
    ftruncateSync(this.descriptor);
  }

  close(): void {
    clearInterval(this.#timer);
    closeSync(this.descriptor);
  }
}

export function lastLines(text: string): string {
  return text.trimEnd().split("\n").slice(-TAIL_LINES_MAX).join("\n");
}
