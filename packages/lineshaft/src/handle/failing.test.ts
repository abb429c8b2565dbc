/** Handlers that fail in every way they can: what is undone, what is tried again, and whom it holds up. */
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { sql } from "kysely";
import { field } from "../define/field.ts";
import { poll } from "../testkit/index.ts";
import { ledger, modulesOf, numbersOf, Stand, upTo, WAIT_MS } from "./test/stand.ts";

const WAIT = { timeoutMs: WAIT_MS };

interface Work {
  readonly key: string;
  readonly state: string;
  readonly attempts: number;
  readonly error: string;
}

async function open() {
  const stand = await Stand.open();
  const work = () => stand.ask<Work>("select key, state, attempts, error from lineshaft.work order by id");
  return { stand, work, [Symbol.asyncDispose]: () => stand[Symbol.asyncDispose]() };
}

for (const relay of ["off", "auto"] as const) {
  describe(`with the relay ${relay}`, () => {
    test("a handler that fails twice has its effects once, and holds only its own key [EVT-2] [EVT-3]", async () => {
      await using lab = await open();
      const of = ledger();
      of.notes.on(of.noted, "count", async (context) => {
        await of.record(context, "count");
        if (context.event.payload.key === "bad" && context.event.payload.n === 0 && context.attempt < 3)
          throw new Error("not yet");
      });
      await using app = await lab.stand.node(modulesOf(of), { settings: { relay } });
      for (const n of upTo(5)) await app.call(of.note, { keys: ["bad", "good", "fine"], from: n * 10 });
      await app.untilHandled(WAIT);
      // Numbers of one call differ by the place of their key.
      const first = await lab.stand.effects();
      assert.deepEqual(numbersOf(first, "good"), [1, 11, 21, 31, 41]);
      assert.deepEqual(numbersOf(first, "fine"), [2, 12, 22, 32, 42]);
      assert.deepEqual(numbersOf(first, "bad"), []);
      for (let turn = 0; turn < 2; turn++) {
        app.clock.advance("5s");
        await app.untilHandled(WAIT);
      }
      const rows = await lab.stand.effects();
      assert.deepEqual(numbersOf(rows, "bad"), [0, 10, 20, 30, 40]);
      assert.equal(rows.length, 15);
      assert.equal(rows.find(({ key, n }) => key === "bad" && n === 0)?.attempt, 3);
      assert.deepEqual(await lab.work(), []);
    });
  });
}

test("one that always fails is a dead letter after its attempts, and lets its key go on [EVT-3]", async () => {
  await using lab = await open();
  const of = ledger();
  of.notes.on(of.noted, "count", { attempts: 3 }, async (context) => {
    await of.record(context, "count");
    if (context.event.payload.n === 0) throw new TypeError("never\0");
  });
  await using app = await lab.stand.node(modulesOf(of));
  await app.call(of.note, { keys: ["a", "a", "a"] });
  for (let turn = 0; turn < 3; turn++) {
    await app.untilHandled(WAIT);
    app.clock.advance("1h");
  }
  await app.untilHandled(WAIT);
  assert.deepEqual(numbersOf(await lab.stand.effects(), "a"), [1, 2]);
  assert.deepEqual(await lab.work(), [{ key: "a", state: "dead", attempts: 3, error: "TypeError: never" }]);
  await app.call(of.note, { keys: ["a"], from: 3 });
  await app.untilHandled(WAIT);
  assert.deepEqual(numbersOf(await lab.stand.effects(), "a"), [1, 2, 3]);
});

test("with attempts: 1 the first failure is the last, and the key goes on at once [EVT-3]", async () => {
  await using lab = await open();
  const of = ledger();
  of.notes.on(of.noted, "count", { attempts: 1 }, async (context) => {
    if (context.event.payload.n === 1) throw new Error("no");
    await of.record(context, "count");
  });
  await using app = await lab.stand.node(modulesOf(of));
  await app.call(of.note, { keys: ["a", "a", "a"] });
  await app.untilHandled(WAIT);
  assert.deepEqual(numbersOf(await lab.stand.effects(), "a"), [0, 2]);
  assert.deepEqual(await lab.work(), [{ key: "a", state: "dead", attempts: 1, error: "Error: no" }]);
});

