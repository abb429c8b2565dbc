/** Files over HTTP: what comes in is what goes out, whole and in part, and a browser runs nothing of it. */
import assert from "node:assert/strict";
import { readdir, readlink, rm, truncate } from "node:fs/promises";
import { after, before, describe, test } from "node:test";
import { newKey } from "../engines/files.ts";
import { poll } from "../testkit/index.ts";
import { filename } from "./download.ts";
import { attach, attached, GIF, openStand, PDF, PROGRAM, png, type Stand, sha256 } from "./test/files-stand.ts";
import { Wire } from "./test/wire.ts";

let at: Stand;
before(async () => {
  at = await openStand();
});
after(() => at[Symbol.asyncDispose]());

const get = (path: string, headers: Record<string, string> = {}) => at.app.fetch(path, { headers });
const any = (query: Record<string, string>) => get(`/any?${new URLSearchParams(query)}`);

describe("a download", () => {
  for (const [what, type, bytes] of [
    ["text", "text/plain", Buffer.from("hällo\n")],
    ["an empty text", "text/plain", Buffer.alloc(0)],
    ["a picture", "image/png", png()],
    ["a document", "application/pdf", PDF],
    ["large and of no kind", "application/octet-stream", Buffer.alloc(3_000_000, PROGRAM)],
  ] as const) {
    test(`gives back what went in: ${what}`, async () => {
      const note = await attached(at.app, { bytes, type, name: "a b.txt" });
      assert.deepEqual([note.type, note.size, note.sha256], [type, bytes.length, sha256(bytes)]);
      const response = await get(`/notes/${note.id}`);
      assert.equal(response.status, 200);
      assert.ok(bytes.equals(Buffer.from(await response.arrayBuffer())));
      const { date: _, connection: __, "keep-alive": ___, ...headers } = Object.fromEntries(response.headers);
      const { "x-request-id": ____, "lineshaft-position": _____, ...own } = headers;
      assert.deepEqual(own, {
        "accept-ranges": "bytes",
        "cache-control": "private, no-cache",
        "content-disposition": "attachment; filename=\"a b.txt\"; filename*=UTF-8''a%20b.txt",
        "content-length": String(bytes.length),
        "content-security-policy": "sandbox; default-src 'none'",
        "content-type": type === "text/plain" ? "text/plain; charset=utf-8" : type,
        etag: `"${sha256(bytes)}"`,
        "x-content-type-options": "nosniff",
      });
    });
  }

  test("has a head of its own, and an answer for who has it already", async () => {
    const note = await attached(at.app, { bytes: "0123456789", type: "text/plain" });
    const head = await at.app.fetch(`/notes/${note.id}`, { method: "HEAD" });
    assert.deepEqual([head.status, head.headers.get("content-length"), await head.text()], [200, "10", ""]);
    const tag = `"${sha256("0123456789")}"`;
    for (const known of [tag, `"x", W/${tag}`, "*"]) {
      const response = await get(`/notes/${note.id}`, { "if-none-match": known });
      assert.deepEqual([response.status, await response.text(), response.headers.get("etag")], [304, "", tag]);
    }
    assert.equal((await get(`/notes/${note.id}`, { "if-none-match": '"x"' })).status, 200);
  });

  test("is given whatever is accepted: who asks for a file takes it as it is", async () => {
    const note = await attached(at.app, { bytes: png(), type: "image/png" });
    for (const accept of ["image/avif,image/*", "text/html", "text/event-stream"]) {
      const response = await get(`/notes/${note.id}`, { accept });
      assert.deepEqual([response.status, response.headers.get("content-type")], [200, "image/png"]);
      await response.arrayBuffer();
    }
  });

  test("may be shown in a page only where nothing in it can run [FILE-2]", async () => {
    const svg = '<svg xmlns="http://www.w3.org/2000/svg"><script>alert(1)</script></svg>';
    for (const [type, bytes, shown] of [
      ["image/png", png(), "inline"],
      ["image/gif", GIF, "inline"],
      ["image/svg+xml", svg, "attachment"],
      ["text/html", "<script>alert(1)</script>", "attachment"],
      ["application/pdf", PDF, "attachment"],
    ] as const) {
      const { id } = await attached(at.app, { bytes, type });
      const response = await get(`/notes/${id}?inline=true`);
      assert.match(response.headers.get("content-disposition")!, new RegExp(`^${shown};`));
      assert.equal(response.headers.get("content-security-policy"), "sandbox; default-src 'none'");
    }
    // Neither is another type than the one that was found to be true.
    const { key } = await attached(at.app, { bytes: "<script>", type: "text/html" });
    const response = await any({ key, name: "a", type: "image/png" });
    assert.match(response.headers.get("content-disposition")!, /^attachment;/);
  });
});

