/** History: what callers, subscribers and faults did, in the order in which it was known; one JSON line each. */
import { createWriteStream, type WriteStream } from "node:fs";

/**
 * How a call ended: `done` was acknowledged, `refused` was told that nothing happened, `unknown` may have happened: no
 * answer, or one that says that the server does not know either.
 */
export type Outcome = "done" | "refused" | "unknown";

export type Entry =
  | { readonly kind: "transfer"; readonly id: string; readonly outcome: Outcome }
  | {
      readonly kind: "increase";
      readonly counter: string;
      readonly outcome: Outcome;
      /** The new value, when it was told. */
      readonly value: number | null;
    }
  | { readonly kind: "later"; readonly name: string; readonly outcome: Outcome }
  | { readonly kind: "forget"; readonly name: string; readonly outcome: Outcome; readonly isCancelled: boolean }
  | { readonly kind: "poison"; readonly key: string; readonly outcome: Outcome }
  /** `least`: the newest value that this caller had written before. */
  | { readonly kind: "read"; readonly counter: string; readonly least: number; readonly seen: number }
  /** What a subscriber was shown: the values of all counters, by name. */
  | { readonly kind: "answer"; readonly subscriber: string; readonly values: Readonly<Record<string, number>> }
  | {
      readonly kind: "fault";
      readonly name: string;
      readonly atMs: number;
      readonly endMs: number;
      /** The process that was hit, of faults that hit one. */
      readonly pid: number | null;
      /** What went wrong with the fault itself. */
      readonly error: string | null;
    }
  /** A node that ended although nobody had ended it. */
  | { readonly kind: "ended"; readonly port: number };

export class History {
  readonly entries: Entry[] = [];
  readonly #file: WriteStream;

  constructor(path: string) {
    this.#file = createWriteStream(path);
  }

  add(entry: Entry): void {
    this.entries.push(entry);
    this.#file.write(`${JSON.stringify({ atMs: Date.now(), ...entry })}\n`);
  }

  close(): Promise<void> {
    return new Promise((resolve) => this.#file.end(resolve));
  }
}
