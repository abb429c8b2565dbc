/** What must not come in does not, is told why, and leaves nothing; what may come in takes no memory. */
import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { after, before, describe, test } from "node:test";
import { setImmediate as turn } from "node:timers/promises";
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { field } from "../define/field.ts";
import { service } from "../define/service.ts";
import { poll, startTestApp } from "../testkit/index.ts";
import { FILE_BYTES_MAX, TEXT_BYTES_MAX } from "./test/files-app.ts";
import { attach, attached, GIF, openStand, PDF, PROGRAM, png, type Sent, type Stand, ZIP } from "./test/files-stand.ts";
import { codeOf, statuses, Wire } from "./test/wire.ts";

let at: Stand;
before(async () => {
  at = await openStand();
});
after(() => at[Symbol.asyncDispose]());

/** Nothing is there that was not there before, bytes or rows. */
async function leavesNothing<T>(work: () => Promise<T>): Promise<T> {
  const [files, rows] = [await at.stored(), await at.rows()];
  const result = await work();
  await poll(async () => assert.deepEqual(await at.stored(), files) ?? true, { what: "the end of the bytes" });
  assert.deepEqual(await at.rows(), rows);
  return result;
}

describe("the type of a file", () => {
  for (const [what, sent] of [
    ["a type that is not taken", { bytes: "{}", type: "application/json" }],
    ["no type", { bytes: "a", type: null }],
    ["no type at all", { bytes: "a", type: "text" }],
    ["a type with nothing behind the slash", { bytes: png(), type: "image/" }],
    ["a type that could be markup", { bytes: "a", type: "text/<b>" }],
    ["a type in other letters", { bytes: "a", type: "text/\u00e4" }],
    ["several types", { bytes: "a", type: "text/html, text/plain" }],
    ["a type with a space in it", { bytes: "a", type: "text/ plain" }],
    ["a type that is very long", { bytes: "a", type: `text/${"x".repeat(128)}` }],
    ["text in another encoding", { bytes: "a", type: "text/plain; charset=iso-8859-1" }],
  ] as readonly (readonly [string, Sent])[]) {
    test(`is refused: ${what}`, async () => {
      const response = await leavesNothing(() => attach(at.app, sent));
      assert.equal(response.status, 415);
      assert.match(response.headers.get("accept")!, /^image\/\*, /);
    });
  }

  test("is refused where the file is packed", async () => {
    const headers = { "content-type": "text/plain", "content-encoding": "gzip" };
    const response = await leavesNothing(() => at.app.fetch("/texts", { method: "PUT", headers, body: "a" }));
    assert.equal(response.status, 415);
  });

  const long = Buffer.alloc(150_000, "ä");
  for (const [declared, bytes, found] of [
    ["image/jpeg", png(), "image/png"],
    ["image/png", GIF, "image/gif"],
    ["image/png", "<!doctype html><script>alert(1)</script>", "of no known type"],
    ["image/png", "", "nothing"],
    ["image/png", PROGRAM, "application/x-elf"],
    ["image/x-unheard-of", "anything", "of no known type"],
    ["application/pdf", ZIP, "application/zip"],
    ["application/pdf", "not %PDF-", "of no known type"],
    ["application/zip", PDF, "application/pdf"],
    ["video/mp4", png(), "image/png"],
    ["text/plain", png(), "not text in UTF-8"],
    ["text/plain", PDF, "application/pdf"],
    ["text/plain", "a\0b", "not text in UTF-8"],
    ["text/plain", Buffer.from([0xff, 0xfe, 0x61, 0x00]), "not text in UTF-8"],
    ["text/csv", Buffer.concat([long, Buffer.from([0xc3])]), "not text in UTF-8"],
    ["image/svg+xml", Buffer.from([0xff, 0x3c]), "not text in UTF-8"],
  ] as const) {
    test(`is no lie: ${declared} is ${found} [FILE-2]`, async () => {
      const response = await leavesNothing(() => attach(at.app, { bytes, type: declared }));
      const problem = (await response.json()) as Record<string, unknown>;
      assert.deepEqual([response.status, problem["code"]], [422, "FILE_TYPE_MISMATCH"]);
      assert.deepEqual([problem["declared"], problem["found"]], [declared, found]);
      assert.equal(problem["detail"], `The file is declared as ${declared}, but it is ${found}.`);
    });
  }

  for (const [declared, bytes, type = declared] of [
    ["IMAGE/PNG; q=1", png(), "image/png"],
    ["image/png", png(20_000)],
    ["image/png", png(500_000)],
    ["text/plain", "BM, MZ and PK: texts begin like this, too"],
    ["text/plain", long],
    ["text/plain;charset=UTF-8", "\ufeffhällo", "text/plain"],
    ["text/html", "<p>"],
    ["image/svg+xml", '<?xml version="1.0"?><svg xmlns="http://www.w3.org/2000/svg"/>'],
    ["application/zip", ZIP],
    ["application/octet-stream", png()],
    ["application/octet-stream", ""],
  ] as const) {
    test(`is taken: ${declared}`, async () => {
      const note = await attached(at.app, { bytes, type: declared });
      assert.deepEqual([note.type, note.size], [type, Buffer.byteLength(bytes)]);
    });
  }
});

