/**
 * Held: what a connection holds of a query: a subscription to its answers, and where the query says who may ask
 * (`authorize`), another one to that.
 *
 * Whoever may not ask any more is told so, and no answer is sent while that is in doubt: from when this node hears of a
 * change that could alter it until it has been asked again.
 */
import type { Actor } from "../../define/actor.ts";
import type { Answer, Beginning, Live, Question, Sink, Subscription } from "../../live/index.ts";
import type { Position } from "../../log/position.ts";

export interface Held {
  readonly isOver: boolean;
  /** Sends what was held back. */
  flush(): void;
  /** Asks as somebody else from now on. */
  ask(actor: Actor): void;
  /** Ends it with a problem. */
  endWith(error: unknown): void;
  /** Ends it without a word. */
  end(): void;
}

export interface HeldOptions {
  readonly live: Live;
  readonly sink: Sink;
  readonly beginning: Beginning;
  readonly questionOf: (actor: Actor) => Question;
  /** `null`: nobody is refused. */
  readonly authorizationOf: ((actor: Actor) => Question) | null;
}

/** Begins. @throws {Fault} SUBSCRIPTIONS_EXCEEDED */
export function hold(options: HeldOptions, actor: Actor): Held {
  const { authorizationOf } = options;
  return authorizationOf === null ? new Open(options, actor) : new Gated(options, actor, authorizationOf);
}

class Open implements Held {
  readonly #questionOf: HeldOptions["questionOf"];
  readonly #subscription: Subscription;

  constructor({ live, sink, beginning, questionOf }: HeldOptions, actor: Actor) {
    this.#questionOf = questionOf;
    this.#subscription = live.subscribe(questionOf(actor), sink, beginning);
  }

  get isOver(): boolean {
    return this.#subscription.isOver;
  }

  flush(): void {
    this.#subscription.flush();
  }

  ask(actor: Actor): void {
    this.#subscription.ask(this.#questionOf(actor));
  }

  endWith(error: unknown): void {
    this.#subscription.endWith(error);
  }

  end(): void {
    this.#subscription.end();
  }
}

class Gated implements Held {
  readonly #options: HeldOptions;
  readonly #authorizationOf: (actor: Actor) => Question;
  readonly #gate: Subscription;
  #actor: Actor;
  /** The newest position that the client has an answer for, as who it is. */
  #heldAt: Position | null;
  #answers: Subscription | null = null;
  #isOver = false;

  constructor(options: HeldOptions, actor: Actor, authorizationOf: (actor: Actor) => Question) {
    this.#options = options;
    this.#actor = actor;
    this.#authorizationOf = authorizationOf;
    const { live, beginning } = options;
    this.#heldAt = beginning.heldAt;
    // It has no answer that a client could have already.
    this.#gate = live.subscribe(authorizationOf(actor), this.#gateSink(), { ...beginning, heldAt: null });
    if (this.#isOver) this.#gate.end();
  }

  get isOver(): boolean {
    return this.#isOver;
  }

  flush(): void {
    this.#gate.flush();
    this.#answers?.flush();
  }

  ask(actor: Actor): void {
    this.#actor = actor;
    this.#heldAt = null;
    this.#gate.ask(this.#authorizationOf(actor));
    this.#answers?.ask(this.#options.questionOf(actor));
  }

  endWith(error: unknown): void {
    this.#gate.endWith(error);
  }

  #failed(error: unknown): void {
    if (this.#isOver) return;
    this.end();
    this.#options.sink.failed(error);
  }

  end(): void {
    this.#isOver = true;
    this.#gate?.end();
    this.#answers?.end();
  }

  #gateSink(): Sink {
    return {
      isReady: true,
      takesPatches: false,
      answer: () => this.#open(),
      patch: () => {},
      current: () => {},
      asked: () => this.#answers?.flush(),
      failed: (error) => this.#failed(error),
    };
  }

  #open(): void {
    if (this.#answers !== null || this.#isOver) return;
    const { live, beginning, questionOf } = this.#options;
    const own = { ...beginning, heldAt: this.#heldAt, isCounted: false };
    this.#answers = live.subscribe(questionOf(this.#actor), this.#answerSink(), own);
    if (this.#isOver) this.#answers.end();
  }

  #answerSink(): Sink {
    const { sink } = this.#options;
    const isCurrent = () => this.#gate === undefined || this.#gate.isCurrent;
    return {
      get isReady() {
        return sink.isReady && isCurrent();
      },
      takesPatches: sink.takesPatches,
      answer: (answer: Answer) => sink.answer(answer),
      patch: (answer: Answer, patch: string) => sink.patch(answer, patch),
      current: (position: Position) => sink.current(position),
      failed: (error) => this.#failed(error),
      ...(sink.flush && { flush: () => sink.flush!() }),
    };
  }
}
