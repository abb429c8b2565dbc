/**
 * Types of a client: read off the modules of the services, evaluated where a call is written.
 *
 * They tell what comes over the wire: an instant, a decimal and a 64-bit number are strings in an answer, as they are
 * in JSON, and in an input. Lists and objects are `readonly`: answers are shared by all who watch them.
 */
import type { Channel, Command, Download, InputOf, Query, ResultOf, Upload, Wire } from "lineshaft";
import type { MembershipState } from "./channel.ts";
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

/** One endpoint or channel. */
export type EndpointClient<TEndpoint> =
  TEndpoint extends Query<infer TInput, infer TOutput, any>
    ? TOutput extends Download
      ? DownloadClient<InputOf<TInput>>
      : QueryClient<InputOf<TInput>, Wire<ResultOf<TOutput>>>
    : TEndpoint extends Command<infer TInput, infer TOutput, any, infer TUpload>
      ? TUpload extends Upload
        ? UploadClient<InputOf<TInput>, Wire<ResultOf<TOutput>>>
        : CommandClient<InputOf<TInput>, Wire<ResultOf<TOutput>>>
      : TEndpoint extends Channel<infer TInput, infer TMember, infer TState, infer TMessages>
        ? ChannelClient<TInput, TMember, TState, TMessages>
        : never;

/** What a channel's messages hold, as they are sent; what has a default may be left out. */
type Payload<TShape> = {} extends InputOf<TShape> ? [payload?: InputOf<TShape>] : [payload: InputOf<TShape>];

/** A message that came over a channel. Told apart by its `name`. */
export type MessageOf<TMember, TMessages> = {
  [K in keyof TMessages]: {
    readonly name: K;
    readonly payload: Wire<ResultOf<TMessages[K]>>;
    /** The member who sent it; the server itself is nobody. */
    readonly from?: { readonly key: string; readonly member: Wire<ResultOf<TMember>> };
  };
}[keyof TMessages];

/** What a member says of itself: needed where something of it must be said. */
type Stated<TState> = keyof TState extends never
  ? { readonly state?: undefined }
  : {} extends InputOf<TState>
    ? { readonly state?: InputOf<TState> | undefined }
    : { readonly state: InputOf<TState> };

/** How a page takes part in a channel. */
export type ChannelOptions<TMember, TState, TMessages> = Stated<TState> & {
  /** Is told what others send, in the order in which each of them did; nothing of what was sent while it was away. */
  readonly onMessage?: ((message: MessageOf<TMember, TMessages>) => void) | undefined;
  /**
   * Is told that a message or a state was not taken. Without it `RATE_LIMITED` is nobody's business, and anything else
   * is an unhandled rejection.
   */
  readonly onRefused?: ((problem: Problem) => void) | undefined;
};

/** The options of a channel may be left out where nothing must be said. */
export type ChannelArguments<TMember, TState, TMessages> =
  {} extends Stated<TState>
    ? [options?: ChannelOptions<TMember, TState, TMessages>]
    : [options: ChannelOptions<TMember, TState, TMessages>];

/** How `join` takes part in a channel. */
export type JoinOptions<TMember, TState, TMessages> = ChannelOptions<TMember, TState, TMessages> & {
  /** Is told why it is over. Without it, and without a subscriber, the problem is an unhandled rejection. */
  readonly onProblem?: (problem: Problem) => void;
  /** Leaves. */
  readonly signal?: AbortSignal;
};

/** What a member does. */
export interface Speaker<TState, TMessages> {
  /**
   * Sends a message to all other members. False when it was dropped, because the channel is not joined at the moment;
   * it is never kept for later. True is no promise that it arrives.
   */
  readonly send: <TName extends keyof TMessages>(name: TName, ...payload: Payload<TMessages[TName]>) => boolean;
  /** A new state of its own. It is kept, and told when the channel is joined again; the latest wins. */
  readonly set: (state: InputOf<TState>) => void;
}

/** A channel that was joined, as a store. */
export interface Membership<TMember, TState, TMessages> extends Speaker<TState, TMessages> {
  /** Who is there. The same object as long as nothing changes; while the connection is made again it stays. */
  readonly state: () => MembershipState<Wire<ResultOf<TMember>>, Wire<ResultOf<TState>>>;
  /** Is told that the state has changed. What is returned stops it, and does not leave. */
  readonly subscribe: (listener: () => void) => () => void;
  /** Is a member no more, for good: nothing is told any more. */
  readonly leave: () => void;
}

/** A channel of a service. */
export interface ChannelClient<TInput, TMember, TState, TMessages> {
  /**
   * Joins at once, and again after each reconnect, until it is left. Each call makes a member of its own, also for the
   * same input.
   */
  readonly join: (
    ...args: {} extends Stated<TState>
      ? Arguments<InputOf<TInput>, JoinOptions<TMember, TState, TMessages>>
      : [input: InputOf<TInput>, options: JoinOptions<TMember, TState, TMessages>]
  ) => Membership<TMember, TState, TMessages>;
}

type AnyEndpoint = Query<any, any, any> | Command<any, any, any, any> | Channel<any, any, any, any>;

/** The endpoints and channels of a module: its other exports are not there. */
export type ServiceClient<TModule> = {
  readonly [K in keyof TModule as TModule[K] extends AnyEndpoint ? K : never]: EndpointClient<TModule[K]>;
};

/** Services by the names that the app gives them, and what concerns the client as a whole. */
export type Client<TServices> = {
  readonly [K in keyof TServices]: ServiceClient<TServices[K]>;
} & {
  /** Ends all subscriptions, leaves all channels, and ends their connection. */
  readonly $close: () => void;
  /**
   * Begins all subscriptions and channels anew as who now calls: after signing in or out by cookie. A token that
   * changes does it by itself, with the next call. What ended with a problem is asked or joined again.
   */
  readonly $restart: () => void;
  /** How the connection of the subscriptions and channels is, as a store. */
  readonly $connection: {
    readonly state: () => ConnectionState;
    readonly subscribe: (listener: () => void) => () => void;
  };
};
