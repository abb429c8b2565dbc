/**
 * Topic: who is in one topic, here and on other nodes, and what they are told.
 *
 * A message goes to everybody at once, and is not kept for who cannot take it. Presence is: changes come together for
 * up to `PRESENCE_MS`, and whoever could not take one is told the whole list when it can again.
 */
import { ACCOUNT_MEMBERS_MAX, MEMBERS_MAX } from "../define/channel.ts";
import { fault } from "../define/errors.ts";
import type { Metrics } from "../observe/metrics.ts";
import { Told } from "./told.ts";

/** How long changes of presence wait for others. The first one after a pause does not wait. */
export const PRESENCE_MS = 50;

/** Where a member hears. Methods are synchronous and do not throw. */
export interface Ear {
  /** Whether it can be told anything now. Whoever owns it calls `flush` when it can again. */
  readonly isReady: boolean;
  tell(told: Told): void;
}

/** What a topic needs of its node. */
export interface TopicHost {
  readonly metrics: Metrics;
  /** Others on this node, or on others, are told. */
  came(topic: Topic, key: string, shown: string): void;
  left(topic: Topic, key: string): void;
  said(topic: Topic, rest: string): void;
  emptied(topic: Topic): void;
}

export class Topic {
  readonly name: string;
  readonly presence: boolean;
  readonly #host: TopicHost;
  readonly #members = new Map<string, Member>();
  /** All who are there, on every node, as others see them: JSON. Empty without presence. */
  readonly #shown = new Map<string, string>();
  #in = new Map<string, string>();
  #out = new Set<string>();
  #timer: Disposable | null = null;
  #toldAtMs = 0;

  constructor(host: TopicHost, name: string, presence: boolean) {
    this.#host = host;
    this.name = name;
    this.presence = presence;
  }

  /** The members on this node, as others see them. */
  *locals(): Iterable<readonly [key: string, shown: string]> {
    for (const { key, shown } of this.#members.values()) yield [key, shown];
  }

  /** @throws {Fault} CHANNEL_FULL */
  join(member: Member): void {
    if (this.presence && this.#shown.size >= MEMBERS_MAX) {
      throw fault("CHANNEL_FULL", { detail: `It has ${MEMBERS_MAX} members at most.`, retryAfterSeconds: 10 });
    }
    if (this.presence && this.#countOf(member.account) >= ACCOUNT_MEMBERS_MAX) {
      throw fault("CHANNEL_FULL", { detail: `Of one account it has ${ACCOUNT_MEMBERS_MAX} members at most.` });
    }
    this.#members.set(member.key, member);
    this.#host.metrics.channelMembers.inc();
    this.show(member.key, member.shown);
    this.tellAll(member);
    if (this.presence) this.#host.came(this, member.key, member.shown);
  }

  changed({ key, shown }: Member): void {
    if (!this.presence) return;
    this.show(key, shown);
    this.#host.came(this, key, shown);
  }

  leave({ key }: Member): void {
    if (!this.#members.delete(key)) return;
    this.#host.metrics.channelMembers.dec();
    this.hide(key);
    if (this.presence) this.#host.left(this, key);
    this.#lookEmpty();
  }

  /** A member of this node says something to all others. */
  say(from: Member, rest: string): void {
    this.tell(rest, from);
    this.#host.said(this, rest);
  }

  /** Tells a message to the members on this node. */
  tell(rest: string, except: Member | null = null): void {
    const told = new Told("message", rest);
    let count = 0;
    for (const member of this.#members.values()) {
      if (member === except) continue;
      if (!member.ear.isReady) this.#host.metrics.channelDropped.inc();
      else {
        member.ear.tell(told);
        count++;
      }
    }
    if (count > 0) this.#host.metrics.channelDelivered.inc(count);
  }

  /** Somebody is there, here or elsewhere, or looks different now. */
  show(key: string, shown: string): void {
    if (!this.presence || this.#shown.get(key) === shown) return;
    this.#shown.set(key, shown);
    this.#out.delete(key);
    this.#in.set(key, shown);
    this.#soon();
  }

  /** Somebody has left. */
  hide(key: string): void {
    if (!this.#shown.delete(key)) return;
    this.#in.delete(key);
    this.#out.add(key);
    this.#soon();
    this.#lookEmpty();
  }

  /** Tells one member who is there. */
  tellAll(member: Member): void {
    member.isBehind = !member.ear.isReady;
    if (member.isBehind) return;
    const members = [...this.#shown.values()].join();
    member.ear.tell(new Told("joined", `"key":"${member.key}","members":[${members}]`));
  }

  #countOf(account: string | null): number {
    if (account === null) return 0;
    let count = 0;
    for (const member of this.#members.values()) if (member.account === account) count++;
    return count;
  }

  #soon(): void {
    if (this.#timer !== null || this.#members.size === 0) return;
    const restMs = this.#toldAtMs + PRESENCE_MS - performance.now();
    const tell = () => this.#tellChanges();
    // A timer of no time takes a millisecond at least.
    this.#timer = restMs > 0 ? setTimeout(tell, restMs).unref() : setImmediate(tell);
  }

  #tellChanges(): void {
    this.#timer = null;
    this.#toldAtMs = performance.now();
    const changes = `"in":[${[...this.#in.values()].join()}],"out":[${[...this.#out].map((key) => `"${key}"`).join()}]`;
    this.#in = new Map();
    this.#out = new Set();
    const told = new Told("presence", changes);
    for (const member of this.#members.values()) {
      if (member.isBehind) continue;
      if (member.ear.isReady) member.ear.tell(told);
      else member.isBehind = true;
    }
  }

  #lookEmpty(): void {
    if (this.#members.size > 0) return;
    this.#timer?.[Symbol.dispose]();
    this.#timer = null;
    this.#in.clear();
    this.#out.clear();
    if (this.#shown.size === 0) this.#host.emptied(this);
  }
}

/** One membership on this node. */
export class Member {
  readonly key: string;
  readonly ear: Ear;
  readonly account: string | null;
  readonly #topic: Topic;
  #member: string | null;
  #state: string | null;
  /** Whether it lacks changes of presence. */
  isBehind = false;

  constructor(topic: Topic, key: string, ear: Ear, { member, state, account = null }: Self) {
    this.#topic = topic;
    this.key = key;
    this.ear = ear;
    this.account = account;
    this.#member = member;
    this.#state = state;
  }

  /** As others see it. */
  get shown(): string {
    return `{${this.#who}${this.#state === null ? "" : `,"state":${this.#state}`}}`;
  }

  get #who(): string {
    return `"key":"${this.key}"${this.#member === null ? "" : `,"member":${this.#member}`}`;
  }

  /** Who it is, or what it says of itself, has changed. */
  change({ member = this.#member, state = this.#state }: Partial<Self>): void {
    if (member === this.#member && state === this.#state) return;
    this.#member = member;
    this.#state = state;
    this.#topic.changed(this);
  }

  /** @param message  What `Spoken.message` wrote. */
  say(message: string): void {
    this.#topic.say(this, `${message},"from":{${this.#who}}`);
  }

  /** Its ear is ready again. */
  flush(): void {
    if (this.isBehind) this.#topic.tellAll(this);
  }

  leave(): void {
    this.#topic.leave(this);
  }
}

/** What is known of a member. What others see of it is JSON; `null` where the channel declares none. */
export interface Self {
  /** Whose member it is, where somebody is signed in. */
  readonly account?: string | null;
  readonly member: string | null;
  readonly state: string | null;
}
