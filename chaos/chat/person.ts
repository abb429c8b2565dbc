/**
 * Person: an account with a client, as a real app has it, that talks in its rooms.
 *
 * One thing after the other: what it does next begins when the end of the last is known. So what it was told last is
 * what must be seen in the end.
 */
import { setTimeout as pause } from "node:timers/promises";
import type * as accounts from "lineshaft/accounts";
import type * as chat from "../../apps/chat/index.ts";
import { type Client, createClient } from "../../packages/client/src/index.ts";
import { pick } from "../random.ts";
import type { numbers } from "./app.ts";
import type { Item } from "./book.ts";
import { insist } from "./insist.ts";
import { type Expected, keyOf, type Record } from "./record.ts";
import type { Said } from "./said.ts";
import { Seat, type SeatOptions } from "./seat.ts";

export type ChatClient = Client<{ accounts: typeof accounts; chat: typeof chat & { numbers: typeof numbers } }>;

/** A node that stands still does not answer: a page gives up sooner than the client would by itself. */
const CALL_MS = 5_000;
const PASSWORD = "a password of chaos";
const EMOJI = ["👍", "🎉", "x"];
/** Edits, deletions and reactions are of so many last messages. */
const RECENT = 60;
/** Between two things that somebody does, on the average. */
const BETWEEN_MS = 800;
const TWICE_SHARE = 0.1;

export interface RoomRow {
  readonly id: string;
  readonly lastNumber: number;
  readonly readNumber: number;
  readonly unread: number;
}

export interface PersonOptions {
  readonly name: string;
  /** Where its devices connect to: the first is the one that watches, the second posts again. */
  readonly urls: readonly [string, string];
  readonly record: Record;
  readonly said: Said;
  readonly random: () => number;
  readonly flaw?: SeatOptions["flaw"] | "rooms";
}

type Write = () => Promise<unknown>;

export const clientOf = (url: string, token?: string): ChatClient =>
  createClient({ url, timeoutMs: CALL_MS, ...(token === undefined ? {} : { token }) }) as ChatClient;

/** Signs an account up, and gives its id and token. */
export async function signUp(url: string, name: string): Promise<{ readonly id: string; readonly token: string }> {
  const email = `${name.toLowerCase()}-${crypto.randomUUID()}@example.com`;
  const client = clientOf(url);
  const { account, token } = await client.accounts.signUp({ email, name, password: PASSWORD }, { timeoutMs: 30_000 });
  return { id: account.id, token };
}

export class Person {
  readonly name: string;
  readonly id: string;
  readonly token: string;
  readonly seats: Seat[] = [];
  /** What the list of rooms says, by room. */
  rooms = new Map<string, RoomRow>();
  client: ChatClient;
  readonly #other: ChatClient;
  readonly #options: PersonOptions;
  #number = 0;

  private constructor(options: PersonOptions, id: string, token: string) {
    this.#options = options;
    this.name = options.name;
    this.id = id;
    this.token = token;
    this.client = clientOf(options.urls[0], token);
    this.#other = clientOf(options.urls[1], token);
    this.#watchRooms();
  }

  static async start(options: PersonOptions): Promise<Person> {
    const { id, token } = await signUp(options.urls[0], options.name);
    return new Person(options, id, token);
  }

  /** Has been made a member of a room. */
  sit(room: string): Seat {
    const { record, said, flaw } = this.#options;
    const seat = new Seat({
      ...{ room, record, said, person: this.name, account: this.id, client: () => this.client },
      flaw: flaw === "rooms" ? undefined : flaw,
    });
    this.seats.push(seat);
    seat.enter();
    return seat;
  }

  get isLive(): boolean {
    return this.client.$connection.state() === "live";
  }

  /** Talks until it is told to stop; what it does then is done to its end. */
  async talk(signal: AbortSignal): Promise<void> {
    const { random } = this.#options;
    while (!signal.aborted) {
      await pause(random() * 2 * BETWEEN_MS, undefined, { signal }).catch(() => {});
      const seat = pick(this.seats, random);
      if (!signal.aborted && seat.state === "in") await this.#act(seat);
    }
  }

  /** Closes the page that watches, or the browser dies. */
  leave(): void {
    for (const seat of this.seats) seat.stop();
    this.client.$close();
  }

  /** Opens it again. What it knows of its rooms it has kept. */
  comeBack(): void {
    this.client = clientOf(this.#options.urls[0], this.token);
    this.#watchRooms();
    for (const seat of this.seats) {
      seat.stop();
      if (seat.state === "in") seat.enter();
    }
  }

  close(): void {
    for (const seat of this.seats) seat.stop();
    this.client.$close();
    this.#other.$close();
  }

  async #act(seat: Seat): Promise<void> {
    const { random, said } = this.#options;
    const key = seat.channel?.state().key;
    if (random() < 0.5 && key !== undefined && seat.channel!.send("typing")) said.typed(key);
    if (random() < 0.7) this.#say(seat);
    const chance = random();
    if (chance < 0.6) return this.#post(seat);
    if (chance < 0.7) return this.#edit(seat);
    if (chance < 0.75) return this.#delete(seat);
    if (chance < 0.88) return this.#react(seat);
    if (chance < 0.96) return this.#read(seat);
    seat.setStatus(seat.status === "here" ? "away" : "here");
  }

