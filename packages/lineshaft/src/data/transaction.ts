/**
 * Transaction: the one place that every statement of every call passes, whoever built it.
 *
 * Model. It begins with the first statement: `begin`, the search path of the service, and the statement go out in one
 * write, so the beginning costs no round trip. A call that asks nothing takes no connection. Statements that are sent
 * without waiting for each other share round trips. A read-only transaction ends without waiting for the answer to its
 * `commit`: the connection is pipelined, and whoever uses it next stands behind.
 *
 * States. `new → open → ended`; `end` and `commit` move to `ended`, after which a statement is refused, because a
 * promise that nobody waited for must not write after the answer was given.
 *
 * Names of tables are resolved by `search_path`, set with the statement whenever the service changes (`call` of another
 * service), so hand-written SQL and Kysely read alike.
 */
import type { PoolClient } from "pg";
import { escapeIdentifier } from "pg";
import type { Isolation } from "../define/endpoint.ts";
import type { Metrics } from "../observe/metrics.ts";
import { isConnectionLoss, isStalePlan } from "./failures.ts";
import type { Pool } from "./pool.ts";

/** Different statements that are prepared by name; later ones are parsed each time. Bounds memory on both sides. */
export const PREPARED_MAX = 2_000;

export interface TransactionOptions {
  readonly isolation: Isolation;
  readonly readOnly: boolean;
}

/** What a statement gave. */
export interface StatementResult {
  readonly rows: unknown[];
  readonly rowCount: number | null;
  readonly command: string;
}

const prepared = new Map<string, string>();

/** The name under which a statement is prepared, the same on every connection; `undefined` beyond the bound. */
function preparedName(service: string, text: string): string | undefined {
  const key = `${service}\u0000${text}`;
  const known = prepared.get(key);
  if (known !== undefined || prepared.size >= PREPARED_MAX) return known;
  const name = `ls_${prepared.size}`;
  prepared.set(key, name);
  return name;
}

/** The search path of a service: its own schema, then extensions. */
function searchPath(service: string): string {
  return `${escapeIdentifier(service)}, public`;
}

export class CallTransaction {
  readonly #pool: Pool;
  readonly #metrics: Metrics;
  readonly #options: TransactionOptions;
  #state: "new" | "open" | "ended" = "new";
  #client: Promise<PoolClient> | null = null;
  #path = "";
  #failed: unknown;
  #running = 0;

  constructor(pool: Pool, metrics: Metrics, options: TransactionOptions) {
    this.#pool = pool;
    this.#metrics = metrics;
    this.#options = options;
  }

  /** Whether any statement was sent. */
  get used(): boolean {
    return this.#client !== null;
  }

  /** Sends one statement as this service. Parameters travel apart from the text, always. */
  async statement(service: string, text: string, parameters: readonly unknown[]): Promise<StatementResult> {
    if (this.#state === "ended") throw new Error("The call is over: await every statement before `run` returns.");
    this.#state = "open";
    this.#client ??= this.#pool.acquire();
    this.#running++;
    try {
      const client = await this.#client;
      if (this.#state !== "open") throw new Error("The call is over: await every statement before `run` returns.");
      this.#enter(client, service);
      this.#metrics.statements.inc();
      const name = preparedName(service, text);
      const values = parameters as unknown[];
      return await client.query(name === undefined ? { text, values } : { name, text, values });
    } catch (error) {
      this.#failed ??= error;
      throw error;
    } finally {
      this.#running--;
    }
  }

  /** Makes the writes durable and visible. Rejects when they are not, or when that cannot be known. */
  async commit(): Promise<void> {
    if (this.#state === "ended") return;
    const idle = this.#running === 0;
    this.#state = "ended";
    if (!this.#client) return;
    const client = await this.#client;
    if (!idle || this.#failed !== undefined) {
      this.#abandon(client);
      throw this.#failed ?? new Error("`run` returned before its statements did: await every statement.");
    }
    const done = client.query("commit");
    if (this.#options.readOnly) {
      done.catch(() => {});
      client.release();
      return;
    }
    try {
      const result = await done;
      client.release();
      // Postgres answers a commit of a failed transaction with ROLLBACK, not with an error.
      if (result.command !== "COMMIT") throw new Error("The transaction had failed, so nothing was committed.");
    } catch (error) {
      if (isConnectionLoss(error)) client.release(true);
      throw error;
    }
  }

  /** Undoes everything. Never rejects. */
  async rollback(): Promise<void> {
    if (this.#state === "ended" && !this.#client) return;
    const wasOpen = this.#state === "open";
    this.#state = "ended";
    const client = await this.#client?.catch(() => null);
    if (client && wasOpen) this.#abandon(client);
  }

  #abandon(client: PoolClient): void {
    const broken = isConnectionLoss(this.#failed) || isStalePlan(this.#failed);
    if (!broken) client.query("rollback").catch(() => {});
    client.release(broken);
  }

  /** Begins, or moves to another service's tables, ahead of the statement and in the same write. */
  #enter(client: PoolClient, service: string): void {
    if (this.#path === service) return;
    const path = `set local search_path to ${searchPath(service)}`;
    const { isolation, readOnly } = this.#options;
    const begin = this.#path === "" ? `begin isolation level ${isolation}${readOnly ? " read only" : ""}; ` : "";
    this.#path = service;
    client.query(`${begin}${path}`).catch((error) => {
      this.#failed ??= error;
    });
  }
}
