/** Sockets under pressure: frames and messages that are allowed, and made to cost as much as they can [LIM-1]. */
import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { OF_ONE_MAX } from "../../live/turns.ts";
import { BETWEEN_BYTES_MAX, PONGS_MAX } from "./pulse.ts";
import { EFFORTS_MAX, MESSAGE_BYTES_MAX } from "./socket.ts";
import { type Started, startLiveApp } from "./test/app.ts";
import { type Case, conform, text, told } from "./test/conformance.ts";
import { closeFrame, fragments, frame, OPCODE, pieces, RawClient } from "./test/frames.ts";
import { eventually, Listener } from "./test/subscribers.ts";

const message = (value: string) => frame(OPCODE.text, value);
const refused = (name: string, problem: string, ...send: Uint8Array[]): Case => ({ name, send, problem, close: 1008 });
const deep = (open: string, close: string) => open.repeat(30_000 / open.length) + close.repeat(30_000 / open.length);
const unsubscribe = (id: string) => message(`{"type":"unsubscribe","id":${id}}`);
const hello = message('{"type":"hello","token":"x"}');

const MESSAGES: Case[] = [
  refused("arrays, nested deeply", "INVALID_REQUEST", message(deep("[", "]"))),
  refused("arrays that do not end", "INVALID_JSON", message("[".repeat(MESSAGE_BYTES_MAX))),
  refused("objects, nested deeply", "INVALID_REQUEST", message(deep('{"a":', "}").replace(":}", ":1}"))),
  refused("what is said by a prototype", "INVALID_REQUEST", message(`{"__proto__":${told(1)}}`)),
  refused("the name of a method as a type", "INVALID_REQUEST", message('{"type":"constructor","id":1}')),
  refused("a second hello", "INVALID_REQUEST", Buffer.concat([hello, hello])),
  refused(
    "a token of any length that nobody has",
    "UNAUTHENTICATED",
    message(`{"type":"hello","token":"${"x".repeat(60_000)}"}`),
  ),
  ...["0", "-1", "1.5", "9007199254740992", "1e308", '"1"', "null", "[1]", "{}", "true"].map((id) => {
    return refused(`the id ${id}`, "INVALID_REQUEST", unsubscribe(id));
  }),
  ...["[]", "{}", '{"toString":1}', deep("[", "]"), `"${"0".repeat(60_000)}"`, "true", '"0/0/0"'].map((position) => {
    const send = message(`{"type":"subscribe","id":1,"path":"/posts/one","position":${position}}`);
    return refused(`the position ${position.slice(0, 20)}`, "INVALID_REQUEST", send);
  }),
  { name: "the greatest id", send: [unsubscribe("9007199254740991")], told: [Number.MAX_SAFE_INTEGER] },
  {
    name: "names that objects have by themselves, beside a message",
    send: [message(`{"__proto__":{"id":7},"constructor":1,"toString":2,"type":"unsubscribe","id":1}`)],
    told: [1],
  },
  {
    name: "fragments of one byte, as many as there can be",
    send: fragments(1, pieces(told(1, MESSAGE_BYTES_MAX), 1)),
    told: [1],
  },
];

describe("sockets under pressure", () => {
  let started: Started;
  let url: string;
  before(async () => {
    started = await startLiveApp();
    ({ url } = started.app);
  });
  after(() => started[Symbol.asyncDispose]());

  conform(() => url, MESSAGES);

  test("empty fragments without end", async () => {
    using client = await RawClient.open(url);
    const more = frame(OPCODE.continuation, "", { fin: false });
    client.send(frame(OPCODE.text, "", { fin: false }), ...Array(MESSAGE_BYTES_MAX).fill(more));
    await client.until(() => client.closeCode === 1008, "refusal");
  });

  test("of many pings at a time the first and the last are answered, in order", async () => {
    using client = await RawClient.open(url);
    client.send(...Array.from({ length: 5_000 }, (_, index) => frame(OPCODE.ping, `${index}`)));
    await client.until(() => client.of(OPCODE.pong).at(-1) === "4999", "answer to the last");
    const answered = client.of(OPCODE.pong).map(Number);
    assert.ok(answered.length >= PONGS_MAX);
    assert.deepEqual(
      answered,
      [...new Set(answered)].sort((one, other) => one - other),
    );
    await client.send(text(1)).untilAnswered(1);
  });

  test("between the fragments of a message some pings and pongs may come, and no flood of them", async () => {
    const [first, last] = fragments(OPCODE.text, pieces(told(1), 20)) as [Buffer, Buffer];
    const pong = frame(OPCODE.pong, "x".repeat(125));
    const pongs = (bytes: number) => Buffer.concat(Array(Math.ceil(bytes / pong.length)).fill(pong));
    using some = await RawClient.open(url);
    for (let count = 0; count < 3; count++) some.send(first, pongs(BETWEEN_BYTES_MAX * 0.9), last);
    await eventually(() => some.messages.length === 3);
    using many = await RawClient.open(url);
    many.send(first, pongs(BETWEEN_BYTES_MAX), last);
    await many.untilOver();
    assert.deepEqual(many.messages, []);
  });

  test("ids come and go as they like", async () => {
    using client = await RawClient.open(url);
    const rounds = 2_000;
    for (let id = 1; id <= rounds; id++) {
      client.send(message(`{"type":"subscribe","id":${id},"path":"/posts/one"}`), text(id));
    }
    await client.untilAnswered(rounds);
    await eventually(async () => (await started.metric("lineshaft_live_subscriptions")) === 0);
    client.frames.length = 0;
    client.send(message('{"type":"subscribe","id":1,"path":"/posts/one"}'));
    await client.until(() => client.messages.some(({ type }) => type === "answer"), "answer");
    client.send(closeFrame(1000));
    await client.untilOver();
  });

  test("whoever asks for much that takes long holds up nobody else [LIM-1]", async () => {
    const { app, client } = started;
    const ada = await Listener.open(url);
    ada.send({ type: "hello", token: await started.token(await app.account({})) });
    const bob = await Listener.open(url);
    await client.query("begin");
    await client.query("lock table site.gate");
    try {
      for (let id = 1; id <= 20; id++) ada.subscribe(id, `/gated?n=${id}`);
      const waits = "select count(*)::int as n from pg_locks where relation = 'site.gate'::regclass and not granted";
      await eventually(async () => (await client.query(waits)).rows[0].n >= OF_ONE_MAX, "runs that wait");
      bob.subscribe(1, "/posts/one").subscribe(2, "/posts/two");
      for (const id of [1, 2]) await bob.untilBody(id, (body) => body?.views === 0);
      assert.equal(ada.messages.length, 0);
    } finally {
      await client.query("rollback");
    }
    for (let id = 1; id <= 20; id++) await ada.untilBody(id, (body) => body?.views === 0);
    for (const each of [ada, bob]) each[Symbol.dispose]();
  });

  test("whoever begins too much, or is refused too often, is heard more slowly, and to the end [LIM-1]", async () => {
    const count = EFFORTS_MAX * 4;
    const name = "x".repeat(100);
    for (const message of [
      { type: "send", id: 1, name },
      { type: "join", id: 1, path: `/${name}` },
    ]) {
      const ada = await Listener.open(url);
      const beganAt = performance.now();
      for (let n = 0; n < count; n++) ada.send(message);
      await eventually(() => ada.messages.length === count, "all that is refused");
      assert.ok(performance.now() - beganAt > 1_000);
      ada[Symbol.dispose]();
    }
  });
});
