/** Turns: so many at a time, the others wait in the order in which they came, for as long as it takes. */
import { Queue } from "../data/queue.ts";

export class Turns {
  #free: number;
  readonly #waiting = new Queue<() => void>();

  constructor(count: number) {
    this.#free = count;
  }

  /** Runs work when it is its turn. */
  async take<T>(work: () => Promise<T>): Promise<T> {
    if (this.#free > 0) this.#free--;
    else await new Promise<void>((resolve) => this.#waiting.push(resolve));
    try {
      return await work();
    } finally {
      const next = this.#waiting.shift();
      if (next === undefined) this.#free++;
      else next();
    }
  }
}
