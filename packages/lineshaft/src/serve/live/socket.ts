/**
 * Socket: one WebSocket with many subscriptions (docs/wire-protocol.md).
 *
 * States. `open` (a first `hello` may say who calls) `→ closed`. A message that cannot be read, or breaks the order,
 * ends the connection with a problem and code 1008; what is wrong with one subscription is told with its id.
 * Limits. `SUBSCRIPTIONS_MAX`, `MESSAGE_BYTES_MAX`. While `WAITING_BYTES_MAX` bytes wait for the client, its answers
 * are held back, and its messages are not read.
 */
import type { IncomingMessage } from "node:http";
import type { RawData, WebSocket } from "ws";
import type { RequestFacts } from "../../define/endpoint.ts";
import { type Fault, fault } from "../../define/errors.ts";
import type { Answer, Sink, Subscription } from "../../live/index.ts";
import { formatPosition, type Position } from "../../log/position.ts";
import type { Logger } from "../../observe/log.ts";
import type { Metrics } from "../../observe/metrics.ts";
import { asFault, problemAnswer } from "../problem.ts";
import { WAITING_BYTES_MAX } from "./event-stream.ts";
import { type ClientMessage, readMessage } from "./message.ts";
import { type Asked, Party, type PartyOptions } from "./party.ts";

/** Subscriptions of one connection. */
export const SUBSCRIPTIONS_MAX = 200;
/** Bytes of a message from the client. */
export const MESSAGE_BYTES_MAX = 65_536;

/** Answers to pings that may wait for a client. */
const PONGS_MAX = 200;

/** Close codes (RFC 6455, section 7.4.1). */
const [BINARY, POLICY] = [1003, 1008];

export interface SocketOptions {
  readonly socket: WebSocket;
  readonly request: IncomingMessage;
  readonly facts: RequestFacts;
  readonly party: PartyOptions;
  readonly metrics: Metrics;
  readonly log: Logger;
  /** Finds the query of a path. @throws {Fault} */
  readonly find: (path: string, facts: RequestFacts) => Asked;
}

export class Socket {
  readonly #options: SocketOptions;
  readonly #subscriptions = new Map<number, Numbered>();
  #party: Party | null = null;
  #facts: RequestFacts;
  /** Subscriptions that are being opened, also those that the client has given up meanwhile. */
  #opening = 0;
  #isAlive = true;
  /** Answers to pings that wait for the client. */
  #pongs = 0;
  /** What the newest ping said whose answer does not wait with them. */
  #pinged: Buffer | null = null;

