/** Subscriptions and channels of a real app. */
import assert from "node:assert/strict";
import { connect, createServer, type Socket } from "node:net";
import { after, before, describe, test } from "node:test";
import { createClient } from "@lineshaft/client";
import * as accounts from "lineshaft/accounts";
import { poll, startTestApp, type TestApp } from "lineshaft/testkit";
import * as notes from "./notes.ts";

type Services = { notes: typeof notes; accounts: typeof accounts };

/** A network between a client and the app, which the test cuts and mends. */
async function network(url: string) {
  const sockets = new Set<Socket>();
  let isCut = false;
  let attempts = 0;
  const server = createServer((socket) => {
    attempts++;
    if (isCut) return void socket.destroy();
    const far = connect(Number(new URL(url).port), "127.0.0.1");
    for (const each of [socket, far]) sockets.add(each.on("error", () => {}).on("close", () => sockets.delete(each)));
    socket.pipe(far).pipe(socket);
  });
  const cut = () => {
    isCut = true;
    for (const socket of sockets) socket.destroy();
  };
  const mend = () => {
    isCut = false;
  };
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as { port: number };
  const close = async () => {
    cut();
    await new Promise((resolve) => server.close(resolve));
  };
  return { url: `http://127.0.0.1:${port}`, cut, mend, attempts: () => attempts, [Symbol.asyncDispose]: close };
}

describe("live queries of an app", () => {
  let app: TestApp;
  before(async () => {
    app = await startTestApp({ services: { accounts, notes } }, { settings: { relay: "auto" } });
  });
  after(() => app.stop());

  test("tell the answer, and what commands make of it, large answers by patches", async () => {
    const client = createClient<Services>({ url: app.url });
    const told: string[] = [];
    const stop = client.notes.board.subscribe({ board: "live" }, (answer) => {
      told.push(answer.map(({ title }) => title).join(" "));
    });
    await poll(() => told.length === 1);
    const ids: string[] = [];
    for (const title of ["one", "two", "three"]) {
      ids.push((await client.notes.add({ board: "live", title })).id);
      await poll(() => told.at(-1)?.endsWith(title));
    }
    await client.notes.remove({ id: ids[1]! });
    await poll(() => told.at(-1) === "one three");
    assert.deepEqual(told, ["", "one", "one two", "one two three", "one three"]);
    stop();
    client.$close();
  });

  test("show a guess until the truth is there, and nothing else between", async () => {
    const client = createClient<Services>({ url: app.url });
    const told: string[] = [];
    client.notes.board.subscribe({ board: "guess" }, (answer) => void told.push(answer.map(({ id }) => id).join()));
    await poll(() => told.length === 1);
    const shown = { id: "guess", board: "guess", title: "x", visits: "0", at: "" };
    const guess = client.notes.board.guess({ board: "guess" }, (answer) => {
      return answer.some(({ title }) => title === "x") ? answer : [...answer, shown];
    });
    const { id } = await client.notes.add({ board: "guess", title: "x" }, { optimistic: [guess] });
    await poll(() => told.at(-1) === id);
    assert.deepEqual(told, ["", "guess", id]);
    client.$close();
  });

  test("go on where they were when the network breaks: nothing is missed, nothing told twice [LIVE-1]", async () => {
    await using net = await network(app.url);
    const client = createClient<Services>({ url: net.url });
    const told: string[] = [];
    client.notes.board.subscribe({ board: "net" }, (answer) => {
      told.push(answer.map(({ title }) => title).join(" "));
    });
    const add = (title: string) => app.as(null).call(notes.add, { board: "net", title });
    await poll(() => told.length === 1);
    for (const title of ["while-cut", "while-cut-again"]) {
      const before = net.attempts();
      net.cut();
      await poll(() => net.attempts() > before, { what: "an attempt to reconnect" });
      await add(title);
      net.mend();
      await poll(() => told.at(-1)?.endsWith(title));
    }
    net.cut();
    net.mend();
    await add("after");
    await poll(() => told.at(-1)?.endsWith("after"));
    assert.deepEqual(told, ["", "while-cut", "while-cut while-cut-again", "while-cut while-cut-again after"]);
    client.$close();
  });

  test("are asked as who the token says", async () => {
    let token: string | null = null;
    const client = createClient<Services>({ url: app.url, token: () => token });
    const told: string[] = [];
    const onProblem = ({ code }: { code: string }) => void told.push(code);
    client.notes.own.subscribe({}, ({ email }) => void told.push(email), { onProblem });
    await poll(() => told.at(-1) === "UNAUTHENTICATED");
    for (const email of ["ada@live.example", "grace@live.example"]) {
      token = null;
      const signedUp = await client.accounts.signUp({ email, password: "correct horse battery" });
      token = (signedUp as { token: string }).token;
      await client.notes.own();
      await poll(() => told.at(-1) === email);
    }
    client.$close();
  });
});

