/** Channels between nodes, on a real database: nodes that die, stand still and come back, and a bus that breaks. */
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { poll } from "../testkit/index.ts";
import { TEXT_BYTES_MAX } from "./bus.ts";
import { BEAT_MS, QUEUE_BYTES_MAX, SILENT_MS } from "./peers.ts";
import { type Child, Stand, said, WAIT_MS } from "./test/stand.ts";

/** On a busy machine timers and processes are late. */
const SLACK_MS = 2_000;
/** As docs/guides/channels.md says it of nodes that had lost each other. */
const BACK_MS = 5_000;
const ROOM = JSON.stringify("room");
const shown = (key: string, name: string): string => `j\t${ROOM}\t${key}\t{"key":"${key}","member":{"name":"${name}"}}`;
const message = (payload: string): string => `m\t${ROOM}\t${said(payload)}`;
const WAIT = { timeoutMs: WAIT_MS };
/** Each has a database of its own, and most of them wait for silence. */
const CONCURRENT = { concurrency: true } as const;

describe("channels between nodes", CONCURRENT, () => {
  describe("a node", CONCURRENT, () => {
    test("that is killed is gone after the silence that is allowed, and not before", async () => {
      await using stand = await Stand.open();
      const here = (await stand.node()).join("Ada");
      const child = stand.child("Bob");
      await here.sees(["Ada", "Bob"]);
      const killedMs = performance.now();
      child.signal("SIGKILL");
      await here.sees(["Ada"]);
      const goneMs = performance.now() - killedMs;
      assert.ok(goneMs > SILENT_MS - BEAT_MS, `${goneMs} ms`);
      assert.ok(goneMs < SILENT_MS + BEAT_MS + SLACK_MS, `${goneMs} ms`);
    });

    for (const [what, stop, goOn] of [
      ["stands still", (child: Child) => child.signal("SIGSTOP"), (child: Child) => child.signal("SIGCONT")],
      ["is busy for as long", (child: Child) => child.block(SILENT_MS + 2 * BEAT_MS), () => {}],
    ] as const) {
      test(`that ${what} is gone elsewhere, comes back, and has lost nobody itself`, async () => {
        await using stand = await Stand.open();
        const here = (await stand.node()).join("Ada");
        const child = stand.child("Bob");
        await here.sees(["Ada", "Bob"]);
        await poll(() => child.seen.at(-1) === "Ada,Bob", WAIT);
        const { length } = child.seen;
        stop(child);
        await here.sees(["Ada"]);
        goOn(child);
        await here.sees(["Ada", "Bob"], BACK_MS + SLACK_MS);
        // Something new, so that what it sees after all that has happened is seen.
        here.self.leave();
        await poll(() => child.seen.at(-1) === "Bob", WAIT);
        assert.deepEqual(child.seen.slice(length), ["Bob"]);
      });
    }

    test("that says good-bye is gone at once", async () => {
      await using stand = await Stand.open();
      const here = (await stand.node()).join("Ada");
      const other = await stand.node();
      other.join("Bob");
      await here.sees(["Ada", "Bob"]);
      await other[Symbol.asyncDispose]();
      await here.sees(["Ada"], BEAT_MS + SLACK_MS);
    });

    test("and another one that starts at the same instant know all of each other", async () => {
      await using stand = await Stand.open();
      const nodes = Array.from({ length: 4 }, () => stand.newNode());
      const names = nodes.map((_, at) => `Member ${at}`);
      const members = nodes.map((node, at) => node.join(names[at]!));
      await Promise.all(nodes.map(({ channels }) => channels.start()));
      await Promise.all(members.map((each) => each.sees(names, 2 * BEAT_MS + SLACK_MS)));
    });

    test("knows the many members of one that was there before", async () => {
      await using stand = await Stand.open();
      const first = await stand.node();
      const topics = Array.from({ length: 5 }, (_, at) => `topic ${at}`);
      const names = Array.from({ length: 1_000 }, (_, at) => `${at} ${"x".repeat(200)}`);
      const second = stand.newNode();
      const watchers = topics.map((topic) => second.join("Ada", topic));
      const all = topics.flatMap((topic) => names.slice(1).map((name) => first.deaf(name, topic)));
      await second.channels.start();
      await Promise.all(watchers.map((each) => each.sees(["Ada", ...names.slice(1)])));
      for (const each of all) each.leave();
      await Promise.all(watchers.map((each) => each.sees(["Ada"])));
      assert.ok(stand.texts.every((text) => Buffer.byteLength(text) <= TEXT_BYTES_MAX));
    });
  });

  describe("the bus", CONCURRENT, () => {
    test("that is cut comes back: presence is right again, and messages go on", async () => {
      await using stand = await Stand.open();
      const [one, two] = [await stand.node(), await stand.node()];
      const [ada, bob] = [one.join("Ada"), two.join("Bob")];
      await ada.sees(["Ada", "Bob"]);
      await stand.cut();
      one.join("Cyd");
      bob.self.leave();
      const dan = two.join("Dan");
      await Promise.all([ada, dan].map((each) => each.sees(["Ada", "Cyd", "Dan"], BACK_MS + SLACK_MS)));
      ada.self.say(said("after"));
      await poll(() => dan.messages.includes("after"), WAIT);
      assert.deepEqual(dan.messages, ["after"]);
    });

    test("that falls silent is given up; what is said meanwhile is lost, presence is not", async () => {
      await using stand = await Stand.open();
      const { proxy, url } = await stand.network();
      const [one, two] = [await stand.node(url), await stand.node()];
      const [ada, bob] = [one.join("Ada"), two.join("Bob")];
      await ada.sees(["Ada", "Bob"]);
      await bob.sees(["Ada", "Bob"]);
      proxy.mode = "silent";
      one.join("Cyd");
      ada.self.say(said("lost"));
      const dan = two.join("Dan");
      bob.self.leave();
      // Each knows its own members, and that it does not hear of others any more.
      await dan.sees(["Dan"]);
      await ada.sees(["Ada", "Cyd"]);
      proxy.mode = "pass";
      await Promise.all([ada, dan].map((each) => each.sees(["Ada", "Cyd", "Dan"], BACK_MS + SLACK_MS)));
      ada.self.say(said("after"));
      dan.self.say(said("and back"));
      await poll(() => dan.messages.length > 0 && ada.messages.length > 0, WAIT);
      assert.deepEqual([ada.messages, dan.messages], [["and back"], ["after"]]);
    });

    test("that takes nothing holds up so much; then messages are dropped, and presence is told anew", async () => {
      await using stand = await Stand.open();
      const { proxy, url } = await stand.network();
      const [one, two] = [await stand.node(url), await stand.node()];
      const [ada, bob] = [one.join("Ada"), two.join("Bob")];
      await ada.sees(["Ada", "Bob"]);
      proxy.mode = "silent";
      const payload = "x".repeat(4_000);
      const count = Math.ceil(QUEUE_BYTES_MAX / payload.length) + 1;
      ada.self.say(said("under way"));
      const cyd = one.join("Cyd");
      for (let times = 0; times < count; times++) ada.self.say(said(payload));
      assert.ok((await one.value("channelDropped")) > count * 0.9);
      proxy.mode = "pass";
      await Promise.all([bob, cyd].map((each) => each.sees(["Ada", "Bob", "Cyd"])));
      ada.self.say(said("after"));
      await poll(() => bob.messages.at(-1) === "after", WAIT);
    });

    test("carries messages as long as they may be, in their order", async () => {
      await using stand = await Stand.open();
      const [one, two] = [await stand.node(), await stand.node()];
      const [ada, bob] = [one.join("Ada"), two.join("Bob")];
      await Promise.all([ada, bob].map((each) => each.sees(["Ada", "Bob"])));
      const payloads = Array.from({ length: 200 }, (_, at) => "é".repeat(3_810 + (at % 60)) + at);
      for (const payload of payloads) ada.self.say(said(payload));
      await poll(() => bob.messages.length === payloads.length, WAIT);
      assert.deepEqual(bob.messages, payloads);
      const longest = Math.max(...stand.texts.map((text) => Buffer.byteLength(text)));
      assert.ok(longest > TEXT_BYTES_MAX - 100 && longest <= TEXT_BYTES_MAX, `${longest} bytes`);
    });
  });

  describe("texts of another node", CONCURRENT, () => {
    test("of which one is missing have it asked for everything; what is not in there is gone", async () => {
      await using stand = await Stand.open();
      const here = (await stand.node()).join("Ada");
      const asked = () => stand.texts.filter((text) => text.includes("?\tother")).length;
      await stand.says("1\tother\t1", "[", shown("other.1", "Bob"), shown("other.2", "Cyd"), "]");
      await here.sees(["Ada", "Bob", "Cyd"]);
      assert.equal(asked(), 0);
      await stand.says("1\tother\t3", shown("other.3", "Dan"));
      await here.sees(["Ada", "Bob", "Cyd", "Dan"]);
      await poll(() => asked() === 1, WAIT);
      await stand.says("1\tother\t4", "[", shown("other.2", "Cyd"));
      await stand.says("1\tother\t5", shown("other.3", "Dan"), "]");
      await here.sees(["Ada", "Cyd", "Dan"]);
      assert.deepEqual(here.left, ["Bob"]);
      await stand.says("1\tother\t6", `l\t${ROOM}\tother.2`);
      await here.sees(["Ada", "Dan"]);
      assert.equal(asked(), 1);
    });

    test("that miss one while everything is told have it asked for again", async () => {
      await using stand = await Stand.open();
      const here = (await stand.node()).join("Ada");
      const asked = () => stand.texts.filter((text) => text.includes("?\tother")).length;
      await stand.says("1\tother\t1", "[", shown("other.1", "Bob"));
      await stand.says("1\tother\t3", "]");
      await poll(() => asked() === 1, WAIT);
      await stand.says("1\tother\t4", "[", shown("other.1", "Bob"), shown("other.2", "Cyd"), "]");
      await here.sees(["Ada", "Bob", "Cyd"]);
    });

    test("that come after newer ones are no news", async () => {
      await using stand = await Stand.open();
      const here = (await stand.node()).join("Ada");
      await stand.says("1\tother\t1", "[", shown("other.1", "Bob"), "]", message("one"));
      await stand.says("1\tother\t3", "[", "]", message("three"));
      await stand.says("1\tother\t2", shown("other.1", "Bob"), message("two"));
      await stand.says("1\tother\t3", message("three"));
      await stand.says("1\tother\t4", message("four"));
      await poll(() => here.messages.length >= 3, WAIT);
      assert.deepEqual(here.messages, ["one", "three", "four"]);
      await here.sees(["Ada"]);
    });

    test("in words of another protocol are not read", async () => {
      await using stand = await Stand.open();
      const node = await stand.node();
      const here = node.join("Ada");
      await stand.says("2\tnewer\t1", "[", shown("newer.1", "Eve"), "]", message("new words"));
      await stand.says("not at all");
      await stand.says("1\tother\t1", "[", shown("other.1", "Bob"), "]", message("old words"));
      await here.sees(["Ada", "Bob"]);
      assert.deepEqual([here.messages, await node.value("channelPeers")], [["old words"], 1]);
      assert.ok(!stand.texts.some((text) => text.includes("?\tnewer")));
    });

    test("are not dated: a clock that jumps changes nothing", async (context) => {
      await using stand = await Stand.open();
      const [one, two] = [await stand.node(), await stand.node()];
      const [ada, bob] = [one.join("Ada"), two.join("Bob")];
      await Promise.all([ada, bob].map((each) => each.sees(["Ada", "Bob"])));
      context.mock.timers.enable({ apis: ["Date"], now: Date.now() });
      for (const days of [1, -2]) {
        context.mock.timers.setTime(Date.now() + days * 86_400_000);
        await stand.says("1\tother\t1", "[", shown("other.1", "Eve"), "]");
        await Promise.all([ada, bob].map((each) => each.sees(["Ada", "Bob", "Eve"])));
        // It says nothing more, and is gone as soon as ever, whatever day it is.
        await Promise.all([ada, bob].map((each) => each.sees(["Ada", "Bob"], SILENT_MS + BEAT_MS + SLACK_MS)));
        assert.deepEqual([ada.left.splice(0), bob.left.splice(0)], [["Eve"], ["Eve"]]);
      }
    });
  });
});
