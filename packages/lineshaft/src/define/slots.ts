/**
 * Slots: a set of things that come and go thousands of times in a second.
 *
 * Why not a `Set`: its table is replaced every few dozen additions, and the engine links each old table to the next.
 * A table that has once moved to the old generation keeps all later ones alive until the next full collection, with
 * everything that was in them: the heap grew by a megabyte at each small collection, which took several times as long.
 */
export class Slots<TItem> {
  readonly #items: (TItem | undefined)[] = [];
  readonly #free: number[] = [];

  /** Puts an item in and gives the number of its place. */
  add(item: TItem): number {
    const place = this.#free.pop() ?? this.#items.length;
    this.#items[place] = item;
    return place;
  }

  /** Takes the item at a place out; once for each `add`. */
  delete(place: number): void {
    this.#items[place] = undefined;
    this.#free.push(place);
  }

  /** All items, in no order. */
  all(): TItem[] {
    return this.#items.filter((item) => item !== undefined);
  }
}
