/** Random choices that a seed repeats. */
export class Random {
  #state: number;

  constructor(seed: number) {
    this.#state = seed >>> 0;
  }

  /** A number from 0 up to, not including, 1. The generator is mulberry32. */
  next(): number {
    this.#state = (this.#state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(this.#state ^ (this.#state >>> 15), this.#state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 0x1_0000_0000;
  }

  below(count: number): number {
    return Math.floor(this.next() * count);
  }

  chance(probability: number): boolean {
    return this.next() < probability;
  }

  pick<TItem>(items: readonly TItem[]): TItem {
    return items[this.below(items.length)]!;
  }

  /** One of the keys, as often as its weight says. */
  weighted<TKey extends string>(weights: Readonly<Record<TKey, number>>): TKey {
    const keys = Object.keys(weights) as TKey[];
    let left = this.next() * keys.reduce((sum, key) => sum + weights[key], 0);
    return keys.find((key) => (left -= weights[key]) < 0) ?? keys[0]!;
  }
}
