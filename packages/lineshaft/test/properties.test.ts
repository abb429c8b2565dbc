/**
 * Properties: every route of every app of this repository, under generated input.
 *
 * Values are derived from the declared shapes, so that many pass, and mixed with hostile ones, so that many do not.
 * Whatever is sent: an answer in time, never a failure of ours, a problem that can be read, and an output that fits its
 * declaration. A counterexample is shrunk and printed with its seed.
 *
 *     SEED=123 npm test -- packages/lineshaft/test/properties     the same inputs again
 *     RUNS=500 npm test -- packages/lineshaft/test/properties     more inputs for each route
 */
import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import fc from "fast-check";
import { Compile } from "typebox/schema";
import { apps } from "../../../apps/main.ts";
import { registerFormats } from "../src/call/formats.ts";
import { collect, type NamedEndpoint } from "../src/define/declarations.ts";
import type { EndpointDefinition } from "../src/define/endpoint.ts";
import type { AnyField, FieldSpec, FieldType } from "../src/define/field.ts";
import { schemaOf } from "../src/define/schema.ts";
import { omittable, shapeKind } from "../src/define/shape.ts";
import { type InputPart, inputParts } from "../src/serve/gather.ts";
import * as filesApp from "../src/serve/test/files-app.ts";
import { GIF, PDF, png } from "../src/serve/test/files-stand.ts";
import { type Caller, startTestApp, type TestApp } from "../src/testkit/index.ts";

const SEED = Number(process.env["SEED"] ?? Date.now() % 2 ** 31);
const RUNS = Number(process.env["RUNS"] ?? 25);
/** An answer later than this is a hang. */
const ANSWER_MS = 20_000;
const TEXT_CHARS_SHOWN = 40;
/** One value in so many is hostile. */
const HOSTILE_EVERY = 5;

/** All apps, and one that takes files; without its endpoints that are wrong on purpose. */
const { fetchAny: _, without: __, ...files } = filesApp;
const services = { ...apps.options.services, files };

const deep = (levels: number): unknown => (levels === 0 ? 1 : [deep(levels - 1)]);
const DEEP = deep(500);

/** What no field takes, or what takes a field to its edges. */
const hostile: fc.Arbitrary<unknown> = fc.constantFrom<unknown[]>(
  ...[
    undefined,
    null,
    true,
    "",
    " ",
    "\u0000",
    "a\u0000b",
    "\ud800",
    "\u202e\ufeff",
    "😀".repeat(300),
    "a".repeat(150_000),
  ],
  ...[0, -1, 1.5, 2 ** 31, -(2 ** 31) - 1, 2 ** 53 + 2, 1e308, Number.NaN, "1e999", "9223372036854775808", "-0"],
  ...[[], {}, [null], { a: { b: [] } }, DEEP, "'; drop table users; --", "../../etc/passwd", "%00", "null", "true"],
  ...["2026-02-30", "0000-00-00", "+010000-01-01T00:00:00Z", "javascript:alert(1)", "{}", "[object Object]"],
);

function mixedOf(shape: unknown): fc.Arbitrary<unknown> {
  const good = goodOf(shape);
  return fc.oneof({ arbitrary: good, weight: HOSTILE_EVERY - 1 }, { arbitrary: hostile, weight: 1 });
}

function goodOf(shape: unknown): fc.Arbitrary<unknown> {
  switch (shapeKind(shape)) {
    case "field":
      return specOf((shape as AnyField).spec);
    case "entity":
      return objectOf((shape as { fields: object }).fields);
    case "list":
      return fc.array(mixedOf((shape as { item: unknown }).item), { maxLength: 4 });
    case "nullable":
      return fc.option(mixedOf((shape as { inner: unknown }).inner));
    default:
      return objectOf(shape as object);
  }
}

function specOf(spec: FieldSpec): fc.Arbitrary<unknown> {
  const value = typeOf(spec.type);
  return spec.nullable ? fc.option(value) : value;
}

function objectOf(shapes: object): fc.Arbitrary<unknown> {
  const entries = Object.entries(shapes);
  const model = Object.fromEntries(entries.map(([key, shape]) => [key, mixedOf(shape)]));
  const optional = ([, shape]: [string, unknown]) =>
    shapeKind(shape) === "field" && omittable((shape as AnyField).spec.mode);
  const requiredKeys = entries.filter((each) => !optional(each)).map(([key]) => key);
  return fc.record(model, { requiredKeys });
}

