/** What comes at a bad moment, on real sockets: between a question and its connection, a refusal and its repetition. */
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { createClient, type Problem } from "@lineshaft/client";
import { poll } from "lineshaft/testkit";
import { IDLE_MS, PAUSE_MS_MAX } from "../src/live.ts";
import type * as notes from "./notes.ts";
import { type Line, WireServer } from "./wire-server.ts";

const routes = {
  "notes.board": { route: "GET /boards/:board/notes" },
  "notes.remove": { route: "DELETE /notes/:id" },
  "notes.desk": { channel: "/boards/:board/desk" },
};
const HERE = { status: "here" } as const;
const AWAY = { status: "away" } as const;
const FORBIDDEN = { code: "FORBIDDEN", status: 403, title: "Not allowed" };
const UNAUTHENTICATED = { code: "UNAUTHENTICATED", status: 401, title: "Sign in first" };
const INVALID = { code: "INVALID_INPUT", status: 422, title: "The input is not valid" };
const BUSY = { code: "DATABASE_BUSY", status: 503, title: "All database connections are in use" };
const ada = { key: "a.1", member: { name: "Ada" }, state: HERE };

/** A server, a client of it, and the problems that it told, in order. */
async function stage(options: { readonly token?: () => string | Promise<string> } = {}) {
  const server = await WireServer.start();
  server.calls.set("DELETE /notes/1", async () => ({ status: 200, body: null }));
  const client = createClient<{ notes: typeof notes }>({ url: server.url, routes, ...options });
  const told: string[] = [];
  const onProblem = ({ code }: Problem) => void told.push(code);
  const watch = (board = "a") => client.notes.board.subscribe({ board }, () => {}, { onProblem });
  const close = async () => {
    client.$close();
    await server[Symbol.asyncDispose]();
  };
  return { server, client, told, watch, [Symbol.asyncDispose]: close };
}

/** Tokens that come when the test says so. */
function tokens() {
  const asked: ((token: string) => void)[] = [];
  return { asked, token: () => new Promise<string>((resolve) => void asked.push(resolve)) };
}

/** Waits without timers, which the test has stopped. */
async function untilNow(isSo: () => boolean): Promise<void> {
  const giveUpMs = Date.now() + 5_000;
  while (!isSo()) {
    assert.ok(Date.now() < giveUpMs, "it did not happen in 5 s");
    await new Promise((resolve) => setImmediate(resolve));
  }
}

async function takesNow(line: Line, type: string) {
  await untilNow(() => line.rest.length > 0);
  return line.takes(type);
}

describe("a question", () => {
  test("that ended, and is let go and asked anew in one breath, is asked", async () => {
    await using at = await stage();
    const stop = at.watch();
    const line = await at.server.line();
    await line.takes("subscribe");
    line.says({ type: "problem", id: 1, problem: FORBIDDEN });
    await poll(() => at.told.length === 1);
    stop();
    at.watch();
    assert.equal((await line.takes("subscribe")).id, 2);
  });

  test("to be asked again later is not when all has ended meanwhile", async (context) => {
    await using at = await stage();
    at.watch();
    const line = await at.server.line();
    await line.takes("subscribe");
    context.mock.timers.enable({ apis: ["setTimeout"] });
    line.says({ type: "problem", id: 1, problem: BUSY });
    line.says({ type: "problem", problem: UNAUTHENTICATED });
    line.closes(1008);
    await untilNow(() => at.told.length === 1);
    context.mock.timers.tick(PAUSE_MS_MAX);
    assert.equal(at.client.notes.board.watch({ board: "a" }).state().status, "problem");
  });

  test("to be asked again later is not when a new connection has asked it", async (context) => {
    await using at = await stage();
    at.watch();
    const first = await at.server.line();
    await first.takes("subscribe");
    context.mock.timers.enable({ apis: ["setTimeout"] });
    const random = context.mock.method(Math, "random", () => 1);
    first.says({ type: "problem", id: 1, problem: BUSY });
    await untilNow(() => random.mock.callCount() === 1);
    random.mock.mockImplementation(() => 0);
    first.breaks();
    await untilNow(() => random.mock.callCount() === 2);
    context.mock.timers.tick(1);
    await untilNow(() => at.server.lines.length === 2);
    const second = at.server.lines[1]!;
    await takesNow(second, "subscribe");
    context.mock.timers.tick(PAUSE_MS_MAX);
    at.watch("b");
    assert.equal((await takesNow(second, "subscribe"))["path"], "/boards/b/notes", "and nothing before");
  });
});

