/** Subscriptions on real sockets, against a server that the test plays by the wire protocol. */
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { createClient, type Problem } from "@lineshaft/client";
import { poll } from "lineshaft/testkit";
import { WATCH_MS } from "../src/live.ts";
import type * as notes from "./notes.ts";
import { WireServer } from "./wire-server.ts";

type Note = { readonly id: string; readonly title: string };

const routes = {
  "notes.board": { route: "GET /boards/:board/notes" },
  "notes.add": { route: "POST /boards/:board/notes" },
  "notes.remove": { route: "DELETE /notes/:id" },
  "notes.echo": { route: "GET /echo/:path", from: { header: "header x-note" } },
};
const note = (id: string, title = id) => ({ id, title, board: "a", visits: "0", at: "2026-02-01T12:00:00.000Z" });
const titles = (answer: readonly Note[] | undefined) => answer?.map(({ title }) => title).join(" ");
const UNAUTHENTICATED = { code: "UNAUTHENTICATED", status: 401, title: "Sign in first" };
const BUSY = { code: "DATABASE_BUSY", status: 503, title: "All database connections are in use" };

/** A server, a client of it, and what the client's subscriptions were told, in order. */
async function stage(options: { readonly token?: () => string | null } = {}) {
  const server = await WireServer.start();
  const client = createClient<{ notes: typeof notes }>({ url: server.url, routes, ...options });
  const told: string[] = [];
  const watch = (board = "a") =>
    client.notes.board.subscribe({ board }, (answer) => void told.push(titles(answer) ?? ""), {
      onProblem: ({ code }) => void told.push(code),
    });
  const close = async () => {
    client.$close();
    await server[Symbol.asyncDispose]();
  };
  return { server, client, told, watch, [Symbol.asyncDispose]: close };
}

const hears = (told: readonly string[], wanted: readonly string[]) =>
  poll(() => {
    assert.deepEqual(told, wanted);
    return true;
  });

