/**
 * Tables of events, handlers and scheduled work, in the platform's schema.
 *
 * - `event`: facts, inserted by the transaction that states them. In partitions of a week, so that old ones are dropped
 *   and never deleted row by row. `xid` finds those that nobody has given a position yet.
 * - `log`: the order of events, gapless. One row for each event; `head` is its end, and the lock of who writes it.
 * - `cursor`: how far a handler is, in each lane. It moves by `advance` in the transaction of the handler's effects,
 *   and only from where that transaction believed it to be, in the log that it has read: that is what makes effects
 *   apply once, also after a failover that lost the last commits, where others come to have the positions of events.
 * - `work`: what is done one by one: events that a handler could not handle yet, scheduled runs, commands for later. A
 *   row ends by `finish` in the transaction of its effects, and only if nobody has tried it meanwhile.
 * - `step`: results of work outside the database. `node`: who is alive, and what it can run.
 *
 * The functions never scan their tables from end to end: under serializable isolation such a scan would
 * conflict with every other transaction that moves a cursor.
 */

/** Lanes of a handler: events with one key share a lane, lanes run side by side. Stored with events: never changed. */
export const LANES = 16;

/** SQLSTATE of a cursor or a piece of work that somebody else has moved. */
export const MOVED_ON = "LS001";

const EVENTS = `
create sequence if not exists lineshaft.event_id;
create table if not exists lineshaft.event (
  id bigint not null default nextval('lineshaft.event_id'),
  week date not null default date_trunc('week', now() at time zone 'utc')::date,
  xid bigint not null default pg_current_xact_id()::text::bigint,
  name text not null,
  version integer not null,
  key text,
  lane smallint not null,
  at timestamptz(3) not null,
  payload json not null,
  primary key (id, week)
) partition by list (week);
create index if not exists event_xid on lineshaft.event (xid);
create table if not exists lineshaft.event_rest partition of lineshaft.event default;
comment on table lineshaft.event is 'Facts that commands stated, as they were inserted.';

create table if not exists lineshaft.log (
  position bigint not null,
  event bigint not null,
  week date not null,
  primary key (position, week),
  unique (event, week)
) partition by list (week);
create table if not exists lineshaft.log_rest partition of lineshaft.log default;
comment on table lineshaft.log is 'The order of events: positions have no gaps, and follow the order of commits.';

create table if not exists lineshaft.head (
  one boolean primary key default true check (one),
  position bigint not null default 0,
  -- Events of transactions before it all have positions.
  swept_xid bigint not null default 0
) with (fillfactor = 25);
insert into lineshaft.head default values on conflict do nothing;`;

const HANDLERS = `
create table if not exists lineshaft.handler (
  name text primary key,
  event text not null,
  created_at timestamptz(3) not null default now(),
  seen_at timestamptz(3) not null default now()
);
create table if not exists lineshaft.cursor (
  handler text not null references lineshaft.handler on delete cascade,
  lane smallint not null,
  position bigint not null,
  primary key (handler, lane)
) with (fillfactor = 25);
comment on table lineshaft.cursor is 'All up to the position is handled, or is in work.';

create table if not exists lineshaft.work (
  id bigint generated always as identity primary key,
  kind text not null check (kind in ('handler', 'schedule', 'command')),
  target text not null,
  lane smallint not null,
  key text,
  name text,
  position bigint,
  event bigint,
  week date,
  input json,
  actor json,
  due_at timestamptz(3) not null,
  state text not null default 'waiting' check (state in ('waiting', 'dead')),
  attempts integer not null default 0,
  -- One more with each change: who ends it, ends what he has seen.
  revision integer not null default 0,
  error text,
  failed_at timestamptz(3),
  created_at timestamptz(3) not null default now()
) with (fillfactor = 70);
create unique index if not exists work_name on lineshaft.work (kind, target, name) where name is not null;
create unique index if not exists work_event on lineshaft.work (target, event) where event is not null;
create index if not exists work_due on lineshaft.work (due_at) where state = 'waiting';
create index if not exists work_key on lineshaft.work (target, key, id) where state = 'waiting' and key is not null;
comment on table lineshaft.work is
  'What is done one by one: retries and dead letters of events, scheduled runs, commands for later.';

create table if not exists lineshaft.step (
  scope text not null,
  name text not null,
  result json,
  at timestamptz(3) not null default now(),
  primary key (scope, name)
);
comment on table lineshaft.step is 'Results of steps: of work outside the database, done by handlers.';

create table if not exists lineshaft.node (
  id uuid primary key,
  host text not null,
  pid integer not null,
  targets text[] not null,
  started_at timestamptz(3) not null default clock_timestamp(),
  seen_at timestamptz(3) not null default clock_timestamp()
) with (fillfactor = 25);
comment on table lineshaft.node is 'Processes that handle events. One that is silent for seconds is not counted.';`;

