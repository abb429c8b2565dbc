/**
 * Endpoints: a command writes, a query reads; each is one declaration that HTTP, OpenAPI, the client and the docs read.
 *
 * `Command` and `Query` are what a declaration looks like from outside: they carry the declared shapes, never types
 * derived from them, so that emitted declarations stay small. `EndpointDefinition` is the same thing as the platform
 * sees it.
 */
import type { Transaction } from "kysely";
import type { ActorOf, ActorRule } from "./actor.ts";
import type { Broadcast } from "./channel.ts";
import type { FaultOptions, StandardCode } from "./errors.ts";
import type { Cancel, Emit, RunAt } from "./event.ts";
import type { AnyField } from "./field.ts";
import type { Upload, UploadedFile } from "./file.ts";
import type { ServiceDefinition } from "./service.ts";
import type { InputOf, Nothing, ResultOf, Schema, Schemas, ValueOf } from "./shape.ts";

export type CommandMethod = "POST" | "PUT" | "PATCH" | "DELETE";
export type Method = "GET" | CommandMethod;
export type CommandRoute = `${CommandMethod} /${string}`;
export type QueryRoute = `GET /${string}`;

/** How often something may be called: `60/minute`. */
export type Rate = `${number}/${"second" | "minute" | "hour" | "day"}`;

/** A limit on the calls of one endpoint. Over it: `RATE_LIMITED` with `Retry-After`. */
export interface Limit {
  /** Who is counted: the actor (its account, or the address of nobody), the address, or all callers together. */
  readonly per: "actor" | "address" | "all";
  readonly rate: Rate;
}

/** Transaction isolation of a command. */
export type Isolation = "serializable" | "repeatable read" | "read committed";

/** How answers of a query are kept. */
export type CacheRule = false | { readonly seconds: number };

/** Ends the call with a code: one of the platform's, or one that the endpoint declares in `errors`. Never returns. */
export type Fail<TCode extends string> = (code: TCode | StandardCode, options?: string | FaultOptions) => never;

/** Facts of the request that `run` may look at. */
export interface RequestFacts {
  /** `http://host:port` as the caller wrote it, or `PUBLIC_URL`. */
  readonly origin: string;
  /** The caller's address; behind a trusted proxy, the one that the proxy tells. */
  readonly address: string;
  /** Header values by lower-case name. */
  readonly headers: Readonly<Record<string, string | readonly string[] | undefined>>;
  readonly id: string;
}

/** What a call may add to its answer. */
export interface Reply {
  /** Sets a header of the answer; `set-cookie` adds one. */
  header(name: string, value: string): void;
}

/** Structured logging. Values of secret-looking keys are never written. */
export interface Log {
  debug(facts: object, message?: string): void;
  info(facts: object, message?: string): void;
  warn(facts: object, message?: string): void;
  error(facts: object, message?: string): void;
}

/**
 * A typed call of another endpoint, inside the same transaction and snapshot, as the same actor. It gives the value:
 * headers that the called endpoint sets, such as cookies, stay with its own answer.
 */
export type Call = <TInput, TOutput>(
  endpoint: Endpoint<TInput, TOutput>,
  input: InputOf<TInput>,
) => Promise<ResultOf<TOutput>>;

/** What `run` gets. */
export interface Context<TTables, TInput, TCode extends string, TActor> {
  readonly input: ValueOf<TInput>;
  readonly actor: ActorOf<TActor>;
  /** Kysely over the service's own tables, inside the call's transaction. */
  readonly db: Transaction<TTables>;
  readonly fail: Fail<TCode>;
  readonly call: Call;
  /** States an event. Commands only. */
  readonly emit: Emit;
  /** Has a command run later. Commands only. */
  readonly runAt: RunAt;
  /** Takes back what `runAt` said. Commands only. */
  readonly cancel: Cancel;
  /** The file that came with the call. Commands with `upload` only. */
  readonly file: UploadedFile;
  /** Lets a file go with the commit: its bytes are removed soon after. Commands only. */
  readonly removeFile: (key: string) => void;
  /** Says something to the members of a channel. Commands only. */
  readonly broadcast: Broadcast;
  /** The instant of the call. Use it instead of the machine's clock. */
  readonly now: Date;
  readonly request: RequestFacts;
  readonly reply: Reply;
  readonly log: Log;
  /** Aborted when the caller is gone, the call's time is over or the node stops. */
  readonly signal: AbortSignal;
}