describe("a subscription", () => {
  test("is told the answer, and what patches make of it", async () => {
    await using at = await stage();
    at.watch();
    const line = await at.server.line();
    const { id, path, position } = await line.takes("subscribe");
    assert.deepEqual([id, path, position], [1, "/boards/a/notes", undefined]);
    line.says({ type: "answer", id: 1, position: "0/A", body: [note("one")] });
    await hears(at.told, ["one"]);
    const added = { op: "add", path: "/-", value: note("two") };
    line.says({ type: "patch", id: 1, position: "0/B", patch: [added] });
    line.says({ type: "patch", id: 1, position: "0/C", patch: [{ op: "remove", path: "/0" }] });
    await hears(at.told, ["one", "one two", "two"]);
  });

  test("asks for the whole answer when a patch does not fit", async () => {
    await using at = await stage();
    at.watch();
    const line = await at.server.line();
    await line.takes("subscribe");
    line.says({ type: "answer", id: 1, position: "0/A", body: [] });
    line.says({ type: "patch", id: 1, position: "0/B", patch: [{ op: "remove", path: "/3" }] });
    assert.equal((await line.takes("unsubscribe")).id, 1);
    const again = await line.takes("subscribe");
    assert.deepEqual([again.id, again["position"]], [2, undefined]);
    line.says({ type: "answer", id: 1, position: "0/C", body: [note("late")] });
    line.says({ type: "ended", id: 1 });
    line.says({ type: "answer", id: 2, position: "0/C", body: [note("whole")] });
    await hears(at.told, ["", "whole"]);
  });

  test("of the same question is shared, and late comers are told at once", async () => {
    await using at = await stage();
    const stops = [at.watch(), at.watch()];
    const line = await at.server.line();
    await line.takes("subscribe");
    line.says({ type: "answer", id: 1, position: "0/A", body: [note("one")] });
    await hears(at.told, ["one", "one"]);
    stops.push(at.watch());
    await hears(at.told, ["one", "one", "one"]);
    at.watch("b");
    assert.deepEqual((await line.takes("subscribe"))["path"], "/boards/b/notes");
    for (const stop of stops) stop();
    assert.deepEqual((await line.takes("unsubscribe")).id, 1);
    assert.deepEqual(line.rest, []);
    assert.equal(at.server.lines.length, 1, "one connection for all");
  });

  test("of the same question is shared in whatever order its keys stand", async () => {
    await using at = await stage();
    at.client.notes.board.subscribe({ board: "a", size: 2 }, () => {});
    at.client.notes.board.subscribe({ size: 2, board: "a" }, () => {});
    at.watch("b");
    const line = await at.server.line();
    assert.equal((await line.takes("subscribe"))["path"], "/boards/a/notes?size=2");
    assert.equal((await line.takes("subscribe"))["path"], "/boards/b/notes");
  });

  test("that is ended and begun in one breath stays", async () => {
    await using at = await stage();
    const stop = at.watch();
    const line = await at.server.line();
    await line.takes("subscribe");
    line.says({ type: "answer", id: 1, position: "0/A", body: [note("one")] });
    await hears(at.told, ["one"]);
    stop();
    at.watch();
    await hears(at.told, ["one", "one"]);
    at.watch("b");
    assert.equal((await line.takes("subscribe"))["path"], "/boards/b/notes", "and nothing before");
  });

  test("that nobody wants any more lets the connection go", async () => {
    await using at = await stage();
    const controller = new AbortController();
    const { signal } = controller;
    at.client.notes.board.subscribe({ board: "a" }, () => {}, { signal });
    const line = await at.server.line();
    await line.takes("subscribe");
    controller.abort();
    await line.takes("unsubscribe");
    await poll(() => line.isOver);
    assert.equal(at.server.lines.length, 1);
  });

  test("ends with its problem, and begins anew when somebody asks", async () => {
    await using at = await stage();
    at.watch();
    const line = await at.server.line();
    await line.takes("subscribe");
    line.says({ type: "problem", id: 1, problem: { code: "FORBIDDEN", status: 403, title: "Not allowed" } });
    await hears(at.told, ["FORBIDDEN"]);
    at.watch();
    assert.equal((await line.takes("subscribe")).id, 2);
    line.says({ type: "answer", id: 2, position: "0/A", body: [note("one")] });
    await hears(at.told, ["FORBIDDEN", "one", "one"]);
  });

  test("is asked again after a problem of the moment, without a word", async () => {
    await using at = await stage();
    at.watch();
    const line = await at.server.line();
    await line.takes("subscribe");
    line.says({ type: "answer", id: 1, position: "0/A", body: [note("one")] });
    line.says({ type: "problem", id: 1, problem: BUSY });
    const again = await line.takes("subscribe");
    assert.deepEqual([again.id, again["position"]], [2, "0/A"]);
    line.says({ type: "answer", id: 2, position: "0/B", body: [note("two")] });
    await hears(at.told, ["one", "two"]);
  });

  test("cannot bring headers along, and says so", async () => {
    await using at = await stage();
    const problems: Problem[] = [];
    const onProblem = (problem: Problem) => void problems.push(problem);
    at.client.notes.echo.subscribe({ path: "a", header: "x" }, () => {}, { onProblem });
    await poll(() => problems.length > 0);
    assert.equal(problems[0]?.code, "LIVE_REFUSED");
  });
});

describe("a connection", () => {
  test("that breaks is made again, and goes on from the last position", async () => {
    await using at = await stage();
    at.watch();
    at.watch("b");
    const first = await at.server.line();
    for (const _ of "ab") await first.takes("subscribe");
    first.says({ type: "answer", id: 1, position: "0/A", body: [note("one")] });
    await hears(at.told, ["one"]);
    first.breaks();
    const second = await at.server.line();
    const asked = [await second.takes("subscribe"), await second.takes("subscribe")];
    assert.deepEqual(
      asked.map(({ id, path, position }) => [id, path, position]),
      [
        [1, "/boards/a/notes", "0/A"],
        [2, "/boards/b/notes", undefined],
      ],
    );
    second.says({ type: "current", id: 1, position: "0/B" });
    second.says({ type: "patch", id: 1, position: "0/C", patch: [{ op: "replace", path: "/0/title", value: "new" }] });
    await hears(at.told, ["one", "new"]);
  });

  for (const code of [1001, 1006, 1012]) {
    test(`that ends with ${code} is made again`, async () => {
      await using at = await stage();
      at.watch();
      const first = await at.server.line();
      await first.takes("subscribe");
      if (code === 1006) first.breaks();
      else first.closes(code);
      await (await at.server.line()).takes("subscribe");
      assert.deepEqual(at.told, []);
    });
  }

  for (const code of [1002, 1003, 1008, 1009]) {
    test(`that ends with ${code} is not: the same would happen again`, async () => {
      await using at = await stage();
      at.watch();
      const line = await at.server.line();
      await line.takes("subscribe");
      line.closes(code);
      await hears(at.told, ["LIVE_REFUSED"]);
      assert.equal(at.server.lines.length, 1);
    });
  }

  test("that could not be told who calls, for the moment, is made again", async () => {
    await using at = await stage({ token: () => "ada" });
    at.watch();
    const first = await at.server.line();
    await first.takes("hello");
    first.says({ type: "problem", problem: BUSY });
    first.closes(1008);
    await (await at.server.line()).takes("hello");
    assert.deepEqual(at.told, []);
  });

  test("says who calls first, and is made anew when that changes", async () => {
    let token: string | null = "ada";
    await using at = await stage({ token: () => token });
    at.server.calls.set("DELETE /notes/1", async () => ({ status: 200, body: null }));
    at.watch();
    const first = await at.server.line();
    assert.equal((await first.takes("hello"))["token"], "ada");
    await first.takes("subscribe");
    first.says({ type: "answer", id: 1, position: "0/A", body: [note("hers")] });
    await at.client.notes.remove({ id: "1" });
    assert.equal(at.server.lines.length, 1, "the same token, the same connection");
    token = "grace";
    await at.client.notes.remove({ id: "1" });
    const second = await at.server.line();
    await poll(() => first.isOver);
    assert.equal((await second.takes("hello"))["token"], "grace");
    assert.equal((await second.takes("subscribe"))["position"], undefined, "hers is no answer of another's");
  });

  test("of a token that does not hold ends all questions, until there is another", async () => {
    let token: string | null = "old";
    await using at = await stage({ token: () => token });
    at.watch();
    const first = await at.server.line();
    await first.takes("hello");
    first.says({ type: "problem", problem: UNAUTHENTICATED });
    first.closes(1008);
    await hears(at.told, ["UNAUTHENTICATED"]);
    assert.equal(at.server.lines.length, 1);
    token = "new";
    at.client.$restart();
    const second = await at.server.line();
    assert.equal((await second.takes("hello"))["token"], "new");
    await second.takes("subscribe");
    second.says({ type: "answer", id: 1, position: "0/A", body: [note("one")] });
    await hears(at.told, ["UNAUTHENTICATED", "one"]);
  });
});