describe("a part of a file", () => {
  const bytes = "0123456789";
  for (const [range, status, part] of [
    ["bytes=0-0", 206, "0"],
    ["bytes=2-4", 206, "234"],
    ["bytes=7-", 206, "789"],
    ["bytes=-3", 206, "789"],
    ["bytes=-99", 206, bytes],
    ["bytes=0-99999999999999999999", 206, bytes],
    ["bytes=10-", 416, null],
    ["bytes=-0", 416, null],
    ["bytes=99999999999999999999-", 416, null],
    ["bytes=4-2", 200, bytes],
    ["bytes=0-1,4-5", 200, bytes],
    ["bytes=-", 200, bytes],
    ["bytes=a-b", 200, bytes],
    ["bytes= 1-2", 200, bytes],
    ["lines=1-2", 200, bytes],
  ] as const) {
    test(`${range}: ${status}`, async () => {
      const { id } = await attached(at.app, { bytes, type: "text/plain" });
      const response = await get(`/notes/${id}`, { range });
      const text = await response.text();
      assert.equal(response.status, status);
      const told = response.headers.get("content-range");
      if (part === null) return assert.equal(told, "bytes */10");
      assert.deepEqual([text, response.headers.get("content-length")], [part, String(part.length)]);
      const first = bytes.indexOf(part);
      assert.equal(told, status === 206 ? `bytes ${first}-${first + part.length - 1}/10` : null);
    });
  }

  test("is given of this state only, and of nothing there is none", async () => {
    const { id } = await attached(at.app, { bytes, type: "text/plain" });
    const asked = async (condition: string) =>
      (await get(`/notes/${id}`, { range: "bytes=1-2", "if-range": condition })).status;
    assert.equal(await asked(`"${sha256(bytes)}"`), 206);
    assert.equal(await asked('"other"'), 200);
    assert.equal(await asked("Sat, 21 Nov 2026 00:00:00 GMT"), 200);
    const empty = await attached(at.app, { bytes: "", type: "text/plain" });
    assert.equal((await get(`/notes/${empty.id}`, { range: "bytes=0-" })).status, 416);
  });
});

describe("a caller who does not take a file to its end", {
  skip: process.platform === "linux" ? false : "no /proc",
}, () => {
  /** Files of the app that this process holds open. */
  async function held(folder: string): Promise<number> {
    const open = await readdir("/proc/self/fd");
    const paths = await Promise.all(open.map((each) => readlink(`/proc/self/fd/${each}`).catch(() => "")));
    return paths.filter((path) => path.startsWith(folder)).length;
  }

  for (const [what, leave] of [
    ["because he leaves", (wire: Wire) => wire.socket.destroy()],
    ["because he reads nothing", (wire: Wire) => wire.socket.pause()],
  ] as const) {
    test(`is let go, and the file with him: ${what}`, async () => {
      await using own = await openStand({ bounds: { socketIdleMs: 300 } });
      const bytes = Buffer.alloc(30_000_000, PROGRAM);
      const { id } = await attached(own.app, { bytes, type: "application/octet-stream" });
      using wire = new Wire(own.app.url);
      wire.send(`GET /notes/${id} HTTP/1.1\r\nHost: a\r\n\r\n`);
      await wire.until((received) => received.length > 100_000);
      assert.equal(await held(own.folder), 1);
      leave(wire);
      await poll(async () => (await held(own.folder)) === 0, { what: "the end of the file" });
    });
  }
});

describe("the name of a download", () => {
  for (const [name, plain, exact] of [
    ["a.txt", "a.txt", "a.txt"],
    ["Übergröße (1).pdf", "_bergr__e (1).pdf", "Übergröße (1).pdf"],
    ["😀 日本.png", "_ __.png", "😀 日本.png"],
    ['a"; filename="b.exe', "a_; filename=_b.exe", 'a"; filename="b.exe'],
    ["a\r\nSet-Cookie: b=1\r\n\r\n<html>", "aSet-Cookie: b=1<html>", "aSet-Cookie: b=1<html>"],
    ["../../etc/passwd", ".._.._etc_passwd", ".._.._etc_passwd"],
    ["C:\\boot.ini", "C:_boot.ini", "C:_boot.ini"],
    ["100%25 it's*.txt", "100_25 it's*.txt", "100%25 it's*.txt"],
    ["photo\u202egpj.exe", "photogpj.exe", "photogpj.exe"],
    ["a\u0000b\u0085c\u007f", "abc", "abc"],
    ["\ud800broken", "_broken", "\ufffdbroken"],
    ["", "file", "file"],
    ["\r\n", "file", "file"],
    ["x".repeat(5_000), "x".repeat(200), "x".repeat(200)],
  ] as const) {
    test(`is one value, whatever it is: ${JSON.stringify(name).slice(0, 40)}`, () => {
      const value = filename(name);
      assert.match(value, /^[\x20-\x7e]+$/);
      const [, first, second] = /^filename="([^"\\]*)"; filename\*=UTF-8''([\w.!~%-]*)$/.exec(value)!;
      assert.deepEqual([first, decodeURIComponent(second!)], [plain, exact]);
    });
  }

  test("ends no header, and is the name that came in", async () => {
    const name = 'b\r\nX-Evil: 1\r\n\r\n"é';
    const { id } = await attached(at.app, { bytes: "a", type: "text/plain", name });
    using wire = new Wire(at.app.url);
    const received = await wire.send(`GET /notes/${id} HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n`).untilEnd();
    assert.ok(!/^x-evil/im.test(received), received);
    assert.match(received, /filename\*=UTF-8''bX-Evil%3A%201%22%C3%A9\r\n/);
  });
});

