/** `lineshaft check cache` on two nodes that are processes: right under writes, and a cache that does not hear. */
import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import pg from "pg";
import type { CacheReport } from "../packages/lineshaft/src/call/cache-check.ts";
import { startEmbeddedPostgres } from "../packages/lineshaft/src/engines/postgres-embedded/index.ts";
import { poll } from "../packages/lineshaft/src/testkit/index.ts";
import { COUNTERS_APP } from "./coherence.ts";
import { FleetNode } from "./fleet.ts";

const COUNTERS = 100;
const MAIN = join(import.meta.dirname, "../packages/lineshaft/src/cli/main.ts");

interface Found {
  readonly code: number;
  readonly reports: readonly CacheReport[];
}

function check(nodes: readonly FleetNode[]): Promise<Found> {
  const where = nodes.flatMap(({ metricsPort }) => ["--node", `http://127.0.0.1:${metricsPort}`]);
  return new Promise((resolve, reject) => {
    execFile(process.execPath, [MAIN, "check", "cache", "--json", ...where], (error, stdout, stderr) => {
      if (stdout === "") return reject(new Error(stderr, { cause: error }));
      const found = JSON.parse(stdout) as { readonly report: CacheReport | null; readonly error: string | null }[];
      const unasked = found.find(({ report }) => report === null);
      if (unasked) return reject(new Error(unasked.error!));
      resolve({ code: error ? Number(error.code) : 0, reports: found.map(({ report }) => report!) });
    });
  });
}

/** Asks for every counter until each node keeps them all. */
async function fill(nodes: readonly FleetNode[]): Promise<void> {
  for (const node of nodes) {
    const read = async () => {
      for (let number = 0; number < COUNTERS; number++) await node.ask("GET", `/counters/${number}`);
      return (await node.metric("lineshaft_cache_entries")) >= COUNTERS;
    };
    await poll(read, { timeoutMs: 60_000, what: "a full cache" });
  }
}

test("two nodes under writes keep nothing old; a write that the log does not tell of is found out", async () => {
  await using made = new AsyncDisposableStack();
  const folder = mkdtempSync(join(tmpdir(), "lineshaft-check-"));
  made.defer(() => rmSync(folder, { recursive: true, force: true }));
  const postgres = await startEmbeddedPostgres({ folder: join(folder, "postgres"), durable: false });
  made.defer(() => postgres.stop());
  const nodes: FleetNode[] = [];
  made.defer(async () => void (await Promise.all(nodes.map((node) => node.kill("SIGKILL")))));
  for (let count = 0; count < 2; count++)
    nodes.push(await FleetNode.start({ app: COUNTERS_APP, databaseUrl: postgres.url }));
  const client = new pg.Client({ connectionString: postgres.url });
  await client.connect();
  made.defer(() => client.end());
  await client.query("insert into counters.counter (number) select generate_series(0, $1)", [COUNTERS - 1]);
  await fill(nodes);

  let isOver = false;
  const writer = async (node: FleetNode, step: number) => {
    for (let turn = 0; !isOver; turn++) {
      const path = `/counters/${(turn * step) % COUNTERS}`;
      await node.ask("POST", path);
      for (const each of nodes) await each.ask("GET", path);
    }
  };
  const writers = nodes.map((node, index) => writer(node, index + 1));
  const good = await check(nodes).finally(() => {
    isOver = true;
  });
  await Promise.all(writers);
  assert.equal(good.code, 0);
  for (const { stale, failed, checked } of good.reports) {
    assert.deepEqual({ stale, failed }, { stale: {}, failed: 0 });
    assert.ok(checked > 0);
  }

  await fill(nodes);
  // Under an origin of our bulk work, which nodes leave out; and nobody announces it.
  await client.query("select pg_replication_origin_create('lineshaft_bulk_unsaid')");
  await client.query("select pg_replication_origin_session_setup('lineshaft_bulk_unsaid')");
  await client.query("update counters.counter set value = value + 1 where number = 7");
  const bad = await check(nodes);
  assert.equal(bad.code, 1);
  for (const { stale, equal } of bad.reports) assert.deepEqual([stale, equal], [{ "counters.one": 1 }, COUNTERS - 1]);
});
