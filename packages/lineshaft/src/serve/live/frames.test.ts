/** Sockets against RFC 6455, frame by frame: groups 1 to 5, 7, 9 and 10 of the Autobahn test suite. */
import { after, before, describe } from "node:test";
import { MESSAGE_BYTES_MAX } from "./socket.ts";
import { type Started, startLiveApp } from "./test/app.ts";
import { type Case, conform, text, told } from "./test/conformance.ts";
import { closeFrame, fragments, frame, OPCODE, pieces } from "./test/frames.ts";

const { continuation, binary, ping, pong } = OPCODE;
const hello = (id: number) => fragments(OPCODE.text, pieces(told(id), 20));
const part = (opcode: number, payload: string, fin: boolean) => frame(opcode, payload, { fin });
const rest = ' {"type":"unsubscribe"';
const CHOPS = [64, 128, 256, 512, 1024, 2048] as const;
const SIZES = [125, 126, 127, 128, 65_535, 65_536] as const;

const framing: Case[] = [
  { name: "1.1.1 an empty text", send: [frame(OPCODE.text)], problem: "INVALID_JSON", close: 1008 },
  ...SIZES.map((size, index) => {
    return { name: `1.1.${index + 2} a text of ${size} bytes`, send: [text(1, size)], told: [1] };
  }),
  { name: "1.1.8 a text of 65536 bytes, 997 at a time", send: [text(1, 65_536)], by: 997, told: [1] },
  ...[0, ...SIZES].map((size, index) => {
    return {
      name: `1.2.${index + 1} ${size} bytes are not text`,
      send: [frame(binary, "*".repeat(size))],
      close: 1003,
    };
  }),
  { name: "1.2.8 65536 bytes, 997 at a time", send: [frame(binary, "*".repeat(65_536))], by: 997, close: 1003 },
  { name: "1.x a length in more bytes than it takes", send: [frame(1, told(1), { lengthBytes: 8 })], told: [1] },
  { name: "1.x a length in two bytes where one is enough", send: [frame(1, told(1), { lengthBytes: 2 })], told: [1] },
  { name: "1.x a mask of zeros", send: [frame(1, told(1), { mask: Buffer.alloc(4) })], told: [1] },
  ...[OPCODE.text, binary, ping, pong, OPCODE.close].map((opcode) => {
    const send = [text(1), frame(opcode, "", { mask: null })];
    return { name: `1.x opcode ${opcode} without a mask`, send, told: [1], close: 1002 };
  }),
];

const BYTES = "\x00\xff\xfe\xfd\xfc\xfb\x00\xff";
const LONG_PING = "\xfe".repeat(125);
const raw = (letters: string) => Buffer.from(letters, "latin1");
const numbers = Array.from({ length: 10 }, (_, index) => `payload-${index}`);
const pings: Case[] = [
  { name: "2.1 a ping without payload", send: [frame(ping)], pongs: [""] },
  { name: "2.2 a ping with a text", send: [frame(ping, "Hello, world!")], pongs: ["Hello, world!"] },
  { name: "2.3 a ping with bytes", send: [frame(ping, raw(BYTES))], pongs: [BYTES] },
  { name: "2.4 a ping of 125 bytes", send: [frame(ping, raw(LONG_PING))], pongs: [LONG_PING] },
  { name: "2.5 a ping of 126 bytes", send: [frame(ping, raw(`${LONG_PING}\xfe`))], close: 1002 },
  { name: "2.6 a ping of 125 bytes, byte by byte", send: [frame(ping, raw(LONG_PING))], by: 1, pongs: [LONG_PING] },
  { name: "2.7 a pong that nobody asked for", send: [frame(pong)] },
  { name: "2.8 a pong with payload that nobody asked for", send: [frame(pong, "unsolicited")] },
  { name: "2.9 such a pong, then a ping", send: [frame(pong, "no"), frame(ping, "yes")], pongs: ["yes"] },
  { name: "2.10 ten pings", send: numbers.map((each) => frame(ping, each)), pongs: numbers },
  { name: "2.11 ten pings, byte by byte", send: numbers.map((each) => frame(ping, each)), by: 1, pongs: numbers },
  { name: "2.x a pong of 126 bytes", send: [frame(pong, "*".repeat(126))], close: 1002 },
];