test("many keys that fail at once keep their orders, and others go on meanwhile [EVT-2]", async () => {
  await using lab = await open();
  const of = ledger();
  const keys = upTo(40).map((n) => `k${n}`);
  of.notes.on(of.noted, "count", async (context) => {
    await of.record(context, "count");
    const { key, n } = context.event.payload;
    // Each second key fails at its first event, each third at another one as well.
    const number = Number(key!.slice(1));
    if (number % 2 === 0 && n < keys.length && context.attempt < 2) throw new Error("first");
    if (number % 3 === 0 && n >= 3 * keys.length && context.attempt < 3) throw new Error("later");
  });
  await using app = await lab.stand.node(modulesOf(of));
  for (const round of upTo(5)) await app.call(of.note, { keys, from: round * keys.length });
  await poll(async () => {
    await app.untilHandled(WAIT);
    app.clock.advance("10m");
    return (await lab.work()).length === 0;
  }, WAIT);
  const rows = await lab.stand.effects();
  assert.equal(rows.length, 5 * keys.length);
  for (const [at, key] of keys.entries())
    assert.deepEqual(
      numbersOf(rows, key),
      upTo(5).map((round) => round * keys.length + at),
    );
});

test("a key that waits still waits after a restart, and on another node [EVT-2] [EVT-3]", async () => {
  await using lab = await open();
  let isWell = false;
  const declare = () => {
    const of = ledger();
    of.notes.on(of.noted, "count", async (context) => {
      if (context.event.payload.key === "bad" && !isWell) throw new Error("unwell");
      await of.record(context, "count");
    });
    return of;
  };
  const of = declare();
  const first = await lab.stand.node(modulesOf(of));
  await first.call(of.note, { keys: ["bad", "bad", "good"] });
  await first.untilHandled(WAIT);
  await first.stop();
  const [again, other] = [declare(), declare()];
  await using second = await lab.stand.node(modulesOf(again));
  await using third = await lab.stand.node(modulesOf(other));
  await second.call(again.note, { keys: ["bad", "good"], from: 10 });
  await lab.stand.untilEffects(2);
  isWell = true;
  await third.call(other.note, { keys: ["bad", "good"], from: 20 });
  for (const app of [second, third]) app.clock.advance("1h");
  const rows = await lab.stand.untilEffects(7);
  assert.deepEqual(
    [numbersOf(rows, "bad"), numbersOf(rows, "good")],
    [
      [0, 1, 10, 20],
      [2, 11, 21],
    ],
  );
});

test("statements that failed and were caught, or were not waited for, leave nothing [CMD-1] [EVT-1]", async () => {
  await using lab = await open();
  const of = ledger();
  of.notes.on(of.noted, "catches", { attempts: 1 }, async (context) => {
    await of.record(context, "catches");
    if (context.event.payload.n === 0) await sql`select 1 / 0`.execute(context.db).catch(() => {});
  });
  of.notes.on(of.noted, "forgets", { attempts: 1 }, async (context) => {
    const recorded = of.record(context, "forgets");
    if (context.event.payload.n !== 0) await recorded;
  });
  await using app = await lab.stand.node(modulesOf(of));
  await app.call(of.note, { keys: ["a", "a", "b"] });
  await app.untilHandled(WAIT);
  for (const handler of ["catches", "forgets"]) {
    const found = (await lab.stand.effects(handler)).map(({ n }) => n).sort();
    assert.deepEqual(found, [1, 2], handler);
  }
  const [caught, forgot] = (await lab.work()).sort((one, two) => (one.error < two.error ? -1 : 1));
  assert.match(caught!.error, /division by zero/);
  assert.match(forgot!.error, /await every statement/);
});

