/** Live queries over sockets: many subscriptions, patches, limits, and whatever a client can do wrong. */
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { after, before, beforeEach, describe, test } from "node:test";
import { isDeepStrictEqual } from "node:util";
import type { WebSocket } from "ws";
import { ACTOR_SUBSCRIPTIONS_MAX, diff, type Json, type Operation } from "../../live/index.ts";
import { missing, TEST_SERVERS } from "../../testkit/index.ts";
import { Wire } from "../test/wire.ts";
import { MESSAGE_BYTES_MAX, SUBSCRIPTIONS_MAX } from "./socket.ts";
import { ORIGIN, type Started, startLiveApp } from "./test/app.ts";
import { eventually, Listener, patched } from "./test/subscribers.ts";

interface End {
  readonly name: string;
  readonly send: string;
  readonly code: string;
  readonly close: number;
}
interface Vectors {
  readonly ends: readonly End[];
  readonly channelEnds: readonly End[];
  readonly messages: readonly {
    readonly name: string;
    readonly received: readonly [{ readonly body: Json }, { readonly patch: readonly Operation[] }];
    readonly body: Json;
  }[];
  readonly problems: readonly { readonly name: string; readonly path: string; readonly code: string }[];
}
const VECTORS = new URL("../../../../../docs/wire-protocol.vectors.json", import.meta.url);
const vectors: Vectors = JSON.parse(readFileSync(VECTORS, "utf8"));

