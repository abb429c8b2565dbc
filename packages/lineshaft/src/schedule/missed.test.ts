/** Runs that nobody made in time: how many of them are made up for, and which. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { entity } from "../define/entity.ts";
import { field } from "../define/field.ts";
import { service } from "../define/service.ts";
import { list } from "../define/shape.ts";
import { startTestApp, TestClock } from "../testkit/index.ts";

class Made extends entity("made", { id: field.serial(), due: field.time(), attempt: field.integer() }) {}

/** A service with an hourly run, which fails as often as it is told to. */
function hourly(missed: "once" | "all" | "skip", { overlap = false, failures = 0, code = "" } = {}) {
  const machines = service("machines", { entities: { Made }, actor: "anyone" });
  let left = failures;
  machines.schedule("hourly", { every: "1 hour", missed, overlap }, async ({ db, due, attempt }) => {
    if (left-- > 0) throw Object.assign(new Error("not yet"), { code });
    await db.insertInto("made").values({ due, attempt }).execute();
  });
  const made = machines.query("GET /made", {
    output: list(Made),
    run: async ({ db }) => db.selectFrom("made").selectAll().orderBy("due").execute(),
  });
  return { machines, made };
}

async function standAt(at: string, module: ReturnType<typeof hourly>) {
  const app = await startTestApp({ services: { module } }, { clock: new TestClock(at) });
  await app.untilHandled();
  const dues = async () => {
    await app.untilHandled();
    return (await app.call(module.made, {})).map(({ due }) => due.toISOString().slice(11, 16));
  };
  return { app, dues };
}

const CASES = [
  ["once", ["08:00"]],
  ["all", ["03:00", "04:00", "05:00", "06:00", "07:00", "08:00"]],
  ["skip", []],
] as const;
for (const overlap of [false, true]) {
  for (const [missed, expected] of CASES) {
    test(`after an outage of hours, missed: "${missed}", overlap: ${overlap} [SCH-1]`, async () => {
      const { app, dues } = await standAt("2026-02-01T02:30:00Z", hourly(missed, { overlap }));
      await using _ = app;
      assert.deepEqual(await dues(), []);
      app.clock.advance("340m");
      assert.deepEqual(await dues(), expected);
      app.clock.advance("50m");
      assert.deepEqual(await dues(), [...expected, "09:00"]);
    });
  }
}

test("a run that meets conflicts is made later, although the next one is due by then", async () => {
  const { app, dues } = await standAt("2026-02-01T02:30:00Z", hourly("all", { failures: 11, code: "40001" }));
  await using _ = app;
  app.clock.advance("100m");
  await dues();
  app.clock.advance("5s");
  assert.deepEqual(await dues(), ["03:00", "04:00"]);
});

test('with missed: "skip", a run that is late by seconds is made', async () => {
  const { app, dues } = await standAt("2026-02-01T02:30:00Z", hourly("skip"));
  await using _ = app;
  app.clock.advance("1855s");
  assert.deepEqual(await dues(), ["03:00"]);
});

test("a run that failed is tried again for the time it was due, not for a later one", async () => {
  const module = hourly("once", { failures: 1 });
  const { app, dues } = await standAt("2026-02-01T02:30:00Z", module);
  await using _ = app;
  app.clock.advance("30m");
  assert.deepEqual(await dues(), []);
  app.clock.advance("10s");
  assert.deepEqual(await dues(), ["03:00"]);
  const [run] = await app.call(module.made, {});
  assert.equal(run?.attempt, 2);
});

test("the first time that is asked for something later, it is waited for, and refused to who may not ask", async () => {
  const machines = service("machines", { entities: { Made } });
  const closed = machines.command("POST /closed", { run: async () => {} });
  const open = machines.command("POST /open", {
    run: async ({ db, now }) => void (await db.insertInto("made").values({ due: now, attempt: 1 }).execute()),
    actor: "anyone",
  });
  const ask = machines.command("POST /ask", {
    actor: "anyone",
    input: { closed: field.boolean() },
    run: async ({ input, now, runAt }) => void runAt(now, input.closed ? closed : open, {}),
  });
  const made = machines.query("GET /made", {
    actor: "anyone",
    output: list(Made),
    run: async ({ db }) => db.selectFrom("made").selectAll().execute(),
  });
  const authenticate = async () => ({ actor: { kind: "nobody", id: null }, until: null }) as const;
  const accounts = service("accounts", { authenticate });
  await using app = await startTestApp({ services: { accounts: { accounts }, module: { open, closed, ask, made } } });
  await assert.rejects(app.call(ask, { closed: true }), { code: "UNAUTHENTICATED" });
  await app.call(ask, { closed: false });
  await app.untilHandled();
  assert.equal((await app.call(made, {})).length, 1);
});