const reserved = (opcode: number, rsv: number) => frame(opcode, opcode === 1 ? told(2) : "", { rsv });
const reservedBits: Case[] = [
  { name: "3.1 RSV 1 on a text", send: [reserved(1, 1)], close: 1002 },
  { name: "3.2 RSV 2 after a text", send: [text(1), reserved(1, 2), frame(ping)], told: [1], close: 1002 },
  { name: "3.3 RSV 3, in packets", send: [text(1), reserved(1, 3), frame(ping)], by: "frame", told: [1], close: 1002 },
  { name: "3.4 RSV 4, byte by byte", send: [text(1), reserved(1, 4), frame(ping)], by: 1, told: [1], close: 1002 },
  { name: "3.5 RSV 5 on bytes", send: [reserved(binary, 5)], close: 1002 },
  { name: "3.6 RSV 6 on a ping", send: [reserved(ping, 6)], close: 1002 },
  { name: "3.7 RSV 7 on a close", send: [reserved(OPCODE.close, 7)], close: 1002 },
  { name: "3.x RSV 4 on a continuation", send: [part(1, rest, false), reserved(continuation, 4)], close: 1002 },
];

const opcodes: Case[] = [3, 4, 5, 6, 7, 11, 12, 13, 14, 15].flatMap((opcode, index) => {
  const number = index < 5 ? `4.1.${index + 1}` : `4.2.${index - 4}`;
  return [
    { name: `${number} opcode ${opcode}`, send: [frame(opcode)], close: 1002 },
    {
      name: `${number} opcode ${opcode} with payload after a text, before a ping`,
      send: [text(1), frame(opcode, "payload"), frame(ping)],
      told: [1],
      close: 1002,
    },
  ];
});

const lone = [part(continuation, "non-continuation payload", true), text(2)];
const [first, last] = hello(1) as [Buffer, Buffer];
const five = fragments(OPCODE.text, pieces(told(1), 7));
const withPings = [...five.slice(0, 2), frame(ping, "1"), ...five.slice(2, 4), frame(ping, "2"), ...five.slice(4)];
const WAYS = ["packet", "frame", 1] as const;
const NAMES = { packet: "at once", frame: "frame by frame", 1: "byte by byte" } as const;

/** A case that goes out in the three ways, numbered on. */
function ways(group: number, begin: number, { name, ...rest }: Case): Case[] {
  return WAYS.map((by, index) => ({ name: `${group}.${begin + index} ${name}, ${NAMES[by]}`, by, ...rest }));
}

const fragmentation: Case[] = [
  { name: "5.1 a ping in two fragments", send: [part(ping, "a", false), part(continuation, "b", true)], close: 1002 },
  { name: "5.2 a pong in two fragments", send: [part(pong, "a", false), part(continuation, "b", true)], close: 1002 },
  ...ways(5, 3, { name: "a text in two fragments", send: hello(1), told: [1] }),
  ...ways(5, 6, { name: "a ping between fragments", send: [first, frame(ping, "p"), last], told: [1], pongs: ["p"] }),
  ...ways(5, 9, { name: "a last continuation of nothing", send: lone, close: 1002 }),
  ...ways(5, 12, {
    name: "a continuation of nothing",
    send: [part(continuation, "non-continuation payload", false), text(2)],
    close: 1002,
  }),
  {
    name: "5.15 a continuation of nothing after a fragmented text",
    send: [...hello(1), part(continuation, "c", false), text(2)],
    told: [1],
    close: 1002,
  },
  ...[false, true].map((fin, index) => ({
    name: `5.${16 + index} a continuation of nothing (FIN: ${fin}) before a fragmented text, twice`,
    send: [1, 2].flatMap((id) => [part(continuation, "c", fin), ...hello(id)]),
    close: 1002,
  })),
  { name: "5.18 a text within a fragmented text", send: [part(1, rest, false), text(2)], close: 1002 },
  { name: "5.18 bytes within a fragmented text", send: [part(1, rest, false), frame(binary)], close: 1002 },
  { name: "5.19 five fragments with pings between", send: withPings, told: [1], pongs: ["1", "2"] },
  { name: "5.20 the same, frame by frame", send: withPings, by: "frame", told: [1], pongs: ["1", "2"] },
  { name: "5.x a close in two fragments", send: [part(OPCODE.close, "", false)], close: 1002 },
  { name: "5.x fragments without payload", send: fragments(1, ["", told(1), "", "", ""]), told: [1] },
];

