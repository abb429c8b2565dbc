/**
 * Seat: one client in one room: what it reads there, who it sees, what it hears.
 *
 * States. `in ⇄ out`, by way of `leaving` from the moment somebody begins to put it out. What ends with a problem while
 * it is in is begun again; what ends otherwise stays ended. `outSinceMs` is when putting it out was acknowledged: what
 * it sees after that of what was said after that was not for it.
 */

import type * as chat from "../../apps/chat/index.ts";
import { type Membership, Problem } from "../../packages/client/src/index.ts";
import { Book, CHUNK, type Item } from "./book.ts";
import type { ChatClient } from "./person.ts";
import type { Record } from "./record.ts";
import type { Said } from "./said.ts";

const AGAIN_MS = 200;
const PAGE = 30;

export type Status = "here" | "away";
type RoomChannel = typeof chat.roomChannel;
type RoomMembership = RoomChannel extends import("lineshaft").Channel<infer _I, infer M, infer S, infer N>
  ? Membership<M, S, N>
  : never;

export interface SeatOptions {
  readonly room: string;
  readonly person: string;
  readonly account: string;
  /** The one of now: a page may be closed and opened again. */
  readonly client: () => ChatClient;
  readonly record: Record;
  readonly said: Said;
  /** Canaries: what this client does wrong. */
  readonly flaw?: "deaf" | "backwards" | "twice" | undefined;
}

/** The canary goes deaf after so many pages. */
const HEARD_MAX = 10;

export class Seat {
  readonly room: string;
  readonly person: string;
  readonly account: string;
  readonly book: Book;
  state: "in" | "leaving" | "out" = "out";
  outSinceMs = Number.POSITIVE_INFINITY;
  status: Status = "here";
  channel: RoomMembership | null = null;
  numbers: { send(name: "said", payload: object): boolean; leave(): void } | null = null;
  readonly #options: SeatOptions;
  readonly #running = new Map<string, () => void>();
  #isFilling = false;
  #heard = 0;
  #before: readonly Item[] | null = null;

