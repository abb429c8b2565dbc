/** Calls against a real app: every kind of input and answer, failures, positions, time, and what is tried again. */
import assert from "node:assert/strict";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { after, before, describe, test } from "node:test";
import { createClient, Problem } from "@lineshaft/client";
import * as accounts from "lineshaft/accounts";
import { poll, startTestApp, type TestApp } from "lineshaft/testkit";
import * as notes from "./notes.ts";

type Services = { notes: typeof notes; accounts: typeof accounts };

const problemOf = async (call: Promise<unknown>): Promise<Problem> => {
  const outcome = await call.catch((error: unknown) => error);
  assert.ok(outcome instanceof Problem, String(outcome));
  return outcome;
};

describe("calls of an app", () => {
  let app: TestApp;
  before(async () => {
    app = await startTestApp({ services: { accounts, notes } }, { settings: { relay: "auto" } });
  });
  after(() => app.stop());
  const open = (options: { token?: () => string | null } = {}) => createClient<Services>({ url: app.url, ...options });

  test("give what the types say: instants and 64-bit numbers are text", async () => {
    const client = open();
    const made = await client.notes.add({ board: "calls", title: "First", visits: "9007199254740993" });
    assert.equal(made.visits, "9007199254740993");
    assert.equal(new Date(made.at).toISOString(), made.at);
    assert.deepEqual(await client.notes.board({ board: "calls" }), [made]);
    assert.deepEqual(await client.notes.board({ board: "calls", size: 1 }), [made]);
  });

  test("bring every kind of input to its place, whatever characters it has", async () => {
    const client = open();
    const odd = 'é/?&#%+ "ü;=,';
    const asked = { one: odd, tags: [odd, "b"], count: -3, isOpen: false, renamed: odd, header: "né ü", cookie: odd };
    assert.deepEqual(await client.notes.echo({ path: odd, ...asked }), { path: odd, ...asked });
    const nothing = { one: null, count: null, isOpen: null, renamed: null, header: null, cookie: null };
    assert.deepEqual(await client.notes.echo({ path: "…", one: undefined }), { path: "…", tags: [], ...nothing });
    const when = "2026-02-01T12:00:00.000Z";
    const sent = { path: "a b", deep: { when, many: [{ size: "9007199254740993" }, { size: "1" }] } };
    const { size, ...rest } = await client.notes.post(sent);
    assert.equal(size, "9007199254740994");
    assert.deepEqual(rest, { path: "a b", when, next: { items: [1], next: null } });
  });

  test("take files and give them, with their types", async () => {
    const client = open();
    const odd = 'é/?&#%+ "ü;=,.txt';
    const file = new Blob([odd], { type: "text/plain" });
    const { key, ...told } = await client.notes.attach({ board: "a b", name: odd, tags: ["1", "2"] }, { file });
    assert.deepEqual(told, { size: file.size, name: odd, tags: ["1", "2"] });
    const back = await client.notes.attached({ key, name: odd });
    assert.deepEqual([await back.text(), back.type], [odd, "text/plain;charset=utf-8"]);
    const lie = new Blob([odd], { type: "image/png" });
    const refused = await problemOf(client.notes.attach({ board: "a", name: "b" }, { file: lie }));
    assert.equal(refused.code, "FILE_TYPE_MISMATCH");
    const gone = await problemOf(client.notes.attached({ key: "0".repeat(32), name: "b" }));
    assert.equal(gone.code, "NOT_FOUND");
  });

  test("give text as text, and nothing as undefined", async () => {
    const client = open();
    assert.equal(await client.notes.text(), "1,2");
    assert.equal(await client.notes.ping(), undefined);
    assert.equal(await client.notes.ping({}), undefined);
  });

  test("fail with the problem that the server tells", async () => {
    const client = open();
    await client.notes.add({ board: "calls", title: "Taken" });
    const taken = await problemOf(client.notes.add({ board: "calls", title: "Taken" }));
    assert.deepEqual([taken.code, taken.status, taken.title], ["TITLE_TAKEN", 409, "That title is taken"]);
    assert.equal(taken.detail, '"Taken" is there.');
    assert.equal(taken.message, taken.detail);
    assert.ok((taken.document as { note: string }).note);
    assert.ok(taken.requestId);
    const invalid = await problemOf(client.notes.add({ board: "calls", title: "" }));
    assert.equal(invalid.code, "INVALID_INPUT");
    assert.deepEqual([invalid.errors[0]?.in, invalid.errors[0]?.pointer], ["body", "/title"]);
    assert.equal((await problemOf(client.notes.remove({ id: "01a1f908-5438-72f6-9e7d-1f7d87279348" }))).status, 404);
  });

  test("never lead to another path than the endpoint's", async () => {
    for (const id of ["..", ".", ""]) {
      const refused = await problemOf(open().notes.remove({ id }));
      assert.deepEqual([refused.code, refused.errors[0]?.pointer], ["INVALID_INPUT", "/id"]);
    }
  });

  test("of an endpoint that the server does not have say so", async () => {
    const client = createClient<{ other: typeof notes }>({ url: app.url });
    assert.equal((await problemOf(client.other.ping())).code, "UNKNOWN_ENDPOINT");
  });

  test("carry the token of the moment", async () => {
    let token: string | null = null;
    const client = open({ token: () => token });
    assert.equal((await problemOf(client.notes.own())).code, "UNAUTHENTICATED");
    const signedUp = await client.accounts.signUp({ email: "ada@client.example", password: "correct horse battery" });
    token = (signedUp as { token: string }).token;
    assert.deepEqual(await client.notes.own(), { email: "ada@client.example" });
  });

  test("carry the newest position, so that they read what was written [QRY-3]", async () => {
    await poll(async () => (await app.fetch("/text")).headers.get("lineshaft-position"), { what: "a node that hears" });
    const sent: (string | null)[] = [];
    const told: (string | null)[] = [];
    const spied: typeof fetch = async (url, init) => {
      sent.push(new Headers(init?.headers).get("lineshaft-position"));
      const answer = await fetch(url, init);
      told.push(answer.headers.get("lineshaft-position"));
      return answer;
    };
    const client = createClient<Services>({ url: app.url, fetch: spied });
    for (let count = 0; count < 3; count++) {
      const { id } = await client.notes.add({ board: "positions", title: `Note ${count}` });
      assert.deepEqual((await client.notes.board({ board: "positions" })).at(-1)?.id, id);
    }
    const newest = sent.map((_, index) => told.slice(0, index).findLast((each) => each !== null) ?? null);
    assert.deepEqual(sent, newest);
    assert.match(sent.at(-1) ?? "", /^[0-9A-F]+\/[0-9A-F]+$/);
  });

  test("end when they are given up", async () => {
    const controller = new AbortController();
    const call = open().notes.board({ board: "calls" }, { signal: controller.signal });
    controller.abort();
    await assert.rejects(call, { name: "AbortError" });
    const hanging = createClient<Services>({ url: app.url, fetch: () => new Promise(() => {}) });
    const signal = AbortSignal.timeout(20);
    await assert.rejects(hanging.notes.board({ board: "calls" }, { signal }), { name: "TimeoutError" });
  });
});

