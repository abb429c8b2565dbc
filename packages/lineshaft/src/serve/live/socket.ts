/**
 * Socket: one WebSocket with many subscriptions (docs/wire-protocol.md).
 *
 * States. `open` (a first `hello` may say who calls) `→ closed`. A message that cannot be read, or breaks the order,
 * ends the connection with a problem and code 1008; what is wrong with one subscription is told with its id.
 * Limits. `SUBSCRIPTIONS_MAX`, `MESSAGE_BYTES_MAX`. While `WAITING_BYTES_MAX` bytes wait for the client, its answers
 * are held back, and its messages are not read. Nor are they for a while when it begins too much, or sends too much
 * that is refused (`EFFORTS_MAX`): the others on the node want to be heard, too.
 */
import type { IncomingMessage } from "node:http";
import type { RawData, WebSocket } from "ws";
import type { Told } from "../../channel/told.ts";
import { type Actor, NOBODY } from "../../define/actor.ts";
import type { RequestFacts } from "../../define/endpoint.ts";
import { type Fault, fault } from "../../define/errors.ts";
import type { Position } from "../../log/position.ts";
import type { Logger } from "../../observe/log.ts";
import type { Metrics } from "../../observe/metrics.ts";
import { asFault, problemAnswer } from "../problem.ts";
import { WAITING_BYTES_MAX } from "./event-stream.ts";
import {
  type Joined,
  Membership,
  type MembershipHost,
  type MembershipOptions,
  notMember,
  type Said,
} from "./membership.ts";
import { type ClientMessage, readMessage } from "./message.ts";
import { Answers, type Numbered } from "./numbered.ts";
import { frameOf, type Outlet } from "./outlet.ts";
import { type Asked, Party, type PartyOptions } from "./party.ts";
import { Pulse } from "./pulse.ts";

/** Subscriptions of one connection. */
export const SUBSCRIPTIONS_MAX = 200;
/** Bytes of a message from the client. */
export const MESSAGE_BYTES_MAX = 65_536;

/** How long a client rests at most that says too much. */
const REST_MS_MAX = 1_000;
/** What a client may begin, or have refused, at once; and how long it has to rest for each that is more. */
export const EFFORTS_MAX = 400;
const EFFORT_MS = 10;

/** Close codes (RFC 6455, section 7.4.1). */
const [BINARY, POLICY, TRY_AGAIN] = [1003, 1008, 1013];
/** The status of problems of the moment. */
const UNAVAILABLE = 503;

export interface SocketOptions {
  readonly socket: WebSocket;
  readonly request: IncomingMessage;
  readonly facts: RequestFacts;
  readonly outlet: Outlet;
  readonly party: PartyOptions;
  readonly membership: MembershipOptions;
  readonly metrics: Metrics;
  readonly log: Logger;
  /** Finds the query of a path. @throws {Fault} */
  readonly find: (path: string, facts: RequestFacts) => Asked;
  /** Finds the channel of a path. @throws {Fault} */
  readonly findChannel: (path: string, state: unknown, facts: RequestFacts) => Asked & Joined;
}

export class Socket implements MembershipHost {
  readonly #options: SocketOptions;
  readonly #numbers = new Map<number, Numbered>();
  #party: Party | null = null;
  #facts: RequestFacts;
  /** Subscriptions that are being opened, also those that the client has given up meanwhile. */
  #opening = 0;
  readonly #pulse: Pulse;
  /** While a client that says too much has to rest. */
  #resting: NodeJS.Timeout | null = null;
  /** When all that it has begun, or had refused, is made up for. */
  #evenAtMs = 0;

