/** Channels over real sockets: joining, presence, messages, limits, and what a join rule takes away again. */
import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { ACCOUNT_MEMBERS_MAX } from "../../define/channel.ts";
import { missing, TEST_SERVERS } from "../../testkit/index.ts";
import { type Channelled, startChannelled } from "./test/channel-app.ts";
import { eventually, type Listener } from "./test/subscribers.ts";

// biome-ignore lint/suspicious/noExplicitAny: JSON of any shape; the assertions say which.
type Any = any;

/** Waits for a message of a type under a number. */
async function told(listener: Listener, type: string, id = 1, nth = 0): Promise<Any> {
  const find = () => listener.of(id).filter((each) => each.type === type)[nth];
  return eventually(find, `${type} of ${id}; there were ${JSON.stringify(listener.messages).slice(0, 500)}`);
}

/** Who is there, as a client knows it from what it was told. */
function present(listener: Listener, id = 1): Map<string, Any> {
  let members = new Map<string, Any>();
  for (const each of listener.of(id)) {
    const list = each.type === "joined" ? each.members : each.type === "presence" ? each.in : [];
    if (each.type === "joined") members = new Map();
    for (const member of list) members.set(member.key, member);
    for (const key of each.type === "presence" ? each.out : []) members.delete(key);
  }
  return members;
}

const names = (listener: Listener) => [...present(listener).values()].map(({ member }) => member.name).sort();
const join = (path: string, state?: object) => ({ type: "join", id: 1, path, ...(state ? { state } : {}) });
const chat = (text: string) => ({ type: "send", id: 1, name: "chat", payload: { text } });

