/**
 * How the database is reached, and how its values are read: the same for calls, probes and migrations.
 */
import pg from "pg";

/** How long opening a connection may take, until it can be asked. */
export const CONNECT_MS = 3_000;
/** Silence after which the system asks whether the other side of an idle connection still lives. */
const KEEP_ALIVE_MS = 10_000;

/** How to reach the database. */
export type Connection =
  | string
  | { readonly host: string; readonly port: number; readonly user: string; readonly database: string };

/** Settings of a connection, whoever opens it: times are UTC, days and times are written by ISO 8601. */
const OPTIONS = "-c TimeZone=UTC -c DateStyle=ISO";

/**
 * Client settings for one connection; also for connections outside the pool, such as a migration's.
 *
 * @param options  More server settings, as Postgres takes them on its command line: `-c name=value`.
 */
export function clientConfig(connection: Connection, applicationName: string, options = ""): pg.ClientConfig {
  const target = typeof connection === "string" ? { connectionString: connection } : { ...connection };
  const given = typeof connection === "string" ? optionsIn(connection) : "";
  const merged = [OPTIONS, options, given].filter(Boolean).join(" ");
  return {
    ...(given === "" ? target : { connectionString: withOptions(connection as string, merged) }),
    application_name: applicationName,
    connectionTimeoutMillis: CONNECT_MS,
    keepAlive: true,
    keepAliveInitialDelayMillis: KEEP_ALIVE_MS,
    options: merged,
    types: { getTypeParser },
  };
}

/** The `options` parameter of a URL. The driver would take it instead of ours, so both are joined. */
function optionsIn(url: string): string {
  return new URLSearchParams(url.split("?")[1] ?? "").get("options") ?? "";
}

function withOptions(url: string, options: string): string {
  const [base, query] = url.split("?", 2);
  const parameters = new URLSearchParams(query);
  parameters.delete("options");
  const others = parameters.size > 0 ? `&${parameters}` : "";
  return `${base}?options=${encodeURIComponent(options)}${others}`;
}

/** Types in Postgres' catalog that the driver would read with a loss. */
const OID = {
  bigint: 20,
  date: 1082,
  timestamptz: 1184,
  bigints: 1016,
  dates: 1182,
  decimals: 1231,
  texts: 1009,
} as const;

/** 64-bit numbers are bigint, days and decimals are strings, also in lists; all else as `pg` reads it. */
export function getTypeParser(oid: number, format?: "text" | "binary"): (value: string) => unknown {
  if (format !== "binary") {
    if (oid === OID.bigint) return BigInt;
    if (oid === OID.date) return String;
    if (oid === OID.timestamptz) return parseInstant;
    if (oid === OID.bigints) return parseBigints;
    if (oid === OID.dates || oid === OID.decimals) return parseTexts;
  }
  return pg.types.getTypeParser(oid, format as "text") as (value: string) => unknown;
}

/** Splits a Postgres array literal. */
const parseTexts = pg.types.getTypeParser(OID.texts as never, "text") as (text: string) => (string | null)[];

function parseBigints(text: string): (bigint | null)[] {
  return parseTexts(text).map((each) => (each === null ? null : BigInt(each)));
}

const parseAnyInstant = pg.types.getTypeParser(OID.timestamptz as never, "text") as (text: string) => Date;

/**
 * `2026-11-20 12:00:00.123+00`, as Postgres writes an instant under our settings, in the form that the engine reads
 * fastest. The driver reads what looks otherwise: years before Christ, after 9999, infinity, other time zones.
 */
function parseInstant(text: string): Date {
  if (text.charCodeAt(10) !== SPACE || !text.endsWith("+00")) return parseAnyInstant(text);
  return new Date(`${text.slice(0, 10)}T${text.slice(11, -3)}Z`);
}

const SPACE = 0x20;