  constructor(options: SocketOptions) {
    this.#options = options;
    this.#facts = options.facts;
    const { socket, request } = options;
    this.#pulse = new Pulse(socket, request.socket);
    socket.on("message", (data, isBinary) => this.#take(data, isBinary));
    socket.on("close", () => this.#closed());
    // It closes by itself, with the code that belongs to the mistake.
    socket.on("error", () => {});
  }

  get isReady(): boolean {
    return this.#party!.isSettled && this.#options.outlet.waitingBytes < WAITING_BYTES_MAX;
  }

  /** Asks for a sign of life within a time; ends a connection that was asked before, and has given none. */
  ping(withinMs: number): void {
    this.#pulse.ask(withinMs);
  }

  get address(): string {
    return this.#facts.address;
  }

  get actor(): Actor {
    return this.#party?.known ?? NOBODY;
  }

  /** The client has read what waited for it. */
  drained(): void {
    this.#relieve();
    this.#party?.flush();
  }

  /** Tells what is told to many; with others of the same turn it goes out in one write. */
  tell(told: Told, id: number): void {
    let frame = told.frames.get(id);
    if (frame === undefined) told.frames.set(id, (frame = frameOf(`{"type":"${told.type}","id":${id},${told.rest}}`)));
    const { socket, outlet } = this.#options;
    if (socket.readyState !== socket.OPEN) return;
    if (!outlet.write(frame)) this.#relieve();
  }

  tellRefused(id: number, what: Said, error: unknown): void {
    this.#options.metrics.channelRefused.inc();
    this.#charge();
    this.send(`{"type":"refused","id":${id},"what":"${what}","problem":${this.#problemText(asFault(error))}}`);
  }

  rest(ms: number): void {
    if (this.#resting) return;
    this.#resting = setTimeout(
      () => {
        this.#resting = null;
        this.#relieve();
      },
      Math.min(ms, REST_MS_MAX),
    ).unref();
    this.#relieve();
  }

  close(code: number, reason = ""): void {
    this.#options.socket.close(code, reason);
  }

  terminate(): void {
    this.#options.socket.terminate();
  }

  send(text: string): void {
    const { socket, outlet } = this.#options;
    if (socket.readyState !== socket.OPEN) return;
    if (!outlet.write(frameOf(text))) this.#relieve();
  }

  /** Tells a problem of one subscription, which is over. */
  tellProblem(id: number, error: unknown): void {
    this.send(`{"type":"problem","id":${id},"problem":${this.#problemText(asFault(error))}}`);
  }

  #take(data: RawData, isBinary: boolean): void {
    if (this.#options.socket.readyState !== this.#options.socket.OPEN) return;
    if (isBinary) return void this.close(BINARY, "Messages are text.");
    try {
      this.#follow(readMessage(String(data)));
    } catch (error) {
      this.#refuse(asFault(error));
    }
  }

  /** @throws {Fault} what ends the connection. */
  #follow(message: ClientMessage): void {
    switch (message.type) {
      case "hello":
        return void this.#hello(message.token);
      case "subscribe":
        return void this.#subscribe(message);
      case "join":
        return void this.#join(message);
      case "send":
        return void this.#memberOf(message, (member) => member.say(message.name, message.payload));
      case "state":
        return void this.#memberOf(message, (member) => member.set(message.state));
      case "unsubscribe":
        return void this.#unsubscribe(message.id);
    }
  }

  #hello(token: string): void {
    if (this.#party !== null) throw fault("INVALID_REQUEST", { detail: '"hello" comes first, and once.' });
    this.#facts = new TokenFacts(this.#options.facts, token);
    const party = this.#open();
    const check = async () => {
      const actor = await party.actor();
      if (actor.kind === "account") return;
      throw fault("UNAUTHENTICATED", { detail: "The token is not valid.", facts: { credentials: "invalid" } });
    };
    check().catch((error) => this.#refuse(asFault(error)));
  }

  #subscribe({ id, path, position }: ClientMessage & { type: "subscribe" }): void {
    this.#begin(id, () => ({ sink: new Answers(this, id), asked: this.#options.find(path, this.#facts) }), position);
  }

  #join({ id, path, state }: ClientMessage & { type: "join" }): void {
    this.#begin(id, () => {
      const asked = this.#options.findChannel(path, state, this.#facts);
      return { sink: new Membership(this.#options.membership, this, id, asked), asked };
    });
  }