function typeOf(type: FieldType): fc.Arbitrary<unknown> {
  switch (type.kind) {
    case "id":
    case "ref":
      return fc.uuid();
    case "serial":
      return fc.integer({ min: 1, max: 20 });
    case "text":
      return textOf(type);
    case "integer":
      return fc.integer({ min: type.min, max: type.max });
    case "bigint":
      return fc.bigInt({ min: type.min, max: type.max }).map(String);
    case "float":
      return fc.double({ noNaN: true, noDefaultInfinity: true });
    case "decimal":
      return fc.nat(9).map(String);
    case "money":
      return fc.record({ amount: fc.maxSafeInteger(), currency: fc.constantFrom("EUR", "JPY") });
    case "boolean":
      return fc.boolean();
    case "time":
      return fc.date({ min: new Date("0001-01-02"), max: new Date("9999-12-30"), noInvalidDate: true });
    case "date":
      return fc.date({ min: new Date("0001-01-01"), max: new Date("9999-12-31"), noInvalidDate: true }).map(dayOf);
    case "enum":
      return fc.constantFrom(...type.values);
    case "url":
      return fc.webUrl();
    case "email":
      return fc.nat(99).map((number) => `somebody${number}@example.com`);
    case "json":
      return type.shape ? objectOf(type.shape) : fc.jsonValue({ maxDepth: 4 });
    case "list":
      return fc.array(specOf(type.item.spec), { maxLength: Math.min(type.max, 5) });
  }
}

function textOf(type: FieldType & { kind: "text" }): fc.Arbitrary<string> {
  const { min, max, pattern } = type;
  const any = fc.string({ unit: "binary", minLength: min, maxLength: Math.min(max, min + TEXT_CHARS_SHOWN) });
  const plain = fc.stringMatching(/^[a-z][a-z0-9-]{0,30}$/).map((text) => text.padEnd(min, "x").slice(0, max));
  return pattern === undefined ? fc.oneof(any, plain) : fc.oneof(fc.stringMatching(new RegExp(pattern, "u")), plain);
}

const dayOf = (date: Date) => date.toISOString().slice(0, 10);

interface Sent {
  readonly path: string;
  readonly headers: Record<string, string>;
  readonly body: string | Uint8Array<ArrayBuffer> | undefined;
  readonly signedIn: boolean;
}

/** How the text of a body is spoiled: mostly not at all. */
const SPOILERS: ((text: string) => string | Uint8Array<ArrayBuffer>)[] = [
  (text) => text.slice(0, -1),
  (text) => `${text}}`,
  (text) => text.replace("{", '{"__proto__":{"polluted":true},'),
  (text) => text.replace("{", '{"constructor":{"prototype":{"polluted":true}},'),
  (text) => text.replace("{", '{"surprise":1,'),
  (text) => text.replace(/\d+/, "1e400"),
  (text) => Buffer.concat([Buffer.from(text.slice(0, -1)), Buffer.from([0xff, 0xfe, 0x7d])]),
  () => "[".repeat(100_000),
  () => "null",
  () => "",
];

const JSON_TYPE = { "content-type": "application/json" };

/** What comes as a file, and as what: mostly true. */
const FILES: readonly (readonly [type: string, bytes: Uint8Array<ArrayBuffer>])[] = [
  ["text/plain", Buffer.from("hällo")],
  ["text/plain; charset=utf-8", Buffer.alloc(0)],
  ["image/png", Buffer.from(png())],
  ["image/gif", Buffer.from(GIF)],
  ["application/pdf", Buffer.from(PDF)],
  ["text/plain", Buffer.alloc(300_000, "a")],
  ["image/png", Buffer.from(PDF)],
  ["text/plain", Buffer.from([0xff, 0xfe, 0x00])],
  ["application/json", Buffer.from("{}")],
  ["image/*", Buffer.from(GIF)],
  ["\u00e9", Buffer.from("a")],
  ["", Buffer.from("a")],
];

function requestsTo(endpoint: EndpointDefinition): fc.Arbitrary<Sent> {
  const parts = inputParts(endpoint);
  const spoiler = fc.option(fc.constantFrom(...SPOILERS), { freq: HOSTILE_EVERY });
  const surprise = fc.option(fc.constantFrom("__proto__=1", "x=%ff", "a[b]=c", "&&=&", "limit=1e9"), { freq: 9 });
  const file = fc.constantFrom(...FILES);
  return fc
    .record({ input: objectOf(endpoint.input), spoiler, surprise, file, signedIn: fc.nat(3).map((one) => one > 0) })
    .map(({ input, spoiler: spoil, surprise: odd, file: [type, bytes], signedIn }) => {
      const values = input as Record<string, unknown>;
      const path = endpoint.path.replace(/:(\w+)/g, (_, key: string) => encoded(values[key]) || "%00");
      const query = parts.filter((part) => part.in === "query").flatMap((part) => pairs(part, values[part.key]));
      const inBody = parts.filter((part) => part.in === "body" && values[part.key] !== undefined);
      const text = JSON.stringify(Object.fromEntries(inBody.map(({ key }) => [key, values[key]])));
      const hasBody = parts.some((part) => part.in === "body");
      const contentType = endpoint.upload ? { "content-type": type } : hasBody ? JSON_TYPE : {};
      const search = [...query, ...(odd === null ? [] : [odd])].join("&");
      return {
        path: search === "" ? path : `${path}?${search}`,
        headers: { ...headersOf(parts, values), ...contentType },
        body: endpoint.upload ? bytes : hasBody ? ((spoil ? spoil(text) : text) as Sent["body"]) : undefined,
        signedIn,
      };
    });
}

