/** How sockets are opened (RFC 6455, section 4.2), and how they end: whatever a client does or leaves undone. */
import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { codeOf } from "../test/wire.ts";
import { ORIGIN, type Started, startLiveApp } from "./test/app.ts";
import { text } from "./test/conformance.ts";
import { ACCEPT, closeFrame, frame, handshake, KEY, OPCODE, RawClient } from "./test/frames.ts";
import { eventually } from "./test/subscribers.ts";

type Headers = Parameters<typeof handshake>[0];

const HALF = handshake().slice(0, -30);
const HALF_OPEN = 1_000;
const CONNECTIONS = 'lineshaft_live_connections{kind="socket"}';

const VERSION = "Sec-WebSocket-Version";
const PROTOCOL = "Sec-WebSocket-Protocol";
const EXTENSIONS = "Sec-WebSocket-Extensions";

const REFUSED: readonly [name: string, status: number, code: string, headers: Headers, line?: string][] = [
  ...["8", "12", "99", "0xd", "13.0", "013", "", null].map((version): (typeof REFUSED)[number] => {
    return [`version ${version}`, 426, "UPGRADE_REQUIRED", { [VERSION]: version }];
  }),
  ["two versions", 426, "UPGRADE_REQUIRED", { [VERSION]: ["13", "8"] }],
  ["no key", 400, "INVALID_REQUEST", { "Sec-WebSocket-Key": null }],
  ["an empty key", 400, "INVALID_REQUEST", { "Sec-WebSocket-Key": "" }],
  ["a short key", 400, "INVALID_REQUEST", { "Sec-WebSocket-Key": "c2hvcnQ=" }],
  ["a key that is not base64", 400, "INVALID_REQUEST", { "Sec-WebSocket-Key": KEY.replace("d", "!") }],
  ["two keys", 400, "INVALID_REQUEST", { "Sec-WebSocket-Key": [KEY, KEY] }],
  ["no host", 400, "INVALID_REQUEST", { Host: null }],
  ["two hosts", 400, "INVALID_REQUEST", { Host: ["a", "b"] }],
  ["HTTP/1.0", 400, "INVALID_REQUEST", {}, "GET /live HTTP/1.0"],
  ["HTTP/2.0", 400, "INVALID_REQUEST", {}, "GET /live HTTP/2.0"],
  ["a body", 400, "INVALID_REQUEST", { "Content-Length": "5" }],
  ["a body of any length", 400, "INVALID_REQUEST", { "Transfer-Encoding": "chunked" }],
  ["subprotocols that are no list", 400, "INVALID_REQUEST", { [PROTOCOL]: "lineshaft.v1,," }],
  ["a header too long", 431, "HEADERS_TOO_LARGE", { "X-Long": "x".repeat(33_000) }],
  ["too many headers", 431, "HEADERS_TOO_LARGE", { "X-Many": Array(100).fill("x") }],
  ["a URL too long", 414, "URL_TOO_LONG", {}, `GET /live?${"x".repeat(9_000)} HTTP/1.1`],
  ["a page of a stranger", 403, "ORIGIN_REFUSED", { Origin: "https://evil.example" }],
  ["a page without origin", 403, "ORIGIN_REFUSED", { Origin: "null" }],
  [
    "a stranger, named as drafts do",
    426,
    "UPGRADE_REQUIRED",
    { [VERSION]: "8", "Sec-WebSocket-Origin": "https://evil.example" },
  ],
];

const NOT_SOCKETS: readonly [name: string, status: number, headers: Headers, line?: string][] = [
  ["another path", 200, {}, "GET /posts/one HTTP/1.1"],
  ["a path below", 404, {}, "GET /live/ HTTP/1.1"],
  ["another method", 404, {}, "POST /live HTTP/1.1"],
  ["HEAD", 404, {}, "HEAD /live HTTP/1.1"],
  ["no Upgrade", 404, { Upgrade: null }],
  ["an Upgrade to something else", 404, { Upgrade: "h2c" }],
  ["no Connection", 404, { Connection: null }],
  ["a Connection that lacks Upgrade", 404, { Connection: "keep-alive" }],
];

