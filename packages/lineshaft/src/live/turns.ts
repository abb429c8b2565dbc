/**
 * Turns: which group runs next. Whoever asks much, or what takes long, holds nobody else up.
 *
 * Groups that only one caller is in share that caller's turn, one with several callers has a turn of its own; turns go
 * round. One turn has at most `OF_ONE_MAX` runs at a time, so that there is always a place for the others.
 */
import type { Group } from "./group.ts";

/** Runs at a time. */
export const RECOMPUTATIONS_MAX = 4;
/** Runs at a time of one turn. */
export const OF_ONE_MAX = RECOMPUTATIONS_MAX - 1;

export class Turns {
  /** In the order in which they come to run; each has at least one group. */
  readonly #waiting = new Map<string, Group[]>();
  readonly #running = new Map<string, number>();
  #count = 0;

  put(group: Group): void {
    const { turn } = group;
    const groups = this.#waiting.get(turn);
    if (groups) groups.push(group);
    else this.#waiting.set(turn, [group]);
  }

  /** Runs what there is a place for. */
  work(): void {
    while (this.#count < RECOMPUTATIONS_MAX) {
      const turn = this.#next();
      if (turn === undefined) return;
      const groups = this.#waiting.get(turn)!;
      const group = groups.shift()!;
      this.#waiting.delete(turn);
      // Behind all others.
      if (groups.length > 0) this.#waiting.set(turn, groups);
      this.#begin(turn);
      void group.run().finally(() => {
        this.#end(turn);
        this.work();
      });
    }
  }

  clear(): void {
    this.#waiting.clear();
  }

  #next(): string | undefined {
    for (const turn of this.#waiting.keys()) if (this.#runningOf(turn) < OF_ONE_MAX) return turn;
    return undefined;
  }

  #begin(turn: string): void {
    this.#count++;
    this.#running.set(turn, this.#runningOf(turn) + 1);
  }

  #end(turn: string): void {
    this.#count--;
    const count = this.#runningOf(turn) - 1;
    if (count > 0) this.#running.set(turn, count);
    else this.#running.delete(turn);
  }

  #runningOf(turn: string): number {
    return this.#running.get(turn) ?? 0;
  }
}
