/** React: queries and channels as hooks, on the connection of the client. */
import type { InputOf, ResultOf, Wire } from "lineshaft";
import { useEffect, useMemo, useRef, useSyncExternalStore } from "react";
import { type ChannelHooks, JOINING, type Joined, type MembershipState } from "./channel.ts";
import type { ConnectionState, Watched } from "./live.ts";
import { type PagedQuery, type Pages, watchPages } from "./pages.ts";
import { LOADING, type State } from "./question.ts";
import type { ChannelArguments, ChannelClient, Client, QueryClient, Speaker } from "./types.ts";

export type { Member, MembershipState } from "./channel.ts";
export type { ConnectionState, Watched } from "./live.ts";
export type { Pages } from "./pages.ts";
export type { State } from "./question.ts";
export type { ChannelOptions } from "./types.ts";

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
  return useKept(watched, said, options);
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
  return useKept(watched, said, options);
}

/** What a page sees and does of a channel: `me` is the own key. */
export type UsedChannel<TMember, TState, TMessages> = Pick<
  MembershipState<Wire<ResultOf<TMember>>, Wire<ResultOf<TState>>>,
  "status" | "members" | "problem"
> & { readonly me: string | undefined } & Speaker<TState, TMessages>;

/**
 * Joins a channel while the component is there, and shows who else is. Each component is a member of its own: use it
 * once for a topic, and hand on what it gives. A new value of `state` is told to the others; `onMessage` and
 * `onRefused` may be others with each render. `null` joins nothing yet and is `joining`, as is a render on a server.
 *
 * @example
 * const { members, send } = useChannel(client.chat.room, { room }, { onMessage: ({ name, from }) => … });
 */
export function useChannel<TInput, TMember, TState, TMessages>(
  channel: ChannelClient<TInput, TMember, TState, TMessages>,
  input: InputOf<TInput> | null,
  ...[options]: ChannelArguments<TMember, TState, TMessages>
): UsedChannel<TMember, TState, TMessages> {
  const given = (options ?? {}) as ChannelHooks;
  const said = JSON.stringify(input);
  const latest = useRef(given);
  const store = useMemo(() => seat(channel as unknown as Joins, said, latest), [channel, said]);
  useEffect(() => {
    latest.current = given;
  });
  const { key: me, ...shown } = useSyncExternalStore(store.subscribe, store.state, () => JOINING);
  const state = JSON.stringify(given.state);
  useEffect(() => {
    if (state !== undefined) store.set(JSON.parse(state));
  }, [store, state]);
  const { send, set } = store;
  return { ...shown, me, send, set } as unknown as UsedChannel<TMember, TState, TMessages>;
}

type Joins = { readonly join: (input: unknown, hooks: ChannelHooks) => Joined };

/** A membership that lasts as long as somebody listens. */
function seat({ join }: Joins, said: string, latest: { readonly current: ChannelHooks }) {
  let joined: Joined | null = null;
  const subscribe: Subscribe = (listener) => {
    if (said === "null") return () => {};
    const own = join(JSON.parse(said), {
      state: latest.current.state,
      onMessage: (message) => latest.current.onMessage?.(message),
      onRefused: (problem) => latest.current.onRefused?.(problem),
    });
    joined = own;
    own.subscribe(listener);
    return () => {
      own.leave();
      joined = null;
    };
  };
  return {
    subscribe: calmed(subscribe),
    state: () => joined?.state() ?? JOINING,
    send: (name: string, payload?: object) => joined?.send(name, payload) ?? false,
    set: (state: object) => joined?.set(state),
  };
}

/** How the connection of a client's subscriptions and channels is: what a page tells people whose data may be old. */
export function useConnection({ $connection }: Pick<Client<object>, "$connection">): ConnectionState {
  return useSyncExternalStore($connection.subscribe, $connection.state, () => "idle");
}

/**
 * What a store of the client says now: of `watch`, of `watchPages`, or one that a page makes of several. It is watched
 * as long as it is the same one.
 *
 * @example
 * const { data } = useWatched(useMemo(() => client.tasks.list.watch({ project }), [project]));
 */
export function useWatched<TAnswer>({ subscribe, state }: Watched<TAnswer>): State<TAnswer> {
  const calm = useMemo(() => calmed(subscribe), [subscribe]);
  return useSyncExternalStore<State<TAnswer>>(calm, state, () => LOADING);
}

function useKept<TAnswer>(watched: Watched<TAnswer>, said: string, { keep = false }: HookOptions = {}) {
  const now = useWatched(watched);
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
