/**
 * Connection: one WebSocket and what is said on it, in the words of the wire protocol (`docs/wire-protocol.md`).
 * It ends once; who comes after it is the business of `live.ts`.
 */
import type { Operation } from "./patch.ts";
import { Problem, type ProblemDocument } from "./problem.ts";

export const SUBPROTOCOL = "lineshaft.v1";

/** What is used of a WebSocket: the browser's, Node's, or one that a caller gives. */
export interface Socket {
  onopen: ((event: never) => void) | null;
  onmessage: ((event: never) => void) | null;
  onclose: ((event: never) => void) | null;
  onerror: ((event: never) => void) | null;
  send(text: string): void;
  close(code?: number): void;
}

export type SocketClass = new (url: string, protocol: string) => Socket;

/** What a connection tells. */
export interface Events {
  opened(): void;
  /** The server is well; what it said is of this position. */
  heard(position?: string): void;
  /** Whether it is current may have changed. */
  changed(): void;
  /** Once, and the last. */
  closed(code: number, reason: string, problem: Problem | null): void;
  /** The server could not answer for the moment. */
  postponed(thread: Thread): void;
}

/** What is said under one number: a question, or a channel. */
export interface Thread {
  /** On the connection of now. */
  id: number | null;
  /** Path and query string; `null` until the route is known. */
  path: string | null;
  /** Finds the path. */
  readonly locate: () => Promise<string>;
  readonly state: { readonly status: string };
  /** Whether somebody still listens. */
  readonly isWanted: boolean;
  /** Whether something is shown that the server has told: a new connection must confirm it. */
  readonly isShown: boolean;
  /** The message that begins it, without number and path. */
  opening(): object;
  /** @throws {Error} when it does not fit what came before: then it is begun again. */
  receive(message: Message): void;
  /** It is over. */
  failed(problem: Problem): void;
  /** Begins anew: after a problem, or as somebody else, who must not see what came before. */
  restart(): void;
  /** What the server has told is no longer of use to go on from. */
  forget(): void;
}

/** One member on the wire. What its channel does not declare is left out. */
interface Present {
  readonly key: string;
  readonly member?: unknown;
  readonly state?: unknown;
}

export type Message =
  | { readonly type: "answer"; readonly id: number; readonly position: string; readonly body: unknown }
  | { readonly type: "patch"; readonly id: number; readonly position: string; readonly patch: readonly Operation[] }
  | { readonly type: "current"; readonly id: number; readonly position: string }
  | { readonly type: "problem"; readonly id?: number; readonly problem: ProblemDocument }
  | { readonly type: "ended"; readonly id: number }
  | { readonly type: "joined"; readonly id: number; readonly key: string; readonly members: readonly Present[] }
  | {
      readonly type: "presence";
      readonly id: number;
      readonly in: readonly Present[];
      readonly out: readonly string[];
    }
  | {
      readonly type: "message";
      readonly id: number;
      readonly name: string;
      readonly payload: unknown;
      readonly from?: Present;
    }
  | {
      readonly type: "refused";
      readonly id: number;
      readonly what: "send" | "state";
      readonly problem: ProblemDocument;
    };

export class Connection {
  /** Whose it is. */
  readonly #token: string | null;
  readonly #socket: Socket;
  readonly #events: Events;
  readonly #begun = new Map<number, Thread>();
  /** Those that show something from before this connection. */
  readonly #old = new Set<Thread>();
  #lastId = 0;
  #isOpen = false;
  #hasAnswered = false;
  #isAwaited = false;
  #isOver = false;
  #problem: Problem | null = null;

  constructor(socket: Socket, token: string | null, events: Events) {
    this.#socket = socket;
    this.#token = token;
    this.#events = events;
    socket.onopen = () => this.#open();
    socket.onmessage = ({ data }: { readonly data: string }) => {
      if (!this.#isOver) this.#receive(JSON.parse(data) as Message);
    };
    socket.onclose = ({ code, reason }: { readonly code: number; readonly reason: string }) => this.#end(code, reason);
    socket.onerror = () => {}; // A close follows.
  }

  /** Whether the server has answered, and nothing is shown that it has not confirmed here. */
  get isCurrent(): boolean {
    return this.#isOpen && this.#hasAnswered && this.#old.size === 0;
  }

  /**
   * Has the server say something; false when it has not said anything since the last time. A browser tells neither of
   * the server's own pings nor of a network that is gone.
   */
  ping(): boolean {
    const isAlive = !this.#isAwaited;
    this.#isAwaited = true;
    // It says `ended` also of what was never begun.
    this.#send({ type: "unsubscribe", id: ++this.#lastId });
    return isAlive;
  }

  /** Begins what has a path; before the socket is open nothing happens. */
  begin(thread: Thread): void {
    const { path, isShown } = thread;
    if (!this.#isOpen || !path) return;
    this.end(thread);
    const id = ++this.#lastId;
    thread.id = id;
    this.#begun.set(id, thread);
    if (isShown) this.#old.add(thread);
    this.#send({ ...thread.opening(), id, path });
  }

  /** Says something more; false when it cannot. */
  say({ id }: Thread, message: object): boolean {
    if (!this.#isOpen || id === null) return false;
    this.#send({ ...message, id });
    return true;
  }

  /** Wants no more of it. */
  end(thread: Thread): void {
    const { id } = thread;
    this.#old.delete(thread);
    if (this.#drop(thread)) this.#send({ type: "unsubscribe", id });
  }

  /** Ends the connection without waiting for the other side. */
  close(): void {
    this.#socket.close();
    this.#end(1000, "");
  }

  #open(): void {
    if (this.#isOver) return;
    this.#isOpen = true;
    if (this.#token) this.#send({ type: "hello", token: this.#token });
    this.#events.opened();
  }

  #send(message: object): void {
    if (this.#isOpen) this.#socket.send(JSON.stringify(message));
  }

  #drop(thread: Thread): boolean {
    const isBegun = thread.id !== null && this.#begun.delete(thread.id);
    thread.id = null;
    return isBegun;
  }

  #receive(message: Message): void {
    this.#isAwaited = false;
    if ("position" in message) this.#events.heard(message.position);
    else if (message.type === "joined") this.#events.heard();
    else if (message.type === "problem" && message.id === undefined) {
      this.#problem = new Problem(message.problem);
      return;
    }
    const thread = this.#begun.get(message.id ?? 0);
    if (!thread) return;
    this.#hasAnswered = true;
    this.#old.delete(thread);
    if (message.type === "problem") this.#fail(thread, message.problem);
    else this.#pass(thread, message);
    this.#events.changed();
  }

  /** What does not fit means that one side is wrong about what was said: asks for all of it. */
  #pass(thread: Thread, message: Message): void {
    try {
      thread.receive(message);
    } catch {
      thread.forget();
      this.begin(thread);
    }
  }

  #fail(thread: Thread, document: ProblemDocument): void {
    this.#drop(thread);
    if (document.status !== 503) {
      thread.failed(new Problem(document));
      return;
    }
    // That is of the moment; a subscriber is not told of every moment.
    if (thread.isShown) this.#old.add(thread);
    this.#events.postponed(thread);
  }

  #end(code: number, reason: string): void {
    if (this.#isOver) return;
    this.#isOver = true;
    this.#isOpen = false;
    for (const thread of this.#begun.values()) thread.id = null;
    this.#events.closed(code, reason, this.#problem);
  }
}
