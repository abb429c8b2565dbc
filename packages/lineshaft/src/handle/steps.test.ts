/** Steps: work outside the database, recorded once, with a key that stays. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { CallTransaction } from "../data/transaction.ts";
import { openControl } from "../log/control.ts";
import { createMetrics } from "../observe/metrics.ts";
import { poll } from "../testkit/index.ts";
import { RESULT_BYTES_MAX, Steps } from "./steps.ts";
import { type Ledger, ledger, modulesOf, Stand, upTo, WAIT_MS } from "./test/stand.ts";

const WAIT = { timeoutMs: WAIT_MS };

/** An app with one handler of steps; each attempt is due at once. */
async function open(declare: (of: Ledger) => void) {
  const stand = await Stand.open();
  const of = ledger();
  declare(of);
  const app = await stand.node(modulesOf(of));
  const note = async (keys: readonly string[], from = 0) => {
    await app.call(of.note, { keys, from });
    await again();
  };
  const again = async () => {
    await app.untilHandled(WAIT);
    app.clock.advance("1h");
  };
  const errors = () =>
    stand.ask<{ error: string }>("select error from lineshaft.work where state = 'dead' order by id");
  const steps = () =>
    stand.ask<{ name: string; result: unknown }>("select name, result from lineshaft.step order by name");
  const end = async () => {
    await app.stop();
    await stand[Symbol.asyncDispose]();
  };
  return { stand, app, of, note, again, errors, steps, [Symbol.asyncDispose]: end };
}

test("a step that is recorded is not done again, and its key is the same at each attempt [EVT-1]", async () => {
  const keys: string[] = [];
  const results: unknown[] = [];
  await using lab = await open(({ notes, noted, record }) => {
    notes.on(noted, "post", async (context) => {
      const { step, attempt } = context;
      results.push(await step("first", async ({ key }) => ({ pushed: keys.push(key), at: new Date(0) })));
      results.push(
        await step("second", async ({ key }) => {
          keys.push(key);
          if (attempt < 3) throw new Error("not yet");
        }),
      );
      await record(context, "post");
    });
  });
  await lab.note(["a"]);
  for (let turn = 0; turn < 3; turn++) await lab.again();
  assert.equal((await lab.stand.effects()).length, 1);
  const [first, ...others] = keys;
  assert.match(first!, /^notes\.post\/\d+\/first$/);
  assert.equal(others.length, 3);
  assert.deepEqual([...new Set(others)], [first!.replace("first", "second")]);
  // As JSON says it, whether it was just done or is recorded.
  assert.deepEqual(results[0], { pushed: 1, at: "1970-01-01T00:00:00.000Z" });
  for (const result of results) assert.ok(result === null || (result as { pushed: number }).pushed === 1);
  assert.deepEqual(
    (await lab.steps()).map(({ name }) => name),
    ["first", "second"],
  );
});

test("of two nodes that do a step at once, both go on with what was recorded first [EVT-1]", async () => {
  await using lab = await open(() => {});
  const metrics = createMetrics();
  const control = openControl({ connection: lab.stand.url, metrics, size: 2 });
  const [one, other] = [new Steps(control, "notes.post/1", {}), new Steps(control, "notes.post/1", {})];
  const transaction = new CallTransaction(control, metrics, { isolation: "read committed", readOnly: false });
  const tools = { transaction, signal: new AbortController().signal };
  const { promise: isRecorded, resolve } = Promise.withResolvers<void>();
  const late = other.take("pay", () => isRecorded.then(() => ({ receipt: 2 })), tools);
  assert.deepEqual(await one.take("pay", async () => ({ receipt: 1 }), tools), { receipt: 1 });
  resolve();
  assert.deepEqual(await late, { receipt: 1 });
  await control[Symbol.asyncDispose]();
});

test("a step that comes after statements is done outside of the transaction, which then begins again", async () => {
  let open = -1;
  let runs = 0;
  await using lab = await open_(async (context) => {
    runs++;
    await context.record("before");
    const answer = await context.step("post", async () => {
      const text = `select count(*)::integer as count from pg_stat_activity
        where datname = current_database() and state = 'idle in transaction'`;
      await poll(async () => (open = (await lab.stand.ask<{ count: number }>(text))[0]!.count) === 0, WAIT);
      return 42;
    });
    assert.equal(answer, 42);
    await context.record("after");
  });
  await lab.note(["a"]);
  assert.deepEqual(
    (await lab.stand.effects()).map(({ handler }) => handler),
    ["before", "after"],
  );
  assert.equal(open, 0);
  assert.ok(runs >= 2);
});

interface Simple {
  readonly step: <T>(name: string, work: () => Promise<T>) => Promise<T>;
  readonly record: (handler: string) => Promise<void>;
  readonly n: number;
  readonly attempt: number;
}

