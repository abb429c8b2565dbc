/**
 * Channels: the topics of this node, and those of its members that are on other nodes.
 *
 * Promises. A message reaches every other member that is there and reads, at most once, those of one member in their
 * order; presence is right within the bounds of `peers.ts`. Nothing is stored. A node alone needs nobody to pass it on.
 */
import type { Connection } from "../data/connection.ts";
import type { Logger } from "../observe/log.ts";
import type { Metrics } from "../observe/metrics.ts";
import { Peers } from "./peers.ts";
import { type Ear, Member, type Self, Topic, type TopicHost } from "./topic.ts";

/** What comes from other nodes. */
export interface FromPeers {
  came(topic: string, key: string, shown: string): void;
  left(topic: string, key: string): void;
  said(topic: string, rest: string): void;
  /** All members of this node, to tell a node that is new. */
  present(): Iterable<readonly [topic: string, key: string, shown: string]>;
}

export interface ChannelsOptions {
  readonly connection: Connection;
  readonly metrics: Metrics;
  readonly log: Logger;
  readonly random: () => number;
}

export class Channels implements TopicHost, FromPeers, AsyncDisposable {
  readonly #options: ChannelsOptions;
  /** The name of this node: keys of its members begin with it. */
  readonly #node = crypto.randomUUID().slice(0, 8);
  readonly #topics = new Map<string, Topic>();
  #peers: Peers | null = null;
  #count = 0;

  constructor(options: ChannelsOptions) {
    this.#options = options;
  }

  get metrics(): Metrics {
    return this.#options.metrics;
  }

  /** Hears other nodes, from now on, and passes on what happens here. */
  async start(): Promise<void> {
    this.#peers = new Peers({ ...this.#options, node: this.#node, channels: this });
    await this.#peers.start();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#peers?.[Symbol.asyncDispose]();
  }

  /** @throws {Fault} CHANNEL_FULL */
  join(name: string, presence: boolean, ear: Ear, self: Self): Member {
    const topic = this.#topic(name, presence);
    const member = new Member(topic, `${this.#node}.${(++this.#count).toString(36)}`, ear, self);
    topic.join(member);
    return member;
  }

  /** The server says something to all members of a topic. */
  broadcast(name: string, rest: string): void {
    this.#topics.get(name)?.tell(rest);
    this.#peers?.said(name, rest);
  }

  came(topic: Topic | string, key: string, shown: string): void {
    if (typeof topic === "string") this.#topic(topic, true).show(key, shown);
    else this.#peers?.came(topic.name, key, shown);
  }

  left(topic: Topic | string, key: string): void {
    if (typeof topic === "string") this.#topics.get(topic)?.hide(key);
    else this.#peers?.left(topic.name, key);
  }

  said(topic: Topic | string, rest: string): void {
    if (typeof topic === "string") this.#topics.get(topic)?.tell(rest);
    else this.#peers?.said(topic.name, rest);
  }

  emptied({ name }: Topic): void {
    this.#topics.delete(name);
    this.metrics.channelTopics.set(this.#topics.size);
  }

  *present(): Iterable<readonly [topic: string, key: string, shown: string]> {
    for (const topic of this.#topics.values()) {
      if (topic.presence) for (const [key, shown] of topic.locals()) yield [topic.name, key, shown];
    }
  }

  #topic(name: string, presence: boolean): Topic {
    let topic = this.#topics.get(name);
    if (topic === undefined) {
      topic = new Topic(this, name, presence);
      this.#topics.set(name, topic);
      this.metrics.channelTopics.set(this.#topics.size);
    }
    return topic;
  }
}
