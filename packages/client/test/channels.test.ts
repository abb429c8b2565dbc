/** Channels on real sockets, against a server that the test plays by the wire protocol and its vectors. */
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { describe, test } from "node:test";
import { createClient, type Membership, type Problem } from "@lineshaft/client";
import { poll } from "lineshaft/testkit";
import { REPEAT_MS } from "../src/channel.ts";
import type * as notes from "./notes.ts";
import { WireServer } from "./wire-server.ts";

interface Present {
  readonly key: string;
  readonly member?: object;
  readonly state?: object;
}
interface Vectors {
  readonly channels: readonly {
    readonly name: string;
    readonly received: readonly { readonly type: string; readonly id: number }[];
    readonly key?: string;
    readonly members: readonly Present[];
    readonly messages?: readonly { readonly from?: Present }[];
    readonly refused?: readonly string[];
    readonly problem?: string;
  }[];
}
const VECTORS = new URL("../../../docs/wire-protocol.vectors.json", import.meta.url);
const vectors: Vectors = JSON.parse(readFileSync(VECTORS, "utf8"));

const routes = {
  "notes.desk": { channel: "/boards/:board/desk", from: { seat: "query s" } },
  "notes.lobby": { channel: "/lobby" },
  "notes.board": { route: "GET /boards/:board/notes" },
  "notes.ping": { route: "POST /ping" },
};
const HERE = { status: "here" } as const;
const AWAY = { status: "away" } as const;
const FORBIDDEN = { code: "FORBIDDEN", status: 403, title: "Not allowed" };
const BUSY = { code: "DATABASE_BUSY", status: 503, title: "All database connections are in use" };
const OFTEN = { code: "RATE_LIMITED", status: 429, title: "Too many requests" };

const ada = { key: "a.1", member: { name: "Ada" }, state: HERE };
const joined = (...members: readonly Present[]) => ({ type: "joined", id: 1, key: "a.1", members });

/** A server, a client of it, and what its memberships were told, in order. */
async function stage(options: { readonly token?: () => string | null } = {}) {
  const server = await WireServer.start();
  const client = createClient<{ notes: typeof notes }>({ url: server.url, routes, ...options });
  const told: unknown[] = [];
  const hooks = {
    onMessage: (message: object) => void told.push(message),
    onRefused: ({ code }: Problem) => void told.push(`refused: ${code}`),
    onProblem: ({ code }: Problem) => void told.push(code),
  };
  const join = (board = "a") => client.notes.desk.join({ board }, { state: HERE, ...hooks });
  const close = async () => {
    client.$close();
    await server[Symbol.asyncDispose]();
  };
  return { server, client, told, hooks, join, [Symbol.asyncDispose]: close };
}

/** Somebody who has joined, alone. */
async function desk(options?: Parameters<typeof stage>[0]) {
  const at = await stage(options);
  const membership = at.join();
  const line = await at.server.line();
  if (options?.token) await line.takes("hello");
  await line.takes("join");
  line.says(joined(ada));
  await shows(membership, "a.1");
  return { ...at, membership, line };
}

const shows = (membership: Pick<Membership<unknown, unknown, unknown>, "state">, ...keys: readonly string[]) =>
  poll(() => {
    assert.deepEqual(
      membership.state().members.map(({ key }) => key),
      keys,
    );
    return true;
  });

const equals = (read: () => unknown, wanted: unknown) =>
  poll(() => {
    assert.deepEqual(read(), wanted);
    return true;
  });

/** What is not declared is an empty object for the page. */
const whole = (present: Present) => ({ member: {}, state: {}, ...present });

describe("what the server says of a channel", () => {
  for (const { name, received, key, members, messages = [], refused = [], problem } of vectors.channels) {
    test(name, async () => {
      await using at = await stage();
      const membership = at.join();
      const line = await at.server.line();
      await line.takes("join");
      for (const message of received) line.says(message);
      line.says({ type: "message", id: 1, name: "typing", payload: {} });
      const last = problem ?? { name: "typing", payload: {} };
      const heard = messages.map(({ from, ...message }) =>
        from ? { ...message, from: { member: {}, ...from } } : message,
      );
      await equals(() => at.told, [...heard, ...refused.map((code) => `refused: ${code}`), last]);
      const state = membership.state();
      assert.equal(state.status, problem === undefined ? "joined" : "problem");
      assert.deepEqual([state.key, state.problem?.code, state.members], [key, problem, members.map(whole)]);
    });
  }
});