  /** Takes a number, and begins what the client wants under it. */
  #begin(id: number, find: () => Beginning, position: Position | null = null): void {
    if (this.#numbers.has(id)) throw fault("INVALID_REQUEST", { detail: `The id ${id} is in use.` });
    this.#charge();
    this.#party ??= this.#open();
    try {
      if (Math.max(this.#numbers.size, this.#opening) >= SUBSCRIPTIONS_MAX) {
        throw fault("SUBSCRIPTIONS_EXCEEDED", { detail: `A connection has at most ${SUBSCRIPTIONS_MAX}.` });
      }
      const { sink, asked } = find();
      this.#numbers.set(id, sink);
      void this.#openNumbered(this.#party, sink, asked, position);
    } catch (error) {
      this.tellProblem(id, error);
    }
  }

  #memberOf({ id, type }: { readonly id: number; readonly type: Said }, act: (member: Membership) => void): void {
    const numbered = this.#numbers.get(id);
    if (numbered instanceof Membership) act(numbered);
    else this.tellRefused(id, type, notMember(id));
  }

  /** A number is over, and may be used again. */
  forget(numbered: Numbered): void {
    if (this.#numbers.get(numbered.id) !== numbered) return;
    this.#numbers.delete(numbered.id);
    if (numbered.held !== null) this.#party!.end(numbered.held);
  }

  async #openNumbered(party: Party, sink: Numbered, asked: Asked, position: Position | null): Promise<void> {
    this.#opening++;
    try {
      const held = await party.subscribe(asked, sink, { heldAt: position, isAhead: false });
      sink.held = held;
      if (sink.isGone && held !== null) party.end(held);
    } catch (error) {
      sink.failed(error);
    } finally {
      this.#opening--;
    }
  }

  #unsubscribe(id: number): void {
    const numbered = this.#numbers.get(id);
    if (numbered !== undefined) {
      numbered.end();
      this.forget(numbered);
    }
    this.send(`{"type":"ended","id":${id}}`);
  }

  #closed(): void {
    if (this.#resting) clearTimeout(this.#resting);
    this.#party?.close();
    for (const numbered of this.#numbers.values()) numbered.end();
    this.#numbers.clear();
  }

  #open(): Party {
    const { party, request } = this.#options;
    return (this.#party = new Party(party, { request, facts: this.#facts }));
  }

  /** A problem of the connection, which ends with it. */
  #refuse(shown: Fault): void {
    this.send(`{"type":"problem","problem":${this.#problemText(shown)}}`);
    this.close(shown.status === UNAVAILABLE ? TRY_AGAIN : POLICY, shown.code);
  }

  #problemText(shown: Fault): string {
    const { metrics, log, facts } = this.#options;
    metrics.faults.inc({ code: shown.code });
    if (shown.code === "INTERNAL") log.error({ err: shown.cause ?? shown, requestId: facts.id }, "a live query failed");
    return JSON.stringify(problemAnswer(shown, facts.id, null).body);
  }

  /** Counts what costs the node more than it costs the client. */
  #charge(): void {
    const now = performance.now();
    this.#evenAtMs = Math.max(this.#evenAtMs, now) + EFFORT_MS;
    const restMs = this.#evenAtMs - now - EFFORTS_MAX * EFFORT_MS;
    if (restMs > 0) this.rest(restMs);
  }

  /** Reads no more of the client while it does not read, or has to rest. */
  #relieve(): void {
    const { socket, outlet } = this.#options;
    const pauses = outlet.waitingBytes >= WAITING_BYTES_MAX || this.#resting !== null;
    if (pauses === socket.isPaused) return;
    if (pauses) socket.pause();
    else socket.resume();
  }
}

/** What begins under a number. */
interface Beginning {
  readonly sink: Numbered;
  readonly asked: Asked;
}

/** Facts of a request whose caller said later who it is. */
class TokenFacts implements RequestFacts {
  readonly #facts: RequestFacts;
  readonly headers: RequestFacts["headers"];

  constructor(facts: RequestFacts, token: string) {
    this.#facts = facts;
    this.headers = { ...facts.headers, authorization: `Bearer ${token}` };
  }

  get id(): string {
    return this.#facts.id;
  }
  get origin(): string {
    return this.#facts.origin;
  }
  get address(): string {
    return this.#facts.address;
  }
}