test("one that never ends is given up after its time, its transaction undone, and others go on [EVT-3]", async () => {
  await using lab = await open();
  const of = ledger();
  const aborted: unknown[] = [];
  of.notes.on(of.noted, "hangs", { attempts: 2, timeoutSeconds: 0.2 }, async (context) => {
    await of.record(context, "hangs");
    if (context.event.payload.key !== "bad") return;
    context.signal.addEventListener("abort", () => aborted.push(context.attempt));
    await new Promise(() => {});
  });
  of.notes.on(of.noted, "count", async (context) => of.record(context, "count"));
  await using app = await lab.stand.node(modulesOf(of));
  await app.call(of.note, { keys: ["bad", "good", "good"] });
  await app.untilHandled(WAIT);
  app.clock.advance("1h");
  await app.untilHandled(WAIT);
  assert.deepEqual(numbersOf(await lab.stand.effects("hangs"), "good"), [1, 2]);
  assert.equal((await lab.stand.effects("count")).length, 3);
  const [dead, ...none] = await lab.work();
  assert.deepEqual([dead?.state, dead?.attempts, none], ["dead", 2, []]);
  assert.match(dead!.error, /RunTimeout: notes.hangs took longer than 0.2 s/);
  // Twice beside the lane, and in it before.
  assert.ok(aborted.length >= 2, String(aborted));
});

test("whatever is thrown, its event is a dead letter after its attempts [EVT-3]", async () => {
  await using lab = await open();
  const of = ledger();
  of.notes.on(of.noted, "throws", { attempts: 2 }, async () => {
    throw Object.create(null);
  });
  await using app = await lab.stand.node(modulesOf(of));
  await app.call(of.note, { keys: ["a"] });
  await app.untilHandled(WAIT);
  app.clock.advance("5s");
  await app.untilHandled(WAIT);
  assert.deepEqual(
    (await lab.work()).map(({ state, attempts }) => [state, attempts]),
    [["dead", 2]],
  );
});

test("one that writes on and on after its time writes nothing [EVT-1]", async () => {
  await using lab = await open();
  const of = ledger();
  let refusals = 0;
  of.notes.on(of.noted, "writes", { attempts: 1, timeoutSeconds: 0.2 }, async (context) => {
    for (;;) {
      try {
        await of.record(context, "writes");
      } catch (error) {
        refusals++;
        throw error;
      }
    }
  });
  await using app = await lab.stand.node(modulesOf(of));
  await app.call(of.note, { keys: ["a"] });
  await app.untilHandled(WAIT);
  await poll(() => refusals >= 2, WAIT);
  assert.deepEqual(await lab.stand.effects(), []);
  assert.equal((await lab.work())[0]?.state, "dead");
});

test("a command that a handler calls and that fails fails the handler, even when that was caught [CMD-1]", async () => {
  await using lab = await open();
  const of = ledger();
  const refuse = of.notes.command("POST /refuse", {
    input: { n: field.integer() },
    errors: { TOO_MUCH: { status: 409, title: "Too much" } },
    run: async ({ db, input, fail }) => {
      const row = { handler: "refuse", key: "", n: input.n, attempt: 0, node: "" };
      await db.insertInto("effect").values(row).execute();
      if (input.n === 0) throw fail("TOO_MUCH");
    },
  });
  of.notes.on(of.noted, "count", { attempts: 1 }, async (context) => {
    await of.record(context, "count");
    await context.call(refuse, { n: context.event.payload.n }).catch(() => {});
  });
  await using app = await lab.stand.node(modulesOf(of, { refuse }));
  await app.call(of.note, { keys: ["a", "a"] });
  await app.untilHandled(WAIT);
  const rows = await lab.stand.effects();
  assert.deepEqual(rows.map(({ handler, n }) => [handler, n]).sort(), [
    ["count", 1],
    ["refuse", 1],
  ]);
  assert.match((await lab.work())[0]!.error, /TOO_MUCH/);
});

test("an event that a handler states is there when its effects are, and only then [CMD-1] [EVT-1]", async () => {
  await using lab = await open();
  const of = ledger();
  const echoed = of.notes.event("echoed", { n: field.integer() });
  of.notes.on(of.noted, "echo", { attempts: 2 }, async ({ event, emit, attempt }) => {
    emit(echoed, { n: event.payload.n });
    if (event.payload.n === 1 && attempt < 2) throw new Error("once");
    if (event.payload.n === 2) throw new Error("always");
  });
  of.notes.on(echoed, "heard", async ({ event, db, attempt }) => {
    const row = { handler: "heard", key: "", n: event.payload.n, attempt, node: "" };
    await db.insertInto("effect").values(row).execute();
  });
  await using app = await lab.stand.node(modulesOf(of));
  await app.call(of.note, { keys: ["a", "b", "c"] });
  for (let turn = 0; turn < 3; turn++) {
    await app.untilHandled(WAIT);
    app.clock.advance("1h");
  }
  assert.deepEqual((await lab.stand.effects()).map(({ n }) => n).sort(), [0, 1]);
});

