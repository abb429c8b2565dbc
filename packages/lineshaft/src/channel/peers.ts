/**
 * Peers: the other nodes, and who of their members is where.
 *
 * Model. Each node tells what happens to its own members, numbers its texts, and says every `BEAT_MS` that it is there.
 * Who hears of a node for the first time, or misses a number, asks for everything, and gets it between `[` and `]`:
 * what is not in there is gone. A node that was silent for `SILENT_MS`, or says good-bye, is gone with all its members.
 * Clocks are not compared; pauses are measured by a clock that only runs forward. A node that was itself stopped for
 * a while gives the others time to be heard before it judges them.
 *
 * A text is a line with protocol, node and number, then a line for each thing:
 *
 *     j topic key shown    is a member, and looks like this        m topic rest    says something
 *     l topic key          is none any more                        ? node          shall tell everything
 *     [ and ]              everything begins, ends                 q               leaves
 *
 * Parts are set apart by tabs; none holds a tab or a line break, because topics and what is said are JSON.
 *
 * Bounds. A member that leaves is gone elsewhere with the next text; those of a node that dies after `SILENT_MS` and a
 * beat. After nodes have lost each other, all is right again with the second beat that is heard.
 */
import type { Connection } from "../data/connection.ts";
import type { Logger } from "../observe/log.ts";
import type { Metrics } from "../observe/metrics.ts";
import { Bus, TEXT_BYTES_MAX } from "./bus.ts";
import type { FromPeers } from "./channels.ts";

export const BEAT_MS = 1_000;
export const SILENT_MS = 4_000;
/** What may wait to be sent. Beyond that messages are dropped, and everything is told anew. */
export const QUEUE_BYTES_MAX = 4 * 1_024 * 1_024;
/** How many texts go out at once. */
const TEXTS_MAX = 64;
const PROTOCOL = "1";

export interface PeersOptions {
  readonly connection: Connection;
  readonly metrics: Metrics;
  readonly log: Logger;
  readonly random: () => number;
  /** The name of this node. */
  readonly node: string;
  readonly channels: FromPeers;
}

/** Another node. */
interface Peer {
  number: number;
  heardAtMs: number;
  /** Whether all its members are known. */
  isComplete: boolean;
  /** Whether it was asked for everything since the last beat. */
  isAsked: boolean;
  /** By topic and key. */
  readonly members: Map<string, Set<string>>;
  /** While everything is told: what has not been told again. */
  left: Map<string, Set<string>> | null;
}

export class Peers implements AsyncDisposable {
  readonly #options: PeersOptions;
  readonly #bus: Bus;
  readonly #peers = new Map<string, Peer>();
  #queue: string[] = [];
  #queueBytes = 0;
  #number = 0;
  #isSending = false;
  /** Whether everything is to be told. */
  #owesAll = false;
  #beats: NodeJS.Timeout | undefined;
  #lookedAtMs = performance.now();

  constructor(options: PeersOptions) {
    this.#options = options;
    const { connection, log, random } = options;
    const onUp = () => this.#tellAll();
    this.#bus = new Bus({ connection, log, random, onUp, onText: (text) => this.#hear(text) });
  }

  async start(): Promise<void> {
    await this.#bus.start();
    this.#beats = setInterval(() => this.#beat(), BEAT_MS).unref();
  }

  came(topic: string, key: string, shown: string): void {
    if (this.#peers.size > 0) this.#put([`j\t${topic}\t${key}\t${shown}`]);
  }

  left(topic: string, key: string): void {
    if (this.#peers.size > 0) this.#put([`l\t${topic}\t${key}`]);
  }

  said(topic: string, rest: string): void {
    if (this.#peers.size > 0) this.#put([`m\t${topic}\t${rest}`]);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    clearInterval(this.#beats);
    await this.#bus.send([this.#text(["q"])]);
    await this.#bus[Symbol.asyncDispose]();
  }

  #beat(): void {
    const now = performance.now();
    const wasStopped = now - this.#lookedAtMs > 2 * BEAT_MS;
    this.#lookedAtMs = now;
    for (const [node, peer] of this.#peers) {
      peer.isAsked = false;
      if (wasStopped) peer.heardAtMs = now;
      else if (now - peer.heardAtMs > SILENT_MS) this.#forget(node);
    }
    this.#put([]);
  }

  /** Has lines sent, even if there are none: a sign of life. */
  #put(lines: readonly string[]): void {
    for (const line of lines) {
      this.#queue.push(line);
      this.#queueBytes += Buffer.byteLength(line);
    }
    if (this.#queueBytes > QUEUE_BYTES_MAX) this.#drop();
    if (!this.#isSending) void this.#send();
  }

  #tellAll(): void {
    this.#owesAll = true;
    this.#put([]);
  }

  /** Nobody hears, or not as fast: messages are lost, and all else is told anew. */
  #drop(): void {
    this.#options.metrics.channelDropped.inc(this.#take().filter((line) => line.startsWith("m")).length);
    this.#owesAll = true;
  }

  #take(): readonly string[] {
    const lines = this.#queue;
    this.#queue = [];
    this.#queueBytes = 0;
    return lines;
  }