const OPENED: readonly [name: string, headers: Headers, line?: string][] = [
  ["as it should be", {}],
  ["a query string", {}, "GET /live?token=x HTTP/1.1"],
  ["Connection with more in it", { Connection: "keep-alive, Upgrade" }],
  ["in other letters", { Upgrade: "WebSocket", Connection: "upgrade" }],
  ["several subprotocols", { [PROTOCOL]: "graphql-ws, lineshaft.v1, lineshaft.v2" }],
  ["several headers of subprotocols", { [PROTOCOL]: ["graphql-ws", "lineshaft.v1"] }],
  ["a page that a rule lets in", { Origin: ORIGIN }],
  ["12 compression", { [EXTENSIONS]: "permessage-deflate" }],
  ["13.1 compression without context", { [EXTENSIONS]: "permessage-deflate; client_no_context_takeover" }],
  [
    "13.3 compression with windows",
    { [EXTENSIONS]: "permessage-deflate; server_max_window_bits=9; client_max_window_bits" },
  ],
  ["13.7 several offers", { [EXTENSIONS]: ["permessage-deflate; server_max_window_bits=15", "permessage-deflate"] }],
  [
    "an offer with mistakes",
    { [EXTENSIONS]: "permessage-deflate; server_max_window_bits=99;; ,x-webkit-deflate-frame=" },
  ],
];

