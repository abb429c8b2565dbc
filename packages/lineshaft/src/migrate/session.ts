/**
 * The one connection that a migration uses: its settings, its end, and what its errors mean.
 *
 * It must reach Postgres itself: a pooler that hands connections out per transaction would lose the advisory lock.
 * When the caller's signal is aborted, the running statement is cancelled over a second connection. When this process
 * dies, Postgres notices within `CONNECTION_CHECK_MS`, ends the statement, rolls back and frees the lock.
 */
import { setTimeout as delay } from "node:timers/promises";
import type { Client } from "pg";
import { MigrationError, messageOf, sqlState } from "./errors.ts";

/** How long a statement waits for a lock on a table. All that queue behind it wait as long. */
export const LOCK_TIMEOUT_MS = 2_000;
/** The same for statements that build concurrently: others do not queue behind these. */
export const ONLINE_LOCK_TIMEOUT_MS = 600_000;
/** How often Postgres looks whether we are still there. */
export const CONNECTION_CHECK_MS = 1_000;

/** Resets what a file before may have set. `search_path` is the same for every role that migrates. */
const SETTINGS = `reset role; reset all; set statement_timeout = 0; set idle_in_transaction_session_timeout = 0;
set search_path = public; set lock_timeout = ${LOCK_TIMEOUT_MS};
do $do$ begin
  perform set_config('client_connection_check_interval', '${CONNECTION_CHECK_MS}', false);
exception when others then null; -- Not every system can.
end $do$`;

export interface SessionOptions {
  readonly connect: () => Promise<Client>;
  readonly report?: ((line: string) => void) | undefined;
  readonly signal?: AbortSignal | undefined;
}

export class Session implements AsyncDisposable {
  readonly client: Client;
  readonly report: (line: string) => void;
  readonly signal: AbortSignal | undefined;
  readonly #connect: () => Promise<Client>;
  readonly #onAbort = (): void => void this.#cancel();

  private constructor(client: Client, options: SessionOptions) {
    this.client = client;
    this.report = options.report ?? (() => {});
    this.signal = options.signal;
    this.#connect = options.connect;
    // A connection that is lost between two queries is noticed by the next one; without a listener it ends the process.
    client.on("error", () => {});
    this.signal?.addEventListener("abort", this.#onAbort, { once: true });
  }

  /** @throws {MigrationError} MIGRATION_ABORTED, MIGRATION_DISCONNECTED. */
  static async open(options: SessionOptions): Promise<Session> {
    if (options.signal?.aborted) throw aborted(options.signal);
    try {
      return new Session(await options.connect(), options);
    } catch (cause) {
      throw new MigrationError(
        "MIGRATION_DISCONNECTED",
        `No connection to the database for migrations: ${messageOf(cause)}. ` +
          "Check that it runs and that the owner's role may connect.",
        { cause },
      );
    }
  }

  /** Brings the connection into the state that a file may count on. */
  async prepare(): Promise<void> {
    await this.query(SETTINGS);
  }

  /** Runs SQL of our own, whose failure is one of the connection or of the platform. */
  async query<TRow extends object>(text: string, values?: readonly unknown[]): Promise<TRow[]> {
    this.assertGoing();
    try {
      const result = await this.client.query<TRow>(values === undefined ? { text } : { text, values: [...values] });
      return result.rows;
    } catch (error) {
      throw this.wrap(error, (message) => new MigrationError("MIGRATION_FAILED", message, { cause: error }));
    }
  }

  /** The error of a lost connection or an aborted signal, or what `otherwise` makes of the message. */
  wrap(error: unknown, otherwise: (message: string) => MigrationError): MigrationError {
    if (error instanceof MigrationError) return error;
    if (this.signal?.aborted) return aborted(this.signal, error);
    if (!isDisconnect(error)) return otherwise(messageOf(error));
    return new MigrationError(
      "MIGRATION_DISCONNECTED",
      `The connection was lost while migrating: ${messageOf(error)}. ` +
        "What was committed is recorded; start again to go on.",
      { cause: error },
    );
  }

  assertGoing(): void {
    if (this.signal?.aborted) throw aborted(this.signal);
  }

  /** Waits, or ends with MIGRATION_ABORTED. */
  async pause(waitMs: number): Promise<void> {
    try {
      await delay(waitMs, undefined, this.signal ? { signal: this.signal } : {});
    } catch (error) {
      throw this.signal?.aborted ? aborted(this.signal, error) : error;
    }
  }

  async #cancel(): Promise<void> {
    const { processID: pid } = this.client as unknown as { readonly processID: number };
    const other = await this.#connect().catch(() => null);
    if (other === null) return;
    other.on("error", () => {});
    await other.query("select pg_cancel_backend($1)", [pid]).catch(() => {});
    await other.end().catch(() => {});
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.signal?.removeEventListener("abort", this.#onAbort);
    await this.client.end().catch(() => {});
  }
}

/** Whether the connection is gone; then nobody knows whether the last statement was carried out. */
export function isDisconnect(error: unknown): boolean {
  const state = sqlState(error);
  return state === undefined || state.startsWith("08") || /^57P0[1-5]$/.test(state);
}

function aborted(signal: AbortSignal, cause?: unknown): MigrationError {
  return new MigrationError(
    "MIGRATION_ABORTED",
    "The migration was stopped by its caller. Files that were finished stay applied.",
    {
      cause: cause ?? signal.reason,
    },
  );
}
