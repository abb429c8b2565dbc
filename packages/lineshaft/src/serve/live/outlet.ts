/**
 * Outlet: the way of messages out of a socket: frames that are made once for all whom they are told, written together.
 * The library makes two pieces of each, which cost several times their bytes while they wait for a slow reader.
 *
 * A frame of a server has no mask, so it is the same for everybody (RFC 6455, section 5.2). What one turn of the event
 * loop brings for a connection goes out in one write.
 */
import type { Duplex } from "node:stream";

/** A whole text message as one frame. */
export function frameOf(text: string): Buffer {
  const bytes = Buffer.byteLength(text);
  const head = bytes < 126 ? 2 : bytes < 65_536 ? 4 : 10;
  const frame = Buffer.allocUnsafe(head + bytes);
  frame[0] = FINAL_TEXT;
  if (head === 2) frame[1] = bytes;
  else if (head === 4) {
    frame[1] = 126;
    frame.writeUInt16BE(bytes, 2);
  } else {
    frame[1] = 127;
    frame.writeBigUInt64BE(BigInt(bytes), 2);
  }
  frame.write(text, head, "utf8");
  return frame;
}

const FINAL_TEXT = 0x81;

/** The outlets that are held in this turn of the event loop. */
export class Turn {
  #held: Duplex[] = [];

  /** Holds what is written to a connection until the end of the turn. */
  hold(connection: Duplex): void {
    connection.cork();
    if (this.#held.push(connection) === 1) setImmediate(() => this.#release());
  }

  #release(): void {
    const held = this.#held;
    this.#held = [];
    for (const connection of held) connection.uncork();
  }
}

export class Outlet {
  readonly #connection: Duplex;
  readonly #turn: Turn;

  constructor(connection: Duplex, turn: Turn) {
    this.#connection = connection;
    this.#turn = turn;
  }

  /** Bytes that wait for the client. */
  get waitingBytes(): number {
    return this.#connection.writableLength;
  }

  /** Writes a frame; false when enough waits that somebody should look whether it is too much. */
  write(frame: Buffer): boolean {
    if (this.#connection.writableCorked === 0) this.#turn.hold(this.#connection);
    return this.#connection.write(frame);
  }
}
