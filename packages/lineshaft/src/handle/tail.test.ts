/** The tail: a window of the newest events, and no more than that. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { field } from "../define/field.ts";
import { service } from "../define/service.ts";
import { openControl } from "../log/control.ts";
import { EventLog } from "../log/event-log.ts";
import { startTestApp } from "../testkit/index.ts";
import { TAIL_MAX, Tail } from "./tail.ts";

test("the window has a bound: what is older is read from the database, in pages", async () => {
  const notes = service("notes", { actor: "anyone" });
  const noted = notes.event("noted", { n: field.integer() });
  await using app = await startTestApp({ services: { notes: { notes, noted } } });
  const client = await app.connect();
  const count = TAIL_MAX + 2_000;
  const text = `insert into lineshaft.event (name, version, lane, at, payload)
    select 'notes.noted', 1, 0, now(), json_build_object('n', n) from generate_series(1, $1::integer) n`;
  await client.query(text, [count]);
  await client.end();
  await using pool = openControl({ connection: app.database, metrics: app.metrics, size: 1 });
  const log = new EventLog(pool);
  await log.sweep(null);

  const tail = new Tail(log, 0);
  let end = 0;
  for (let last = -1; end > last; ) [last, end] = [end, (await tail.read(end, "notes.noted")).upTo];
  assert.equal(end, count);

  const recent = await tail.read(count - TAIL_MAX, "notes.noted");
  assert.equal(recent.events.length, TAIL_MAX);
  const old = await tail.read(count - TAIL_MAX - 1, "notes.noted");
  assert.ok(old.events.length < TAIL_MAX, `${old.events.length} events were still in memory`);
  assert.equal(old.events[0]!.position, count - TAIL_MAX);

  tail.follow("of a server that has taken over");
  assert.deepEqual(await tail.read(0, "notes.noted"), { events: [], upTo: 0 }, "this is read from another one");
  tail.follow((await log.read(0)).term);
  assert.equal((await tail.read(0, "notes.noted")).events[0]!.position, 1);
});
