/**
 * Store: answers by key, bounded in bytes, that lets go of what nobody asks for.
 *
 * SIEVE (Zhang and others, NSDI 2024): a queue in the order of arrival, and a hand that moves from the oldest towards
 * the newest. An entry that was asked for since the hand last passed is spared once; the first that was not is let go.
 * So a flood of answers that are asked for once leaves the hot ones where they are, and a hit writes one bit.
 */

interface Node<TValue> {
  readonly key: string;
  readonly value: TValue;
  readonly bytes: number;
  visited: boolean;
  newer: Node<TValue> | null;
  older: Node<TValue> | null;
}

/** What an entry costs beside its value: maps, links, postings of its read set; measured, rounded up. */
export const ENTRY_BYTES = 600;

export class Store<TValue> {
  readonly bytesMax: number;
  readonly #nodes = new Map<string, Node<TValue>>();
  readonly #onEvict: (key: string) => void;
  #newest: Node<TValue> | null = null;
  #oldest: Node<TValue> | null = null;
  #hand: Node<TValue> | null = null;
  #bytes = 0;

  /** @param onEvict  Told of each entry that has to go for another one. */
  constructor(bytesMax: number, onEvict: (key: string) => void) {
    this.bytesMax = bytesMax;
    this.#onEvict = onEvict;
  }

  get size(): number {
    return this.#nodes.size;
  }

  get bytes(): number {
    return this.#bytes;
  }

  get(key: string): TValue | undefined {
    const node = this.#nodes.get(key);
    if (node === undefined) return undefined;
    node.visited = true;
    return node.value;
  }

  /** The same, without a trace: who only looks spares nothing. */
  peek(key: string): TValue | undefined {
    return this.#nodes.get(key)?.value;
  }

  *entries(): Generator<readonly [key: string, value: TValue]> {
    for (const [key, { value }] of this.#nodes) yield [key, value];
  }

  /** Puts a value in; others go until it fits. False, and nothing changes, when it is larger than a tenth of it all. */
  set(key: string, value: TValue, valueBytes: number): boolean {
    const bytes = valueBytes + 2 * key.length + ENTRY_BYTES;
    if (bytes > this.bytesMax / 10) return false;
    this.delete(key);
    while (this.#bytes + bytes > this.bytesMax) this.#evict();
    const node: Node<TValue> = { key, value, bytes, visited: false, newer: null, older: this.#newest };
    if (this.#newest) this.#newest.newer = node;
    else this.#oldest = node;
    this.#newest = node;
    this.#nodes.set(key, node);
    this.#bytes += bytes;
    return true;
  }

  delete(key: string): boolean {
    const node = this.#nodes.get(key);
    if (node === undefined) return false;
    if (this.#hand === node) this.#hand = node.newer;
    if (node.newer) node.newer.older = node.older;
    else this.#newest = node.older;
    if (node.older) node.older.newer = node.newer;
    else this.#oldest = node.newer;
    this.#nodes.delete(key);
    this.#bytes -= node.bytes;
    return true;
  }

  clear(): void {
    this.#nodes.clear();
    this.#newest = this.#oldest = this.#hand = null;
    this.#bytes = 0;
  }

  #evict(): void {
    let node = this.#hand ?? this.#oldest!;
    while (node.visited) {
      node.visited = false;
      node = node.newer ?? this.#oldest!;
    }
    this.#hand = node.newer;
    this.#onEvict(node.key);
    this.delete(node.key);
  }
}
