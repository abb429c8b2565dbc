/** Positions of events: gapless, unique, and for every event that was committed, whoever gives them, and whenever. */
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import pg from "pg";
import { ledger, modulesOf, numbersOf, Stand, upTo, WAIT_MS } from "../handle/test/stand.ts";
import { createMetrics } from "../observe/metrics.ts";
import { poll } from "../testkit/index.ts";
import { openControl } from "./control.ts";
import { type EventId, EventLog, PLACE_MAX } from "./event-log.ts";
import { LogBench } from "./test/log-bench.ts";

test("two leaders at once, who hear twice and in other orders, leave no gap and nothing twice [EVT-1]", async () => {
  await using bench = await LogBench.open();
  const heard: EventId[][] = [[], []];
  let isOver = false;
  const writers = upTo(4).map(async () => {
    const client = await bench.client();
    for (let turn = 0; turn < 100; turn++) {
      await client.query("begin");
      const ids = [await bench.event(client), await bench.event(client)];
      await client.query(turn % 10 === 0 ? "rollback" : "commit");
      if (turn % 10 === 0) continue;
      // One hears all, the other one half, and the wrong way round.
      heard[0]!.push(...ids);
      if (turn % 2 === 0) heard[1]!.push(...ids.reverse());
    }
  });
  const leaders = bench.logs.map(async (log, at) => {
    for (let turn = 0; !isOver || heard[at]!.length > 0; turn++) {
      const batch = heard[at]!.splice(0, 7);
      // What was told twice in one batch is refused whole: a sweep finds it.
      if (batch.length > 0)
        await log.place(turn % 9 === 0 ? [...batch, batch[0]!] : batch).catch(() => log.sweep(null));
      if (turn % 5 === at) await log.sweep(turn % 2 === 0 ? null : (await log.mark()).xid);
    }
  });
  const seen: string[] = [];
  const reader = (async () => {
    const [log] = bench.logs as [EventLog];
    for (let after = 0; !isOver; ) {
      const { events, upTo: end } = seen.length % 2 ? await log.read(after) : await log.readNamed(after, "shop.sold");
      seen.push(...events.map(({ id }) => id));
      after = end;
    }
  })();
  await Promise.all(writers);
  await bench.logs[0]!.sweep(null);
  await poll(async () => seen.length === (await bench.positions()).length, { timeoutMs: WAIT_MS });
  isOver = true;
  await Promise.all([...leaders, reader]);
  await bench.check();
  assert.deepEqual(
    seen,
    (await bench.positions()).map(({ event }) => event),
  );
  assert.equal(seen.length, 4 * 90 * 2);
});

test("an event whose transaction was open for long is found, however often others were swept [EVT-1]", async () => {
  await using bench = await LogBench.open();
  const [log] = bench.logs as [EventLog];
  const [long, short] = [await bench.client(), await bench.client()];
  await long.query("begin");
  const { id } = await bench.event(long);
  for (let turn = 0; turn < 5; turn++) {
    await bench.event(short);
    await log.sweep(null);
    await log.sweep((await log.mark()).xid);
  }
  assert.equal(await log.head(), 5);
  await long.query("commit");
  const { placed, head } = await log.sweep(await bench.markAfterAll(log));
  assert.deepEqual([placed, head], [1, 6]);
  assert.equal((await bench.positions()).at(-1)?.event, id);
  await bench.check();
});

test("what is committed between two pages of a sweep is found by the next one, in order [EVT-1] [EVT-2]", async () => {
  await using bench = await LogBench.open();
  await using pool = openControl({ connection: bench.stand.url, metrics: createMetrics(), size: 1 });
  const log = new EventLog(pool);
  const late = await bench.client();
  await late.query("begin");
  const first = await bench.event(late);
  await bench.stand.ask(`insert into lineshaft.event (name, version, lane, at, payload)
    select 'shop.sold', 1, 0, now(), '{}' from generate_series(1, ${PLACE_MAX})`);
  const sweeping = log.sweep(null);
  // The only session is free when the first page is through, and the second one waits for it then.
  const session = await pool.acquire();
  await late.query("commit");
  const second = await bench.event(late);
  pool.release(session);
  await sweeping;
  await log.sweep(null);
  await bench.check();
  assert.deepEqual(
    (await bench.positions()).slice(-2).map(({ event }) => event),
    [first.id, second.id],
  );
});

test("a mark leaves out what was committed after it, and a sweep without one finds that [EVT-1]", async () => {
  await using bench = await LogBench.open();
  const [log] = bench.logs as [EventLog];
  const client = await bench.client();
  await bench.event(client);
  const xid = await bench.markAfterAll(log);
  await bench.event(client);
  assert.equal((await log.sweep(xid)).placed, 1);
  assert.equal((await log.sweep(xid)).placed, 0);
  assert.equal((await log.sweep(null)).placed, 1);
  await bench.check();
});

