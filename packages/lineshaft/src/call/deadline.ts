/**
 * Deadline: how long a call may take, its repetitions included.
 *
 * One timer looks at all calls under way, because a timer for each would cost as much as a small answer. So a call may
 * take up to `LOOK_MS` longer.
 */
import type { EndpointDefinition } from "../define/endpoint.ts";
import { fault } from "../define/errors.ts";
import { Slots } from "../define/slots.ts";

/** How long a call may take, its repetitions included. */
export const CALL_MS = 30_000;

/** How often calls under way are looked at. */
const LOOK_MS = 1_000;

const underWay = new Slots<Deadline>();
let isWatched = false;

/** The end of one call's time; a signal for those who ask for one. */
export class Deadline {
  readonly #endpoint: EndpointDefinition;
  readonly #place: number;
  readonly #startedAt = performance.now();
  #controller: AbortController | null = null;
  #reason: unknown;
  #reject: ((reason: unknown) => void) | null = null;

  constructor(endpoint: EndpointDefinition) {
    this.#endpoint = endpoint;
    this.#place = underWay.add(this);
    if (!isWatched) watch();
  }

  get signal(): AbortSignal {
    if (!this.#controller) {
      this.#controller = new AbortController();
      if (this.#reason !== undefined) this.#controller.abort(this.#reason);
    }
    return this.#controller.signal;
  }

  /** Whether the time is over. */
  get isOver(): boolean {
    return this.#reason !== undefined;
  }

  endIfOverdue(nowMs: number): void {
    if (this.isOver || nowMs - this.#startedAt < CALL_MS) return;
    const detail = `${this.#endpoint.route} took longer than ${CALL_MS / 1_000} seconds.`;
    this.#reason = fault("STATEMENT_TIMEOUT", { detail, retryAfterSeconds: 1 });
    this.#reject?.(this.#reason);
    this.#controller?.abort(this.#reason);
  }

  /** Waits for a run, but no longer than the time lasts. What the run does after that cannot commit. */
  within<T>(run: Promise<T>): Promise<T> {
    return new Promise((resolve, reject) => {
      if (this.isOver) return reject(this.#reason);
      this.#reject = reject;
      run.then(resolve, reject);
    });
  }

  /** The call has ended. Once. */
  done(): void {
    underWay.delete(this.#place);
  }
}

function watch(): void {
  isWatched = true;
  const timer = setInterval(() => {
    const deadlines = underWay.all();
    const nowMs = performance.now();
    for (const deadline of deadlines) deadline.endIfOverdue(nowMs);
    if (deadlines.length > 0) return;
    clearInterval(timer);
    isWatched = false;
  }, LOOK_MS).unref();
}
