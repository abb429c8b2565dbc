/**
 * Runs one command or one query: the part of the two journeys between the validated input and the committed result.
 *
 * A command is one transaction, serializable unless it says otherwise; a query is one read-only snapshot. When others
 * changed the same data, when a prepared statement no longer fits its tables, or when the connection broke before the
 * commit was sent, nothing was written, and the whole run is repeated, at most `ATTEMPTS_MAX` times with growing random
 * pauses. A connection that breaks while the commit is on its way leaves the outcome unknown: that is never repeated,
 * and the caller is told.
 */
import { setTimeout as pause } from "node:timers/promises";
import { databaseFault, errorCode, isConflict, isConnectionLoss, isReadOnly, isStalePlan } from "../data/failures.ts";
import type { Pool } from "../data/pool.ts";
import { CallTransaction, NotAlone } from "../data/transaction.ts";
import type { EndpointDefinition } from "../define/endpoint.ts";
import { Fault, type FieldError, fault } from "../define/errors.ts";
import type { FileStore } from "../engines/files.ts";
import { formatPosition } from "../log/position.ts";
import type { Relay } from "../log/relay.ts";
import type { Metrics } from "../observe/metrics.ts";
import { CallContext, type CallRequest, ReplyHeaders, runTasks } from "./context.ts";
import { Deadline } from "./deadline.ts";
import { nestedCall } from "./nested.ts";
import type { Broadcasted } from "./spoken.ts";

/** How often a run is tried before the caller gets `CONFLICT`. */
export const ATTEMPTS_MAX = 10;
/** The longest pause before the second try; it doubles with every further one, up to `PAUSE_MS_MAX`. */
export const PAUSE_MS = 8;
export const PAUSE_MS_MAX = 250;
/**
 * How long a command's answer waits until this node has heard of its commit, so that the caller's next query sees it.
 * The log is as fast as the database's own answer; a stream that is further behind is told by the reply's position.
 */
const HEARD_MS = 250;

/** What runs need of the node they run on. */
export interface CallRuntime {
  readonly pool: Pool;
  readonly metrics: Metrics;
  /** Hears of commits, where something is kept that they change. */
  readonly relay?: Relay | null;
  /** Where files lie. */
  readonly files?: FileStore;
  /** Told that a command has committed an event, or something for later. */
  readonly onStated?: () => void;
  /** Sends what a command has said on a channel. */
  readonly broadcast?: (broadcasted: Broadcasted) => void;
  /** A number from 0 up to 1. */
  readonly random: () => number;
}

export interface CallResult {
  readonly value: unknown;
  readonly headers: readonly [name: string, value: string][];
  /** A position that the commit is before; `null` when nothing was written, or nothing is heard. */
  readonly position: string | null;
}

/**
 * Runs an endpoint.
 *
 * @throws {Fault} what `run` failed with, or what the database's answer means.
 */
export async function runCall(runtime: CallRuntime, request: CallRequest): Promise<CallResult> {
  const deadline = new Deadline(request.endpoint);
  try {
    for (let attempt = 1; ; attempt++) {
      const transaction = transactionOf(runtime, request);
      try {
        const reply = new ReplyHeaders();
        const context = new CallContext(request, transaction, reply, deadline, nestedCall);
        if (request.arrival) transaction.outbox.addFile(request.arrival.file);
        const value = await deadline.within(answered(request, context));
        const committed = transaction.commit();
        // Also when the answer to the commit is lost: it may have been made.
        if (committed) await committed.finally(() => runtime.relay?.wrote());
        if (request.arrival) request.arrival.mayCount = true;
        if (transaction.hasStated) afterStated(runtime, transaction, reply);
        const position = committed ? await positionAfter(runtime, transaction) : null;
        if (reply.tasks.length > 0) runTasks(reply, request);
        for (const each of reply.broadcasts) runtime.broadcast?.(each);
        return { value, headers: reply.entries, position };
      } catch (thrown) {
        const pauseMs = afterFailure(thrown, transaction, attempt, deadline, runtime, request);
        request.observer?.restarted();
        if (pauseMs > 0) await pause(pauseMs);
      }
    }
  } finally {
    deadline.done();
  }
}

/** Tells of what was stated; bytes of files that were removed go now, or with the next sweep. */
function afterStated({ onStated, files }: CallRuntime, { outbox }: CallTransaction, reply: ReplyHeaders): void {
  onStated?.();
  for (const key of outbox.removedFiles) if (files) reply.afterCommit(() => files.remove(key));
}

function answered({ endpoint, isAuthorized = false }: CallRequest, context: CallContext): Promise<unknown> {
  if (endpoint.authorize === null || isAuthorized) return endpoint.run(context);
  return endpoint.authorize.run(context).then(() => endpoint.run(context));
}

