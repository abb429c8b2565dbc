/** What callers see over HTTP: where input comes from, every answer's status and headers, problems in every format. */
import assert from "node:assert/strict";
import { request as httpRequest } from "node:http";
import { after, before, describe, test } from "node:test";
import { brotliDecompressSync, gunzipSync } from "node:zlib";
import type { FieldError } from "../define/errors.ts";
import { createLog } from "../observe/log.ts";
import { startTestApp, type TestApp } from "../testkit/index.ts";
import { BODY_BYTES_MAX } from "./body.ts";
import { KINDS } from "./test/kinds-app.ts";

let app: TestApp;
const lines: string[] = [];
before(async () => {
  const log = createLog({ level: "info", readable: false, destination: { write: (line) => void lines.push(line) } });
  app = await startTestApp(KINDS, { log });
});
after(() => app.stop());

type Init = RequestInit & { readonly json?: unknown };

async function ask(path: string, { json, ...init }: Init = {}) {
  const body = json === undefined ? {} : { method: "POST", body: JSON.stringify(json) };
  const headers = { ...(json === undefined ? {} : { "content-type": "application/json" }), ...init.headers };
  const response = await fetch(app.url + path, { ...body, ...init, headers });
  const text = await response.text();
  const isJson = response.headers.get("content-type")?.includes("json");
  return { status: response.status, headers: response.headers, text, body: isJson && text ? JSON.parse(text) : null };
}

describe("input", () => {
  test("comes from path, query, header and cookie, typed", async () => {
    const path = "/parts/7/a%2Fb?flag=true&ratio=1.5e2&tags=x&tags=%F0%9F%98%80&at=2026-11-20T13:00:00%2B01:00";
    const { status, body } = await ask(path, { headers: { "x-tenant": "t", cookie: "theme=dark; other=1" } });
    assert.equal(status, 200);
    const at = "2026-11-20T12:00:00.000Z";
    const rest = { flag: true, ratio: 150, tags: ["x", "😀"], at, tenant: "t", theme: "dark" };
    assert.deepEqual(body, { id: 7, name: "a/b", ...rest });
  });

  test("that is left out is null in an answer, or its default", async () => {
    const { body } = await ask("/parts/7/x");
    const rest = { flag: null, ratio: null, tags: null, at: null, tenant: null };
    assert.deepEqual(body, { id: 7, name: "x", ...rest, theme: "light" });
  });

  test("that is wrong is told all at once, each with its part and pointer", async () => {
    const path = "/parts/x/aaaaaaaaaaaaaaaaaaaaaaaaa?flag=maybe&ratio=1e999&tags=toolong&at=yesterday&flagg=1";
    const { status, body, headers } = await ask(path, { headers: { cookie: "theme=blue" } });
    assert.equal(status, 422);
    assert.equal(headers.get("content-type"), "application/problem+json; charset=utf-8");
    assert.equal(body.code, "INVALID_INPUT");
    const found = body.errors.map((each: FieldError) => `${each.in}${each.pointer} ${each.rule}`).sort();
    const wanted = ["cookie/theme enum", "path/id type", "path/name maxLength", "query/at format", "query/flag type"];
    assert.deepEqual(found, [...wanted, "query/flagg unknown", "query/ratio type", "query/tags/0 maxLength"]);
    assert.match(body.errors.find((each: FieldError) => each.rule === "unknown").detail, /did you mean "flag"/);
  });

  test("in a header is read as UTF-8", async () => {
    const { body } = await ask("/parts/1/x", { headers: { "x-tenant": Buffer.from("Zoë").toString("latin1") } });
    assert.equal(body.tenant, "Zoë");
  });

  const bad: [what: string, json: unknown, errors: string[]][] = [
    ["unknown", { title: "a", titel: "b" }, ["/titel unknown"]],
    ["missing", {}, ["/title required"]],
    ["null", { title: null }, ["/title type"]],
    ["of another type", { title: { a: 1 } }, ["/title type"]],
    ["with NUL", { title: "a\u0000b" }, ["/title text"]],
    ["half a character", { title: "a\ud800" }, ["/title text"]],
    ["overlong", { title: "a".repeat(11) }, ["/title maxLength"]],
    ["a list", [1], [" type"]],
    ["a text", "x", [" type"]],
    ["nothing", null, [" type"]],
  ];
  for (const [what, json, errors] of bad) {
    test(`${what}: 422`, async () => {
      const { status, body } = await ask("/echo", { json });
      assert.equal(status, 422);
      assert.deepEqual(
        body.errors.map(({ pointer, rule }: FieldError) => `${pointer} ${rule}`),
        errors,
      );
    });
  }

  test("lengths are counted in code points", async () => {
    assert.deepEqual((await ask("/echo", { json: { title: "😀".repeat(10) } })).body, { title: "😀".repeat(10) });
    assert.equal((await ask("/echo", { json: { title: "😀".repeat(11) } })).status, 422);
    assert.equal((await ask("/echo", { json: { title: "e\u0301".repeat(10) } })).status, 422);
  });

  test("inside lists and objects has pointers to the place", async () => {
    const { body } = await ask("/nested", {
      json: {
        rows: [
          { title: "a", extra: null },
          { title: 1, extra: { count: "x" } },
        ],
      },
    });
    assert.deepEqual(body.errors.map(({ pointer }: FieldError) => pointer).sort(), [
      "/rows/1/extra/count",
      "/rows/1/title",
    ]);
  });
});

