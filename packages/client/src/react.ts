/** React: a query as a hook, on the subscriptions of the client. */
import { useMemo, useSyncExternalStore } from "react";
import { LOADING, type State } from "./question.ts";
import type { QueryClient } from "./types.ts";

export type { State } from "./question.ts";

const nothing = { state: () => LOADING, subscribe: () => () => {} };

/**
 * The live answer of a query: `loading`, then `data` that stays current, or a `problem`. Components that ask the same
 * share one subscription; it ends with the last of them. `null` asks nothing yet and is `loading`, as is a render on a
 * server.
 *
 * @example
 * const { data, problem } = useQuery(client.tasks.list, { project });
 */
export function useQuery<TInput, TAnswer>(query: QueryClient<TInput, TAnswer>, input: TInput | null): State<TAnswer> {
  const said = JSON.stringify(input);
  const { state, subscribe } = useMemo(
    () => (said === "null" ? nothing : query.watch(JSON.parse(said) as TInput)),
    [query, said],
  );
  return useSyncExternalStore(subscribe, state as () => State<TAnswer>, () => LOADING);
}
