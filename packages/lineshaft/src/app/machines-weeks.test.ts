/** Weeks of events: made ahead, dropped whole when they are old, and read across what is gone. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { ledger, modulesOf, numbersOf, Stand, upTo, WAIT_MS } from "../handle/test/stand.ts";
import type { TestApp } from "../testkit/index.ts";

const WAIT = { timeoutMs: WAIT_MS };

function handling(...names: readonly string[]) {
  const of = ledger();
  for (const name of names) of.notes.on(of.noted, name, (context) => of.record(context, name));
  return of;
}

const weeksOf = (stand: Stand) =>
  stand.ask<{ name: string }>(
    "select relname as name from pg_class where relname ~ '^(event|log)_[0-9]{8}$' and relkind = 'r' order by 1",
  );

/** Puts all events that are stored into a week of long ago, with a partition of its own. */
async function age(stand: Stand, weeks: number): Promise<string> {
  const [{ week, name }] = (await stand.ask<{ week: string; name: string }>(
    `select w::text as week, to_char(w, 'YYYYMMDD') as name
     from (select date_trunc('week', now() at time zone 'utc')::date - $1::integer * 7 as w) q`,
    [weeks],
  )) as [{ week: string; name: string }];
  for (const table of ["event", "log"]) {
    await stand.ask(
      `create table lineshaft.${table}_${name} partition of lineshaft.${table} for values in ('${week}')`,
    );
    await stand.ask(`update lineshaft.${table} set week = '${week}'`);
  }
  await stand.ask(`update lineshaft.work set week = '${week}' where week is not null`);
  return name;
}

async function run(
  stand: Stand,
  names: readonly string[],
  work: (app: TestApp, of: ReturnType<typeof ledger>) => Promise<void>,
) {
  const of = handling(...names);
  await using app = await stand.node(modulesOf(of));
  await work(app, of);
  await app.untilHandled(WAIT);
  // Lanes with nothing to do follow within seconds.
  const behind = `update lineshaft.cursor set position = (select position from lineshaft.head)
    where handler = any($1) returning 1`;
  await app.stop();
  await stand.ask(behind, [names.map((name) => `notes.${name}`)]);
}

test("the weeks to come are there, old ones go when all is handled, and the log goes on [EVT-1]", async () => {
  await using stand = await Stand.open();
  await run(stand, ["count"], async (app, of) => {
    await app.call(of.note, { keys: ["a", "b"] });
  });
  assert.equal((await weeksOf(stand)).length, 6);
  const old = await age(stand, 9);
  // The next start drops it.
  await run(stand, ["count"], async (app, of) => void (await app.call(of.note, { keys: ["a"], from: 10 })));
  assert.ok(!(await weeksOf(stand)).some(({ name }) => name.endsWith(old)));
  assert.deepEqual(numbersOf(await stand.effects("count"), "a"), [0, 10]);
  // A new handler begins with what is kept.
  await run(stand, ["count", "late"], async () => {});
  assert.deepEqual(
    (await stand.effects("late")).map(({ n }) => n),
    [10],
  );
  const positions = await stand.ask<{ position: number }>(
    "select position::float8 as position from lineshaft.log order by 1",
  );
  assert.deepEqual(
    positions.map(({ position }) => position),
    [3],
  );
});

test("a week stays while a handler has not handled it, and is handled still [EVT-1]", async () => {
  await using stand = await Stand.open();
  await run(stand, ["count", "other"], async () => {});
  // Only one of them runs here; the other one comes back later.
  await run(
    stand,
    ["count"],
    async (app, of) => void (await app.call(of.note, { keys: upTo(20).map((n) => `k${n}`) })),
  );
  const old = await age(stand, 9);
  await run(stand, ["count"], async (app, of) => void (await app.call(of.note, { keys: ["z"] })));
  assert.ok((await weeksOf(stand)).some(({ name }) => name.endsWith(old)));
  await run(stand, ["count", "other"], async () => {});
  assert.equal((await stand.effects("other")).length, 21);
  assert.equal((await stand.effects("count")).length, 21);
  await run(stand, ["count", "other"], async () => {});
  assert.ok(!(await weeksOf(stand)).some(({ name }) => name.endsWith(old)));
});