test("handlers and commands that change one row lose nothing of each other [EVT-1]", async () => {
  await using lab = await open();
  const of = ledger();
  const add = (db: Parameters<Parameters<typeof of.notes.schedule>[2]>[0]["db"], n: number) =>
    db
      .selectFrom("counter")
      .select("value")
      .where("name", "=", "all")
      .executeTakeFirstOrThrow()
      .then(({ value }) =>
        db
          .updateTable("counter")
          .set({ value: value + n })
          .where("name", "=", "all")
          .execute(),
      );
  const increase = of.notes.command("POST /increase", { run: async ({ db }) => void (await add(db, 1)) });
  of.notes.on(of.noted, "sum", async ({ db }) => void (await add(db, 1_000)));
  await using app = await lab.stand.node(modulesOf(of, { increase }));
  await lab.stand.ask("insert into notes.counter values ('all', 0)");
  let refused = 0;
  await Promise.all(
    upTo(40).map(async (n) => {
      await app.call(of.note, { keys: [`k${n}`] });
      await app.call(increase, {}).catch(() => refused++);
    }),
  );
  await poll(async () => {
    await app.untilHandled(WAIT);
    app.clock.advance("10m");
    return (await lab.work()).length === 0;
  }, WAIT);
  const [{ value }] = (await lab.stand.ask<{ value: number }>("select value from notes.counter")) as [
    { value: number },
  ];
  assert.equal(value, 40_000 + 40 - refused);
});

test("a batch that fails is taken apart: what cannot be handled is set aside alone [EVT-1] [EVT-3]", async () => {
  await using lab = await open();
  const of = ledger();
  const sizes: number[] = [];
  of.notes.on(of.noted, "sums", { batch: 50, attempts: 2 }, async ({ events, db, attempt }) => {
    sizes.push(events.length);
    for (const { payload } of events) {
      const row = { handler: "sums", key: payload.key ?? "", n: payload.n, attempt, node: "" };
      await db.insertInto("effect").values(row).execute();
    }
    if (events.some(({ payload }) => payload.n === 7)) throw new Error("seven");
  });
  await using app = await lab.stand.node(modulesOf(of));
  await app.call(of.note, { keys: upTo(20).map((n) => (n % 2 ? "odd" : "even")) });
  for (let turn = 0; turn < 3; turn++) {
    await app.untilHandled(WAIT);
    app.clock.advance("1h");
  }
  const rows = await lab.stand.effects();
  assert.deepEqual(
    numbersOf(rows, "even"),
    upTo(10).map((n) => 2 * n),
  );
  assert.deepEqual(
    numbersOf(rows, "odd"),
    upTo(10)
      .map((n) => 2 * n + 1)
      .filter((n) => n !== 7),
  );
  assert.ok(Math.max(...sizes) > 1 && Math.max(...sizes) <= 50, String(sizes));
  assert.deepEqual(
    (await lab.work()).map(({ key, attempts }) => [key, attempts]),
    [["odd", 2]],
  );
});

test("a slow handler has its effects, in order, and holds up no other for long [EVT-3]", async () => {
  await using lab = await open();
  const of = ledger();
  of.notes.on(of.noted, "slow", async (context) => {
    await sql`select pg_sleep(1.2)`.execute(context.db);
    await of.record(context, "slow");
  });
  of.notes.on(of.noted, "count", async (context) => of.record(context, "count"));
  await using app = await lab.stand.node(modulesOf(of));
  await app.call(of.note, { keys: ["a", "a", "b"] });
  await app.untilHandled(WAIT);
  const rows = await lab.stand.effects();
  assert.deepEqual(
    numbersOf(
      rows.filter(({ handler }) => handler === "slow"),
      "a",
    ),
    [0, 1],
  );
  assert.equal(rows.length, 6);
  assert.deepEqual(await lab.work(), []);
});