/** Common to both declarations. */
export interface Definition<TInput, TOutput, TCode extends string, TRule, TContext, TUpload = undefined> {
  /** A few words for the API reference. */
  readonly summary?: string;
  readonly description?: string;
  /** Who may call. Default: what the service says, else `account`. */
  readonly actor?: TRule;
  readonly limit?: Limit;
  readonly input?: TInput;
  readonly output?: TOutput;
  /**
   * Makes the body of the request one file; all other input comes from the path and the query string. Commands only.
   */
  readonly upload?: TUpload;
  /** Expected failures beyond the platform's codes. */
  readonly errors?: {
    readonly [C in TCode]: { readonly status: 400 | 401 | 403 | 404 | 409 | 410 | 422 | 429; readonly title: string };
  };
  /** Default: 200, or 204 without an output. */
  readonly status?: 200 | 201 | 202 | 204;
  /** Default `serializable`. Commands only. */
  readonly isolation?: Isolation;
  /**
   * How answers are kept. Default: until something that they depend on changes. `false`: never, for a query that asks
   * something beside the database. `seconds`: no longer than that; needed where `run` looks at the time. Queries only.
   */
  readonly cache?: CacheRule;
  /**
   * Who may ask: ends with `fail` for whoever may not. Apart from `run`, which need not look at the actor then, so that
   * one answer serves all who may ask, and one run all who subscribe. Both stay current: subscribers whom it refuses
   * later are told, and get no more. It counts from when this node hears of what it depends on. A command asks it in
   * its transaction, and one with an upload also before it takes the file.
   */
  readonly authorize?: (context: NoInfer<TContext>) => Promise<void>;
  readonly run: (context: TContext) => Promise<ResultOf<NoInfer<TOutput>>>;
}

type ParamsOf<R> = R extends `${string}/:${infer P}/${infer Rest}`
  ? P | ParamsOf<`/${Rest}`>
  : R extends `${string}/:${infer P}`
    ? P
    : never;

/** Requires every `:param` of a route in the input. */
export type RouteInput<R> = [ParamsOf<R>] extends [never]
  ? unknown
  : { readonly input: { readonly [P in ParamsOf<R>]: AnyField } };

/** A command or a query, as `call` takes it. It is data: declaring one does nothing. */
export interface Endpoint<TInput, TOutput> {
  readonly kind: "command" | "query";
  readonly input: TInput;
  readonly output: TOutput;
}

/** A write: one transaction. */
export interface Command<TInput, TOutput, TCode extends string, TUpload = undefined> extends Endpoint<TInput, TOutput> {
  readonly kind: "command";
  readonly "~code": TCode;
  readonly "~upload": TUpload;
}

/** A read: one snapshot. */
export interface Query<TInput, TOutput, TCode extends string> extends Endpoint<TInput, TOutput> {
  readonly kind: "query";
  readonly "~code": TCode;
}

/** An endpoint as the platform sees it. */
export interface EndpointDefinition {
  readonly kind: "command" | "query";
  readonly service: ServiceDefinition;
  readonly method: Method;
  /** With the prefix of the service. */
  readonly path: string;
  readonly params: readonly string[];
  readonly summary: string | undefined;
  readonly description: string | undefined;
  readonly actor: ActorRule;
  readonly limit: Limit | undefined;
  readonly input: Schemas;
  readonly output: Schema | null;
  readonly upload: Upload | undefined;
  readonly errors: Readonly<Record<string, { readonly status: number; readonly title: string }>>;
  readonly status: number;
  readonly isolation: Isolation;
  readonly cache: CacheRule | undefined;
  /** Who may ask, as a query of its own that gives an empty object; `null`: whoever `actor` admits. */
  readonly authorize: EndpointDefinition | null;
  readonly run: (context: Context<any, any, string, "anyone">) => Promise<unknown>;
  readonly place: string;
  /** As written, for messages. */
  readonly route: string;
}

/** Where a key is read from that says nothing of it, and that the path has not. */
export function usualSource({ method, upload }: Pick<EndpointDefinition, "method" | "upload">): "query" | "body" {
  return method === "GET" || method === "DELETE" || upload !== undefined ? "query" : "body";
}

export type { Nothing };
