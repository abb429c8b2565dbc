/**
 * Obstacles: what keeps a database from streaming its log to us, told with the way out.
 *
 * An obstacle is a setting or a right that somebody has to change, in contrast to an outage, which passes. With one,
 * the platform goes on without the log (`polling`). `lineshaft doctor` says the same and more.
 */
import pg from "pg";
import { errorCode } from "../data/failures.ts";
import type { Publication } from "../migrate/index.ts";
import type { ReplicationSession, ServerIdentity } from "./replication.ts";

/** Origins of our own bulk work begin with this (bulk.ts). */
export const ORIGIN_PREFIX = "lineshaft_bulk_";

/** A server that can stream, and what it can. */
export interface LogServer extends ServerIdentity {
  /** Whether what was written under an origin can be left out: nobody but our bulk work uses one. */
  readonly skipsOrigins: boolean;
}

const ORIGIN_OPTION_VERSION = 160_000;
/** SQLSTATE of a role without rights, and of a pooler that does not know what replication is. */
const NO_RIGHT = "42501";
const PROTOCOL_VIOLATION = "08P01";

/** The obstacle that the opening of a connection met; null when it is an outage. */
export function connectObstacle(error: unknown): string | null {
  const code = errorCode(error);
  if (code === NO_RIGHT) {
    return (
      "the role may not replicate. Grant it: alter role … replication; " +
      "on RDS: grant rds_replication to …; or connect as a role that may"
    );
  }
  if (code === PROTOCOL_VIOLATION) {
    return (
      `what answers at this address does not speak replication (${(error as Error).message}). ` +
      "Give the address of Postgres itself, not of a pooler"
    );
  }
  return null;
}

/** Looks at the server behind a connection: what it can, or the obstacle. */
export async function surveyServer(
  session: ReplicationSession,
  publications: readonly Publication[],
): Promise<LogServer | string> {
  // In this order: a standby that is promoted in between tells its new timeline.
  const [row] = await session.query<LogFacts>(factsOf(publications));
  const identity = await session.identify();
  if (identity.walLevel !== "logical") {
    return (
      `wal_level is "${identity.walLevel}". Set it to "logical" and restart the server; ` +
      "for a rented one see docs/operations.md"
    );
  }
  if (row!.replica) return "the server is a standby, which takes no writes. Give the address of the primary";
  const missing = unpublished(publications, row!.published);
  if (missing.length > 0) {
    return (
      `not published: ${missing.join(", ")}. A start publishes them with a role that owns the tables and may create ` +
      "publications: grant create on database … to …"
    );
  }
  return {
    ...identity,
    skipsOrigins: identity.version >= ORIGIN_OPTION_VERSION && !row!.foreign,
  };
}

/** What decides how a log is read, and can change while it is. */
interface LogFacts {
  readonly published: readonly string[];
  /** Whether there is a replication origin that is not of our bulk work. */
  readonly foreign: boolean;
  readonly replica: boolean;
}

function factsOf(publications: readonly Publication[]): string {
  const names = publications.map(({ name }) => pg.escapeLiteral(name)).join(", ");
  return `select array(select pubname || ': ' || schemaname || '.' || tablename from pg_publication_tables
       where pubname in (${names})) as published,
      exists (select from pg_replication_origin where not starts_with(roname, '${ORIGIN_PREFIX}')) as foreign,
      pg_is_in_recovery() as replica`;
}

/** Asks SQL; gives the rows. */
export type AskLog = (text: string) => Promise<{ readonly rows: readonly unknown[] }>;

/** What keeps a stream that runs from telling everything: somebody has changed the database. `null`: nothing does. */
export async function whatIsMissed(
  ask: AskLog,
  server: LogServer,
  publications: readonly Publication[],
): Promise<string | null> {
  const { published, foreign } = (await ask(factsOf(publications))).rows[0] as LogFacts;
  const missing = unpublished(publications, published);
  if (missing.length > 0) return `not published any more: ${missing.join(", ")}`;
  return foreign && server.skipsOrigins ? "somebody else writes under a replication origin" : null;
}

/** SQL for the tables of which these publications do not tell, and for those that are read with their rows in them. */
export function untoldBy(publications: readonly Publication[]): string {
  const names = publications.map(({ name }) => pg.escapeLiteral(name)).join(", ");
  return `with recursive untold as (
    select c.oid from pg_catalog.pg_class c join pg_catalog.pg_namespace n on n.oid = c.relnamespace
     where c.relkind = 'r' and n.nspname not in ('pg_catalog', 'information_schema')
       and not exists (select from pg_catalog.pg_publication_tables t
         where t.pubname in (${names}) and t.schemaname = n.nspname and t.tablename = c.relname)
    union select i.inhparent from untold join pg_catalog.pg_inherits i on i.inhrelid = untold.oid)
    select oid::bigint::float8 as oid from untold`;
}

/** Tables that a publication lacks, as `schema.table`. */
export function unpublished(wanted: readonly Publication[], published: readonly string[]): readonly string[] {
  const known = new Set(published);
  return wanted.flatMap(({ name, tables }) =>
    tables
      .filter((table) => !known.has(`${name}: ${table.schema}.${table.name}`))
      .map((table) => `${table.schema}.${table.name}`),
  );
}
