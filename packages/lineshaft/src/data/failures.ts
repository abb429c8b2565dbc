/**
 * What a database error means: a fault for the caller, a reason to try again, or a bug of ours.
 *
 * SQLSTATE codes: PostgreSQL documentation, appendix A. Constraint names and key values stay inside: they would tell
 * about rows that the caller may not see.
 */
import { type Fault, fault } from "../define/errors.ts";

/** Seconds a caller is asked to wait while the database is away or full. */
export const RETRY_AFTER_SECONDS = 1;

const CONFLICTS = new Set(["40001", "40P01"]);
const UNSTORABLE = new Set(["22001", "22003", "22007", "22008", "22021", "22P05", "23502", "23514", "54000", "54001"]);
const LOST = new Set(["57P01", "57P02", "57P03", "57P04", "57P05", "25P03"]);
const SYSTEM = new Set([
  "ECONNREFUSED",
  "ECONNRESET",
  "ENOENT",
  "EPIPE",
  "ETIMEDOUT",
  "EHOSTUNREACH",
  "ENETUNREACH",
  "ENOTFOUND",
  "EAI_AGAIN",
]);
/** The server answers, but cannot work: disk full, out of memory, I/O errors, damaged data. */
const UNABLE = new Set(["53100", "53200", "58000", "58030", "XX001", "XX002"]);
const LOSS_MESSAGE =
  /^(?:connection terminated|client (?:was closed|has encountered a connection error)|timeout expired)/i;

/** The SQLSTATE, or the system's error code, of whatever a driver threw. */
export function errorCode(error: unknown): string {
  const code = (error as { code?: unknown } | null)?.code;
  return typeof code === "string" ? code : "";
}

/** Whether others changed the same data: nothing was written, and the same call may pass now. */
export function isConflict(error: unknown): boolean {
  return CONFLICTS.has(errorCode(error));
}

/** Whether a prepared statement does not fit its tables any more: another connection prepares it anew. */
export function isStalePlan(error: unknown): boolean {
  const code = errorCode(error);
  return code === "26000" || (code === "0A000" && /cached plan/.test((error as Error).message));
}

/** Whether the connection itself is gone, so that nothing more can be asked on it. */
export function isConnectionLoss(error: unknown): boolean {
  const code = errorCode(error);
  if (LOST.has(code) || SYSTEM.has(code) || code.startsWith("08")) return true;
  return code === "" && error instanceof Error && LOSS_MESSAGE.test(error.message);
}

/** Whether a write met a session that may only read, or a server that does: a standby that is not promoted yet. */
export function isReadOnly(error: unknown): boolean {
  const code = errorCode(error);
  return code === "25006" || (code === "0A000" && /hot standby/.test((error as Error).message));
}

/** What the caller is told of a database error; `null` when it is a bug that must be shown as `INTERNAL`. */
export function databaseFault(error: unknown): Fault | null {
  const code = errorCode(error);
  const later = { cause: error, retryAfterSeconds: RETRY_AFTER_SECONDS };
  if (isConflict(error)) return fault("CONFLICT", { cause: error });
  if (code === "23505") return fault("ALREADY_EXISTS", { cause: error });
  if (code === "23503" || code === "23001") return fault("STILL_REFERENCED", { cause: error });
  if (UNSTORABLE.has(code)) {
    return fault("INVALID_INPUT", { cause: error, detail: "A value does not fit where it is stored." });
  }
  if (code === "57014") return fault("STATEMENT_TIMEOUT", later);
  if (code === "55P03") return fault("LOCK_TIMEOUT", later);
  if (code === "53300") return fault("DATABASE_BUSY", later);
  if (UNABLE.has(code) || isConnectionLoss(error)) return fault("DATABASE_UNAVAILABLE", later);
  return null;
}
