/** Sockets against RFC 6455: what is UTF-8 and what is not (group 6 of the Autobahn test suite, after Markus Kuhn). */
import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { URL_CHARS_MAX } from "../routes.ts";
import { type Started, startLiveApp } from "./test/app.ts";
import { type Case, conform, follow, told } from "./test/conformance.ts";
import { fragments, frame, OPCODE, pieces, RawClient } from "./test/frames.ts";

const hex = (digits: string) => Buffer.from(digits.replaceAll(" ", ""), "hex");
const bytes = (from: number, to: number, between = "") => {
  return Array.from({ length: to - from + 1 }, (_, index) => (from + index).toString(16) + between).join("");
};
const wrapped = (sequence: Uint8Array) => {
  return Buffer.concat([Buffer.from('{"type":"unsubscribe","id":1,"x":"'), sequence, Buffer.from('"}')]);
};
const inBytes = (payload: Uint8Array) => fragments(OPCODE.text, pieces(payload, 1));

const HELLO = Buffer.from("Hello-µ@ßöäüàá-UTF-8!!");
/** κόσμε, with an accent of three bytes. */
const KOSME = hex("cebae1bdb9cf83cebcceb5");
const BROKEN = Buffer.concat([KOSME, hex("eda080"), Buffer.from("edited")]);
const TOO_LARGE = [KOSME, hex("f4"), hex("90"), hex("8080"), Buffer.from("edited")] as const;
const empty = (...send: Uint8Array[]) => ({ send, problem: "INVALID_JSON", close: 1008 });

const handling: Case[] = [
  { name: "6.1.1 an empty text", ...empty(frame(OPCODE.text)) },
  { name: "6.1.2 three empty fragments", ...empty(...fragments(OPCODE.text, ["", "", ""])) },
  { name: "6.1.3 a fragment between empty ones", send: fragments(OPCODE.text, ["", told(1), ""]), told: [1] },
  { name: "6.2.1 a text", send: [frame(OPCODE.text, wrapped(HELLO))], told: [1] },
  { name: "6.2.2 two fragments", send: fragments(OPCODE.text, pieces(wrapped(HELLO), 41)), told: [1] },
  { name: "6.2.3 fragments of a byte", send: inBytes(wrapped(HELLO)), told: [1] },
  { name: "6.2.4 fragments of a byte, frame by frame", send: inBytes(wrapped(KOSME)), by: "frame", told: [1] },
  { name: "6.3.1 not UTF-8", send: [frame(OPCODE.text, wrapped(BROKEN))], close: 1007 },
  { name: "6.3.2 not UTF-8, in fragments of a byte", send: inBytes(wrapped(BROKEN)), close: 1007 },
  { name: "6.4.1 not UTF-8 in a middle fragment", send: fragments(OPCODE.text, TOO_LARGE), close: 1007 },
  { name: "6.4.2 the same, frame by frame", send: fragments(OPCODE.text, TOO_LARGE), by: "frame", close: 1007 },
  { name: "6.4.3 not UTF-8 in one frame", send: [frame(OPCODE.text, Buffer.concat(TOO_LARGE))], close: 1007 },
  { name: "6.4.4 the same, byte by byte", send: [frame(OPCODE.text, Buffer.concat(TOO_LARGE))], by: 1, close: 1007 },
];

/** Groups of sequences, each as hexadecimal digits, and whether they are UTF-8. */
const some = ["hello$world", "hello¢world", "hello€world", "hello𤭢world", String(KOSME)];
const prefixes = Array.from(KOSME, (_, index) => KOSME.toString("hex", 0, index + 1));
const whole = (digits: string) => Buffer.from(hex(digits).toString("utf8")).equals(hex(digits));
const NONCHARACTERS = Array.from({ length: 17 }, (_, plane) => [0xfffe, 0xffff].map((low) => plane * 0x1_0000 + low))
  .flat()
  .map((code) => Buffer.from(String.fromCodePoint(code)).toString("hex"));
const SPECIALS = Array.from({ length: 7 }, (_, index) => `efbf${(0xb9 + index).toString(16)}`);
const CUT = ["c0", "e080", "f08080", "f8808080", "fc80808080", "df", "efbf", "f7bfbf", "fbbfbfbf", "fdbfbfbfbf"];
const continuations = Array.from({ length: 5 }, (_, index) => "80bf".repeat(4).slice(0, 4 + 2 * index));

