/**
 * Membership: one client in one topic of a channel.
 *
 * The channel's join rule is a query, and a membership subscribes to it: with the first answer the client is a member,
 * later ones change what others see of it, and with a failure it is none any more.
 */
import { spokenOf } from "../../call/spoken.ts";
import type { Channels } from "../../channel/channels.ts";
import type { Told } from "../../channel/told.ts";
import type { Ear, Member } from "../../channel/topic.ts";
import type { Actor } from "../../define/actor.ts";
import { STATE_BYTES_MAX } from "../../define/channel.ts";
import type { NamedChannel } from "../../define/declarations.ts";
import { fault } from "../../define/errors.ts";
import { type Guard, limited } from "../../guard/guard.ts";
import type { Verdict } from "../../guard/limits.ts";
import type { Answer } from "../../live/index.ts";
import { Numbered, type NumberedHost } from "./numbered.ts";

export interface MembershipOptions {
  readonly channels: Channels;
  readonly guard: Guard;
  readonly clock: () => Date;
}

/** What a membership needs of its socket. */
export interface MembershipHost extends NumberedHost {
  readonly address: string;
  /** Who it is, as far as that is known. */
  readonly actor: Actor;
  tell(told: Told, id: number): void;
  /** Tells that something was not taken; the number goes on. */
  tellRefused(id: number, what: Said, error: unknown): void;
  /** Reads no more of the client for a while. */
  rest(ms: number): void;
}

/** What a client of a channel sends. */
export type Said = "send" | "state";

/** What a client joins. */
export interface Joined {
  readonly channel: NamedChannel;
  readonly topic: string;
  readonly state: string | null;
}

export class Membership extends Numbered<MembershipHost> implements Ear {
  override readonly takesPatches = false;
  readonly #options: MembershipOptions;
  readonly #joined: Joined;
  #member: Member | null = null;

  constructor(options: MembershipOptions, host: MembershipHost, id: number, joined: Joined) {
    super(host, id);
    this.#options = options;
    this.#joined = joined;
  }

  override answer({ body }: Answer): void {
    if (this.isGone) return;
    const { channel, topic, state } = this.#joined;
    const bytes = Buffer.byteLength(body);
    if (bytes > STATE_BYTES_MAX) {
      const problem = `the member that join gives has ${bytes} bytes as JSON; the limit is ${STATE_BYTES_MAX}`;
      return void this.failed(new Error(`${channel.name}: ${problem}.`));
    }
    const member = channel.channel.member === null ? null : body;
    if (this.#member !== null) return void this.#member.change({ member });
    const account = this.host.actor.kind === "account" ? this.host.actor.id : null;
    try {
      const self = { member, state, account };
      this.#member = this.#options.channels.join(topic, channel.channel.presence, this, self);
    } catch (error) {
      this.failed(error);
    }
  }

  /** It takes no patches, and has said of no answer that it has it. */
  override patch(answer: Answer): void {
    this.answer(answer);
  }
  override current(): void {}

  tell(told: Told): void {
    this.host.tell(told, this.id);
  }

  /** The client says something to the others. */
  say(name: string, payload: unknown): void {
    this.#pass("send", ({ channel }, member) => {
      if (channel.fromServer.includes(name)) throw fault("FORBIDDEN", { detail: "Only the server sends it." });
      member.say(spokenOf(channel).message(name, payload));
    });
  }

  /** The client says something of itself. */
  set(state: unknown): void {
    this.#pass("state", ({ channel }, member) => member.change({ state: spokenOf(channel).state(state) }));
  }

  /** What others said of themselves may be told now. */
  flush(): void {
    if (this.#member?.isBehind && this.isReady) this.#member.flush();
  }

  override end(): void {
    super.end();
    this.#member?.leave();
    this.#member = null;
  }

  /** Does what the client asks for, within its limit. */
  #pass(what: Said, act: (named: NamedChannel, member: Member) => void): void {
    const { guard, clock } = this.#options;
    const { name, channel } = this.#joined.channel;
    const { actor, address } = this.host;
    const settle = (verdict: Verdict) => {
      try {
        if (!verdict.allowed) {
          this.host.rest(verdict.retryAfterMs);
          throw limited(channel.limit, verdict);
        }
        if (this.#member === null) throw notMember(this.id);
        act(this.#joined.channel, this.#member);
      } catch (error) {
        this.host.tellRefused(this.id, what, error);
      }
    };
    const verdict = guard.count(channel.limit, { name, actor, address, now: clock() });
    if (verdict instanceof Promise) verdict.then(settle, (error) => this.host.tellRefused(this.id, what, error));
    else settle(verdict);
  }
}

export function notMember(id: number): ReturnType<typeof fault> {
  return fault("NOT_FOUND", { detail: `The id ${id} is no member of a channel, not yet or not any more.` });
}
