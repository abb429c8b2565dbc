/** What is kept of events, and what goes: nothing that somebody still has to handle, and nothing for ever. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { field } from "../define/field.ts";
import { service } from "../define/service.ts";
import { openControl } from "../log/control.ts";
import { startTestApp } from "../testkit/index.ts";
import { keepEvents } from "./retention.ts";

const KEEP_DAYS = 30;

/** An app in which the event "good" was handled, and "bad" waits for another attempt. */
async function stand() {
  const machines = service("machines", { actor: "anyone" });
  const noted = machines.event("noted", { text: field.text() }, { key: "text" });
  const note = machines.command("POST /notes", {
    input: { text: field.text() },
    run: async ({ input, emit }) => emit(noted, input),
  });
  machines.on(noted, "handle", async ({ event }) => {
    if (event.payload.text === "bad") throw new Error("not today");
  });
  const app = await startTestApp({ services: { module: { machines, note } } });
  for (const text of ["good", "bad"]) await app.call(note, { text });
  await app.untilHandled();
  const client = await app.connect();
  // Cursors of lanes with nothing to do follow after some seconds.
  await client.query("update lineshaft.cursor set position = (select position from lineshaft.head)");
  /** Makes all events of a text as old as that. */
  const age = async (text: string, days: number) => {
    const week = `date_trunc('week', now() - interval '${days} days')::date`;
    const of = "(select id from lineshaft.event where payload ->> 'text' = $1)";
    // At once: an event that is seen without its position would be given one.
    await client.query("begin");
    await client.query(`update lineshaft.log set week = ${week} where event in ${of}`, [text]);
    await client.query(`update lineshaft.work set week = ${week} where event in ${of}`, [text]);
    await client.query(`update lineshaft.event set week = ${week} where payload ->> 'text' = $1`, [text]);
    await client.query("commit");
  };
  const kept = async () => {
    await using pool = openControl({ connection: app.database, metrics: app.metrics, size: 1 });
    await keepEvents(pool, KEEP_DAYS);
    const { rows } = await client.query("select payload ->> 'text' as text from lineshaft.event order by id");
    return rows.map(({ text }) => text);
  };
  return { app, client, age, kept, [Symbol.asyncDispose]: () => client.end().finally(() => app.stop()) };
}

test("events are kept for as long as is said, and go then", async () => {
  await using at = await stand();
  await at.age("good", KEEP_DAYS - 1);
  assert.deepEqual(await at.kept(), ["good", "bad"]);
  await at.age("good", KEEP_DAYS + 14);
  assert.deepEqual(await at.kept(), ["bad"]);
});

test("an event that waits is kept, however old; not for a handler that nobody has run for as long", async () => {
  await using at = await stand();
  await at.age("bad", 200);
  await at.age("good", 200);
  assert.deepEqual(await at.kept(), ["good", "bad"]);
  await at.client.query(`update lineshaft.handler set seen_at = now() - interval '${KEEP_DAYS + 1} days'`);
  assert.deepEqual(await at.kept(), []);
});

test("an event of an earlier week is kept behind one of a later week that was committed first", async () => {
  await using at = await stand();
  await at.client.query("delete from lineshaft.work");
  await at.client.query("insert into lineshaft.handler (name, event) values ('machines.late', 'machines.noted')");
  await at.client.query("insert into lineshaft.cursor values ('machines.late', 0, 0)");
  await at.age("good", KEEP_DAYS + 14);
  await at.age("bad", KEEP_DAYS + 21);
  assert.deepEqual(await at.kept(), ["good", "bad"]);
});

test("dead letters go with their events, and those without an event by their age", async () => {
  await using at = await stand();
  await at.client.query(
    `insert into lineshaft.work (kind, target, lane, due_at, state, failed_at)
     select 'schedule', age, 0, now(), 'dead', now() - age::interval from unnest(array['3 days', '40 days']) age`,
  );
  await at.client.query("update lineshaft.work set state = 'dead' where kind = 'handler'");
  const dead = async () => {
    await at.kept();
    const { rows } = await at.client.query("select target from lineshaft.work where state = 'dead' order by id");
    return rows.map(({ target }) => target);
  };
  assert.deepEqual(await dead(), ["machines.handle", "3 days"]);
  await at.age("bad", KEEP_DAYS + 14);
  assert.deepEqual(await dead(), ["3 days"]);
});

test("steps are kept for as long as the dead letters that they belong to: these can be sent again", async () => {
  await using at = await stand();
  await at.client.query("update lineshaft.work set state = 'dead' where kind = 'handler'");
  await at.age("bad", KEEP_DAYS);
  // Recorded when its week began; what is kept begins on some day of that week.
  await at.client.query(`insert into lineshaft.step (scope, name, at)
    select target || '/' || event, 'post', week::timestamp at time zone 'utc' from lineshaft.work
    union all select 'old', 'post', now() - interval '1 year'`);
  await at.kept();
  const { rows } = await at.client.query(`select w.state, s.name from lineshaft.work w
    full join lineshaft.step s on s.scope = w.target || '/' || w.event`);
  assert.deepEqual(rows, [{ state: "dead", name: "post" }]);
});