describe("a membership", () => {
  test("joins at its path with its state, speaks, and leaves", async () => {
    await using at = await stage();
    const membership = at.client.notes.desk.join({ board: "a/b", seat: 2 }, { state: { ...HERE, mood: undefined } });
    assert.equal(membership.state().status, "joining");
    assert.equal(membership.send("typing"), false, "nothing is kept for later");
    const line = await at.server.line();
    assert.deepEqual(await line.takes("join"), { type: "join", id: 1, path: "/boards/a%2Fb/desk?s=2", state: HERE });
    assert.equal(membership.send("typing"), false, "not joined yet");
    line.says(joined(ada));
    await shows(membership, "a.1");
    assert.equal(membership.state(), membership.state());
    assert.ok(membership.send("typing"));
    assert.ok(membership.send("moved", { x: 1 }));
    membership.set(AWAY);
    assert.deepEqual(await line.takes("send"), { type: "send", id: 1, name: "typing", payload: {} });
    assert.deepEqual(await line.takes("send"), { type: "send", id: 1, name: "moved", payload: { x: 1 } });
    assert.deepEqual(await line.takes("state"), { type: "state", id: 1, state: AWAY });
    membership.leave();
    assert.equal((await line.takes("unsubscribe")).id, 1);
    assert.equal(membership.send("typing"), false);
    membership.set(HERE);
    await poll(() => line.isOver, { what: "a connection that nobody needs is let go" });
    assert.deepEqual(line.rest, []);
  });

  test("needs neither input nor state where there is none", async () => {
    await using at = await stage();
    at.client.notes.lobby.join();
    assert.deepEqual(await (await at.server.line()).takes("join"), { type: "join", id: 1, path: "/lobby" });
  });

  test("has its own number, also for the same input, among those of questions", async () => {
    await using at = await stage();
    const stop = at.client.notes.board.subscribe({ board: "a" }, () => {});
    const one = at.join();
    at.join();
    const line = await at.server.line();
    assert.equal((await line.takes("subscribe")).id, 1);
    assert.equal((await line.takes("join")).id, 2);
    assert.equal((await line.takes("join")).id, 3);
    line.says({ ...joined({ ...ada, key: "a.2" }), key: "a.2", id: 2 });
    await equals(() => one.state().key, "a.2");
    one.leave();
    stop();
    assert.equal((await line.takes("unsubscribe")).id, 2);
    assert.equal((await line.takes("unsubscribe")).id, 1);
    assert.equal(at.server.lines.length, 1);
  });

  test("that is left before it began, or never wanted, says nothing", async () => {
    await using at = await stage();
    at.join().leave();
    at.client.notes.desk.join({ board: "a" }, { state: HERE, signal: AbortSignal.abort() });
    const controller = new AbortController();
    at.client.notes.desk.join({ board: "b" }, { state: HERE, signal: controller.signal });
    const line = await at.server.line();
    assert.equal((await line.takes("join"))["path"], "/boards/b/desk");
    controller.abort();
    await line.takes("unsubscribe");
    assert.deepEqual(line.rest, []);
  });

  test("of a channel that the server does not have is over, unless it was left", async () => {
    await using at = await stage();
    const elsewhere = createClient<{ other: typeof notes }>({ url: at.server.url, routes });
    elsewhere.other.lobby.join({}, at.hooks).leave();
    elsewhere.other.lobby.join({}, at.hooks);
    await equals(() => at.told, ["UNKNOWN_ENDPOINT"]);
    assert.equal(at.server.lines.length, 0);
    elsewhere.$close();
  });

  test("tells its listeners, until they stop", async () => {
    await using at = await desk();
    let told = 0;
    const stop = at.membership.subscribe(() => void told++);
    at.line.says({ type: "presence", id: 1, in: [{ key: "b.1" }], out: [] });
    await shows(at.membership, "a.1", "b.1");
    assert.equal(told, 1);
    stop();
    at.line.says({ type: "presence", id: 1, in: [], out: ["b.1"] });
    await shows(at.membership, "a.1");
    assert.equal(told, 1);
  });

  test("told of a new state while it joins, tells it when it has", async () => {
    await using at = await stage();
    const membership = at.join();
    const line = await at.server.line();
    await line.takes("join");
    membership.set({ ...AWAY, mood: "old" });
    membership.set(AWAY);
    line.says(joined(ada));
    assert.deepEqual((await line.takes("state"))["state"], AWAY);
    membership.set(AWAY);
    membership.send("typing");
    assert.equal((await line.takes("send"))["name"], "typing", "the same state is not told again");
  });

  test("tells a state again that was one too many; a message that was is gone", async (context) => {
    await using at = await desk();
    context.mock.timers.enable({ apis: ["setTimeout"] });
    at.membership.set(AWAY);
    await takesNow(at.line, "state");
    for (const what of ["state", "send", "state"]) at.line.says({ type: "refused", id: 1, what, problem: OFTEN });
    await untilNow(() => at.told.length === 3);
    context.mock.timers.tick(REPEAT_MS);
    assert.deepEqual((await takesNow(at.line, "state"))["state"], AWAY);
    at.line.says({ type: "refused", id: 1, what: "send", problem: OFTEN });
    await untilNow(() => at.told.length === 4);
    context.mock.timers.tick(REPEAT_MS);
    at.membership.send("typing");
    assert.equal((await takesNow(at.line, "send"))["name"], "typing");
  });

  test("does not tell a state again that is not valid: the next join has the one that is shown", async () => {
    await using at = await desk();
    at.membership.set({ mood: 1 } as never);
    await at.line.takes("state");
    at.line.says({
      type: "refused",
      id: 1,
      what: "state",
      problem: { code: "INVALID_INPUT", status: 422, title: "No" },
    });
    await equals(() => at.told, ["refused: INVALID_INPUT"]);
    at.line.breaks();
    const again = await at.server.line();
    assert.deepEqual((await again.takes("join"))["state"], HERE);
  });

  test("that is refused, or over, with nobody to tell is an unhandled rejection; too many words are not", async () => {
    await using at = await stage();
    const unhandled: unknown[] = [];
    const hear = (reason: Problem) => void unhandled.push(reason.code);
    const others = process.listeners("unhandledRejection");
    process.removeAllListeners("unhandledRejection").on("unhandledRejection", hear);
    try {
      const membership = at.client.notes.desk.join({ board: "a" }, { state: HERE });
      const line = await at.server.line();
      await line.takes("join");
      line.says(joined(ada));
      line.says({ type: "refused", id: 1, what: "send", problem: OFTEN });
      line.says({
        type: "refused",
        id: 1,
        what: "send",
        problem: { code: "INVALID_INPUT", status: 400, title: "Not valid" },
      });
      line.says({ type: "problem", id: 1, problem: FORBIDDEN });
      await equals(() => unhandled, ["INVALID_INPUT", "FORBIDDEN"]);
      assert.equal(membership.state().problem?.code, "FORBIDDEN");
      assert.equal(membership.send("typing"), false);
    } finally {
      process.removeAllListeners("unhandledRejection");
      for (const other of others) process.on("unhandledRejection", other);
    }
  });
});

