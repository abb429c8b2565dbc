/**
 * Services: a domain with its entities and endpoints; owns one Postgres schema.
 *
 * `service()` only describes. Entities may refer to each other across files, so nothing is looked at here: `check.ts`
 * does that once everything is loaded.
 */
import type { Actor, ActorRule } from "./actor.ts";
import { type Channel, type ChannelDefinition, type ChannelOptions, LIMIT_DEFAULT, type Messages } from "./channel.ts";
import type {
  Command,
  CommandRoute,
  Context,
  Definition,
  EndpointDefinition,
  Log,
  Method,
  Query,
  QueryRoute,
  RequestFacts,
  RouteInput,
} from "./endpoint.ts";
import type { AnyEntity, EntityDefinition, Tables } from "./entity.ts";
import type { FieldError } from "./errors.ts";
import {
  ATTEMPTS_DEFAULT,
  type BatchContext,
  type Event,
  type EventDefinition,
  type EventOptions,
  type Handler,
  type HandlerContext,
  type HandlerDefinition,
  type HandlerOptions,
  type MachineOptions,
  type Schedule,
  type ScheduleContext,
  type ScheduleDefinition,
  type ScheduleOptions,
  TIMEOUT_SECONDS_DEFAULT,
} from "./event.ts";
import type { Upload } from "./file.ts";
import { declarationPlace } from "./place.ts";
import type { Nothing, Schema, Schemas } from "./shape.ts";
import type { When } from "./when.ts";

/** Which web pages of other origins may call a service, as browsers understand it. */
export interface CorsRule {
  /** `"*"`, or origins such as `https://app.example`. */
  readonly origins: "*" | readonly string[];
  /** Whether cookies may come along. Not with `"*"`. Default false. */
  readonly credentials?: boolean;
}

/** A failure, as a service with its own error format sees it. */
export interface Problem {
  readonly code: string;
  readonly status: number;
  readonly title: string;
  readonly detail: string | undefined;
  readonly errors: readonly FieldError[];
  readonly facts: Readonly<Record<string, string | number>>;
}

/** A failure in a service's own format. */
export interface ProblemFormat {
  readonly status: number;
  readonly body: unknown;
  /** Default `application/json`. */
  readonly mediaType?: string;
}

/** Who calls, and how long that holds if nothing changes in the database. */
export interface Recognized {
  readonly actor: Actor;
  /** `null`: for ever. */
  readonly until: Date | null;
}

/**
 * Finds out who calls, from `authorization`, or from `cookie` and `origin`, and nothing else. Given by the service that
 * keeps accounts. What it finds is kept until something in the database changes that it depends on, or until the time
 * that it tells.
 */
export type Authenticate = (context: {
  readonly db: Context<any, any, string, "anyone">["db"];
  readonly request: RequestFacts;
  readonly now: Date;
}) => Promise<Recognized>;

/** What an app tells its services when it starts. */
export interface Surroundings {
  readonly mode: "development" | "production";
  /** Key of signatures; the same on every node. */
  readonly secret: string;
  /** Where callers reach this node: `PUBLIC_URL`, or the address that it listens on. */
  readonly origin: () => string;
  readonly mail: Mailer;
  readonly log: Log;
}

/** Sends mail: the seam to a sandbox or to SMTP. */
export interface Mailer {
  /** Resolves when the mail is handed over. */
  send(mail: { readonly to: string; readonly subject: string; readonly text: string }): Promise<void>;
}

