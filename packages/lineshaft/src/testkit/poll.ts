/** Waiting in tests: asks again until there is an answer, with a deadline, and never sleeps for a fixed time. */
import { setTimeout as delay } from "node:timers/promises";

/** How long `poll` asks, in milliseconds, where a test does not say: long, because machines that test are busy. */
export const POLL_MS_MAX = 20_000;
const PAUSE_MS_MIN = 2;
const PAUSE_MS_MAX = 50;

/** What `poll` waits for, and how long. */
export interface PollOptions {
  /** What is waited for; stands in the error. */
  readonly what?: string;
  /** In milliseconds. Default `POLL_MS_MAX`. */
  readonly timeoutMs?: number;
}

/** What `poll` gives back: the answer without the values that mean "not yet". */
export type Found<TAnswer> = Exclude<TAnswer, false | null | undefined>;

/**
 * Asks until there is an answer: anything but `false`, `null` and `undefined`. What throws has no answer yet, so an
 * assertion can be waited for: `poll(async () => { assert.equal(await count(), 3); return true; })`.
 *
 * @throws {Error} after the deadline, with the last thing that was thrown as its `cause`.
 * @example
 * const mail = await poll(() => app.mails.find(({ to }) => to === "ada@example.com"));
 */
export async function poll<TAnswer>(
  ask: () => TAnswer | Promise<TAnswer>,
  options: PollOptions = {},
): Promise<Found<TAnswer>> {
  const { what = "an answer", timeoutMs = POLL_MS_MAX } = options;
  const deadlineMs = performance.now() + timeoutMs;
  for (let pauseMs = PAUSE_MS_MIN; ; pauseMs = Math.min(pauseMs * 2, PAUSE_MS_MAX)) {
    let failure: unknown;
    try {
      const answer = await ask();
      if (answer !== false && answer !== null && answer !== undefined) return answer as Found<TAnswer>;
    } catch (error) {
      failure = error;
    }
    if (performance.now() >= deadlineMs) throw late(what, timeoutMs, failure);
    await delay(pauseMs);
  }
}

function late(what: string, timeoutMs: number, failure: unknown): Error {
  const last = failure instanceof Error ? `; the last time: ${failure.message}` : "";
  return new Error(`Waited ${timeoutMs} ms for ${what}${last}`, failure === undefined ? {} : { cause: failure });
}
