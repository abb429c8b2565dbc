/** Attempt: tries one item of work, again and again where that is nobody's fault, and records how it ended. */
import { setTimeout as delay } from "node:timers/promises";
import type { OutboxStatement } from "../data/outbox.ts";
import type { Actor } from "../define/actor.ts";
import { Fault } from "../define/errors.ts";
import { type PlatformStatement, writeTogether } from "../log/control.ts";
import { CONFLICTS_MAX, conflictPause, errorText, meaningOf, retryMs } from "./failures.ts";
import { tellFailure } from "./lane.ts";
import { type Machinery, Run, type Runnable, within } from "./run.ts";
import { RunAgain, Steps } from "./steps.ts";
import type { WorkItem } from "./work.ts";

/** Pause after the database could not be reached. */
const AWAY_MS = 250;

/** Ends an item, if it is as it was when it was read. */
export function finish({ row, id, revision }: WorkItem): OutboxStatement {
  return { text: "select lineshaft.finish($1, $2, $3)", values: [row, id, revision] };
}

const FAILED = `update lineshaft.work set attempts = $3, revision = revision + 1, due_at = $4, state = $5, error = $6,
    failed_at = now() where id = $1 and revision = $2 and state = 'waiting'`;

/** What is tried, and how. */
export interface Trial {
  readonly item: WorkItem;
  readonly runnable: Runnable & { readonly attempts: number; readonly timeoutSeconds: number };
  readonly actor?: Actor;
  /** What the steps of this item belong to. */
  readonly scope: string;
  /** Aborted when the node gives up what runs. */
  readonly signal: AbortSignal;
  readonly run: (run: Run, signal: AbortSignal) => Promise<unknown>;
  /** Adds to the transaction what ends the item. */
  readonly end: (run: Run) => void;
  /** Whether this failure is the last one, whatever attempts are left. */
  readonly isFinal?: (error: unknown, retryAt: Date) => boolean;
  /** Says how an item is set aside. Default: it becomes a dead letter. */
  readonly bury?: (error: string) => readonly PlatformStatement[];
}

/** How an attempt ended: `done` or `dead` for ever, `waiting` for another one. */
export type Ended = "done" | "dead" | "waiting";

/** Tries an item once. Rejects when its end could not be recorded: then it is as it was. */
export async function attempt(machinery: Machinery, trial: Trial): Promise<Ended> {
  const { runnable, item } = trial;
  const startedMs = performance.now();
  const failed = await tryOut(machinery, trial);
  if (failed === null) {
    machinery.metrics.handled.inc({ handler: runnable.name, outcome: "handled" });
    machinery.metrics.handlerSeconds.observe({ handler: runnable.name }, (performance.now() - startedMs) / 1_000);
    return "done";
  }
  if (trial.signal.aborted) return "waiting";
  const { error, meaning } = failed;
  if (meaning === "moved") return "waiting";
  if (meaning === "away") {
    machinery.log.debug({ err: error, target: item.target }, "the database was away during a run");
    await delay(AWAY_MS, undefined, { ref: false });
    return "waiting";
  }
  return record(machinery, trial, error);
}

async function tryOut(
  machinery: Machinery,
  trial: Trial,
): Promise<{ readonly error: unknown; readonly meaning: ReturnType<typeof meaningOf> } | null> {
  const { runnable, item, actor, scope, signal } = trial;
  const steps = new Steps(machinery.control, scope, item.steps ?? {});
  let run: Run | null = null;
  const again = async (bound: AbortSignal): Promise<void> => {
    for (let conflicts = 0; ; ) {
      bound.throwIfAborted();
      steps.begin();
      const options = { attempt: item.attempts + 1, steps, signal: bound, ...(actor ? { actor } : {}) };
      const current = new Run(machinery, runnable, options);
      run = current;
      try {
        await trial.run(current, bound);
        steps.end();
        trial.end(current);
        return await current.commit();
      } catch (thrown) {
        const { failure } = current.transaction;
        current.transaction.rollback();
        if ((failure ?? thrown) instanceof RunAgain) await steps.performMet(bound);
        else if (meaningOf(thrown, failure) === "again" && conflicts++ < CONFLICTS_MAX) {
          await conflictPause(conflicts, machinery.random);
        } else throw failure ?? thrown;
      }
    }
  };
  try {
    await within(runnable.name, runnable.timeoutSeconds * 1_000, signal, again);
    return null;
  } catch (error) {
    // A run that is out of time goes on, but not into the database.
    (run as Run | null)?.transaction.rollback();
    return { error, meaning: meaningOf(error, (run as Run | null)?.transaction.failure) };
  }
}

async function record(machinery: Machinery, trial: Trial, error: unknown): Promise<Ended> {
  const { item, runnable, isFinal, bury } = trial;
  const attempts = item.attempts + 1;
  const retryAt = new Date(machinery.clock().getTime() + retryMs(attempts, machinery.random));
  const isDead = attempts >= runnable.attempts || (isFinal?.(error, retryAt) ?? false);
  tellFailure(
    machinery,
    { name: runnable.name, attempts: isDead ? attempts : runnable.attempts },
    {
      id: item.event ?? item.id,
      attempt: attempts,
      error,
    },
  );
  const text = errorText(error);
  const values = [item.id, item.revision, attempts, retryAt.toISOString(), isDead ? "dead" : "waiting", text];
  const statements = isDead && bury ? bury(text) : [{ text: FAILED, values }];
  try {
    await writeTogether(machinery.control, statements);
  } catch (failure) {
    if (meaningOf(failure, null) === "own") throw failure;
    return "waiting";
  }
  return isDead ? "dead" : "waiting";
}

/** Whether a command refused, and would refuse again: what the caller would be told is a failure of 4xx. */
export function isRefusal(error: unknown): boolean {
  return error instanceof Fault && error.status < 500 && error.code !== "CONFLICT" && error.status !== 429;
}
