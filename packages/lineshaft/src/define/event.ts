/**
 * Events, handlers and schedules, as they are declared: data, with a function that runs later.
 *
 * An event is a fact that a command states; a handler reacts to it, later, with its effects applied once; a schedule is
 * a run at a time. Names are what the database remembers them by: a handler with another name begins from the start.
 */
import type { Transaction } from "kysely";
import type { Broadcast } from "./channel.ts";
import type { Call, Endpoint, Isolation, Log } from "./endpoint.ts";
import type { ServiceDefinition } from "./service.ts";
import type { InputOf, PayloadOf, Schemas, ValueOf } from "./shape.ts";
import type { When } from "./when.ts";

/** Attempts of a handler until its event is a dead letter. */
export const ATTEMPTS_DEFAULT = 12;
export const ATTEMPTS_MAX = 100;
/** How long one run of a handler or a schedule may take. */
export const TIMEOUT_SECONDS_DEFAULT = 30;
export const TIMEOUT_SECONDS_MAX = 600;
/** Events that a handler may ask for at a time. */
export const BATCH_MAX = 1_000;

/** A declared event, as `emit` and `on` take it. */
export interface Event<TFields> {
  readonly kind: "event";
  /** For the compiler only. */
  readonly "~payload": TFields;
}

/** How an event is ordered and how it changes over time. */
export interface EventOptions<TFields> {
  /** Field, or fields, of the payload. Events with equal values are handled in the order of their commits. */
  readonly key?: (keyof TFields & string) | readonly (keyof TFields & string)[];
  /** Of the shape of the payload: 1, then 2 … Default 1. */
  readonly version?: number;
  /** For each version before: makes a payload of it one of the next version. */
  readonly upcast?: Readonly<Record<number, (payload: any) => object>>;
  /** One sentence for people. */
  readonly description?: string;
}

/** An event as the platform sees it. */
export interface EventDefinition {
  readonly kind: "event";
  readonly service: ServiceDefinition;
  /** `links.visited`. */
  readonly name: string;
  readonly fields: Schemas;
  readonly key: readonly string[];
  readonly version: number;
  readonly upcast: Readonly<Record<number, (payload: any) => object>>;
  readonly description: string | undefined;
  readonly place: string;
}

/** An event that happened. */
export interface Happened<TFields> {
  /** Stable: the same over all attempts and replays. */
  readonly id: string;
  /** Its place in the order of all events: a whole number, as text. */
  readonly position: string;
  readonly name: string;
  /** The version that it was stored with; `payload` is of the declared one. */
  readonly version: number;
  readonly key: string | null;
  /** `now` of the command that stated it. */
  readonly at: Date;
  readonly payload: ValueOf<TFields>;
}

/** States a fact: it is stored when the command commits, and handled later. */
export type Emit = <TFields>(event: Event<TFields>, payload: PayloadOf<TFields>) => void;

/** How a command is asked for later. */
export interface RunAtOptions {
  /** The name of this run, by which it is cancelled. One that waits under the same name is replaced. */
  readonly name?: string;
}

/**
 * Has a command run later, as the same actor as it is now; gives the name of the run. Only if this command commits. At
 * the time, `now` of the run is the real time.
 */
export type RunAt = <TInput, TOutput>(
  at: Date,
  command: Endpoint<TInput, TOutput> & { readonly kind: "command" },
  input: InputOf<TInput>,
  options?: RunAtOptions,
) => string;

/** Takes back what `runAt` said; true when it was still waiting. */
export type Cancel = (command: { readonly kind: "command" }, name: string) => Promise<boolean>;

/** What a step gets. */
export interface StepTools {
  /** The same for every attempt of this step: for the `Idempotency-Key` of whoever is asked. */
  readonly key: string;
  /** Aborted when the time is over, or the node stops. */
  readonly signal: AbortSignal;
}

