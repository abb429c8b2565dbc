/** Kept answers on the wire: the same as those that were worked out, whoever asks, however often. */
import assert from "node:assert/strict";
import { once } from "node:events";
import { type IncomingHttpHeaders, type IncomingMessage, request } from "node:http";
import { buffer } from "node:stream/consumers";
import { after, before, describe, test } from "node:test";
import { brotliDecompressSync, gunzipSync } from "node:zlib";
import { entity } from "../define/entity.ts";
import { field } from "../define/field.ts";
import { service } from "../define/service.ts";
import { list } from "../define/shape.ts";
import { poll, startTestApp, type TestApp } from "../testkit/index.ts";
import { KnownUrls, URL_CHARS_KNOWN_MAX, URLS_MAX } from "./known-urls.ts";
import type { Route } from "./routes.ts";

class Post extends entity("post", { id: field.serial(), text: field.text() }) {}
const site = service("site", { entities: { Post }, actor: "anyone" });

const runs = { posts: 0, limited: 0 };

const posts = site.query("GET /posts", {
  input: { least: field.integer().default(0) },
  output: list(Post),
  async run({ db, input }) {
    runs.posts++;
    return db.selectFrom("post").selectAll().where("id", ">=", input.least).orderBy("id").execute();
  },
});
const limited = site.query("GET /limited", {
  limit: { per: "all", rate: "3/minute" },
  output: { count: field.integer() },
  async run() {
    runs.limited++;
    return { count: 1 };
  },
});
interface Reply {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly bytes: Buffer;
  readonly text: string;
}

/** An answer as it comes, packed where it is. */
async function replyOf(url: string, method: string, headers: Record<string, string>): Promise<Reply> {
  const [response] = (await once(request(url, { method, headers }).end(), "response")) as [IncomingMessage];
  const bytes = await buffer(response);
  return { status: response.statusCode!, headers: response.headers, bytes, text: bytes.toString() };
}

/** Headers that differ from answer to answer. */
const OWN = new Set(["date", "x-request-id", "lineshaft-position"]);
const shared = ({ headers }: Reply) => Object.entries(headers).filter(([name]) => !OWN.has(name));

describe("kept answers", () => {
  let app: TestApp;
  before(async () => {
    app = await startTestApp({ services: { site: { site, posts, limited } } }, { settings: { relay: "auto" } });
    await app.fetch("/posts");
    await poll(() => app.cache!.isOn, { timeoutMs: 20_000, what: "the cache" });
  });
  after(() => app.stop());

  async function fill(text: string, count: number): Promise<void> {
    const client = await app.connect();
    await client.query("truncate site.post restart identity");
    await client.query("insert into site.post (text) select $1 from generate_series(1, $2)", [text, count]);
    await client.end();
    await poll(async () => (await ask("/posts?least=-1")).text.includes(text), { what: "what was written" });
  }

  const ask = (path: string, headers: Record<string, string> = {}, method = "GET") =>
    replyOf(app.url + path, method, headers);

  for (const [what, text, count] of [
    ["short", "brief", 2],
    ["long", "much of it", 200],
    ["not ASCII", "größer", 200],
  ] as const) {
    test(`are the same as the first, byte by byte: ${what}`, async () => {
      await fill(text, count);
      const before = runs.posts;
      const [first, second, third] = [await ask("/posts"), await ask("/posts"), await ask("/posts")];
      assert.ok(runs.posts - before <= 1);
      assert.equal(first.status, 200);
      assert.deepEqual(first.bytes, Buffer.from(JSON.stringify(JSON.parse(first.text))));
      for (const reply of [second, third]) {
        assert.deepEqual(reply.bytes, first.bytes);
        assert.deepEqual(shared(reply), shared(first));
      }
    });

    test(`come in every form that is asked for: ${what}`, async () => {
      await fill(text, count);
      const plain = await ask("/posts");
      for (let times = 0; times < 2; times++) {
        const head = await ask("/posts", {}, "HEAD");
        assert.deepEqual([head.status, head.bytes.length], [200, 0]);
        assert.equal(head.headers["content-length"], plain.headers["content-length"]);
        const same = await ask("/posts", { "if-none-match": plain.headers["etag"]! });
        assert.deepEqual([same.status, same.bytes.length], [304, 0]);
        for (const [encoding, decode] of [
          ["gzip", gunzipSync],
          ["br", brotliDecompressSync],
        ] as const) {
          const packed = await ask("/posts", { "accept-encoding": encoding });
          const isPacked = packed.headers["content-encoding"] === encoding;
          assert.equal(isPacked, count > 2);
          assert.deepEqual(isPacked ? decode(packed.bytes) : packed.bytes, plain.bytes);
        }
      }
    });
  }

  test("a URL that was asked before is refused all the same for what the caller does not take", async () => {
    await ask("/posts");
    assert.equal((await ask("/posts", { accept: "text/html" })).status, 406);
    assert.equal((await ask("/posts", { "lineshaft-position": "x" })).status, 400);
    assert.equal((await ask("/posts?most=3")).status, 422);
  });

  test("a URL that was asked before does not hide a body that cannot be read", async () => {
    const path = "/posts?least=-5";
    const headers = { "content-type": "text/plain", "content-length": "4" };
    const statusOf = async () => {
      const [response] = (await once(request(app.url + path, { headers }).end("none"), "response")) as [
        IncomingMessage,
      ];
      response.resume();
      return response.statusCode;
    };
    const before = await statusOf();
    for (let times = 0; times < 2; times++) assert.equal((await ask(path)).status, 200);
    assert.deepEqual([before, await statusOf()], [415, 415]);
  });

  test("a limit counts every request, also those whose answer is kept", async () => {
    const statuses = [];
    for (let times = 0; times < 4; times++) statuses.push((await ask("/limited")).status);
    assert.deepEqual(statuses, [200, 200, 200, 429]);
    assert.equal(runs.limited, 1);
  });
});

describe("known URLs", () => {
  const known = (question: string) => ({ route: {} as Route, params: {}, query: "", question });

  test("what is asked for stays, what is not goes, and there is an end to them", () => {
    const urls = new KnownUrls();
    urls.add("/hot", known("hot"));
    for (let number = 0; number < 5 * URLS_MAX; number++) {
      urls.add(`/${number}`, known("cold"));
      assert.equal(urls.get("/hot")?.question, "hot");
    }
    const left = Array.from({ length: 5 * URLS_MAX }, (_, number) => urls.get(`/${number}`)).filter(Boolean).length;
    assert.ok(left <= URLS_MAX, `${left} are known`);
    assert.equal(urls.get("/0"), undefined);
  });

  test("long ones are not known", () => {
    const urls = new KnownUrls();
    const url = `/${"x".repeat(URL_CHARS_KNOWN_MAX)}`;
    urls.add(url, known("long"));
    assert.equal(urls.get(url), undefined);
  });
});