  #say({ numbers, room }: Seat): void {
    const payload = { room, person: this.name, number: ++this.#number, atMs: Math.round(performance.now()) };
    if (numbers?.send("said", payload)) this.#options.record.count("numbered messages sent");
  }

  async #post(seat: Seat): Promise<void> {
    const { record, random } = this.#options;
    const { room } = seat;
    const clientId = crypto.randomUUID();
    const text = `${clientId} of ${this.name}`;
    record.postedMs.set(clientId, performance.now());
    const devices = [this.client, this.#other];
    for (let times = random() < TWICE_SHARE ? 2 : 1; times > 0; times--) {
      // After an end that is not known the next device asks, on another node.
      const post = () => {
        devices.push(devices.shift()!);
        return devices[1]!.chat.postMessage({ room, clientId, text, attachments: [] });
      };
      const end = await insist(post, { random, onUnknown: () => record.count("posts whose end was not known") });
      record.count(`posts ${end.outcome}`);
      if (end.outcome !== "done") return;
      record.acknowledge({ room, author: this.id, clientId, number: end.value.number }, text);
    }
  }

  #recent(seat: Seat, isOwn: boolean): Item | undefined {
    const { book } = seat;
    const some = Array.from({ length: Math.min(RECENT, book.last) }, (_, back) => book.get(book.last - back));
    const found = some.filter((item) => item && item.deletedAt === null && (!isOwn || item.author?.id === this.id));
    return found.length === 0 ? undefined : pick(found, this.#options.random);
  }

  async #edit(seat: Seat): Promise<void> {
    const item = this.#recent(seat, true);
    if (!item) return;
    const { number, clientId } = item;
    const text = `${clientId} of ${this.name}, edited ${++this.#number}`;
    const edit = () => this.client.chat.editMessage({ room: seat.room, number, text });
    await this.#write("edits", edit, seat.room, number, (expected, { isDone, isSure }) => {
      if (!isSure) expected.late.add(text);
      if (isDone) expected.text = text;
    });
  }

  async #delete(seat: Seat): Promise<void> {
    const item = this.#recent(seat, true);
    if (!item) return;
    const { number } = item;
    const remove = () => this.client.chat.deleteMessage({ room: seat.room, number });
    await this.#write("deletions", remove, seat.room, number, (expected, { isDone }) => {
      expected.isDeleted = isDone ? true : null;
    });
  }

  async #react(seat: Seat): Promise<void> {
    const item = this.#recent(seat, false);
    if (!item) return;
    const { number } = item;
    const emoji = pick(EMOJI, this.#options.random);
    const there = item.reactions.some((each) => each.emoji === emoji && each.accounts.includes(this.id));
    const { react, unreact } = this.client.chat;
    const write = () => (there ? unreact : react)({ room: seat.room, number, emoji });
    await this.#write("reactions", write, seat.room, number, ({ reactions }, { isSure }) => {
      const reaction = `${emoji} ${this.id}`;
      reactions.set(reaction, isSure && reactions.get(reaction) !== null ? !there : null);
    });
  }

  async #read(seat: Seat): Promise<void> {
    const { random } = this.#options;
    const { room, book } = seat;
    const number = Math.max(0, book.last - Math.floor(random() * 10));
    const end = await insist(() => this.client.chat.readRoom({ room, number }), { random });
    if (end.outcome !== "done" || end.value.readNumber >= number) return;
    this.#options.record.find(
      "unread",
      "lost",
      `${this.name} read up to ${number}, and was told ${end.value.readNumber}`,
    );
  }

  /** Writes; what is to be seen in the end follows from how it ended. */
  async #write(
    what: string,
    act: Write,
    room: string,
    number: number,
    expect: (expected: Expected, how: { readonly isDone: boolean; readonly isSure: boolean }) => void,
  ): Promise<void> {
    const { record, random } = this.#options;
    const expected = record.expected.get(keyOf(room, number));
    const end = await insist(act, { random });
    record.count(`${what} ${end.outcome}`);
    if (!expected) return;
    const isSure = end.outcome !== "unknown" && end.isSure;
    const isDone = end.outcome === "done";
    if (isDone || !isSure) expect(expected, { isDone, isSure });
  }

  #watchRooms(): void {
    const { record, flaw } = this.#options;
    const stop = this.client.chat.rooms.subscribe(
      {},
      (rows) => {
        if (flaw === "rooms" && this.rooms.size > 0) return;
        for (const row of rows) this.#checkRow(row);
        this.rooms = new Map(rows.map((row) => [row.id, row]));
        record.count("lists of rooms shown");
      },
      {
        onProblem: (problem) => {
          record.ended(`the list of rooms of ${this.name}`, problem);
          // Who asks the same anew would be told twice.
          stop();
          setTimeout(() => this.#watchRooms(), 200).unref();
        },
      },
    );
  }

  #checkRow({ id, lastNumber, readNumber, unread }: RoomRow): void {
    const { record } = this.#options;
    const who = `${this.name} in ${id.slice(-4)}`;
    if (unread !== lastNumber - readNumber) {
      record.find("unread", "wrong", `${who}: ${unread} unread, with ${readNumber} of ${lastNumber} read`);
    }
    const before = this.rooms.get(id);
    if (before && (lastNumber < before.lastNumber || readNumber < before.readNumber)) {
      record.find("unread", "stale", `${who}: back from ${JSON.stringify(before)} to ${lastNumber}, ${readNumber}`);
    }
  }
}
