/**
 * Orderer: has events placed in the log, as this node hears of them.
 *
 * Model. Every node hears of all new events; the leader writes down their order, in batches. What it cannot have heard
 * of is found by sweeps: when it becomes the leader, after each gap in what it hears, every `SWEEP_MS` as a belt, and
 * all the time where the database does not let its log be read.
 * The order. What a sweep is for came before what is heard after it was asked for. So nothing heard is placed while a
 * sweep is due, and one counts only when it could see all that was told before: a commit is told an instant before
 * others see it, and longer where it waits for a standby.
 */
import { setTimeout as delay } from "node:timers/promises";
import type { EventId, EventLog, Mark } from "../log/event-log.ts";
import { PLACE_MAX } from "../log/event-log.ts";
import type { Logger } from "../observe/log.ts";

/** How often the leader looks for events that it should have heard of. */
export const SWEEP_MS = 5_000;
/** How often the leader looks for new events where it hears of none: while there are some, and while there are none. */
export const POLL_MS_MIN = 20;
export const POLL_MS_MAX = 500;
/**
 * The leader writes down positions at most this often: a first event at once, and those that come in the meantime
 * together. Each time costs as much as a command.
 */
export const PLACE_MS = 10;
/** Pause after a failure. */
const FAILED_MS = 250;
/** Events that wait to be placed; beyond, a sweep finds them. */
const WAITING_MAX = 100_000;

export interface OrdererOptions {
  readonly log: EventLog;
  readonly logger: Logger;
  /** Whether this node places events. */
  readonly leads: () => boolean;
  /** Whether this node hears of events. */
  readonly hears: () => boolean;
  /** Whether this node has heard of everything up to a place in the log of the database. */
  readonly hasHeard: (lsn: string) => boolean;
  /** Whether this node was told that a transaction has committed, by `pg_current_xact_id()`. */
  readonly wasTold: (xid: string) => boolean;
  /** Told the new end of the log of events. */
  readonly onHead: (head: number) => void;
}

export class Orderer {
  readonly #options: OrdererOptions;
  #waiting: EventId[] = [];
  #mustSweep = true;
  #mark: Mark | null = null;
  #head = 0;
  #loop: Promise<void> | null = null;
  #wake: (() => void) | null = null;
  #isClosed = false;
  #pollMs = POLL_MS_MIN;
  #lastSweepMs = 0;
  #placedAtMs = 0;

  constructor(options: OrdererOptions) {
    this.#options = options;
  }

  /** The end of the log, as far as this node knows. */
  get head(): number {
    return this.#head;
  }

  start(head: number): void {
    this.#head = head;
    this.#loop = this.#run();
  }

  async close(): Promise<void> {
    this.#isClosed = true;
    this.#wake?.();
    await this.#loop;
  }

  /** These events were committed, in this order. */
  heard(events: readonly EventId[]): void {
    if (!this.#options.leads() || this.#waiting.length >= WAITING_MAX) {
      this.#mustSweep = true;
      return;
    }
    for (const event of events) this.#waiting.push(event);
    this.#wake?.();
  }

  /** Another node has moved the end of the log. */
  moved(head: number): void {
    if (head <= this.#head) return;
    this.#head = head;
    this.#options.onHead(head);
  }

  /** There may be events that this node has not heard of. */
  sweep(): void {
    this.#mustSweep = true;
    this.#pollMs = POLL_MS_MIN;
    this.#wake?.();
  }

  /** Gives positions to all events that are committed by now. */
  async settle(): Promise<void> {
    await this.#sweep();
  }

  /** Whether it could see all that was told before. */
  async #sweep(): Promise<boolean> {
    const known = this.#head;
    const { head, open } = await this.#options.log.sweep(null);
    // The end of the log goes back when a server takes over that lacks the last commits.
    if (head < known) this.#head = head;
    this.moved(head);
    return !open.some(this.#options.wasTold);
  }

  async #run(): Promise<void> {
    while (!this.#isClosed) {
      try {
        await this.#turn();
      } catch (error) {
        // Whatever waited is found again.
        this.#waiting = [];
        this.#mustSweep = true;
        if (!this.#isClosed) this.#options.logger.debug({ err: error }, "events could not be given positions yet");
        await this.#pause(FAILED_MS);
      }
    }
  }

  async #turn(): Promise<void> {
    const { log, leads, hears } = this.#options;
    if (!leads()) {
      this.#waiting = [];
      this.#mustSweep = true;
      if (!hears()) this.moved(await log.head());
      return this.#pause(hears() ? SWEEP_MS : this.#idle());
    }
    if (this.#mustSweep || !hears()) {
      this.#mustSweep = false;
      const before = this.#head;
      if (!(await this.#sweep())) {
        this.#mustSweep = true;
        return this.#pause(POLL_MS_MIN);
      }
      if (this.#head > before) this.#pollMs = POLL_MS_MIN;
    }
    if (this.#waiting.length > 0) {
      const restMs = this.#placedAtMs + PLACE_MS - performance.now();
      if (restMs > 0 && this.#waiting.length < PLACE_MAX) await delay(restMs, undefined, { ref: false });
      if (this.#mustSweep) return;
      this.#placedAtMs = performance.now();
      this.moved(await log.place(this.#waiting.splice(0, PLACE_MAX)));
      return;
    }
    if (hears()) await this.#belt();
    if (this.#waiting.length === 0 && !this.#mustSweep) await this.#pause(hears() ? SWEEP_MS : this.#idle());
  }

  /** Longer and longer, while nothing comes. */
  #idle(): number {
    this.#pollMs = Math.min(this.#pollMs * 1.5, POLL_MS_MAX);
    return this.#pollMs;
  }

  /** What was committed before the last look, and told since, has positions; else it was not told. */
  async #belt(): Promise<void> {
    const nowMs = performance.now();
    if (nowMs - this.#lastSweepMs < SWEEP_MS) return;
    this.#lastSweepMs = nowMs;
    const { log, hasHeard, logger } = this.#options;
    if (this.#mark !== null && hasHeard(this.#mark.lsn)) {
      const { head, placed } = await log.sweep(this.#mark.xid);
      if (placed > 0) logger.warn({ events: placed }, "events were found that the log of the database did not tell of");
      this.moved(head);
    }
    this.#mark = await log.mark();
  }

  async #pause(ms: number): Promise<void> {
    const timer = new AbortController();
    const woken = new Promise<void>((resolve) => {
      this.#wake = resolve;
    });
    await Promise.race([woken, delay(ms, undefined, { signal: timer.signal, ref: false }).catch(() => {})]);
    timer.abort();
    this.#wake = null;
  }
}