const closing = (name: string, send: Uint8Array[], close: number, reason = ""): Case => ({ name, send, close, reason });
const VALID = [1000, 1001, 1002, 1003, 1007, 1008, 1009, 1010, 1011, 3000, 3999, 4000, 4999];
const WRONG = [0, 999, 1004, 1005, 1006, 1016, 1100, 2000, 2999];
const closes: Case[] = [
  { ...closing("7.1.1 a text, then a close", [text(1), closeFrame(1000)], 1000), told: [1] },
  closing("7.1.2 two closes", [closeFrame(1000), closeFrame(1001)], 1000),
  closing("7.1.3 a ping after a close", [closeFrame(1000), frame(ping)], 1000),
  closing("7.1.4 a text after a close", [closeFrame(1000), text(1)], 1000),
  closing("7.1.5 a close between fragments", [first, closeFrame(1000), last], 1000),
  {
    ...closing("7.1.6 a large text, a close, a ping", [text(1, 65_536), closeFrame(1000), frame(ping)], 1000),
    told: [1],
  },
  closing("7.3.1 a close without payload", [closeFrame()], 1005),
  closing("7.3.2 a close of one byte", [frame(OPCODE.close, "a")], 1002),
  closing("7.3.3 a close with a code", [closeFrame(1000)], 1000),
  closing("7.3.4 a close with a reason", [closeFrame(1000, "Hello World!")], 1000, "Hello World!"),
  closing("7.3.5 a close with a reason of 123 bytes", [closeFrame(1000, "*".repeat(123))], 1000, "*".repeat(123)),
  closing("7.3.6 a close with a reason of 124 bytes", [closeFrame(1000, "*".repeat(124))], 1002),
  closing("7.5.1 a close with a reason that is not UTF-8", [closeFrame(1000, raw("\xce\xba\xed\xa0\x80e"))], 1007),
  ...VALID.map((code, index) => closing(`7.7.${index + 1} code ${code}`, [closeFrame(code)], code)),
  ...WRONG.map((code, index) => closing(`7.9.${index + 1} code ${code}`, [closeFrame(code)], 1002)),
  ...[1015, 5000, 65_535].map((code) => closing(`7.13 code ${code}`, [closeFrame(code)], 1002)),
  closing("7.x rubbish after a close", [closeFrame(1000), Buffer.alloc(100_000, 0xff)], 1000),
  closing("7.x a close, byte by byte", [closeFrame(1000, "bye")], 1000, "bye"),
];

const MAX = MESSAGE_BYTES_MAX;
const over = (name: string, ...send: Uint8Array[]): Case => ({ name: `9.x ${name}`, send, close: 1009 });
const announced = (length: bigint) => frame(OPCODE.text, "", { length, lengthBytes: 8 });
const inFragments = (size: number) => fragments(OPCODE.text, pieces(told(1, MAX), size));
const limits: Case[] = [
  ...[64, 256, 1024, 4096, 16_384].map((size, index) => {
    return { name: `9.3.${index + 1} 65536 bytes in fragments of ${size}`, send: inFragments(size), told: [1] };
  }),
  ...CHOPS.map((by, index) => ({
    name: `9.5.${index + 1} 65536 bytes, ${by} at a time`,
    send: [text(1, MAX)],
    by,
    told: [1],
  })),
  over("a text of a byte too many", text(1, MAX + 1)),
  over("bytes of a byte too many", frame(binary, "*".repeat(MAX + 1))),
  over("fragments that add up to a byte too many", ...fragments(1, pieces(told(1, MAX + 1), 4096))),
  ...[BigInt(MAX + 1), 2n ** 31n, 2n ** 32n, 2n ** 53n, 2n ** 63n - 1n, 2n ** 63n, 2n ** 64n - 1n].map((length) => {
    return over(`a frame that says it has ${length} bytes`, announced(length));
  }),
  { name: "10.1.1 65536 bytes in fragments of 1300", send: inFragments(1300), told: [1] },
];

describe("sockets, frame by frame", () => {
  let started: Started;
  before(async () => {
    started = await startLiveApp();
  });
  after(() => started[Symbol.asyncDispose]());
  const groups = { framing, pings, reservedBits, opcodes, fragmentation, closes, limits };
  for (const [name, cases] of Object.entries(groups)) describe(name, () => conform(() => started.app.url, cases));
});
