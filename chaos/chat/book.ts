/**
 * Book: what one client knows of a room, kept as the chat's README tells those who write a client.
 *
 * The newest page is watched, and so are the last `CHUNKS` ranges of `CHUNK` numbers, where edits and reactions happen.
 * Of several places that know a message, the range counts, then the newest page, then what was kept of older answers.
 * A gap between what is known and the newest page is filled by asking for what comes after.
 */
import type { Record } from "./record.ts";

export const CHUNK = 100;
/** How many ranges are watched: the one of the last message, and those before it. */
export const CHUNKS = 3;

export interface Item {
  readonly number: number;
  readonly clientId: string;
  readonly text: string;
  readonly author: { readonly id: string } | null;
  readonly deletedAt: string | null;
  readonly reactions: readonly { readonly emoji: string; readonly accounts: readonly string[] }[];
}

type Items = ReadonlyMap<number, Item>;

const byNumber = (items: readonly Item[]): Items => new Map(items.map((item) => [item.number, item]));

export class Book {
  readonly #who: string;
  readonly #record: Record;
  readonly #onSeen: (item: Item) => void;
  readonly #kept = new Map<number, Item>();
  readonly #chunks = new Map<number, Items>();
  readonly #identities = new Map<number, string>();
  #newest: Items = new Map();
  /** The last number that the newest page has had. */
  last = 0;
  /** All numbers up to this one are known. */
  whole = 0;

  /** @param who  Stands in findings. */
  constructor(who: string, record: Record, onSeen: (item: Item) => void = () => {}) {
    this.#who = who;
    this.#record = record;
    this.#onSeen = onSeen;
  }

  /** An answer for the newest page. */
  newest(items: readonly Item[]): void {
    this.#record.count("newest pages shown");
    const last = items.at(-1)?.number ?? 0;
    if (last < this.last) this.#find("order", "stale", `the newest page went back from ${this.last} to ${last}`);
    this.last = Math.max(this.last, last);
    this.#newest = byNumber(items);
    this.#see(items);
  }

  /** An answer for the range of a chunk. */
  chunk(chunk: number, items: readonly Item[]): void {
    this.#chunks.set(chunk, byNumber(items));
    this.#see(items);
  }

  /** A range is watched no more: what it said last is kept. */
  drop(chunk: number): void {
    for (const [number, item] of this.#chunks.get(chunk) ?? []) this.#kept.set(number, item);
    this.#chunks.delete(chunk);
  }

  /** Answers to what was asked for a gap. */
  fill(items: readonly Item[]): void {
    this.#record.count("messages that filled gaps", items.length);
    this.#see(items);
  }

  get hasGap(): boolean {
    return this.whole < this.last;
  }

  /** The ranges to watch now. */
  wanted(): readonly number[] {
    const newest = Math.floor(Math.max(0, this.last - 1) / CHUNK);
    return Array.from({ length: CHUNKS }, (_, back) => newest - back).filter((chunk) => chunk >= 0);
  }

  get(number: number): Item | undefined {
    const chunk = this.#chunks.get(Math.floor((number - 1) / CHUNK));
    return chunk?.get(number) ?? this.#newest.get(number) ?? this.#kept.get(number);
  }

  /** All that is known, by number. */
  all(): Item[] {
    return [...this.#kept.keys()].sort((left, right) => left - right).map((number) => this.get(number)!);
  }

  #see(items: readonly Item[]): void {
    for (const [index, item] of items.entries()) {
      const { number } = item;
      if (number !== items[0]!.number + index) this.#find("numbers", "lost", `a page has ${number} out of its place`);
      const identity = `${item.clientId} of ${item.author?.id}`;
      const known = this.#identities.get(number) ?? identity;
      if (known !== identity) this.#find("order", "wrong", `${number} was ${known}, and is ${identity}`);
      this.#identities.set(number, known);
      this.#kept.set(number, item);
      this.#onSeen(item);
    }
    while (this.#kept.has(this.whole + 1)) this.whole++;
  }

  #find(check: string, kind: "lost" | "stale" | "wrong", what: string): void {
    this.#record.find(check, kind, `${this.#who}: ${what}`);
  }
}
