/** What no well-behaved client sends: each gets a clear answer or a closed connection, in bounded time. */
import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { poll, startTestApp, type TestApp } from "../testkit/index.ts";
import { HEADER_BYTES_MAX } from "./server.ts";
import { KINDS } from "./test/kinds-app.ts";
import { codeOf, statuses, Wire } from "./test/wire.ts";

let app: TestApp;
before(async () => {
  const bounds = {
    headersMs: 400,
    requestMs: 700,
    keepAliveMs: 400,
    socketIdleMs: 1_500,
    answerMs: 700,
    drainMs: 1_000,
  };
  app = await startTestApp(KINDS, { bounds });
});
after(() => app.stop());

const JSON_HEAD = "Host: a\r\nContent-Type: application/json\r\n";
const post = (body: string, path = "/echo") =>
  `POST ${path} HTTP/1.1\r\n${JSON_HEAD}Content-Length: ${Buffer.byteLength(body)}\r\n\r\n${body}`;
const get = (path: string, head = "Host: a\r\n") => `GET ${path} HTTP/1.1\r\n${head}\r\n`;

/** Sends one text and gives everything that comes back until the other side ends. */
async function answerTo(text: string): Promise<string> {
  using wire = new Wire(app.url);
  return await wire.send(text).untilEnd();
}

describe("a caller that is slow or silent", () => {
  test("is cut when it sends nothing at all", async () => {
    const received = await answerTo("");
    assert.equal(codeOf(received), "REQUEST_TIMEOUT");
  });

  test("is cut when its head comes a byte at a time", async () => {
    using wire = new Wire(app.url);
    const head = get("/count", `Host: a\r\nX-Long: ${"a".repeat(5_000)}\r\n`);
    let at = 0;
    const timer = setInterval(() => wire.send(head[at++] ?? ""), 5);
    const received = await wire.untilEnd().finally(() => clearInterval(timer));
    assert.deepEqual(statuses(received), [408]);
    assert.equal(codeOf(received), "REQUEST_TIMEOUT");
  });

  test("is cut when its body never comes", async () => {
    const received = await answerTo(`POST /echo HTTP/1.1\r\n${JSON_HEAD}Content-Length: 10\r\n\r\n`);
    assert.deepEqual(statuses(received), [408]);
  });

  test("is cut when its body comes a byte at a time", async () => {
    using wire = new Wire(app.url);
    wire.send(`POST /echo HTTP/1.1\r\n${JSON_HEAD}Content-Length: 5000\r\n\r\n`);
    const timer = setInterval(() => wire.send(" "), 5);
    const received = await wire.untilEnd().finally(() => clearInterval(timer));
    assert.deepEqual(statuses(received), [408]);
  });

  test("is closed when it keeps a connection without using it", async () => {
    const received = await answerTo(get("/count"));
    assert.deepEqual(statuses(received), [200]);
  });

  test("that does not read a big answer is cut", async () => {
    using wire = new Wire(app.url);
    wire.socket.pause();
    wire.send(get("/big?bytes=50000000"));
    await poll(async () => (await app.metrics.registry.metrics()).includes('route="/big"'), { what: "the answer" });
    await poll(async () => (await connections()) === 0, { what: "the cut", timeoutMs: 8_000 });
  });

  test("that goes away in the middle of its body hurts nobody", async () => {
    using wire = new Wire(app.url);
    wire.send(`POST /echo HTTP/1.1\r\n${JSON_HEAD}Content-Length: 100\r\n\r\n{"title"`);
    wire.socket.end();
    assert.deepEqual(statuses(await wire.untilEnd()), [400]);
    assert.equal((await fetch(`${app.url}/count`)).status, 200);
  });

  test("that ends its side is taken for gone", async () => {
    using wire = new Wire(app.url);
    wire.send(get("/slow?ms=5000"));
    wire.socket.end();
    assert.deepEqual(statuses(await wire.untilEnd()), []);
  });
});

async function connections(): Promise<number> {
  const text = await (await fetch(app.metricsUrl)).text();
  return Number(/^lineshaft_http_connections (\d+)/m.exec(text)?.[1]);
}

