/** Record: what a run has shown so far: findings, counts, measured times, and a line of JSON for each event. */
import { createWriteStream, type WriteStream } from "node:fs";
import type { Finding } from "../checks.ts";

/** A message that its author was told of. */
export interface Acknowledged {
  readonly room: string;
  readonly author: string;
  readonly clientId: string;
  readonly number: number;
}

/** What must be seen of a message in the end, as far as it was acknowledged. `null`: not known. */
export interface Expected {
  /** As it was acknowledged last. */
  text: string;
  /**
   * Texts of which an attempt had no answer. It may be carried out late, when a node that stood still goes on, and
   * after what was written since.
   */
  readonly late: Set<string>;
  /** `null`: nobody knows. */
  isDeleted: boolean | null;
  /** Whether it is there, by emoji and account; `null`: nobody knows, and an attempt may still come late. */
  readonly reactions: Map<string, boolean | null>;
}

export const keyOf = (room: string, number: number): string => `${room} ${number}`;

/** A finding that comes again and again is kept so often. */
const KEPT_MAX = 50;

export class Record {
  readonly found: { [check: string]: Finding[] } = {};
  readonly counts: { [what: string]: number } = {};
  /** Milliseconds, by what was measured. */
  readonly measured: { [what: string]: number[] } = {};
  /** When a message was posted first, by client id. */
  readonly postedMs = new Map<string, number>();
  readonly acknowledged = new Map<string, Acknowledged>();
  readonly expected = new Map<string, Expected>();
  /** Until then a node may not hear the log of the database, and so not that somebody was put out. */
  deafUntilMs = 0;
  readonly #file: WriteStream | null;
  readonly #startMs = performance.now();

  /** @param path  Without one nothing is written. */
  constructor(path: string | null) {
    this.#file = path === null ? null : createWriteStream(path);
  }

  find(check: string, kind: Finding["kind"], what: string): void {
    this.found[check] ??= [];
    const known = this.found[check];
    if (known.length < KEPT_MAX) known.push({ kind, what });
    this.tell("found", { check, kind, what });
  }

  count(what: string, by = 1): void {
    this.counts[what] = (this.counts[what] ?? 0) + by;
  }

  measure(what: string, ms: number): void {
    this.measured[what] ??= [];
    this.measured[what].push(Math.round(ms));
  }

  /** Something ended for somebody who may see it. A page that is opened while nobody answers is told so. */
  ended(what: string, { code, status }: { readonly code: string; readonly status: number }): void {
    this.count(`ended for a member: ${code}`);
    const isUnanswered = code === "UNREACHABLE" || code === "TIMEOUT" || status === 503;
    if (!isUnanswered) this.find("ended", "lost", `${what}: ${code}`);
  }

  /** For so long from now on, or more. */
  mayBeDeaf(forMs: number): void {
    this.deafUntilMs = Math.max(this.deafUntilMs, performance.now() + forMs);
  }

  tell(kind: string, facts: object): void {
    this.#file?.write(`${JSON.stringify({ atMs: Math.round(performance.now() - this.#startMs), kind, ...facts })}\n`);
  }

  /** An answer came for a post: for each client id there is one number. */
  acknowledge(told: Acknowledged, text: string): void {
    const before = this.acknowledged.get(told.clientId);
    if (before && before.number !== told.number) {
      const what = `${told.clientId} was acknowledged as ${before.number} and as ${told.number}`;
      this.find("acknowledged", "doubled", what);
    }
    if (before) return;
    this.acknowledged.set(told.clientId, told);
    const expected = { text, late: new Set<string>(), isDeleted: false, reactions: new Map() };
    this.expected.set(keyOf(told.room, told.number), expected);
    this.count("messages acknowledged");
  }

  close(): Promise<void> {
    return new Promise((resolve) => (this.#file ? this.#file.end(resolve) : resolve()));
  }
}