describe("a token", () => {
  test("that came before a restart is asked for again", async () => {
    const { asked, token } = tokens();
    await using at = await stage({ token });
    at.watch();
    await poll(() => asked.length === 1);
    at.client.$restart();
    asked[0]!("old");
    await poll(() => asked.length === 2);
    asked[1]!("new");
    assert.equal((await (await at.server.line()).takes("hello"))["token"], "new");
  });

  test("that fails after a restart is asked for again, for those of the restart", async () => {
    const asked: { resolve: (token: string) => void; reject: (why: Error) => void }[] = [];
    const token = () => new Promise<string>((resolve, reject) => void asked.push({ resolve, reject }));
    await using at = await stage({ token });
    at.watch();
    await poll(() => asked.length === 1);
    at.client.$restart();
    asked[0]!.reject(new TypeError("fetch failed"));
    await poll(() => asked.length === 2);
    asked[1]!.resolve("new");
    assert.equal((await (await at.server.line()).takes("hello"))["token"], "new");
    assert.deepEqual(at.told, []);
  });

  test("that cannot be had leaves nothing to connect for", async () => {
    const tokens = [async () => "ada"];
    const none = async () => Promise.reject(new TypeError("fetch failed"));
    await using at = await stage({ token: () => (tokens.shift() ?? none)() });
    at.watch();
    (await at.server.line()).breaks();
    await poll(() => at.told.length === 1 && at.client.$connection.state() === "idle");
  });

  test("that comes when nobody wants a connection any more makes none", async (context) => {
    const { asked, token } = tokens();
    await using at = await stage({ token });
    const stop = at.watch();
    await poll(() => asked.length === 1);
    context.mock.timers.enable({ apis: ["setTimeout"] });
    stop();
    await untilNow(() => at.client.$connection.state() === "idle");
    context.mock.timers.tick(IDLE_MS);
    context.mock.timers.reset();
    asked[0]!("old");
    await new Promise((resolve) => setImmediate(resolve));
    at.watch("b");
    await poll(() => asked.length === 2);
    assert.equal(at.server.lines.length, 0);
  });

  test("that is new makes those go on that the old one ended, with the next call", async () => {
    let token = "old";
    await using at = await stage({ token: () => token });
    at.watch();
    const first = await at.server.line();
    await first.takes("hello");
    first.says({ type: "problem", problem: UNAUTHENTICATED });
    first.closes(1008);
    await poll(() => at.told.length === 1);
    token = "new";
    await at.client.notes.remove({ id: "1" });
    const second = await at.server.line();
    assert.equal((await second.takes("hello"))["token"], "new");
    await second.takes("subscribe");
  });

  test("that changes while the connection is away goes on with nobody else's answer", async () => {
    let token = "ada";
    await using at = await stage({ token: () => token });
    const { state, subscribe } = at.client.notes.board.watch({ board: "a" });
    subscribe(() => {});
    const first = await at.server.line();
    await first.takes("hello");
    await first.takes("subscribe");
    first.says({ type: "answer", id: 1, position: "0/A", body: [] });
    await poll(() => state().status === "data");
    token = "grace";
    first.breaks();
    const second = await at.server.line();
    assert.equal((await second.takes("hello"))["token"], "grace");
    assert.equal((await second.takes("subscribe"))["position"], undefined);
    assert.equal(state().status, "loading");
  });
});

test("a token that cannot be had for the moment ends what is not shown yet; what is shown goes on later", async () => {
  let isAway = false;
  let asked = 0;
  const token = async () => {
    asked++;
    if (isAway) throw new TypeError("fetch failed");
    return "ada";
  };
  await using at = await stage({ token });
  const { state, subscribe } = at.client.notes.board.watch({ board: "a" });
  subscribe(() => {});
  const first = await at.server.line();
  await first.takes("hello");
  await first.takes("subscribe");
  first.says({ type: "answer", id: 1, position: "0/A", body: [] });
  await poll(() => state().status === "data");
  isAway = true;
  first.breaks();
  await poll(() => asked >= 3);
  at.watch("b");
  await poll(() => at.told.length === 1);
  assert.deepEqual([state().status, at.client.$connection.state()], ["data", "reconnecting"]);
  isAway = false;
  const second = await at.server.line();
  await second.takes("hello");
  const { position, path } = await second.takes("subscribe");
  assert.deepEqual([path, position], ["/boards/a/notes", "0/A"]);
});

test("a state told behind one that is refused is that of the next join, once it is shown", async () => {
  await using at = await stage();
  const onRefused = ({ code }: Problem) => void at.told.push(code);
  const membership = at.client.notes.desk.join({ board: "a" }, { state: HERE, onRefused });
  const line = await at.server.line();
  await line.takes("join");
  line.says({ type: "joined", id: 1, key: "a.1", members: [ada] });
  await poll(() => membership.state().status === "joined");
  membership.set({ mood: 1 } as never);
  membership.set(AWAY);
  for (const _ of "ab") await line.takes("state");
  line.says({ type: "refused", id: 1, what: "state", problem: INVALID });
  line.says({ type: "presence", id: 1, in: [{ ...ada, state: AWAY }], out: [] });
  await poll(() => membership.state().members[0]?.state.status === "away");
  line.breaks();
  assert.deepEqual((await (await at.server.line()).takes("join"))["state"], AWAY);
});
