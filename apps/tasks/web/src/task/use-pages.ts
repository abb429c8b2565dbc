/** A list that is loaded page by page. */
import { useCallback, useEffect, useRef, useState } from "react";

interface Page<TItem> {
  readonly items: readonly TItem[];
  readonly next: string | null;
}

type Load<TItem> = (cursor: string | undefined, signal: AbortSignal) => Promise<Page<TItem>>;

/** Loads the first page at once. `items` is `null` until it has come. */
export function usePages<TItem extends { readonly id: string }>(load: Load<TItem>) {
  const [items, setItems] = useState<readonly TItem[] | null>(null);
  const [next, setNext] = useState<string | null>(null);
  const [error, setError] = useState<unknown>(null);
  const latest = useRef(load);
  latest.current = load;

  const ask = useCallback(async (cursor: string | undefined, signal: AbortSignal) => {
    setError(null);
    try {
      const page = await latest.current(cursor, signal);
      if (signal.aborted) return;
      setItems((before) => (cursor === undefined ? page.items : [...(before ?? []), ...page.items]));
      setNext(page.next);
    } catch (failure) {
      if (!signal.aborted) setError(failure);
    }
  }, []);

  useEffect(() => {
    const controller = new AbortController();
    void ask(undefined, controller.signal);
    return () => controller.abort();
  }, [ask]);

  return {
    items,
    error,
    hasMore: next !== null,
    more: () => ask(next ?? undefined, new AbortController().signal),
    add: (item: TItem, where: "first" | "last" = "last") =>
      setItems((before) => (where === "first" ? [item, ...(before ?? [])] : [...(before ?? []), item])),
    drop: (id: string) => setItems((before) => before?.filter((each) => each.id !== id) ?? null),
  };
}