describe("a query that names what is not there", () => {
  test("is a bug where it is no key, and says nothing of it", async () => {
    for (const key of ["../../../etc/passwd", "a", "A".repeat(32), "..%2f"]) {
      const response = await any({ key, name: "a" });
      assert.equal(response.status, 500);
      assert.equal(((await response.json()) as { code: string }).code, "INTERNAL");
    }
  });

  test("is a bug where its type would end the header", async () => {
    const { key } = await attached(at.app, { bytes: "a", type: "text/plain" });
    for (const type of ["text/html\r\nx-evil: 1", "html", "text/html\u00e9"]) {
      assert.equal((await any({ key, name: "a", type })).status, 500);
    }
  });

  test("gives 404 where no file has that key", async () => {
    assert.equal((await any({ key: newKey(), name: "a" })).status, 404);
  });

  test("gives 500 where somebody took the bytes away, or a part of them", async () => {
    for (const damage of [rm, (path: string) => truncate(path, 2)]) {
      const { id, key } = await attached(at.app, { bytes: "12345", type: "text/plain" });
      await damage((await at.stored()).find((path) => path.endsWith(key))!);
      const response = await get(`/notes/${id}`);
      assert.equal(response.status, 500);
    }
  });
});

describe("a file counts with its command", () => {
  const isStored = async (key: string) => (await at.stored()).some((path) => path.endsWith(key));

  test("one whose command fails leaves nothing [FILE-1]", async () => {
    const before = await at.stored();
    const rows = await at.rows();
    const response = await attach(at.app, { bytes: "gone", type: "text/plain", end: "fail" });
    assert.equal(response.status, 403);
    assert.deepEqual([await at.stored(), await at.rows()], [before, rows]);
  });

  test("one that nobody may send is not taken at all", async () => {
    using wire = new Wire(at.app.url);
    const head = "Host: a\r\nContent-Type: text/plain\r\nContent-Length: 1000000\r\nExpect: 100-continue\r\n";
    wire.send(`POST /rooms/closed/notes?name=a HTTP/1.1\r\n${head}Connection: close\r\n\r\n`);
    const received = await wire.untilEnd();
    assert.match(received, /^HTTP\/1\.1 403 /);
    assert.match(received, /The room is closed/);
  });

  test("one that its command lets go is gone after it", async () => {
    const { key, id } = await attached(at.app, { bytes: "dropped", type: "text/plain", end: "drop" });
    await poll(async () => !(await isStored(key)), { what: "the end of the bytes" });
    assert.ok(!(await at.rows()).includes(key));
    assert.equal((await get(`/notes/${id}`)).status, 404);
  });

  test("one that is removed is gone with the commit, and not before", async () => {
    const { key, id } = await attached(at.app, { bytes: "kept", type: "text/plain" });
    const remove = (end: string) => at.app.fetch(`/notes/${id}?end=${end}`, { method: "DELETE" });
    assert.equal((await remove("fail")).status, 403);
    assert.equal(await (await get(`/notes/${id}`)).text(), "kept");
    assert.equal((await remove("keep")).status, 204);
    assert.equal((await get(`/notes/${id}`)).status, 404);
    await poll(async () => !(await isStored(key)), { what: "the end of the bytes" });
    assert.ok(!(await at.rows()).includes(key));
  });

  test("where the answer to a commit is lost the bytes stay: its row may be there [FILE-1]", async () => {
    await using own = await openStand();
    const client = await own.app.connect();
    await client.query(`create function notes.die() returns trigger language plpgsql as
      $body$ begin perform pg_terminate_backend(pg_backend_pid()); return null; end $body$`);
    await client.query(`create constraint trigger die after insert on notes.note deferrable initially deferred
      for each row execute function notes.die()`);
    const response = await attach(own.app, { bytes: "lost?", type: "text/plain" }).finally(() => client.end());
    assert.equal(response.status, 503);
    assert.match(await response.text(), /may or may not have been made/);
    assert.equal((await own.stored()).length, 1);
  });

  test("an endpoint that takes no file has none, and says so", async () => {
    assert.equal((await at.app.fetch("/without", { method: "POST" })).status, 500);
    const call = at.app.declarations.endpoints.find(({ name }) => name === "notes.without")!.endpoint;
    await assert.rejects(at.app.call(call as never, {} as never), /POST \/without takes no file: declare upload/);
  });
});
