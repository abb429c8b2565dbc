/**
 * Pool: a bounded set of database connections, and the knowledge whether the database answers.
 *
 * States. `up ⇄ down`. A connection that cannot be opened moves it to `down`: from then on calls are refused at once
 * with `DATABASE_UNAVAILABLE` while one probe at a time looks, with growing pauses, whether the database is back.
 * Waiting for a free connection is bounded in time (`WAIT_MS`) and in number (`WAITERS_MAX`): beyond that,
 * `DATABASE_BUSY`.
 *
 * Connections are pipelined: what is sent without waiting is answered in order. A connection may therefore be handed
 * back while its last `commit` is still on its way: what the next call sends stands behind it.
 */
import pg from "pg";
import { fault } from "../define/errors.ts";
import type { Metrics } from "../observe/metrics.ts";
import { isConnectionLoss, RETRY_AFTER_SECONDS } from "./failures.ts";

/** Connections of one node. Few and pipelined beat many: see `docs/ARCHITECTURE.md`. */
export const POOL_SIZE = 10;
/** How long a call waits for a free connection. */
export const WAIT_MS = 5_000;
/** How many calls may wait. */
export const WAITERS_MAX = 2_000;
/** How long one statement may run. */
export const STATEMENT_MS = 15_000;
/** How long one statement may wait for a lock. */
export const LOCK_MS = 5_000;
/** How long a transaction may do nothing. */
export const IDLE_TRANSACTION_MS = 30_000;
/** First and longest pause between two probes of a database that is down. */
const PROBE_MS_MIN = 50;
const PROBE_MS_MAX = 1_000;

/** How to reach the database. */
export type Connection = string | { readonly host: string; readonly port: number; readonly user: string; readonly database: string };

export interface PoolOptions {
  readonly connection: Connection;
  readonly metrics: Metrics;
  readonly size?: number;
  readonly waitMs?: number;
  readonly statementMs?: number;
  readonly lockMs?: number;
  /** Told once at each move between up and down. */
  readonly onState?: (state: "up" | "down", error?: unknown) => void;
}

/** Client settings for one connection; also for connections outside the pool, such as a migration's. */
export function clientConfig(connection: Connection, applicationName: string): pg.ClientConfig {
  const target = typeof connection === "string" ? { connectionString: connection } : { ...connection };
  return {
    ...target,
    application_name: applicationName,
    connectionTimeoutMillis: WAIT_MS,
    options: "-c TimeZone=UTC -c DateStyle=ISO",
    types: { getTypeParser },
  };
}

/** The type `text[]` in Postgres' catalog. */
const TEXT_ARRAY_OID = 1009;

/** 64-bit numbers are bigint and days are strings; all else as `pg` reads it. */
function getTypeParser(oid: number, format?: "text" | "binary"): (value: string) => unknown {
  if (format !== "binary") {
    if (oid === 20) return BigInt;
    if (oid === 1082) return String;
    if (oid === 1016) return (text) => parseArray(text).map((each) => (each === null ? null : BigInt(each)));
    if (oid === 1182) return parseArray;
  }
  return pg.types.getTypeParser(oid, format as "text") as (value: string) => unknown;
}

/** Splits a Postgres array literal, as the driver does for `text[]`. */
function parseArray(text: string): (string | null)[] {
  const parse = pg.types.getTypeParser(TEXT_ARRAY_OID as never, "text") as (text: string) => unknown;
  return parse(text) as (string | null)[];
}

export class Pool implements AsyncDisposable {
  readonly #pool: pg.Pool;
  readonly #options: PoolOptions;
  #state: "up" | "down" = "up";
  #probe: NodeJS.Timeout | undefined;
  #ended = false;

  constructor(options: PoolOptions) {
    this.#options = options;
    this.#pool = new pg.Pool({
      ...clientConfig(options.connection, "lineshaft"),
      max: options.size ?? POOL_SIZE,
      connectionTimeoutMillis: options.waitMs ?? WAIT_MS,
      statement_timeout: options.statementMs ?? STATEMENT_MS,
      lock_timeout: options.lockMs ?? LOCK_MS,
      idle_in_transaction_session_timeout: IDLE_TRANSACTION_MS,
      idleTimeoutMillis: 60_000,
      pipeline: true,
    } as pg.PoolConfig);
    // A lost connection is noticed by the statement that is on it, or, when idle, by the pool that drops it.
    this.#pool.on("connect", (client) => void client.on("error", () => {}));
    this.#pool.on("error", () => {});
    options.metrics.databaseUp.set(1);
  }

  get state(): "up" | "down" {
    return this.#state;
  }

  /**
   * Takes a connection out of the pool; `release` gives it back.
   *
   * @throws {Fault} DATABASE_UNAVAILABLE at once while the database is down; DATABASE_BUSY when none is free in time.
   */
  async acquire(): Promise<pg.PoolClient> {
    if (this.#state === "down") throw unavailable();
    if (this.#pool.waitingCount >= WAITERS_MAX) throw busy(`${WAITERS_MAX} calls wait already`);
    try {
      return await this.#pool.connect();
    } catch (error) {
      if (error instanceof Error && error.message.startsWith("timeout exceeded")) throw busy("none was free in time");
      if (!isConnectionLoss(error) && !/timeout|connect/i.test(String(error))) throw error;
      this.#down(error);
      throw unavailable(error);
    }
  }

  /** One round trip on a fresh or idle connection; for readiness. */
  async ping(): Promise<void> {
    const client = await this.acquire();
    try {
      await client.query("select 1");
      client.release();
    } catch (error) {
      client.release(true);
      throw unavailable(error);
    }
  }

  /** Copies the sizes of the pool into the metrics. */
  measure(): void {
    const { metrics } = this.#options;
    metrics.poolConnections.set({ state: "idle" }, this.#pool.idleCount);
    metrics.poolConnections.set({ state: "busy" }, this.#pool.totalCount - this.#pool.idleCount);
    metrics.poolWaiting.set(this.#pool.waitingCount);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#ended) return;
    this.#ended = true;
    clearTimeout(this.#probe);
    await this.#pool.end();
  }

  #down(error: unknown): void {
    if (this.#state === "down" || this.#ended) return;
    this.#state = "down";
    this.#options.metrics.databaseUp.set(0);
    this.#options.onState?.("down", error);
    this.#probeLater(PROBE_MS_MIN);
  }

  #probeLater(pauseMs: number): void {
    this.#probe = setTimeout(async () => {
      const client = new pg.Client(clientConfig(this.#options.connection, "lineshaft probe"));
      client.on("error", () => {});
      try {
        await client.connect();
        await client.query("select 1");
        this.#up();
      } catch {
        if (!this.#ended) this.#probeLater(Math.min(pauseMs * 2, PROBE_MS_MAX));
      } finally {
        await client.end().catch(() => {});
      }
    }, pauseMs);
    this.#probe.unref();
  }

  #up(): void {
    this.#state = "up";
    this.#options.metrics.databaseUp.set(1);
    this.#options.onState?.("up");
  }
}

function unavailable(cause?: unknown) {
  return fault("DATABASE_UNAVAILABLE", { retryAfterSeconds: RETRY_AFTER_SECONDS, ...(cause === undefined ? {} : { cause }) });
}

function busy(why: string) {
  return fault("DATABASE_BUSY", { retryAfterSeconds: RETRY_AFTER_SECONDS, detail: `No database connection: ${why}.` });
}
