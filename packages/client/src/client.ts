/**
 * Client: a service's endpoints as functions, typed by the service itself.
 *
 * Types are gone at run time, so names are taken as they come (`client.tasks.list` asks for `tasks.list`), and the
 * server's table says where that is.
 */
import type { ChannelHooks, Joined } from "./channel.ts";
import type { SocketClass } from "./connection.ts";
import { type CallOptions, type Credentials, FILE_TIMEOUT_MS, Http, TIMEOUT_MS, type Token } from "./http.ts";
import { Live, type Watched } from "./live.ts";
import { Problem, problem } from "./problem.ts";
import type { Update, Values } from "./question.ts";
import { type Outgoing, outgoing, ROUTES_PATH, Routes, type RouteTable } from "./routes.ts";
import type { Client, CommandOptions, Guess, SubscribeOptions } from "./types.ts";

/** Where the app is, and who calls. */
export interface ClientOptions {
  /** `https://api.example`, also with a path below which the app lies. Default: where the page comes from. */
  readonly url?: string;
  /** The token of a session, or what gives it for each request. Pages of the app itself have its cookie instead. */
  readonly token?: Token | (() => Token | Promise<Token>);
  /** Where endpoints are. Default: what the server says, asked once. */
  readonly routes?: RouteTable;
  /** When a browser sends cookies along. Default `same-origin`. */
  readonly credentials?: Credentials;
  /** Of a call with all its tries, in milliseconds. Default `TIMEOUT_MS`. */
  readonly timeoutMs?: number;
  /** Default: the global one. */
  readonly fetch?: typeof fetch;
  /** Default: the global one, which Node has from 22 on. */
  readonly WebSocket?: unknown;
}

/** What there is of a page, in a browser. */
type Page = { readonly location?: { readonly origin: string } };

/** What all endpoints of a client share. */
class Shared {
  readonly http: Http;
  readonly live: Live;
  readonly routes: Routes;

  constructor(options: ClientOptions) {
    const { token, credentials = "same-origin", timeoutMs = TIMEOUT_MS } = options;
    const url = (options.url ?? (globalThis as Page).location?.origin ?? "").replace(/\/$/, "");
    const tokenOf = typeof token === "function" ? token : () => token;
    // A browser's `fetch` wants to be called as a function of the window's.
    const fetch: typeof globalThis.fetch = options.fetch ?? ((...args) => globalThis.fetch(...args));
    const onToken = (used: Token) => this.live.actAs(used);
    this.http = new Http({ url, token: tokenOf, fetch, credentials, timeoutMs, onToken });
    this.live = new Live({
      url,
      token: tokenOf,
      WebSocket: options.WebSocket as SocketClass | undefined,
      onPosition: (position) => this.http.newest.heard(position),
    });
    this.routes = new Routes(() => this.#fetchRoutes(), options.routes);
  }

  async #fetchRoutes(): Promise<RouteTable> {
    const { text } = await this.http.send({ method: "GET", path: ROUTES_PATH, headers: {}, body: undefined });
    return readJson(text) as RouteTable;
  }

  /** Sends one call, and reads its answer. */
  async call(name: string, input: Values | undefined, options: CallOptions & { file?: Blob } = {}): Promise<Answered> {
    const route = await unlessAborted(this.routes.find(name), options.signal);
    const takesTime = route.upload || route.download ? { timeoutMs: FILE_TIMEOUT_MS } : {};
    try {
      const request = route.upload ? withFile(outgoing(route, input), options.file) : outgoing(route, input);
      const asked = { ...request, isFile: route.download === true };
      const { text, file, position } = await this.http.send(asked, { ...takesTime, ...options });
      if (file) return { value: file, position };
      const readText = text === "" ? () => undefined : readJson;
      return { value: route.text ? text : readText(text), position };
    } catch (error) {
      // The server has changed since it gave its table.
      if (error instanceof Problem && error.code === "ROUTE_NOT_FOUND") this.routes.forget();
      throw error;
    }
  }

