/**
 * Kysely over a call's transaction: builds SQL, and hands it to the one place that statements pass.
 *
 * Kysely's own driver and pool are not used; the compiler and the plugins of a service are made once and shared.
 */
import {
  type AbortableQueryOptions,
  type CompiledQuery,
  type DatabaseConnection,
  DefaultQueryExecutor,
  type KyselyPlugin,
  type KyselyProps,
  PostgresAdapter,
  PostgresQueryCompiler,
  type QueryResult,
  Transaction,
} from "kysely";
import type { ServiceDefinition } from "../define/service.ts";

import type { StatementResult } from "./session.ts";
import type { CallTransaction } from "./transaction.ts";
import { entityWrites } from "./writes.ts";

const compiler = new PostgresQueryCompiler();
const adapter = new PostgresAdapter();
const pluginsOf = new WeakMap<ServiceDefinition, KyselyPlugin[]>();

class CallConnection implements DatabaseConnection {
  readonly #transaction: CallTransaction;
  readonly #service: string;

  constructor(transaction: CallTransaction, service: string) {
    this.#transaction = transaction;
    this.#service = service;
  }

  executeQuery<R>(query: CompiledQuery): Promise<QueryResult<R>> {
    const asked = this.#transaction.statement(this.#service, query.sql, query.parameters);
    return asked.then(counted) as Promise<QueryResult<R>>;
  }

  // biome-ignore lint/correctness/useYield: refused before the first row.
  async *streamQuery<R>(): AsyncIterableIterator<QueryResult<R>> {
    throw new Error("Streaming is not possible inside a call: page through the rows instead.");
  }
}

/** Runs what is compiled without Kysely's own handling of connections, which a call does not have. */
class CallExecutor extends DefaultQueryExecutor {
  readonly #connection: CallConnection;

  constructor(connection: CallConnection, plugins: KyselyPlugin[]) {
    super(compiler, adapter, { provideConnection: (use) => use(connection) }, plugins);
    this.#connection = connection;
  }

  override executeQuery<R>(query: CompiledQuery, options?: AbortableQueryOptions): Promise<QueryResult<R>> {
    // Kysely's way costs several promises for each statement; only a signal of the caller's own needs it.
    return options?.signal ? super.executeQuery(query, options) : this.#connection.executeQuery(query);
  }
}

const WRITES = new Set(["INSERT", "UPDATE", "DELETE", "MERGE"]);

function counted(result: StatementResult): QueryResult<unknown> {
  return WRITES.has(result.command)
    ? { rows: result.rows, numAffectedRows: BigInt(result.rowCount ?? 0) }
    : { rows: result.rows };
}

/** What `run` gets as `db`. */
export function kyselyOf(transaction: CallTransaction, service: ServiceDefinition): Transaction<any> {
  const connection = new CallConnection(transaction, service.name);
  let plugins = pluginsOf.get(service);
  if (!plugins) {
    plugins = [entityWrites(service)];
    pluginsOf.set(service, plugins);
  }
  const executor = new CallExecutor(connection, plugins);
  return new Transaction({ ...UNUSED, executor } as unknown as KyselyProps);
}

const UNUSED = Object.freeze({ config: {}, driver: {}, dialect: {} });