function open_(run: (context: Simple) => Promise<void>, options: { readonly attempts?: number } = {}) {
  return open(({ notes, noted, record }) =>
    notes.on(noted, "post", options, (context) =>
      run({
        step: context.step,
        record: (handler) => record(context, handler),
        n: context.event.payload.n,
        attempt: context.attempt,
      }),
    ),
  );
}

test("steps side by side are done side by side, and both are recorded, before and after statements", async () => {
  for (const begins of [false, true]) {
    let together = 0;
    let most = 0;
    const done: string[] = [];
    const work = (name: string) => async () => {
      most = Math.max(most, ++together);
      await poll(() => most === 2, WAIT);
      together--;
      return done.push(name);
    };
    await using lab = await open_(async ({ step, record }) => {
      if (begins) await record("begun");
      const both = await Promise.allSettled([step("one", work("one")), step("two", work("two"))]);
      if (both.some(({ status }) => status === "rejected")) throw new Error("again");
      await record("post");
    });
    await lab.note(["a"]);
    assert.equal((await lab.stand.effects("post")).length, 1, String(begins));
    assert.deepEqual(done.sort(), ["one", "two"]);
  }
});

const WRONG = [
  [
    "two of one name",
    /is there twice in one run/,
    async ({ step }: Simple) => {
      await step("one", async () => 1);
      await step("one", async () => 2);
    },
  ],
  [
    "a result that is too large",
    /a result may have/,
    async ({ step }: Simple) => {
      await step("large", async () => "x".repeat(RESULT_BYTES_MAX));
    },
  ],
  [
    "more than there may be",
    /at most 100 steps/,
    async ({ step }: Simple) => {
      for (const n of upTo(101)) await step(`step ${n}`, async () => n);
    },
  ],
  [
    "one that throws",
    /no answer/,
    async ({ step }: Simple) => {
      await step("throws", async () => {
        throw new Error("no answer");
      });
    },
  ],
  [
    "a result that is not JSON",
    /circular|JSON/i,
    async ({ step }: Simple) => {
      const ring: { self?: object } = {};
      ring.self = ring;
      await step("ring", async () => ring);
    },
  ],
  [
    "one that nobody waits for",
    /await every step/,
    async ({ step, record }: Simple) => {
      void step("forgotten", () => new Promise(() => {}));
      await record("post");
    },
  ],
] as const;
for (const [what, expected, run] of WRONG) {
  test(`steps, wrong: ${what}: the event is a dead letter that says so, its effects are undone`, async () => {
    const surprises: unknown[] = [];
    const surprise = (error: unknown) => void surprises.push(error);
    process.on("unhandledRejection", surprise);
    await using lab = await open_(
      async (context) => {
        await run(context);
        await context.record("post");
      },
      { attempts: 1 },
    );
    await lab.note(["a"]);
    await lab.again();
    const [dead, ...others] = await lab.errors();
    assert.match(dead?.error ?? "none", expected);
    assert.equal(others.length, 0);
    assert.deepEqual(await lab.stand.effects(), []);
    process.off("unhandledRejection", surprise);
    assert.deepEqual(surprises, []);
  });
}

test("a batch handler that does steps gets its events one by one", async () => {
  const sizes: number[] = [];
  await using lab = await open(({ notes, noted, record }) => {
    notes.on(noted, "post", { batch: 10 }, async (context) => {
      const { events, step } = context;
      for (const event of events) {
        await step(`post ${event.id}`, async () => sizes.push(events.length));
        await record({ ...{ db: context.db, attempt: context.attempt }, event }, "post");
      }
    });
  });
  await lab.note(["a", "a", "b", "c"]);
  assert.equal((await lab.stand.effects()).length, 4);
  assert.deepEqual(sizes, [1, 1, 1, 1]);
});

test("events of one key do their steps in order, those of others meanwhile [EVT-2]", async () => {
  let isOpen = false;
  await using lab = await open(({ notes, noted, record }) => {
    notes.on(noted, "post", async (context) => {
      const { key, n } = context.event.payload;
      await context.step("post", async () => {
        if (key === "slow") await poll(() => isOpen, WAIT);
        return n;
      });
      await record(context, "post");
    });
  });
  await lab.app.call(lab.of.note, { keys: ["slow", "slow", "a", "a", "b"] });
  const rows = await lab.stand.untilEffects(3);
  assert.deepEqual(rows.map(({ key }) => key).sort(), ["a", "a", "b"]);
  isOpen = true;
  await lab.app.untilHandled(WAIT);
  const all = await lab.stand.effects();
  assert.deepEqual(
    all.filter(({ key }) => key === "slow").map(({ n }) => n),
    [0, 1],
  );
  assert.deepEqual(
    all.filter(({ key }) => key === "a").map(({ n }) => n),
    [2, 3],
  );
});