const BODIES: [
  what: string,
  body: string | Uint8Array<ArrayBuffer>,
  type: string | undefined,
  status: number,
  code?: string,
][] = [
  ["broken JSON", '{"title":', "application/json", 400, "INVALID_JSON"],
  ["a second value", '{"title":"a"}{}', "application/json", 400, "INVALID_JSON"],
  ["a prototype key", '{"title":"a","__proto__":{"x":1}}', "application/json", 400, "INVALID_JSON"],
  ["an escaped prototype key", '{"title":"a","\\u005f_proto__":{"x":1}}', "application/json", 400, "INVALID_JSON"],
  ["a constructor", '{"title":"a","constructor":{"prototype":{}}}', "application/json", 400, "INVALID_JSON"],
  ["broken UTF-8", new Uint8Array([0x7b, 0x22, 0xff, 0x22, 0x7d]), "application/json", 400, "INVALID_ENCODING"],
  [
    "very deep nesting",
    `{"title":${"[".repeat(400_000)}${"]".repeat(400_000)}}`,
    "application/json",
    422,
    "INVALID_INPUT",
  ],
  [
    "deep nesting with NUL",
    `{"title":${'["\\u0000",'.repeat(90_000)}1${"]".repeat(90_000)}}`,
    "application/json",
    422,
    "INVALID_INPUT",
  ],
  ["too much", `{"title":"${"a".repeat(BODY_BYTES_MAX)}"}`, "application/json", 413, "BODY_TOO_LARGE"],
  ["another type", "title=a", "application/x-www-form-urlencoded", 415, "UNSUPPORTED_MEDIA_TYPE"],
  ["another charset", '{"title":"a"}', "application/json; v=1; charset=latin1", 415, "UNSUPPORTED_MEDIA_TYPE"],
  ["a suffix type", '{"title":"a"}', "application/merge-patch+json;charset=UTF-8", 200],
  ["a byte order mark", '\ufeff{"title":"a"}', "application/json", 200],
];

describe("bodies", () => {
  for (const [what, body, type, status, code] of BODIES) {
    test(`${what}: ${status}`, async () => {
      const got = await ask("/echo", { method: "POST", body, headers: type ? { "content-type": type } : {} });
      assert.equal(got.status, status);
      assert.equal(got.body.code, code);
    });
  }

  test("compressed: 415 with what is taken", async () => {
    const headers = { "content-encoding": "gzip" };
    const { status, headers: got } = await ask("/echo", { json: { title: "a" }, headers });
    assert.equal(status, 415);
    assert.equal(got.get("accept-encoding"), "identity");
  });
});