/**
 * Does work outside the database and records its result. At least once, always with the same key; once it is recorded,
 * the result is given without doing it again. A step that comes after statements of the same run ends that run, is done
 * outside of any transaction, and has the run begin again with its result.
 *
 * @param name  Unique within the handler. @throws what `work` throws: the attempt has failed then.
 */
export type Step = <T>(name: string, work: (tools: StepTools) => Promise<T>) => Promise<T>;

/** What all runs without a caller get. */
export interface MachineContext<TTables> {
  /** Kysely over the service's own tables, inside the transaction of this run. */
  readonly db: Transaction<TTables>;
  /** Calls an endpoint in the same transaction, as nobody: what wants an account cannot be called. */
  readonly call: Call;
  readonly emit: Emit;
  readonly runAt: RunAt;
  readonly cancel: Cancel;
  readonly broadcast: Broadcast;
  /** Lets a file go with the commit: its bytes are removed soon after. */
  readonly removeFile: (key: string) => void;
  readonly step: Step;
  readonly now: Date;
  readonly log: Log;
  /** Aborted when the time is over, or the node stops. */
  readonly signal: AbortSignal;
  /** 1, then 2 … after failures. */
  readonly attempt: number;
}

/** What a handler gets. */
export interface HandlerContext<TTables, TFields> extends MachineContext<TTables> {
  readonly event: Happened<TFields>;
}

/** What a handler of batches gets. */
export interface BatchContext<TTables, TFields> extends MachineContext<TTables> {
  /** In order; with `batch: n`, from 1 to n of them. */
  readonly events: readonly Happened<TFields>[];
}

/** What a schedule gets. */
export interface ScheduleContext<TTables> extends MachineContext<TTables> {
  /** When this run was meant to be. */
  readonly due: Date;
}

/** How runs without a caller are made, and what happens when they fail. */
export interface MachineOptions {
  /** Until it is set aside as a dead letter. Default 12, with delays of 1 s that double up to 10 minutes. */
  readonly attempts?: number;
  /** How long one attempt may take. Default 30. */
  readonly timeoutSeconds?: number;
  /** Default `serializable`. */
  readonly isolation?: Isolation;
}

/** How a handler gets its events. */
export interface HandlerOptions extends MachineOptions {
  /** Has the handler get up to so many events at once, in one transaction. Default: one by one. */
  readonly batch?: number;
  /** Where a handler begins that is new in this database. Default `first`: with the oldest event that is kept. */
  readonly from?: "first" | "now";
}

/** What a schedule does with runs that are late, or take long. */
export interface ScheduleOptions extends MachineOptions {
  /**
   * What happens with runs that nobody made in time, because no node was up or the run before took long: `once` (the
   * default) makes one of them up for, `all` each of them, `skip` none that is more than a minute late.
   */
  readonly missed?: "once" | "all" | "skip";
  /** Whether a run may begin while the one before is under way. Default false. */
  readonly overlap?: boolean;
}

/** A handler as the platform sees it. */
export interface HandlerDefinition {
  readonly kind: "handler";
  readonly service: ServiceDefinition;
  readonly event: EventDefinition;
  /** `links.count`. */
  readonly name: string;
  readonly attempts: number;
  readonly timeoutSeconds: number;
  readonly isolation: Isolation;
  /** 0: one by one. */
  readonly batch: number;
  readonly from: "first" | "now";
  readonly run: (context: any) => Promise<void>;
  readonly place: string;
}

/** A schedule as the platform sees it. */
export interface ScheduleDefinition {
  readonly kind: "schedule";
  readonly service: ServiceDefinition;
  readonly name: string;
  readonly when: When;
  readonly attempts: number;
  readonly timeoutSeconds: number;
  readonly isolation: Isolation;
  readonly missed: "once" | "all" | "skip";
  readonly overlap: boolean;
  readonly run: (context: any) => Promise<void>;
  readonly place: string;
}

/** What `on` gives; nothing needs it. */
export interface Handler {
  readonly kind: "handler";
  readonly name: string;
}

/** What `schedule` gives; nothing needs it. */
export interface Schedule {
  readonly kind: "schedule";
  readonly name: string;
}