const plain = (value: unknown): string =>
  typeof value === "string" ? value : value instanceof Date ? value.toISOString() : (JSON.stringify(value) ?? "");

function encoded(value: unknown): string {
  return encodeURIComponent(plain(value).toWellFormed().slice(0, 3_000));
}

function pairs({ name }: InputPart, value: unknown): string[] {
  if (value === undefined) return [];
  return (Array.isArray(value) ? value : [value]).map((each) => `${encoded(name)}=${encoded(each)}`);
}

/** As bytes that a header can hold; what it cannot hold is tried over raw sockets in `serve/wire.test.ts`. */
function headersOf(parts: readonly InputPart[], values: Record<string, unknown>): Record<string, string> {
  const headers: Record<string, string> = {};
  for (const { in: source, name, key } of parts) {
    if ((source !== "header" && source !== "cookie") || values[key] === undefined) continue;
    const bytes = Buffer.from(plain(values[key]).slice(0, 1_000)).toString("latin1");
    const value = bytes.replace(/[\u0000-\u001f\u007f]/g, "");
    if (source === "header") headers[name] = value;
    else headers["cookie"] = `${headers["cookie"] ?? ""}${name}=${value.replaceAll(";", "")}; `;
  }
  return headers;
}

type CheckBody = (text: string) => void;

function outputChecker({ output }: EndpointDefinition): CheckBody {
  if (output === null || ["content", "download"].includes(shapeKind(output))) return () => {};
  const validator = Compile(schemaOf(output, { dialect: "validate", direction: "output" }) as never);
  return (text) => {
    const value: unknown = JSON.parse(text);
    if (!validator.Check(value))
      assert.fail(`the answer does not fit its output: ${JSON.stringify(validator.Errors(value)[1])}`);
  };
}

async function checkAnswer(endpoint: EndpointDefinition, response: Response, checkBody: CheckBody): Promise<void> {
  const { status } = response;
  const text = await response.text();
  assert.ok(status < 500 || (status === 503 && response.headers.has("retry-after")), `${status} ${text.slice(0, 500)}`);
  assert.notEqual(response.headers.get("x-request-id"), null);
  if (status < 300) {
    assert.equal(status, endpoint.status);
    checkBody(text);
  } else if (status >= 400) {
    const body = JSON.parse(text);
    if (endpoint.service.options.problem) return;
    assert.equal(response.headers.get("content-type"), "application/problem+json; charset=utf-8");
    assert.deepEqual([typeof body.code, typeof body.title, body.status], ["string", "string", status]);
    if (status === 422 && body.code === "INVALID_INPUT")
      assert.ok(body.errors?.length > 0, `no place is told: ${text}`);
  }
}

let running: TestApp;
before(async () => {
  registerFormats();
  const { seed: _, ...options } = apps.options;
  running = await startTestApp({ ...options, services });
  process.stdout.write(`properties: SEED=${SEED} RUNS=${RUNS}\n`);
});
after(() => running?.stop());

/** Whoever signs in; nobody in an app without accounts. */
async function somebody(): Promise<Caller> {
  const known = running.declarations.services.some(({ options }) => options.authenticate);
  return running.as(known ? await running.account() : null);
}

describe("under any input, a route answers well", () => {
  for (const { name, endpoint } of collect(services).endpoints as readonly NamedEndpoint[]) {
    test(`${endpoint.method} ${endpoint.path} (${name})`, async () => {
      const account = await somebody();
      const nobody = running.as(null);
      const checkBody = outputChecker(endpoint);
      const property = fc.asyncProperty(requestsTo(endpoint), async ({ path, headers, body, signedIn }) => {
        const init = { method: endpoint.method, headers, signal: AbortSignal.timeout(ANSWER_MS) };
        const response = await (signedIn ? account : nobody).fetch(path, body === undefined ? init : { ...init, body });
        await checkAnswer(endpoint, response, checkBody);
      });
      await fc.assert(property, { seed: SEED, numRuns: RUNS, interruptAfterTimeLimit: 60_000 });
      assert.equal(({} as Record<string, unknown>)["polluted"], undefined);
    });
  }

  test("and afterwards the app is alive and has lost no connection", async () => {
    assert.equal((await running.fetch("/health/ready")).status, 200);
  });
});
