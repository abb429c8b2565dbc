/**
 * Control: the platform's own statements, on sessions of their own.
 *
 * They ask for a few rows by their indexes, of tables that grow fast: a plan must not depend on what the server last
 * knew of their sizes. They write as they are sent, each seeing what was committed when it begins.
 */
import { errorCode } from "../data/failures.ts";
import { Pool, type PoolOptions } from "../data/pool.ts";
import type { Session, Statement, StatementResult } from "../data/session.ts";

const SETTINGS = {
  default_transaction_read_only: "off",
  default_transaction_isolation: "read\\ committed",
  enable_seqscan: "off",
  enable_bitmapscan: "off",
  enable_hashjoin: "off",
  enable_mergejoin: "off",
  enable_sort: "off",
  max_parallel_workers_per_gather: "0",
  plan_cache_mode: "force_generic_plan",
  jit: "off",
};
/** SQLSTATE: a statement after one that failed. */
const ABORTED = "25P02";

const BEGIN: Statement = { text: "begin", name: "ls_control_begin", queryMode: "extended" };
const COMMIT: Statement = { text: "commit", name: "ls_control_commit", queryMode: "extended" };

/** A statement of the platform's own. */
export interface PlatformStatement {
  readonly text: string;
  readonly values?: unknown[];
  /** Under which it is prepared. */
  readonly name?: string;
}

/** The sessions of the platform's own statements. */
export function openControl(options: Pick<PoolOptions, "connection" | "metrics" | "size">): Pool {
  return new Pool({ ...options, settings: SETTINGS });
}

/** Sends statements as one transaction, in one write. */
export async function writeTogether<const T extends readonly PlatformStatement[]>(
  control: Pool,
  statements: T,
): Promise<{ [K in keyof T]: StatementResult }> {
  const session = await control.acquire();
  try {
    const answers = await sendTogether(session, statements);
    control.release(session);
    return answers as { [K in keyof T]: StatementResult };
  } catch (error) {
    control.release(session, true);
    throw error;
  }
}

async function sendTogether(session: Session, statements: readonly PlatformStatement[]): Promise<StatementResult[]> {
  const asked = statements.map((each): Statement => ({ values: [], queryMode: "extended", ...each }));
  // One alone is a transaction by itself.
  if (asked.length === 1) return [await session.query(asked[0]!)];
  const sent = [BEGIN, ...asked].map((each) => session.queryLater(each));
  const answers = await Promise.allSettled([...sent, session.query(COMMIT)]);
  const failed = answers.filter((answer) => answer.status === "rejected").map(({ reason }) => reason);
  if (failed.length > 0) throw failed.find((error) => errorCode(error) !== ABORTED) ?? failed[0];
  return answers.slice(1, -1).map((answer) => (answer as PromiseFulfilledResult<StatementResult>).value);
}
