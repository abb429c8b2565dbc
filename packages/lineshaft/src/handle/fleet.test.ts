/** Several nodes on one database: who does what, and that nothing is done twice, whoever comes, goes, or is paused. */
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { poll, type TestApp, TestClock } from "../testkit/index.ts";
import { SILENT_MS } from "./fleet.ts";
import { type Ledger, ledger, memberOf, modulesOf, numbersOf, type Row, Stand, upTo, WAIT_MS } from "./test/stand.ts";

const KEYS = upTo(48).map((n) => `k${n}`);

function counting(node: string): Ledger {
  const of = ledger(node);
  of.notes.on(of.noted, "count", (context) => of.record(context, "count"));
  return of;
}

/** Each key has its numbers once, in order. */
function checkOrder(rows: readonly Row[], rounds: number): void {
  assert.equal(rows.length, rounds * KEYS.length);
  for (const [at, key] of KEYS.entries())
    assert.deepEqual(
      numbersOf(rows, key),
      upTo(rounds).map((round) => round * KEYS.length + at),
    );
}

async function secondsUntil(done: () => Promise<unknown>): Promise<number> {
  const startedMs = performance.now();
  await done();
  return (performance.now() - startedMs) / 1_000;
}

for (const relay of ["off", "auto"] as const) {
  describe(`with the relay ${relay}`, () => {
    test("three nodes share the lanes; each event has one effect, in order of its key [EVT-1] [EVT-2]", async () => {
      await using stand = await Stand.open();
      const ofs = ["one", "two", "three"].map(counting);
      await using stack = new AsyncDisposableStack();
      const apps: TestApp[] = [];
      for (const of of ofs) apps.push(stack.use(await stand.node(modulesOf(of), { settings: { relay } })));
      for (const round of upTo(6)) {
        const at = round % 3;
        await apps[at]!.call(ofs[at]!.note, { keys: KEYS, from: round * KEYS.length });
      }
      const rows = await stand.untilEffects(6 * KEYS.length);
      for (const app of apps) await app.untilHandled({ timeoutMs: WAIT_MS });
      checkOrder(await stand.effects(), 6);
      assert.equal(new Set(rows.map(({ node }) => node)).size, 3);
    });

    test("when one leaves, the others take over at once, and nothing is done twice [EVT-1] [EVT-2]", async (t) => {
      await using stand = await Stand.open();
      const [one, two] = [counting("one"), counting("two")];
      const first = await stand.node(modulesOf(one), { settings: { relay } });
      await using second = await stand.node(modulesOf(two), { settings: { relay } });
      await poll(async () => {
        await first.machines.measure();
        return (await first.metrics.fleetNodes.get()).values[0]?.value === 2;
      });
      const sending = (async () => {
        for (const round of upTo(20)) await second.call(two.note, { keys: KEYS, from: round * KEYS.length });
      })();
      await stand.untilEffects(KEYS.length);
      await first.stop();
      await sending;
      const seconds = await secondsUntil(() => stand.untilEffects(20 * KEYS.length));
      t.diagnostic(`all was handled ${seconds.toFixed(2)} s after the first node had ended`);
      checkOrder(await stand.effects(), 20);
      assert.ok(seconds < SILENT_MS / 1_000, `${seconds} s`);
      const [{ count }] = (await stand.ask<{ count: number }>(
        "select count(*)::integer as count from lineshaft.node",
      )) as [{ count: number }];
      assert.equal(count, 1);
    });

    test("a node is killed, and what it was at is done by others, once [EVT-1] [EVT-2]", async (t) => {
      await using stand = await Stand.open();
      const two = memberOf("two");
      // The member is older, so it leads.
      const member = await stand.member(relay);
      await using app = await stand.node(modulesOf(two), { settings: { relay } });
      await app.call(two.note, { keys: KEYS });
      const before = await stand.untilEffects(KEYS.length, "count");
      const sending = (async () => {
        for (const round of upTo(19)) await app.call(two.note, { keys: KEYS, from: (round + 1) * KEYS.length });
      })();
      await stand.untilEffects(KEYS.length + 1, "count");
      await member.kill();
      await sending;
      const seconds = await secondsUntil(() => stand.untilEffects(20 * KEYS.length, "count"));
      t.diagnostic(`all was handled ${seconds.toFixed(2)} s after the first node was killed`);
      checkOrder(await stand.effects("count"), 20);
      assert.equal(before.length, KEYS.length);
      assert.ok(seconds < (SILENT_MS + 4_000) / 1_000, `${seconds} s`);
    });
  });
}

test("what a paused node was at is done by others; once it goes on, it commits nothing of it [EVT-1]", async () => {
  await using stand = await Stand.open();
  const member = await stand.member();
  const two = memberOf("two");
  await using app = await stand.node(modulesOf(two));
  await app.stop();
  // Alone, so it is the one that handles it.
  await using client = await stand.node(modulesOf(ledger("three")));
  await client.call(two.note, { keys: ["hold", "hold"] });
  await member.heard("holding");
  member.process.kill("SIGSTOP");
  await using other = await stand.node(modulesOf(memberOf("other")));
  const rows = await stand.untilEffects(2, "hold");
  assert.deepEqual(
    rows.map(({ node, n }) => [node, n]),
    [
      ["other", 0],
      ["other", 1],
    ],
  );
  member.process.kill("SIGCONT");
  member.tell("go");
  await member.heard("going on");
  member.tell("end");
  await member.heard("ended");
  await other.untilHandled({ timeoutMs: WAIT_MS });
  assert.deepEqual(await stand.effects("hold"), rows);
});

