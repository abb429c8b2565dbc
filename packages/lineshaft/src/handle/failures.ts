/** What the failure of a run means: whether it is the run's own, and when it is tried again. */
import { setTimeout as delay } from "node:timers/promises";
import { inspect } from "node:util";
import { databaseFault, errorCode, isConflict, isConnectionLoss, isReadOnly, isStalePlan } from "../data/failures.ts";
import { Fault } from "../define/errors.ts";
import { MOVED_ON } from "../migrate/index.ts";

/** First and longest delay after a failed attempt. */
export const RETRY_MS_MIN = 1_000;
export const RETRY_MS_MAX = 600_000;
/** How much of it is left to chance, up and down: what failed together is not tried together. */
const JITTER = 0.25;
/** How often a conflict with others is tried again before it counts as a failure. */
export const CONFLICTS_MAX = 10;
const CONFLICT_MS = 8;
const CONFLICT_MS_MAX = 250;
const ERROR_CHARS_MAX = 2_000;

/** Delay after a failed attempt, in milliseconds. */
export function retryMs(attempt: number, random: () => number): number {
  const ms = Math.min(RETRY_MS_MIN * 2 ** (attempt - 1), RETRY_MS_MAX);
  return Math.round(ms * (1 - JITTER + random() * 2 * JITTER));
}

/** Waits before what met a conflict is tried again. */
export function conflictPause(tries: number, random: () => number): Promise<void> {
  return delay(random() * Math.min(CONFLICT_MS * 2 ** tries, CONFLICT_MS_MAX), undefined, { ref: false });
}

/**
 * - `moved`: somebody else has done it, or is at it.
 * - `again`: others changed the same data; nothing was written.
 * - `away`: the database cannot be reached, or is a standby; whether something was written is not known.
 * - `own`: the run's own fault.
 */
export type Meaning = "moved" | "again" | "away" | "own";

/** What a failure means: the first one of the transaction counts, whatever the run made of it. */
export function meaningOf(thrown: unknown, failure: unknown): Meaning {
  for (const error of [failure, thrown]) {
    if (errorCode(error) === MOVED_ON) return "moved";
    if (isConflict(error) || isStalePlan(error)) return "again";
    if (isConnectionLoss(error) || isReadOnly(error) || isAway(error)) return "away";
  }
  return "own";
}

function isAway(error: unknown): boolean {
  const fault = error instanceof Fault ? error : databaseFault(error);
  return fault !== null && ["DATABASE_UNAVAILABLE", "DATABASE_BUSY"].includes(fault.code);
}

/** A failure as it is stored, for people. The log has the stack. */
export function errorText(error: unknown): string {
  if (error instanceof Error) return storable(`${codeOf(error)}${error.name}: ${error.message}`);
  // Not all that is thrown can be made a string by itself.
  return storable(typeof error === "string" ? error : inspect(error));
}

/** Postgres stores no NUL. */
function storable(text: string): string {
  return text.replaceAll("\0", "").slice(0, ERROR_CHARS_MAX);
}

function codeOf(error: Error): string {
  const code = errorCode(error);
  return code === "" ? "" : `${code} `;
}
