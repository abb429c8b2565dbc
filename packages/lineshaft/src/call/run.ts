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
import { databaseFault, errorCode, isConflict, isConnectionLoss, isStalePlan } from "../data/failures.ts";
import type { Pool } from "../data/pool.ts";
import { CallTransaction } from "../data/transaction.ts";
import type { Call, EndpointDefinition } from "../define/endpoint.ts";
import { Fault, type FieldError, fault } from "../define/errors.ts";
import type { Metrics } from "../observe/metrics.ts";
import { CallContext, type CallRequest, ReplyHeaders } from "./context.ts";
import { compileInput, type ReadInput, type WireInput } from "./input.ts";

/** How often a run is tried before the caller gets `CONFLICT`. */
export const ATTEMPTS_MAX = 6;
/** The longest pause before the second try; it doubles with every further one. */
export const PAUSE_MS = 8;
/** How long a call may take, its repetitions included. */
export const CALL_MS = 30_000;

/** What runs need of the node they run on. */
export interface CallRuntime {
  readonly pool: Pool;
  readonly metrics: Metrics;
  /** A number from 0 up to 1. */
  readonly random: () => number;
}

export interface CallResult {
  readonly value: unknown;
  readonly headers: readonly [name: string, value: string][];
}

/**
 * Runs an endpoint.
 *
 * @throws {Fault} what `run` failed with, or what the database's answer means.
 */
export async function runCall(runtime: CallRuntime, request: CallRequest): Promise<CallResult> {
  const startedAt = performance.now();
  for (let attempt = 1; ; attempt++) {
    const outcome = await runOnce(runtime, request, startedAt);
    if ("result" in outcome) return outcome.result;
    const { error, repeatable } = outcome;
    const again = repeatable && attempt < ATTEMPTS_MAX && performance.now() - startedAt < CALL_MS;
    if (isConflict(error)) {
      runtime.metrics.conflicts.inc({ endpoint: request.name, outcome: again ? "repeated" : "given_up" });
    }
    if (!again) throw shown(error);
    await pause(runtime.random() * PAUSE_MS * 2 ** (attempt - 1));
  }
}

type Outcome = { readonly result: CallResult } | { readonly error: unknown; readonly repeatable: boolean };

async function runOnce(runtime: CallRuntime, request: CallRequest, startedAt: number): Promise<Outcome> {
  const { endpoint } = request;
  const readOnly = endpoint.kind === "query";
  const isolation = readOnly ? "repeatable read" : endpoint.isolation;
  const transaction = new CallTransaction(runtime.pool, runtime.metrics, { isolation, readOnly });
  const reply = new ReplyHeaders();
  let committing = false;
  try {
    const context = new CallContext(request, transaction, reply, nestedCall(request, transaction, reply));
    const value = await withinTime(endpoint.run(context), CALL_MS - (performance.now() - startedAt), request);
    committing = true;
    await transaction.commit();
    for (const task of reply.tasks) task().catch((error) => request.log.error({ err: error }, "a task after a commit failed"));
    return { result: { value, headers: reply.entries } };
  } catch (error) {
    await transaction.rollback();
    const lost = isConnectionLoss(error);
    if (lost && committing && !readOnly) return { error: unknownOutcome(error), repeatable: false };
    return { error, repeatable: isConflict(error) || isStalePlan(error) || (lost && !(error instanceof Fault)) };
  }
}

/** Lets a run take only so long. What it does after that cannot commit: its transaction is over. */
async function withinTime<T>(run: Promise<T>, boundMs: number, request: CallRequest): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => {
      const detail = `${request.endpoint.route} took longer than ${CALL_MS / 1000} seconds.`;
      reject(fault("STATEMENT_TIMEOUT", { detail, retryAfterSeconds: 1 }));
    }, boundMs);
  });
  try {
    return await Promise.race([run, late]);
  } finally {
    clearTimeout(timer);
    run.catch(() => {});
  }
}

function unknownOutcome(cause: unknown): Fault {
  const detail = "The connection broke during the commit: the change may or may not have been made. Look before you repeat.";
  return fault("DATABASE_UNAVAILABLE", { cause, detail, retryAfterSeconds: 1 });
}

/** What the caller is told; errors that nobody expected pass as they are and are shown as `INTERNAL`. */
function shown(error: unknown): unknown {
  if (error instanceof Fault) return error;
  if (errorCode(error) === "23505") return fault("ALREADY_EXISTS", { cause: error, errors: takenColumns(error) });
  return databaseFault(error) ?? error;
}

/** Which columns of a unique constraint are taken: their names are public, the values in the message are not. */
function takenColumns(error: unknown): FieldError[] {
  const { detail = "" } = error as { detail?: string };
  const columns = /\(([^)]*)\)=/.exec(detail)?.[1]?.split(", ") ?? [];
  return columns.map((column) => {
    const name = column.replaceAll('"', "");
    return { in: "body", pointer: `/${name}`, rule: "unique", detail: "is taken" };
  });
}

const readers = new WeakMap<EndpointDefinition, ReadInput>();

/** Calls of other endpoints from inside a run: the same transaction, snapshot and actor. */
function nestedCall(outer: CallRequest, transaction: CallTransaction, reply: ReplyHeaders): Call {
  const call = async (target: unknown, wire: unknown): Promise<unknown> => {
    const endpoint = target as EndpointDefinition;
    if (outer.endpoint.kind === "query" && endpoint.kind === "command") {
      throw new Error(`${outer.endpoint.route} is a query and cannot call the command ${endpoint.route}: make it a command.`);
    }
    if (endpoint.actor === "account" && outer.actor.kind !== "account") throw fault("UNAUTHENTICATED");
    let read = readers.get(endpoint);
    if (!read) {
      read = compileInput(endpoint.input, { closed: true });
      readers.set(endpoint, read);
    }
    const input = read(structuredClone(wire) as WireInput, outer.now);
    const request: CallRequest = { ...outer, endpoint, input };
    return endpoint.run(new CallContext(request, transaction, reply, nestedCall(request, transaction, reply)));
  };
  return call as Call;
}
