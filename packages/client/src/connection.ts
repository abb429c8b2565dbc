/**
 * Connection: one WebSocket and the questions asked on it, in the words of the wire protocol (`docs/wire-protocol.md`).
 * It ends once; who comes after it is the business of `live.ts`.
 */
import type { Operation } from "./patch.ts";
import { Problem, type ProblemDocument } from "./problem.ts";
import type { Question } from "./question.ts";

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
  /** An answer came: the server is well, and knows this position. */
  heard(position: string): void;
  /** Whether it is current may have changed. */
  changed(): void;
  /** Once, and the last. */
  closed(code: number, reason: string, problem: Problem | null): void;
  /** The server could not answer for the moment. */
  postponed(question: Question): void;
}

type Message =
  | { readonly type: "answer"; readonly id: number; readonly position: string; readonly body: unknown }
  | { readonly type: "patch"; readonly id: number; readonly position: string; readonly patch: readonly Operation[] }
  | { readonly type: "current"; readonly id: number; readonly position: string }
  | { readonly type: "problem"; readonly id?: number; readonly problem: ProblemDocument }
  | { readonly type: "ended"; readonly id: number };

export class Connection {
  /** Whose it is. */
  readonly token: string | null;
  readonly #socket: Socket;
  readonly #events: Events;
  readonly #asked = new Map<number, Question>();
  /** Questions that show an answer from before this connection. */
  readonly #old = new Set<Question>();
  #lastId = 0;
  #isOpen = false;
  #hasAnswered = false;
  #isAwaited = false;
  #isOver = false;
  #problem: Problem | null = null;

  constructor(socket: Socket, token: string | null, events: Events) {
    this.#socket = socket;
    this.token = token;
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

  /** Asks a question whose path is known; before the socket is open nothing happens. */
  ask(question: Question): void {
    if (!this.#isOpen || question.path === null) return;
    this.end(question);
    const id = ++this.#lastId;
    question.id = id;
    this.#asked.set(id, question);
    const { path, position } = question;
    if (position !== null) this.#old.add(question);
    this.#send({ type: "subscribe", id, path, ...(position === null ? {} : { position }) });
  }

  /** Wants no more answers to a question. */
  end(question: Question): void {
    const { id } = question;
    this.#old.delete(question);
    if (this.#drop(question)) this.#send({ type: "unsubscribe", id });
  }

  /** Ends the connection without waiting for the other side. */
  close(): void {
    this.#socket.close();
    this.#end(1000, "");
  }

  #open(): void {
    if (this.#isOver) return;
    this.#isOpen = true;
    if (this.token !== null) this.#send({ type: "hello", token: this.token });
    this.#events.opened();
  }

  #send(message: object): void {
    if (this.#isOpen) this.#socket.send(JSON.stringify(message));
  }

  #drop(question: Question): boolean {
    const isAsked = question.id !== null && this.#asked.delete(question.id);
    question.id = null;
    return isAsked;
  }

  #receive(message: Message): void {
    this.#isAwaited = false;
    if ("position" in message) this.#events.heard(message.position);
    if (message.type === "problem" && message.id === undefined) {
      this.#problem = new Problem(message.problem);
      return;
    }
    const question = this.#asked.get(message.id ?? 0);
    if (!question) return;
    this.#hasAnswered = true;
    this.#old.delete(question);
    this.#pass(question, message);
    this.#events.changed();
  }

  #pass(question: Question, message: Message): void {
    if (message.type === "answer") question.answered(message.body, message.position);
    else if (message.type === "current") question.isCurrent(message.position);
    else if (message.type === "patch") this.#patch(question, message);
    else if (message.type === "problem") this.#fail(question, message.problem);
  }

  #fail(question: Question, document: ProblemDocument): void {
    this.#drop(question);
    if (document.status !== 503) {
      question.failed(new Problem(document));
      return;
    }
    // That is of the moment; a subscriber is not told of every moment.
    if (question.position !== null) this.#old.add(question);
    this.#events.postponed(question);
  }

  /** A patch that does not fit means that one side is wrong about the answer: asks for all of it. */
  #patch(question: Question, { patch, position }: Message & { readonly type: "patch" }): void {
    try {
      question.patched(patch, position);
    } catch {
      question.forget();
      this.ask(question);
    }
  }

  #end(code: number, reason: string): void {
    if (this.#isOver) return;
    this.#isOver = true;
    this.#isOpen = false;
    for (const question of this.#asked.values()) question.id = null;
    this.#events.closed(code, reason, this.#problem);
  }
}