describe("answers", () => {
  test("a query has an entity tag, and 304 without a body where it is known", async () => {
    const first = await ask("/parts/1/x");
    const tag = first.headers.get("etag")!;
    const again = await ask("/parts/1/x", { headers: { "if-none-match": `"a", ${tag}` } });
    assert.deepEqual([again.status, again.text, again.headers.get("etag")], [304, "", tag]);
    assert.equal((await ask("/parts/1/y", { headers: { "if-none-match": tag } })).status, 200);
    assert.equal((await ask("/echo", { json: { title: "a" } })).headers.get("etag"), null);
  });

  test("HEAD is GET without the body", async () => {
    const [get, head] = [await ask("/parts/1/x"), await ask("/parts/1/x", { method: "HEAD" })];
    assert.deepEqual([head.status, head.text], [200, ""]);
    for (const name of ["etag", "content-length", "content-type"])
      assert.equal(head.headers.get(name), get.headers.get(name));
  });

  test("OPTIONS tells the methods; another method gets 405 with them", async () => {
    const options = await ask("/things", { method: "OPTIONS" });
    assert.deepEqual([options.status, options.headers.get("allow")], [204, "GET, HEAD, POST, OPTIONS"]);
    const other = await ask("/things", { method: "PUT" });
    assert.deepEqual(
      [other.status, other.headers.get("allow"), other.body.code],
      [405, "GET, HEAD, POST, OPTIONS", "METHOD_NOT_ALLOWED"],
    );
    assert.equal((await ask("/health/live", { method: "DELETE" })).status, 405);
  });

  test("a type that is not accepted: 406; others pass", async () => {
    const { status, body } = await ask("/count", { headers: { accept: "text/html, application/json;q=0" } });
    assert.deepEqual([status, body.code], [406, "NOT_ACCEPTABLE"]);
    assert.equal((await ask("/count", { headers: { accept: "application/*;q=0.1" } })).status, 200);
    assert.equal((await ask("/feed", { headers: { accept: "application/rss+xml" } })).text, "<rss/>");
  });

  test("big ones are compressed as the caller likes, small ones are not", async () => {
    const bytes = (path: string, encoding: string) =>
      new Promise<{ encoding: string | undefined; vary: string | undefined; body: Buffer }>((resolve, reject) => {
        const headers = { "accept-encoding": encoding };
        const sent = httpRequest(app.url + path, { headers }, async (response) => {
          const { "content-encoding": used, vary } = response.headers;
          resolve({ encoding: used, vary, body: Buffer.concat(await response.toArray()) });
        });
        sent.on("error", reject).end();
      });
    const br = await bytes("/big?bytes=5000", "gzip, br");
    assert.equal(br.encoding, "br");
    assert.equal(JSON.parse(brotliDecompressSync(br.body).toString()).text.length, 5_000);
    const gzip = await bytes("/big?bytes=5000", "gzip;q=1, br;q=0");
    assert.equal(gzip.encoding, "gzip");
    assert.equal(gunzipSync(gzip.body).length, 5_011);
    assert.deepEqual((await bytes("/big?bytes=5000", "identity")).vary, "accept-encoding");
    assert.equal((await bytes("/big?bytes=100", "gzip, br")).encoding, undefined);
  });

  test("cookies and headers of a run go out, each cookie on its own", async () => {
    const { status, headers } = await ask("/cookies", { method: "POST" });
    assert.equal(status, 204);
    assert.deepEqual(headers.getSetCookie(), ["a=1; HttpOnly", "b=2"]);
    assert.equal(headers.get("x-own"), "yes");
  });

  test("request id and trace are the caller's where they are good, and ours else", async () => {
    const trace = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-00";
    const { headers } = await ask("/count", { headers: { "x-request-id": "abc-1", traceparent: trace } });
    assert.equal(headers.get("x-request-id"), "abc-1");
    const traced = await ask("/count", { headers: { traceparent: trace } });
    assert.equal(traced.headers.get("x-request-id"), "4bf92f3577b34da6a3ce929d0e0e4736");
    const other = await ask("/count", { headers: { "x-request-id": "a b<script>", traceparent: "00-zz" } });
    assert.match(other.headers.get("x-request-id")!, /^[0-9a-f]{32}$/);
  });
});

