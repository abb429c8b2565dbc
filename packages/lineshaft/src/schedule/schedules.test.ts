/** Schedules: each run once in the whole fleet, late rather than never, and as they are declared now. */
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { entity } from "../define/entity.ts";
import type { ScheduleOptions } from "../define/event.ts";
import { field } from "../define/field.ts";
import { service } from "../define/service.ts";
import type { When } from "../define/when.ts";
import { Stand, upTo, WAIT_MS } from "../handle/test/stand.ts";
import { poll, TestClock } from "../testkit/index.ts";

class Made extends entity("made", {
  id: field.serial(),
  due: field.time(),
  now: field.time(),
  attempt: field.integer(),
  node: field.text(),
}) {}

type Run = Parameters<ReturnType<typeof bare>["schedule"]>[2];
const bare = () => service("machines", { entities: { Made }, actor: "anyone" });

/** A service with one schedule that writes down its runs, after what `before` does. */
function scheduled(when: When & ScheduleOptions, { node = "", before = (async () => {}) as Run, name = "tick" } = {}) {
  const machines = bare();
  machines.schedule(name, when, async (context) => {
    const { db, due, now, attempt } = context;
    await db.insertInto("made").values({ due, now, attempt, node }).execute();
    await before(context);
  });
  return { site: { machines } };
}

const WAIT = { timeoutMs: WAIT_MS };

async function open(at = "2026-02-01T00:00:30Z") {
  const stand = await Stand.open();
  const clock = new TestClock(at);
  const rows = () =>
    stand.ask<{ due: Date; now: Date; attempt: number; node: string }>("select * from machines.made order by id");
  const dues = async () => (await rows()).map(({ due }) => due.toISOString().slice(11, 19));
  const untilMade = (count: number) => poll(async () => (await rows()).length >= count, WAIT);
  const work = () => stand.ask<{ state: string; error: string }>("select * from lineshaft.work order by id");
  return { stand, clock, rows, dues, untilMade, work, [Symbol.asyncDispose]: () => stand[Symbol.asyncDispose]() };
}

