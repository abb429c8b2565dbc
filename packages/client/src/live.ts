/**
 * Live: the questions that a client watches, and the one connection that they share.
 *
 * Promises (LIVE-1, as far as it is the client's): a watcher gets the current answer, then the newest after every
 * change, in order; after a reconnect it goes on from its last position. The same question watched twice is one
 * subscription on the wire.
 * A connection that ends is made again, after a pause that grows with each failure up to `PAUSE_MS_MAX` and is drawn at
 * random. It is not when the server refused what we say (`REFUSED_CODES`), or who we are: then all questions end with
 * that problem, until the token changes or somebody asks anew. Without a question there is no connection.
 */
import { Connection, type Events, type Socket, type SocketClass, SUBPROTOCOL } from "./connection.ts";
import type { Token } from "./http.ts";
import { asProblem, type Problem, problem } from "./problem.ts";
import { LOADING, Question, type State } from "./question.ts";

/** Where the platform answers. */
export const LIVE_PATH = "/live";
/** The first pause is up to so long, in milliseconds; each further one up to twice the one before. */
const PAUSE_MS = 250;
export const PAUSE_MS_MAX = 30_000;
/** How long a connection is kept that nobody needs: a page that changes its view asks again at once. */
export const IDLE_MS = 1_000;
/** How often the clock is looked at, to notice that the machine was asleep: the server has then given us up. */
const WATCH_MS = 30_000;
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

/** A question as a store: what a view framework binds to. */
export interface Watched<TAnswer> {
  /** What is known now. The same object as long as nothing changes. */
  readonly state: () => State<TAnswer>;
  /** Is told that the state has changed. The first listener asks the server; what is returned stops it. */
  readonly subscribe: (listener: () => void) => () => void;
}

type Timer = ReturnType<typeof setTimeout>;

export class Live {
  readonly #options: LiveOptions;
  readonly #questions = new Map<string, Question>();
  #connection: Connection | null = null;
  #isConnecting = false;
  #isClosed = false;
  #failures = 0;
  #timer: Timer | undefined;
  #watch: Timer | undefined;

  constructor(options: LiveOptions) {
    this.#options = options;
    (globalThis as Partial<EventTarget>).addEventListener?.("online", this.reconnect);
  }

  /** The question of this name, asked at its path. Nothing happens before somebody listens. */
  watch(key: string, locate: () => Promise<string>): Watched<unknown> {
    return {
      state: () => this.#questions.get(key)?.state ?? LOADING,
      subscribe: (listener) => {
        const question = this.#questions.get(key) ?? this.#begin(key, locate);
        if (question.state.status === "problem") void this.#ask(question);
        const own = () => listener();
        question.listeners.add(own);
        return () => {
          if (question.listeners.delete(own)) queueMicrotask(() => this.#release(key, question));
        };
      },
    };
  }

  /** A question that somebody watches. */
  find(key: string): Question | undefined {
    return this.#questions.get(key);
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
    this.#connection?.close();
    for (const question of this.#questions.values()) {
      question.restart();
      void this.#ask(question);
    }
  }

  /** Begins anew if the connection is somebody else's. */
  actAs(token: Token): void {
    if (this.#connection && this.#connection.token !== (token || null)) this.restart();
  }

  /** Ends the connection for good. */
  close(): void {
    this.#isClosed = true;
    (globalThis as Partial<EventTarget>).removeEventListener?.("online", this.reconnect);
    clearTimeout(this.#timer);
    this.#connection?.close();
    this.#questions.clear();
  }

  #begin(key: string, locate: () => Promise<string>): Question {
    const question = new Question(locate);
    this.#questions.set(key, question);
    void this.#ask(question);
    return question;
  }

  async #ask(question: Question): Promise<void> {
    if (question.state.status === "problem") question.restart();
    try {
      question.path ??= await question.locate();
    } catch (error) {
      return question.failed(asProblem(error));
    }
    if (question.listeners.size === 0) return;
    clearTimeout(this.#timer);
    if (this.#connection) this.#connection.ask(question);
    else await this.#connect();
  }

  #release(key: string, question: Question): void {
    if (question.listeners.size > 0 || this.#questions.get(key) !== question) return;
    this.#questions.delete(key);
    this.#connection?.end(question);
    if (this.#questions.size > 0) return;
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => this.#connection?.close(), IDLE_MS);
  }

  async #connect(): Promise<void> {
    if (this.#connection || this.#isConnecting || this.#isClosed || this.#questions.size === 0) return;
    const { url, token: tokenOf, WebSocket = globalThis.WebSocket as unknown as SocketClass } = this.#options;
    this.#isConnecting = true;
    try {
      const token = (await tokenOf()) || null;
      if (this.#isClosed) return;
      const socket: Socket = new WebSocket(url.replace(/^http/, "ws") + LIVE_PATH, SUBPROTOCOL);
      this.#connection = new Connection(socket, token, this.#events());
      this.#watchClock();
    } catch (error) {
      this.#failAll(asProblem(error));
    } finally {
      this.#isConnecting = false;
    }
  }

  #events(): Events {
    return {
      opened: () => this.#askAll(),
      heard: (position) => {
        this.#failures = 0;
        this.#options.onPosition(position);
      },
      closed: (code, reason, why) => this.#closed(code, reason, why),
      postponed: (question) => setTimeout(() => void this.#ask(question), this.#pauseMs()),
    };
  }

  #askAll(): void {
    for (const question of this.#questions.values()) this.#connection?.ask(question);
  }

  #closed(code: number, reason: string, why: Problem | null): void {
    clearInterval(this.#watch);
    this.#connection = null;
    clearTimeout(this.#timer);
    const isOfTheMoment = why === null || why.status === 503;
    const refused = REFUSED_CODES.includes(code) ? problem("LIVE_REFUSED", `Close code ${code}. ${reason}`) : null;
    if (!isOfTheMoment || refused) this.#failAll(isOfTheMoment ? refused! : why);
    else if (!this.#isClosed && this.#questions.size > 0) this.#reconnectLater();
  }

  #reconnectLater(): void {
    this.#timer = setTimeout(() => void this.#connect(), this.#pauseMs());
  }

  #failAll(why: Problem): void {
    for (const question of this.#questions.values()) question.failed(why);
  }

  /** Nodes that stop let go of many clients at once, which should not come back together. */
  #pauseMs(): number {
    return Math.random() * Math.min(PAUSE_MS_MAX, PAUSE_MS * 2 ** this.#failures++);
  }

  #watchClock(): void {
    clearInterval(this.#watch);
    let lookedAtMs = Date.now();
    this.#watch = setInterval(() => {
      if (Date.now() - lookedAtMs > ASLEEP_MS) this.reconnect();
      lookedAtMs = Date.now();
    }, WATCH_MS);
  }
}
