/**
 * Pulse: pings and pongs of a socket, both ways (RFC 6455, section 5.5).
 *
 * A client that does not answer a ping in time is gone, unless what waits for it is on its way: the ping waits behind
 * that. Such a client is let go when it takes nothing for as long, and after `ANSWER_MS`.
 * Limits. `PONGS_MAX` answers wait for a client; of more pings the newest is answered for all. `BETWEEN_BYTES_MAX`: the
 * library keeps a fragment with everything that arrived in one piece with it, so whoever sends pings and pongs between
 * fragments makes a message hold far more memory than it has bytes. Such a client is cut.
 */
import type { Socket } from "node:net";
import type { WebSocket } from "ws";
import { ANSWER_MS } from "../server.ts";

/** Answers to pings that may wait for a client. */
export const PONGS_MAX = 200;
/** Bytes of pings and pongs between two messages, and of a message that is not whole. */
export const BETWEEN_BYTES_MAX = 4_194_304;

export class Pulse {
  readonly #socket: WebSocket;
  readonly #connection: Socket;
  #bytesBefore: number;
  /** When it was asked for a sign of life that has not come; `null`: it has. */
  #askedAt: number | null = null;
  /** Whether something waited for the client when it was looked at last. */
  #isBehind = false;
  /** Answers to pings that wait for the client. */
  #pongs = 0;
  /** What the newest ping said whose answer does not wait with them. */
  #pinged: Buffer | null = null;

  constructor(socket: WebSocket, connection: Socket) {
    this.#socket = socket;
    this.#connection = connection;
    this.#bytesBefore = connection.bytesRead;
    // It tells of no read and no progress of a write for as long.
    connection.on("timeout", () => socket.terminate());
    socket.on("message", () => {
      this.#heard();
      this.#bytesBefore = connection.bytesRead;
    });
    socket.on("ping", (data) => {
      // A copy: it would be kept with everything that arrived with it.
      this.#answer(Buffer.from(data));
      this.#bound();
    });
    socket.on("pong", () => {
      this.#heard();
      this.#bound();
    });
  }

  /** Asks for a sign of life within a time; ends a connection that was asked before, and has given none. */
  ask(withinMs: number): void {
    const socket = this.#socket;
    const now = performance.now();
    const wasBehind = this.#isBehind;
    this.#isBehind = socket.bufferedAmount > 0;
    if (this.#askedAt !== null) {
      const isGone = !wasBehind && !this.#isBehind;
      if (isGone || now - this.#askedAt > ANSWER_MS) socket.terminate();
      return;
    }
    this.#askedAt = now;
    this.#connection.setTimeout(withinMs);
    if (socket.readyState === socket.OPEN) socket.ping();
  }

  #heard(): void {
    if (this.#askedAt === null) return;
    this.#askedAt = null;
    this.#connection.setTimeout(0);
  }

  #answer(data: Buffer): void {
    const socket = this.#socket;
    if (this.#pongs === PONGS_MAX) this.#pinged = data;
    if (this.#pongs === PONGS_MAX || socket.readyState !== socket.OPEN) return;
    this.#pongs++;
    socket.pong(data, false, () => {
      this.#pongs--;
      const pinged = this.#pinged;
      this.#pinged = null;
      if (pinged !== null) this.#answer(pinged);
    });
  }

  #bound(): void {
    if (this.#connection.bytesRead - this.#bytesBefore > BETWEEN_BYTES_MAX) this.#socket.terminate();
  }
}