  constructor(options: SocketOptions) {
    this.#options = options;
    this.#facts = options.facts;
    const { socket } = options;
    socket.on("message", (data, isBinary) => this.#take(data, isBinary));
    socket.on("ping", (data) => this.#pong(data));
    socket.on("pong", () => {
      this.#isAlive = true;
    });
    socket.on("close", () => this.#party?.close());
    // It closes by itself, with the code that belongs to the mistake.
    socket.on("error", () => {});
  }

  get isReady(): boolean {
    return this.#party!.isSettled && this.#options.socket.bufferedAmount < WAITING_BYTES_MAX;
  }

  /** Asks for a sign of life; ends a connection that has given none since it was asked last. */
  ping(): void {
    const { socket } = this.#options;
    if (!this.#isAlive) return void socket.terminate();
    this.#isAlive = false;
    if (socket.readyState === socket.OPEN) socket.ping();
  }

  /** The client has read what waited for it. */
  drained(): void {
    const { socket } = this.#options;
    if (socket.isPaused) socket.resume();
    this.#party?.flush();
  }

  close(code: number, reason = ""): void {
    this.#options.socket.close(code, reason);
  }

  terminate(): void {
    this.#options.socket.terminate();
  }

  send(text: string): void {
    const { socket } = this.#options;
    if (socket.readyState !== socket.OPEN) return;
    socket.send(text);
    this.#relieve();
  }

  /** Tells a problem of one subscription, which is over. */
  tellProblem(id: number, error: unknown): void {
    this.send(`{"type":"problem","id":${id},"problem":${this.#problemText(asFault(error))}}`);
  }

  /** Answers a ping. Of many at a time the newest is answered for all (RFC 6455, section 5.5.3). */
  #pong(data: Buffer): void {
    const { socket } = this.#options;
    if (this.#pongs === PONGS_MAX) this.#pinged = data;
    if (this.#pongs === PONGS_MAX || socket.readyState !== socket.OPEN) return;
    this.#pongs++;
    socket.pong(data, false, () => {
      this.#pongs--;
      const pinged = this.#pinged;
      this.#pinged = null;
      if (pinged !== null) this.#pong(pinged);
    });
  }

  #take(data: RawData, isBinary: boolean): void {
    this.#isAlive = true;
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
    if (this.#subscriptions.has(id)) throw fault("INVALID_REQUEST", { detail: `The id ${id} is in use.` });
    this.#party ??= this.#open();
    if (Math.max(this.#subscriptions.size, this.#opening) >= SUBSCRIPTIONS_MAX) {
      const detail = `A connection has at most ${SUBSCRIPTIONS_MAX}.`;
      return void this.tellProblem(id, fault("SUBSCRIPTIONS_EXCEEDED", { detail }));
    }
    const sink = new Numbered(this, id);
    this.#subscriptions.set(id, sink);
    void this.#openSubscription(this.#party, sink, path, position);
  }

  /** A subscription is over: its id may be used again. */
  forget(sink: Numbered): void {
    if (this.#subscriptions.get(sink.id) === sink) this.#subscriptions.delete(sink.id);
  }

  async #openSubscription(party: Party, sink: Numbered, path: string, position: Position | null): Promise<void> {
    this.#opening++;
    try {
      const asked = this.#options.find(path, this.#facts);
      const subscription = await party.subscribe(asked, sink, { heldAt: position, isAhead: false });
      sink.subscription = subscription;
      if (sink.isGone && subscription !== null) party.end(subscription);
    } catch (error) {
      sink.failed(error);
    } finally {
      this.#opening--;
    }
  }

  #unsubscribe(id: number): void {
    const sink = this.#subscriptions.get(id);
    if (sink !== undefined) {
      sink.isGone = true;
      if (sink.subscription !== null) this.#party!.end(sink.subscription);
      this.forget(sink);
    }
    this.send(`{"type":"ended","id":${id}}`);
  }

  #open(): Party {
    const { party, request } = this.#options;
    return (this.#party = new Party(party, { request, facts: this.#facts }));
  }

  /** A problem of the connection, which ends with it. */
  #refuse(shown: Fault): void {
    this.send(`{"type":"problem","problem":${this.#problemText(shown)}}`);
    this.close(POLICY, shown.code);
  }

  #problemText(shown: Fault): string {
    const { metrics, log, facts } = this.#options;
    metrics.faults.inc({ code: shown.code });
    if (shown.code === "INTERNAL") log.error({ err: shown.cause ?? shown, requestId: facts.id }, "a live query failed");
    return JSON.stringify(problemAnswer(shown, facts.id, null).body);
  }

  /** Reads no more of the client while it does not read. */
  #relieve(): void {
    const { socket } = this.#options;
    if (socket.bufferedAmount >= WAITING_BYTES_MAX && !socket.isPaused) socket.pause();
  }
}

/** One subscription of a socket, by the number that the client gave it. */
class Numbered implements Sink {
  readonly id: number;
  readonly takesPatches = true;
  readonly #socket: Socket;
  subscription: Subscription | null = null;
  /** Whether the client has given it up: it is told nothing more. */
  isGone = false;

  constructor(socket: Socket, id: number) {
    this.#socket = socket;
    this.id = id;
  }

  get isReady(): boolean {
    return this.#socket.isReady;
  }

  answer({ position, body }: Answer): void {
    this.#send("answer", position, `,"body":${body}`);
  }

  patch({ position }: Answer, patch: string): void {
    this.#send("patch", position, `,"patch":${patch}`);
  }

  current(position: Position): void {
    this.#send("current", position, "");
  }

  failed(error: unknown): void {
    if (this.isGone) return;
    this.isGone = true;
    this.#socket.forget(this);
    this.#socket.tellProblem(this.id, error);
  }

  #send(type: string, position: Position, rest: string): void {
    if (this.isGone) return;
    this.#socket.send(`{"type":"${type}","id":${this.id},"position":"${formatPosition(position)}"${rest}}`);
  }
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