/** How a service behaves as a whole. */
export interface ServiceOptions<TEntities, TRule> {
  readonly entities?: TEntities;
  /** Who may call its endpoints where they do not say. Default `account`: closed unless opened. */
  readonly actor?: TRule;
  /** Comes before every path: `/api`. */
  readonly prefix?: string;
  /** Default: no page of another origin may call. */
  readonly cors?: CorsRule;
  /** What happens to input that no schema names. Default `refuse`. */
  readonly unknownInput?: "refuse" | "ignore";
  /** Another format than problem documents for the failures of its own routes. */
  readonly problem?: (problem: Problem) => ProblemFormat;
  /** Makes this the service that tells who calls. One in an app. */
  readonly authenticate?: Authenticate;
  /** One sentence for the API reference. */
  readonly description?: string;
  /**
   * Called once at the start of an app, before the first call: for what a service needs of its surroundings. What a
   * module keeps of it is shared by all apps of the process, and the last start counts.
   */
  readonly prepare?: (surroundings: Surroundings) => void;
}

/** A service as the platform sees it. */
export interface ServiceDefinition {
  readonly name: string;
  readonly entities: Readonly<Record<string, EntityDefinition>>;
  readonly options: ServiceOptions<unknown, ActorRule>;
  /** What was declared on it so far. */
  readonly events: readonly EventDefinition[];
  readonly handlers: readonly HandlerDefinition[];
  readonly schedules: readonly ScheduleDefinition[];
  readonly place: string;
}

/** A declared service: declares its endpoints. */
export interface Service<TName extends string, TTables, TDefault extends ActorRule> {
  readonly name: TName;
  /** For the compiler only: the tables of this service, as Kysely sees them. */
  readonly "~tables": TTables;

  /**
   * Declares a write: it runs in one transaction, which is repeated whole when others changed the same data, so `run`
   * must do nothing outside the database that may not happen twice.
   */
  command<
    TRoute extends CommandRoute,
    TInput extends Schemas = {},
    TOutput extends Schema = Nothing,
    TCode extends string = never,
    TRule extends ActorRule = TDefault,
    TUpload extends Upload | undefined = undefined,
  >(
    route: TRoute,
    definition: Definition<TInput, TOutput, TCode, TRule, Context<TTables, TInput, TCode, TRule>, TUpload> &
      RouteInput<TRoute>,
  ): Command<TInput, TOutput, TCode, TUpload>;

  /** Declares a read: all its statements see one snapshot, and none may write. */
  query<
    TRoute extends QueryRoute,
    TInput extends Schemas = {},
    TOutput extends Schema = Nothing,
    TCode extends string = never,
    TRule extends ActorRule = TDefault,
  >(
    route: TRoute,
    definition: Definition<TInput, TOutput, TCode, TRule, Context<TTables, TInput, TCode, TRule>> &
      RouteInput<TRoute> & { readonly output: TOutput },
  ): Query<TInput, TOutput, TCode>;

  /**
   * Declares a channel: a topic for sockets, with broadcast and presence, stored nowhere. One topic for each input.
   *
   * @param path  Where clients join it: `/rooms/:room`. The service's prefix comes before it.
   * @example
   * export const room = chat.channel("/rooms/:room", {
   *   input: { room: Room.fields.id },
   *   member: { name: field.text() },
   *   join: async ({ input, actor, db, fail }) => { … },
   *   messages: { typing: {} },
   * });
   */
  channel<
    TPath extends `/${string}`,
    TInput extends Schemas = {},
    TMember extends Schema = {},
    TState extends Schemas = {},
    TMessages extends Messages = {},
    TCode extends string = never,
    TRule extends ActorRule = TDefault,
  >(
    path: TPath,
    options: ChannelOptions<TTables, TInput, TMember, TState, TMessages, TCode, TRule> & RouteInput<TPath>,
  ): Channel<TInput, TMember, TState, TMessages>;

  /**
   * Declares an event: a fact that commands state with `emit`, stored in their transaction.
   *
   * @param name    Lower-case letters, digits and underscores; with the service's name before it, what it is stored as.
   * @param fields  Of its payload; at most 64 KiB as JSON.
   * @example
   * export const visited = links.event("visited", { link: field.ref(() => Link) }, { key: "link" });
   */
  event<TFields extends Schemas>(name: string, fields: TFields, options?: EventOptions<TFields>): Event<TFields>;