/** Queries that made more than one statement: they get a transaction from the first one on. */
const severalStatements = new WeakSet<EndpointDefinition>();

/** From now on a query gets a transaction from its first statement on. */
export function expectSeveral(endpoint: EndpointDefinition): void {
  severalStatements.add(endpoint);
}

function transactionOf(
  { pool, metrics, relay }: CallRuntime,
  { endpoint, observer = null }: CallRequest,
): CallTransaction {
  const readOnly = endpoint.kind === "query";
  const isolation = readOnly ? "repeatable read" : endpoint.isolation;
  const alone = readOnly && !severalStatements.has(endpoint);
  const asks = readOnly || !relay ? null : relay.state === "streaming" ? "xid" : "position";
  return new CallTransaction(pool, metrics, { isolation, readOnly, alone, observer, asks });
}

/**
 * Waits until this node has heard of a commit. Where it does not hear in time, the end of the log is a later position;
 * without one the caller could not read its own write elsewhere, so a database that is gone by then is told.
 */
async function positionAfter({ relay, pool }: CallRuntime, { xid, position }: CallTransaction): Promise<string | null> {
  if (xid === null || !relay) return position;
  if (relay.state === "streaming" && (await relay.waitForXid(xid, HEARD_MS))) return formatPosition(relay.position);
  try {
    return await pool.position();
  } catch (error) {
    throw unknownOutcome(error);
  }
}

/**
 * Undoes a run that failed. Gives how long to wait before the next one.
 *
 * @throws what the caller is told, when there is to be none.
 */
function afterFailure(
  thrown: unknown,
  transaction: CallTransaction,
  attempt: number,
  deadline: Deadline,
  { metrics, random }: CallRuntime,
  { endpoint, name, arrival }: CallRequest,
): number {
  transaction.rollback();
  // What `run` made of the failure of a statement does not count when that failure can pass.
  const { failure } = transaction;
  const error = canPass(failure) ? failure : thrown;
  if (error instanceof NotAlone) {
    expectSeveral(endpoint);
    return 0;
  }
  if (isConnectionLoss(error) && transaction.committing && endpoint.kind === "command") {
    if (arrival) arrival.mayCount = true;
    throw unknownOutcome(error);
  }
  const again = canPass(error) && attempt < ATTEMPTS_MAX && !deadline.isOver;
  if (isConflict(error)) metrics.conflicts.inc({ endpoint: name, outcome: again ? "repeated" : "given_up" });
  if (!again) throw shown(error, endpoint);
  return random() * Math.min(PAUSE_MS * 2 ** (attempt - 1), PAUSE_MS_MAX);
}

/** Whether the same call, made again, may find it otherwise. */
function canPass(error: unknown): boolean {
  return isConflict(error) || isStalePlan(error) || isConnectionLoss(error) || error instanceof NotAlone;
}

function unknownOutcome(cause: unknown): Fault {
  const detail =
    "The connection broke during the commit: the change may or may not have been made. Look before you repeat.";
  return fault("DATABASE_UNAVAILABLE", { cause, detail, retryAfterSeconds: 1 });
}

/** What the caller is told; errors that nobody expected pass as they are and are shown as `INTERNAL`. */
function shown(error: unknown, endpoint: EndpointDefinition): unknown {
  if (error instanceof Fault) return error;
  const detail = (error as { detail?: string } | null | undefined)?.detail ?? "";
  if (errorCode(error) === "23505") {
    return fault("ALREADY_EXISTS", { cause: error, errors: ofColumns(detail, "unique", "is taken") });
  }
  // When a row that others refer to is deleted, the same code comes with another text: no input is to blame then.
  if (errorCode(error) === "23503" && detail.includes("is not present in table")) {
    const errors = ofColumns(detail, "reference", "refers to nothing that is there");
    return fault("STILL_REFERENCED", { cause: error, errors });
  }
  if (isReadOnly(error)) {
    if (endpoint.kind === "command") return fault("DATABASE_UNAVAILABLE", { cause: error, retryAfterSeconds: 1 });
    return new Error(`${endpoint.route} is a query and cannot write: make it a command.`, { cause: error });
  }
  return databaseFault(error) ?? error;
}

/** Which columns broke a constraint: their names are public, the values in the message are not. */
function ofColumns(message: string, rule: string, detail: string): FieldError[] {
  const columns = /\(([^)]*)\)=/.exec(message)?.[1]?.split(", ") ?? [];
  return columns.map((column) => ({ in: "body", pointer: `/${column.replaceAll('"', "")}`, rule, detail }));
}
