/**
 * Run: one attempt of a handler, a schedule or a command for later, in one transaction, with nobody waiting for it.
 */

import { type CallRequest, cancelRun, ReplyHeaders, runTasks } from "../call/context.ts";
import { nestedCall } from "../call/nested.ts";
import { type Broadcasted, broadcasted } from "../call/spoken.ts";
import { commandRow, eventRow } from "../call/stated.ts";
import { kyselyOf } from "../data/kysely.ts";
import type { Pool } from "../data/pool.ts";
import { CallTransaction } from "../data/transaction.ts";
import { type Actor, NOBODY } from "../define/actor.ts";
import type { Broadcast } from "../define/channel.ts";
import type { Call, EndpointDefinition, Isolation, Log } from "../define/endpoint.ts";
import type { Cancel, Emit, EventDefinition, RunAt, Step } from "../define/event.ts";
import type { ServiceDefinition } from "../define/service.ts";
import { checkKey, type FileStore } from "../engines/files.ts";
import type { Logger } from "../observe/log.ts";
import type { Metrics } from "../observe/metrics.ts";
import { type Steps, StepsNeeded } from "./steps.ts";

/** What all runs on a node share. */
export interface Machinery {
  /** For the transactions of runs; apart from that of callers, who must not wait for them. */
  readonly pool: Pool;
  /** For the platform's own statements; apart from those of runs, which may hold theirs for long. */
  readonly control: Pool;
  readonly metrics: Metrics;
  /** Where the bytes of files lie that runs remove. */
  readonly files: FileStore;
  /** Sends what runs have said on channels. */
  readonly broadcast: (broadcasted: Broadcasted) => void;
  readonly log: Logger;
  readonly clock: () => Date;
  readonly random: () => number;
}

/** What runs: a handler, a schedule, or a command. */
export interface Runnable {
  readonly kind: "handler" | "schedule" | "command";
  readonly service: ServiceDefinition;
  readonly name: string;
  readonly isolation: Isolation;
}

/** A run that took longer than it may. */
export class RunTimeout extends Error {
  override readonly name = "RunTimeout";

  constructor(name: string, ms: number) {
    super(`${name} took longer than ${ms / 1_000} s and was given up. Its transaction is undone.`);
  }
}

export interface RunOptions {
  /** 1, then 2 … */
  readonly attempt: number;
  /** `null`: steps are not done here. */
  readonly steps: Steps | null;
  readonly signal: AbortSignal;
  readonly actor?: Actor;
}

export class Run {
  readonly transaction: CallTransaction;
  readonly reply: ReplyHeaders = new ReplyHeaders();
  readonly #machinery: Machinery;
  readonly #runnable: Runnable;
  readonly #options: RunOptions;
  readonly request: CallRequest;

  constructor(machinery: Machinery, runnable: Runnable, options: RunOptions) {
    const { pool, metrics, log, clock } = machinery;
    const { isolation } = runnable;
    this.#machinery = machinery;
    this.#runnable = runnable;
    this.#options = options;
    this.transaction = new CallTransaction(pool, metrics, { isolation, readOnly: false });
    this.request = {
      endpoint: endpointOf(runnable),
      name: runnable.name,
      input: null,
      actor: options.actor ?? NOBODY,
      facts: { origin: "http://localhost", address: "127.0.0.1", headers: {}, id: runnable.name },
      now: clock(),
      log: log.child({ [runnable.kind]: runnable.name }) as Log,
      signal: () => options.signal,
    };
  }