const FUNCTIONS = `
-- Of the log of the database: another one as soon as a standby was promoted, which may lack the last commits. Where a
-- server does not tell, it has one only.
create or replace function lineshaft.term() returns text language plpgsql stable as
$body$
begin
  return left(pg_walfile_name(pg_current_wal_lsn()), 8);
exception when others then
  return '';
end
$body$;

-- Without a term: for code of before version 5.
drop function if exists lineshaft.advance(text, smallint, bigint, bigint);
create or replace function lineshaft.advance(
  _handler text, _lane smallint, _from bigint, _to bigint, _term text default null
) returns void language plpgsql set enable_seqscan = off set enable_bitmapscan = off as
$body$
declare
  _moved integer;
begin
  if _term <> lineshaft.term() then
    raise exception 'the events of % in lane % are of a log that was replaced', _handler, _lane
      using errcode = '${MOVED_ON}';
  end if;
  update lineshaft.cursor c set position = _to
    where c.handler = _handler and c.lane = _lane and c.position = _from and _to >= _from;
  get diagnostics _moved = row_count;
  if _moved <> 1 then
    raise exception 'another has moved the cursor of % in lane %', _handler, _lane
      using errcode = '${MOVED_ON}';
  end if;
end
$body$;

-- Gives positions to committed events, in this order; those that have one keep it. Gives the end of the log. The lock
-- comes first: the statement behind it sees what others have placed.
create or replace function lineshaft.place(_events bigint[], _weeks date[]) returns bigint language plpgsql as
$body$
declare
  _head bigint;
  _placed bigint;
begin
  select position into _head from lineshaft.head for update;
  insert into lineshaft.log (position, event, week)
    select _head + row_number() over (order by a.n), a.event, a.week
    from unnest(_events, _weeks) with ordinality a(event, week, n)
    where not exists (select from lineshaft.log l where l.event = a.event and l.week = a.week);
  get diagnostics _placed = row_count;
  update lineshaft.head set position = _head + _placed;
  return _head + _placed;
end
$body$;

create or replace function lineshaft.finish(_row tid, _id bigint, _revision integer) returns void language plpgsql as
$body$
declare
  _ended integer;
begin
  delete from lineshaft.work w where w.ctid = _row and w.id = _id and w.revision = _revision
    and w.state = 'waiting';
  get diagnostics _ended = row_count;
  if _ended <> 1 then
    raise exception 'work % was ended or changed by another', _id using errcode = '${MOVED_ON}';
  end if;
end
$body$;

create or replace function lineshaft.reschedule(
  _row tid, _id bigint, _revision integer, _due_at timestamptz, _input json
) returns void language plpgsql as
$body$
declare
  _moved integer;
begin
  update lineshaft.work w set due_at = _due_at, input = _input, attempts = 0, error = null, failed_at = null,
    revision = w.revision + 1 where w.ctid = _row and w.id = _id and w.revision = _revision and w.state = 'waiting';
  get diagnostics _moved = row_count;
  if _moved <> 1 then
    raise exception 'work % was ended or changed by another', _id using errcode = '${MOVED_ON}';
  end if;
end
$body$;

create or replace function lineshaft.cancel(_target text, _name text)
returns boolean language plpgsql set enable_seqscan = off set enable_bitmapscan = off as
$body$
begin
  delete from lineshaft.work w
    where w.kind = 'command' and w.target = _target and w.name = _name and w.state = 'waiting';
  return found;
end
$body$;

-- Makes the partitions of this week and the next ones, and drops those that end before a day. Gives what it dropped.
create or replace function lineshaft.keep_weeks(_keep_from date) returns setof text language plpgsql as
$body$
declare
  _this date := date_trunc('week', now() at time zone 'utc')::date;
  _week date;
  _table text;
  _name text;
  _has_rows boolean;
begin
  perform pg_advisory_xact_lock(hashtext('lineshaft.keep_weeks'));
  foreach _table in array array['event', 'log'] loop
    for _week in select _this + 7 * n from generate_series(0, 2) n loop
      _name := _table || '_' || to_char(_week, 'YYYYMMDD');
      -- Rows of a week that nobody made a partition for in time stay where they are, with all others of that week.
      execute format('select exists (select from lineshaft.%I where week = %L)', _table || '_rest', _week)
        into _has_rows;
      if to_regclass('lineshaft.' || _name) is null and not _has_rows then
        execute format('create table lineshaft.%I partition of lineshaft.%I for values in (%L)', _name, _table, _week);
      end if;
    end loop;
    for _name in
      select c.relname from pg_inherits i join pg_class c on c.oid = i.inhrelid
      where i.inhparent = ('lineshaft.' || _table)::regclass and c.relname ~ '^[a-z]+_[0-9]{8}$'
        and to_date(right(c.relname, 8), 'YYYYMMDD') + 7 <= _keep_from
    loop
      execute format('drop table lineshaft.%I', _name);
      return next _name;
    end loop;
    execute format('delete from lineshaft.%I where week + 7 <= %L', _table || '_rest', _keep_from);
  end loop;
end
$body$;
select lineshaft.keep_weeks('-infinity');`;

/** All of it, as repeatable SQL. */
export const EVENT_TABLES: string = `${EVENTS}${HANDLERS}${FUNCTIONS}`;
