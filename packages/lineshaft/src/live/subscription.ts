/**
 * Subscription: one subscriber of one question: what it has been sent, and what it lacks.
 *
 * States. `waiting` (for its first answer) `→ current ⇄ behind` (its reader is slow or its caller in doubt: it lacks
 * the newest answer, which is sent whole when the sink is ready again) `→ over`.
 */
import type { Watch } from "../cache/index.ts";
import type { Position } from "../log/position.ts";
import type { Metrics } from "../observe/metrics.ts";
import type { Answer } from "./answer.ts";
import type { Question } from "./question.ts";

/** Where the answers of one subscription go. Methods are synchronous and do not throw. */
export interface Sink {
  /** Whether an answer can be taken now. Whoever owns the sink calls `flush` when it can again. */
  readonly isReady: boolean;
  readonly takesPatches: boolean;
  answer(answer: Answer): void;
  patch(answer: Answer, patch: string): void;
  /** What the subscriber said that it has is the current answer. */
  current(position: Position): void;
  /** The question was asked again; its answer, the same or another, is the current one. */
  asked?(): void;
  /** The subscription is over. */
  failed(error: unknown): void;
  /** It is ready again, also for what it holds back by itself. */
  flush?(): void;
}

/** What a subscription is part of. */
export interface Membership {
  readonly newest: Answer | null;
  readonly watch: Watch | null;
  /** Whether nothing was heard that could alter its newest answer. */
  readonly isCurrent: boolean;
  leave(subscription: Subscription): void;
}

/** What the engine does for a subscription. */
export interface Host {
  readonly metrics: Metrics;
  join(subscription: Subscription): void;
  ended(subscription: Subscription): void;
}

export interface Beginning {
  /** Whose turn it is when its question is run. */
  readonly who: string;
  /** Whether it counts against the limit of that caller. */
  readonly isCounted: boolean;
  /** The newest position that the subscriber has an answer for. */
  readonly heldAt: Position | null;
  /** Whether only a run that begins from now on is new enough. */
  readonly isFresh: boolean;
}

export class Subscription {
  readonly who: string;
  readonly isCounted: boolean;
  readonly #host: Host;
  readonly #sink: Sink;
  #question: Question;
  #heldAt: Position | null;
  #isFresh: boolean;
  #sentTag: string | null = null;
  #hasAnswer = false;
  #isBehind = false;
  #isOver = false;
  #membership: Membership | null = null;
  /** The first run of its group whose answer is new enough for it. */
  fromRun = 0;

  constructor(host: Host, question: Question, sink: Sink, { who, isCounted, heldAt, isFresh }: Beginning) {
    this.#host = host;
    this.#question = question;
    this.#sink = sink;
    this.who = who;
    this.isCounted = isCounted;
    this.#heldAt = heldAt;
    this.#isFresh = isFresh;
  }

  get question(): Question {
    return this.#question;
  }
  get isOver(): boolean {
    return this.#isOver;
  }
  /** Whether it was told anything yet. */
  get hasAnswer(): boolean {
    return this.#hasAnswer;
  }
  /** Whether it has an answer that it brought along, and was sent none since. */
  get holdsAnswer(): boolean {
    return this.#heldAt !== null || (this.#hasAnswer && this.#sentTag === null);
  }
  get isCurrent(): boolean {
    return this.#membership?.isCurrent ?? false;
  }
  get isFresh(): boolean {
    return this.#isFresh;
  }
  set membership(membership: Membership | null) {
    this.#membership = membership;
  }

  /** Tells the newest answer, unless the subscriber has it. */
  offer(answer: Answer, watch: Watch | null): void {
    if (this.#isOver) return;
    this.#isFresh = false;
    this.#sink.asked?.();
    if (!this.#sink.isReady) return void this.#fallBehind();
    const wasBehind = this.#isBehind;
    this.#isBehind = false;
    this.#hasAnswer = true;
    const heldAt = this.#heldAt;
    this.#heldAt = null;
    // What the subscriber has may order its rows otherwise, or lack what is to be heard yet: the next is sent whole.
    if (heldAt !== null && watch?.holdsSince(heldAt)) return void this.#tellCurrent(answer);
    if (this.#sentTag === answer.tag) return;
    const patch = this.#sink.takesPatches && this.#sentTag !== null ? answer.patchFrom(this.#sentTag) : null;
    this.#sentTag = answer.tag;
    const { liveMessages, liveResyncs } = this.#host.metrics;
    if (wasBehind) liveResyncs.inc();
    liveMessages.inc({ kind: patch === null ? "answer" : "patch" });
    if (patch === null) this.#sink.answer(answer);
    else this.#sink.patch(answer, patch);
  }

  /** The sink is ready again: it gets what it lacks. */
  flush(): void {
    this.#sink.flush?.();
    const { newest = null, watch = null } = this.#membership ?? {};
    if (this.#isBehind && newest !== null) this.offer(newest, watch);
  }

  /** Asks something else from now on; only what differs is sent. */
  ask(question: Question): void {
    if (this.#isOver) return;
    this.#membership?.leave(this);
    this.#question = question;
    this.#heldAt = null;
    this.#isFresh = true;
    this.#isBehind = false;
    this.#host.join(this);
  }

  /** Ends it with a problem. */
  endWith(error: unknown): void {
    if (this.#isOver) return;
    this.end();
    this.#host.metrics.liveMessages.inc({ kind: "problem" });
    this.#sink.failed(error);
  }

  /** Ends it without a word. */
  end(): void {
    if (this.#isOver) return;
    this.#isOver = true;
    this.#membership?.leave(this);
    this.#host.ended(this);
  }

  #tellCurrent(answer: Answer): void {
    this.#host.metrics.liveMessages.inc({ kind: "current" });
    this.#sink.current(answer.position);
  }

  #fallBehind(): void {
    if (this.#isBehind) return;
    this.#isBehind = true;
    this.#host.metrics.liveDelayed.inc();
  }
}
