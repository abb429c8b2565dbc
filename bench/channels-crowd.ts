/**
 * Crowd: all clients of one server in the channels bench, in one process and on one clock. It joins, sends, counts what
 * each member hears, cuts itself off and comes back. The same code speaks to each server, in its dialect.
 *
 * States. `joining → steady ⇄ returning`: only when returning may a connection end, and whoever is lost comes back.
 */
import { setTimeout as pause } from "node:timers/promises";
import { poll } from "../packages/lineshaft/src/testkit/index.ts";
import { DIALECTS, type Dialect, HALL } from "./channels-dialect.ts";
import { type Company, Member } from "./channels-member.ts";
import { Tally } from "./channels-tally.ts";
import { cpuMicros } from "./child.ts";
import { percentile } from "./statistics.ts";

const WAIT_MS_MAX = 60_000;
/** How long a message may take until it counts as lost. */
const LATE_MS = 5_000;

export interface Plan {
  readonly dialect: keyof typeof DIALECTS;
  /** Of the nodes; neighbours in a room are on different ones. */
  readonly ports: readonly number[];
  readonly rooms: number;
  /** Of each room. */
  readonly members: number;
  /** Whether members are told who is there. */
  readonly isHall: boolean;
}

/** What members have heard. */
export interface Heard {
  /** Deliveries until the sending ended. */
  readonly perSecond: number;
  /** Deliveries in all. */
  readonly delivered: number;
  readonly p50: number;
  readonly p99: number;
  /** Of a processor, that the clients needed meanwhile. */
  readonly busy: number;
  /** Messages that did not come, came twice, out of order, or to the wrong member. */
  readonly wrong: number;
}

export interface Returned {
  /** When the last one was back, in milliseconds since 1970. */
  readonly atMs: number;
  /** Attempts that came to nothing. */
  readonly failed: number;
}

const now = (): number => performance.timeOrigin + performance.now();
const micros = (): number => Math.round(performance.now() * 1_000);

export class Crowd implements Company {
  readonly dialect: Dialect;
  readonly ports: readonly number[];
  readonly #members: readonly Member[];
  readonly #perRoom: number;
  readonly #rooms: number;
  readonly #tally: Tally;
  readonly #turns: Int32Array;
  #state: "joining" | "steady" | "returning" = "joining";
  #joinedCount = 0;
  #settled = Promise.withResolvers<void>();
  /** Those that wait for their turn to join. */
  #waiting: Iterator<Member> = [].values();
  /** Deliveries that a room may owe before it sends again; 0 while it does not send by itself. */
  #owedMax = -1;
  #lost = 0;
  #failed = 0;
  readonly #leaving = new Map<string, { readonly at: number; readonly delays: number[] }>();