const BROKEN: [what: string, sent: string, status: number, code: string][] = [
  ["an unknown method", "BREW /count HTTP/1.1\r\nHost: a\r\n\r\n", 400, "INVALID_REQUEST"],
  ["no HTTP", "hello\r\n\r\n", 400, "INVALID_REQUEST"],
  ["TLS", "\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03", 400, "INVALID_REQUEST"],
  ["a tunnel", "CONNECT a:443 HTTP/1.1\r\nHost: a\r\n\r\n", 405, "METHOD_NOT_ALLOWED"],
  [
    "both lengths",
    `POST /echo HTTP/1.1\r\n${JSON_HEAD}Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n`,
    400,
    "INVALID_REQUEST",
  ],
  [
    "two lengths",
    `POST /echo HTTP/1.1\r\n${JSON_HEAD}Content-Length: 5\r\nContent-Length: 6\r\n\r\n{}   `,
    400,
    "INVALID_REQUEST",
  ],
  ["a negative length", `POST /echo HTTP/1.1\r\n${JSON_HEAD}Content-Length: -5\r\n\r\n`, 400, "INVALID_REQUEST"],
  [
    "broken chunks",
    `POST /echo HTTP/1.1\r\n${JSON_HEAD}Transfer-Encoding: chunked\r\n\r\nzz\r\nhello\r\n`,
    400,
    "INVALID_REQUEST",
  ],
  [
    "another transfer encoding",
    `POST /echo HTTP/1.1\r\n${JSON_HEAD}Transfer-Encoding: gzip\r\n\r\n`,
    400,
    "INVALID_REQUEST",
  ],
  ["a header with a NUL", "GET /count HTTP/1.1\r\nHost: a\r\nX: a\x00b\r\n\r\n", 400, "INVALID_REQUEST"],
  ["a header without a name", "GET /count HTTP/1.1\r\nHost: a\r\n: b\r\n\r\n", 400, "INVALID_REQUEST"],
  ["huge headers", get("/count", `Host: a\r\nX: ${"a".repeat(HEADER_BYTES_MAX)}\r\n`), 431, "HEADERS_TOO_LARGE"],
  ["another expectation", get("/count", "Host: a\r\nExpect: 200-maybe\r\n"), 417, "EXPECTATION_FAILED"],
];

describe("what is not a request", () => {
  for (const [what, sent, status, code] of BROKEN) {
    test(`${what}: ${status}, and the connection ends`, async () => {
      const received = await answerTo(sent);
      assert.deepEqual(statuses(received), [status]);
      assert.equal(codeOf(received), code);
      assert.match(received, /connection: close/i);
      assert.match(received, /content-type: application\/problem\+json/i);
    });
  }
});

const ODD: [what: string, sent: string, status: number, code: string | undefined][] = [
  ["no Host", get("/count", ""), 400, "INVALID_REQUEST"],
  ["two Hosts", get("/count", "Host: a\r\nHost: b\r\n"), 400, "INVALID_REQUEST"],
  ["HTTP/1.0 without Host", "GET /count HTTP/1.0\r\n\r\n", 200, undefined],
  ["a whole URL", get("http://elsewhere.example/count"), 200, undefined],
  ["a whole URL with another path", get("http://elsewhere.example/nothing"), 404, "ROUTE_NOT_FOUND"],
  ["another scheme", get("ftp://a/count"), 400, "INVALID_REQUEST"],
  ["two slashes", get("//evil.example/count"), 404, "ROUTE_NOT_FOUND"],
  ["dots", get("/things/../count"), 404, "ROUTE_NOT_FOUND"],
  ["dots as a parameter", get("/parts/../x"), 422, "INVALID_INPUT"],
  ["an encoded NUL", get("/parts/1/%00"), 422, "INVALID_INPUT"],
  ["broken UTF-8", get("/parts/1/%ff"), 400, "INVALID_ENCODING"],
  ["half an escape", get("/parts/1/%4"), 400, "INVALID_ENCODING"],
  ["raw bytes", get("/parts/1/\xc3\xa9"), 400, "INVALID_REQUEST"],
  ["broken UTF-8 in the query", get("/parts/1/x?flag=%ff"), 400, "INVALID_ENCODING"],
  ["broken UTF-8 in a header", get("/parts/1/x", "Host: a\r\nX-Tenant: \xff\r\n"), 400, "INVALID_ENCODING"],
  ["an encoded slash", get("/parts/1/a%2Fb"), 200, undefined],
  ["a long URL", get(`/parts/1/${"a".repeat(9_000)}`), 414, "URL_TOO_LONG"],
  ["many headers", get("/count", `Host: a\r\n${"X-A: b\r\n".repeat(200)}`), 431, "HEADERS_TOO_LARGE"],
  ["many parameters", get(`/count?${"a&".repeat(300)}`), 400, "INVALID_REQUEST"],
  ["a method that is known elsewhere", "PROPFIND /count HTTP/1.1\r\nHost: a\r\n\r\n", 405, "METHOD_NOT_ALLOWED"],
  ["an upgrade", get("/count", "Host: a\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"), 200, undefined],
];