  constructor(options: SeatOptions) {
    const { room, person, account, record } = options;
    this.#options = options;
    this.room = room;
    this.person = person;
    this.account = account;
    this.book = new Book(`${person} in ${room.slice(-4)}`, record, (item) => this.#sees(item));
  }

  /** The key of its membership; `null` while it has none. */
  get key(): string | null {
    const { $connection } = this.#options.client();
    return (this.#running.has("channel") && $connection.state() === "live" && this.channel?.state().key) || null;
  }

  /** Whether nothing of the room is told any more. */
  get isEnded(): boolean {
    return this.#running.size === 0;
  }

  /** Whether it takes part in the channel. */
  get isWanted(): boolean {
    return this.state === "in" && this.#running.has("channel");
  }

  /** It may be in the room, and begins. */
  enter(): void {
    this.state = "in";
    this.outSinceMs = Number.POSITIVE_INFINITY;
    this.#watchNewest();
    this.joinChannel();
    this.#joinNumbers();
  }

  joinChannel(): void {
    if (this.isWanted) return;
    const { client, said, record } = this.#options;
    const hears = said.listener(this.person, this.room);
    this.channel = client().chat.roomChannel.join(
      { room: this.room },
      {
        state: { status: this.status },
        onMessage: ({ from }) => {
          record.count("typing heard");
          hears.typing(from!.key);
        },
        onRefused: ({ code }) => record.count(`refused on the channel: ${code}`),
        onProblem: (problem) => this.#ended("channel", problem, () => this.#joinAgain()),
      },
    );
    const { channel } = this;
    this.#running.set("channel", () => channel.leave());
  }

  #joinAgain(): void {
    this.leaveChannel();
    this.joinChannel();
  }

  leaveChannel(): void {
    this.#running.get("channel")?.();
    this.#running.delete("channel");
  }

  setStatus(status: Status): void {
    this.status = status;
    this.channel?.set({ status });
  }

  /** Everything, for good: the client is closed. */
  stop(): void {
    for (const stop of this.#running.values()) stop();
    this.#running.clear();
  }

  #joinNumbers(): void {
    const { client, said, flaw, record } = this.#options;
    const hears = said.listener(this.person, this.room);
    const numbers = client().chat.numbers.join(
      { room: this.room },
      {
        onMessage: ({ payload, from }) => {
          record.count("numbered messages heard");
          this.#checkLeak("a message on a channel", payload.atMs);
          for (let times = flaw === "twice" ? 2 : 1; times > 0; times--) hears.number(from!.key, payload);
        },
        onRefused: ({ code }) => record.count(`refused on the channel: ${code}`),
        onProblem: (problem) => this.#ended("numbers", problem, () => this.#joinNumbers()),
      },
    );
    this.numbers = numbers as typeof this.numbers;
    this.#running.set("numbers", () => numbers.leave());
  }

  #watchNewest(): void {
    const { messages } = this.#options.client().chat;
    const stop = messages.subscribe(
      { room: this.room, limit: PAGE },
      ({ items }) => this.#shown(items as readonly Item[]),
      { onProblem: (problem) => this.#ended("newest", problem, () => this.#watchNewest()) },
    );
    this.#running.set("newest", stop);
  }

  #shown(items: readonly Item[]): void {
    const { flaw } = this.#options;
    if (flaw === "deaf" && ++this.#heard > HEARD_MAX) return;
    this.book.newest(items);
    if (flaw === "backwards" && this.#before !== null) this.book.newest(this.#before);
    this.#before = items;
    this.#watchChunks();
    void this.#fill();
  }

  #watchChunks(): void {
    const wanted = this.book.wanted();
    for (const chunk of wanted) if (!this.#running.has(`chunk ${chunk}`)) this.#watchChunk(chunk);
    for (const name of [...this.#running.keys()].filter((each) => each.startsWith("chunk "))) {
      const chunk = Number(name.slice("chunk ".length));
      if (wanted.includes(chunk)) continue;
      this.#running.get(name)!();
      this.#running.delete(name);
      this.book.drop(chunk);
    }
  }

  #watchChunk(chunk: number): void {
    if (this.#options.flaw === "deaf") return;
    const stop = this.#options
      .client()
      .chat.messages.subscribe(
        { room: this.room, after: chunk * CHUNK, limit: CHUNK },
        ({ items }) => this.book.chunk(chunk, items as readonly Item[]),
        { onProblem: (problem) => this.#ended(`chunk ${chunk}`, problem, () => this.#watchChunk(chunk)) },
      );
    this.#running.set(`chunk ${chunk}`, stop);
  }

  /** Asks for what lies between what is known and the newest page. */
  async #fill(): Promise<void> {
    if (this.#isFilling) return;
    this.#isFilling = true;
    try {
      while (this.book.hasGap && this.state === "in") {
        const asked = { room: this.room, after: this.book.whole, limit: CHUNK };
        this.book.fill((await this.#options.client().chat.messages(asked)).items as readonly Item[]);
      }
    } catch (error) {
      // The next page asks again.
      if (!(error instanceof Problem)) throw error;
      setTimeout(() => void this.#fill(), AGAIN_MS).unref();
    } finally {
      this.#isFilling = false;
    }
  }

  #ended(name: string, { code, status }: Problem, again: () => void): void {
    const { record } = this.#options;
    // Who asks the same anew would be told twice; a channel that has ended is another one than the next.
    if (name !== "channel" && name !== "numbers") this.#running.get(name)?.();
    this.#running.delete(name);
    const isOut = this.state !== "in" && status >= 400 && status < 500;
    record.tell("ended", { person: this.person, room: this.room, name, code, state: this.state });
    if (!isOut) record.ended(`${name} of ${this.person}`, { code, status });
    else if (!name.startsWith("chunk")) {
      record.measure(`after a kick, ${name} ended`, Math.max(0, performance.now() - this.outSinceMs));
    }
    if (isOut) return;
    // It is still wanted, and begun again.
    this.#running.set(name, () => clearTimeout(timer));
    const timer = setTimeout(again, AGAIN_MS);
  }

  #sees({ clientId }: Item): void {
    const { record } = this.#options;
    this.#checkLeak("a message of the room", record.postedMs.get(clientId) ?? 0);
  }

  /** What was said after it was out should not be there. Typings do not tell when they were said. */
  #checkLeak(what: string, saidAtMs: number): void {
    const { record } = this.#options;
    const afterMs = saidAtMs - this.outSinceMs;
    if (!(afterMs > 0)) return;
    const isDeaf = this.outSinceMs < record.deafUntilMs;
    record.measure(
      `${what} seen by who was out, said after${isDeaf ? ", while a node may not hear the log" : ""}`,
      afterMs,
    );
  }
}
