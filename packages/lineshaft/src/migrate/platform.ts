/**
 * The platform's own schema, `lineshaft`: what generated tables need, and the history of migrations.
 *
 * It is applied before the files, under the same lock, when the version in the schema's comment is lower than
 * `PLATFORM_VERSION`; a higher one is left alone, because newer code put it there. Every statement can be repeated and
 * says how an older version becomes this one. To change it: write the change so that it works on the version before
 * and on nothing, and raise the number.
 */
import { EVENT_TABLES } from "./platform-events.ts";
import { FILE_TABLE } from "./platform-files.ts";

/** Version of the statements below. */
export const PLATFORM_VERSION = 5;

/** Starts the comment on the schema; the number follows. */
export const PLATFORM_COMMENT = "Lineshaft platform, version ";

/** A body per server: 18 has the function itself; before, a version 4 value gets a time and another version. */
const UUIDV7 = `
do $do$
begin
  if current_setting('server_version_num')::integer >= 180000 then
    create or replace function lineshaft.uuidv7() returns uuid language sql volatile parallel safe as
    $body$ select pg_catalog.uuidv7() $body$;
  else
    -- RFC 9562, 5.7: 48 bits of milliseconds, version 7, the variant and the random rest of a version 4 value, whose
    -- version nibble 0100 becomes 0111.
    create or replace function lineshaft.uuidv7() returns uuid language sql volatile parallel safe as
    $body$ select pg_catalog.encode(pg_catalog.set_bit(pg_catalog.set_bit(pg_catalog.overlay(
      pg_catalog.uuid_send(pg_catalog.gen_random_uuid()),
      pg_catalog.substring(pg_catalog.int8send(pg_catalog.floor(
        extract(epoch from pg_catalog.clock_timestamp()) * 1000)::pg_catalog.int8), 3),
      1, 6), 52, 1), 53, 1), 'hex')::pg_catalog.uuid $body$;
  end if;
end
$do$;`;

/** Sets the column that the trigger names to the time of the transaction, as the default of the column does. */
const TOUCH = `
create or replace function lineshaft.touch() returns trigger language plpgsql as
$body$
begin
  return jsonb_populate_record(new, jsonb_build_object(tg_argv[0], pg_catalog.now()));
end
$body$;`;

const HISTORY =
  `
create table if not exists lineshaft.migration (
  number integer primary key,
  name text not null,
  checksum text not null,
  state text not null check (state in ('applied', 'running', 'failed')),
  statements_done integer not null default 0,
  applied_at timestamptz(3) not null default now(),
  duration_ms integer not null default 0,
  error text
);
comment on table lineshaft.migration is
  'Files of the migrations folder. running or failed: a file without a transaction that ` +
  `stopped after statements_done statements.';`;

/** The platform's schema as repeatable SQL, and its version. */
export const platformSchema: { readonly version: number; readonly sql: string } = Object.freeze({
  version: PLATFORM_VERSION,
  sql: `create schema if not exists lineshaft;${UUIDV7}${TOUCH}${HISTORY}
drop table if exists lineshaft.slot;${EVENT_TABLES}${FILE_TABLE}
comment on schema lineshaft is '${PLATFORM_COMMENT}${PLATFORM_VERSION}';
`,
});
