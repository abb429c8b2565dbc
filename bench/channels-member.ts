/**
 * Member: one client of the channels bench: its connection, the room that it is in, and how it comes back.
 *
 * It comes back as our client library does: after a pause that is drawn at random up to a bound, which doubles with
 * each failure in a row.
 */
import type { Dialect } from "./channels-dialect.ts";
import { type Hearer, Wire } from "./channels-wire.ts";

/** As in packages/client/src/live.ts. */
const PAUSE_MS = 250;
const PAUSE_MS_MAX = 10_000;
/** Addresses of this machine that clients come from; the first is the servers' own. */
const ADDRESSES = 250;

/** What members share. */
export interface Company {
  readonly dialect: Dialect;
  /** Of the nodes; neighbours in a room are on different ones. */
  readonly ports: readonly number[];
  joined(member: Member): void;
  /** Its connection ended, or could not be made. */
  lost(member: Member, wasJoined: boolean, why: string): void;
  message(member: Member, bytes: Buffer, from: number): void;
  left(member: Member, keys: readonly string[]): void;
}

export class Member implements Hearer {
  /** Among all. */
  readonly index: number;
  /** Among those in its room. */
  readonly place: number;
  readonly room: number;
  readonly #roomName: string;
  readonly #company: Company;
  #wire: Wire | null = null;
  #failures = 0;
  /** What the server calls it; empty while it is no member. */
  key = "";

  constructor(company: Company, where: { index: number; place: number; room: number; roomName: string }) {
    this.#company = company;
    this.index = where.index;
    this.place = where.place;
    this.room = where.room;
    this.#roomName = where.roomName;
  }

  get isJoined(): boolean {
    return this.key !== "";
  }

  connect(): void {
    const { dialect, ports } = this.#company;
    const port = ports[this.index % ports.length]!;
    const localAddress = `127.0.0.${2 + (this.index % ADDRESSES)}`;
    this.#wire = new Wire({ port, path: dialect.path, subprotocol: dialect.subprotocol, localAddress }, this);
  }

  connectLater(): void {
    setTimeout(() => this.connect(), Math.random() * Math.min(PAUSE_MS_MAX, PAUSE_MS * 2 ** this.#failures++));
  }

  send(frame: Buffer): void {
    this.#wire!.send(frame);
  }

  /** Says good-bye. */
  leave(): void {
    this.key = "";
    this.#wire!.leave();
  }

  /** Its connection is gone, without a word. */
  cut(): void {
    this.key = "";
    this.#wire?.reset();
    this.#wire = null;
  }

  opened(): void {
    const said = this.#company.dialect.greet(this.#roomName);
    if (said !== null) this.send(said);
  }

  heard(bytes: Buffer, from: number, to: number): void {
    if (this.#company.dialect.isMessage(bytes, from)) this.#company.message(this, bytes, from);
    else this.#follow(bytes.toString("utf8", from, to));
  }

  #follow(text: string): void {
    const heard = this.#company.dialect.understand(text, this.#roomName);
    if (heard.kind === "say") this.send(heard.frame);
    else if (heard.kind === "left") this.#company.left(this, heard.keys);
    else if (heard.kind === "joined" && !this.isJoined) {
      this.key = heard.key;
      this.#failures = 0;
      this.#company.joined(this);
    }
  }

  closed(why: string): void {
    const wasJoined = this.isJoined;
    this.key = "";
    this.#company.lost(this, wasJoined, why);
  }
}
