/** A client of sockets that writes frames by hand (RFC 6455, section 5.2), for what no library would send. */
import { createHash, randomBytes } from "node:crypto";
import { connect, type Socket } from "node:net";
import { poll } from "../../../testkit/index.ts";
import { SUBPROTOCOL } from "../live-gate.ts";

// biome-ignore lint/suspicious/noExplicitAny: JSON of any shape; the assertions say which.
type Any = any;

export const OPCODE = { continuation: 0, text: 1, binary: 2, close: 8, ping: 9, pong: 10 } as const;
const GUID = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11";
export const KEY = "dGhlIHNhbXBsZSBub25jZQ==";
export const ACCEPT = createHash("sha1").update(`${KEY}${GUID}`).digest("base64");
const WAIT_MS = 10_000;

export interface FrameOptions {
  readonly fin?: boolean;
  /** RSV1, RSV2 and RSV3 as one number: 4, 2 and 1. */
  readonly rsv?: number;
  /** `null`: the frame is not masked. */
  readonly mask?: Buffer | null;
  /** What the frame says of its length, and in how many bytes it says so: 1, 2 or 8. */
  readonly length?: bigint;
  readonly lengthBytes?: 1 | 2 | 8;
}

export function frame(opcode: number, payload: string | Uint8Array = "", options: FrameOptions = {}): Buffer {
  const { fin = true, rsv = 0, mask = randomBytes(4) } = options;
  const data = Buffer.from(payload as string);
  const length = options.length ?? BigInt(data.length);
  const lengthBytes = options.lengthBytes ?? (length < 126n ? 1 : length < 65_536n ? 2 : 8);
  const head = Buffer.alloc(lengthBytes === 1 ? 2 : 2 + lengthBytes);
  head[0] = (fin ? 0x80 : 0) | (rsv << 4) | opcode;
  head[1] = (mask ? 0x80 : 0) | (lengthBytes === 1 ? Number(length) : lengthBytes === 2 ? 126 : 127);
  if (lengthBytes === 2) head.writeUInt16BE(Number(length), 2);
  if (lengthBytes === 8) head.writeBigUInt64BE(length, 2);
  if (!mask) return Buffer.concat([head, data]);
  for (let index = 0; index < data.length; index++) data[index]! ^= mask[index % 4]!;
  return Buffer.concat([head, mask, data]);
}

/** A message in frames of the given pieces. */
export function fragments(opcode: number, pieces: readonly (string | Uint8Array)[]): Buffer[] {
  return pieces.map((piece, index) => {
    return frame(index === 0 ? opcode : OPCODE.continuation, piece, { fin: index === pieces.length - 1 });
  });
}

/** A text or bytes in pieces of a size. */
export function pieces(whole: string | Uint8Array, size: number): Buffer[] {
  const data = Buffer.from(whole as string);
  return Array.from({ length: Math.ceil(data.length / size) }, (_, index) => {
    return data.subarray(index * size, (index + 1) * size);
  });
}

export function closeFrame(code?: number, reason: string | Uint8Array = ""): Buffer {
  if (code === undefined) return frame(OPCODE.close);
  return frame(OPCODE.close, Buffer.concat([Buffer.from([code >> 8, code & 255]), Buffer.from(reason as string)]));
}

/** The head of a request that opens a socket; a header that is `null` is left out, one that is a list comes often. */
export function handshake(headers: Record<string, string | readonly string[] | null> = {}, line?: string): string {
  const all = {
    Host: "127.0.0.1",
    Upgrade: "websocket",
    Connection: "Upgrade",
    "Sec-WebSocket-Key": KEY,
    "Sec-WebSocket-Version": "13",
    "Sec-WebSocket-Protocol": SUBPROTOCOL,
    ...headers,
  };
  const lines = Object.entries(all).flatMap(([name, value]) => {
    return value === null ? [] : [value].flat().map((each) => `${name}: ${each}`);
  });
  return `${[line ?? "GET /live HTTP/1.1", ...lines].join("\r\n")}\r\n\r\n`;
}

export interface Received {
  readonly opcode: number;
  readonly payload: Buffer;
}

/** A connection: what was written to it is up to the test, what came back is taken apart here. */
export class RawClient implements Disposable {
  readonly socket: Socket;
  /** The head of the answer to the handshake. */
  head: string | null = null;
  readonly frames: Received[] = [];
  /** What came and is no whole frame yet, or, where there was no upgrade, the body of the answer. */
  rest: Buffer = Buffer.alloc(0);
  isOver = false;
  #wake: (() => void) | null = null;
  readonly #chunks: Buffer[] = [];
  /** Bytes of what is not taken apart yet, and as many as that takes. */
  #bytes = 0;
  #neededBytes = 0;

