/**
 * Table of files, in the platform's schema: one row for each file that counts. A row is written in the transaction of
 * the command that took the file, so bytes without one are nobody's.
 */

/** As repeatable SQL. Removing looks for its row by the index: a scan would conflict with all who add one. */
export const FILE_TABLE: string = `
create table if not exists lineshaft.file (
  key text primary key,
  size bigint not null,
  type text not null,
  sha256 text not null,
  created_at timestamptz(3) not null default now()
);
comment on table lineshaft.file is 'Files that commands took, and that are still there.';

create or replace function lineshaft.remove_file(_key text)
returns void language sql set enable_seqscan = off set enable_bitmapscan = off as
$body$
delete from lineshaft.file where key = _key
$body$;
`;
