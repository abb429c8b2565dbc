/**
 * Live: keeps the answers of subscribers current (LIVE-1).
 *
 * Model. Subscribers with the same question form a group; a group is run once for each change that touches it, however
 * many they are (group.ts), and each of them is told what it lacks (subscription.ts). What a question is, and who may
 * ask it, is settled above; what has changed is heard below, from the cache's watches.
 *
 * Promises. A subscriber is told the current answer and then the newest one after every change that alters it, in
 * order. An answer with the same bytes is not told again. A failure that can pass is not told: the answer follows.
 * Not promised. States in between; and without the log of the database, anything sooner than `UNHEARD_MS`.
 * Limits. `RECOMPUTATIONS_MAX` runs at a time (turns.ts), so that calls get connections, too;
 * `ACTOR_SUBSCRIPTIONS_MAX`.
 */
import type { Cache } from "../cache/index.ts";
import { fault } from "../define/errors.ts";
import type { Position } from "../log/position.ts";
import type { Relay } from "../log/relay.ts";
import type { Logger } from "../observe/log.ts";
import type { Metrics } from "../observe/metrics.ts";
import { Group, type GroupHost } from "./group.ts";
import type { Question } from "./question.ts";
import { type Beginning, type Host, type Sink, Subscription } from "./subscription.ts";
import { Turns } from "./turns.ts";

/** Subscriptions of one actor on a node; of one address, where nobody is signed in. */
export const ACTOR_SUBSCRIPTIONS_MAX = 1_000;
/** How long a subscriber's position is waited for, in milliseconds, before the database is asked. */
export const HELD_WAIT_MS = 500;

export interface LiveOptions {
  /** Hears what changes; `null`: everything is polled. */
  readonly cache: Cache | null;
  readonly relay: Relay | null;
  readonly metrics: Metrics;
  readonly log: Logger;
}

export class Live implements Host, GroupHost, Disposable {
  readonly cache: Cache | null;
  readonly metrics: Metrics;
  readonly log: Logger;
  readonly #relay: Relay | null;
  readonly #groups = new Map<string, Group>();
  readonly #counts = new Map<string, number>();
  readonly #turns = new Turns();
  #isClosed = false;

  constructor({ cache, relay, metrics, log }: LiveOptions) {
    this.cache = cache;
    this.#relay = relay;
    this.metrics = metrics;
    this.log = log;
  }

  get position(): Position {
    return this.#relay?.position ?? 0n;
  }

  /** What a position that a subscriber brings along is worth here, once it was waited for. */
  async held(position: Position | null): Promise<Pick<Beginning, "heldAt" | "isFresh">> {
    if (position === null) return { heldAt: null, isFresh: false };
    const isReached = await (this.#relay?.waitFor(position, HELD_WAIT_MS) ?? false);
    return isReached ? { heldAt: position, isFresh: false } : { heldAt: null, isFresh: true };
  }

  /**
   * Subscribes. The sink is told of answers, or of a failure, later or at once.
   *
   * @throws {Fault} SUBSCRIPTIONS_EXCEEDED
   */
  subscribe(question: Question, sink: Sink, beginning: Beginning): Subscription {
    if (beginning.isCounted) this.#count(beginning.who);
    this.metrics.liveSubscriptions.inc();
    const subscription = new Subscription(this, question, sink, beginning);
    this.join(subscription);
    return subscription;
  }

  join(subscription: Subscription): void {
    const { key } = subscription.question;
    let group = this.#groups.get(key);
    if (group === undefined) {
      group = new Group(this, key);
      this.#groups.set(key, group);
      this.metrics.liveGroups.set(this.#groups.size);
    }
    group.join(subscription);
  }

  ended({ who, isCounted }: Subscription): void {
    this.metrics.liveSubscriptions.dec();
    if (!isCounted) return;
    const count = this.#counts.get(who)! - 1;
    if (count > 0) this.#counts.set(who, count);
    else this.#counts.delete(who);
  }

  enqueue(group: Group): void {
    this.#turns.put(group);
    // Not at once: a commit is told just before the position reaches it.
    queueMicrotask(() => {
      if (!this.#isClosed) this.#turns.work();
    });
  }

  regroup(group: Group): void {
    this.forget(group);
    for (const each of group.dissolve()) this.join(each);
  }

  forget(group: Group): void {
    if (this.#groups.get(group.key) === group) this.#groups.delete(group.key);
    this.metrics.liveGroups.set(this.#groups.size);
  }

  /** Brings the gauges up to date. */
  measure(): void {
    const since = [...this.#groups.values()].map(({ staleSinceMs }) => staleSinceMs ?? Number.POSITIVE_INFINITY);
    const oldest = since.reduce((one, other) => Math.min(one, other), Number.POSITIVE_INFINITY);
    this.metrics.liveStaleSeconds.set(Number.isFinite(oldest) ? Math.max(0, Date.now() - oldest) / 1_000 : 0);
  }

  /** Lets everything go; nothing runs from now on. */
  [Symbol.dispose](): void {
    this.#isClosed = true;
    for (const group of this.#groups.values()) group.dissolve();
    this.#groups.clear();
    this.#turns.clear();
  }

  #count(who: string): void {
    const count = this.#counts.get(who) ?? 0;
    if (count >= ACTOR_SUBSCRIPTIONS_MAX) {
      throw fault("SUBSCRIPTIONS_EXCEEDED", { detail: `An actor has at most ${ACTOR_SUBSCRIPTIONS_MAX} on a node.` });
    }
    this.#counts.set(who, count + 1);
  }
}
