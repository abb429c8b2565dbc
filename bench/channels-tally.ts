/**
 * Tally: which message has reached whom. Each member must hear each message of each other member of its room once, and
 * those of one member in the order in which they were sent.
 */
import { read, readSent } from "./channels-dialect.ts";
import type { Member } from "./channels-member.ts";

/** Messages that came out of order, twice, to the wrong room or not at all. */
export type Wrong = number;

export class Tally {
  readonly #members: number;
  /** How many each has sent. */
  readonly #sent: Int32Array;
  /** The number of the last message that a member heard of each place in its room. */
  readonly #heard: Int32Array;
  #wrong = 0;
  /** Deliveries that are still to come, by room. */
  readonly owed: Int32Array;
  owedInAll = 0;
  delivered = 0;
  /** Milliseconds from sending to hearing. */
  readonly delays: number[] = [];

  /** @param members  Of a room. */
  constructor(rooms: number, members: number) {
    this.#members = members;
    this.#sent = new Int32Array(rooms * members);
    this.#heard = new Int32Array(rooms * members * members);
    this.owed = new Int32Array(rooms);
  }

  /** The number of what the member sends now. */
  sends({ index, room }: Member): number {
    this.owed[room]! += this.#members - 1;
    this.owedInAll += this.#members - 1;
    return ++this.#sent[index]!;
  }

  hears(member: Member, bytes: Buffer, from: number, micros: number): void {
    readSent(bytes, from);
    const { sender, number, at } = read;
    this.delays.push((micros - at) / 1_000);
    this.delivered++;
    this.owedInAll--;
    this.owed[member.room]!--;
    const place = sender - member.room * this.#members;
    if (place < 0 || place >= this.#members || place === member.place) return void this.#wrong++;
    const slot = member.index * this.#members + place;
    if (number !== this.#heard[slot]! + 1) this.#wrong++;
    this.#heard[slot] = number;
  }

  /** What went wrong since the last time, when nothing is expected any more; counts from here on. */
  wrong(): Wrong {
    let missing = 0;
    for (let slot = 0; slot < this.#heard.length; slot++) {
      const [index, place] = [Math.floor(slot / this.#members), slot % this.#members];
      const room = Math.floor(index / this.#members);
      const sender = room * this.#members + place;
      if (sender !== index) missing += Math.abs(this.#sent[sender]! - this.#heard[slot]!);
    }
    const wrong = this.#wrong + missing;
    this.#sent.fill(0);
    this.#heard.fill(0);
    this.owed.fill(0);
    this.owedInAll = 0;
    this.#wrong = 0;
    return wrong;
  }

  /** Forgets the delays so far. */
  begin(): void {
    this.delays.length = 0;
    this.delivered = 0;
  }
}