describe("channels of an app", () => {
  let app: TestApp;
  before(async () => {
    app = await startTestApp({ services: { accounts, notes } }, { settings: { relay: "auto" } });
  });
  after(() => app.stop());

  const HERE = { status: "here" } as const;
  type Heard = { readonly name: string; readonly payload: object; readonly from?: { readonly member: object } };
  const open = (url: string, heard: Heard[] = [], board = "a") => {
    const client = createClient<Services>({ url });
    const desk = client.notes.desk.join({ board }, { state: HERE, onMessage: (message) => void heard.push(message) });
    const moods = () => desk.state().members.map(({ state: { status, mood } }) => `${status} ${mood}`);
    return { client, desk, moods, [Symbol.dispose]: client.$close };
  };
  const equals = (read: () => unknown, wanted: unknown) =>
    poll(() => {
      assert.deepEqual(read(), wanted);
      return true;
    });

  test("show who is there, as the server says it, and bring what is said", async () => {
    const heard: Heard[] = [];
    using one = open(app.url, heard);
    await equals(one.moods, ["here null"]);
    using two = open(app.url);
    await equals(one.moods, ["here null", "here null"]);
    two.desk.set({ status: "away", mood: "fine" });
    await equals(one.moods, ["here null", "away fine"]);
    const { key, members } = two.desk.state();
    assert.deepEqual(members.find((each) => each.key === key)?.state, { status: "away", mood: "fine" });
    const member = { name: "nobody", since: "2026-02-01T12:00:00.000Z" };
    assert.ok(two.desk.send("typing"));
    assert.ok(two.desk.send("moved", { x: 1 }));
    await two.client.notes.close({ board: "a" });
    await poll(() => heard.length === 3);
    const from = { key, member };
    assert.deepEqual(heard.slice(0, 2), [
      { name: "typing", payload: {}, from },
      { name: "moved", payload: { x: 1, by: "0" }, from },
    ]);
    assert.deepEqual([heard[2]?.name, heard[2]?.from], ["closing", undefined]);
    two.desk.leave();
    await equals(one.moods, ["here null"]);
  });

  test("are joined again when the network breaks, with the newest state", async () => {
    await using net = await network(app.url);
    const heard: Heard[] = [];
    using near = open(app.url, [], "b");
    using far = open(net.url, heard, "b");
    await equals(near.moods, ["here null", "here null"]);
    await equals(far.moods, ["here null", "here null"]);
    net.cut();
    await equals(near.moods, ["here null"]);
    await poll(() => far.client.$connection.state() === "reconnecting");
    assert.equal(far.moods().length, 2);
    far.desk.set({ status: "away" });
    near.desk.send("typing");
    net.mend();
    await equals(near.moods, ["here null", "away null"]);
    await poll(() => far.client.$connection.state() === "live");
    await equals(far.moods, ["here null", "away null"]);
    near.desk.send("moved", { x: 2 });
    await poll(() => heard.length > 0);
    assert.deepEqual(heard[0]?.payload, { x: 2, by: "0" }, "what was said meanwhile is lost");
  });

  test("end when the join rule does not hold any more; what a member may not say is refused", async () => {
    const client = createClient<Services>({ url: app.url });
    const told: string[] = [];
    const desk = client.notes.desk.join(
      { board: "c" },
      {
        state: HERE,
        onRefused: ({ code }) => void told.push(`refused: ${code}`),
        onProblem: ({ code }) => void told.push(code),
      },
    );
    await poll(() => desk.state().status === "joined");
    desk.send("closing", { at: "2026-02-01T12:00:00Z" });
    desk.send("moved", { x: 0.5 });
    await poll(() => told.length === 2);
    await client.notes.add({ board: "c", title: "closed" });
    await poll(() => told.length === 3);
    assert.deepEqual(told, ["refused: FORBIDDEN", "refused: INVALID_INPUT", "FORBIDDEN"]);
    client.$close();
  });
});