const GROUPS: readonly [name: string, valid: readonly string[], invalid: readonly string[]][] = [
  ["6.5 some texts", some.map((each) => Buffer.from(each).toString("hex")), []],
  ["6.6 beginnings of a text", prefixes.filter(whole), prefixes.filter((each) => !whole(each))],
  ["6.7 the first of each length", ["00", "c280", "e0a080", "f0908080"], []],
  ["6.8 the first of 5 and 6 bytes", [], ["f888808080", "fc8480808080"]],
  ["6.9 the last of each length", ["7f", "dfbf", "efbfbf", "f48fbfbf"], []],
  ["6.10 the last of 4, 5 and 6 bytes", [], ["f7bfbfbf", "fbbfbfbfbf", "fdbfbfbfbfbf"]],
  ["6.11 other boundaries", ["ed9fbf", "ee8080", "efbfbd", "f48fbfbf"], ["f4908080"]],
  ["6.12 continuations alone", [], ["80", "bf", ...continuations, bytes(0x80, 0xbf)]],
  [
    "6.13 beginnings alone",
    [],
    [
      [0xc0, 0xdf],
      [0xe0, 0xef],
      [0xf0, 0xf7],
      [0xf8, 0xfb],
      [0xfc, 0xfd],
    ].map(between),
  ],
  ["6.14 the last byte is missing", [], CUT],
  ["6.15 all those in a row", [], [CUT.join("")]],
  ["6.16 bytes that never are", [], ["fe", "ff", "fefeffff"]],
  ["6.17 a slash in too many bytes", [], ["c0af", "e080af", "f08080af", "f8808080af", "fc80808080af"]],
  ["6.18 the last in too many bytes", [], ["c1bf", "e09fbf", "f08fbfbf", "f887bfbfbf", "fc83bfbfbfbf"]],
  ["6.19 zero in too many bytes", [], ["c080", "e08080", "f0808080", "f880808080", "fc8080808080"]],
  ["6.20 surrogates", [], ["eda080", "edadbf", "edae80", "edafbf", "edb080", "edbe80", "edbfbf"]],
  [
    "6.21 surrogates in pairs",
    [],
    ["eda080", "edadbf", "edae80", "edafbf"].flatMap((each) => [`${each}edb080`, `${each}edbfbf`]),
  ],
  ["6.22 codes that are no characters", NONCHARACTERS, []],
  ["6.23 specials", SPECIALS, []],
];

function between([from, to]: number[]): string {
  return bytes(from!, to!, "20");
}

/** Alone, what is UTF-8 is not JSON (1008); in a JSON text it arrives. What is not UTF-8 is refused first (1007). */
async function check(url: string, sequence: Buffer, isValid: boolean): Promise<void> {
  const alone = isValid ? { problem: "INVALID_JSON", close: 1008 } : { close: 1007 };
  await follow(url, { name: "alone", send: [frame(OPCODE.text, sequence)], ...alone });
  // A control character may not stand in JSON as it is.
  const inside = isValid && sequence[0]! >= 32 ? { told: [1] } : alone;
  const payload = wrapped(sequence);
  await follow(url, { name: "in a text", send: [frame(OPCODE.text, payload)], ...inside });
  await follow(url, { name: "in fragments", send: inBytes(payload), ...inside });
}

describe("sockets and UTF-8", () => {
  let started: Started;
  let url: string;
  before(async () => {
    started = await startLiveApp();
    ({ url } = started.app);
  });
  after(() => started[Symbol.asyncDispose]());

  conform(() => url, handling);

  for (const [name, valid, invalid] of GROUPS) {
    describe(name, () => {
      for (const each of valid) test(`${each} is UTF-8`, () => check(url, hex(each), true));
      for (const each of invalid) test(`${each} is not UTF-8`, () => check(url, hex(each), false));
    });
  }

  test("there are as many cases as the suite has", () => {
    const sequences = GROUPS.reduce((count, [, valid, invalid]) => count + valid.length + invalid.length, 0);
    assert.equal(handling.length + sequences, 145);
  });

  test("characters arrive as they were sent: as many as there were", async () => {
    for (const each of ["a", "µ", "€", "\ufeff", "\ufffe", "𐍈"]) {
      const path = `/${each.repeat(URL_CHARS_MAX)}`;
      using client = await RawClient.open(url);
      client.send(...inBytes(Buffer.from(JSON.stringify({ type: "subscribe", id: 1, path }))));
      await client.until(() => client.closeCode === 1008, "refusal");
      assert.match(client.messages[0].problem.detail, new RegExp(`^"path" has ${path.length} characters`));
    }
  });
});
