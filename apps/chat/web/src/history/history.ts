/**
 * History: the messages of a room that are shown, as live pages.
 *
 * Model. Messages are numbered without gaps, so page n is the numbers n * PAGE_ROWS + 1 to (n + 1) * PAGE_ROWS, whoever
 * asks and whenever: all who look at it share one answer of the server, and a post concerns the last one only. There is
 * a window of such pages, each of them a live query. It begins at the end of the room or around a message, grows where
 * somebody scrolls, and lets go of its other side when it is too long.
 * Promise. What is shown has no gap, nothing twice, and the order of the numbers: pages come one by one, so messages
 * behind a page that is not complete yet wait for it.
 */
import type { Problem, State, Watched } from "@lineshaft/client";
import { chat, type Message } from "../client.ts";

/** Numbers of one page. */
const PAGE_ROWS = 50;
/** Pages that are watched at once. */
const PAGES_MAX = 12;
/** A last page that is shorter comes with the one before it. */
const PAGE_ROWS_ENOUGH = 30;

type Page = { readonly items: readonly Message[] };

export interface Shown {
  readonly messages: readonly Message[];
  /** Whether the first message of the room is here. */
  readonly hasStart: boolean;
  /** Whether the last message of the room is here, and each new one will be. */
  readonly hasEnd: boolean;
  readonly isLoading: boolean;
}

interface Link {
  readonly watched: Watched<Page>;
  readonly stop: () => void;
}

const LOADING: State<never> = { status: "loading", data: undefined, problem: undefined };

const pageOf = (number: number) => Math.floor((Math.max(1, number) - 1) / PAGE_ROWS);
const rowOf = (number: number) => (Math.max(1, number) - 1) % PAGE_ROWS;

export class History implements Watched<Shown> {
  readonly #room: string;
  readonly #listeners = new Set<() => void>();
  readonly #links = new Map<number, Link>();
  #state: State<Shown> = LOADING;
  #first = 0;
  #last = 0;
  /** Whether the window goes on with the room. */
  #follows = true;

  /** @param at  The last message of the room, as far as that is known. */
  constructor(room: string, at: number) {
    this.#room = room;
    this.#place(at);
  }

  readonly state = (): State<Shown> => this.#state;

  readonly subscribe = (listener: () => void): (() => void) => {
    const own = () => listener();
    this.#listeners.add(own);
    if (this.#listeners.size === 1) this.#look();
    return () => {
      this.#listeners.delete(own);
      if (this.#listeners.size === 0) this.#unlink(() => true);
    };
  };

  readonly older = (): void => {
    if (this.#first === 0 || this.#isWaiting()) return;
    this.#first -= 1;
    if (this.#last - this.#first >= PAGES_MAX) {
      this.#last -= 1;
      this.#follows = false;
    }
    this.#look();
  };

  readonly newer = (): void => {
    if (this.#follows || this.#isWaiting()) return;
    this.#grow();
    this.#look();
  };

  /** Shows a message, and what stands around it. */
  readonly showAround = (number: number): void => {
    if (this.has(number)) return;
    const page = pageOf(number);
    const isEarly = rowOf(number) < PAGE_ROWS / 2;
    this.#first = isEarly ? Math.max(0, page - 1) : page;
    this.#last = isEarly ? page : page + 1;
    this.#follows = false;
    this.#look();
  };

  /** Shows the end of the room. */
  readonly showEnd = (at: number): void => {
    if (this.#follows) return;
    this.#place(at);
    this.#look();
  };

  has(number: number): boolean {
    const messages = this.#state.data?.messages ?? [];
    return messages.length > 0 && number >= messages[0]!.number && number <= messages.at(-1)!.number;
  }

  #place(at: number): void {
    this.#last = pageOf(at);
    this.#first = rowOf(at) < PAGE_ROWS_ENOUGH ? Math.max(0, this.#last - 1) : this.#last;
    this.#follows = true;
  }

  #grow(): void {
    this.#last += 1;
    if (this.#last - this.#first >= PAGES_MAX) this.#first += 1;
  }

  #isWaiting(): boolean {
    return this.#links.values().some(({ watched }) => watched.state().status === "loading");
  }

  /** Watches the pages of the window, and no others, and shows what of them is without gaps. */
  readonly #look = (): void => {
    if (this.#listeners.size === 0) return;
    for (;;) {
      const last = this.#pageAt(this.#last);
      if (last.status !== "data") break;
      if (last.data.items.length < PAGE_ROWS) this.#follows = true;
      else if (this.#follows) {
        this.#grow();
        continue;
      }
      break;
    }
    this.#unlink((page) => page < this.#first || page > this.#last);
    const pages = Array.from({ length: this.#last - this.#first + 1 }, (_, index) => this.#pageAt(this.#first + index));
    const problem = pages.find(({ status }) => status === "problem")?.problem;
    if (problem) this.#fail(problem);
    else this.#show(pages);
  };

  #pageAt(index: number): State<Page> {
    let link = this.#links.get(index);
    if (!link) {
      const watched = chat.messages.watch({ room: this.#room, after: index * PAGE_ROWS, limit: PAGE_ROWS });
      link = { watched, stop: watched.subscribe(this.#look) };
      this.#links.set(index, link);
    }
    return link.watched.state();
  }

  #unlink(isOut: (page: number) => boolean): void {
    for (const [page, { stop }] of [...this.#links].filter(([each]) => isOut(each))) {
      this.#links.delete(page);
      stop();
    }
  }

  #show(pages: readonly State<Page>[]): void {
    const isLoading = pages.some(({ status }) => status === "loading");
    const from = pages.findIndex(({ status }) => status === "data");
    const messages: Message[] = [];
    let index = Math.max(0, from);
    for (; index < pages.length; index++) {
      const items = pages[index]!.data?.items;
      if (!items) break;
      messages.push(...items);
      if (items.length < PAGE_ROWS) break;
    }
    if (messages.length === 0 && isLoading) {
      if (this.#state.status !== "data") this.#become(LOADING);
      else this.#become({ ...this.#state, data: { ...this.#state.data, isLoading } });
      return;
    }
    const hasEnd = this.#follows && !isLoading;
    const hasStart = this.#first === 0 && from === 0;
    this.#become({ status: "data", data: { messages, hasStart, hasEnd, isLoading }, problem: undefined });
  }

  #fail(problem: Problem): void {
    this.#become({ status: "problem", data: undefined, problem });
  }

  #become(state: State<Shown>): void {
    this.#state = state;
    for (const listener of [...this.#listeners]) listener();
  }
}
