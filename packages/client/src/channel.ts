/**
 * Channel: a topic that a page has joined: who is there, what they say, and what the member says of itself.
 *
 * States. `joining → joined ⇄ problem`; a problem is the end until the client signs in anew. While the connection is
 * made again, those who were there stay shown, and the next `joined` replaces them: each connection joins anew, with
 * the newest state and another key.
 * Promises. A message is handed to a connection on which the server has said `joined`, or dropped; it is never kept for
 * later. A state is kept: the newest one is told when there is somebody to tell it to.
 */
import type { Message, Thread } from "./connection.ts";
import { Problem } from "./problem.ts";
import { attempted } from "./question.ts";

/** After how long a state is told again that the server may have refused for too many messages, in milliseconds. */
export const REPEAT_MS = 1_000;

/** One who is there. Who has several connections is there several times. */
export interface Member<TMember, TState> {
  /** Of this membership; another one after a reconnect. */
  readonly key: string;
  /** What the join rule says of it. */
  readonly member: TMember;
  /** What it says of itself. */
  readonly state: TState;
}

/** What a page sees of a channel. The same object as long as nothing changes. */
export type MembershipState<TMember, TState> = {
  /** In the order in which they were first seen, itself included; empty in a channel without presence. */
  readonly members: readonly Member<TMember, TState>[];
} & (
  | { readonly status: "joining"; readonly key: undefined; readonly problem: undefined }
  /** `key` is the own one. */
  | { readonly status: "joined"; readonly key: string; readonly problem: undefined }
  | { readonly status: "problem"; readonly key: undefined; readonly problem: Problem }
);

export const JOINING = Object.freeze({ status: "joining", key: undefined, members: [], problem: undefined });

/** What the page gives for a channel. */
export interface ChannelHooks {
  readonly state?: object | undefined;
  readonly onMessage?: ((message: never) => void) | undefined;
  readonly onProblem?: ((problem: Problem) => void) | undefined;
  readonly onRefused?: ((problem: Problem) => void) | undefined;
}

/** A channel that a page has joined, at run time. */
export interface Joined {
  state(): MembershipState<unknown, unknown>;
  subscribe(listener: () => void): () => void;
  send(name: string, payload?: object): boolean;
  set(state: object): void;
  leave(): void;
}

type Shown = Member<unknown, unknown>;

export class ChannelThread implements Thread {
  id: number | null = null;
  path: string | null = null;
  isWanted = true;
  state: MembershipState<unknown, unknown> = JOINING;
  readonly listeners = new Set<() => void>();
  readonly locate: () => Promise<string>;
  readonly #hooks: ChannelHooks;
  readonly #say: (message: object) => boolean;
  #members = new Map<string, Shown>();
  #key = "";
  #hasJoined = false;
  /** What it says of itself, as JSON; `null`: what is shown. And what of that the server was told. */
  #own: string | null | undefined;
  #told: string | null | undefined;
  #repeat: ReturnType<typeof setTimeout> | undefined;

  constructor(locate: () => Promise<string>, hooks: ChannelHooks, say: (message: object) => boolean) {
    this.locate = locate;
    this.#hooks = hooks;
    this.#say = say;
    this.#own = JSON.stringify(hooks.state);
  }

  get isShown(): boolean {
    return this.state.status === "joined";
  }

  opening(): object {
    this.#hasJoined = false;
    if (this.#own === null) this.#own = JSON.stringify(this.#members.get(this.#key)?.state ?? this.#hooks.state);
    this.#told = this.#own;
    return { type: "join", ...this.#stated() };
  }

  receive(message: Message): void {
    if (message.type === "joined") this.#joined(message);
    else if (message.type === "presence") this.#change(message);
    else if (message.type === "message") this.#hear(message);
    else if (message.type === "refused") this.#refused(message.what, new Problem(message.problem));
  }

  /** False when it was dropped. */
  send(name: string, payload: object = {}): boolean {
    return this.#isMember && this.#say({ type: "send", name, payload });
  }

  set(state: object): void {
    this.#own = JSON.stringify(state);
    if (this.#own !== this.#told) this.#tellState();
  }

  /** Nothing is told any more. */
  leave(): void {
    this.isWanted = false;
    clearTimeout(this.#repeat);
    this.listeners.clear();
  }

  failed(problem: Problem): void {
    if (!this.isWanted) return;
    const { onProblem } = this.#hooks;
    const isSeen = this.listeners.size > 0;
    this.#show({ status: "problem", key: undefined, members: [], problem });
    if (onProblem) attempted(() => onProblem(problem));
    else if (!isSeen) void Promise.reject(problem);
  }

  restart(): void {
    if (this.state.status !== "joining") this.#show(JOINING);
  }

  /** The next `joined` replaces everything anyway. */
  forget(): void {}

  get #isMember(): boolean {
    return this.id !== null && this.#hasJoined;
  }

  #stated(): object {
    return this.#own ? { state: JSON.parse(this.#own) } : {};
  }

  #joined({ key, members }: Message & { readonly type: "joined" }): void {
    this.#hasJoined = true;
    this.#key = key;
    this.#members.clear();
    this.#enter(members);
    if (this.#own !== this.#told) this.#tellState();
  }

  #change({ in: came, out }: Message & { readonly type: "presence" }): void {
    this.#enter(came, out);
  }

  /** A key that is there keeps its place; one that has left never comes back. */
  #enter(came: readonly Partial<Shown>[], out: readonly string[] = []): void {
    for (const each of came) this.#members.set(each.key!, { member: {}, state: {}, ...each } as Shown);
    for (const key of out) this.#members.delete(key);
    this.#show({ status: "joined", key: this.#key, members: [...this.#members.values()], problem: undefined });
  }

  #hear({ name, payload, from }: Message & { readonly type: "message" }): void {
    const message = { name, payload, ...(from && { from: { member: {}, ...from } }) };
    attempted(() => this.#hooks.onMessage?.(message as never));
  }

  #refused(what: "send" | "state", problem: Problem): void {
    const { onRefused } = this.#hooks;
    const isTooMany = problem.code === "RATE_LIMITED";
    if (what === "state") {
      clearTimeout(this.#repeat);
      // Unlike a message it must be known in the end.
      if (isTooMany) this.#repeat = setTimeout(() => this.#tellState(), REPEAT_MS);
      // Told again with the next join, it would end the membership; one that was told after it may yet be shown.
      else this.#own = this.#told = null;
    }
    if (onRefused) attempted(() => onRefused(problem));
    else if (!isTooMany) void Promise.reject(problem);
  }

  #tellState(): void {
    if (!this.#isMember || this.#own === null) return;
    this.#told = this.#own;
    this.#say({ type: "state", ...this.#stated() });
  }

  #show(state: MembershipState<unknown, unknown>): void {
    this.state = state;
    for (const listener of [...this.listeners]) attempted(listener);
  }
}
