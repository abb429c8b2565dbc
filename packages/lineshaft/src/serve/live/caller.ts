/**
 * Caller: who stays connected, recognized again whenever that may have changed.
 *
 * States. `in doubt` (nothing is known, or a commit touched what it rests on) `⇄ settled`. In doubt nothing is sent, so
 * that nobody gets an answer for rights that have ended; a recognition that fails for now is tried again.
 * When it is asked again: what the recognition read was changed; its time is over; and every `UNWATCHED_MS` where
 * nothing is heard.
 */
import { setTimeout as pause } from "node:timers/promises";
import type { Cache, Fill, Watch } from "../../cache/index.ts";
import type { Actor } from "../../define/actor.ts";
import type { RequestFacts } from "../../define/endpoint.ts";
import type { Recognized } from "../../define/service.ts";
import type { Guard } from "../../guard/guard.ts";
import type { Position } from "../../log/position.ts";

/** How often a caller is recognized again while the log is not heard. */
export const UNWATCHED_MS = 1_000;
/** How often the clock is looked at for the end of a recognition. */
const LOOK_MS_MAX = 30_000;
/** Pause after a recognition that failed, or that lacked a commit which was heard. */
const AGAIN_MS = 50;

export interface CallerOptions {
  readonly guard: Guard;
  readonly cache: Cache | null;
  readonly clock: () => Date;
  readonly facts: RequestFacts;
  /** Told after each doubt, once it is settled. */
  readonly onSettled: (actor: Actor, before: Actor) => void;
}

export class Caller {
  readonly #options: CallerOptions;
  #actor: Actor | null = null;
  #first: Promise<Actor> | null = null;
  #isSettled = false;
  #isClosed = false;
  /** Of what the recognition read. */
  #watched: Watch | null = null;
  #timer: NodeJS.Timeout | null = null;

  constructor(options: CallerOptions) {
    this.#options = options;
  }

  /** Who it was found to be, last. */
  get known(): Actor | null {
    return this.#actor;
  }

  get isSettled(): boolean {
    return this.#isSettled;
  }

  /** Who it is. @throws what the first recognition failed with. */
  actor(): Actor | Promise<Actor> {
    if (this.#actor !== null && this.#isSettled) return this.#actor;
    this.#first ??= this.#recognize().catch((error) => {
      this.#first = null;
      throw error;
    });
    return this.#first;
  }

  /** Whether it is known to be the same since a position. */
  holdsSince(position: Position): boolean {
    return !this.#isKnowable || (this.#watched?.holdsSince(position) ?? false);
  }

  close(): void {
    this.#isClosed = true;
    this.#rest();
  }

  /** Whether it says who it is; otherwise it is nobody for good. */
  get #isKnowable(): boolean {
    const { authorization, cookie } = this.#options.facts.headers;
    return authorization !== undefined || cookie !== undefined;
  }

  async #recognize(): Promise<Actor> {
    for (;;) {
      const { guard, cache, clock, facts } = this.#options;
      const fill = cache?.newFill() ?? null;
      const recognized = await guard.recognize(facts, clock(), fill);
      // The next one has a transaction, and can be watched.
      if (fill?.needsTransaction) continue;
      if (this.#isClosed || this.#watch(recognized, fill)) {
        // At once: a doubt that comes in the same breath asks anew.
        this.#first = null;
        this.#isSettled = true;
        this.#actor = recognized.actor;
        return recognized.actor;
      }
      await pause(AGAIN_MS);
    }
  }

  /** Whether what was found is current, and will be noticed when it is not any more. */
  #watch({ actor, until }: Recognized, fill: Fill | null): boolean {
    const { cache } = this.#options;
    this.#rest();
    if (!this.#isKnowable) return true;
    const watch = fill && cache!.watch(fill, () => this.#doubt());
    if (watch === null && fill !== null && fill.reason === null && cache!.isOn) return false;
    this.#watched = watch;
    if (actor.kind === "account") this.#look(until, watch === null ? UNWATCHED_MS : LOOK_MS_MAX);
    return true;
  }

  /** Looks at the clock from time to time: it may be another one than that of timers. */
  #look(until: Date | null, maxMs: number): void {
    const restMs = until === null ? maxMs : until.getTime() - this.#options.clock().getTime();
    const isWatched = this.#watched !== null;
    const next = () => {
      const isOver = until !== null && this.#options.clock() >= until;
      if (isOver || !isWatched) this.#doubt();
      else this.#look(until, maxMs);
    };
    if (until === null && isWatched) return;
    this.#timer = setTimeout(next, Math.min(Math.max(restMs, 1), maxMs)).unref();
  }

  #doubt(): void {
    if (this.#isClosed) return;
    this.#rest();
    this.#isSettled = false;
    void this.#settle();
  }

  async #settle(): Promise<void> {
    const before = this.#actor!;
    while (!this.#isClosed) {
      try {
        const actor = await this.actor();
        if (!this.#isClosed) this.#options.onSettled(actor, before);
        return;
      } catch {
        // The database is away, which its own metrics tell; until it is back nothing is sent.
        await pause(UNWATCHED_MS);
      }
    }
  }

  #rest(): void {
    this.#watched?.stop();
    this.#watched = null;
    if (this.#timer) clearTimeout(this.#timer);
    this.#timer = null;
  }
}