/** The second version of the event: numbers of the first one are raised by a thousand. */
function newer(node: string): Ledger {
  const of = ledger(node, { version: 2, upcast: { 1: (was: { n: number }) => ({ ...was, n: was.n + 1_000 }) } });
  of.notes.on(of.noted, "count", (context) => of.record(context, "count"));
  return of;
}

test("while old and new code run side by side, only new code handles what it has changed [EVT-1]", async () => {
  await using stand = await Stand.open();
  const [old, next] = [counting("old"), newer("new")];
  await using first = await stand.node(modulesOf(old));
  await first.call(old.note, { keys: ["a"], from: 0 });
  await stand.untilEffects(1);
  const second = await stand.node(modulesOf(next));
  // What the old node cannot read, it has tried at most once, in the moment in which it did not know of the new one.
  await second.call(next.note, { keys: ["a"], from: 1 });
  await first.call(old.note, { keys: ["a"], from: 2 });
  first.clock.advance("1m");
  second.clock.advance("1m");
  const rows = await stand.untilEffects(3);
  assert.deepEqual(
    rows.map(({ node, n }) => [node, n]),
    [
      ["old", 0],
      ["new", 1],
      ["new", 1_002],
    ],
  );
  // By now both know of each other.
  await first.call(old.note, { keys: KEYS });
  const others = (await stand.untilEffects(3 + KEYS.length)).slice(3);
  assert.deepEqual([...new Set(others.map(({ node, attempt }) => `${node} ${attempt}`))], ["new 1"]);
  // The new code is taken back: its events wait, and block nothing else.
  await second.stop();
  await stand.ask(
    "insert into lineshaft.event (name, version, key, lane, at, payload) values ($1, 2, 'a', 1, now(), $2)",
    ["notes.noted", JSON.stringify({ key: "a", n: 3 })],
  );
  await first.call(old.note, { keys: ["b"], from: 4 });
  await stand.untilEffects(4);
  await poll(
    async () => (await stand.ask("select from lineshaft.work where error like '%run newer code%'")).length === 1,
  );
  const third = newer("third");
  await using again = await stand.node(modulesOf(third));
  again.clock.advance("3h");
  const all = await stand.untilEffects(5 + KEYS.length);
  assert.deepEqual(
    all.slice(3 + KEYS.length).map(({ key, n }) => [key, n]),
    [
      ["b", 4],
      ["a", 3],
    ],
  );
  assert.deepEqual(await stand.ask("select from lineshaft.work"), []);
});

test("a handler that only new code has handles all events, also while old nodes run [EVT-1]", async () => {
  await using stand = await Stand.open();
  const [old, next] = [counting("old"), counting("new")];
  next.notes.on(next.noted, "more", (context) => next.record(context, "more"));
  next.notes.on(next.noted, "now", { from: "now" }, (context) => next.record(context, "now"));
  await using first = await stand.node(modulesOf(old));
  await first.call(old.note, { keys: KEYS });
  await stand.untilEffects(KEYS.length);
  await using second = await stand.node(modulesOf(next));
  await stand.untilEffects(KEYS.length, "more");
  await first.call(old.note, { keys: KEYS, from: KEYS.length });
  checkOrder(await stand.untilEffects(2 * KEYS.length, "more"), 2);
  checkOrder(await stand.untilEffects(2 * KEYS.length, "count"), 2);
  const since = await stand.untilEffects(KEYS.length, "now");
  await second.untilHandled({ timeoutMs: WAIT_MS });
  assert.equal(since.length, KEYS.length);
  assert.deepEqual([...new Set(since.map(({ n }) => n >= KEYS.length))], [true]);
});

test("a handler that is gone for a while goes on where it was; one with another name begins anew [EVT-1]", async () => {
  await using stand = await Stand.open();
  const named = (name: string) => {
    const of = ledger();
    if (name !== "") of.notes.on(of.noted, name, (context) => of.record(context, name));
    return of;
  };
  for (const [round, name] of ["count", "", "count", "renamed"].entries()) {
    const of = named(name);
    await using app = await stand.node(modulesOf(of));
    await app.call(of.note, { keys: ["a"], from: round });
    await app.untilHandled({ timeoutMs: WAIT_MS });
  }
  assert.deepEqual(numbersOf(await stand.effects("count"), "a"), [0, 1, 2]);
  assert.deepEqual(numbersOf(await stand.effects("renamed"), "a"), [0, 1, 2, 3]);
});

test("nodes whose clocks differ by an hour do nothing twice, and nothing is lost [EVT-1] [EVT-3]", async () => {
  await using stand = await Stand.open();
  const at = (node: string) => {
    const of = ledger(node);
    of.notes.on(of.noted, "count", async (context) => {
      await of.record(context, "count");
      if (context.event.payload.n % 3 === 0 && context.attempt === 1) throw new Error("once");
    });
    return of;
  };
  const [one, two] = [at("behind"), at("ahead")];
  const clock = new TestClock();
  clock.set(new Date(Date.now() - 3_600_000));
  await using behind = await stand.node(modulesOf(one), { clock });
  await using ahead = await stand.node(modulesOf(two));
  for (const round of upTo(4)) {
    const [app, of] = round % 2 === 0 ? ([behind, one] as const) : ([ahead, two] as const);
    await app.call(of.note, { keys: KEYS, from: round * KEYS.length });
  }
  for (const app of [behind, ahead]) app.clock.advance("2h");
  await stand.untilEffects(4 * KEYS.length);
  for (const app of [behind, ahead]) await app.untilHandled({ timeoutMs: WAIT_MS });
  checkOrder(await stand.effects(), 4);
});
