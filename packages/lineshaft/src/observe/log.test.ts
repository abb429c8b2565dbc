/** No secret reaches a log line, wherever it stands. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { createLog, logRequest } from "./log.ts";

function written(write: (log: ReturnType<typeof createLog>) => void): string {
  const lines: string[] = [];
  write(createLog({ level: "info", readable: false, destination: { write: (line) => void lines.push(line) } }));
  return lines.join("");
}

const S = "hunter2-secret";
const CASES: [what: string, write: (log: ReturnType<typeof createLog>) => void][] = [
  ["a key", (log) => log.info({ password: S, accessToken: S, "X-Api-Key": S, Authorization: S, client_secret: [S] })],
  ["a key far down", (log) => log.info({ a: { b: { c: { d: { e: [{ refresh_token: S }] } } } } })],
  ["a URL", (log) => log.info({ to: `postgres://app:${S}@db/app` }, `connects to postgres://app:${S}@db/app`)],
  ["a bearer token", (log) => log.info({ header: `Bearer ${S}` })],
  ["a child", (log) => log.child({ session: { token: S } }).info("x")],
  ["an error of the driver", (log) => log.error({ err: driverError() })],
  ["an error's cause", (log) => log.error(new Error("outer", { cause: driverError() }))],
  ["an error in another place", (log) => log.error({ nested: { failure: driverError() } })],
];

function driverError(): Error {
  const error = new Error(`invalid input syntax for type uuid: "${S}"`);
  return Object.assign(error, { severity: "ERROR", code: "22P02", detail: S, where: S, query: S, parameters: [S] });
}

for (const [what, write] of CASES) {
  test(`a secret in ${what} is hidden`, () => {
    const text = written(write);
    assert.match(text, /"level":/);
    assert.doesNotMatch(text, /hunter2/);
  });
}

test("an error that is its own cause, and an endless object, are written all the same", () => {
  const error = new Error("round");
  error.cause = error;
  const endless: Record<string, unknown> = {};
  endless["self"] = endless;
  assert.match(
    written((log) => log.error({ err: error, endless }, "kept")),
    /kept/,
  );
});

test("what is no secret is written as it is", () => {
  const line = written((log) => log.info({ method: "GET", ms: 1.5, at: new Date(0), list: [1, { a: null }] }, "done"));
  const { level: _, time: __, ...facts } = JSON.parse(line);
  assert.deepEqual(facts, {
    method: "GET",
    ms: 1.5,
    at: "1970-01-01T00:00:00.000Z",
    list: [1, { a: null }],
    msg: "done",
  });
});

test("a request is logged as the logger would log it", () => {
  const line = { method: "GET", path: '/a"b\n/:id', status: 200, ms: 0.12, requestId: "ab:12" };
  const timeless = (text: string) => text.replace(/"time":\d+/, '"time":0');
  for (const [own, shown] of [
    [{ traceId: null, isGone: false }, {}],
    [{ traceId: "ab:12", isGone: false }, {}],
    [
      { traceId: "cd", isGone: true },
      { traceId: "cd", gone: true },
    ],
  ] as const) {
    const byHand = written((log) => logRequest(log, { ...line, ...own }));
    assert.equal(timeless(byHand), timeless(written((log) => log.info({ ...line, ...shown }, "request"))));
  }
});
