/**
 * Question: a query with its input that somebody watches: the server's last answer, the guesses laid over it, and what
 * watchers see of both.
 *
 * States. `loading → data ⇄ problem`; a problem is the end until the client signs in anew or somebody watches anew.
 * Guesses. A command that was told what it will change lays a guess over the answer at once. It is taken away when the
 * command fails, and when an answer arrives that is as new as the command: such an answer holds the truth. An answer
 * comes only when something in it changed, so a guess also goes `SETTLE_MS` after its command succeeded.
 */
import type { Message, Thread } from "./connection.ts";
import { applyPatch, type Operation } from "./patch.ts";
import { positionOf } from "./position.ts";
import type { Problem } from "./problem.ts";

/** How long a guess may outlive the success of its command, in milliseconds. */
export const SETTLE_MS = 1_000;

/** What a watcher sees. The same object as long as nothing changes. */
export type State<TAnswer> =
  | { readonly status: "loading"; readonly data: undefined; readonly problem: undefined }
  | { readonly status: "data"; readonly data: TAnswer; readonly problem: undefined }
  | { readonly status: "problem"; readonly data: undefined; readonly problem: Problem };

export const LOADING = Object.freeze({ status: "loading", data: undefined, problem: undefined });

/** An input, as far as it is said. */
export type Values = Readonly<Record<string, unknown>>;

/** What the answer will be, made of what it is. Applied again to each answer until it is settled. */
export type Update = (answer: never, input: never) => unknown;

interface Guess {
  readonly update: Update;
  /** Undefined while the command runs; then what an answer must have reached. `null`: any. */
  until?: bigint | null;
}

/** A guess that was laid: how its command ended. */
export interface Laid {
  /** The command succeeded, at this position. */
  settle(position: string | null): void;
  /** It failed. */
  drop(): void;
}

export class Question implements Thread {
  readonly name: string;
  readonly input: Values;
  path: string | null = null;
  id: number | null = null;
  state: State<unknown> = LOADING;
  readonly listeners = new Set<() => void>();
  readonly locate: () => Promise<string>;
  #truth: { readonly body: unknown; readonly position: string } | null = null;
  #guesses: Guess[] = [];

  constructor(name: string, input: Values, locate: () => Promise<string>) {
    this.name = name;
    this.input = input;
    this.locate = locate;
  }

  get isWanted(): boolean {
    return this.listeners.size > 0;
  }

  get isShown(): boolean {
    return this.#truth !== null;
  }

  /** With a position it goes on from there. */
  opening(): object {
    return { type: "subscribe", ...(this.#truth && { position: this.#truth.position }) };
  }

  receive(message: Message): void {
    if (message.type === "answer") this.#answered(message.body, message.position);
    else if (message.type === "patch") this.#patched(message.patch, message.position);
    else if (message.type === "current" && this.#truth) this.#answered(this.#truth.body, message.position);
  }

  /** Whether it is a question of this query whose input has these values. */
  isOne(name: string, input: Values): boolean {
    return name === this.name && said(input).every(([key, value]) => isSame(this.input[key], value));
  }

  #answered(body: unknown, position: string): void {
    this.#truth = { body, position };
    const reached = positionOf(position);
    this.#guesses = this.#guesses.filter(({ until }) => until === undefined || (until !== null && until > reached));
    this.#show();
  }

  /** @throws {Error} when the patch is of another answer than the last one. */
  #patched(patch: readonly Operation[], position: string): void {
    if (!this.#truth) throw new Error("There is no answer to patch.");
    this.#answered(applyPatch(this.#truth.body, patch), position);
  }

  forget(): void {
    this.#truth = null;
  }

  failed(problem: Problem): void {
    this.forget();
    this.#tell({ status: "problem", data: undefined, problem });
  }

  restart(): void {
    this.forget();
    this.#guesses = [];
    if (this.state.status !== "loading") this.#tell(LOADING);
  }

  /** Lays a guess over the answer; nothing happens while there is none. */
  guess(update: Update): Laid {
    const guess: Guess = { update };
    const drop = () => {
      if (!this.#guesses.includes(guess)) return;
      this.#guesses = this.#guesses.filter((each) => each !== guess);
      this.#show();
    };
    if (this.#truth) {
      this.#guesses.push(guess);
      this.#show();
    }
    return { drop, settle: (position) => this.#settle(guess, position, drop) };
  }

  #settle(guess: Guess, position: string | null, drop: () => void): void {
    guess.until = position === null ? null : positionOf(position);
    const isReached = guess.until !== null && this.#truth && positionOf(this.#truth.position) >= guess.until;
    if (isReached) drop();
    else if (this.#guesses.includes(guess)) this.#dropLater(drop);
  }

  /** Who is not connected does not know yet whether an answer comes. */
  #dropLater(drop: () => void): void {
    const isAway = () => this.id === null && this.#truth && this.listeners.size > 0;
    setTimeout(() => (isAway() ? this.#dropLater(drop) : drop()), SETTLE_MS);
  }

  #show(): void {
    if (!this.#truth) return;
    let data = this.#truth.body;
    this.#guesses = this.#guesses.filter(({ update }) =>
      attempted(() => {
        data = update(data as never, this.input as never);
      }),
    );
    if (this.state.status !== "data" || this.state.data !== data) {
      this.#tell({ status: "data", data, problem: undefined });
    }
  }

  #tell(state: State<unknown>): void {
    this.state = state;
    for (const listener of [...this.listeners]) attempted(listener);
  }
}

/** What of an input is there. */
export function said(input: Values): [key: string, value: unknown][] {
  return Object.entries(input).filter(([, value]) => value !== undefined);
}

function isSame(one: unknown, other: unknown): boolean {
  return JSON.stringify(one) === JSON.stringify(other);
}

/** Runs code of the caller's. What it throws is reported as an unhandled rejection, and harms nobody else. */
export function attempted(run: () => void): boolean {
  try {
    run();
    return true;
  } catch (error) {
    void Promise.reject(error);
    return false;
  }
}
