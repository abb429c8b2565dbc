/**
 * Seen: which commits this process has been told, and who waits for one.
 *
 * Limits. The newest `XIDS_MAX` transactions are remembered; `WAITERS_MAX` callers may wait, the next is told `false`
 * at once.
 */
import type { Position } from "./position.ts";

/** Transactions that are remembered. */
export const XIDS_MAX = 16_384;
/** Callers that may wait at a time. */
export const WAITERS_MAX = 10_000;

type Answer = (isSeen: boolean) => void;

interface PositionWaiter {
  readonly position: Position;
  readonly answer: Answer;
}

export class Seen {
  #position: Position = 0n;
  /** In the order in which they came. */
  readonly #xids = new Set<number>();
  readonly #byXid = new Map<number, Set<Answer>>();
  /** By their position, lowest first. */
  readonly #byPosition: PositionWaiter[] = [];
  #count = 0;

  get position(): Position {
    return this.#position;
  }

  hasXid(xid: number): boolean {
    return this.#xids.has(xid);
  }

  waitFor(position: Position, timeoutMs: number): Promise<boolean> {
    if (position <= this.#position) return Promise.resolve(true);
    return this.#wait(timeoutMs, (answer) => {
      const waiter = { position, answer };
      this.#byPosition.splice(this.#countUpTo(position), 0, waiter);
      // Those for one position mostly go in the order in which they came.
      return () => {
        const place = this.#byPosition.indexOf(waiter, this.#countUpTo(position - 1n));
        if (place >= 0) this.#byPosition.splice(place, 1);
      };
    });
  }

  waitForXid(xid: number, timeoutMs: number): Promise<boolean> {
    if (this.#xids.has(xid)) return Promise.resolve(true);
    return this.#wait(timeoutMs, (answer) => {
      const waiters = this.#byXid.get(xid) ?? new Set();
      this.#byXid.set(xid, waiters.add(answer));
      return () => {
        waiters.delete(answer);
        if (waiters.size === 0) this.#byXid.delete(xid);
      };
    });
  }

  /** All up to `position` was told; with the transaction that ends there. */
  advance(position: Position, xid?: number): void {
    if (position > this.#position) this.#position = position;
    if (xid !== undefined) this.#remember(xid);
    if (this.#byPosition.length === 0) return;
    for (const { answer } of this.#byPosition.splice(0, this.#countUpTo(this.#position))) answer(true);
  }

  /** How many wait for this position or one before it. By halves: anybody may wait, in any order. */
  #countUpTo(position: Position): number {
    let [low, high] = [0, this.#byPosition.length];
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (this.#byPosition[middle]!.position <= position) low = middle + 1;
      else high = middle;
    }
    return low;
  }

  /** A new stream begins; on another timeline its position may be an earlier one. */
  restart(position: Position): void {
    this.#position = position;
    this.#xids.clear();
  }

  /** Tells everybody who waits that it will not come. */
  giveUp(): void {
    for (const { answer } of this.#byPosition.splice(0)) answer(false);
    for (const waiters of [...this.#byXid.values()]) for (const answer of [...waiters]) answer(false);
    this.#byXid.clear();
  }

  #remember(xid: number): void {
    this.#xids.add(xid);
    if (this.#xids.size > XIDS_MAX) this.#xids.delete(this.#xids.values().next().value!);
    const waiters = this.#byXid.get(xid);
    if (!waiters) return;
    this.#byXid.delete(xid);
    for (const answer of waiters) answer(true);
  }

  /** @param add  Registers the answer; gives what removes it when the time is over. */
  #wait(timeoutMs: number, add: (answer: Answer) => () => void): Promise<boolean> {
    if (this.#count >= WAITERS_MAX) return Promise.resolve(false);
    this.#count++;
    return new Promise((resolve) => {
      const answer = (isSeen: boolean) => {
        clearTimeout(timer);
        this.#count--;
        resolve(isSeen);
      };
      const remove = add(answer);
      const timer = setTimeout(() => {
        remove();
        answer(false);
      }, timeoutMs).unref();
    });
  }
}