describe("sockets, from their handshake to their end", () => {
  let started: Started;
  let url: string;
  before(async () => {
    started = await startLiveApp({ bounds: { headersMs: 1_000 } });
    ({ url } = started.app);
  });
  after(() => started[Symbol.asyncDispose]());

  const answered = async (headers: Headers, line?: string) => {
    const client = new RawClient(url).send(handshake(headers, line));
    await client.until(() => client.head !== null, "an answer");
    return client;
  };
  const isWell = async () => {
    using client = await RawClient.open(url);
    await client.send(text(1)).untilAnswered(1);
  };
  const nobody = () => eventually(async () => (await started.metric(CONNECTIONS)) === 0, "the end of all sockets");

  for (const [name, status, code, headers, line] of REFUSED) {
    test(`refused: ${name}`, async () => {
      using client = await answered(headers, line);
      await client.untilOver();
      assert.deepEqual([client.status, codeOf(String(client.rest))], [status, code]);
      const upgrade = status === 426 ? ["13", "websocket", "close, upgrade"] : [undefined, undefined, "close"];
      assert.deepEqual(
        [VERSION, "upgrade", "connection"].map((each) => client.header(each)),
        upgrade,
      );
    });
  }

  for (const [name, status, headers, line] of NOT_SOCKETS) {
    test(`answered as any request: ${name}`, async () => {
      using client = await answered(headers, line);
      assert.equal(client.status, status);
    });
  }

  for (const [name, headers, line] of OPENED) {
    test(`opened, without extensions: ${name}`, async () => {
      using client = await answered(headers, line);
      const told = ["sec-websocket-accept", PROTOCOL, EXTENSIONS].map((each) => client.header(each));
      assert.deepEqual([client.status, ...told], [101, ACCEPT, "lineshaft.v1", undefined]);
      await client.send(text(1)).untilAnswered(1);
      client.send(frame(OPCODE.text, "\xca\x48\xcd", { rsv: 4 }));
      await client.until(() => client.closeCode === 1002, "refusal of a compressed message");
    });
  }

  for (const offered of [null, "graphql-ws", "Lineshaft.V1"]) {
    test(`opened and closed with 1002: the subprotocol ${offered}`, async () => {
      using client = await answered({ [PROTOCOL]: offered });
      client.send(text(1));
      await client.until(() => client.closeCode === 1002, "refusal");
      assert.deepEqual([client.header(PROTOCOL), client.messages], [undefined, []]);
    });
  }

  test("the key of the RFC gives the answer of the RFC", () => assert.equal(ACCEPT, "s3pPLMBiTxaQ9kYGzzhZRbK+xOo="));

  test("messages may come right behind the handshake, or all of it byte by byte", async () => {
    using packet = new RawClient(url).send(
      handshake(),
      text(1),
      frame(OPCODE.ping, "p"),
      text(2, 60_000),
      closeFrame(1000),
    );
    await packet.untilOver();
    assert.deepEqual(
      packet.messages.map(({ id }) => id),
      [1, 2],
    );
    assert.deepEqual([packet.of(OPCODE.pong), packet.closeCode], [["p"], 1000]);
    using bytes = new RawClient(url);
    await bytes.chop(Buffer.concat([Buffer.from(handshake()), text(1), closeFrame(1000)]), 1);
    await bytes.untilOver();
    assert.deepEqual([bytes.messages.map(({ id }) => id), bytes.closeCode], [[1], 1000]);
  });

  test("a connection that has had its answers may become a socket; one that waits for some is cut", async () => {
    using answered = new RawClient(url).send("GET /posts/one HTTP/1.1\r\nHost: a\r\n\r\n");
    await answered.until(() => String(answered.rest).includes('"views"'), "answer");
    answered.head = null;
    answered.rest = Buffer.alloc(0);
    await answered.send(handshake(), text(1)).untilAnswered(1);
    await started.client.query("begin; lock table site.gate");
    try {
      const slow = "GET /gated HTTP/1.1\r\nHost: a\r\n\r\n";
      const quick = "GET /posts/one HTTP/1.1\r\nHost: a\r\n\r\n";
      for (const before of [slow, slow + quick, quick + quick + slow]) {
        using waiting = new RawClient(url).send(before, handshake(), text(1));
        await waiting.untilOver();
        assert.ok(!waiting.head?.includes("101") && waiting.frames.length === 0);
      }
    } finally {
      await started.client.query("rollback");
    }
    await isWell();
  });

  test(`${HALF_OPEN} handshakes that stop in the middle are cut in time, and disturb nobody`, async () => {
    const halves = Array.from({ length: HALF_OPEN }, () => new RawClient(url).send(HALF));
    await isWell();
    for (const half of halves) await half.untilOver();
    assert.deepEqual(new Set(halves.map(({ status }) => status)), new Set([408]));
    for (const half of halves) half[Symbol.dispose]();
    await isWell();
  });

  test("who is gone in the middle of anything leaves nothing behind", async () => {
    const whole = Buffer.concat([
      Buffer.from(handshake()),
      frame(OPCODE.text, "{}", { fin: false }),
      text(1, 200),
      closeFrame(1000),
    ]);
    for (let length = 1; length < whole.length; length += 7) {
      using client = new RawClient(url).send(whole.subarray(0, length));
      await new Promise((resolve) => setImmediate(resolve));
      if (length % 2 === 0) client.socket.resetAndDestroy();
    }
    await nobody();
    await isWell();
  });

  test("a close that is not answered ends after two seconds; so does a side that stays open", async () => {
    using silent = await RawClient.open(url);
    using open = await RawClient.open(url);
    const startedAt = performance.now();
    silent.send(frame(OPCODE.binary, "x"), text(1));
    open.send(closeFrame(1000), text(1));
    await silent.until(() => silent.closeCode === 1003, "refusal");
    await open.until(() => open.closeCode === 1000, "answer");
    await nobody();
    await silent.untilOver();
    const tookMs = performance.now() - startedAt;
    assert.ok(tookMs > 1_500 && tookMs < 4_000, `it took ${tookMs} ms`);
    assert.deepEqual([silent.messages, open.messages], [[], []]);
  });

  test("a node that stops says 1001 to each, and waits for no handshake that stands still", async () => {
    await using own = await startLiveApp({ bounds: { drainMs: 500 } });
    using opened = await RawClient.open(own.app.url);
    using half = new RawClient(own.app.url).send(HALF);
    await opened.send(text(1)).untilAnswered(1);
    const stopped = own.app.stop();
    await opened.until(() => opened.closeCode === 1001, "end");
    opened.send(closeFrame(1001));
    await stopped;
    await Promise.all([opened.untilOver(), half.untilOver()]);
  });
});
