/**
 * Dialects: what a client of each server says to join a room and to send, and how it understands what it hears.
 *
 * A message is the same in each of them: `at` is when it was sent, in microseconds of the client's clock, and `text`
 * begins with the number of its sender and its own. They are found where they lie; nothing is decoded to count them.
 */
import { textFrame } from "./channels-wire.ts";

/** What a client hears that is no message. */
export type Heard =
  | { readonly kind: "joined"; readonly key: string }
  | { readonly kind: "left"; readonly keys: readonly string[] }
  | { readonly kind: "say"; readonly frame: Buffer }
  | { readonly kind: "nothing" };

/** What is sent: from whom, and which of its messages it is. */
export interface Sent {
  readonly sender: number;
  readonly number: number;
  /** Microseconds. */
  readonly at: number;
}

export interface Dialect {
  readonly path: string;
  readonly subprotocol: string | null;
  /** What is said once the connection stands; `null` where the server speaks first. */
  greet(room: string): Buffer | null;
  /** Whether the bytes are a message of a member. */
  isMessage(bytes: Buffer, from: number): boolean;
  understand(text: string, room: string): Heard;
  encode(sent: Sent): Buffer;
}

/** Rooms that tell who is there begin with it. */
export const HALL = "h";
const FILLING = "and some words that somebody has typed into a chat";
const NOTHING: Heard = { kind: "nothing" };

const code = (character: string): number => character.charCodeAt(0);
const payloadOf = ({ sender, number, at }: Sent): string => `{"at":${at},"text":"${sender} ${number} ${FILLING}"}`;

/** Ours: docs/wire-protocol.md. */
function lineshaft(): Dialect {
  const typeAt = '{"type":"'.length;
  return {
    path: "/live",
    subprotocol: "lineshaft.v1",
    greet: (room) => textFrame(`{"type":"join","id":1,"path":"/${room.startsWith(HALL) ? "halls" : "rooms"}/${room}"}`),
    isMessage: (bytes, from) => bytes[from + typeAt] === code("m"),
    understand(text) {
      const { type, key, out, problem } = JSON.parse(text);
      if (type === "joined") return { kind: "joined", key };
      if (type === "presence") return { kind: "left", keys: out ?? [] };
      throw new Error(`Lineshaft said ${type}: ${JSON.stringify(problem)}`);
    },
    encode: (sent) => textFrame(`{"type":"send","id":1,"name":"chat","payload":${payloadOf(sent)}}`),
  };
}

/** Socket.IO's text protocol: https://socket.io/docs/v4/socket-io-protocol/, in revision 5, on Engine.IO 4. */
function socketio(): Dialect {
  const CONNECT = textFrame("40");
  const PONG = textFrame("3");
  const nameAt = '42["'.length;
  return {
    path: "/socket.io/?EIO=4&transport=websocket",
    subprotocol: null,
    greet: () => null,
    isMessage: (bytes, from) => bytes[from + nameAt] === code("c") && bytes[from + 1] === code("2"),
    understand(text, room) {
      if (text === "2") return { kind: "say", frame: PONG };
      if (text.startsWith("0{")) return { kind: "say", frame: CONNECT };
      if (text.startsWith("40{")) return { kind: "say", frame: textFrame(`420["join","${room}"]`) };
      if (text.startsWith("430")) return { kind: "joined", key: JSON.parse(text.slice(3))[0] };
      if (text.startsWith('42["out"')) return { kind: "left", keys: [JSON.parse(text.slice(2))[1]] };
      if (text.startsWith('42["in"')) return NOTHING;
      throw new Error(`Socket.IO said ${text}`);
    },
    encode: (sent) => textFrame(`42["chat",${payloadOf(sent)}]`),
  };
}

/** The floor: the words are as few as can be. */
function plain(): Dialect {
  const JOINED = "joined ";
  return {
    path: "/",
    subprotocol: null,
    greet: (room) => textFrame(`join ${room}`),
    isMessage: (bytes, from) => bytes[from] === code("{"),
    understand(text) {
      if (text.startsWith(JOINED)) return { kind: "joined", key: text.slice(JOINED.length) };
      throw new Error(`ws said ${text}`);
    },
    encode: (sent) => textFrame(payloadOf(sent)),
  };
}

export const DIALECTS = { lineshaft: lineshaft(), socketio: socketio(), plain: plain() } as const;

const [AT, TEXT] = [Buffer.from('"at":'), Buffer.from('"text":"')];
const [ZERO, NINE] = [code("0"), code("9")];

/** Reads whole numbers out of bytes; `end` is behind the last one. */
class Digits {
  end = 0;

  read(bytes: Buffer, from: number): number {
    let [value, at] = [0, from];
    for (let digit = bytes[at]!; digit >= ZERO && digit <= NINE; digit = bytes[++at]!)
      value = value * 10 + digit - ZERO;
    this.end = at;
    return value;
  }
}

const digits = new Digits();

/** What a message says of itself. One object for all: it is the next one's when that is read. */
export const read = { sender: 0, number: 0, at: 0 };

export function readSent(bytes: Buffer, from: number): void {
  read.at = digits.read(bytes, bytes.indexOf(AT, from) + AT.length);
  read.sender = digits.read(bytes, bytes.indexOf(TEXT, from) + TEXT.length);
  read.number = digits.read(bytes, digits.end + 1);
}
