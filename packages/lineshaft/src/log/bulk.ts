/**
 * Bulk work: changes so many rows of known tables that telling each of them would hold up all who follow the log.
 *
 * Model. The work runs in one transaction on a connection of its own, under a replication origin. Readers of the log
 * ask the server to leave out what has an origin, so it is not even decoded. Before the commit the origin is taken off
 * and one message is written: "these tables were reloaded". It is part of the transaction: it comes in commit order,
 * and not at all after a rollback.
 * Promises. Readers hear of the work either as `reloaded` changes of the tables that were named, or, where the server
 * or the role cannot do that, change by change as usual. Work in tables that were not named is not told: name them all,
 * also those that triggers and cascades write.
 * Needs. Postgres 16 (readers leave out origins), and the right to use origins, which superusers have; others need:
 *
 *     grant execute on function pg_replication_origin_create(text), pg_replication_origin_oid(text),
 *       pg_replication_origin_session_setup, pg_replication_origin_session_reset() to …
 *
 * While an origin of somebody else is there (a subscription, another tool),
 * readers take everything (`skipsOrigins`), and the message comes on top: more is told than is needed, never less.
 * Limits. One bulk work per database at a time; the next one waits for it.
 */
import pg from "pg";
import { type Connection, clientConfig } from "../data/connection.ts";
import { errorCode } from "../data/failures.ts";
import { ORIGIN_PREFIX } from "./obstacle.ts";
import { RELOADED_PREFIX } from "./pgoutput.ts";

/** The key of the lock that lets one bulk work run at a time: "line" and "bulk" in ASCII. */
const LOCK = [0x6c696e65, 0x62756c6b] as const;
const ORIGIN_OPTION_VERSION = 160_000;
const NO_RIGHT = "42501";

export interface BulkOptions {
  readonly connection: Connection;
  /** Every table that the work changes, as `schema.table`, quoted where SQL needs it. */
  readonly tables: readonly string[];
}

/** How readers hear of the work. */
export type BulkPath = "reloaded" | "change by change";

/**
 * Runs bulk work. It commits when the promise of `work` is fulfilled, and is rolled back when it rejects.
 *
 * @param work  Gets the connection, inside the transaction; must not end it.
 * @throws what `work` throws; what Postgres says of a table that is not there.
 * @example
 * await bulk({ connection, tables: ["shop.price"] }, async (client) => {
 *   await client.query("update shop.price set cents = cents + 1");
 * });
 */
export async function bulk(options: BulkOptions, work: (client: pg.Client) => Promise<void>): Promise<BulkPath> {
  const client = new pg.Client(clientConfig(options.connection, "lineshaft bulk"));
  client.on("error", () => {});
  await client.connect();
  // The origin belongs to the connection and outlives a rollback: so the connection ends with the work.
  try {
    await client.query("begin");
    await client.query("select pg_advisory_xact_lock($1, $2)", [...LOCK]);
    const tables = await describeTables(client, options.tables);
    const hasOrigin = await takeOrigin(client);
    await work(client);
    if (hasOrigin) {
      await client.query("select pg_replication_origin_session_reset()");
      await client.query("select pg_logical_emit_message(true, $1::text, $2::text)", [RELOADED_PREFIX, tables]);
    }
    await client.query("commit");
    return hasOrigin ? "reloaded" : "change by change";
  } finally {
    await client.end().catch(() => {});
  }
}

/** Puts the connection under the origin of this database; false where that cannot be, and nothing has changed then. */
async function takeOrigin(client: pg.Client): Promise<boolean> {
  const { rows } = await client.query<{ version: number; name: string }>(
    `select current_setting('server_version_num')::integer as version,
       '${ORIGIN_PREFIX}' || oid as name from pg_database where datname = current_database()`,
  );
  const { version, name } = rows[0]!;
  if (version < ORIGIN_OPTION_VERSION) return false;
  await client.query("savepoint origin");
  try {
    await client.query(
      "select pg_replication_origin_create($1::text) where pg_replication_origin_oid($1::text) is null",
      [name],
    );
    await client.query("select pg_replication_origin_session_setup($1)", [name]);
    return true;
  } catch (error) {
    if (errorCode(error) !== NO_RIGHT) throw error;
    await client.query("rollback to savepoint origin");
    return false;
  }
}

/** The tables as the message describes them: of a partitioned one, its partitions, which is what the log tells of. */
async function describeTables(client: pg.Client, tables: readonly string[]): Promise<string> {
  const { rows } = await client.query<{ tables: string }>(
    `select json_agg(json_build_object('oid', c.oid::bigint, 'schema', n.nspname, 'name', c.relname,
       'identity', case c.relreplident
         when 'f' then 'full' when 'd' then 'default' when 'i' then 'index' else 'nothing' end,
       'columns', (select coalesce(json_agg(json_build_object('name', a.attname, 'typeOid', a.atttypid::bigint,
           'key', c.relreplident = 'f') order by a.attnum), '[]')
         from pg_attribute a where a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped)))::text as tables
     from (select distinct coalesce(leaf.relid, named::regclass) as oid from unnest($1::text[]) named
         left join lateral pg_partition_tree(named::regclass) leaf on true
         where leaf.isleaf is not false) changed
       join pg_class c using (oid) join pg_namespace n on n.oid = c.relnamespace`,
    [tables],
  );
  if (rows[0]!.tables === null) throw new TypeError("Bulk work names no table: name every one that it changes.");
  return rows[0]!.tables;
}
