/** The start and the end of what runs without a caller: under load, with the database away, in the way of others. */
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { TcpProxy } from "../data/test/proxy.ts";
import { ledger, modulesOf, numbersOf, Stand, upTo, WAIT_MS } from "../handle/test/stand.ts";
import { poll } from "../testkit/index.ts";
import { LANES_MS, RUNS_MS } from "./machines.ts";

const WAIT = { timeoutMs: WAIT_MS };

/** What a stop of the whole app may take beyond the bounds of its machines. */
const REST_MS = 8_000;

function counting() {
  const of = ledger();
  of.notes.on(of.noted, "count", (context) => of.record(context, "count"));
  of.notes.on(of.noted, "post", async (context) => {
    await context.step("post", async () => context.event.id);
    await of.record(context, "post");
  });
  return of;
}

// Each has a database of its own, and two wait for the bounds of a stop: side by side.
describe("what runs without a caller", { concurrency: true }, () => {
  for (const relay of ["off", "auto"] as const) {
    test(`an app that stops under load, again and again, relay ${relay}, loses nothing [EVT-1] [CMD-4]`, async () => {
      await using stand = await Stand.open();
      const answered: number[] = [];
      let n = 0;
      for (const _ of upTo(4)) {
        const of = counting();
        const app = await stand.node(modulesOf(of), { settings: { relay } });
        const target = answered.length + 25;
        let isStopping = false;
        const sender = async () => {
          while (!isStopping) {
            const own = n++;
            await app.call(of.note, { keys: ["a", `b${own}`], from: 2 * own }).then(
              () => answered.push(2 * own),
              () => {},
            );
          }
        };
        const senders = upTo(3).map(sender);
        await poll(() => answered.length >= target, WAIT);
        isStopping = true;
        await Promise.all([app.stop(), ...senders]);
      }
      const of = counting();
      await using app = await stand.node(modulesOf(of), { settings: { relay } });
      app.clock.advance("1h");
      await app.untilHandled(WAIT);
      const events = await stand.ask<{ n: number }>(`select (e.payload ->> 'n')::integer as n from lineshaft.event e
        join lineshaft.log l on l.event = e.id where e.key = 'a' order by l.position`);
      const stored = events.map(({ n }) => n);
      for (const each of answered) assert.ok(stored.includes(each), `${each} was answered`);
      for (const handler of ["count", "post"]) {
        const rows = await stand.effects(handler);
        assert.deepEqual(numbersOf(rows, "a"), stored, handler);
        assert.equal(rows.length, 2 * stored.length);
      }
    });
  }

  test("a stop waits for what a handler is at, and gives up what never ends [EVT-1]", async () => {
    await using stand = await Stand.open();
    const of = ledger();
    let under = 0;
    let isOpen = false;
    of.notes.on(of.noted, "count", { timeoutSeconds: 600 }, async (context) => {
      await context.step("begin", async () => {});
      await of.record(context, "count");
      under++;
      await (context.event.payload.key === "ends" ? poll(() => isOpen, WAIT) : new Promise(() => {}));
    });
    const app = await stand.node(modulesOf(of));
    await app.call(of.note, { keys: ["ends", "hangs"] });
    await poll(() => under === 2, WAIT);
    const startedMs = performance.now();
    const stopped = app.stop();
    isOpen = true;
    await stopped;
    assert.ok(performance.now() - startedMs < LANES_MS + RUNS_MS + REST_MS);
    assert.deepEqual(
      (await stand.effects()).map(({ key }) => key),
      ["ends"],
    );
    const [waiting, ...others] = await stand.ask<{ key: string; attempts: number }>(
      "select key, attempts from lineshaft.work",
    );
    assert.deepEqual([waiting, others], [{ key: "hangs", attempts: 0 }, []]);
  });

  for (const mode of ["silent", "gone"] as const) {
    test(`a stop while the database is ${mode} ends in bounded time`, async (t) => {
      await using stand = await Stand.open();
      const { hostname, port, pathname } = new URL(stand.url);
      const proxy = await TcpProxy.open(`${decodeURIComponent(hostname)}/.s.PGSQL.${port}`);
      const of = counting();
      const url = proxy.url.replace("/lineshaft", pathname);
      const app = await stand.node(modulesOf(of), { settings: { relay: "auto" } }, url);
      await app.call(of.note, { keys: ["a"] });
      await app.untilHandled(WAIT);
      for (const key of ["a", "b", "c"]) void app.call(of.note, { keys: [key] }).catch(() => {});
      if (mode === "silent") proxy.mode = "silent";
      else await proxy[Symbol.asyncDispose]();
      const startedMs = performance.now();
      await app.stop();
      const ms = performance.now() - startedMs;
      t.diagnostic(`ended after ${(ms / 1_000).toFixed(1)} s`);
      if (mode === "silent") await proxy[Symbol.asyncDispose]();
      assert.ok(ms < LANES_MS + RUNS_MS + 4 * REST_MS, `${ms} ms`);
    });
  }

  test("an app starts and handles events while somebody reads the tables, and the weeks are not made yet", async () => {
    await using stand = await Stand.open();
    {
      const of = counting();
      await using app = await stand.node(modulesOf(of));
      await app.call(of.note, { keys: ["a"] });
      await app.untilHandled(WAIT);
    }
    // As after an outage of weeks: the partitions are those of long ago, and a backup has begun.
    const weeks = await stand.ask<{ name: string }>(
      "select relname as name from pg_class where relname ~ '^(event|log)_[0-9]{8}$' and relkind = 'r'",
    );
    assert.ok(weeks.length >= 6);
    for (const { name } of weeks) await stand.ask(`drop table lineshaft.${name}`);
    await stand.ask("begin");
    await stand.ask("select count(*) from lineshaft.event");
    await stand.ask("select count(*) from lineshaft.log");
    const of = counting();
    await using app = await stand.node(modulesOf(of));
    await app.call(of.note, { keys: ["a"], from: 1 });
    await poll(() => app.machines.isSettled(), WAIT);
    await stand.ask("commit");
    assert.deepEqual(numbersOf(await stand.effects("count"), "a"), [0, 1]);
  });
});
