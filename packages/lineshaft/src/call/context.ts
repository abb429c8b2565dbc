/**
 * Context: what one run of an endpoint gets. Parts that most runs do not ask for are made when they are asked for.
 */
import type { Transaction } from "kysely";
import { kyselyOf } from "../data/kysely.ts";
import type { CallObserver } from "../data/observer.ts";
import type { Outbox } from "../data/outbox.ts";
import type { CallTransaction } from "../data/transaction.ts";
import type { Actor } from "../define/actor.ts";
import type { Broadcast } from "../define/channel.ts";
import type { Call, Context, EndpointDefinition, Fail, Log, Reply, RequestFacts } from "../define/endpoint.ts";
import { ERRORS, type ErrorCode, Fault, type FaultOptions } from "../define/errors.ts";
import type { Cancel, Emit, EventDefinition, RunAt } from "../define/event.ts";
import type { UploadedFile } from "../define/file.ts";
import { checkKey } from "../engines/files.ts";
import type { Deadline } from "./deadline.ts";
import { type Looked, ObservedFacts } from "./looked.ts";
import { type Broadcasted, broadcasted } from "./spoken.ts";
import { commandRow, eventRow, targetOf } from "./stated.ts";

/** A file that came with a call: its bytes are stored, and count once the call has committed. */
export interface Arrival {
  readonly file: UploadedFile;
  /** Whether its row may be there: then the bytes must stay. */
  mayCount: boolean;
}

/** What a call brings along, whatever it came in by. */
export interface CallRequest {
  readonly endpoint: EndpointDefinition;
  /** The name of the endpoint in the app, for logs and metrics. */
  readonly name: string;
  /** Validated values, as `run` sees them. */
  readonly input: unknown;
  readonly arrival?: Arrival | null;
  readonly actor: Actor;
  readonly facts: RequestFacts;
  readonly now: Date;
  readonly log: Log;
  readonly signal: () => AbortSignal;
  /** Whether it is known that the actor may ask, by `authorize`. Else it is asked first, in the same snapshot. */
  readonly isAuthorized?: boolean;
  /** Watches what is asked of the database. */
  readonly observer?: CallObserver | null;
  /** What the run looked at, when somebody wants to know. */
  readonly looked?: Looked;
}

/** What a run adds to its answer, and what it leaves to do once it has committed. */
export class ReplyHeaders implements Reply {
  readonly entries: [name: string, value: string][] = [];
  readonly tasks: (() => Promise<void>)[];
  /** What is said on channels once it has committed. */
  readonly broadcasts: Broadcasted[];

  constructor(tasks: (() => Promise<void>)[] = [], broadcasts: Broadcasted[] = []) {
    this.tasks = tasks;
    this.broadcasts = broadcasts;
  }

  /** For a nested call: headers belong to its own answer, which nobody gets; tasks belong to the one commit. */
  nested(): ReplyHeaders {
    return new ReplyHeaders(this.tasks, this.broadcasts);
  }

  /**
   * Runs a task after the commit, without waiting for it; never when the run is undone. A process that dies in between
   * loses it: for what must happen there are events.
   */
  afterCommit(task: () => Promise<void>): void {
    this.tasks.push(task);
  }

  header(name: string, value: string): void {
    if (/[\r\n\u0000]/.test(value)) throw new Error(`Header "${name}" holds a line break or a NUL character.`);
    this.entries.push([name.toLowerCase(), value]);
  }
}

/** Does what a run has left for after its commit. Nobody waits for it. */
export function runTasks(reply: ReplyHeaders, { log }: CallRequest): void {
  for (const task of reply.tasks) {
    Promise.try(task).catch((error) => log.error({ err: error }, "a task after a commit failed"));
  }
}

/** How long a call may take. */
export type Bound = Pick<Deadline, "signal">;
/** Makes the `call` of a context. */
export type Nest = (outer: CallRequest, transaction: CallTransaction, reply: ReplyHeaders, deadline: Bound) => Call;

export class CallContext implements Context<any, any, string, "anyone"> {
  readonly reply: ReplyHeaders;
  readonly #nest: Nest;
  readonly #request: CallRequest;
  readonly #transaction: CallTransaction;
  readonly #deadline: Bound;
  #db: Transaction<any> | null = null;
  #signal: AbortSignal | null = null;

