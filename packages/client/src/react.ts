/** React: queries as hooks, on the subscriptions of the client. */
import { useMemo, useRef, useSyncExternalStore } from "react";
import type { ConnectionState, Watched } from "./live.ts";
import { type PagedQuery, type Pages, watchPages } from "./pages.ts";
import { LOADING, type State } from "./question.ts";
import type { Client, QueryClient } from "./types.ts";

export type { ConnectionState } from "./live.ts";
export type { Pages } from "./pages.ts";
export type { State } from "./question.ts";

/** How a hook asks. */
export interface HookOptions {
  /** Shows what the input before had, until the answer to a new one is there. */
  readonly keep?: boolean;
}

/** News that come faster than this, in milliseconds, come together: React gives up where updates leave it no pause. */
const CALM_MS = 50;

const nothing = { state: () => LOADING, subscribe: () => () => {} };

/**
 * The live answer of a query: `loading`, then `data` that stays current, or a `problem`. Components that ask the same
 * share one subscription; it ends with the last of them. `null` asks nothing yet and is `loading`, as is a render on a
 * server.
 *
 * @example
 * const { data, problem } = useQuery(client.tasks.list, { project });
 */
export function useQuery<TInput, TAnswer>(
  query: QueryClient<TInput, TAnswer>,
  input: TInput | null,
  options?: HookOptions,
): State<TAnswer> {
  const said = JSON.stringify(input);
  const watched = useMemo(
    () => (said === "null" ? nothing : query.watch(JSON.parse(said) as TInput)) as Watched<TAnswer>,
    [query, said],
  );
  return useWatched(watched, said, options);
}

/**
 * The first pages of a query as one list that stays current: so many of them, and with each `data.more()` one more.
 * For queries whose output is `page(…)` and whose input has a `cursor`.
 *
 * @example
 * const { data } = usePages(client.tasks.comments, { task }, { pages: 2 });
 */
export function usePages<TInput extends { readonly cursor?: string | undefined }, TItem>(
  query: PagedQuery<TInput, TItem>,
  input: NoInfer<TInput> | null,
  { pages = 1, ...options }: HookOptions & { readonly pages?: number } = {},
): State<Pages<TItem>> {
  const said = JSON.stringify(input);
  const watched = useMemo(
    () => (said === "null" ? nothing : watchPages(query, JSON.parse(said) as TInput, pages)) as Watched<Pages<TItem>>,
    [query, said, pages],
  );
  return useWatched(watched, said, options);
}

/** How the connection of a client's subscriptions is: what a page tells people whose data may be old. */
export function useConnection({ $connection }: Pick<Client<object>, "$connection">): ConnectionState {
  return useSyncExternalStore($connection.subscribe, $connection.state, () => "idle");
}

function useWatched<TAnswer>(watched: Watched<TAnswer>, said: string, { keep = false }: HookOptions = {}) {
  const { state } = watched;
  const subscribe = useMemo(() => calmed(watched.subscribe), [watched]);
  const now = useSyncExternalStore<State<TAnswer>>(subscribe, state, () => LOADING);
  const last = useRef<{ readonly said: string; readonly state: State<TAnswer> } | null>(null);
  if (now.status !== "loading") last.current = { said, state: now };
  // Who loads the same again asks as somebody else, who must not see it.
  else if (last.current?.said === said || said === "null") last.current = null;
  return keep && last.current ? last.current.state : now;
}

type Subscribe = Watched<unknown>["subscribe"];

/** Tells of the first change at once, and of those that follow within `CALM_MS` together. */
function calmed(subscribe: Subscribe): Subscribe {
  return (listener) => {
    let timer: ReturnType<typeof setTimeout> | undefined;
    let hasNews = false;
    const tell = () => {
      hasNews = false;
      timer = setTimeout(() => (hasNews ? tell() : (timer = undefined)), CALM_MS);
      listener();
    };
    const stop = subscribe(() => (timer === undefined ? tell() : (hasNews = true)));
    return () => {
      clearTimeout(timer);
      stop();
    };
  };
}
