/**
 * Channels: ephemeral topics for sockets, as they are declared: who may join, what members show of themselves, and
 * which messages they send to each other. Nothing of a channel is stored.
 *
 * A channel with one input is one topic: `/rooms/:room` with room 5 is another topic than with room 6. Whatever must
 * not be lost is no message of a channel but a row: live queries bring it, and bring it again after a reconnect.
 */
import type { ActorRule } from "./actor.ts";
import type { Context, Definition, EndpointDefinition, Limit } from "./endpoint.ts";
import type { InputOf, PayloadOf, ResultOf, Schema, Schemas } from "./shape.ts";

/** Bytes of a message's payload as JSON. */
export const MESSAGE_BYTES_MAX = 4_096;
/** Bytes of a member's state, and of what `join` tells of it, each as JSON. */
export const STATE_BYTES_MAX = 1_024;
/** Members of one topic of a channel with presence, on all nodes; each connection counts. */
export const MEMBERS_MAX = 1_000;
/** How many of them are of one account, on a node: nobody fills a topic, so that others cannot join. */
export const ACCOUNT_MEMBERS_MAX = 100;
/** What one member may say, messages and states together, where the channel does not say. */
export const LIMIT_DEFAULT: Limit = { per: "actor", rate: "50/second" };

/** Messages by name, each with the fields of its payload. */
export type Messages = { readonly [name: string]: Schemas };

/** A channel, as `broadcast` and clients take it. It carries the declared shapes, and nothing derived from them. */
export interface Channel<TInput, TMember, TState, TMessages> {
  readonly kind: "channel";
  readonly input: TInput;
  readonly member: TMember;
  readonly state: TState;
  readonly messages: TMessages;
}

/** How a channel behaves. */
export interface ChannelOptions<
  TTables,
  TInput extends Schemas,
  TMember extends Schema,
  TState extends Schemas,
  TMessages extends Messages,
  TCode extends string,
  TRule extends ActorRule,
> extends Pick<Definition<TInput, TMember, TCode, TRule, never>, "summary" | "description" | "actor" | "errors"> {
  readonly input?: TInput;
  /**
   * Who may join, and what others see of a member: it gives `member`, or ends with `fail`. It is a query that stays
   * current: when something changes that it read, it is asked again, and whom it refuses then is out.
   * Default: whoever `actor` admits.
   */
  readonly join?: (
    context: Context<TTables, TInput, TCode, TRule>,
  ) => Promise<keyof NoInfer<TMember> extends never ? unknown : ResultOf<NoInfer<TMember>>>;
  /** What `join` gives: who a member is. The server says it, so nobody can forge it. At most 1,024 bytes as JSON. */
  readonly member?: TMember;
  /** What a member says of itself, and changes when it likes. At most 1,024 bytes as JSON. */
  readonly state?: TState;
  /** What members send to all others. Each payload has at most 4,096 bytes as JSON. */
  readonly messages?: TMessages;
  /** Of these messages only the server sends: `broadcast`. */
  readonly fromServer?: readonly (keyof TMessages & string)[];
  /** Whether members see who is there; at most 1,000 of them. Default: if `member` or `state` is declared. */
  readonly presence?: boolean;
  /** How much a member may say, messages and states together. Default 50/second per actor. */
  readonly limit?: Limit;
}

/** A channel as the platform sees it. */
export interface ChannelDefinition {
  readonly kind: "channel";
  /** Its join rule: a query that no route leads to. It has path, input, actor, errors, and gives the member. */
  readonly endpoint: EndpointDefinition;
  /** As declared; `endpoint` runs it. */
  readonly join: ((context: Context<any, any, string, "anyone">) => Promise<unknown>) | null;
  readonly member: Schema | null;
  readonly state: Schemas | null;
  readonly messages: Messages;
  readonly fromServer: readonly string[];
  readonly presence: boolean;
  readonly limit: Limit;
  readonly place: string;
}

/**
 * Sends a message to all members of a topic, on all nodes, once the command has committed; never if it does not. At
 * most once: a member who is reconnecting misses it.
 */
export type Broadcast = <TInput, TMessages extends Messages, TName extends keyof TMessages & string>(
  channel: Channel<TInput, any, any, TMessages>,
  input: InputOf<TInput>,
  name: TName,
  payload: PayloadOf<TMessages[TName]>,
) => void;

/** Whether an export of a module is a channel. */
export function isChannel(value: unknown): value is ChannelDefinition {
  return typeof value === "object" && value !== null && "kind" in value && value.kind === "channel";
}
