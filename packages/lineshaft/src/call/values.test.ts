/** Values on their way: from JSON through the validator into the database and back, at the edges of each kind. */
import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import type { FieldError } from "../define/errors.ts";
import { field } from "../define/field.ts";
import { KINDS, Thing } from "../serve/test/kinds-app.ts";
import { startTestApp, type TestApp } from "../testkit/index.ts";
import { compileInput } from "./input.ts";

let app: TestApp;
before(async () => {
  app = await startTestApp(KINDS);
});
after(() => app.stop());

type Stored = Record<string, unknown> & { readonly errors: readonly FieldError[] };

async function store(value: object | string): Promise<{ status: number; body: Stored }> {
  const body = typeof value === "string" ? value : JSON.stringify(value);
  const headers = { "content-type": "application/json" };
  const response = await fetch(`${app.url}/things`, { method: "POST", headers, body });
  return { status: response.status, body: (await response.json()) as Stored };
}

/** `seen` where the answer is another text for the same value. */
const KEPT: [key: string, value: unknown, seen?: unknown][] = [
  ["text", ""],
  ["text", "😀".repeat(10)],
  ["text", '\u0001\u2028"\\/<é'],
  ["long", "e\u0301".repeat(50_000)],
  ["integer", 2_147_483_647],
  ["integer", -2_147_483_648],
  ["integer", 0],
  ["bigint", "9223372036854775807"],
  ["bigint", "-9223372036854775808"],
  ["bigint", "9007199254740993"],
  ["small", "-5"],
  ["float", 0.1],
  ["float", 5e-324],
  ["float", 1.7976931348623157e308],
  ["float", 2 ** 53],
  ["decimal", "12345678901234567890.0123456789"],
  ["decimal", "-99999999999999999999.9999999999"],
  ["decimal", "1", "1.0000000000"],
  ["fraction", "0.999"],
  ["money", { amount: 9_007_199_254_740_991, currency: "EUR" }],
  ["money", { amount: -1, currency: "XXX" }],
  ["boolean", false],
  ["time", "0001-01-01T00:00:00.000Z"],
  ["time", "9999-12-31T23:59:59.999Z"],
  ["time", "2026-11-20T13:00:00.123+05:30", "2026-11-20T07:30:00.123Z"],
  ["time", "0099-06-01T00:00:00Z", "0099-06-01T00:00:00.000Z"],
  ["date", "0001-01-01"],
  ["date", "9999-12-31"],
  ["date", "2024-02-29"],
  ["enum", "b"],
  ["url", "https://example.com/%20?a=b#c"],
  ["email", "Ada.L+x@Example.COM", "ada.l+x@example.com"],
  ["json", null, null],
  ["json", []],
  ["json", "text"],
  ["json", false],
  ["json", 0],
  ["json", { a: [1, { b: null }], "": "", é: 9_007_199_254_740_991 }],
  ["shaped", { theme: "dark", pin: "1234" }, { theme: "dark", size: null }],
  ["texts", []],
  ["texts", ["", "a,b", "NULL"]],
  ["texts", ['"{}\\', "😀😀😀😀😀"]],
  ["integers", [2_147_483_647, -1]],
  ["times", ["2026-11-20T07:30:00.123Z"]],
  ["bigints", ["9223372036854775807", "-1"]],
  ["documents", [{ theme: "light", size: 3, pin: "1" }], [{ theme: "light", size: 3 }]],
  ["documents", []],
];

describe("a value that is taken comes back the same", () => {
  for (const [key, value, seen = value] of KEPT) {
    test(`${key} ${JSON.stringify(value)?.slice(0, 60)}`, async () => {
      const { status, body } = await store({ [key]: value });
      if (key === "json" && value === null) assert.ok([201, 422].includes(status));
      else assert.equal(status, 201, JSON.stringify(body).slice(0, 300));
      if (status === 201) assert.deepEqual(body[key], seen);
      assert.equal("secret" in body, false);
    });
  }
});

const deep = (levels: number) => `${"[".repeat(levels)}${"]".repeat(levels)}`;