describe("what is told of the connection", () => {
  /** A client with one subscription, and what it was told of its connection. */
  async function watched() {
    const at = await stage();
    const { state, subscribe } = at.client.$connection;
    const states = [state()];
    subscribe(() => void states.push(state()));
    const stop = at.watch();
    return { ...at, states, stop };
  }

  test("is live when the server has answered, and again when all that is shown is confirmed", async () => {
    await using at = await watched();
    at.watch("b");
    const first = await at.server.line();
    await first.takes("subscribe");
    first.says({ type: "answer", id: 1, position: "0/A", body: [note("one")] });
    first.says({ type: "answer", id: 2, position: "0/A", body: [] });
    await hears(at.states, ["idle", "connecting", "live"]);
    first.breaks();
    await hears(at.states, ["idle", "connecting", "live", "reconnecting"]);
    const second = await at.server.line();
    await second.takes("subscribe");
    second.says({ type: "current", id: 1, position: "0/B" });
    second.says({ type: "problem", id: 2, problem: BUSY });
    for (const id of [2, 3]) assert.equal((await second.takes("subscribe")).id, id);
    assert.equal(at.states.at(-1), "reconnecting", "one of two may be old");
    second.says({ type: "current", id: 3, position: "0/B" });
    await hears(at.states, ["idle", "connecting", "live", "reconnecting", "live"]);
  });

  test("is idle when nothing is watched, and when all has ended", async () => {
    await using at = await watched();
    const line = await at.server.line();
    await line.takes("subscribe");
    line.says({ type: "problem", id: 1, problem: { code: "FORBIDDEN", status: 403, title: "Not allowed" } });
    line.closes(1000);
    await poll(() => at.states.at(-1) === "idle");
    at.stop();
  });

  test("does not stay live when the network has gone without a word", async (context) => {
    context.mock.timers.enable({ apis: ["setInterval"] });
    await using at = await watched();
    const first = await at.server.line();
    await first.takes("subscribe");
    first.says({ type: "answer", id: 1, position: "0/A", body: [note("one")] });
    await hears(at.states, ["idle", "connecting", "live"]);
    context.mock.timers.tick(WATCH_MS);
    first.says({ type: "ended", id: (await first.takes("unsubscribe")).id! });
    first.says({ type: "patch", id: 1, position: "0/B", patch: [{ op: "remove", path: "/0" }] });
    await hears(at.told, ["one", ""]);
    context.mock.timers.tick(WATCH_MS);
    await first.takes("unsubscribe");
    assert.equal(at.states.at(-1), "live");
    context.mock.timers.tick(WATCH_MS);
    assert.equal(at.states.at(-1), "reconnecting");
    assert.equal((await (await at.server.line()).takes("subscribe"))["position"], "0/B");
  });
});