test("a connection goes on after a file was refused in the middle of it", async () => {
  using wire = new Wire(at.app.url);
  const [first, rest] = ["\0".repeat(70_000), "a".repeat(90_000)];
  wire.send(putText(`Content-Length: ${first.length + rest.length}\r\n`, first));
  await wire.until((received) => received.includes("FILE_TYPE_MISMATCH"));
  wire.send(rest).send(putText("Content-Length: 5\r\n", "hello"));
  assert.deepEqual(statuses(await wire.until((received) => received.includes('"size":5'))), [422, 200]);
});

const HEAD = "Host: a\r\nContent-Type: text/plain\r\n";
const putText = (head: string, body = "") => `PUT /texts HTTP/1.1\r\n${HEAD}${head}\r\n${body}`;

describe("the size of a file", () => {
  test("may be the limit, and not one byte more", async () => {
    const put = async (size: number) => {
      const headers = { "content-type": "text/plain" };
      return at.app.fetch("/texts", { method: "PUT", headers, body: Buffer.alloc(size, "a") });
    };
    assert.equal((await put(TEXT_BYTES_MAX)).status, 200);
    const response = await leavesNothing(() => put(TEXT_BYTES_MAX + 1));
    assert.equal(response.status, 413);
    const { detail, maxBytes } = (await response.json()) as Record<string, unknown>;
    assert.equal(detail, `The limit of the file is ${TEXT_BYTES_MAX} bytes.`);
    assert.equal(maxBytes, TEXT_BYTES_MAX);
  });

  test("is refused before it comes, where it is told", async () => {
    using wire = new Wire(at.app.url);
    wire.send(putText(`Expect: 100-continue\r\nContent-Length: ${TEXT_BYTES_MAX + 1}\r\n`));
    assert.deepEqual(statuses(await wire.untilEnd()), [413]);
  });

  test("is asked for where the caller waits for that", async () => {
    using wire = new Wire(at.app.url);
    wire.send(putText("Expect: 100-continue\r\nContent-Length: 5\r\n"));
    await wire.until((received) => received.includes("100 Continue"));
    wire.send("hello");
    assert.deepEqual(statuses(await wire.until((received) => received.includes('"size":5'))), [100, 200]);
  });

  test("is counted where nobody tells it, and the answer comes while the caller still sends", async () => {
    using wire = new Wire(at.app.url);
    await leavesNothing(async () => {
      wire.send(putText("Transfer-Encoding: chunked\r\n"));
      const piece = `10000\r\n${"a".repeat(0x10000)}\r\n`;
      for (let sent = 0; sent < 2 * TEXT_BYTES_MAX && !wire.ended; sent += 0x10000) {
        wire.send(piece);
        await turn();
      }
      const received = await wire.untilEnd();
      assert.deepEqual([statuses(received), codeOf(received)], [[413], "BODY_TOO_LARGE"]);
      assert.match(received, /connection: close/i);
    });
  });

  test("may be nothing", async () => {
    using wire = new Wire(at.app.url);
    wire.send(putText("Content-Length: 0\r\n")).send(putText("Transfer-Encoding: chunked\r\n", "0\r\n\r\n"));
    wire.send(putText(""));
    const received = await wire.until((text) => statuses(text).length === 3);
    assert.deepEqual(statuses(received), [200, 200, 200]);
    assert.equal(received.match(/"size":0/g)?.length, 3);
  });
});

describe("a file that breaks off", () => {
  for (const [what, head, body] of [
    ["before its told length", "Content-Length: 1000\r\n", "a".repeat(999)],
    ["in a chunk", "Transfer-Encoding: chunked\r\n", "ff\r\naaaa"],
    ["between chunks", "Transfer-Encoding: chunked\r\n", "4\r\naaaa\r\n"],
  ] as const) {
    for (const way of ["end", "destroy"] as const) {
      test(`${what} leaves nothing (${way})`, async () => {
        const opened = at.app.metrics.fileBytes;
        const cameIn = async () => (await opened.get()).values.find(({ labels }) => labels.direction === "in")?.value;
        const before = (await cameIn()) ?? 0;
        await leavesNothing(async () => {
          using wire = new Wire(at.app.url);
          wire.send(putText(head, body));
          await poll(async () => (await at.stored()).some((path) => path.includes("incoming")), { what: "the file" });
          wire.socket[way]();
          await poll(async () => ((await cameIn()) ?? 0) > before, { what: "the end of the upload" });
        });
      });
    }
  }

  test("a caller that sends too slowly is cut", async () => {
    const slow = service("slow", { actor: "anyone" });
    const put = slow.command("PUT /texts", {
      upload: { max: 1_000, types: ["text/plain"] },
      output: { size: field.integer() },
      run: async ({ file }) => file,
    });
    await using app = await startTestApp(
      { services: { slow: { slow, put } } },
      { bounds: { headersMs: 400, requestMs: 500 } },
    );
    using wire = new Wire(app.url);
    wire.send(putText("Content-Length: 500\r\n"));
    const timer = setInterval(() => wire.send("a"), 20);
    const received = await wire.untilEnd().finally(() => clearInterval(timer));
    assert.deepEqual([statuses(received), codeOf(received)], [[408], "REQUEST_TIMEOUT"]);
  });
});