  constructor(url: string) {
    const { hostname, port } = new URL(url);
    this.socket = connect({ port: Number(port), host: hostname, allowHalfOpen: true, noDelay: true });
    this.socket.on("data", (chunk: Buffer) => this.#read(chunk));
    const end = () => {
      this.isOver = true;
      this.#wake?.();
    };
    for (const event of ["end", "error", "close"]) this.socket.on(event, end);
  }

  /** A connection whose handshake is done. */
  static async open(url: string, headers: Record<string, string | null> = {}): Promise<RawClient> {
    const client = new RawClient(url).send(handshake(headers));
    await client.until(() => client.head !== null, "an answer to the handshake");
    return client;
  }

  send(...parts: readonly (string | Uint8Array)[]): this {
    const data = Buffer.concat(parts.map((part) => Buffer.from(part as string)));
    if (this.socket.writable) this.socket.write(data);
    return this;
  }

  /** Sends so many bytes at a time, each in a packet of its own as far as the system lets us. */
  async chop(data: Uint8Array, size: number): Promise<this> {
    for (let at = 0; at < data.length; at += size) {
      this.send(data.subarray(at, at + size));
      await new Promise((resolve) => setImmediate(resolve));
    }
    return this;
  }

  get status(): number {
    return Number(this.head?.split(" ")[1]);
  }

  header(name: string): string | undefined {
    return new RegExp(`^${name}: (.*)$`, "im").exec(this.head ?? "")?.[1];
  }

  get messages(): Any[] {
    const texts = this.frames.filter(({ opcode }) => opcode === OPCODE.text);
    return texts.map(({ payload }) => JSON.parse(String(payload)));
  }

  of(opcode: number): string[] {
    return this.frames.filter((each) => each.opcode === opcode).map(({ payload }) => payload.toString("latin1"));
  }

  /** The code the server closed with; `null` while it has not, 1005 where it gave none. */
  get closeCode(): number | null {
    const last = this.frames.find(({ opcode }) => opcode === OPCODE.close);
    if (!last) return null;
    return last.payload.length === 0 ? 1005 : last.payload.readUInt16BE(0);
  }

  get closeReason(): string {
    return String(this.frames.find(({ opcode }) => opcode === OPCODE.close)?.payload.subarray(2) ?? "");
  }

  async until(passes: () => unknown, what: string): Promise<void> {
    const late = AbortSignal.timeout(WAIT_MS);
    late.addEventListener("abort", () => this.#wake?.());
    while (!passes()) {
      if (late.aborted || (this.isOver && !passes())) throw new Error(`no ${what}; there was ${this.#seen()}`);
      await new Promise<void>((resolve) => (this.#wake = resolve));
    }
  }

  untilAnswered(id: number): Promise<void> {
    return this.until(() => this.messages.some((each) => each.type === "ended" && each.id === id), `answer to ${id}`);
  }

  /** Until the server has ended the connection, in its own time. */
  async untilOver(): Promise<void> {
    await poll(() => this.isOver, { timeoutMs: WAIT_MS, what: `the end; there was ${this.#seen()}` });
  }

  [Symbol.dispose](): void {
    this.socket.destroy();
  }

  #seen(): string {
    const told = this.frames.map(({ opcode, payload }) => `${opcode}:${payload.toString("latin1").slice(0, 200)}`);
    return JSON.stringify({ head: this.head, told: told.slice(0, 20), isOver: this.isOver });
  }

  #read(chunk: Buffer): void {
    this.#chunks.push(chunk);
    this.#bytes += chunk.length;
    // A large frame is put together once, when it is whole.
    if (this.#bytes >= this.#neededBytes) this.#takeAll();
    this.#wake?.();
  }

  #takeAll(): void {
    this.rest = Buffer.concat([this.rest, ...this.#chunks.splice(0)]);
    if (this.head === null) {
      const end = this.rest.indexOf("\r\n\r\n");
      if (end < 0) return;
      this.head = this.rest.toString("latin1", 0, end);
      this.rest = this.rest.subarray(end + 4);
    }
    if (this.status === 101) while (this.#takeFrame());
    this.#bytes = this.rest.length;
  }

  /** Reads a frame as strictly as it may be: whole, not masked, no reserved bits, no needless bytes of length. */
  #takeFrame(): boolean {
    const { rest } = this;
    if (rest.length < 2) return false;
    const short = rest[1]!;
    const start = short === 127 ? 10 : short === 126 ? 4 : 2;
    if (rest.length < start) return false;
    const length = start === 10 ? Number(rest.readBigUInt64BE(2)) : start === 4 ? rest.readUInt16BE(2) : short;
    const isMinimal = start === 2 || length > (start === 4 ? 125 : 65_535);
    if ((rest[0]! & 0xf0) !== 0x80 || short > 127 || !isMinimal)
      throw new Error(`frame ${rest.toString("hex", 0, 10)}`);
    this.#neededBytes = start + length;
    if (rest.length < this.#neededBytes) return false;
    this.#neededBytes = 0;
    this.frames.push({ opcode: rest[0]! & 15, payload: rest.subarray(start, start + length) });
    this.rest = rest.subarray(start + length);
    return true;
  }
}