  /** A question asked on the connection that all share. */
  watch(name: string, input: Values): Watched<unknown> {
    return this.live.watch(name, input, () => this.#pathOf(name, input));
  }

  /** A channel joined there. */
  join(name: string, input: Values, { signal, ...hooks }: ChannelHooks & { readonly signal?: AbortSignal }): Joined {
    const channel = this.live.join(() => this.#pathOf(name, input), hooks);
    const { listeners } = channel;
    const leave = () => {
      signal?.removeEventListener("abort", leave);
      this.live.leave(channel);
    };
    signal?.addEventListener("abort", leave);
    if (signal?.aborted) leave();
    return {
      state: () => channel.state,
      subscribe: (listener) => {
        const own = () => listener();
        listeners.add(own);
        return () => void listeners.delete(own);
      },
      send: (message, payload) => channel.send(message, payload),
      set: (state) => channel.set(state),
      leave,
    };
  }

  /** Only path and query string go over a socket. */
  async #pathOf(name: string, input: Values): Promise<string> {
    const { path, headers }: Outgoing = outgoing(await this.routes.find(name), input);
    const [header] = Object.keys(headers);
    if (header === undefined) return path;
    throw problem("LIVE_REFUSED", `A subscription cannot bring the header "${header}" of "${name}" along.`);
  }
}

/** The body is the file, as the blob says what it is. */
function withFile(request: Outgoing, file: Blob | undefined): Outgoing {
  if (!(file instanceof Blob)) {
    const detail = "This call takes a file: pass a Blob as the option `file`.";
    throw new Problem({ code: "INVALID_INPUT", status: 0, title: "The input is not valid", detail });
  }
  const type = file.type || "application/octet-stream";
  return { ...request, headers: { ...request.headers, "content-type": type }, body: file };
}

interface Answered {
  readonly value: unknown;
  readonly position: string | null;
}

/** What all calls wait for, until this one is given up. */
function unlessAborted<TValue>(work: Promise<TValue>, signal: AbortSignal | undefined): Promise<TValue> {
  if (!signal) return work;
  return new Promise((resolve, reject) => {
    const abort = () => reject(signal.reason);
    if (signal.aborted) abort();
    signal.addEventListener("abort", abort);
    work.then(resolve, reject).finally(() => signal.removeEventListener("abort", abort));
  });
}

function readJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (error) {
    throw problem("UNREADABLE", "The answer is not JSON.", error);
  }
}

/** One query, command or channel: at run time nobody knows which, and types show each its own part. */
function endpointOf(shared: Shared, name: string) {
  const watch = (input: Values = {}) => shared.watch(name, input);
  const call = async (input?: Values, options: CommandOptions = {}): Promise<unknown> => {
    const laid = (options.optimistic ?? []).flatMap((guess) => guess.lay());
    try {
      const { value, position } = await shared.call(name, input, options);
      for (const each of laid) each.settle(position);
      return value;
    } catch (error) {
      for (const each of laid) each.drop();
      throw error;
    }
  };
  const guess = (input: Values, update: Update): Guess => ({
    lay: () => shared.live.find(name, input).map((question) => question.guess(update)),
  });
  const subscribe = (input: Values, onAnswer: (answer: unknown) => void, options?: SubscribeOptions) =>
    follow(watch(input), onAnswer, options);
  const join = (input: Values = {}, options = {}) => shared.join(name, input, options);
  return Object.assign(call, { watch, guess, subscribe, join });
}

/** Tells the answers of a store one by one; the first, if it is there already, once the caller has what stops it. */
function follow(
  { state, subscribe }: Watched<unknown>,
  onAnswer: (answer: unknown) => void,
  { onProblem = (failure) => void Promise.reject(failure), signal }: SubscribeOptions = {},
): () => void {
  if (signal?.aborted) return () => {};
  let told: unknown = null;
  let isOver = false;
  const tell = () => {
    const now = state();
    if (isOver || now === told) return;
    told = now;
    if (now.status === "data") onAnswer(now.data);
    else if (now.status === "problem") onProblem(now.problem);
  };
  const leave = subscribe(tell);
  const stop = () => {
    isOver = true;
    signal?.removeEventListener("abort", stop);
    leave();
  };
  signal?.addEventListener("abort", stop);
  queueMicrotask(tell);
  return stop;
}

/** An object whose names are made when they are first asked for, and stay the same. */
function named<TValue>(make: (name: string) => TValue, own: Readonly<Record<string, unknown>> = {}): object {
  const made = new Map<string, TValue>();
  const get = (_: object, name: string | symbol): unknown => {
    // Who awaits an object asks whether it is a promise.
    if (typeof name === "symbol" || name === "then") return undefined;
    if (Object.hasOwn(own, name)) return own[name];
    if (!made.has(name)) made.set(name, make(name));
    return made.get(name);
  };
  return new Proxy({}, { get });
}

/**
 * A client of an app, typed by the modules of its services under the names that the app gives them. Making it does
 * nothing; the first call asks for the server's routes.
 *
 * Calls carry the newest position that the client has heard of, so it reads its own writes on any node. Reads are tried
 * again when the network fails; commands never are. All subscriptions and channels share one WebSocket.
 *
 * @example
 * import type * as links from "./links.ts";
 *
 * const client = createClient<{ links: typeof links }>({ url: "http://127.0.0.1:4000" });
 * const link = await client.links.link({ code: "docs" });
 * const stop = client.links.link.subscribe({ code: "docs" }, (answer) => show(answer.visits));
 */
export function createClient<TServices>(options: ClientOptions = {}): Client<TServices> {
  const shared = new Shared(options);
  const { live } = shared;
  const own = { $close: () => live.close(), $restart: () => live.restart(), $connection: live.status };
  const service = (module: string) => named((name) => endpointOf(shared, `${module}.${name}`));
  return named(service, own) as Client<TServices>;
}
