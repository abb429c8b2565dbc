/**
 * Pulse: pings and pongs of a socket, both ways (RFC 6455, section 5.5).
 *
 * Limits. `PONGS_MAX` answers wait for a client; of more pings the newest is answered for all. `BETWEEN_BYTES_MAX`: the
 * library keeps a fragment with everything that arrived in one piece with it, so whoever sends pings and pongs between
 * fragments makes a message hold far more memory than it has bytes. Such a client is cut.
 */
import type { WebSocket } from "ws";

/** Answers to pings that may wait for a client. */
export const PONGS_MAX = 200;
/** Bytes of pings and pongs between two messages, and of a message that is not whole. */
export const BETWEEN_BYTES_MAX = 4_194_304;

export class Pulse {
  readonly #socket: WebSocket;
  readonly #bytesRead: () => number;
  #bytesBefore: number;
  #isAlive = true;
  /** Answers to pings that wait for the client. */
  #pongs = 0;
  /** What the newest ping said whose answer does not wait with them. */
  #pinged: Buffer | null = null;

  /** `bytesRead`: how many came on the connection so far. */
  constructor(socket: WebSocket, bytesRead: () => number) {
    this.#socket = socket;
    this.#bytesRead = bytesRead;
    this.#bytesBefore = bytesRead();
    socket.on("message", () => {
      this.#isAlive = true;
      this.#bytesBefore = bytesRead();
    });
    socket.on("ping", (data) => {
      // A copy: it would be kept with everything that arrived with it.
      this.#answer(Buffer.from(data));
      this.#bound();
    });
    socket.on("pong", () => {
      this.#isAlive = true;
      this.#bound();
    });
  }

  /** Asks for a sign of life; ends a connection that has given none since it was asked last. */
  ask(): void {
    const socket = this.#socket;
    if (!this.#isAlive) return void socket.terminate();
    this.#isAlive = false;
    if (socket.readyState === socket.OPEN) socket.ping();
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
    if (this.#bytesRead() - this.#bytesBefore > BETWEEN_BYTES_MAX) this.#socket.terminate();
  }
}
