/**
 * Tail: the newest events, read once for all handlers of this node.
 *
 * Model. A window of events that follow each other, bounded in number and in bytes. Who reads at its end makes it grow,
 * who reads within it is served from memory, and who is far behind reads past it, only what is his.
 */
import type { EventLog, Page, StoredEvent } from "../log/event-log.ts";

/** Events of the window, and bytes of their payloads. */
export const TAIL_MAX = 5_000;
export const TAIL_BYTES_MAX = 16 * 1_048_576;

export class Tail {
  readonly #log: EventLog;
  #events: StoredEvent[] = [];
  #bytes = 0;
  /** The window holds all events after `#from` and up to `#end`. */
  #from: number;
  #end: number;
  #reading: Promise<void> | null = null;
  #term: string | null = null;

  /** @param head  Where the window begins, empty. */
  constructor(log: EventLog, head: number) {
    this.#log = log;
    this.#from = head;
    this.#end = head;
  }

  /** The next events after a position, of all kinds or of this name only. A page that leads nowhere is the end. */
  async read(after: number, name: string): Promise<Page> {
    if (after < this.#from || after > this.#end) return this.#readPast(after, name);
    if (after === this.#end) {
      await (this.#reading ??= this.#grow().finally(() => {
        this.#reading = null;
      }));
      if (after < this.#from) return this.#readPast(after, name);
    }
    return { events: this.#events.slice(this.#indexAfter(after)), upTo: this.#end };
  }

  /** What is read from now on is of the log with this term; what comes from another one leads nowhere. */
  follow(term: string): void {
    if (this.#isOther(term)) this.forget();
    this.#term = term;
  }

  /** Forgets the window: a server that lacks the last commits may have taken over, and has others in their places. */
  forget(): void {
    this.#events = [];
    this.#bytes = 0;
    this.#from = this.#end = Number.POSITIVE_INFINITY;
  }

  #isOther(term: string): boolean {
    return this.#term !== null && this.#term !== term;
  }

  /** Who comes to the end of the log begins a window that was forgotten. */
  async #readPast(after: number, name: string): Promise<Page> {
    const page = await this.#log.readNamed(after, name);
    if (this.#isOther(page.term)) return { events: [], upTo: after };
    if (page.upTo === after && this.#end === Number.POSITIVE_INFINITY) this.#from = this.#end = after;
    return page;
  }

  async #grow(): Promise<void> {
    const end = this.#end;
    const { events, upTo, term } = await this.#log.read(end);
    if (this.#end !== end || this.#isOther(term)) return;
    for (const event of events) this.#bytes += event.payload.length;
    this.#events.push(...events);
    this.#end = Math.max(this.#end, upTo);
    let gone = Math.max(0, this.#events.length - TAIL_MAX);
    for (let at = 0; at < gone || this.#bytes > TAIL_BYTES_MAX; at++) {
      this.#bytes -= this.#events[at]!.payload.length;
      gone = Math.max(gone, at + 1);
    }
    if (gone === 0) return;
    this.#from = this.#events[gone - 1]!.position;
    this.#events = this.#events.slice(gone);
  }

  /** Index of the first event after a position. */
  #indexAfter(position: number): number {
    let low = 0;
    let high = this.#events.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (this.#events[middle]!.position <= position) low = middle + 1;
      else high = middle;
    }
    return low;
  }
}