describe("a connection of channels", () => {
  test("that breaks is joined anew with the newest state; who was there stays shown meanwhile", async () => {
    await using at = await desk();
    const { state, subscribe } = at.client.$connection;
    const states = [state()];
    subscribe(() => void states.push(state()));
    at.membership.set(AWAY);
    await at.line.takes("state");
    at.line.breaks();
    await poll(() => state() === "reconnecting");
    assert.equal(at.membership.state().status, "joined");
    assert.equal(at.membership.send("typing"), false, "nothing is kept for later");
    at.membership.set({ ...AWAY, mood: "lost" });
    const second = await at.server.line();
    assert.deepEqual((await second.takes("join"))["state"], { ...AWAY, mood: "lost" });
    assert.equal(at.membership.send("typing"), false);
    second.says({ ...joined({ key: "b.1" }, { ...ada, key: "a.9" }), key: "a.9" });
    await shows(at.membership, "b.1", "a.9");
    assert.equal(at.membership.state().key, "a.9");
    assert.deepEqual(states, ["live", "reconnecting", "live"]);
    assert.ok(at.membership.send("typing"));
    await second.takes("send");
    assert.deepEqual(second.rest, []);
  });

  test("that has ended stays ended when the connection is made again", async () => {
    await using at = await desk();
    const ended = at.join("b");
    at.client.notes.board.subscribe({ board: "b" }, () => {}, at.hooks);
    for (const type of ["join", "subscribe"]) {
      const { id = 0 } = await at.line.takes(type);
      at.line.says({ type: "problem", id, problem: FORBIDDEN });
    }
    await equals(() => at.told, ["FORBIDDEN", "FORBIDDEN"]);
    at.line.breaks();
    const second = await at.server.line();
    assert.equal((await second.takes("join"))["path"], "/boards/a/desk");
    second.says(joined(ada));
    assert.ok(await poll(() => at.membership.send("typing")));
    await second.takes("send");
    assert.equal(ended.state().status, "problem");
    second.closes(1008);
    await equals(() => at.told, ["FORBIDDEN", "FORBIDDEN", "LIVE_REFUSED"]);
  });

  test("is live only when all memberships are confirmed, too", async () => {
    await using at = await desk();
    let answers = 0;
    at.client.notes.board.subscribe({ board: "a" }, () => void answers++);
    await at.line.takes("subscribe");
    at.line.says({ type: "answer", id: 2, position: "0/A", body: [] });
    await poll(() => answers === 1);
    at.line.breaks();
    const second = await at.server.line();
    const { id } = await second.takes("subscribe");
    assert.notEqual(id, (await second.takes("join")).id);
    second.says({ type: "current", id: 1, position: "0/A" });
    second.says({ type: "answer", id: 1, position: "0/B", body: [] });
    await poll(() => answers === 2);
    assert.equal(at.client.$connection.state(), "reconnecting");
    second.says({ ...joined(ada), id: 2 });
    await poll(() => at.client.$connection.state() === "live");
  });

  test("that breaks while joining joins again, and so does a problem of the moment", async () => {
    await using at = await stage();
    const membership = at.join();
    const first = await at.server.line();
    await first.takes("join");
    first.breaks();
    const second = await at.server.line();
    await second.takes("join");
    second.says({ type: "problem", id: 1, problem: BUSY });
    assert.equal((await second.takes("join")).id, 2);
    assert.equal(membership.state().status, "joining");
    second.says({ ...joined(ada), id: 2 });
    await shows(membership, "a.1");
    second.says({ type: "problem", id: 2, problem: BUSY });
    assert.equal((await second.takes("join")).id, 3);
    await shows(membership, "a.1");
    assert.deepEqual(at.told, []);
  });

  test("as somebody else shows nothing from before, and joins again what had ended", async () => {
    let token: string | null = "ada";
    await using at = await desk({ token: () => token });
    at.server.calls.set("POST /ping", async () => ({ status: 200, body: null }));
    const ended = at.join("b");
    assert.equal((await at.line.takes("join")).id, 2);
    at.line.says({ type: "problem", id: 2, problem: FORBIDDEN });
    await poll(() => ended.state().status === "problem");
    token = "grace";
    await at.client.notes.ping();
    assert.equal(at.membership.state().status, "joining");
    assert.equal(ended.state().status, "joining");
    const second = await at.server.line();
    assert.equal((await second.takes("hello"))["token"], "grace");
    for (const path of ["/boards/a/desk", "/boards/b/desk"]) assert.equal((await second.takes("join"))["path"], path);
  });

  test("that the server refuses ends memberships; $close ends them without a word", async () => {
    await using at = await desk();
    at.line.closes(1008);
    await equals(() => at.told, ["LIVE_REFUSED"]);
    at.client.$restart();
    const second = await at.server.line();
    await second.takes("join");
    second.says(joined(ada));
    await shows(at.membership, "a.1");
    at.client.$close();
    await poll(() => second.isOver);
    assert.equal(at.membership.send("typing"), false);
    assert.deepEqual(at.told, ["LIVE_REFUSED"]);
  });
});

/** The same without timers, which the test has stopped. */
async function untilNow(isSo: () => boolean): Promise<void> {
  const giveUpMs = Date.now() + 5_000;
  while (!isSo()) {
    assert.ok(Date.now() < giveUpMs, "it did not happen in 5 s");
    await new Promise((resolve) => setImmediate(resolve));
  }
}

async function takesNow(line: Awaited<ReturnType<WireServer["line"]>>, type: string) {
  await untilNow(() => line.rest.length > 0);
  return line.takes(type);
}