// Each has a database and a clock of its own, and most of its time it waits for a look at what is due.
describe("schedules", { concurrency: 4 }, () => {
  for (const [what, when] of [
    ["cron", { cron: "* * * * *" }],
    ["every", { every: "1 minute" }],
  ] as const) {
    test(`three nodes make each run of a schedule once: ${what} [SCH-1]`, async () => {
      await using lab = await open();
      await using stack = new AsyncDisposableStack();
      for (const node of ["one", "two", "three"])
        stack.use(await lab.stand.node(scheduled(when, { node }), { clock: lab.clock }));
      for (const minute of upTo(6)) {
        lab.clock.advance("1m");
        await lab.untilMade(minute + 1);
      }
      assert.deepEqual(
        await lab.dues(),
        upTo(6).map((minute) => `00:0${minute + 1}:00`),
      );
      assert.equal((await lab.work()).length, 1);
    });
  }

  test("the node that makes the runs ends, and another one makes the next ones [SCH-1]", async () => {
    await using lab = await open();
    const nodes = new Map<string, { stop: () => Promise<void> }>();
    for (const node of ["one", "two"])
      nodes.set(node, await lab.stand.node(scheduled({ every: "1 minute" }, { node }), { clock: lab.clock }));
    lab.clock.advance("1m");
    await lab.untilMade(1);
    const first = (await lab.rows())[0]!.node;
    await nodes.get(first)!.stop();
    nodes.delete(first);
    lab.clock.advance("1m");
    await lab.untilMade(2);
    const [, second] = await lab.rows();
    assert.notEqual(second?.node, first);
    assert.deepEqual(await lab.dues(), ["00:01:00", "00:02:00"]);
    for (const node of nodes.values()) await node.stop();
  });

  test("without overlap a run waits for the one before; with it, it does not [SCH-1]", async () => {
    for (const overlap of [false, true]) {
      await using lab = await open();
      let isOpen = false;
      let most = 0;
      let under = 0;
      const before: Run = async () => {
        most = Math.max(most, ++under);
        await poll(() => isOpen, WAIT);
        under--;
      };
      const app = await lab.stand.node(scheduled({ every: "1 minute", overlap }, { before }), { clock: lab.clock });
      await using _ = app;
      for (const minute of upTo(3)) {
        lab.clock.advance("1m");
        const wanted = overlap ? minute + 1 : 1;
        await poll(() => under === wanted, WAIT);
        // Looks at what is due again, so that a second run would begin.
        await app.machines.isSettled();
      }
      isOpen = true;
      await app.untilHandled(WAIT);
      assert.equal(most, overlap ? 3 : 1);
      const dues = (await lab.dues()).sort();
      assert.deepEqual(dues, overlap ? ["00:01:00", "00:02:00", "00:03:00"] : ["00:01:00", "00:03:00"]);
    }
  });

  test("a run that keeps failing is tried again, and set aside when the next one is due [SCH-1] [EVT-3]", async () => {
    await using lab = await open();
    const before: Run = async ({ due, attempt }) => {
      if (due.toISOString().includes("00:01:00")) throw new Error(`no ${attempt}`);
    };
    await using app = await lab.stand.node(scheduled({ every: "1 minute" }, { before }), { clock: lab.clock });
    for (let seconds = 0; seconds < 150; seconds += 5) {
      await app.untilHandled(WAIT);
      lab.clock.advance("5s");
    }
    await app.untilHandled(WAIT);
    assert.deepEqual(await lab.dues(), ["00:02:00", "00:03:00"]);
    const dead = (await lab.work()).filter(({ state }) => state === "dead");
    assert.equal(dead.length, 1);
    assert.match(dead[0]!.error, /^Error: no [3-7]$/);
  });

  test("a failing run does nothing, and its attempts are counted; a step of it is done once [SCH-1]", async () => {
    await using lab = await open();
    const keys: string[] = [];
    const before: Run = async ({ step, attempt }) => {
      await step("post", async ({ key }) => keys.push(key));
      if (attempt < 3) throw new Error("not yet");
    };
    await using app = await lab.stand.node(scheduled({ every: "1 hour" }, { before }), { clock: lab.clock });
    for (const turn of upTo(2)) {
      lab.clock.advance("1h");
      for (const _ of upTo(4)) {
        await app.untilHandled(WAIT);
        lab.clock.advance("10s");
      }
      assert.deepEqual(
        [(await lab.rows()).map(({ attempt }) => attempt), keys.length],
        [upTo(turn + 1).map(() => 3), turn + 1],
      );
    }
    assert.notEqual(keys[0], keys[1]);
  });

  test("a schedule declared otherwise at a restart goes by its new times; the same goes on [SCH-1]", async () => {
    await using lab = await open();
    const stop = async (when: When & ScheduleOptions, advance: () => void) => {
      await using app = await lab.stand.node(scheduled(when), { clock: lab.clock });
      await app.untilHandled(WAIT);
      advance();
      await app.untilHandled(WAIT);
    };
    await stop({ every: "1 hour" }, () => {});
    // While nobody ran: what was due is made up for.
    lab.clock.advance("2h");
    await stop({ every: "1 hour" }, () => {});
    assert.deepEqual(await lab.dues(), ["02:00:00"]);
    await stop({ cron: "30 * * * *" }, () => lab.clock.advance("30m"));
    assert.deepEqual(await lab.dues(), ["02:00:00", "02:30:00"]);
    await stop({ cron: "30 * * * *", timeZone: "Asia/Kolkata" }, () => lab.clock.advance("30m"));
    assert.deepEqual(await lab.dues(), ["02:00:00", "02:30:00", "03:00:00"]);
    assert.equal((await lab.work()).length, 1);
  });

  test("a schedule that is gone makes no runs, and keeps nothing from being settled", async () => {
    await using lab = await open();
    {
      await using app = await lab.stand.node(scheduled({ every: "1 minute" }), { clock: lab.clock });
      await app.untilHandled(WAIT);
    }
    await using app = await lab.stand.node(scheduled({ every: "1 hour" }, { name: "other" }), { clock: lab.clock });
    lab.clock.advance("30m");
    await app.untilHandled(WAIT);
    assert.deepEqual(await lab.dues(), []);
  });

  test("a clock that goes back makes no run twice; it goes on when its time has come again [SCH-1]", async () => {
    await using lab = await open();
    await using app = await lab.stand.node(scheduled({ every: "1 minute" }), { clock: lab.clock });
    const at = async (time: string) => {
      lab.clock.set(`2026-02-01T${time}Z`);
      await app.untilHandled(WAIT);
    };
    for (const time of ["00:01:10", "00:02:10", "00:00:10", "00:01:10", "00:02:30"]) await at(time);
    assert.deepEqual(await lab.dues(), ["00:01:00", "00:02:00"]);
    await at("00:03:01");
    await at("09:00:30");
    assert.deepEqual(await lab.dues(), ["00:01:00", "00:02:00", "00:03:00", "09:00:00"]);
  });
});
