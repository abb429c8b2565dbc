/**
 * Live: the questions that a client watches, the channels that it has joined, and the one connection that they share.
 *
 * Promises (LIVE-1, as far as it is the client's): a watcher gets the current answer, then the newest after every
 * change, in order; after a reconnect it goes on from its last position. The same question watched twice is one
 * subscription on the wire.
 * A connection that ends is made again, after a pause that grows with each failure up to `PAUSE_MS_MAX` and is drawn at
 * random. It is not when the server refused what we say (`REFUSED_CODES`), or who we are: then all questions end with
 * that problem, until the token changes or somebody asks anew. So do channels. Where there is no token to be had, only
 * those end that show nothing yet. Without any question or channel there is no connection.
 * What people are told of it is a `ConnectionState`: `live` only while nothing is shown that may be old.
 */
import { type ChannelHooks, ChannelThread } from "./channel.ts";
import { Connection, type Events, type Socket, type SocketClass, SUBPROTOCOL, type Thread } from "./connection.ts";
import type { Token } from "./http.ts";
import { asProblem, type Problem, problem } from "./problem.ts";
import { attempted, LOADING, Question, type State, said, type Values } from "./question.ts";

/** Where the platform answers. */
export const LIVE_PATH = "/live";
/** The first pause is up to so long, in milliseconds; each further one up to twice the one before. */
const PAUSE_MS = 250;
export const PAUSE_MS_MAX = 10_000;
/** How long a connection is kept that nobody needs: a page that changes its view asks again at once. */
export const IDLE_MS = 1_000;
/**
 * How often the server is asked for a sign of life, which it has given before the next time; and how often the clock is
 * looked at, to notice that the machine was asleep: the server has then given us up.
 */
export const WATCH_MS = 15_000;
/** Browsers slow the timers of pages in the background down to one a minute. */
const ASLEEP_MS = 90_000;
/** Close codes by which a server says that it does not take what we send; again would be the same. */
const REFUSED_CODES: readonly number[] = [1002, 1003, 1008, 1009];

export interface LiveOptions {
  readonly url: string;
  readonly token: () => Token | Promise<Token>;
  readonly WebSocket: SocketClass | undefined;
  readonly onPosition: (position: string) => void;
}

/**
 * How the connection is: `idle` while nothing is watched; `connecting` at first; `live` while everything that is shown
 * is current; `reconnecting` when it was, and may have become old.
 */
export type ConnectionState = "idle" | "connecting" | "live" | "reconnecting";

/** A question as a store: what a view framework binds to. */
export interface Watched<TAnswer> {
  /** What is known now. The same object as long as nothing changes. */
  readonly state: () => State<TAnswer>;
  /** Is told that the state has changed. The first listener asks the server; what is returned stops it. */
  readonly subscribe: (listener: () => void) => () => void;
}

/** The network has gone or come: what was connected before may be no longer. */
const NETWORK_EVENTS = ["online", "offline"] as const;

type Timer = ReturnType<typeof setTimeout>;

export class Live {
  readonly #options: LiveOptions;
  readonly #questions = new Map<string, Question>();
  readonly #channels = new Set<ChannelThread>();
  readonly #listeners = new Set<() => void>();
  #state: ConnectionState = "idle";
  #connection: Connection | null = null;
  #isConnecting = false;
  #isClosed = false;
  /** Whose answers there may be; `undefined`: nobody's. */
  #token: string | null | undefined;
  #restarts = 0;
  #failures = 0;
  #timer: Timer | undefined;
  #watch: Timer | undefined;

  constructor(options: LiveOptions) {
    this.#options = options;
    for (const event of NETWORK_EVENTS) {
      (globalThis as Partial<EventTarget>).addEventListener?.(event, this.reconnect);
    }
  }

  /** How the connection is, as a store. */
  readonly status = {
    state: (): ConnectionState => this.#state,
    subscribe: (listener: () => void): (() => void) => {
      const own = () => listener();
      this.#listeners.add(own);
      return () => void this.#listeners.delete(own);
    },
  };

