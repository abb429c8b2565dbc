/** What waits beside a lane is bounded: beyond, the lane stands still until some of it is done, and loses nothing. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { crc32 } from "node:zlib";
import { LANES } from "../migrate/index.ts";
import { poll } from "../testkit/index.ts";
import { LANE_QUEUED_MAX, PARKED_MAX } from "./lane.ts";
import { ledger, modulesOf, numbersOf, Stand, upTo, WAIT_MS } from "./test/stand.ts";

const WAIT = { timeoutMs: 3 * WAIT_MS };
const BEYOND = 250;

test("of a key that fails for long a bounded number is set aside; all is handled in order later [EVT-2]", async (t) => {
  await using stand = await Stand.open();
  let isWell = false;
  const of = ledger();
  of.notes.on(of.noted, "count", async (context) => {
    if (context.event.payload.key === "bad" && !isWell) throw new Error("unwell");
    await of.record(context, "count");
  });
  await using app = await stand.node(modulesOf(of));
  await app.call(of.note, { keys: upTo(PARKED_MAX).map(() => "bad") });
  await app.call(of.note, { keys: upTo(BEYOND).map(() => "bad"), from: PARKED_MAX });
  await app.call(of.note, { keys: upTo(64).map((n) => `good${n}`) });
  const parked = async () =>
    (await stand.ask<{ count: number }>("select count(*)::integer as count from lineshaft.work"))[0]!.count;
  await poll(async () => (await parked()) === PARKED_MAX, WAIT);
  // All of other lanes are handled; this lane waits.
  await poll(async () => (await stand.effects()).length >= 50, WAIT);
  assert.equal(await parked(), PARKED_MAX);
  isWell = true;
  app.clock.advance("1h");
  const startedMs = performance.now();
  await app.untilHandled(WAIT);
  t.diagnostic(
    `${PARKED_MAX + BEYOND} events of one key were handled in ${Math.round(performance.now() - startedMs)} ms`,
  );
  const rows = await stand.effects();
  assert.deepEqual(numbersOf(rows, "bad"), upTo(PARKED_MAX + BEYOND));
  assert.equal(rows.length, PARKED_MAX + BEYOND + 64);
  assert.equal(await parked(), 0);
});

test("lanes that stand still hold up no other, however many events wait in them [EVT-3]", async () => {
  await using stand = await Stand.open();
  const of = ledger();
  of.notes.on(of.noted, "count", async (context) => {
    if (context.event.payload.key !== "good") throw new Error("unwell");
    await of.record(context, "count");
  });
  await using app = await stand.node(modulesOf(of));
  const bad = ["bad", "a", "b", "c", "hot", "cold"];
  assert.equal(new Set([...bad, "good"].map((key) => crc32(key) % LANES)).size, 7, "each has a lane of its own");
  for (let waiting = 0; waiting < PARKED_MAX + LANE_QUEUED_MAX + 200; waiting += 100)
    await app.call(of.note, { keys: upTo(100).flatMap(() => bad) });
  await app.call(of.note, { keys: ["good"] });
  await poll(async () => (await stand.effects()).length === 1, WAIT);
});

test("of a lane that is slower than the others nothing is lost, and its order is kept [EVT-1] [EVT-2]", async () => {
  await using stand = await Stand.open();
  const gate = Promise.withResolvers<void>();
  const of = ledger();
  of.notes.on(of.noted, "count", async (context) => {
    if (context.event.payload.key === "slow") await gate.promise;
    await of.record(context, "count");
  });
  await using app = await stand.node(modulesOf(of));
  const [slow, quick] = [3 * LANE_QUEUED_MAX, 20];
  await app.call(of.note, { keys: upTo(slow / 2).map(() => "slow") });
  await app.call(of.note, { keys: upTo(slow / 2).map(() => "slow"), from: slow / 2 });
  await app.call(of.note, { keys: upTo(quick).map(() => "quick") });
  await poll(async () => (await stand.effects()).length === quick, WAIT);
  gate.resolve();
  await app.untilHandled(WAIT);
  const rows = await stand.effects();
  assert.deepEqual([numbersOf(rows, "slow"), numbersOf(rows, "quick")], [upTo(slow), upTo(quick)]);
});

test("a lane that stands still goes on when another node has done what waited beside it [EVT-1]", async () => {
  await using stand = await Stand.open();
  const of = ledger();
  of.notes.on(of.noted, "count", async (context) => {
    if (context.event.payload.key === "bad") throw new Error("unwell");
    await of.record(context, "count");
  });
  await using app = await stand.node(modulesOf(of));
  await app.call(of.note, { keys: upTo(PARKED_MAX).map(() => "bad") });
  await app.call(of.note, { keys: ["bad"], from: PARKED_MAX });
  const waiting = "select from lineshaft.work";
  await poll(async () => (await stand.ask(waiting)).length === PARKED_MAX, WAIT);
  // As the other one does while this one is cut off from the database.
  await stand.ask("delete from lineshaft.work");
  await poll(async () => (await stand.ask(waiting)).length === 1, WAIT);
});