  constructor(request: CallRequest, transaction: CallTransaction, reply: ReplyHeaders, deadline: Bound, nest: Nest) {
    this.#nest = nest;
    this.#request = request;
    this.#deadline = deadline;
    this.#transaction = transaction;
    this.reply = reply;
  }

  get input(): any {
    return this.#request.input;
  }
  get actor(): Actor {
    if (this.#request.looked) this.#request.looked.atActor = true;
    return this.#request.actor;
  }
  get db(): Transaction<any> {
    this.#db ??= kyselyOf(this.#transaction, this.#request.endpoint.service);
    return this.#db;
  }
  get call(): Call {
    return this.#nest(this.#request, this.#transaction, this.reply, this.#deadline);
  }
  get emit(): Emit {
    const { outbox, now } = this.#writes("emit");
    return (event, payload) => outbox.addEvent(eventRow(event as unknown as EventDefinition, payload, now));
  }
  get runAt(): RunAt {
    const { outbox, actor } = this.#writes("runAt");
    return (at, command, input, options = {}) => {
      const row = commandRow(at, command as unknown as EndpointDefinition, input, { actor, name: options.name });
      outbox.addWork(row);
      return row.name;
    };
  }
  get broadcast(): Broadcast {
    this.#writes("broadcast");
    const { broadcasts } = this.reply;
    return (channel, input, name, payload) => broadcasts.push(broadcasted(channel, input, name, payload));
  }
  get cancel(): Cancel {
    this.#writes("cancel");
    return (command, name) => cancelRun(this.#transaction, command as unknown as EndpointDefinition, name);
  }
  get file(): UploadedFile {
    const { endpoint, arrival } = this.#request;
    if (arrival && endpoint.upload) return arrival.file;
    const why = endpoint.upload ? "was called without a file" : "takes no file: declare upload: { max, types }";
    throw new Error(`${endpoint.route} ${why}.`);
  }
  get removeFile(): (key: string) => void {
    const { outbox } = this.#writes("removeFile");
    return (key) => {
      checkKey(key);
      outbox.removeFile(key);
    };
  }
  get now(): Date {
    if (this.#request.looked) this.#request.looked.atNow = true;
    return this.#request.now;
  }
  get request(): RequestFacts {
    const { facts, looked } = this.#request;
    return looked ? new ObservedFacts(facts, looked) : facts;
  }
  get log(): Log {
    return this.#request.log;
  }
  get signal(): AbortSignal {
    this.#signal ??= AbortSignal.any([this.#request.signal(), this.#deadline.signal]);
    if (this.#request.looked) this.#request.looked.signal = this.#signal;
    return this.#signal;
  }
  get fail(): Fail<string> {
    return failOf(this.#request.endpoint);
  }

  /** What only commands have. */
  #writes(what: string): { readonly outbox: Outbox; readonly now: Date; readonly actor: Actor } {
    const { endpoint, now, actor } = this.#request;
    if (endpoint.kind === "query")
      throw new Error(`${endpoint.route} is a query and has no ${what}: make it a command.`);
    return { outbox: this.#transaction.outbox, now, actor };
  }
}

/** Takes back a run that was asked for, by this transaction or by one before. */
export async function cancelRun(
  transaction: CallTransaction,
  command: EndpointDefinition,
  name: string,
): Promise<boolean> {
  const target = targetOf(command);
  const work = { kind: "command", target, name } as const;
  const wasOwn = transaction.outbox.removeWork(work);
  // It is under way: that is not waiting.
  if (transaction.outbox.isOwn(work)) return wasOwn;
  const { rows } = await transaction.statement(command.service.name, CANCEL, [target, name]);
  return (rows as { readonly found: boolean }[])[0]!.found || wasOwn;
}

const CANCEL = "select lineshaft.cancel($1, $2) as found";

const fails = new WeakMap<EndpointDefinition, Fail<string>>();

/** `fail` of an endpoint: its own codes first, then the platform's. */
function failOf(endpoint: EndpointDefinition): Fail<string> {
  let fail = fails.get(endpoint);
  if (fail) return fail;
  fail = (code: string, options?: string | FaultOptions): never => {
    const row = endpoint.errors[code] ?? ERRORS[code as ErrorCode];
    if (!row) throw new Error(`fail("${code}"): ${endpoint.route} declares no such code in its errors.`);
    throw new Fault(code, row, typeof options === "string" ? { detail: options } : options);
  };
  fails.set(endpoint, fail);
  return fail;
}