describe("an optimistic update", () => {
  /** A board with one note, somebody who watches it, and a command whose end the test decides. */
  async function board() {
    const at = await stage();
    at.watch();
    const line = await at.server.line();
    await line.takes("subscribe");
    line.says({ type: "answer", id: 1, position: "0/A", body: [note("one")] });
    await hears(at.told, ["one"]);
    const { promise, resolve } = Promise.withResolvers<{ status: number; position?: string; body: unknown }>();
    at.server.calls.set("POST /boards/a/notes", () => promise);
    const guess = at.client.notes.board.guess({ board: "a" }, (notes) => [...notes, note("guess")]);
    const add = () => at.client.notes.add({ board: "a", title: "two" }, { optimistic: [guess] });
    return { ...at, line, resolve, add };
  }
  const added = { status: 201, position: "0/C", body: note("two") };

  test("is seen at once, and replaced by the first answer that is as new as the command", async () => {
    await using at = await board();
    const call = at.add();
    assert.deepEqual(at.told, ["one", "one guess"]);
    at.line.says({ type: "answer", id: 1, position: "0/B", body: [note("1"), note("other")] });
    await hears(at.told, ["one", "one guess", "1 other guess"]);
    at.resolve(added);
    await call;
    const truth = [{ op: "add", path: "/-", value: note("two") }];
    at.line.says({ type: "patch", id: 1, position: "0/C", patch: truth });
    await hears(at.told, ["one", "one guess", "1 other guess", "1 other two"]);
  });

  test("is taken back when the command fails", async () => {
    await using at = await board();
    const call = at.add();
    at.resolve({ status: 409, body: { code: "TITLE_TAKEN", status: 409, title: "Taken" } });
    await assert.rejects(call, { code: "TITLE_TAKEN" });
    assert.deepEqual(at.told, ["one", "one guess", "one"]);
  });

  test("goes with the reply when the truth was faster", async () => {
    await using at = await board();
    const call = at.add();
    at.line.says({ type: "answer", id: 1, position: "0/D", body: [note("one"), note("two")] });
    await hears(at.told, ["one", "one guess", "one two guess"]);
    at.resolve(added);
    await call;
    assert.deepEqual(at.told, ["one", "one guess", "one two guess", "one two"]);
  });

  test("does not stay when the command changed nothing that is seen", async () => {
    await using at = await board();
    const call = at.add();
    at.resolve(added);
    await call;
    await hears(at.told, ["one", "one guess", "one"]);
  });

  test("of two commands: each goes with its own", async () => {
    await using at = await board();
    const call = at.add();
    at.server.calls.set("DELETE /notes/one", async () => ({ status: 404, body: {} }));
    const without = at.client.notes.board.guess({ board: "a" }, (notes) => notes.filter(({ id }) => id !== "one"));
    const removal = at.client.notes.remove({ id: "one" }, { optimistic: [without] });
    assert.deepEqual(at.told, ["one", "one guess", "guess"]);
    await assert.rejects(removal);
    assert.deepEqual(at.told.at(-1), "one guess");
    at.resolve(added);
    await call;
    at.line.says({ type: "answer", id: 1, position: "0/C", body: [note("one"), note("two")] });
    await hears(at.told, ["one", "one guess", "guess", "one guess", "one two"]);
  });

  test("is laid over all answers whose input has its values, and over no other", async () => {
    await using at = await stage();
    const shown = new Map<string, string | undefined>();
    for (const input of [{ board: "a" }, { board: "a", size: 2 }, { board: "b" }]) {
      at.client.notes.board.subscribe(input, (answer) => void shown.set(JSON.stringify(input), titles(answer)));
    }
    const line = await at.server.line();
    for (const id of [1, 2, 3]) line.says({ type: "answer", id, position: "0/A", body: [note("one")] });
    await poll(() => shown.size === 3);
    at.server.calls.set("DELETE /notes/one", () => new Promise(() => {}));
    const guess = at.client.notes.board.guess({ board: "a" }, (notes, { size }) => [...notes, note(`of ${size}`)]);
    at.client.notes.remove({ id: "one" }, { optimistic: [guess] }).catch(() => {});
    assert.deepEqual([...shown.values()], ["one of undefined", "one of 2", "one"]);
  });

  test("of what nobody watches does nothing", async () => {
    await using at = await stage();
    at.server.calls.set("DELETE /notes/one", async () => ({ status: 200, body: null }));
    const guess = at.client.notes.board.guess({ board: "a" }, () => assert.fail("nobody watches"));
    await at.client.notes.remove({ id: "one" }, { optimistic: [guess] });
  });
});