const REFUSED: [what: string, body: object | string, pointer: string, rule: string][] = [
  ["text over its length", { text: "😀".repeat(11) }, "/text", "maxLength"],
  ["text over the usual length", { long: "a".repeat(100_001) }, "/long", "maxLength"],
  ["integer over 32 bits", { integer: 2_147_483_648 }, "/integer", "maximum"],
  ["integer with a fraction", { integer: 1.5 }, "/integer", "type"],
  ["integer as text", { integer: "1" }, "/integer", "type"],
  ["bigint over 64 bits", { bigint: "9223372036854775808" }, "/bigint", "format"],
  ["bigint as number", { bigint: 1 }, "/bigint", "type"],
  ["bigint over its bound", { small: "6" }, "/small", "maximum"],
  ["bigint under its bound", { small: "-6" }, "/small", "minimum"],
  ["float beyond all numbers", '{"float":1e400}', "/float", "type"],
  ["decimal with too many digits", { decimal: "123456789012345678901" }, "/decimal", "pattern"],
  ["decimal with too fine a fraction", { decimal: "0.12345678901" }, "/decimal", "pattern"],
  ["decimal with a digit before a point that takes none", { fraction: "5.1" }, "/fraction", "maximum"],
  ["money beyond safe numbers", '{"money":{"amount":9007199254740993,"currency":"EUR"}}', "/money/amount", "maximum"],
  ["money with more", { money: { amount: 1, currency: "EUR", x: 1 } }, "/money/x", "unknown"],
  ["money in another writing", { money: { amount: 1, currency: "eur" } }, "/money/currency", "pattern"],
  ["a day that is not", { date: "2026-02-30" }, "/date", "format"],
  ["the year 0", { date: "0000-01-01" }, "/date", "format"],
  ["an instant beyond the years", { time: "9999-12-31T23:59:59-01:00" }, "/time", "format"],
  ["an instant without offset", { time: "2026-11-20T12:00:00" }, "/time", "format"],
  ["a URL of another kind", { url: "javascript:alert(1)" }, "/url", "format"],
  ["a URL that browsers repair", { url: "https:\\\\evil.example" }, "/url", "format"],
  ["an e-mail address without a domain", { email: "ada" }, "/email", "format"],
  ["a list over its length", { texts: ["", "", "", ""] }, "/texts", "maxItems"],
  ["a list with null", { texts: [null] }, "/texts/0", "type"],
  ["null for an optional value", { text: null }, "/text", "type"],
  ["JSON that is too deep", `{"json":${deep(40)}}`, `/json${"/0".repeat(32)}`, "depth"],
  ["JSON with a number beyond all", '{"json":{"a":1e400}}', "/json/a", "number"],
  ["JSON with a number that would lose digits", '{"json":[12345678901234567890]}', "/json/0", "number"],
  ["JSON with a NUL in a key", '{"json":{"a\\u0000":1}}', "/json/a\u0000", "text"],
  ["a generated value", { id: "01976a0e-0000-7000-8000-000000000000" }, "/id", "unknown"],
  ["a hidden value", { secret: "x" }, "/secret", "unknown"],
];

describe("a value that would not come back is refused, with its place", () => {
  for (const [what, body, pointer, rule] of REFUSED) {
    test(what, async () => {
      const { status, body: problem } = await store(body);
      assert.equal(status, 422);
      assert.deepEqual([problem.errors[0]?.pointer, problem.errors[0]?.rule], [pointer, rule]);
    });
  }
});

test("an id in capitals is the same id, also where it refers to a row", async () => {
  const id = "01976A0E-0000-7000-8000-00000000ABCD";
  const read = compileInput(
    { id: Thing.fields.id, thing: field.ref(() => Thing), text: field.text() },
    { closed: true },
  );
  const lower = id.toLowerCase();
  assert.deepEqual(read({ id, thing: id, text: id }), { id: lower, thing: lower, text: id });
});

test("a count and a sum of the database fit a whole number", async () => {
  const response = await fetch(`${app.url}/count`);
  const { count, sum } = (await response.json()) as { count: number; sum: number | null };
  assert.ok(Number.isInteger(count));
  assert.ok(sum === null || Number.isInteger(sum));
});