  constructor({ dialect, ports, rooms, members, isHall }: Plan) {
    this.dialect = DIALECTS[dialect];
    this.ports = ports;
    this.#rooms = rooms;
    this.#perRoom = members;
    this.#tally = new Tally(rooms, members);
    this.#turns = new Int32Array(rooms);
    this.#members = Array.from({ length: rooms * members }, (_, index) => {
      const room = Math.floor(index / members);
      const roomName = `${isHall ? HALL : "r"}${room}`;
      return new Member(this, { index, place: index % members, room, roomName });
    });
  }

  /** All join, some at a time; gives the seconds. */
  async join(atATime: number): Promise<number> {
    const startedAt = performance.now();
    this.#waiting = this.#members.values();
    for (let count = 0; count < atATime; count++) this.#waiting.next().value?.connect();
    await this.#settled.promise;
    this.#state = "steady";
    return (performance.now() - startedAt) / 1_000;
  }

  /** Each room sends as fast as its deliveries come back: so many messages are on their way. */
  async flood(seconds: number, window: number): Promise<Heard> {
    this.#tally.begin();
    const [startedAt, cpu] = [performance.now(), cpuMicros()];
    this.#owedMax = (window - 1) * (this.#perRoom - 1);
    for (let room = 0; room < this.#rooms; room++) {
      for (let count = 0; count < window; count++) this.#send(room);
    }
    await pause(seconds * 1_000);
    this.#owedMax = -1;
    return await this.#heard(startedAt, cpu);
  }

  /** So many messages a second in all, evenly, one room after the other. */
  async pace(perSecond: number, seconds: number): Promise<Heard> {
    this.#tally.begin();
    const cpu = cpuMicros();
    const [count, startedAt] = [Math.round(perSecond * seconds), performance.now()];
    for (let index = 0; index < count; index++) {
      const waitMs = startedAt + (index * 1_000) / perSecond - performance.now();
      if (waitMs > 1) await pause(waitMs);
      this.#send(index % this.#rooms);
    }
    return await this.#heard(startedAt, cpu);
  }

  /** From now on, whoever is lost comes back. */
  persist(): void {
    this.#state = "returning";
    this.#lost = 0;
    this.#failed = 0;
    this.#settled = Promise.withResolvers();
  }

  /** Cuts all connections; they come back. */
  cut(): void {
    this.persist();
    for (const member of this.#members) {
      member.cut();
      this.#joinedCount--;
      this.#lost++;
      member.connectLater();
    }
  }

  /** When all were lost and are back. */
  async returned(): Promise<Returned> {
    const late = setTimeout(() => {
      const missing = this.#members.length - this.#joinedCount;
      this.#settled.reject(new Error(`${missing} members are not back after ${WAIT_MS_MAX / 1_000} s.`));
    }, WAIT_MS_MAX);
    await this.#settled.promise;
    clearTimeout(late);
    this.#state = "steady";
    return { atMs: now(), failed: this.#failed };
  }

  /** Members leave, one after the other, and come back; gives how long it took until each other one had heard. */
  async leaves(count: number): Promise<readonly number[]> {
    const all: number[] = [];
    for (let index = 0; index < count; index++) {
      const member = this.#members[(index * (this.#perRoom + 1)) % this.#members.length]!;
      const { key } = member;
      const delays: number[] = [];
      this.#leaving.set(key, { at: performance.now(), delays });
      this.#joinedCount--;
      member.leave();
      await poll(() => delays.length === this.#perRoom - 1, { what: "all to hear who left", timeoutMs: WAIT_MS_MAX });
      this.#leaving.delete(key);
      all.push(...delays);
      member.connect();
      await poll(() => member.isJoined, { what: "who left to be back", timeoutMs: WAIT_MS_MAX });
    }
    return all;
  }

  end(): void {
    for (const member of this.#members) member.cut();
  }

  joined(): void {
    this.#joinedCount++;
    if (this.#state === "joining") this.#waiting.next().value?.connect();
    const hasLostAll = this.#state !== "returning" || this.#lost >= this.#members.length;
    if (hasLostAll && this.#joinedCount === this.#members.length) this.#settled.resolve();
  }

  lost(member: Member, wasJoined: boolean, why: string): void {
    if (wasJoined) this.#joinedCount--;
    if (this.#state !== "returning") {
      throw new Error(`The connection of member ${member.index} ended while it was not expected: ${why}.`);
    }
    if (wasJoined) this.#lost++;
    else this.#failed++;
    member.connectLater();
  }

  message(member: Member, bytes: Buffer, from: number): void {
    this.#tally.hears(member, bytes, from, micros());
    if (this.#tally.owed[member.room]! <= this.#owedMax) this.#send(member.room);
  }

  left(_member: Member, keys: readonly string[]): void {
    for (const key of keys) {
      const leaving = this.#leaving.get(key);
      leaving?.delays.push(performance.now() - leaving.at);
    }
  }

  /** The next in its turn sends. */
  #send(room: number): void {
    const place = this.#turns[room]!++ % this.#perRoom;
    const member = this.#members[room * this.#perRoom + place]!;
    const number = this.#tally.sends(member);
    member.send(this.dialect.encode({ sender: member.index, number, at: micros() }));
  }

  /** What has come since then; waits until everything has, or something is lost. */
  async #heard(startedAt: number, cpu: number): Promise<Heard> {
    const elapsedMs = performance.now() - startedAt;
    const perSecond = (this.#tally.delivered * 1_000) / elapsedMs;
    const busy = (cpuMicros() - cpu) / 1_000 / elapsedMs;
    const deadline = performance.now() + LATE_MS;
    while (this.#tally.owedInAll > 0 && performance.now() < deadline) await pause(1);
    const { delays, delivered } = this.#tally;
    const [p50, p99] = [percentile(delays, 0.5), percentile(delays, 0.99)];
    return { perSecond, delivered, p50, p99, busy, wrong: this.#tally.wrong() };
  }
}
