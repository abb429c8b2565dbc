/** Nodes share lanes: all of them, each once; who leaves is gone at once, and for good. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { Pool } from "../data/pool.ts";
import { Stage } from "../log/test/stage.ts";
import { LANES } from "../migrate/index.ts";
import { TEST_SERVERS } from "../testkit/index.ts";
import { Fleet } from "./fleet.ts";

const TARGET = { name: "shop.count", version: 1 };

test("lanes are shared by who is there; a node that has left does not come back when it hears of itself", async () => {
  await using stage = await Stage.open(TEST_SERVERS[0]);
  await using pool = new Pool({ connection: stage.url, metrics: stage.metrics });
  const [one, other] = [new Fleet(pool, [TARGET], () => {}), new Fleet(pool, [TARGET], () => {})];
  for (const fleet of [one, other, one]) await fleet.beat();
  for (let lane = 0; lane < LANES; lane++) {
    assert.notEqual(one.owns(TARGET.name, lane), other.owns(TARGET.name, lane), `lane ${lane} has one owner`);
  }
  assert.deepEqual([one.leads, other.leads], [true, false]);

  const beating = one.beat();
  await one.leave();
  await Promise.all([beating, one.beat()]);
  await other.beat();
  assert.deepEqual([other.size, other.leads], [1, true]);
  assert.ok(other.lanesOf(TARGET.name).every(Boolean));
});