describe("what is tried again", () => {
  type Answer = (request: IncomingMessage, response: ServerResponse) => void;

  /** A server that answers each request by the next of these; its log is what was asked. */
  async function serve(answers: readonly Answer[]) {
    const asked: string[] = [];
    const rest = [...answers];
    const server = createServer((request, response) => {
      asked.push(`${request.method} ${request.url}`);
      (rest.shift() ?? ((_, answer) => answer.end('{"email":"late"}')))(request, response);
    });
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
    const routes = { "notes.own": { route: "GET /own" }, "notes.ping": { route: "POST /ping" } };
    const client = createClient<{ notes: typeof notes }>({ url, routes });
    const stop = () => {
      server.closeAllConnections();
      return new Promise((resolve) => server.close(resolve));
    };
    return { client, asked, [Symbol.asyncDispose]: async () => void (await stop()) };
  }
  const cut: Answer = (request) => request.socket.destroy();
  const unavailable =
    (retryAfter: string | null): Answer =>
    (_, response) => {
      response.writeHead(503, retryAfter === null ? {} : { "retry-after": retryAfter });
      response.end('{"code":"SHUTTING_DOWN","status":503,"title":"This node is stopping"}');
    };

  test("a read, when the network fails or the server says when to come back", async () => {
    await using server = await serve([cut, unavailable("0")]);
    assert.deepEqual(await server.client.notes.own(), { email: "late" });
    assert.equal(server.asked.length, 3);
  });

  test("a read, but not for ever", async () => {
    await using server = await serve([cut, cut, cut]);
    assert.equal((await problemOf(server.client.notes.own())).code, "UNREACHABLE");
    assert.equal(server.asked.length, 3);
  });

  test("nothing that the server did not ask for, nor in a long time", async () => {
    for (const retryAfter of [null, "3600"]) {
      await using server = await serve([unavailable(retryAfter)]);
      const { code, retryAfterSeconds } = await problemOf(server.client.notes.own());
      assert.deepEqual([code, retryAfterSeconds], ["SHUTTING_DOWN", retryAfter === null ? undefined : 3_600]);
      assert.equal(server.asked.length, 1);
    }
  });

  test("never a command", async () => {
    for (const answer of [cut, unavailable("0")]) {
      await using server = await serve([answer]);
      await problemOf(server.client.notes.ping());
      assert.deepEqual(server.asked, ["POST /ping"]);
    }
  });

  test("nothing that was given up", async () => {
    const controller = new AbortController();
    await using server = await serve([() => controller.abort()]);
    const call = server.client.notes.own({}, { signal: controller.signal });
    await assert.rejects(call, { name: "AbortError" });
    assert.equal(server.asked.length, 1);
  });

  test("all tries together have one time", async () => {
    await using server = await serve([() => {}]);
    assert.equal((await problemOf(server.client.notes.own({}, { timeoutMs: 50 }))).code, "TIMEOUT");
    assert.equal(server.asked.length, 1);
  });

  test("an answer that is not understood says what it was", async () => {
    await using server = await serve([(_, response) => response.end("<html>")]);
    assert.equal((await problemOf(server.client.notes.own())).code, "UNREADABLE");
    await using proxy = await serve([(_, response) => response.writeHead(502).end("<html>bad gateway")]);
    const { code, status, document } = await problemOf(proxy.client.notes.own());
    assert.deepEqual([code, status, document], ["UNREADABLE", 502, "<html>bad gateway"]);
  });
});
