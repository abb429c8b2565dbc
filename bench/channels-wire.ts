/**
 * Wire: one WebSocket of the channels bench, spoken by hand over a TCP socket.
 *
 * A client library would cost more than the server that it measures. This one reads all sockets of the process through
 * one buffer, looks at frames where they lie, and decodes nothing; what it cannot take (fragments, compression, frames
 * over 64 KiB) ends the run, because no server of the bench sends it.
 */
import { connect, type Socket } from "node:net";

const CHUNK_BYTES = 65_536;
const [TEXT, CLOSE, PING, PONG] = [0x1, 0x8, 0x9, 0xa];
const FINAL = 0x80;
const MASKED = 0x80;
/** Lengths up to this stand in the second byte; 126 says that two bytes follow. */
const [SHORT_MAX, MEDIUM] = [125, 126];
const MEDIUM_MAX = 65_535;
const GOING_AWAY = Buffer.from([0x03, 0xe9]);
const END_OF_HEAD = Buffer.from("\r\n\r\n");
const ACCEPTED = "HTTP/1.1 101";
/** Any will do: what the server makes of it is not looked at. */
const KEY = "bGluZXNoYWZ0IGJlbmNoIQ==";

/** Sockets are read one after the other, and what was read is looked at before the next one is. */
const chunk = Buffer.allocUnsafe(CHUNK_BYTES);

/** Who is told what a wire hears. */
export interface Hearer {
  /** The handshake is done. */
  opened(): void;
  /** A text: the bytes from `from` to `to`, which are another's afterwards. */
  heard(bytes: Buffer, from: number, to: number): void;
  /** It is over: told once, unless it was `reset`. */
  closed(why: string): void;
}

export interface Address {
  readonly port: number;
  readonly path: string;
  readonly subprotocol: string | null;
  /** Whence it comes: one address has only so many ports. */
  readonly localAddress: string;
}

/** A text frame of a client. Its mask is zero, so that the text stands as it is; a server unmasks it all the same. */
export function textFrame(text: string): Buffer {
  return frame(TEXT, Buffer.from(text));
}

function frame(opcode: number, payload: Uint8Array): Buffer {
  const { length } = payload;
  const isShort = length <= SHORT_MAX;
  const head = Buffer.alloc(isShort ? 6 : 8);
  head[0] = FINAL | opcode;
  head[1] = MASKED | (isShort ? length : MEDIUM);
  if (!isShort) head.writeUInt16BE(length, 2);
  if (length > MEDIUM_MAX) throw new Error(`A text of ${length} bytes is longer than the bench needs.`);
  return Buffer.concat([head, payload]);
}

export class Wire {
  readonly #socket: Socket;
  readonly #hearer: Hearer;
  #isOpen = false;
  #isOver = false;
  /** The beginning of a frame whose end has not come yet. */
  #rest: Buffer | null = null;

  constructor({ port, path, subprotocol, localAddress }: Address, hearer: Hearer) {
    this.#hearer = hearer;
    const callback = (length: number, bytes: Uint8Array): boolean => {
      this.#take(bytes as Buffer, length);
      return true;
    };
    this.#socket = connect({
      ...{ host: "127.0.0.1", port, localAddress, noDelay: true },
      onread: { buffer: chunk, callback },
    });
    const protocol = subprotocol === null ? "" : `Sec-WebSocket-Protocol: ${subprotocol}\r\n`;
    const head = `GET ${path} HTTP/1.1\r\nHost: 127.0.0.1:${port}\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n`;
    const rest = `Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: ${KEY}\r\n${protocol}\r\n`;
    this.#socket.once("connect", () => this.#socket.write(head + rest));
    this.#socket.on("error", (error: NodeJS.ErrnoException) => this.#end(error.code ?? error.message));
    this.#socket.once("close", () => this.#end("closed"));
  }

  send(made: Buffer): void {
    this.#socket.write(made);
  }

  /** Says that the client leaves, and ends the connection; nothing more is told of it. */
  leave(): void {
    this.#isOver = true;
    this.#socket.end(frame(CLOSE, GOING_AWAY));
  }

  /** Cuts the connection; nothing more is told of it. */
  reset(): void {
    this.#isOver = true;
    this.#socket.resetAndDestroy();
  }

  #end(why: string): void {
    if (this.#isOver) return;
    this.#isOver = true;
    this.#socket.destroy();
    this.#hearer.closed(why);
  }

  #take(bytes: Buffer, length: number): void {
    if (this.#isOver) return;
    let [data, end] = [bytes, length];
    if (this.#rest !== null) {
      data = Buffer.concat([this.#rest, bytes.subarray(0, length)]);
      end = data.length;
      this.#rest = null;
    }
    const from = this.#isOpen ? 0 : this.#accept(data, end);
    const through = this.#isOpen ? this.#frames(data, from, end) : 0;
    if (through < end && !this.#isOver) this.#rest = Buffer.from(data.subarray(through, end));
  }

  /** Reads the answer to the handshake; gives where frames begin. */
  #accept(data: Buffer, end: number): number {
    const at = data.subarray(0, end).indexOf(END_OF_HEAD);
    if (at < 0) return 0;
    const status = data.toString("latin1", 0, ACCEPTED.length);
    if (status !== ACCEPTED) {
      this.#end(status.slice(-3));
      return 0;
    }
    this.#isOpen = true;
    this.#hearer.opened();
    return at + END_OF_HEAD.length;
  }

  /** Gives where the first frame begins that is not whole. */
  #frames(data: Buffer, from: number, end: number): number {
    let at = from;
    while (end - at >= 2) {
      let [length, begin] = [data[at + 1]!, at + 2];
      if (length === MEDIUM) {
        if (end - at < 4) break;
        length = data.readUInt16BE(begin);
        begin += 2;
      } else if (length > MEDIUM) throw new Error("a server sent a frame that is longer than the bench takes");
      if (begin + length > end) break;
      this.#frame(data, data[at]!, { from: begin, to: begin + length });
      at = begin + length;
    }
    return at;
  }

  #frame(data: Buffer, first: number, { from, to }: { readonly from: number; readonly to: number }): void {
    if (first === (FINAL | TEXT)) this.#hearer.heard(data, from, to);
    else if (first === (FINAL | PING)) this.send(frame(PONG, data.subarray(from, to)));
    else if (first === (FINAL | CLOSE)) this.#end(`close ${to - from >= 2 ? data.readUInt16BE(from) : ""}`);
    else if (first !== (FINAL | PONG)) throw new Error(`a server sent a frame that begins with byte ${first}`);
  }
}
