/**
 * Pages: the first pages of a query as one list that stays current.
 *
 * Each page is a question of its own, and the next one begins where the one before ends now: when a change moves that
 * end, the pages behind it are asked anew. Until all have come, the list that was whole before is shown.
 */
import type { Watched } from "./live.ts";
import { LOADING, type State } from "./question.ts";

/** What a query answers whose output is `page(…)`. */
export interface Page<TItem> {
  readonly items: readonly TItem[];
  /** The `cursor` of the page behind it. */
  readonly next: string | null;
}

/** Pages as one list. */
export interface Pages<TItem> {
  /** Each once, as far as they have an `id`. */
  readonly items: readonly TItem[];
  /** Whether there are more items behind these. */
  readonly hasMore: boolean;
  /** Whether pages that are wanted have not come yet. */
  readonly isLoading: boolean;
  /** Wants one page more. */
  readonly more: () => void;
}

/** A query whose output is `page(…)` and whose input has a `cursor`. */
export interface PagedQuery<TInput extends { readonly cursor?: string | undefined }, TItem> {
  watch(input: TInput): Watched<Page<TItem>>;
}

interface Link<TItem> {
  readonly cursor: string | null;
  readonly watched: Watched<Page<TItem>>;
  readonly stop: () => void;
}

/** The first pages of a query as a store, like `watch` for one: so many of them, and more on demand. */
export function watchPages<TInput extends { readonly cursor?: string | undefined }, TItem>(
  query: PagedQuery<TInput, TItem>,
  input: NoInfer<TInput>,
  count = 1,
): Watched<Pages<TItem>> {
  const watchAt = (cursor: string | null) => query.watch(cursor === null ? input : { ...input, cursor });
  const list = new PageList(watchAt, count);
  return { state: () => list.state, subscribe: (listener) => list.subscribe(listener) };
}

class PageList<TItem> {
  state: State<Pages<TItem>> = LOADING;
  readonly #watchAt: (cursor: string | null) => Watched<Page<TItem>>;
  readonly #listeners = new Set<() => void>();
  readonly #links: Link<TItem>[] = [];
  #shown: readonly Page<TItem>[] = [];
  #wanted: number;

  constructor(watchAt: (cursor: string | null) => Watched<Page<TItem>>, count: number) {
    this.#watchAt = watchAt;
    this.#wanted = count;
  }

  subscribe(listener: () => void): () => void {
    const own = () => listener();
    this.#listeners.add(own);
    if (this.#listeners.size === 1) this.#look();
    return () => {
      this.#listeners.delete(own);
      if (this.#listeners.size === 0) this.#unlink(0);
    };
  }

  /** Follows the pages from the first one on, as far as they are known. */
  readonly #look = (): void => {
    const pages: Page<TItem>[] = [];
    let cursor: string | null = null;
    do {
      const page = this.#pageAt(pages.length, cursor);
      if (page.status !== "data") {
        this.#wait(page, pages);
        return;
      }
      pages.push(page.data);
      cursor = page.data.next;
    } while (cursor !== null && pages.length < this.#wanted);
    this.#unlink(pages.length);
    this.#show(pages, false);
  };

  /** What is known of a page, which is watched from now on. */
  #pageAt(index: number, cursor: string | null): State<Page<TItem>> {
    const before = this.#links[index];
    if (before?.cursor === cursor) return before.watched.state();
    const watched = this.#watchAt(cursor);
    this.#links[index] = { cursor, watched, stop: watched.subscribe(this.#look) };
    before?.stop();
    return watched.state();
  }

  #unlink(from: number): void {
    for (const { stop } of this.#links.splice(from)) stop();
  }

  #wait(page: Exclude<State<never>, { status: "data" }>, before: readonly Page<TItem>[]): void {
    if (page.status === "loading" && before.length > 0) {
      this.#show(before.length < this.#shown.length ? this.#shown : before, true);
    } else {
      this.#shown = [];
      this.#become(page);
    }
  }

  #show(pages: readonly Page<TItem>[], isLoading: boolean): void {
    const isSame = pages.length === this.#shown.length && pages.every((page, index) => page === this.#shown[index]);
    if (isSame && this.state.data?.isLoading === isLoading) return;
    this.#shown = pages;
    const items = onceEach(pages.flatMap((page) => page.items));
    const data = { items, hasMore: pages.at(-1)?.next !== null, isLoading, more: this.#more };
    this.#become({ status: "data", data, problem: undefined });
  }

  readonly #more = (): void => {
    this.#wanted = this.#shown.length + 1;
    this.#look();
  };

  #become(state: State<Pages<TItem>>): void {
    this.state = state;
    for (const listener of [...this.#listeners]) listener();
  }
}

/** While a change is on its way, an item may be on the page that it leaves and on the one that it comes to. */
function onceEach<TItem>(items: readonly TItem[]): readonly TItem[] {
  const keyOf = (item: TItem, index: number) => (item as { readonly id?: unknown } | null)?.id ?? index;
  return [...new Map(items.map((item, index) => [keyOf(item, index), item])).values()];
}