  /**
   * Declares a handler: it reacts to each event once, later. Its writes are one transaction with the note that the
   * event is handled, so they apply exactly once. What it does outside the database belongs into a `step`.
   *
   * @param name  With the service's name before it, how the database knows it. A new name begins from the start.
   * @example
   * links.on(visited, "count", async ({ event, db }) => { … });
   */
  on<TFields>(
    event: Event<TFields>,
    name: string,
    run: (context: HandlerContext<TTables, TFields>) => Promise<void>,
  ): Handler;
  on<TFields>(
    event: Event<TFields>,
    name: string,
    options: HandlerOptions & { readonly batch: number },
    run: (context: BatchContext<TTables, TFields>) => Promise<void>,
  ): Handler;
  on<TFields>(
    event: Event<TFields>,
    name: string,
    options: HandlerOptions & { readonly batch?: undefined },
    run: (context: HandlerContext<TTables, TFields>) => Promise<void>,
  ): Handler;

  /**
   * Declares a schedule: a run at its times, once in the whole fleet, late rather than never.
   *
   * @example
   * links.schedule("purge", { cron: "0 3 * * *", timeZone: "Europe/Berlin" }, async ({ db, due }) => { … });
   */
  schedule(
    name: string,
    when: When & ScheduleOptions,
    run: (context: ScheduleContext<TTables>) => Promise<void>,
  ): Schedule;
}

type Run = (context: any) => Promise<void>;

class DeclaredService implements ServiceDefinition {
  readonly name: string;
  readonly entities: Readonly<Record<string, EntityDefinition>>;
  readonly options: ServiceOptions<unknown, ActorRule>;
  readonly events: EventDefinition[] = [];
  readonly handlers: HandlerDefinition[] = [];
  readonly schedules: ScheduleDefinition[] = [];
  readonly place = declarationPlace();

  constructor(name: string, options: ServiceOptions<unknown, ActorRule>) {
    this.name = name;
    this.entities = Object.freeze({ ...(options.entities as Record<string, EntityDefinition> | undefined) });
    this.options = Object.freeze({ ...options });
  }

  command(route: string, definition: Definition<any, any, string, ActorRule, any>): EndpointDefinition {
    return this.#endpoint("command", route, definition);
  }

  query(route: string, definition: Definition<any, any, string, ActorRule, any>): EndpointDefinition {
    return this.#endpoint("query", route, definition);
  }

  channel(path: string, options: ChannelOptions<any, any, any, any, any, string, ActorRule>): ChannelDefinition {
    const { join, member, state, messages = {}, fromServer = [], presence, limit = LIMIT_DEFAULT, ...rest } = options;
    const run = async (context: Context<any, any, string, ActorRule>) => (await join?.(context)) ?? {};
    const endpoint = this.#endpoint("query", `GET ${path}`, { ...rest, output: member ?? {}, run });
    return Object.freeze({
      kind: "channel",
      endpoint,
      join: join ?? null,
      member: member ?? null,
      state: state ?? null,
      messages,
      fromServer,
      presence: presence ?? (member !== undefined || state !== undefined),
      limit,
      place: endpoint.place,
    });
  }

  event(name: string, fields: Schemas, options: EventOptions<any> = {}): EventDefinition {
    const event: EventDefinition = Object.freeze({
      kind: "event",
      service: this as ServiceDefinition,
      name: `${this.name}.${name}`,
      fields,
      key: options.key === undefined ? [] : [options.key].flat(),
      version: options.version ?? 1,
      upcast: options.upcast ?? {},
      description: options.description,
      place: declarationPlace(),
    });
    this.events.push(event);
    return event;
  }

  on(event: EventDefinition, name: string, ...rest: [HandlerOptions, Run] | [Run]): HandlerDefinition {
    const [options, run] = rest.length === 1 ? [{}, rest[0]] : rest;
    const handler: HandlerDefinition = Object.freeze({
      kind: "handler",
      ...this.#machine(name, options, run),
      event,
      batch: options.batch ?? 0,
      from: options.from ?? "first",
    });
    this.handlers.push(handler);
    return handler;
  }

