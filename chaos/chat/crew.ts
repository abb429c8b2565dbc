/**
 * Crew: people in rooms, and an owner who puts them out and lets them in again.
 *
 * Groups. A person watches through the gate of its group, and its other device is at the next gate. The owner goes
 * through each gate in turn, as nobody else waits for it.
 */
import { setTimeout as pause } from "node:timers/promises";
import { poll } from "../../packages/lineshaft/src/testkit/index.ts";
import { pick } from "../random.ts";
import type { Gates } from "./gates.ts";
import { insist } from "./insist.ts";
import { type ChatClient, clientOf, Person, signUp } from "./person.ts";
import type { Record } from "./record.ts";
import { Said } from "./said.ts";
import type { Seat } from "./seat.ts";

/** A client that is half open does not hear that it is out before it has found that out. */
const OUT_MS = 60_000;
const KICK_EACH_MS = 4_000;
const AWAY_MS = 1_000;

export interface CrewOptions {
  readonly gates: Gates;
  readonly record: Record;
  readonly random: () => number;
  readonly people: number;
  readonly rooms: number;
  readonly canary?: string | undefined;
}

/** What the first person's client does wrong, by canary. */
const FLAWS = { histories: "deaf", order: "backwards", said: "twice", unread: "rooms" } as const;

export class Crew implements AsyncDisposable {
  readonly people: Person[] = [];
  readonly rooms: string[] = [];
  readonly ownerToken: string;
  readonly #options: CrewOptions;
  readonly #owners: readonly ChatClient[];
  readonly #stopping = new AbortController();
  #working: readonly Promise<void>[] = [];

  private constructor(options: CrewOptions, ownerToken: string) {
    this.#options = options;
    this.ownerToken = ownerToken;
    this.#owners = options.gates.proxies.map((_, group) => clientOf(options.gates.urlOf(group), ownerToken));
  }

  /** People in rooms; everybody sits in all but one of them, and watches. */
  static async start(options: CrewOptions): Promise<Crew> {
    const { gates, record, random, people, rooms, canary = "" } = options;
    const crew = new Crew(options, (await signUp(gates.urlOf(0), "Owner")).token);
    const said = new Said(record);
    for (let count = 0; count < people; count++) {
      const flaw = count === 0 ? FLAWS[canary as keyof typeof FLAWS] : undefined;
      const urls = [gates.urlOf(count), gates.urlOf(count + 1)] as const;
      crew.people.push(
        await Person.start({ name: `Person${count}`, urls, record, said, random, ...(flaw && { flaw }) }),
      );
    }
    for (let count = 0; count < rooms; count++) {
      const { id } = await crew.#owner.chat.createRoom({ kind: "private", name: `room ${count}` });
      crew.rooms.push(id);
      for (const [at, person] of crew.people.entries()) {
        // So that people of each group are in each room.
        const missing = (at + Math.floor(at / gates.proxies.length)) % rooms;
        if (rooms > 1 && missing === count) continue;
        await crew.#admit(person, id);
        person.sit(id);
      }
    }
    return crew;
  }

  get seats(): Seat[] {
    return this.people.flatMap(({ seats }) => seats);
  }

  personOf(seat: Seat): Person {
    return this.people.find(({ seats }) => seats.includes(seat))!;
  }

  work(): void {
    const { signal } = this.#stopping;
    this.#working = [...this.people.map((person) => person.talk(signal)), this.#moderate(signal)];
  }

  /** Everybody finishes what was begun. */
  async rest(): Promise<void> {
    this.#stopping.abort();
    await Promise.all(this.#working);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.rest();
    for (const person of this.people) person.close();
    for (const owner of this.#owners) owner.$close();
  }

  /** Another one for each try. */
  get #owner(): ChatClient {
    return pick(this.#owners, this.#options.random);
  }

  async #admit({ id: account, client }: Person, room: string): Promise<void> {
    const { random } = this.#options;
    // Refused is who was invited by an attempt whose end is not known.
    await insist(() => this.#owner.chat.invite({ room, account }), { random });
    const end = await insist(() => client.chat.joinRoom({ room }), { random });
    if (end.outcome === "done") return;
    this.#options.record.find(
      "kicked",
      "wrong",
      `${account} was invited into ${room}, and could not join: ${end.outcome}`,
    );
  }

  async #moderate(signal: AbortSignal): Promise<void> {
    const { random } = this.#options;
    while (!signal.aborted) {
      await pause(random() * 2 * KICK_EACH_MS, undefined, { signal }).catch(() => {});
      const seat = pick(this.seats, random);
      if (!signal.aborted && seat.state === "in" && !seat.isEnded) await this.#kick(seat);
    }
  }

  async #kick(seat: Seat): Promise<void> {
    const { random, record, canary } = this.#options;
    const { room, account } = seat;
    seat.state = "leaving";
    record.tell("kick", { person: seat.person, room });
    if (canary !== "kicked") await insist(() => this.#owner.chat.removeMember({ room, account }), { random });
    seat.outSinceMs = performance.now();
    seat.state = "out";
    record.count("kicks");
    const timeoutMs = canary === "kicked" ? 2_000 : OUT_MS;
    const isOut = await poll(() => seat.isEnded, { timeoutMs }).then(
      () => true,
      () => false,
    );
    if (!isOut) record.find("kicked", "wrong", `${seat.person} was put out, and sees ${room} ${timeoutMs} ms later`);
    seat.stop();
    await pause(random() * AWAY_MS);
    await this.#admit(this.personOf(seat), room);
    seat.enter();
  }
}
