/**
 * A bulk transaction beside a stream, in a process of its own, whose memory is then that of the relay.
 *
 * A relay streams, somebody commits small things at an even pace, and a large transaction comes in between. The
 * question is how it is written, `bulk` or `plain`; the answer is `BulkFigures`.
 */
import { setTimeout as pause } from "node:timers/promises";
import pg from "pg";
import { bulk } from "../packages/lineshaft/src/log/bulk.ts";
import type { Commit } from "../packages/lineshaft/src/log/changes.ts";
import { poll } from "../packages/lineshaft/src/testkit/index.ts";
import { answerParent, collectGarbage } from "./child.ts";
import { openRelay } from "./relay-tables.ts";

const [url, rows] = [process.argv[2]!, Number(process.argv[3])];
const PACE_MS = 10;
const SAMPLE_MS = 20;
/** Small commits before and after the large transaction. */
const AROUND_MS = 500;
const TOLD_MS_MAX = 120_000;

export interface BulkFigures {
  readonly workSeconds: number;
  /** The longest that a small commit was under way to the relay's consumers. */
  readonly otherMs: number;
  /** From the commit of the large transaction until it was told. */
  readonly toldMs: number;
  readonly memoryBytes: number;
}

const client = new pg.Client(url);
await client.connect();

/** Commits small things until it is stopped; knows when each was committed, by the number of its transaction. */
class SmallWriter {
  readonly committedAt = new Map<number, number>();
  readonly #client = new pg.Client(url);
  #isStopped = false;
  #running: Promise<void> | null = null;

  async start(): Promise<void> {
    await this.#client.connect();
    this.#running = this.#run();
  }

  async stop(): Promise<void> {
    this.#isStopped = true;
    await this.#running;
    await this.#client.end();
  }

  async #run(): Promise<void> {
    const text = "insert into bench.note (name) values ('small') returning pg_current_xact_id()::xid::text as xid";
    while (!this.#isStopped) {
      const { rows: made } = await this.#client.query({ name: "small", text });
      this.committedAt.set(Number(made[0].xid), performance.now());
      await pause(PACE_MS);
    }
  }
}

async function load(kind: string): Promise<void> {
  const text = `insert into bench.loaded select n, 'name ' || n from generate_series(1, ${rows}) n`;
  if (kind === "plain") return void (await client.query(text));
  await bulk({ connection: url, tables: ["bench.loaded"] }, async (each) => void (await each.query(text)));
}

async function measure(kind: string): Promise<BulkFigures> {
  await client.query("truncate bench.loaded");
  const toldAt = new Map<number, number>();
  let largeToldAt: number | null = null;
  const hear = ({ xid, changes }: Commit) => {
    toldAt.set(xid, performance.now());
    if (changes.some(({ kind: told }) => told === "reloaded")) largeToldAt = performance.now();
  };
  await using _relay = await openRelay(url, hear);
  const small = new SmallWriter();
  await small.start();
  await pause(AROUND_MS);
  collectGarbage();
  const before = process.memoryUsage().rss;
  let most = before;
  const sampling = setInterval(() => (most = Math.max(most, process.memoryUsage().rss)), SAMPLE_MS);
  const startedAt = performance.now();
  await load(kind);
  const committedAt = performance.now();
  const told = await poll(() => largeToldAt, { what: "the large transaction to be told", timeoutMs: TOLD_MS_MAX });
  await pause(AROUND_MS);
  await small.stop();
  await poll(() => [...small.committedAt.keys()].every((xid) => toldAt.has(xid)), { what: "the small commits" });
  const delays = [...small.committedAt].map(([xid, at]) => toldAt.get(xid)! - at);
  clearInterval(sampling);
  return {
    workSeconds: (committedAt - startedAt) / 1_000,
    otherMs: Math.max(0, ...delays),
    toldMs: Math.max(0, told - committedAt),
    memoryBytes: most - before,
  };
}

answerParent(measure, () => client.end());