  schedule(name: string, options: When & ScheduleOptions, run: Run): ScheduleDefinition {
    const { missed = "once", overlap = false, attempts: _, timeoutSeconds: __, isolation: ___, ...when } = options;
    const schedule: ScheduleDefinition = Object.freeze({
      kind: "schedule",
      ...this.#machine(name, options, run),
      when,
      missed,
      overlap,
    });
    this.schedules.push(schedule);
    return schedule;
  }

  #machine(name: string, options: MachineOptions, run: Run) {
    return {
      service: this as ServiceDefinition,
      name: `${this.name}.${name}`,
      attempts: options.attempts ?? ATTEMPTS_DEFAULT,
      timeoutSeconds: options.timeoutSeconds ?? TIMEOUT_SECONDS_DEFAULT,
      isolation: options.isolation ?? "serializable",
      run,
      place: declarationPlace(),
    };
  }

  #endpoint(
    kind: "command" | "query",
    route: string,
    definition: Definition<any, any, string, ActorRule, any, Upload | undefined>,
  ): EndpointDefinition {
    const [method, path = ""] = route.split(" ", 2);
    const output = (definition.output as Schema | undefined) ?? null;
    const endpoint = {
      kind,
      service: this as ServiceDefinition,
      route,
      method: method as Method,
      path: `${this.options.prefix ?? ""}${path}`,
      params: [...path.matchAll(/:([A-Za-z0-9_]+)/g)].map((match) => match[1]!),
      summary: definition.summary,
      description: definition.description,
      actor: definition.actor ?? this.options.actor ?? "account",
      limit: definition.limit,
      input: (definition.input as Schemas | undefined) ?? {},
      output,
      upload: definition.upload,
      errors: definition.errors ?? {},
      status: definition.status ?? (output === null ? 204 : 200),
      isolation: definition.isolation ?? "serializable",
      cache: definition.cache,
      authorize: null,
      run: definition.run as EndpointDefinition["run"],
      place: declarationPlace(),
    } satisfies EndpointDefinition;
    const { authorize } = definition;
    return Object.freeze({
      ...endpoint,
      authorize: authorize === undefined ? null : authorizationOf(endpoint, authorize),
    });
  }
}

/** Who may call an endpoint, as a query of its own. */
function authorizationOf(endpoint: EndpointDefinition, authorize: (context: any) => Promise<void>): EndpointDefinition {
  const run = async (context: Context<any, any, string, "anyone">) => {
    await authorize(context);
    return {};
  };
  // What is no function is told by `check.ts`.
  const asked = typeof authorize === "function" ? run : (authorize as typeof run);
  const query = { kind: "query", output: {}, run: asked } as const;
  return Object.freeze({ ...endpoint, ...query, limit: undefined, cache: undefined, upload: undefined });
}

/**
 * Declares a service.
 *
 * @param name     Also its Postgres schema: lower-case letters, digits and underscores.
 * @param options  Its entities, and what holds for all its endpoints.
 * @example
 * export const links = service("links", { entities: { Link } });
 */
export function service<
  const TName extends string,
  TEntities extends { readonly [key: string]: AnyEntity } = {},
  TDefault extends ActorRule = "account",
>(name: TName, options: ServiceOptions<TEntities, TDefault> = {}): Service<TName, Tables<TEntities>, TDefault> {
  return new DeclaredService(name, options as ServiceOptions<unknown, ActorRule>) as unknown as Service<
    TName,
    Tables<TEntities>,
    TDefault
  >;
}

/** Whether an export of a module is an endpoint. */
export function isEndpoint(value: unknown): value is EndpointDefinition {
  return typeof value === "object" && value !== null && "kind" in value && "route" in value && "service" in value;
}