describe("problems", () => {
  for (const how of ["throw", "header", "output"]) {
    test(`a bug (${how}) is INTERNAL, and tells nothing`, async () => {
      const { status, body, text } = await ask(`/broken?how=${how}`);
      assert.deepEqual([status, body.code], [500, "INTERNAL"]);
      assert.deepEqual(Object.keys(body), ["type", "title", "status", "code", "requestId"]);
      assert.doesNotMatch(text, /hunter2|at |☃/);
    });
  }

  test("an address without a path leads to the API reference", async () => {
    const answer = await fetch(`${app.url}/`, { redirect: "manual" });
    assert.deepEqual([answer.status, answer.headers.get("location")], [302, "/docs"]);
  });

  test("over the limit: 429 with Retry-After", async () => {
    assert.equal((await ask("/rare", { method: "POST" })).status, 204);
    const { status, headers } = await ask("/rare", { method: "POST" });
    assert.deepEqual([status, headers.get("retry-after")], [429, "3600"]);
  });

  test("a service's own format serves its routes, and what lies below its prefix", async () => {
    const refused = await ask("/own/echo", { json: { title: 1, inner: null } });
    assert.deepEqual([refused.status, refused.body], [422, { oops: "INVALID_INPUT", fields: ["/title"] }]);
    assert.deepEqual((await ask("/own/nowhere")).body, { oops: "ROUTE_NOT_FOUND", fields: [] });
    assert.equal((await ask("/nowhere")).body.code, "ROUTE_NOT_FOUND");
  });

  test("a format that fails itself ends in the usual problem, not in silence", async () => {
    const { status, body } = await ask("/own/fail?how=explode");
    assert.deepEqual([status, body.code], [500, "INTERNAL"]);
    assert.deepEqual((await ask("/own/fail?how=well")).body, { oops: "TEAPOT", fields: [] });
  });

  test("unknown input of a service that ignores it never reaches run", async () => {
    const json = { title: "a", role: "admin", inner: { count: 1, more: 2 } };
    assert.deepEqual((await ask("/own/echo", { json })).body, { seen: { title: "a", inner: { count: 1 } } });
  });
});

describe("pages of other origins", () => {
  const origin = "https://app.example";

  test("may call by the service's rule, on answers, failures and preflights", async () => {
    for (const path of ["/own/fail?how=x", "/own/nowhere"]) {
      const { headers } = await ask(path, { headers: { origin } });
      assert.equal(headers.get("access-control-allow-origin"), origin);
      assert.equal(headers.get("access-control-allow-credentials"), "true");
      assert.match(headers.get("vary")!, /origin/);
    }
    const asked = { origin, "access-control-request-method": "POST", "access-control-request-headers": "content-type" };
    const { status, headers } = await ask("/own/echo", { method: "OPTIONS", headers: asked });
    assert.equal(status, 204);
    assert.equal(headers.get("access-control-allow-headers"), "content-type");
  });

  test("get no permission without one", async () => {
    const other = await ask("/own/fail?how=x", { headers: { origin: "https://evil.example" } });
    assert.equal(other.headers.get("access-control-allow-origin"), null);
    assert.equal((await ask("/count", { headers: { origin } })).headers.get("access-control-allow-origin"), null);
  });

  test("may not send cookies with a write, unless the rule lets them", async () => {
    const headers = { cookie: "a=1", origin };
    assert.equal((await ask("/echo", { json: { title: "a" }, headers })).body.code, "ORIGIN_REFUSED");
    assert.equal((await ask("/own/echo", { json: { title: "a", inner: null }, headers })).status, 200);
    const own = { cookie: "a=1", origin: app.url };
    assert.equal((await ask("/echo", { json: { title: "a" }, headers: own })).status, 200);
  });
});

test("no path parameter, query, body or password is in the log", async () => {
  await ask("/parts/1/path-secret?flag=query-secret", { headers: { cookie: "theme=cookie-secret" } });
  await ask("/echo", { json: { title: "a", password: "body-secret" } });
  await ask("/echo", {
    json: { title: 1, password: 5, body: "body-secret" },
    headers: { authorization: "Bearer b-secret" },
  });
  await ask("/nowhere/0123456789-token-secret");
  const text = lines.join("");
  assert.match(text, /"path":"\/parts\/:id\/:name"/);
  assert.doesNotMatch(text, /(?:path|query|cookie|body|b|token)-secret/);
});
