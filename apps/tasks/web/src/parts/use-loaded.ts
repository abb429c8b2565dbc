/** Something that is loaded: waiting, there, or failed, with a way to try again. */
import { useCallback, useEffect, useRef, useState } from "react";

export interface Loaded<TValue> {
  readonly value: TValue | null;
  readonly error: unknown;
  readonly isLoading: boolean;
  /** Loads again; what is there stays until the new value has come. */
  readonly reload: () => Promise<void>;
  readonly change: (change: (value: TValue) => TValue) => void;
}

/**
 * Loads at once, and again when `key` changes. Of two loads that overlap the later one counts.
 *
 * @param load  Gets a signal that ends it when nobody waits for it any more.
 */
export function useLoaded<TValue>(key: string, load: (signal: AbortSignal) => Promise<TValue>): Loaded<TValue> {
  const [value, setValue] = useState<TValue | null>(null);
  const [error, setError] = useState<unknown>(null);
  const [isLoading, setLoading] = useState(true);
  const latest = useRef(load);
  latest.current = load;
  const current = useRef<AbortController | null>(null);

  const reload = useCallback(async () => {
    current.current?.abort();
    const controller = new AbortController();
    current.current = controller;
    setLoading(true);
    setError(null);
    try {
      const next = await latest.current(controller.signal);
      if (!controller.signal.aborted) setValue(next);
    } catch (failure) {
      if (!controller.signal.aborted) setError(failure);
    } finally {
      if (!controller.signal.aborted) setLoading(false);
    }
  }, []);

  // biome-ignore lint/correctness/useExhaustiveDependencies: the key says when to load again.
  useEffect(() => {
    void reload();
    return () => current.current?.abort();
  }, [key, reload]);

  const change = useCallback((next: (value: TValue) => TValue) => {
    setValue((before) => (before === null ? null : next(before)));
  }, []);
  return { value, error, isLoading, reload, change };
}
