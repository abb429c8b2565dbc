/**
 * Hashing: bounds how many passwords are hashed at once, and how many wait.
 *
 * A hash keeps a thread busy and holds 32 MiB for as long as it takes. Node has four such threads by default, and files
 * and compression need them, too. A sign-in waits for its turn before it takes a database connection, so a flood of
 * sign-ins neither empties the pool nor stops the rest of the app.
 */
import { fault } from "../define/errors.ts";

/** Passwords hashed at the same time on one node. */
export const HASHES_AT_ONCE = 3;
/** Calls that may wait for their turn; more are refused with `RATE_LIMITED`. */
export const HASHES_WAITING_MAX = 200;
const RETRY_AFTER_SECONDS = 2;

const waiting: (() => void)[] = [];
let running = 0;

/** Runs work that hashes, when it is its turn. */
export async function inTurn<T>(work: () => Promise<T>): Promise<T> {
  if (running < HASHES_AT_ONCE) running++;
  else await turn();
  try {
    return await work();
  } finally {
    // The place passes to the next one without becoming free in between.
    const next = waiting.shift();
    if (next) next();
    else running--;
  }
}

function turn(): Promise<void> {
  if (waiting.length >= HASHES_WAITING_MAX) {
    const detail = "Too many passwords are being checked at once.";
    throw fault("RATE_LIMITED", { detail, retryAfterSeconds: RETRY_AFTER_SECONDS });
  }
  return new Promise((resolve) => waiting.push(resolve));
}
