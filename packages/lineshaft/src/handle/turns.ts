/**
 * Turns: so many at a time. Those who wait are taken by owner, one of each in turn, so that an owner with many that
 * take long does not keep the others from theirs.
 */
import { Queue } from "../data/queue.ts";

export class Turns {
  #free: number;
  /** By owner; the owner whose turn comes next is the first. */
  readonly #waiting = new Map<object, Queue<() => void>>();

  constructor(count: number) {
    this.#free = count;
  }

  /** Runs work when it is the owner's turn. */
  async take<T>(owner: object, work: () => Promise<T>): Promise<T> {
    if (this.#free > 0) this.#free--;
    else await new Promise<void>((resolve) => this.#queueOf(owner).push(resolve));
    try {
      return await work();
    } finally {
      this.#next();
    }
  }

  #queueOf(owner: object): Queue<() => void> {
    let queue = this.#waiting.get(owner);
    if (queue === undefined) this.#waiting.set(owner, (queue = new Queue()));
    return queue;
  }

  #next(): void {
    const [first] = this.#waiting;
    if (first === undefined) {
      this.#free++;
      return;
    }
    const [owner, queue] = first;
    const begin = queue.shift()!;
    this.#waiting.delete(owner);
    if (queue.size > 0) this.#waiting.set(owner, queue);
    begin();
  }
}
