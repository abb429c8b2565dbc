/**
 * Fence: keeps an answer out of the cache that was read before a change which has already been heard.
 *
 * A commit stands in the log before other snapshots see it: read again at once, one answer in a hundred is the old one.
 * And a load that began before a change may end after it. Both are settled by one rule: an answer may be kept only if
 * its snapshot contains every heard transaction that touches what it read.
 *
 * Transactions are told apart by the low 32 bits of their numbers, compared as Postgres compares them: in a circle.
 */
import type { Commit } from "../log/changes.ts";
import type { Position } from "../log/position.ts";

/** Commits that are remembered, and changes in all of them: older ones are forgotten, and with them old snapshots. */
export const COMMITS_MAX = 16_384;
export const CHANGES_MAX = 100_000;

/** Whether transaction `a` came before `b`. */
function isBefore(a: number, b: number): boolean {
  return ((a - b) | 0) < 0;
}

/** What a statement could see: `pg_current_snapshot()` as text, `xmin:xmax:xip,xip`. */
export class Snapshot {
  /** Everything before it had ended. */
  readonly xmin: number;
  readonly #xmax: number;
  readonly #running: ReadonlySet<number> | null;

  constructor(text: string) {
    const [xmin, xmax, running] = text.split(":") as [string, string, string];
    this.xmin = low(xmin);
    this.#xmax = low(xmax);
    this.#running = running === "" ? null : new Set(running.split(",").map(low));
  }

  /** Whether a committed transaction is part of it. */
  sees(xid: number): boolean {
    if (isBefore(xid, this.xmin)) return true;
    return isBefore(xid, this.#xmax) && !this.#running?.has(xid | 0);
  }
}

/** The low 32 bits of a transaction's number, which has 64. */
function low(text: string): number {
  return Number(BigInt.asIntN(32, BigInt(text)));
}

interface Heard {
  readonly commit: Commit;
  readonly xid: number;
  /** The newest number of all that were heard up to it. */
  readonly newest: number;
}

/** Commits that were heard lately. */
export class Fence {
  #heard: Heard[] = [];
  #changes = 0;
  /** The newest number that was forgotten. */
  #forgotten: number | null = null;
  /** Every commit behind it is remembered. */
  #floor: Position = 0n;

  add(commit: Commit): void {
    const xid = commit.xid | 0;
    const last = this.#heard.at(-1);
    const newest = last === undefined || isBefore(last.newest, xid) ? xid : last.newest;
    this.#heard.push({ commit, xid, newest });
    this.#changes += commit.changes.length;
    if (this.#heard.length > COMMITS_MAX || this.#changes > CHANGES_MAX) this.#forget();
  }

  /** Heard commits that a snapshot does not contain; `null` when some that are forgotten may be among them. */
  unseenBy(snapshot: Snapshot): readonly Commit[] | null {
    if (this.#forgotten !== null && !isBefore(this.#forgotten, snapshot.xmin)) return null;
    const unseen: Commit[] = [];
    for (let index = this.#heard.length - 1; index >= 0; index--) {
      const { commit, xid, newest } = this.#heard[index]!;
      if (isBefore(newest, snapshot.xmin)) break;
      if (!snapshot.sees(xid)) unseen.push(commit);
    }
    return unseen;
  }

  /** Heard commits behind a position, newest first; `null` when some of them are forgotten. */
  behind(position: Position): readonly Commit[] | null {
    if (position < this.#floor) return null;
    const found: Commit[] = [];
    for (let index = this.#heard.length - 1; index >= 0; index--) {
      const { commit } = this.#heard[index]!;
      if (commit.position <= position) break;
      found.push(commit);
    }
    return found;
  }

  /** From now on nothing is known of what has held since an earlier position. Commits stay: snapshots can lack them. */
  cut(position: Position): void {
    if (position > this.#floor) this.#floor = position;
  }

  /** Begins anew at a position. */
  clear(position: Position): void {
    this.#heard = [];
    this.#changes = 0;
    this.#forgotten = null;
    this.#floor = position;
  }

  /** Half at once, so that it costs little for each. */
  #forget(): void {
    const going = this.#heard.splice(0, Math.ceil(this.#heard.length / 2));
    const { newest, commit } = going.at(-1)!;
    this.#floor = commit.position;
    this.#forgotten = this.#forgotten === null || isBefore(this.#forgotten, newest) ? newest : this.#forgotten;
    for (const each of going) this.#changes -= each.commit.changes.length;
  }
}
