/**
 * Relay bench: how fast the log is read, what reading costs Node and those who write, and what a bulk load does to it.
 *
 *     npm run bench -- relay
 *
 * Model. One embedded Postgres, durable. In each round a backlog in a slot is read by one reader as fast as it comes:
 * small transactions, then large ones. Then writers in a process of their own move money with and without an active
 * relay in this one: without, with, with, without, so that what changes evenly meanwhile is not taken for its cost.
 * Then a large transaction comes between small ones, in a fresh process.
 */
import { chmodSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import pg from "pg";
import {
  type EmbeddedPostgres,
  startEmbeddedPostgres,
} from "../packages/lineshaft/src/engines/postgres-embedded/index.ts";
import { ReplicationSession } from "../packages/lineshaft/src/log/replication.ts";
import { Child, collectGarbage, cpuMicros } from "./child.ts";
import { type Figures, figuresOf, type Part } from "./figures.ts";
import type { BulkFigures } from "./relay-bulk.ts";
import { openRelay, PUBLICATION, SCHEMA } from "./relay-tables.ts";
import { type Bench, runRounds, type Stand } from "./rounds.ts";
import { familyCpuSeconds } from "./usage.ts";

const whole = {
  smallTransactions: 50_000,
  largeTransactions: 100,
  largeRows: 1_000,
  writers: 8,
  writeSeconds: 4,
  bulkRows: 1_000_000,
};
type RelaySettings = typeof whole;
const quick: RelaySettings = {
  ...{ smallTransactions: 1_000, largeTransactions: 5, largeRows: 1_000 },
  ...{ writers: 4, writeSeconds: 0.3, bulkRows: 25_000 },
};

const MEGABYTE = 1_048_576;
const file = (name: string): string => join(import.meta.dirname, name);

function parts({ largeRows, writers, bulkRows }: RelaySettings): Part[] {
  const [large, rows] = [largeRows, bulkRows].map((count) => count.toLocaleString("en-US"));
  return [
    {
      title: "Reading a backlog",
      about: `Transactions that lie in a slot, each decoded into its changes, as fast as the server sends them. The
        server and the reader share the machine, and the server is the slower of the two.`,
      rows: [
        { name: "small", title: "1 row each" },
        { name: "large", title: `${large} rows each` },
      ],
      measures: [
        { name: "transactions", title: "transactions", unit: "/s", digits: 0, isCharted: true },
        { name: "changes", title: "changes", unit: "/s", digits: 0, isCharted: true },
        { name: "perTransaction", title: "Node CPU per transaction", unit: "µs", digits: 1 },
        { name: "perChange", title: "Node CPU per change", unit: "µs", digits: 2 },
      ],
    },
    {
      title: `${writers} writers at their limit`,
      about: `Each updates a row and inserts another in one transaction, again and again, through one connection each.
        The relay reads along in another process. All of it shares the processors, and the writers leave none of
        them idle: so the ratio, taken within a round, is the most that a relay costs. What Postgres
        spends on sending the log is in its figure.`,
      rows: [
        { name: "without", title: "without a relay" },
        { name: "with", title: "with an active relay" },
      ],
      measures: [
        { name: "transactions", title: "transactions", unit: "/s", digits: 0, isCharted: true },
        { name: "ratio", title: "ratio", unit: "", digits: 2 },
        { name: "postgres", title: "Postgres CPU per transaction", unit: "µs", digits: 0 },
        { name: "node", title: "relay's Node CPU per transaction", unit: "µs", digits: 1 },
      ],
    },
    {
      title: `One transaction of ${rows} rows`,
      about: `It comes between small commits, 100 a second at most. *others wait* is the longest that one of these was
        under way, from the answer to its commit until the relay told it. *told after* is the same of the large
        one. Memory is the most that the relay's process, a fresh one, has grown by. An ordinary insert is sent
        row by row and told as one *reloaded*; *bulk* is left out by the server.`,
      rows: [
        { name: "bulk", title: "through bulk()" },
        { name: "plain", title: "as an ordinary insert" },
      ],
      measures: [
        { name: "work", title: "work", unit: "s", digits: 2 },
        {
          ...{ name: "others", title: "others wait", unit: "ms", digits: 0, isCharted: true },
          goal: { is: "<", value: 100, rows: ["bulk"] },
        },
        { name: "told", title: "told after", unit: "ms", digits: 0 },
        {
          ...{ name: "memory", title: "memory", unit: "MB", digits: 0, isCharted: true },
          goal: { is: "<", value: 128 },
        },
      ],
    },
  ];
}

interface Backlog {
  /** Leaves transactions behind, with the connection that it gets. */
  readonly fill: (client: pg.Client) => Promise<void>;
}

/** Reads everything that comes to lie in a new slot. */
async function readBacklog(url: string, { fill }: Backlog): Promise<Readonly<Record<string, number>>> {
  await using session = await ReplicationSession.open(url, "bench", new AbortController().signal);
  await session.identify();
  const slot = `bench_${process.pid}`;
  const client = new pg.Client(url);
  await client.connect();
  await client.query("truncate bench.note");
  const from = await session.createSlot(slot);
  await fill(client);
  const end = "insert into bench.note (name) values ('end') returning pg_current_xact_id()::xid::text as xid";
  const last = Number((await client.query(end)).rows[0].xid);
  await client.end();
  let [transactions, changed] = [0, 0];
  const { promise: done, resolve } = Promise.withResolvers<void>();
  collectGarbage();
  const [startedMs, before] = [performance.now(), cpuMicros()];
  const streaming = session.stream({
    ...{ slot, from, publications: [PUBLICATION.name], skipOrigins: true, onStart: () => {}, onProgress: () => {} },
    onCommit: ({ xid, changes }) => {
      transactions++;
      changed += changes.length;
      if (xid === last) resolve();
    },
  });
  await Promise.race([done, streaming]);
  const [seconds, micros] = [(performance.now() - startedMs) / 1_000, cpuMicros() - before];
  streaming.catch(() => {});
  return {
    ...{ transactions: transactions / seconds, changes: changed / seconds },
    ...{ perTransaction: micros / transactions, perChange: micros / changed },
  };
}

function measureBacklogs(url: string, settings: RelaySettings): Promise<Figures> {
  const { smallTransactions, largeTransactions, largeRows } = settings;
  const small = async (client: pg.Client) => {
    await client.query("set synchronous_commit = off");
    await client.query(`call bench.fill(${smallTransactions})`);
    await client.query("set synchronous_commit = on");
  };
  const large = async (client: pg.Client) => {
    const text = `insert into bench.note (name, body)
      select 'name ' || n, repeat('x', 150) from generate_series(1, ${largeRows}) n`;
    for (let count = 0; count < largeTransactions; count++) await client.query(text);
  };
  return readBacklog(url, { fill: small }).then(async (first) => ({
    ...figuresOf("small", first),
    ...figuresOf("large", await readBacklog(url, { fill: large })),
  }));
}

interface Written {
  readonly transactions: number;
  readonly postgres: number;
  readonly node: number;
}

/** What the writers do in some seconds, and what that costs per transaction. */
async function write(postgres: EmbeddedPostgres, writers: Child, seconds: number): Promise<Written> {
  const before = { postgres: familyCpuSeconds(postgres.pid), node: cpuMicros() };
  const transactions = await writers.ask<number>(String(seconds * 1_000));
  const count = transactions * seconds;
  const spent = (familyCpuSeconds(postgres.pid) - before.postgres) * 1e6;
  return { transactions, postgres: spent / count, node: (cpuMicros() - before.node) / count };
}

async function writeWithRelay(postgres: EmbeddedPostgres, writers: Child, seconds: number): Promise<Written> {
  await using _relay = await openRelay(postgres.url, () => {});
  return await write(postgres, writers, seconds);
}

const mean = (one: Written, other: Written, key: keyof Written): number => (one[key] + other[key]) / 2;

async function measureWriters(postgres: EmbeddedPostgres, settings: RelaySettings): Promise<Figures> {
  const { writers: count, writeSeconds } = settings;
  await using writers = await Child.start(file("relay-writers.ts"), postgres.url, String(count));
  await write(postgres, writers, writeSeconds / 4);
  const first = await write(postgres, writers, writeSeconds);
  const [second, third] = [
    await writeWithRelay(postgres, writers, writeSeconds),
    await writeWithRelay(postgres, writers, writeSeconds),
  ];
  const fourth = await write(postgres, writers, writeSeconds);
  const without = mean(first, fourth, "transactions");
  const transactions = mean(second, third, "transactions");
  return {
    ...figuresOf("without", { transactions: without, ratio: 1, node: 0, postgres: mean(first, fourth, "postgres") }),
    ...figuresOf("with", { transactions, ratio: transactions / without }),
    ...figuresOf("with", { node: mean(second, third, "node"), postgres: mean(second, third, "postgres") }),
  };
}

async function measureBulk(url: string, rows: number, kind: "bulk" | "plain"): Promise<Figures> {
  await using child = await Child.start(file("relay-bulk.ts"), url, String(rows));
  const { workSeconds, otherMs, toldMs, memoryBytes } = await child.ask<BulkFigures>(kind);
  return figuresOf(kind, { work: workSeconds, others: otherMs, told: toldMs, memory: memoryBytes / MEGABYTE });
}

async function open(settings: RelaySettings): Promise<Stand> {
  await using made = new AsyncDisposableStack();
  const root = mkdtempSync(join(tmpdir(), "lineshaft-bench-relay-"));
  chmodSync(root, 0o755);
  made.defer(() => rmSync(root, { recursive: true, force: true }));
  // Readers of the log do not keep a process alive.
  const alive = setInterval(() => {}, 60_000);
  made.defer(() => clearInterval(alive));
  const postgres = made.use(await startEmbeddedPostgres({ folder: join(root, "postgres") }));
  const client = new pg.Client(postgres.url);
  await client.connect();
  await client.query(SCHEMA);
  await client.end();
  const resources = made.move();
  return {
    postgres: postgres.version,
    round: async () => ({
      ...(await measureBacklogs(postgres.url, settings)),
      ...(await measureWriters(postgres, settings)),
      ...(await measureBulk(postgres.url, settings.bulkRows, "bulk")),
      ...(await measureBulk(postgres.url, settings.bulkRows, "plain")),
    }),
    [Symbol.asyncDispose]: () => resources.disposeAsync(),
  };
}

const bench: Bench<RelaySettings> = { name: "relay", title: "Reading the log", whole, quick, parts, open };

export const main = (args: readonly string[]): Promise<void> => runRounds(bench, args);
