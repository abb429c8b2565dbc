/**
 * Limits: how often an endpoint may be called, per actor, per address or by all together.
 *
 * The generic cell rate algorithm (ITU-T I.371): one number per key, the time at which the key would be empty again.
 * A burst up to the whole count passes at once, then calls pass at the rate. `Counters` is the seam: in this process by
 * default, so on several nodes each counts for itself until a shared engine is chosen.
 */
import type { Limit } from "../define/endpoint.ts";

/** Keys that one node counts; the least recently used are forgotten beyond that, which can only let calls pass. */
export const LIMIT_KEYS_MAX = 100_000;

const UNIT_MS: Readonly<Record<string, number>> = { second: 1_000, minute: 60_000, hour: 3_600_000, day: 86_400_000 };

export interface ParsedRate {
  readonly count: number;
  readonly windowMs: number;
}

const rates = new Map<string, ParsedRate>();

/** Reads `60/minute`. The form is checked at load. */
export function parseRate(rate: Limit["rate"]): ParsedRate {
  let parsed = rates.get(rate);
  if (parsed === undefined) {
    const [count, unit = ""] = rate.split("/");
    rates.set(rate, (parsed = { count: Number(count), windowMs: UNIT_MS[unit] ?? 60_000 }));
  }
  return parsed;
}

export interface Verdict {
  readonly allowed: boolean;
  /** When another call would pass; 0 when this one did. */
  readonly retryAfterMs: number;
}

/** Counts calls. */
export interface Counters {
  hit(key: string, rate: ParsedRate, nowMs: number): Promise<Verdict> | Verdict;
}

/** Counters of one process. */
export class InProcessCounters implements Counters {
  readonly #emptyAt = new Map<string, number>();

  hit(key: string, { count, windowMs }: ParsedRate, nowMs: number): Verdict {
    const stepMs = windowMs / count;
    const known = this.#emptyAt.get(key) ?? nowMs;
    // More than a window ahead it is only where the clock was set back: what was counted by it means nothing now.
    const emptyAt = known > nowMs + windowMs + 1 ? nowMs : Math.max(known, nowMs);
    const waitMs = emptyAt + stepMs - windowMs - nowMs;
    const allowed = waitMs <= 1e-6;
    // Refused keys are used, too: else many new keys would make us forget whom we refuse.
    // Which were used last counts only when some are soon to be forgotten.
    if (this.#emptyAt.size > LIMIT_KEYS_MAX / 2) this.#emptyAt.delete(key);
    this.#emptyAt.set(key, allowed ? emptyAt + stepMs : emptyAt);
    if (this.#emptyAt.size > LIMIT_KEYS_MAX) this.#emptyAt.delete(this.#emptyAt.keys().next().value ?? key);
    return { allowed, retryAfterMs: allowed ? 0 : waitMs };
  }
}