  async #send(): Promise<void> {
    this.#isSending = true;
    do {
      const texts = this.#texts(this.#owesAll ? this.#all() : this.#take());
      for (let at = 0; at < texts.length && this.#bus.isUp; at += TEXTS_MAX) {
        if (!(await this.#bus.send(texts.slice(at, at + TEXTS_MAX)))) this.#owesAll = true;
      }
    } while (this.#bus.isUp && (this.#queue.length > 0 || this.#owesAll));
    if (!this.#bus.isUp) this.#drop();
    this.#isSending = false;
  }

  /** Everything there is to tell, and what waits: all of it is in there, but for messages. */
  #all(): readonly string[] {
    this.#owesAll = false;
    const messages = this.#take().filter((line) => line.startsWith("m"));
    const members = [...this.#options.channels.present()].map((each) => `j\t${each.join("\t")}`);
    return ["[", ...members, "]", ...messages];
  }

  /** Lines as texts that the bus takes; at least one. */
  #texts(lines: readonly string[]): readonly string[] {
    const texts: string[] = [];
    let some: string[] = [];
    let bytes = 0;
    for (const line of lines) {
      const size = Buffer.byteLength(line) + 1;
      if (bytes + size > TEXT_BYTES_MAX - HEAD_BYTES) {
        texts.push(this.#text(some));
        some = [];
        bytes = 0;
      }
      some.push(line);
      bytes += size;
    }
    texts.push(this.#text(some));
    return texts;
  }

  #text(lines: readonly string[]): string {
    return [`${PROTOCOL}\t${this.#options.node}\t${++this.#number}`, ...lines].join("\n");
  }

  #hear(text: string): void {
    const [head = "", ...lines] = text.split("\n");
    const [protocol, node = "", number] = head.split("\t");
    if (protocol !== PROTOCOL || node === this.#options.node) return;
    const peer = this.#peers.get(node) ?? this.#meet(node);
    // The last words of a connection that stood still and was given up: newer ones have come by the next.
    if (Number(number) <= peer.number) return;
    if (Number(number) !== peer.number + 1) {
      peer.isComplete = false;
      peer.left = null;
    }
    peer.number = Number(number);
    peer.heardAtMs = performance.now();
    for (const line of lines) this.#follow(node, peer, line.split("\t"));
    if (peer.isComplete || peer.left !== null || peer.isAsked) return;
    peer.isAsked = true;
    this.#put([`?\t${node}`]);
  }

  #meet(node: string): Peer {
    const peer: Peer = {
      number: 0,
      heardAtMs: performance.now(),
      isComplete: false,
      isAsked: false,
      members: new Map(),
      left: null,
    };
    this.#peers.set(node, peer);
    this.#options.metrics.channelPeers.set(this.#peers.size);
    this.#options.log.info({ node }, "channels: another node is heard");
    // What happened here before was told to nobody.
    this.#tellAll();
    return peer;
  }

  #follow(node: string, peer: Peer, [kind, ...parts]: string[]): void {
    const [topic = "", key = "", shown = ""] = parts;
    const { channels } = this.#options;
    switch (kind) {
      case "j":
        add(peer.members, topic, key);
        if (peer.left !== null) remove(peer.left, topic, key);
        return void channels.came(topic, key, shown);
      case "l":
        remove(peer.members, topic, key);
        if (peer.left !== null) remove(peer.left, topic, key);
        return void channels.left(topic, key);
      case "m":
        return void channels.said(topic, key);
      case "[":
        peer.left = new Map([...peer.members].map(([name, keys]) => [name, new Set(keys)]));
        return;
      case "]":
        return void this.#complete(peer);
      case "?":
        return void (topic === this.#options.node && this.#tellAll());
      case "q":
        return void this.#forget(node);
    }
  }

  /** All of a node's members are told: what it did not name is gone. */
  #complete(peer: Peer): void {
    if (peer.left === null) return;
    for (const [topic, keys] of peer.left) {
      for (const key of keys) {
        remove(peer.members, topic, key);
        this.#options.channels.left(topic, key);
      }
    }
    peer.left = null;
    peer.isComplete = true;
  }

  #forget(node: string): void {
    const peer = this.#peers.get(node);
    if (!this.#peers.delete(node)) return;
    this.#options.metrics.channelPeers.set(this.#peers.size);
    this.#options.log.info({ node }, "channels: a node is gone");
    for (const [topic, keys] of peer!.members) for (const key of keys) this.#options.channels.left(topic, key);
  }
}

/** What the first line of a text may take. */
const HEAD_BYTES = 64;

function add(members: Map<string, Set<string>>, topic: string, key: string): void {
  const keys = members.get(topic);
  if (keys) keys.add(key);
  else members.set(topic, new Set([key]));
}

function remove(members: Map<string, Set<string>>, topic: string, key: string): void {
  const keys = members.get(topic);
  if (!keys?.delete(key)) return;
  if (keys.size === 0) members.delete(topic);
}