  /** What the function gets, with what is its own: `event`, `events` or `due`. */
  context(own: object): object {
    return Object.assign(new MachineContextOf(this, this.#runnable, this.#options), own);
  }

  /** Makes the effects durable, and does what was left for then. */
  async commit(): Promise<void> {
    await this.transaction.commit();
    const { files } = this.#machinery;
    for (const key of this.transaction.outbox.removedFiles) this.reply.afterCommit(() => files.remove(key));
    runTasks(this.reply, this.request);
    for (const each of this.reply.broadcasts) this.#machinery.broadcast(each);
  }

  get log(): Log {
    return this.request.log;
  }

  get machinery(): Machinery {
    return this.#machinery;
  }
}

/** Calls from inside a run see a command around them. */
function endpointOf(runnable: Runnable): EndpointDefinition {
  let endpoint = endpoints.get(runnable);
  if (endpoint === undefined) {
    const { service, name, isolation } = runnable;
    endpoint = { kind: "command", service, route: name, isolation, errors: {} } as unknown as EndpointDefinition;
    endpoints.set(runnable, endpoint);
  }
  return endpoint;
}
const endpoints = new WeakMap<Runnable, EndpointDefinition>();

class MachineContextOf {
  readonly #run: Run;
  readonly #runnable: Runnable;
  readonly #options: RunOptions;
  #db: unknown = null;

  constructor(run: Run, runnable: Runnable, options: RunOptions) {
    this.#run = run;
    this.#runnable = runnable;
    this.#options = options;
  }

  get db(): unknown {
    return (this.#db ??= kyselyOf(this.#run.transaction, this.#runnable.service));
  }
  get call(): Call {
    const { request, transaction, reply } = this.#run;
    return nestedCall(request, transaction, reply, this.#options);
  }
  get emit(): Emit {
    const { transaction, request } = this.#run;
    return (event, payload) =>
      transaction.outbox.addEvent(eventRow(event as unknown as EventDefinition, payload, request.now));
  }
  get runAt(): RunAt {
    const { transaction, request } = this.#run;
    return (at, command, input, { name } = {}) => {
      const row = commandRow(at, command as unknown as EndpointDefinition, input, { actor: request.actor, name });
      transaction.outbox.addWork(row);
      return row.name;
    };
  }
  get broadcast(): Broadcast {
    const { reply } = this.#run;
    return (channel, input, name, payload) => reply.broadcasts.push(broadcasted(channel, input, name, payload));
  }
  get removeFile(): (key: string) => void {
    const { outbox } = this.#run.transaction;
    return (key) => {
      checkKey(key);
      outbox.removeFile(key);
    };
  }
  get cancel(): Cancel {
    const { transaction } = this.#run;
    return (command, name) => cancelRun(transaction, command as unknown as EndpointDefinition, name);
  }
  get step(): Step {
    const { transaction } = this.#run;
    const { steps, signal } = this.#options;
    const needed = () => {
      const error = new StepsNeeded();
      transaction.spoil(error);
      return Promise.reject(error);
    };
    return (name, work) => {
      const taken = steps === null ? needed() : steps.take(name, work, { transaction, signal });
      // Who does not wait for it is told by the run, which fails: nobody else needs to hear of it.
      taken.catch(() => {});
      return taken;
    };
  }
  get now(): Date {
    return this.#run.request.now;
  }
  get log(): Log {
    return this.#run.log;
  }
  get signal(): AbortSignal {
    return this.#options.signal;
  }
  get attempt(): number {
    return this.#options.attempt;
  }
}

/**
 * Gives work a bounded time. What it does after that cannot commit, and its signal is aborted.
 *
 * @throws {RunTimeout}
 */
export async function within<T>(
  name: string,
  ms: number,
  outer: AbortSignal,
  work: (signal: AbortSignal) => Promise<T>,
): Promise<T> {
  outer.throwIfAborted();
  const controller = new AbortController();
  const { promise: late, reject } = Promise.withResolvers<never>();
  const end = (reason: unknown) => {
    reject(reason);
    controller.abort(reason);
  };
  const onAbort = () => end(outer.reason);
  outer.addEventListener("abort", onAbort);
  const timer = setTimeout(() => end(new RunTimeout(name, ms)), ms);
  late.catch(() => {});
  try {
    return await Promise.race([work(controller.signal), late]);
  } finally {
    clearTimeout(timer);
    outer.removeEventListener("abort", onAbort);
  }
}
