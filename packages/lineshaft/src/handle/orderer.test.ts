/** The order of events around gaps in what a leader hears: what came in a gap stands before what is heard after it. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { LogBench } from "../log/test/log-bench.ts";
import { createLog } from "../observe/log.ts";
import { poll } from "../testkit/index.ts";
import { Orderer, type OrdererOptions } from "./orderer.ts";
import { WAIT_MS } from "./test/stand.ts";

const XID = "select pg_current_xact_id()::text as xid";

/** A leader who hears what the test tells it. */
async function lead(bench: LogBench, options: Partial<OrdererOptions> = {}) {
  const orderer = new Orderer({
    log: bench.logs[0]!,
    logger: createLog({ level: "silent", readable: false }),
    leads: () => true,
    hears: () => true,
    hasHeard: () => false,
    wasTold: () => false,
    onHead: () => {},
    ...options,
  });
  orderer.start(0);
  await poll(async () => (await swept(bench)) !== "0", { timeoutMs: WAIT_MS, what: "the first sweep" });
  return Object.assign(orderer, { [Symbol.asyncDispose]: () => orderer.close() });
}

async function swept(bench: LogBench): Promise<string> {
  return (await bench.stand.ask<{ xid: string }>("select swept_xid::text as xid from lineshaft.head"))[0]!.xid;
}

async function untilPlaced(bench: LogBench, ids: readonly string[]): Promise<void> {
  await poll(async () => (await bench.positions()).length >= ids.length, { timeoutMs: WAIT_MS });
  assert.deepEqual(
    (await bench.positions()).map(({ event }) => event),
    ids,
  );
}

test("a gap that ends while a sweep is under way is swept before what is heard after it [EVT-2]", async () => {
  await using bench = await LogBench.open();
  await using orderer = await lead(bench);
  const client = await bench.client();
  const holder = await bench.client();
  // Whoever gives the first position waits for this one to end, with what it has seen.
  await holder.query("begin");
  await holder.query("insert into lineshaft.log (position, event, week) values (1, 0, date_trunc('week', now()))");
  const first = await bench.event(client);
  orderer.sweep();
  const waits = "select from pg_stat_activity where datname = current_database() and wait_event = 'transactionid'";
  await poll(async () => (await bench.stand.ask(waits)).length > 0, { timeoutMs: WAIT_MS, what: "the sweep" });
  const untold = await bench.event(client);
  orderer.sweep();
  const told = await bench.event(client);
  orderer.heard([told]);
  await holder.query("rollback");
  await untilPlaced(bench, [first.id, untold.id, told.id]);
});

test("what was told before it could be seen stands before what is heard later [EVT-2]", async () => {
  await using bench = await LogBench.open();
  const client = await bench.client();
  const slow = await bench.client();
  await slow.query("begin");
  const [{ xid }] = (await slow.query<{ xid: string }>(XID)).rows as [{ xid: string }];
  const hidden = await bench.event(slow);
  let looks = 0;
  const wasTold = (each: string) => each === xid && ++looks > 0;
  await using orderer = await lead(bench, { wasTold });
  await poll(() => looks > 1, { timeoutMs: WAIT_MS, what: "another look" });
  await slow.query("commit");
  const told = await bench.event(client);
  orderer.heard([told]);
  await untilPlaced(bench, [hidden.id, told.id]);
});

test("what is told while another leads is swept before what is heard as the leader [EVT-2]", async () => {
  await using bench = await LogBench.open();
  let leads = true;
  await using orderer = await lead(bench, { leads: () => leads });
  const client = await bench.client();
  leads = false;
  const before = await bench.event(client);
  orderer.heard([before]);
  leads = true;
  const after = await bench.event(client);
  orderer.heard([after]);
  await untilPlaced(bench, [before.id, after.id]);
});
