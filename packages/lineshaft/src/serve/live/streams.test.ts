/** Live queries as event streams: what LIVE-1 promises, on real servers, with changes by hand. */
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { existsSync } from "node:fs";
import { connect } from "node:net";
import { after, before, beforeEach, describe, test } from "node:test";
import { parsePosition } from "../../log/position.ts";
import { missing, TEST_SERVERS } from "../../testkit/index.ts";
import { Wire } from "../test/wire.ts";
import { type Started, startLiveApp } from "./test/app.ts";
import { eventually, Stream } from "./test/subscribers.ts";

for (const server of TEST_SERVERS) {
  describe(`event streams on ${server.name}`, { skip: missing(server) }, () => {
    let started: Started;
    let url: string;
    before(async () => {
      started = await startLiveApp({ server });
      ({ url } = started.app);
    });
    after(() => started[Symbol.asyncDispose]());
    beforeEach(() => started.settle());

    test("the answer comes, then each change, also one by psql, in order [LIVE-1]", async () => {
      using stream = await Stream.open(`${url}/posts/one`);
      assert.equal(stream.response.headers.get("content-type"), "text/event-stream");
      await stream.until(({ views }) => views === 0);
      for (let views = 1; views <= 20; views++) {
        await started.views("one", views);
        await stream.until((data) => data.views === views);
      }
      const seen = stream.answers.map(({ data }) => data.views);
      assert.deepEqual(
        seen,
        Array.from({ length: 21 }, (_, views) => views),
      );
      const positions = stream.answers.map(({ id }) => parsePosition(id!));
      assert.deepEqual(
        positions,
        positions.toSorted((one, next) => (one < next ? -1 : 1)),
      );
      assert.match(stream.text, /^retry: 1000\n\n/);
    });

    test("a hundred quick commits end at the truth; answers in between may be left out [LIVE-1]", async () => {
      using stream = await Stream.open(`${url}/posts/one`);
      await stream.until(() => true);
      for (let views = 1; views <= 100; views++) await started.views("one", views);
      await stream.until(({ views }) => views === 100);
      assert.ok(stream.answers.length <= 101);
      assert.equal(stream.last!.data.views, 100);
    });

    test("an answer that has not changed is not sent; other posts wake nobody [LIVE-1]", async () => {
      using stream = await Stream.open(`${url}/owned/one`);
      await stream.until(() => true);
      const before = await started.metric("lineshaft_live_recomputations_total");
      await started.views("two", 5);
      await started.heard();
      assert.equal(await started.metric("lineshaft_live_recomputations_total"), before);
      await started.client.query("update site.post set text = text || '.' where slug = 'one'");
      await eventually(async () => (await started.metric("lineshaft_live_recomputations_total")) > before);
      await started.views("one", 9);
      await stream.until(({ views }) => views === 9);
      assert.equal(stream.answers.length, 2);
    });

    /** How often queries were run, but for runs that came too early: what they were for could not be seen yet. */
    async function runs(): Promise<number> {
      const count = (name: string) => started.metric(`lineshaft_live_${name}_total`);
      return (await count("recomputations")) - (await count("overtaken"));
    }

    test("200 subscribers of one query cost one run for each change [LIVE-1]", async () => {
      using opened = new DisposableStack();
      const streams = await Promise.all(Array.from({ length: 200 }, () => Stream.open(`${url}/posts/two`)));
      for (const stream of streams) opened.use(stream);
      await Promise.all(streams.map((stream) => stream.until(() => true)));
      assert.equal(await started.metric("lineshaft_live_groups"), 1);
      const before = await runs();
      for (let views = 101; views <= 105; views++) {
        await started.views("two", views);
        await Promise.all(streams.map((stream) => stream.until((data) => data.views === views)));
      }
      assert.equal((await runs()) - before, 5);
    });

    test("changes that come while a run is under way cost one more run, and the newest wins [LIVE-1]", async () => {
      const { app, metric } = started;
      using stream = await Stream.open(`${url}/gated`);
      await stream.until(({ views }) => views === 0);
      await started.heard();
      const locker = await app.connect();
      try {
        await locker.query("begin; lock table site.gate in access exclusive mode");
        const before = await metric("lineshaft_live_recomputations_total");
        await started.views("one", 1);
        const run = async () => (await metric("lineshaft_live_recomputations_total")) > before;
        await eventually(run, "the run that waits for the lock");
        for (let views = 2; views <= 50; views++) await started.views("one", views);
        await started.heard();
        assert.equal((await metric("lineshaft_live_recomputations_total")) - before, 1);
        await locker.query("commit");
        await stream.until(({ views }) => views === 50);
        const runs = (await metric("lineshaft_live_recomputations_total")) - before;
        assert.ok(runs >= 2 && runs < 10, `${runs} runs`);
        assert.ok(stream.answers.length <= 3);
      } finally {
        await locker.end();
      }
    });

    test("a group is one query with one input, and one caller where the query looks at who calls", async () => {
      const { app, metric } = started;
      const groups = () => metric("lineshaft_live_groups");
      const [ada, bob] = [await app.account(), await app.account()];
      using opened = new DisposableStack();
      const open = async (path: string, who: typeof ada) => {
        const stream = await Stream.open(path, {}, (to, init) => app.as(who).fetch(to, init));
        await opened.use(stream).until(() => true);
      };
      for (const who of [ada, ada, bob]) await open("/posts/one", who);
      assert.equal(await groups(), 1, "it never looks at who calls");
      await open("/posts/two", ada);
      assert.equal(await groups(), 2);
      for (const who of [ada, ada, bob]) await open("/mine", who);
      assert.equal(await groups(), 4);
    });

    test("a reconnect goes on from its position: silent, or the newest answer [LIVE-1]", async () => {
      using first = await Stream.open(`${url}/posts/one`);
      const { id } = await first.until(() => true);
      first[Symbol.dispose]();
      await started.views("two", 1);
      await started.heard();
      using again = await Stream.open(`${url}/posts/one`, { "last-event-id": id! });
      assert.deepEqual(again.answers, []);
      await started.views("one", 31);
      await again.until(({ views }) => views === 31);
      assert.equal(again.answers.length, 1, "what it had already was not sent again");
      const { id: newest } = again.last!;
      again[Symbol.dispose]();
      await started.views("one", 32);
      await started.heard();
      using third = await Stream.open(`${url}/posts/one`, { "last-event-id": newest! });
      await third.until(({ views }) => views === 32);
      await started.views("one", 33);
      await started.views("one", 32);
      await started.heard();
      // It changed, and changed back: the position says so, and nobody trusts in the look of the answer.
      using fourth = await Stream.open(`${url}/posts/one`, { "last-event-id": newest! });
      await fourth.until(({ views }) => views === 32);
    });

    test("what was said to be current is not sent again by a run that came too early [LIVE-1]", async () => {
      using first = await Stream.open(`${url}/gated`);
      const { id } = await first.until(({ views }) => views === 0);
      first[Symbol.dispose]();
      using again = await Stream.open(`${url}/gated`, { "last-event-id": id! });
      const locker = await started.app.connect();
      try {
        await locker.query("begin; lock table site.gate in access exclusive mode");
        const before = await started.metric("lineshaft_live_recomputations_total");
        const change = "update site.post set views = $1 where slug = 'one'";
        await started.client.query(`begin; ${change.replace("$1", "1")}; ${change.replace("$1", "0")}; commit`);
        const run = async () => (await started.metric("lineshaft_live_recomputations_total")) > before;
        await eventually(run, "the run that waits for the lock");
        await started.views("one", 31);
        await started.heard();
        await locker.query("commit");
        await again.until(({ views }) => views === 31);
        assert.equal(again.answers.length, 1);
      } finally {
        await locker.end();
      }
    });

    test("a commit that is seen before it is heard is told to who comes back in between [LIVE-1]", async () => {
      using first = await Stream.open(`${url}/posts/one`);
      const { id } = await first.until(({ views }) => views === 0);
      first[Symbol.dispose]();
      // So large that it is heard late.
      await started.client.query(`begin; insert into site.gate select from generate_series(1, 100000);
        update site.post set views = 77 where slug = 'one'; commit`);
      using again = await Stream.open(`${url}/posts/one`, { "last-event-id": id! });
      await again.until(({ views }) => views === 77);
      await started.client.query("truncate site.gate");
    });

    test("positions that are made up, from the future or from before the log get the whole answer", async () => {
      for (const id of ["FFFF/FFFFFFFF", "0/1"]) {
        using stream = await Stream.open(`${url}/posts/one`, { "last-event-id": id });
        await stream.until(({ views }) => views === 0);
      }
      const refused = await fetch(`${url}/posts/one`, {
        headers: { accept: "text/event-stream", "last-event-id": "x" },
      });
      assert.equal(refused.status, 400);
      assert.equal(((await refused.json()) as { code: string }).code, "INVALID_REQUEST");
    });

    test("whoever goes away while its position is waited for is done with", async () => {
      const name = 'lineshaft_http_requests_total{route="/posts/:slug",method="GET",status="200"}';
      const before = await started.metric(name);
      const socket = connect(Number(new URL(url).port), "127.0.0.1");
      const lines = ["GET /posts/one HTTP/1.1", "host: localhost", "accept: text/event-stream"];
      // Read by the node before it learns of the end.
      socket.end(`${[...lines, "lineshaft-position: FFFF/FFFFFFFF"].join("\r\n")}\r\n\r\n`, () => socket.destroy());
      await eventually(async () => (await started.metric(name)) > before, "the end of the request");
    });

    test("what fails is a usual problem; what fails later is told, and is the end", async () => {
      const headers = { accept: "text/event-stream" };
      for (const [path, status] of [
        ["/posts/none", 404],
        ["/mine", 401],
        ["/posts/one?x=1", 422],
      ] as const) {
        const answer = await fetch(url + path, { headers });
        assert.deepEqual(
          [answer.status, answer.headers.get("content-type")],
          [status, "application/problem+json; charset=utf-8"],
        );
        await answer.body!.cancel();
      }
      await started.client.query("insert into site.post (slug) values ('short')");
      using stream = await Stream.open(`${url}/posts/short`);
      await stream.until(() => true);
      await started.client.query("delete from site.post where slug = 'short'");
      const { data } = await stream.untilEvent("problem");
      assert.deepEqual([data.status, data.code], [404, "NOT_FOUND"]);
      await stream.untilOver();
    });

    test("a session that ends, ends its streams; nobody's go on", async () => {
      const { app, client } = started;
      const ada = await app.account();
      using mine = await Stream.open("/mine", {}, (path, init) => app.as(ada).fetch(path, init));
      using open = await Stream.open(`${url}/posts/one`);
      await mine.until(({ id }) => id === ada.id);
      // At once: the answer would be worked out before it is known who calls.
      await client.query("begin");
      await client.query("delete from accounts.session where account = $1", [ada.id]);
      await client.query("update site.post set views = 77 where slug = 'one'");
      await client.query("commit");
      const { data } = await mine.untilEvent("problem");
      assert.deepEqual([data.status, data.code], [401, "UNAUTHENTICATED"]);
      await mine.untilOver();
      assert.ok(!mine.answers.some(({ data: { views } }) => views === 77), "nothing that was written with it");
      await open.until(({ views }) => views === 77);
    });

    test("a session whose time is over ends its streams by the clock", async () => {
      const { app, client } = started;
      const ada = await app.account();
      using mine = await Stream.open("/mine", {}, (path, init) => app.as(ada).fetch(path, init));
      await mine.until(() => true);
      const soon = new Date(app.clock.now().getTime() + 300);
      await client.query(`update accounts.session set "expiresAt" = $2 where account = $1`, [ada.id, soon]);
      assert.equal((await mine.untilEvent("problem")).data.code, "UNAUTHENTICATED");
    });

    test("rights that are lost end the stream of who lost them, and of nobody else [ACC-1]", async () => {
      const { app, client } = started;
      const [ada, bob] = [await app.account(), await app.account()];
      await client.query("insert into site.post (slug) values ('owned')");
      const [hers, his] = await Promise.all(
        [ada, bob].map((who) => Stream.open("/owned/owned", {}, (path, init) => app.as(who).fetch(path, init))),
      );
      await Promise.all([hers!, his!].map((stream) => stream.until(() => true)));
      await client.query("update site.post set owner = $1, views = 3 where slug = 'owned'", [ada.id]);
      await hers!.until(({ views }) => views === 3);
      assert.equal((await his!.untilEvent("problem")).data.code, "FORBIDDEN");
      assert.equal(his!.answers.length, 1);
      hers![Symbol.dispose]();
    });

    test("what depends on the request is nobody else's; what depends on the time comes again", async () => {
      using one = await Stream.open(`${url}/header`, { "x-text": "one" });
      using two = await Stream.open(`${url}/header`, { "x-text": "two" });
      await Promise.all([one.until(({ text }) => text === "one"), two.until(({ text }) => text === "two")]);
      assert.deepEqual([one.answers.length, two.answers.length], [1, 1]);
      using time = await Stream.open(`${url}/time`);
      await eventually(() => time.answers.length >= 2);
    });

    test("what depends on rows and on the time is told at once when the rows change", async () => {
      using aged = await Stream.open(`${url}/aged`);
      await aged.until(({ views }) => views === 0);
      const heard = () => started.metric("lineshaft_live_push_seconds_count");
      const before = await heard();
      await started.views("one", 21);
      await aged.until(({ views }) => views === 21);
      assert.ok((await heard()) > before, "it was told by the log, not by the clock");
      await started.views("one", 0);
    });

    test("a comment comes while nothing else does; a stream outlives the bounds of answers", async () => {
      const bounds = { heartbeatMs: 50, answerMs: 100, socketIdleMs: 100, requestMs: 100, keepAliveMs: 100 };
      await using own = await startLiveApp({ server, bounds });
      using stream = await Stream.open(`${own.app.url}/posts/one`);
      await eventually(() => stream.text.split(":\n\n").length > 10);
      await own.views("one", 4);
      await stream.until(({ views }) => views === 4);
      assert.equal(stream.isOver, false);
    });

    test("a stream whose reader is slow at first is not cut as a slow answer is", async () => {
      await using own = await startLiveApp({ server, bounds: { answerMs: 50, socketIdleMs: 50 } });
      await own.client.query("update site.post set text = repeat('x', 12000000) where slug = 'one'");
      using slow = new Wire(own.app.url);
      slow.socket.pause();
      slow.send("GET /posts/one HTTP/1.1\r\nHost: a\r\nAccept: text/event-stream\r\n\r\n");
      await eventually(async () => (await own.metric("lineshaft_live_recomputations_total")) > 0);
      const startedAt = performance.now();
      await eventually(() => performance.now() - startedAt > 500);
      slow.socket.resume();
      await slow.until((text) => text.length > 12_000_000 && text.includes('"views":0'));
      await own.client.query("update site.post set text = '', views = 8 where slug = 'one'");
      await slow.until((text) => text.endsWith('"views":8}\n\n\r\n'));
    });

    test("a reader that stops reading costs bounded memory, and then gets the newest answer", async () => {
      const { client } = started;
      await client.query("insert into site.post (slug, text) values ('large', repeat('x', 300000))");
      using slow = new Wire(url);
      slow.send("GET /posts/large HTTP/1.1\r\nHost: a\r\nAccept: text/event-stream\r\n\r\n");
      await slow.until((text) => text.includes("event: answer"));
      slow.socket.pause();
      using quick = await Stream.open(`${url}/posts/large`);
      let views = 0;
      const [delayed, resyncs] = ["lineshaft_live_delayed_total", "lineshaft_live_resyncs_total"];
      const [delayedBefore, resyncsBefore] = [await started.metric(delayed), await started.metric(resyncs)];
      const before = process.memoryUsage().external;
      await eventually(async () => {
        await started.views("large", ++views);
        await quick.until((data) => data.views === views);
        quick.events.length = 0;
        quick.text = "";
        return (await started.metric(delayed)) > delayedBefore;
      });
      for (const end = views + 30; views < end; ) {
        await started.views("large", ++views);
        await quick.until((data) => data.views === views);
      }
      assert.ok(process.memoryUsage().external - before < 60_000_000);
      assert.ok(!slow.received.includes(`"views":${views}`));
      slow.socket.resume();
      await slow.until((text) => text.includes(`"views":${views}`));
      assert.ok((await started.metric(resyncs)) > resyncsBefore);
      const sent = slow.received.split("event: answer").length - 1;
      assert.ok(sent < views, `${sent} answers of ${views} changes`);
    });

    test("a node that stops ends its streams at once", async () => {
      const own = await startLiveApp({ server });
      using stream = await Stream.open(`${own.app.url}/posts/one`);
      await stream.until(() => true);
      const startedAt = performance.now();
      await own[Symbol.asyncDispose]();
      await stream.untilOver();
      assert.ok(performance.now() - startedAt < 5_000);
    });

    test("a node that stops waits for no stream that is to begin once a position is reached", async () => {
      const own = await startLiveApp({ server });
      const headers = { accept: "text/event-stream", "lineshaft-position": "FFFF/0" };
      const asked = own.app.fetch("/posts/one", { headers });
      // By then the node has read what came before.
      await own.app.fetch("/posts/two");
      const startedAt = performance.now();
      await own[Symbol.asyncDispose]();
      assert.ok(performance.now() - startedAt < 5_000);
      await (await asked).text();
    });

    test("curl reads it", { skip: existsSync("/usr/bin/curl") ? false : "there is no curl" }, async () => {
      const curl = spawn("curl", ["-sN", "-H", "Accept: text/event-stream", `${url}/posts/one`]);
      let text = "";
      curl.stdout.on("data", (chunk) => {
        text += chunk;
      });
      await eventually(() => text.includes('"views":0'));
      await started.views("one", 55);
      await eventually(() => text.includes('"views":55'));
      curl.kill();
    });

    test("without the log of the database it is asked every second", async () => {
      await using own = await startLiveApp({ server, settings: { relay: "off" } });
      using stream = await Stream.open(`${own.app.url}/posts/one`);
      await stream.until(() => true);
      await own.views("one", 3);
      await stream.until(({ views }) => views === 3);
      using ada = await Stream.open("/mine", {}, async (path, init) =>
        own.app.as(await own.app.account()).fetch(path, init),
      );
      await ada.until(() => true);
      await own.client.query("delete from accounts.session");
      assert.equal((await ada.untilEvent("problem")).data.code, "UNAUTHENTICATED");
    });
  });
}
