/**
 * Types of a client: read off the modules of the services, evaluated where a call is written.
 *
 * They tell what comes over the wire: an instant, a decimal and a 64-bit number are strings in an answer, as they are
 * in JSON, and in an input. Lists and objects are `readonly`: answers are shared by all who watch them.
 */
import type { Command, Download, InputOf, Query, ResultOf, Upload, Wire } from "lineshaft";
import type { CallOptions } from "./http.ts";
import type { ConnectionState, Watched } from "./live.ts";
import type { Problem } from "./problem.ts";
import type { Laid } from "./question.ts";

/** What an endpoint answers: `AnswerOf<typeof tasks.list>`. */
export type AnswerOf<TEndpoint> =
  TEndpoint extends Query<any, infer TOutput, any>
    ? FileOr<TOutput>
    : TEndpoint extends Command<any, infer TOutput, any, any>
      ? Wire<ResultOf<TOutput>>
      : never;

/** A download gives its bytes, with their type. */
type FileOr<TOutput> = TOutput extends Download ? Blob : Wire<ResultOf<TOutput>>;

/** What an endpoint is asked with: `AskedOf<typeof tasks.list>`. */
export type AskedOf<TEndpoint> =
  TEndpoint extends Query<infer TInput, any, any>
    ? InputOf<TInput>
    : TEndpoint extends Command<infer TInput, any, any, any>
      ? InputOf<TInput>
      : never;

/** An input that has nothing to say may be left out. */
type Arguments<TInput, TOptions> = keyof TInput extends never
  ? [input?: { readonly [key: string]: never }, options?: TOptions]
  : {} extends TInput
    ? [input?: TInput, options?: TOptions]
    : [input: TInput, options?: TOptions];

/** How one subscription differs from others. */
export interface SubscribeOptions {
  /** Is told why it is over. Without it the problem is an unhandled rejection, as of a call that nobody waits for. */
  readonly onProblem?: (problem: Problem) => void;
  /** Ends it. */
  readonly signal?: AbortSignal;
}

/** What the answer of a query will be; made by `guess`, for the option `optimistic` of a command. */
export interface Guess {
  readonly lay: () => readonly Laid[];
}

/** How one call of a command differs from others. */
export interface CommandOptions extends CallOptions {
  /** What subscribers see at once; taken back when the command fails, replaced by the truth when it is done. */
  readonly optimistic?: readonly Guess[];
}

/** A query of a service. */
export interface QueryClient<TInput, TAnswer> {
  /** Asks once. @throws {Problem} */
  (...args: Arguments<TInput, CallOptions>): Promise<TAnswer>;

  /**
   * Tells the current answer, then the newest after every change that alters it, in order, over reconnects. Answers in
   * between may be left out. What it returns ends it.
   */
  subscribe(input: TInput, onAnswer: (answer: TAnswer) => void, options?: SubscribeOptions): () => void;

  /** The same as a store, for a view framework. Asks nobody before somebody listens. */
  watch(input: TInput): Watched<TAnswer>;

  /**
   * What answers will be once a command is done: those that are watched and whose input has these values, whatever else
   * it has. `update` makes a new answer of the present one and its input, and changes nothing in place; it is applied
   * again to answers that come meanwhile, and may find its own effect there.
   */
  guess(input: Partial<TInput>, update: (answer: TAnswer, input: TInput) => TAnswer): Guess;
}

/** A command of a service: runs it once; it is never repeated, whatever happens to the answer. @throws {Problem} */
export type CommandClient<TInput, TAnswer> = (...args: Arguments<TInput, CommandOptions>) => Promise<TAnswer>;

/** How one call of a command that takes a file differs from others. */
export interface UploadOptions extends CommandOptions {
  /** The file: its bytes, and its type as the blob tells it. */
  readonly file: Blob;
}

/** A command that takes a file. @throws {Problem} */
export type UploadClient<TInput, TAnswer> = (input: TInput, options: UploadOptions) => Promise<TAnswer>;

/** A query that gives a file. @throws {Problem} */
export type DownloadClient<TInput> = (...args: Arguments<TInput, CallOptions>) => Promise<Blob>;

/** One endpoint. */
export type EndpointClient<TEndpoint> =
  TEndpoint extends Query<infer TInput, infer TOutput, any>
    ? TOutput extends Download
      ? DownloadClient<InputOf<TInput>>
      : QueryClient<InputOf<TInput>, Wire<ResultOf<TOutput>>>
    : TEndpoint extends Command<infer TInput, infer TOutput, any, infer TUpload>
      ? TUpload extends Upload
        ? UploadClient<InputOf<TInput>, Wire<ResultOf<TOutput>>>
        : CommandClient<InputOf<TInput>, Wire<ResultOf<TOutput>>>
      : never;

type AnyEndpoint = Query<any, any, any> | Command<any, any, any, any>;

/** The endpoints of a module: its other exports are not there. */
export type ServiceClient<TModule> = {
  readonly [K in keyof TModule as TModule[K] extends AnyEndpoint ? K : never]: EndpointClient<TModule[K]>;
};

/** Services by the names that the app gives them, and what concerns the client as a whole. */
export type Client<TServices> = {
  readonly [K in keyof TServices]: ServiceClient<TServices[K]>;
} & {
  /** Ends all subscriptions and their connection. */
  readonly $close: () => void;
  /**
   * Begins all subscriptions anew as who now calls: after signing in or out by cookie. A token that changes does it by
   * itself, with the next call. What ended with a problem is asked again.
   */
  readonly $restart: () => void;
  /** How the connection of the subscriptions is, as a store. */
  readonly $connection: {
    readonly state: () => ConnectionState;
    readonly subscribe: (listener: () => void) => () => void;
  };
};
