/**
 * Party: one connection's caller and subscriptions.
 *
 * A subscription goes the way of a call: route → actor → limit → input; then the engine asks its question again and
 * again. When the caller turns out to be another one, or nobody any more, its subscriptions are asked anew or ended.
 */
import type { IncomingMessage } from "node:http";
import type { Cache } from "../../cache/index.ts";
import type { CallRequest } from "../../call/context.ts";
import type { Questions } from "../../call/questions.ts";
import type { Actor } from "../../define/actor.ts";
import type { RequestFacts } from "../../define/endpoint.ts";
import { fault } from "../../define/errors.ts";
import { admitted, type Guard } from "../../guard/guard.ts";
import type { Live, Sink } from "../../live/index.ts";
import type { Position } from "../../log/position.ts";
import type { Logger } from "../../observe/log.ts";
import type { Route } from "../routes.ts";
import { Caller } from "./caller.ts";
import { type Held, hold } from "./held.ts";

export interface PartyOptions {
  readonly live: Live;
  readonly questions: Questions;
  readonly guard: Guard;
  readonly cache: Cache | null;
  readonly clock: () => Date;
  readonly log: Logger;
}

/** A query as it is asked for. */
export interface Asked {
  readonly route: Route;
  readonly params: Readonly<Record<string, string | undefined>>;
  readonly query: string;
}

/** The request that a connection began with. */
export interface From {
  readonly request: IncomingMessage;
  readonly facts: RequestFacts;
}

/** What the subscriber says that it knows. */
export interface Known {
  /** The newest position that it has an answer for. */
  readonly heldAt: Position | null;
  /** Whether it knows of a change that this node has not heard of. */
  readonly isAhead: boolean;
}

export class Party {
  readonly #options: PartyOptions;
  readonly #from: From;
  readonly #caller: Caller;
  readonly #held = new Set<Held>();
  #isClosed = false;

  constructor(options: PartyOptions, from: From) {
    this.#options = options;
    this.#from = from;
    const { guard, cache, clock } = options;
    const onSettled = (actor: Actor, before: Actor) => this.#settled(actor, before);
    this.#caller = new Caller({ guard, cache, clock, facts: from.facts, onSettled });
  }

  /** Who it was found to be, last. */
  get known(): Actor | null {
    return this.#caller.known;
  }

  /** Who calls, as far as that is known for certain. */
  get isSettled(): boolean {
    return this.#caller.isSettled;
  }

  /** @throws what the recognition failed with. */
  actor(): Actor | Promise<Actor> {
    return this.#caller.actor();
  }

  /**
   * Subscribes to a query; `null` when the connection ended meanwhile.
   *
   * @throws {Fault} as a call of it does; SUBSCRIPTIONS_EXCEEDED.
   */
  async subscribe(asked: Asked, sink: Sink, known: Known): Promise<Held | null> {
    const { live, questions, guard, clock, log } = this.#options;
    const { request, facts } = this.#from;
    const { endpoint, name, gather, output } = asked.route;
    const actor = await this.#caller.actor();
    this.#admit(asked.route, actor);
    if (endpoint.limit) await guard.limit(name, endpoint, actor, facts, clock());
    const input = gather.input(request, null, asked.params, asked.query);
    const signal = () => new AbortController().signal;
    const callOf = (by: Actor): CallRequest => {
      return { endpoint, name, input, actor: by, facts, now: clock(), log, signal };
    };
    const { heldAt, isFresh } = await live.held(known.heldAt);
    if (this.#isClosed) return null;
    // The caller may have changed while the position was waited for.
    const by = await this.#caller.actor();
    this.#admit(asked.route, by);
    if (this.#isClosed) return null;
    const questionOf = (who: Actor) => questions.of(callOf(who), output!);
    const authorizationOf = endpoint.authorize && ((who: Actor) => questions.authorizationOf(callOf(who)));
    const who = by.kind === "account" ? by.id : `\0${facts.address}`;
    // What it has may be the answer to who it was then.
    const isSame = heldAt !== null && this.#caller.holdsSince(heldAt);
    const beginning = { who, isCounted: true, heldAt: isSame ? heldAt : null, isFresh: isFresh || known.isAhead };
    const held = hold({ live, sink, beginning, questionOf, authorizationOf }, by);
    if (!held.isOver) this.#held.add(held);
    return held;
  }

  /** What was held back for a caller in doubt or a slow reader is sent. */
  flush(): void {
    for (const held of this.#held) {
      if (held.isOver) this.#held.delete(held);
      else held.flush();
    }
  }

  /** Lets a subscription go. */
  end(held: Held): void {
    held.end();
    this.#held.delete(held);
  }

  close(): void {
    this.#isClosed = true;
    this.#caller.close();
    for (const held of this.#held) held.end();
    this.#held.clear();
  }

  #admit({ endpoint }: Route, actor: Actor): void {
    const { authorization, cookie } = this.#from.facts.headers;
    admitted(endpoint, actor, authorization !== undefined || cookie !== undefined);
  }

  #settled(actor: Actor, before: Actor): void {
    if (before.kind === "account" && actor.kind !== "account") {
      const detail = "The credentials are not valid any more.";
      const ended = fault("UNAUTHENTICATED", { detail, facts: { credentials: "invalid" } });
      for (const held of this.#held) held.endWith(ended);
      this.#held.clear();
      return;
    }
    if (JSON.stringify(actor) !== JSON.stringify(before)) for (const held of this.#held) held.ask(actor);
    this.flush();
  }
}