for (const server of TEST_SERVERS) {
  describe(`channels on ${server.name}`, { skip: missing(server) }, () => {
    let started: Channelled;
    let room = 100;

    before(async () => {
      started = await startChannelled({ server });
    });
    after(() => started[Symbol.asyncDispose]());

    /** Sockets of new accounts that are members of one new room. */
    async function members(...who: string[]): Promise<{ readonly room: number; readonly all: Listener[] }> {
      room++;
      const all: Listener[] = [];
      for (const name of who) {
        const { token } = await started.seated(room, name);
        const listener = await started.open(started.app, token);
        await told(listener.send(join(`/rooms/${room}`)), "joined");
        all.push(listener);
      }
      return { room, all };
    }

    test("a message reaches all others, in order, and not who sent it [CHN-1]", async () => {
      const all = await Promise.all(Array.from({ length: 3 }, () => started.open()));
      for (const each of all) {
        const joined = await told(each.send(join("/open/a")), "joined");
        assert.deepEqual(joined, { type: "joined", id: 1, key: joined.key, members: [] });
      }
      const [one, two, three] = all as [Listener, Listener, Listener];
      const elsewhere = await started.open();
      await told(elsewhere.send(join("/open/b")), "joined");
      for (let n = 0; n < 50; n++) one.send(chat(String(n)));
      const { key } = await told(one, "joined");
      for (const each of [two, three]) {
        const last = await told(each, "message", 1, 49);
        assert.deepEqual(last, { type: "message", id: 1, name: "chat", payload: { text: "49" }, from: { key } });
        const texts = each.of(1).flatMap((message) => message.payload?.text ?? []);
        assert.deepEqual(
          texts,
          Array.from({ length: 50 }, (_, n) => String(n)),
        );
      }
      assert.equal(one.of(1).filter(({ type }) => type === "message").length, 0);
      assert.equal(elsewhere.of(1).length, 1);
    });

    test("one account fills no topic, so that others could not join [LIM-1]", async () => {
      const { room, all } = await members("ada");
      const [ada] = all as [Listener];
      const path = `/rooms/${room}`;
      for (let id = 2; id <= ACCOUNT_MEMBERS_MAX + 1; id++) ada.send({ type: "join", id, path });
      const { problem } = await told(ada, "problem", ACCOUNT_MEMBERS_MAX + 1);
      assert.deepEqual([problem.code, problem.status], ["CHANNEL_FULL", 429]);
      const bob = await started.open(started.app, (await started.seated(room, "bob")).token);
      assert.equal((await told(bob.send(join(path)), "joined")).members.length, ACCOUNT_MEMBERS_MAX + 1);
      await told(ada.send({ type: "unsubscribe", id: 1 }), "ended");
      await told(ada.send({ ...join(path), id: 500 }), "joined", 500);
    });

    test("who is there is told, and who comes, changes and leaves [CHN-1]", async () => {
      const { all, room } = await members("Ada", "Bob");
      const [ada, bob] = all as [Listener, Listener];
      await eventually(() => names(ada).join() === "Ada,Bob");
      assert.deepEqual(names(bob), ["Ada", "Bob"]);
      const { key } = await told(bob, "joined");
      bob.send({ type: "state", id: 1, state: { status: "away" } });
      await eventually(() => present(ada).get(key)?.state.status === "away");
      bob.send({ type: "send", id: 1, name: "cursor", payload: { x: 3 } });
      const { from, payload } = await told(ada, "message");
      assert.deepEqual(payload, { x: 3, y: 0 });
      assert.deepEqual([from.key, from.member.name], [key, "Bob"]);
      bob.send({ type: "unsubscribe", id: 1 });
      await eventually(() => names(ada).join() === "Ada");
      // A number that is free again joins again, as somebody new.
      const { key: again } = await told(bob.send(join(`/rooms/${room}`, { status: "away" })), "joined", 1, 1);
      assert.notEqual(again, key);
      await eventually(() => names(ada).join() === "Ada,Bob");
      bob.socket.terminate();
      await eventually(() => names(ada).join() === "Ada");
    });

    test("a join rule stays current: no seat, no membership; a new name is shown [ACC-1]", async () => {
      const { all, room } = await members("Ada", "Bob");
      const [ada, bob] = all as [Listener, Listener];
      await started.client.query("update site.seat set name = 'Robert' where room = $1 and name = 'Bob'", [room]);
      await eventually(() => names(ada).join() === "Ada,Robert");
      await started.client.query("delete from site.seat where room = $1 and name = 'Robert'", [room]);
      const { problem } = await told(bob, "problem");
      assert.deepEqual([problem.code, problem.detail], ["FORBIDDEN", "You have no seat here."]);
      await eventually(() => names(ada).join() === "Ada");
      ada.send({ type: "send", id: 1, name: "typing", payload: {} });
      const { problem: refused } = await told(bob.send({ type: "send", id: 1, name: "typing" }), "refused");
      assert.equal(refused.code, "NOT_FOUND");
      assert.equal(bob.of(1).filter(({ type }) => type === "message").length, 0);
    });

    test("whoever is signed out is no member any more [ACC-1]", async () => {
      const { all } = await members("Ada", "Bob");
      const [ada, bob] = all as [Listener, Listener];
      const [, { member }] = [...present(bob).values()];
      await started.client.query("delete from accounts.session where account = $1", [member.account]);
      assert.equal((await told(bob, "problem")).problem.code, "UNAUTHENTICATED");
      await eventually(() => names(ada).join() === "Ada");
    });

    for (const [what, message, code] of [
      ["no such channel", join("/nowhere"), "ROUTE_NOT_FOUND"],
      ["an endpoint is no channel", join("/announce"), "ROUTE_NOT_FOUND"],
      ["an input that is wrong", join("/rooms/x"), "INVALID_INPUT"],
      ["an input that nobody declared", join("/rooms/1?x=1"), "INVALID_INPUT"],
      ["nobody is signed in", join("/rooms/1"), "UNAUTHENTICATED"],
      ["a state where there is none", join("/slow", { status: "here" }), "INVALID_INPUT"],
      ["not percent-encoded", join("/open/%zz"), "INVALID_ENCODING"],
      ["a topic that is too long", join(`/open/${"a".repeat(600)}`), "INVALID_INPUT"],
    ] as const) {
      test(`who may not join is told why: ${what}`, async () => {
        const listener = await started.open();
        const { problem } = await told(listener.send(message), "problem");
        assert.equal(problem.code, code, JSON.stringify(problem));
        // The number is free, and the connection goes on.
        assert.equal((await told(listener.send(join("/open/on")), "joined")).type, "joined");
      });
    }

    for (const [what, message, code] of [
      ["a message that is none", { type: "send", id: 1, name: "shout", payload: {} }, "NOT_FOUND"],
      ["a name of every object", { type: "send", id: 1, name: "__proto__", payload: {} }, "NOT_FOUND"],
      ["a payload that is wrong", { type: "send", id: 1, name: "chat", payload: { text: 1 } }, "INVALID_INPUT"],
      ["a payload with more", { type: "send", id: 1, name: "chat", payload: { text: "", a: 1 } }, "INVALID_INPUT"],
      ["no payload", { type: "send", id: 1, name: "chat" }, "INVALID_INPUT"],
      ["a list for a payload", { type: "send", id: 1, name: "chat", payload: [] }, "INVALID_INPUT"],
      ["a payload that is too large", chat("é".repeat(2_100)), "BODY_TOO_LARGE"],
      ["what only the server says", { type: "send", id: 1, name: "news", payload: { text: "" } }, "FORBIDDEN"],
      ["under another number", { type: "send", id: 2, name: "chat", payload: { text: "" } }, "NOT_FOUND"],
      ["a state where there is none", { type: "state", id: 1, state: { a: 1 } }, "INVALID_INPUT"],
    ] as const) {
      test(`what is not taken is told, and the member stays: ${what}`, async () => {
        const [listener, other] = [await started.open(), await started.open()];
        for (const each of [listener, other]) await told(each.send(join("/open/strict")), "joined");
        const refused = await told(listener.send(message), "refused", message.id);
        assert.deepEqual([refused.problem.code, refused.what], [code, message.type], JSON.stringify(refused));
        listener.send(chat("well"));
        assert.equal((await told(other, "message")).payload.text, "well");
      });
    }

    test("what a member says is limited, and whoever says more is read no faster [LIM-1]", async () => {
      const [listener, other] = [await started.open(), await started.open()];
      for (const each of [listener, other]) await told(each.send(join("/slow")), "joined");
      for (let n = 0; n < 5; n++) listener.send({ type: "send", id: 1, name: "hi", payload: {} });
      const { problem } = await told(listener, "refused");
      assert.equal(problem.code, "RATE_LIMITED");
      assert.match(problem.detail, /^At most 2\/minute/);
      await told(other, "message", 1, 1);
      await told(listener, "refused", 1, 2);
      assert.equal(other.of(1).filter(({ type }) => type === "message").length, 2);
    });

    test("a command says something once it has committed, and nothing when it fails", async () => {
      const listener = await started.open();
      await told(listener.send(join("/open/news")), "joined");
      const announce = (body: object) =>
        started.app.fetch("/announce", {
          method: "POST",
          headers: { "content-type": "application/json" },
          body: JSON.stringify(body),
        });
      assert.equal((await announce({ name: "news", text: "no", fails: true })).status, 409);
      assert.equal((await announce({ name: "news", text: "yes" })).status, 204);
      const message = await told(listener, "message");
      assert.deepEqual(message, { type: "message", id: 1, name: "news", payload: { text: "yes" } });
      // That it cannot be said is a mistake of the command, and nothing is written then.
      assert.equal((await announce({ name: "news", text: "x".repeat(5_000) })).status, 500);
    });

    test("a member who does not read misses messages, and is told anew who is there [LIM-1]", async () => {
      const { all } = await members("Ada", "Bob");
      const [ada, bob] = all as [Listener, Listener];
      const talker = await started.open();
      await told(talker.send(join("/open/flood")), "joined");
      bob.send({ type: "join", id: 2, path: "/open/flood" });
      await told(bob, "joined", 2);
      bob.socket.pause();
      const text = "x".repeat(4_000);
      await eventually(async () => {
        for (let n = 0; n < 500; n++) talker.send(chat(text));
        return (await started.metric("lineshaft_channel_dropped_total")) > 0;
      });
      const { key } = await told(ada, "joined");
      ada.send({ type: "state", id: 1, state: { status: "away" } });
      await eventually(() => present(ada).get(key)?.state.status === "away");
      bob.socket.resume();
      await eventually(() => present(bob).get(key)?.state.status === "away");
      talker.send(chat("last"));
      await eventually(() => bob.of(2).some(({ payload }) => payload?.text === "last"));
    });

    test("members on two nodes see and hear each other; those of a node that stops are gone [CHN-1]", async () => {
      const { all, room } = await members("Ada");
      const [ada] = all as [Listener];
      const node = await started.node();
      const { token } = await started.seated(room, "Bob");
      const bob = await started.open(node, token);
      await told(bob.send(join(`/rooms/${room}`)), "joined");
      await eventually(() => names(ada).join() === "Ada,Bob" && names(bob).join() === "Ada,Bob");
      for (let n = 0; n < 100; n++) ada.send({ type: "send", id: 1, name: "cursor", payload: { x: n } });
      await eventually(() => ada.of(1).filter(({ type }) => type === "refused").length + heard(bob).length === 100);
      assert.deepEqual(
        heard(bob),
        heard(bob).toSorted((one, other) => one - other),
      );
      await node.stop();
      assert.equal(bob.closed?.code ?? 1001, 1001);
      await eventually(() => names(ada).join() === "Ada");
    });
  });
}

const heard = (listener: Listener): number[] => listener.of(1).flatMap(({ payload }) => payload?.x ?? []);
