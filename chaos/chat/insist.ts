/** Insisting: asks again until the end of a call is known, as an app does whose messages have ids of their own. */
import { setTimeout as pause } from "node:timers/promises";
import { Problem } from "../../packages/client/src/index.ts";

/** How long one end is asked for. A connection that is half open takes half a minute to be given up. */
const INSIST_MS = 120_000;
const PAUSE_MS = { least: 50, most: 500 };

export type End<TValue> =
  /** `isSure`: no attempt before may have done it, or do it yet. */
  | { readonly outcome: "done"; readonly value: TValue; readonly isSure: boolean }
  | { readonly outcome: "refused"; readonly code: string; readonly isSure: boolean }
  | { readonly outcome: "unknown" };

export interface Insisting {
  readonly random: () => number;
  /** Is told of each attempt whose end is not known. */
  readonly onUnknown?: () => void;
  readonly timeoutMs?: number;
}

export async function insist<TValue>(
  act: () => Promise<TValue>,
  { random, onUnknown = () => {}, timeoutMs = INSIST_MS }: Insisting,
): Promise<End<TValue>> {
  const endMs = performance.now() + timeoutMs;
  for (let isSure = true; performance.now() < endMs; ) {
    try {
      return { outcome: "done", value: await act(), isSure };
    } catch (error) {
      if (!(error instanceof Problem)) throw error;
      const isRefused = error.status >= 400 && error.status < 500;
      if (isRefused && error.code !== "RATE_LIMITED") return { outcome: "refused", code: error.code, isSure };
      if (!isRefused && error.status !== 503) {
        isSure = false;
        onUnknown();
      }
      const leastMs = (error.retryAfterSeconds ?? 0) * 1_000 + PAUSE_MS.least;
      await pause(Math.min(leastMs + random() * PAUSE_MS.most, 5_000));
    }
  }
  return { outcome: "unknown" };
}
