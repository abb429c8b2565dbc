/**
 * Queue: first in, first out, in a ring that is used again and again.
 *
 * Why not a `Set`, which keeps the order as well: its table is replaced every few dozen additions, and the engine links
 * each old table to the next one. A table that has once moved to the old generation keeps all later ones alive until
 * the next full collection, with everything that they held.
 */

const CAPACITY_MIN = 16;

export class Queue<TItem> {
  #ring: (TItem | undefined)[] = new Array(CAPACITY_MIN).fill(undefined);
  #first = 0;
  #size = 0;

  get size(): number {
    return this.#size;
  }

  /** The one that `shift` would take. */
  get first(): TItem | undefined {
    return this.#ring[this.#first];
  }

  push(item: TItem): void {
    if (this.#size === this.#ring.length) this.#grow();
    this.#ring[(this.#first + this.#size) & (this.#ring.length - 1)] = item;
    this.#size++;
  }

  /** Takes the first item out; `undefined` when there is none. */
  shift(): TItem | undefined {
    if (this.#size === 0) return undefined;
    const item = this.#ring[this.#first];
    this.#ring[this.#first] = undefined;
    this.#first = (this.#first + 1) & (this.#ring.length - 1);
    this.#size--;
    return item;
  }

  /** Takes an item out of the middle. Costs as much as there are items. */
  delete(item: TItem): void {
    const kept = this.drain().filter((each) => each !== item);
    for (const each of kept) this.push(each);
  }

  /** Takes all items out. */
  drain(): TItem[] {
    const items: TItem[] = [];
    for (let item = this.shift(); item !== undefined; item = this.shift()) items.push(item);
    return items;
  }

  #grow(): void {
    const items = this.drain();
    this.#ring = new Array(this.#ring.length * 2).fill(undefined);
    this.#first = 0;
    for (const each of items) this.push(each);
  }
}