for (const server of TEST_SERVERS) {
  describe(`sockets on ${server.name}`, { skip: missing(server) }, () => {
    let started: Started;
    let url: string;
    before(async () => {
      started = await startLiveApp({ server });
      ({ url } = started.app);
    });
    after(() => started[Symbol.asyncDispose]());
    beforeEach(() => started.settle());

    test("one socket has many subscriptions; each is told its answer, then its changes [LIVE-1]", async () => {
      using listener = await Listener.open(url);
      listener.subscribe(1, "/posts/one").subscribe(2, "/posts/two").subscribe(7, "/posts");
      await Promise.all([1, 2, 7].map((id) => listener.untilBody(id, (body) => body !== undefined)));
      await started.views("two", 5);
      await listener.untilBody(2, ({ views }) => views === 5);
      await listener.untilBody(7, (rows) => rows[1].views === 5);
      assert.equal(listener.of(1).length, 1);
      listener.send({ type: "unsubscribe", id: 2 });
      await listener.until(({ type, id }) => type === "ended" && id === 2);
      const before = listener.of(2).length;
      await started.views("two", 6);
      await listener.untilBody(7, (rows) => rows[1].views === 6);
      assert.equal(listener.of(2).length, before);
      listener.subscribe(2, "/posts/two");
      await listener.untilBody(2, ({ views }) => views === 6);
      listener.send({ type: "unsubscribe", id: 99 });
      await listener.until(({ type, id }) => type === "ended" && id === 99);
    });

    test("a change comes as a patch or as the whole answer, whichever is smaller; both make the truth", async () => {
      const { client } = started;
      await client.query("insert into site.post (slug) select 'row ' || n from generate_series(1, 100) n");
      await started.heard();
      using listener = await Listener.open(url);
      listener.subscribe(1, "/posts");
      await listener.untilBody(1, (rows) => rows?.length === 102);
      for (const [type, change] of [
        ["patch", "update site.post set views = 8 where slug = 'row 50'"],
        ["patch", "delete from site.post where slug = 'row 3'"],
        ["patch", "insert into site.post (slug) values ('row 101')"],
        ["patch", "update site.post set text = 'a/b~c' where slug like 'row 9_'"],
        ["answer", "delete from site.post where slug like 'row%'"],
      ] as const) {
        await client.query(change);
        await started.heard();
        const truth = await (await started.app.fetch("/posts")).json();
        await listener.untilBody(1, (rows) => isDeepStrictEqual(rows, truth));
        assert.equal(listener.of(1).at(-1).type, type, change);
      }
    });

    test("a reconnect with a position: current, or the newest [LIVE-1]", async () => {
      using first = await Listener.open(url);
      first.subscribe(1, "/posts/one");
      const { position } = await first.until(({ type }) => type === "answer");
      first[Symbol.dispose]();
      using again = await Listener.open(url);
      again.subscribe(1, "/posts/one", position);
      const { type } = await again.until(({ id }) => id === 1);
      assert.equal(type, "current");
      await started.views("one", 41);
      await again.untilBody(1, (body) => body?.views === 41);
      await started.views("one", 0);
      await started.heard();
      using third = await Listener.open(url);
      third.subscribe(1, "/posts/one", position);
      await third.untilBody(1, (body) => body?.views === 0);
      assert.equal(third.of(1)[0].type, "answer");
    });

    test("a reconnect of whom the rows now tell otherwise gets the newest answer [LIVE-1]", async () => {
      const ada = await started.app.account();
      const headers = { authorization: `Bearer ${await started.token(ada)}` };
      using first = (await Listener.open(url, { headers })).subscribe(1, "/me");
      const { position, body } = await first.until(({ type }) => type === "answer");
      first[Symbol.dispose]();
      using same = (await Listener.open(url, { headers })).subscribe(1, "/me", position);
      await same.until(({ type }) => type === "current");
      same[Symbol.dispose]();
      await started.client.query(`update accounts.account set "emailVerified" = not "emailVerified" where id = $1`, [
        ada.id,
      ]);
      await started.heard();
      using other = (await Listener.open(url, { headers })).subscribe(1, "/me", position);
      const { type } = await other.until(({ id }) => id === 1);
      assert.deepEqual([type, other.body(1)], ["answer", { isVerified: !body.isVerified }]);
    });

    test("who calls: by the handshake, or by hello; when the session ends, so do its subscriptions", async () => {
      const ada = await started.app.account();
      const token = await started.token(ada);
      using byHead = await Listener.open(url, { headers: { authorization: `Bearer ${token}` } });
      using byHello = await Listener.open(url);
      byHello.send({ type: "hello", token });
      using nobody = await Listener.open(url);
      for (const each of [byHead, byHello, nobody]) each.subscribe(1, "/mine").subscribe(2, "/posts/one");
      for (const each of [byHead, byHello]) await each.untilBody(1, (body) => body?.id === ada.id);
      const { problem } = await nobody.until(({ type }) => type === "problem");
      assert.deepEqual([problem.code, problem.status], ["UNAUTHENTICATED", 401]);
      await nobody.untilBody(2, (body) => body !== undefined);
      await started.client.query("delete from accounts.session where account = $1", [ada.id]);
      for (const each of [byHead, byHello]) {
        await eventually(() => each.messages.filter(({ type }) => type === "problem").length === 2);
        assert.ok(each.messages.every(({ type, problem }) => type !== "problem" || problem.code === "UNAUTHENTICATED"));
      }
      using late = await Listener.open(url);
      late.send({ type: "hello", token }).subscribe(1, "/posts/one");
      assert.equal(
        (await late.until(({ type, id }) => type === "problem" && id === undefined)).problem.code,
        "UNAUTHENTICATED",
      );
      assert.equal((await late.untilClosed()).code, 1008);
    });

    for (const { name, send, code, close } of [...vectors.ends, ...vectors.channelEnds]) {
      test(`a message that ends the connection: ${name}`, async () => {
        using listener = await Listener.open(url);
        using other = await Listener.open(url);
        other.subscribe(1, "/posts/one");
        listener.subscribe(5, "/posts/one");
        await listener.untilBody(5, (body) => body !== undefined);
        listener.send(send);
        const { problem } = await listener.until(({ type, id }) => type === "problem" && id === undefined);
        assert.equal(problem.code, code);
        assert.equal((await listener.untilClosed()).code, close);
        await other.untilBody(1, (body) => body !== undefined);
        assert.equal(other.closed, null);
      });
    }

    for (const { name, path, code } of vectors.problems) {
      test(`a subscription that fails: ${name}`, async () => {
        using listener = await Listener.open(url);
        listener.subscribe(1, path).subscribe(2, "/posts/one");
        const { problem } = await listener.until(({ type, id }) => type === "problem" && id === 1);
        assert.equal(problem.code, code);
        await listener.untilBody(2, (body) => body !== undefined);
        listener.subscribe(1, "/posts/one");
        await listener.untilBody(1, (body) => body !== undefined);
      });
    }

    for (const { name, received, body } of vectors.messages) {
      test(`messages have the form of the vectors: ${name}`, async () => {
        const [answer, patch] = received;
        assert.deepEqual(patched(answer.body, patch.patch), body);
        assert.deepEqual(patched(answer.body, diff(answer.body, body)!), body);
        await started.client.query("update site.post set text = repeat('x', 300) where slug = 'one'");
        await started.heard();
        using listener = await Listener.open(url);
        listener.subscribe(1, "/posts/one");
        await listener.untilBody(1, (seen) => seen !== undefined);
        await started.views("one", 3);
        await listener.untilBody(1, ({ views }) => views === 3);
        const form = (value: object) => Object.entries(value).map(([key, each]) => [key, typeof each]);
        const told = listener.of(1);
        for (const [index, message] of received.entries()) {
          const vary = ({ body: _body, ...rest }: Record<string, unknown>) => rest;
          assert.deepEqual(form(vary(told[index])), form(vary(message)));
          assert.equal("body" in told[index], "body" in message);
        }
        assert.deepEqual(form(told[1].patch[0]), [
          ["op", "string"],
          ["path", "string"],
          ["value", "number"],
        ]);
      });
    }

    test("frames that are wrong end the connection with their code", async () => {
      for (const [send, code] of [
        [(socket: WebSocket) => socket.send(Buffer.from("{}")), 1003],
        [(socket: WebSocket) => socket.send("x".repeat(MESSAGE_BYTES_MAX + 1)), 1009],
        [(socket: WebSocket) => socket.send(Buffer.from([0xc3, 0x28]), { binary: false }), 1007],
      ] as const) {
        using listener = await Listener.open(url);
        send(listener.socket);
        assert.equal((await listener.untilClosed()).code, code);
      }
      using other = await Listener.open(url, { protocols: ["graphql-ws"] });
      using none = await Listener.open(url, { protocols: [] });
      assert.equal((await none.untilClosed()).code, 1002);
      assert.ok(other.closed);
    });

    test("a message in many fragments is a message", async () => {
      using listener = await Listener.open(url);
      // More of them than the library takes by default; white space may stand anywhere in JSON.
      const text = JSON.stringify({ type: "subscribe", id: 1, path: "/posts/one" }).padEnd(20_000);
      for (const [index, letter] of [...text].entries())
        listener.socket.send(letter, { fin: index === text.length - 1 });
      await listener.untilBody(1, (body) => body !== undefined);
    });

    test("no message is compressed, though the client offers to", async () => {
      using listener = await Listener.open(url);
      assert.equal(listener.socket.extensions, "");
    });

    test("positions that are made up, from the future or from before the log get the whole answer", async () => {
      using other = await Listener.open(url);
      other.subscribe(1, "/posts/one", "FFFF/FFFFFFFF").subscribe(2, "/posts/one", "0/1").subscribe(3, "/posts/two");
      for (const id of [1, 2, 3]) await other.untilBody(id, (body) => body?.views === 0);
      assert.ok(other.messages.every(({ type }) => type === "answer"));
    });

    test("a page of another origin is refused; one that a rule lets in gets that service only", async () => {
      using refused = await Listener.open(url, { headers: { origin: "https://evil.example" } });
      await eventually(() => refused.refused);
      assert.deepEqual([refused.refused!.status, refused.refused!.body.code], [403, "ORIGIN_REFUSED"]);
      using own = await Listener.open(url, { headers: { origin: url } });
      own.subscribe(1, "/plain");
      await own.untilBody(1, (body) => body?.text === "plain");
      using friend = await Listener.open(url, { headers: { origin: ORIGIN } });
      friend.subscribe(1, "/posts/one").subscribe(2, "/plain");
      await friend.untilBody(1, (body) => body !== undefined);
      assert.equal(
        (await friend.until(({ id, type }) => id === 2 && type === "problem")).problem.code,
        "ORIGIN_REFUSED",
      );
    });

    test("what is not a socket is answered as ever; what offers another protocol is, too", async () => {
      const answer = await fetch(`${url}/live`);
      assert.equal(answer.status, 404);
      using wire = new Wire(url);
      const upgrade = "Connection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\nHTTP2-Settings: AAMAAABkAAQAAP__\r\n";
      wire.send(`GET /posts/one HTTP/1.1\r\nHost: a\r\n${upgrade}\r\n`);
      assert.match(await wire.until((text) => text.includes("views")), /^HTTP\/1.1 200/);
      using broken = new Wire(url);
      broken.send("GET /live HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n");
      assert.match(await broken.untilEnd(), /^HTTP\/1.1 426[\s\S]*UPGRADE_REQUIRED/);
    });

    test("a connection has so many subscriptions, and so has an actor on a node [LIM-1]", async () => {
      const listeners: Listener[] = [];
      try {
        for (let opened = 0; opened < ACTOR_SUBSCRIPTIONS_MAX; opened += SUBSCRIPTIONS_MAX) {
          const listener = await Listener.open(url);
          listeners.push(listener);
          for (let id = 1; id <= SUBSCRIPTIONS_MAX; id++) listener.subscribe(id, "/posts/one");
          await eventually(() => listener.messages.length >= SUBSCRIPTIONS_MAX);
          assert.ok(listener.messages.every(({ type }) => type === "answer"));
        }
        const [first] = listeners;
        first!.subscribe(201, "/posts/one");
        assert.equal((await first!.until(({ id }) => id === 201)).problem.code, "SUBSCRIPTIONS_EXCEEDED");
        const late = await Listener.open(url);
        listeners.push(late);
        late.subscribe(1, "/posts/one");
        const { problem } = await late.until(({ id }) => id === 1);
        assert.deepEqual([problem.code, problem.status], ["SUBSCRIPTIONS_EXCEEDED", 429]);
        first!.send({ type: "unsubscribe", id: 1 });
        await first!.until(({ type }) => type === "ended");
        late.subscribe(1, "/posts/one");
        await late.untilBody(1, (body) => body !== undefined);
      } finally {
        for (const listener of listeners) listener[Symbol.dispose]();
      }
      await eventually(async () => (await started.metric("lineshaft_live_subscriptions")) === 0);
      await eventually(async () => (await started.metric('lineshaft_live_connections{kind="socket"}')) === 0);
    });

    test("who floods and does not read costs bounded memory, and then gets the newest answer [LIM-1]", async () => {
      await started.client.query("insert into site.post (slug, text) values ('large', repeat('x', 400000))");
      using slow = await Listener.open(url);
      using quick = await Listener.open(url);
      slow.subscribe(1, "/posts/large");
      await slow.untilBody(1, (body) => body !== undefined);
      quick.subscribe(1, "/posts/one");
      await quick.untilBody(1, (body) => body !== undefined);
      slow.socket.pause();
      const flood = JSON.stringify({ type: "unsubscribe", id: 5 });
      for (let count = 0; count < 50_000; count++) slow.send(flood);
      const text = (count: number) => `${count}`.repeat(300_000 / `${count}`.length);
      const change = "update site.post set text = $1, views = $2 where slug = 'large'";
      let count = 0;
      const delayed = () => started.metric("lineshaft_live_delayed_total");
      const delayedBefore = await delayed();
      await eventually(async () => {
        await started.client.query(change, [text(++count), count]);
        await started.heard();
        return (await delayed()) > delayedBefore;
      });
      const sent = async () =>
        (await started.metric('lineshaft_live_messages_total{kind="answer"}')) +
        (await started.metric('lineshaft_live_messages_total{kind="patch"}'));
      const before = await sent();
      for (const end = count + 30; count < end; ) await started.client.query(change, [text(++count), count]);
      await started.heard();
      await started.views("one", 9);
      await quick.untilBody(1, ({ views }) => views === 9);
      // One for the quick reader, and what the system's own buffers still took.
      assert.ok((await sent()) - before < 10, "answers wait for a reader that does not read");
      slow.socket.resume();
      await eventually(() => slow.messages.some(({ body }) => body?.views === count));
    });

    test("a client that gives no sign of life is let go; one that does is kept", async () => {
      await using own = await startLiveApp({ server, bounds: { pingMs: 500 } });
      using silent = await Listener.open(own.app.url);
      using alive = await Listener.open(own.app.url);
      let pings = 0;
      alive.socket.on("ping", () => {
        pings++;
      });
      silent.socket.pause();
      await eventually(async () => (await own.metric('lineshaft_live_connections{kind="socket"}')) === 1);
      const before = pings;
      await eventually(() => pings > before + 2);
      assert.equal(alive.closed, null);
      silent.socket.resume();
      assert.equal((await silent.untilClosed()).code, 1006);
    });

    test("a node that stops closes its sockets with 1001, in time, also those that do not answer", async () => {
      const own = await startLiveApp({ server, bounds: { drainMs: 700 } });
      using listener = await Listener.open(own.app.url);
      using silent = await Listener.open(own.app.url);
      listener.subscribe(1, "/posts/one");
      await listener.untilBody(1, (body) => body !== undefined);
      silent.socket.pause();
      const startedAt = performance.now();
      await own[Symbol.asyncDispose]();
      assert.ok(performance.now() - startedAt < 5_000);
      assert.equal((await listener.untilClosed()).code, 1001);
    });
  });
}