  /** A query with an input, asked at its path. Nothing happens before somebody listens. */
  watch(name: string, input: Values, locate: () => Promise<string>): Watched<unknown> {
    const key = keyOf(name, input);
    return {
      state: () => this.#questions.get(key)?.state ?? LOADING,
      subscribe: (listener) => {
        const question = this.#questions.get(key) ?? this.#begin(key, new Question(name, input, locate));
        if (question.state.status === "problem") void this.#ask(question);
        const own = () => listener();
        question.listeners.add(own);
        return () => {
          if (question.listeners.delete(own)) queueMicrotask(() => this.#release(key, question));
        };
      },
    };
  }

  /** The questions of a query that somebody watches, as far as their inputs have these values. */
  find(name: string, input: Values): Question[] {
    return [...this.#questions.values()].filter((question) => question.isOne(name, input));
  }

  /** Joins a channel at once. Each call is a member of its own. */
  join(locate: () => Promise<string>, hooks: ChannelHooks): ChannelThread {
    const channel = new ChannelThread(locate, hooks, (message) => this.#connection?.say(channel, message) ?? false);
    this.#channels.add(channel);
    void this.#ask(channel);
    return channel;
  }

  leave(channel: ChannelThread): void {
    channel.leave();
    if (this.#channels.delete(channel)) this.#end(channel);
  }

  /** Drops the connection and makes it again; questions go on from where they are. */
  readonly reconnect = (): void => {
    this.#connection?.close();
    clearTimeout(this.#timer);
    this.#failures = 0;
    void this.#connect();
  };

  /** Begins anew as who the token now says: nothing that came before is shown, what had ended is asked again. */
  restart(): void {
    this.#token = undefined;
    this.#restarts++;
    this.#connection?.close();
    this.#become("idle");
    for (const thread of this.#threads) {
      thread.restart();
      void this.#ask(thread);
    }
  }

  /** Begins anew if what there is may be somebody else's. */
  actAs(token: Token): void {
    if (this.#token !== undefined && this.#token !== (token || null)) this.restart();
  }

  /** Ends the connection for good. */
  close(): void {
    this.#isClosed = true;
    for (const event of NETWORK_EVENTS) {
      (globalThis as Partial<EventTarget>).removeEventListener?.(event, this.reconnect);
    }
    clearTimeout(this.#timer);
    this.#connection?.close();
    for (const question of this.#questions.values()) question.forget();
    for (const channel of this.#channels) channel.leave();
    this.#questions.clear();
    this.#channels.clear();
    this.#look();
  }

  get #threads(): Thread[] {
    return [...this.#questions.values(), ...this.#channels];
  }

  /** Those that have not ended with a problem: an ended one stays so, and is told of nothing more. */
  get #going(): Thread[] {
    return this.#threads.filter(({ state }) => state.status !== "problem");
  }

  #begin(key: string, question: Question): Question {
    this.#questions.set(key, question);
    void this.#ask(question);
    return question;
  }

  async #ask(thread: Thread): Promise<void> {
    if (thread.state.status === "problem") thread.restart();
    try {
      // Who asks is about to listen: that is looked at later, also where the path is known.
      thread.path = await (thread.path ?? thread.locate());
    } catch (error) {
      return thread.failed(asProblem(error));
    }
    if (!thread.isWanted) return;
    clearTimeout(this.#timer);
    if (this.#connection) this.#connection.begin(thread);
    else await this.#connect();
    this.#look();
  }

  #release(key: string, question: Question): void {
    if (question.listeners.size > 0 || this.#questions.get(key) !== question) return;
    this.#questions.delete(key);
    this.#end(question);
  }

  #end(thread: Thread): void {
    this.#connection?.end(thread);
    this.#look();
    if (this.#threads.length > 0) return;
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => this.#connection?.close(), IDLE_MS);
  }

  async #connect(): Promise<void> {
    if (this.#connection || this.#isConnecting || this.#isClosed || this.#going.length === 0) return;
    const { url, token: tokenOf, WebSocket = globalThis.WebSocket as unknown as SocketClass } = this.#options;
    this.#isConnecting = true;
    let restarts = 0;
    try {
      let token: string | null;
      do {
        restarts = this.#restarts;
        token = (await tokenOf()) || null;
      } while (restarts !== this.#restarts);
      if (this.#isClosed || this.#going.length === 0) return;
      this.actAs(token);
      this.#token = token;
      const socket: Socket = new WebSocket(url.replace(/^http/, "ws") + LIVE_PATH, SUBPROTOCOL);
      this.#connection = new Connection(socket, token, this.#events());
      this.#watchClock();
    } catch (error) {
      // What gives the token may need a network that is away: those that show something wait for it. So do those of a
      // restart, for the token that it is about.
      for (const thread of this.#going) {
        if (restarts === this.#restarts && !thread.isShown) thread.failed(asProblem(error));
      }
      if (this.#going.length > 0) this.#reconnectLater();
    } finally {
      this.#isConnecting = false;
      this.#look();
    }
  }

  #events(): Events {
    return {
      opened: () => this.#askAll(),
      heard: (position) => {
        this.#failures = 0;
        if (position !== undefined) this.#options.onPosition(position);
      },
      changed: () => this.#look(),
      closed: (code, reason, why) => this.#closed(code, reason, why),
      // Meanwhile it may have ended, or begun on another connection.
      postponed: (thread) =>
        setTimeout(() => {
          if (thread.id === null && this.#going.includes(thread)) void this.#ask(thread);
        }, this.#pauseMs()),
    };
  }

  #askAll(): void {
    for (const thread of this.#going) this.#connection?.begin(thread);
  }

  #closed(code: number, reason: string, why: Problem | null): void {
    clearInterval(this.#watch);
    this.#connection = null;
    clearTimeout(this.#timer);
    const refused = REFUSED_CODES.includes(code) ? problem("LIVE_REFUSED", `Close code ${code}. ${reason}`) : null;
    // What the server says counts more than its code: that it could not answer for the moment is no refusal.
    const final = why ?? refused;
    if (final && final.status !== 503) this.#failAll(final);
    else if (!this.#isClosed && this.#going.length > 0) this.#reconnectLater();
    this.#look();
  }

  #reconnectLater(): void {
    this.#timer = setTimeout(() => void this.#connect(), this.#pauseMs());
  }

  #failAll(why: Problem): void {
    for (const thread of this.#going) thread.failed(why);
  }

  /** Nodes that stop let go of many clients at once, which should not come back together. */
  #pauseMs(): number {
    return Math.random() * Math.min(PAUSE_MS_MAX, PAUSE_MS * 2 ** this.#failures++);
  }

  #watchClock(): void {
    clearInterval(this.#watch);
    let lookedAtMs = Date.now();
    this.#watch = setInterval(() => {
      const isAwake = Date.now() - lookedAtMs <= ASLEEP_MS;
      lookedAtMs = Date.now();
      if (!isAwake || !this.#connection?.ping()) this.reconnect();
    }, WATCH_MS);
  }
  #look(): void {
    const wasLive = this.#state === "live" || this.#state === "reconnecting";
    const isWanted = this.#going.length > 0;
    if (this.#connection?.isCurrent) this.#become("live");
    else if (isWanted) this.#become(wasLive ? "reconnecting" : "connecting");
    else this.#become("idle");
  }

  #become(state: ConnectionState): void {
    if (state === this.#state) return;
    this.#state = state;
    for (const listener of [...this.#listeners]) attempted(listener);
  }
}

/** Equal for equal questions, in whatever order their keys stand. */
function keyOf(name: string, input: Values): string {
  return `${name} ${JSON.stringify(said(input).sort(([one], [other]) => (one < other ? -1 : 1)))}`;
}