test("in a restored database, whose transactions are counted anew, every event is found [EVT-1]", async () => {
  await using bench = await LogBench.open();
  const [log] = bench.logs as [EventLog];
  const client = await bench.client();
  await bench.event(client);
  await log.sweep(null);
  // As it was stored by a server that had counted further; its last event had no position yet.
  await bench.event(client);
  await client.query("update lineshaft.event set xid = 4000000000");
  await client.query("update lineshaft.head set swept_xid = 4000000000");
  await bench.event(client);
  await log.sweep(null);
  await bench.check();
  await bench.event(client);
  await log.sweep(await bench.markAfterAll(log));
  await bench.check();
});

test("more events than one statement takes are swept whole, and read by name in pages [EVT-1]", async () => {
  await using bench = await LogBench.open();
  const [log] = bench.logs as [EventLog];
  const name = "case when n % 1000 = 0 then 'shop.rare' else 'shop.sold' end";
  await bench.stand.ask(`insert into lineshaft.event (name, version, lane, at, payload)
    select ${name}, 1, 0, now(), '{}' from generate_series(1, 7500) n`);
  const { head, placed } = await log.sweep(null);
  assert.deepEqual([head, placed], [7_500, 7_500]);
  for (const [wanted, count] of [
    ["shop.rare", 7],
    ["shop.sold", 7_493],
    ["shop.none", 0],
  ] as const) {
    const positions: number[] = [];
    let after = 0;
    while (after < 7_500) {
      const page = await log.readNamed(after, wanted);
      positions.push(...page.events.filter((event) => event.name === wanted).map(({ position }) => position));
      assert.ok(page.upTo > after, wanted);
      after = page.upTo;
    }
    assert.equal(positions.length, count, wanted);
    assert.deepEqual(
      positions,
      [...new Set(positions)].sort((one, two) => one - two),
    );
    const { events, upTo } = await log.readNamed(7_500, wanted);
    assert.deepEqual([events, upTo], [[], 7_500]);
  }
});

describe("what the log of the database does not tell", () => {
  async function open() {
    const stand = await Stand.open();
    const of = ledger();
    of.notes.on(of.noted, "count", (context) => of.record(context, "count"));
    const app = await stand.node(modulesOf(of), { settings: { relay: "auto" } });
    await poll(() => app.relay?.state === "streaming", { timeoutMs: WAIT_MS });
    const end = async () => {
      await app.stop();
      await stand[Symbol.asyncDispose]();
    };
    return { stand, app, of, [Symbol.asyncDispose]: end };
  }

  test("the relay is cut off again and again, and every event is handled once, in order [EVT-1] [EVT-2]", async () => {
    await using lab = await open();
    for (const n of upTo(30)) {
      await lab.app.call(lab.of.note, { keys: ["a"], from: n });
      if (n % 6 === 3)
        await lab.stand.ask(`select pg_terminate_backend(active_pid) from pg_replication_slots
        where database = current_database() and active_pid is not null`);
    }
    const rows = await lab.stand.untilEffects(30);
    assert.deepEqual(numbersOf(rows, "a"), upTo(30));
  });

  test("somebody drops the platform's publication, and events are handled still [EVT-1]", async (t) => {
    await using lab = await open();
    await lab.app.call(lab.of.note, { keys: ["a"] });
    await lab.stand.untilEffects(1);
    const publications = await lab.stand.ask<{ pubname: string }>("select pubname from pg_publication");
    for (const { pubname } of publications) await lab.stand.ask(`drop publication ${pg.escapeIdentifier(pubname)}`);
    const startedMs = performance.now();
    for (const n of [1, 2, 3]) await lab.app.call(lab.of.note, { keys: ["a"], from: n });
    const rows = await lab.stand.untilEffects(4);
    t.diagnostic(`handled after ${((performance.now() - startedMs) / 1_000).toFixed(2)} s`);
    assert.deepEqual(numbersOf(rows, "a"), upTo(4));
  });

  test("an event that came in past the relay is found by a sweep [EVT-1]", async (t) => {
    await using lab = await open();
    await lab.stand.ask("alter publication lineshaft__events set (publish = 'delete')");
    await lab.app.call(lab.of.note, { keys: ["a"] });
    const startedMs = performance.now();
    await poll(async () => (await lab.stand.effects()).length === 1, { timeoutMs: 3 * WAIT_MS });
    t.diagnostic(`handled after ${((performance.now() - startedMs) / 1_000).toFixed(2)} s`);
  });
});