// Each waits for the end of its connection, so they wait side by side.
describe("odd requests", { concurrency: true }, () => {
  for (const [what, sent, status, code] of ODD) {
    test(`${what}: ${status}`, async () => {
      const received = await answerTo(sent);
      assert.deepEqual(statuses(received), [status]);
      assert.equal(codeOf(received), code);
    });
  }
});

describe("one connection after the other request", () => {
  const next = get("/parts/7/next");

  for (const [what, sent, status] of [
    ["input that is refused", post('{"title":""}'), 422],
    ["a route that is not there", post('{"title":"a"}', "/nowhere"), 404],
    [
      "another type of body",
      `POST /echo HTTP/1.1\r\nHost: a\r\nContent-Type: text/plain\r\nContent-Length: 5\r\n\r\nhello`,
      415,
    ],
    ["a body for a GET", `GET /count HTTP/1.1\r\n${JSON_HEAD}Content-Length: 2\r\n\r\n{}`, 200],
    ["broken JSON", post("{"), 400],
  ] as const) {
    test(`${what}: the next answer is its own`, async () => {
      using wire = new Wire(app.url);
      const received = await wire
        .send(sent)
        .send(next)
        .until((text) => text.includes('"next"'));
      assert.deepEqual(statuses(received), [status, 200]);
    });
  }

  test("too large a body: the answer arrives, and what follows is not taken for a request [LIM-1]", async () => {
    using wire = new Wire(app.url);
    const large = 5_000_000;
    wire.send(`POST /echo HTTP/1.1\r\n${JSON_HEAD}Content-Length: ${large}\r\n\r\n`);
    wire.send(next.repeat(Math.floor(large / next.length)));
    assert.equal(codeOf(await wire.until((text) => text.includes("requestId"))), "BODY_TOO_LARGE");
    assert.deepEqual(statuses(await wire.untilEnd()), [413]);
  });

  test("a chunked body without an end: 413 at the limit [LIM-1]", async () => {
    using wire = new Wire(app.url);
    wire.send(`POST /echo HTTP/1.1\r\n${JSON_HEAD}Transfer-Encoding: chunked\r\n\r\n`);
    for (let count = 0; count < 20; count++) wire.send(`10000\r\n${" ".repeat(0x10000)}\r\n`);
    assert.deepEqual(statuses(await wire.untilEnd()), [413]);
  });

  test("a length that is too short: the connection ends with the answer", async () => {
    const received = await answerTo(
      `POST /echo HTTP/1.1\r\n${JSON_HEAD}Content-Length: 13\r\n\r\n{"title":"a"} and more`,
    );
    assert.deepEqual(statuses(received), [200]);
  });

  test("pipelined requests are answered in order, one after the other", async () => {
    using wire = new Wire(app.url);
    wire.send(get("/slow?ms=100") + get("/parts/1/first") + post('{"title":"second"}') + get("/parts/1/third"));
    const received = await wire.until((text) => text.includes('"third"'));
    const order = ["waited", "first", "second", "third"].map((text) => received.indexOf(`"${text}"`));
    assert.deepEqual(
      order,
      order.toSorted((a, b) => a - b),
    );
    assert.deepEqual(statuses(received), [200, 200, 200, 200]);
  });

  test("garbage behind a request under way does not take its answer away", async () => {
    const received = await answerTo(`${get("/slow?ms=100")}garbage\r\n\r\n`);
    assert.deepEqual(statuses(received), [200]);
    assert.match(received, /"waited":100/);
    assert.match(received, /connection: close/i);
  });
});

describe("Expect: 100-continue", () => {
  const head = (path: string, length: number) =>
    `POST ${path} HTTP/1.1\r\n${JSON_HEAD}Expect: 100-continue\r\nContent-Length: ${length}\r\n\r\n`;

  test("the body is asked for, and then answered", async () => {
    using wire = new Wire(app.url);
    await wire.send(head("/echo", 13)).until((text) => text.includes("100 Continue"));
    const received = await wire.send('{"title":"a"}').until((text) => text.includes('"title"'));
    assert.deepEqual(statuses(received), [100, 200]);
  });

  for (const [what, path, length, status] of [
    ["too large", "/echo", 5_000_000, 413],
    ["for no route", "/nowhere", 10, 404],
  ] as const) {
    test(`a body ${what} is never asked for`, async () => {
      using wire = new Wire(app.url);
      assert.deepEqual(statuses(await wire.send(head(path, length)).untilEnd()), [status]);
    });
  }
});
