/** A lane at the edge of a time. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { openControl } from "../log/control.ts";
import { LogBench } from "../log/test/log-bench.ts";
import { createLog } from "../observe/log.ts";
import { createMetrics } from "../observe/metrics.ts";
import { Lane, type LaneHost } from "./lane.ts";
import { ledger } from "./test/stand.ts";

test("the time in which all is done beside a lane may end while a segment is chosen [EVT-1]", async (t) => {
  await using bench = await LogBench.open();
  const metrics = createMetrics();
  await using control = openControl({ connection: bench.stand.url, metrics, size: 1 });
  const of = ledger();
  const definition = of.notes.on(of.noted, "post", ({ step }) => step("post", async () => {}));
  await bench.stand.ask("insert into lineshaft.handler (name, event) values ($1, $2)", [
    definition.name,
    "notes.noted",
  ]);
  await bench.stand.ask("insert into lineshaft.cursor values ($1, 0, 0)", [definition.name]);
  const log = createLog({ level: "silent", readable: false });
  const machinery = { pool: control, control, metrics, log, clock: () => new Date(), random: () => 0.5 };
  const [{ term } = { term: "" }] = await bench.stand.ask<{ term: string }>("select lineshaft.term() as term");
  const signal = new AbortController().signal;
  const host = { machinery, definition, signal, onParked: () => {} } as unknown as LaneHost;
  const lane = new Lane(host, { number: 0, term, position: 0, blocked: new Set(), parked: 0 });
  const { id, week } = await bench.event(await bench.client());
  const fact = {
    name: "notes.noted",
    version: 1,
    key: "a",
    lane: 0,
    at: new Date(),
    payload: '{"key":"a","n":1}',
  };
  lane.put({ ...fact, id, week, position: 1 });
  assert.equal(await lane.next(), "done");
  assert.equal(lane.queue.length, 1, "it does steps: from now on its events are done beside it");
  let looks = 0;
  t.mock.method(performance, "now", () => (looks++ === 0 ? 0 : Number.POSITIVE_INFINITY));
  const outcome = lane.next();
  t.mock.restoreAll();
  assert.equal(await outcome, "done");
  assert.equal((await bench.stand.ask("select from lineshaft.work")).length, 1);
});