describe("many large files at once", () => {
  const [BYTES, FILES] = [50_000_000, 4];
  /** So much more than before may be in use, on both sides: less than a third of what passes. */
  const GROWTH_BYTES_MAX = 60_000_000;
  const piece = Buffer.alloc(65_536, PROGRAM);

  function endless(): ReadableStream {
    let left = BYTES;
    return new ReadableStream({
      type: "bytes",
      pull(controller) {
        if (left === 0) return controller.close();
        const size = Math.min(left, piece.length);
        left -= size;
        controller.enqueue(new Uint8Array(piece.subarray(0, size)));
      },
    });
  }

  /** The most memory beside the heap that is in use while something goes on: what is garbage does not count. */
  async function growth(work: () => Promise<unknown>): Promise<number> {
    setFlagsFromString("--expose-gc");
    const collect = runInNewContext("gc") as () => void;
    const used = () => {
      collect();
      // The first one leaves buffers to be freed beside it, which still count; the second waits for that.
      collect();
      return process.memoryUsage().arrayBuffers;
    };
    const before = used();
    let most = before;
    const timer = setInterval(() => (most = Math.max(most, used())), 500);
    await work().finally(() => clearInterval(timer));
    return most - before;
  }

  test("come and go piece by piece", { timeout: 120_000 }, async (context) => {
    assert.ok(BYTES < FILE_BYTES_MAX);
    const all = Array.from({ length: FILES });
    let ids: readonly string[] = [];
    const up = await growth(async () => {
      const type = "application/octet-stream";
      ids = await Promise.all(all.map(async () => (await attached(at.app, { bytes: endless(), type })).id));
    });
    const hash = createHash("sha256");
    for (let left = BYTES; left > 0; left -= piece.length) hash.update(piece.subarray(0, Math.min(left, piece.length)));
    const wanted = hash.digest("hex");
    const down = await growth(async () => {
      const hashes = await Promise.all(ids.map((id) => hashOf(`/notes/${id}`)));
      assert.deepEqual(
        hashes,
        all.map(() => wanted),
      );
    });
    context.diagnostic(`${FILES} files of ${BYTES} bytes: ${up} bytes more in memory up, ${down} down`);
    assert.ok(Math.max(up, down) < GROWTH_BYTES_MAX, `${up} and ${down} bytes; the limit is ${GROWTH_BYTES_MAX}`);
  });

  async function hashOf(path: string): Promise<string> {
    const hash = createHash("sha256");
    const { body } = await at.app.fetch(path);
    for await (const part of body!) hash.update(part as Uint8Array);
    return hash.digest("hex");
  }
});

test("a command that is repeated takes its file once", async () => {
  const counting = service("counting", { actor: "anyone" });
  let runs = 0;
  const put = counting.command("PUT /counted", {
    upload: { max: 1_000, types: ["text/plain"] },
    output: { key: field.text() },
    async run({ file, db }) {
      runs++;
      // All read what all change: only one of those that overlap can commit.
      await db.executeQuery(compiled("select count(*) from lineshaft.file"));
      return file;
    },
  });
  const compiled = (sql: string) => ({ sql, parameters: [], query: { kind: "RawNode" }, queryId: {} }) as never;
  await using app = await startTestApp({ services: { counting: { counting, put } } });
  const send = () => app.fetch("/counted", { method: "PUT", headers: { "content-type": "text/plain" }, body: "a" });
  const answers = await Promise.all(Array.from({ length: 12 }, send));
  assert.deepEqual(new Set(answers.map(({ status }) => status)), new Set([200]));
  const keys = await Promise.all(answers.map(async (each) => ((await each.json()) as { key: string }).key));
  assert.ok(runs > keys.length, `${runs} runs: nothing was repeated`);
  assert.equal((await app.metrics.filesStored.get()).values[0]!.value, keys.length);
  const client = await app.connect();
  const { rows } = await client.query("select key from lineshaft.file order by key").finally(() => client.end());
  assert.deepEqual(
    rows.map(({ key }) => key),
    keys.toSorted(),
  );
});
