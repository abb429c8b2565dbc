/** Signs of life of sockets: who is slow is not gone. */
import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { MESSAGE_BYTES_MAX } from "./socket.ts";
import { type Started, startLiveApp } from "./test/app.ts";
import { text } from "./test/conformance.ts";
import { frame, OPCODE, RawClient } from "./test/frames.ts";
import { eventually } from "./test/subscribers.ts";

const PING_MS = 1_000;
const CONNECTIONS = 'lineshaft_live_connections{kind="socket"}';
/** More than the system takes off our hands. */
const LARGE_BYTES = 24_000_000;
/** So slow that the answer takes many times as long as a ping may go without an answer. */
const STEP_BYTES = 700_000;

describe("the pulse of sockets", () => {
  let started: Started;
  before(async () => {
    started = await startLiveApp({ bounds: { pingMs: PING_MS } });
    await started.client.query("insert into site.post (slug, text) values ('large', repeat('x', $1))", [LARGE_BYTES]);
  });
  after(() => started[Symbol.asyncDispose]());

  const subscribed = async () => {
    const client = await RawClient.open(started.app.url);
    client.socket.pause();
    return client.send(frame(OPCODE.text, '{"type":"subscribe","id":1,"path":"/posts/large"}'));
  };

  test("a client that takes its answer slowly, ahead of the ping, is alive", async () => {
    using client = await subscribed();
    const startedAt = performance.now();
    while (client.messages.length === 0) {
      const before = client.socket.bytesRead;
      const isFed = () => client.socket.bytesRead > before + STEP_BYTES || client.messages.length > 0;
      client.socket.resume();
      await client.until(isFed, "more of the answer");
      client.socket.pause();
      const restedAt = performance.now();
      await eventually(() => performance.now() > restedAt + PING_MS / 10);
    }
    assert.equal(client.messages[0].body.text.length, LARGE_BYTES);
    assert.ok(performance.now() - startedAt > 3 * PING_MS, "it was slow enough to be taken for gone");
  });

  test("a client that takes nothing is gone, however much waits for it", async () => {
    using _client = await subscribed();
    await eventually(async () => (await started.metric(CONNECTIONS)) === 1);
    await eventually(async () => (await started.metric("lineshaft_live_subscriptions")) === 1);
    await eventually(async () => (await started.metric(CONNECTIONS)) === 0);
  });

  test("a client that answers no ping is gone without a word; one that sends anything stays", async () => {
    const open = () => RawClient.open(started.app.url);
    using silent = await open();
    using talking = await open();
    using answering = await open();
    await eventually(() => {
      talking.send(text(1));
      answering.send(frame(OPCODE.pong));
      return silent.isOver;
    });
    assert.equal(silent.closeCode, null);
    assert.ok(silent.of(OPCODE.ping).length >= 1);
    assert.ok(!talking.isOver && !answering.isOver);
    await talking.send(text(2)).untilAnswered(2);
    await answering.send(text(3)).untilAnswered(3);
  });

  test("who announces a frame and sends it drop by drop is taken for silent", async () => {
    using client = await RawClient.open(started.app.url);
    client.send(text(1, MESSAGE_BYTES_MAX).subarray(0, 20));
    await eventually(() => {
      client.send(" ");
      return client.isOver;
    });
    assert.equal(client.closeCode, null);
  });
});
