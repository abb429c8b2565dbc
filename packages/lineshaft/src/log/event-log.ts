/**
 * Event log: gives events their positions, and reads them in order.
 *
 * Model. An event is a row of `lineshaft.event`, there when its command has committed. Its position is a row of
 * `lineshaft.log`, written soon after, by any node: whoever writes holds the one row of `lineshaft.head`, so positions
 * have no gaps, become visible in their order, and no event gets two.
 * The order. `place` takes events as the log of the database told them, in the order of their commits. `sweep` finds
 * those that have none, whatever the reason, and takes them by id: an id is drawn in the message of the commit, so of
 * two commits of which one has seen the other, the later one has the higher id.
 * Promises. After a `sweep` without a bound, each event that was visible when it began has a position. A reader that
 * has read up to a position has missed nothing before it.
 */
import type { Pool } from "../data/pool.ts";
import { type PlatformStatement, writeTogether } from "./control.ts";

/** Events of one statement that gives positions. */
export const PLACE_MAX = 2_000;
/** Positions that one statement looks at for a reader that wants some events only. */
const SPAN = 5_000;
/** Events of one page. */
const PAGE = 500;

/** An event as it is stored, with its position. */
export interface StoredEvent {
  readonly position: number;
  readonly id: string;
  readonly week: string;
  readonly name: string;
  readonly version: number;
  readonly key: string | null;
  readonly lane: number;
  readonly at: Date;
  /** JSON. */
  readonly payload: string;
}

/** What identifies a row of `lineshaft.event`. */
export interface EventId {
  readonly id: string;
  readonly week: string;
}

export interface Page {
  /** In order. */
  readonly events: readonly StoredEvent[];
  /** Everything up to here was looked at. */
  readonly upTo: number;
}

export interface ReadPage extends Page {
  /** Of the log that it was read from: `lineshaft.term()`. */
  readonly term: string;
}

/** How far the database was at a moment. */
export interface Mark {
  /** All transactions before it have ended. */
  readonly xid: string;
  /** Position in the log of the database. */
  readonly lsn: string;
}

const LOCK_HEAD = "select position from lineshaft.head for update";

const PLACED = `
  , fresh as (
    select a.event, a.week, row_number() over (order by a.n) as n from asked a
    where not exists (select from lineshaft.log l where l.event = a.event and l.week = a.week)
  ), placed as (
    insert into lineshaft.log (position, event, week)
    select h.position + f.n, f.event, f.week from fresh f, lineshaft.head h
  )`;

const PLACE = { name: "ls_place", text: "select lineshaft.place($1, $2)::float8 as head" };

/** Transactions that were there when this one began and that it does not see: ended ones among them are about to be. */
const OPEN = `select pg_snapshot_xip(pg_current_snapshot())::text as xid
    union all select generate_series(pg_snapshot_xmax(pg_current_snapshot())::text::bigint,
      pg_current_xact_id()::text::bigint - 1)::text`;

/** All pages of one sweep look at what the first one could see: its snapshot is `$3`, `null` for the first itself. */
const SWEEP = `with unswept as materialized (
    select s.id from lineshaft.event s
    where $2::bigint is null and s.xid >= (select swept_xid from lineshaft.head)
  ), asked as (
    select e.id as event, e.week, row_number() over () as n
    from (
      select e.id, e.week from lineshaft.event e
      where e.id >= coalesce($2, (select min(id) from unswept))
        and e.xid >= (select swept_xid from lineshaft.head) and ($1::bigint is null or e.xid < $1)
        and ($3::pg_snapshot is null or pg_visible_in_snapshot(e.xid::text::xid8, $3))
        and not exists (select from lineshaft.log l where l.event = e.id and l.week = e.week)
      order by e.id limit ${PLACE_MAX}
    ) e
  ) ${PLACED}
  update lineshaft.head set position = position + (select count(*) from fresh),
    swept_xid = case when (select count(*) from asked) = ${PLACE_MAX} then swept_xid
      else greatest(swept_xid, coalesce($1, pg_snapshot_xmin(coalesce($3, pg_current_snapshot()))::text::bigint)) end
  returning position::float8 as head, (select count(*) from fresh)::integer as placed,
    (select max(event) from asked)::text as last, pg_current_snapshot()::text as snapshot,
    (select array_agg(xid) from (${OPEN}) o) as open`;

/** A database that was restored into another server counts transactions anew: what is stored must be found still. */
const RENUMBER = `with other as (
    update lineshaft.head set swept_xid = 0
    where swept_xid > pg_snapshot_xmax(pg_current_snapshot())::text::bigint returning one
  ) update lineshaft.event set xid = 0 where exists (select from other)`;

const MARK = {
  name: "ls_mark",
  text: "select pg_snapshot_xmin(pg_current_snapshot())::text as xid, pg_current_wal_insert_lsn()::text as lsn",
};

const HEAD = { name: "ls_head", text: "select position::float8 as head from lineshaft.head" };

const COLUMNS = `l.position::float8 as position, l.event::text as id, l.week::text as week,
    e.name, e.version, e.key, e.lane, e.at, e.payload::text as payload
  from lineshaft.log l left join lineshaft.event e on e.id = l.event and e.week = l.week`;

const READ = {
  name: "ls_read",
  text: `select ${COLUMNS} where l.position > $1 order by l.position limit ${PAGE}`,
};

/** The last row is the end of the log, in the same snapshot. */
const READ_NAMED = {
  name: "ls_read_named",
  text: `(select ${COLUMNS} where l.position > $1 and l.position <= $1::bigint + ${SPAN}
    and (e.name = $2 or e.name is null) order by l.position limit ${PAGE})
  union all select h.position::float8, null, null, null, null, null, null, null, null from lineshaft.head h`,
};

const TERM = { name: "ls_term", text: "select lineshaft.term() as term", values: [] };

interface Placed {
  readonly head: number;
  readonly placed: number;
}

interface SweptRow extends Placed {
  /** Id of the last event that was found. */
  readonly last: string | null;
  readonly snapshot: string;
  readonly open: readonly string[] | null;
}

export interface Swept extends Placed {
  /** Transactions whose events it could not see: by `pg_current_xact_id()`. */
  readonly open: readonly string[];
}

/** `name` is null while the event is not seen. */
type Row = Omit<StoredEvent, "name"> & { readonly name: string | null };

export class EventLog {
  readonly #pool: Pool;

  constructor(pool: Pool) {
    this.#pool = pool;
  }

  /** Gives positions to events that are committed, in this order; those that have one keep it. Gives the new end. */
  async place(events: readonly EventId[]): Promise<number> {
    const values = [events.map(({ id }) => id), events.map(({ week }) => week)];
    const [{ rows }] = await writeTogether(this.#pool, [{ ...PLACE, values }]);
    return (rows as Pick<Placed, "head">[])[0]!.head;
  }

  /**
   * Gives positions to events that have none; gives the new end, how many it found, and what it could not see.
   *
   * @param before  Only those of transactions before it, by `Mark.xid`. `null`: all.
   */
  async sweep(before: string | null): Promise<Swept> {
    let found = 0;
    let first: SweptRow | null = null;
    for (let from: string | null = null; ; ) {
      const [, , { rows }] = await writeTogether(this.#pool, [
        { text: LOCK_HEAD },
        { text: RENUMBER, name: "ls_renumber", values: [] },
        { text: SWEEP, name: "ls_sweep", values: [before, from, first?.snapshot ?? null] },
      ] as const);
      const [page] = rows as [SweptRow];
      first ??= page;
      found += page.placed;
      if (page.placed < PLACE_MAX) return { head: page.head, placed: found, open: first.open ?? [] };
      from = page.last;
    }
  }

  async mark(): Promise<Mark> {
    return (await this.#ask<Mark>(MARK))[0]!;
  }

  /** The last position. */
  async head(): Promise<number> {
    return (await this.#ask<{ head: number }>(HEAD))[0]!.head;
  }

  /** The next events of all kinds; an empty page at the end. */
  async read(after: number): Promise<ReadPage> {
    const [rows, term] = await this.#askPage(READ, [after]);
    return pageOf(rows, rows.at(-1)?.position ?? after, term);
  }

  /** The next events with this name. The page may be empty, and not the end. */
  async readNamed(after: number, name: string): Promise<ReadPage> {
    const [rows, term] = await this.#askPage(READ_NAMED, [after, name]);
    const { position: head } = rows.pop()!;
    const isFull = rows.length === PAGE;
    return pageOf(rows, isFull ? rows.at(-1)!.position : Math.max(after, Math.min(head, after + SPAN)), term);
  }

  async #askPage(statement: PlatformStatement, values: unknown[]): Promise<readonly [Row[], string]> {
    const [{ rows }, term] = await writeTogether(this.#pool, [{ ...statement, values }, TERM] as const);
    return [rows as Row[], (term.rows as { readonly term: string }[])[0]!.term];
  }

  async #ask<T>(statement: PlatformStatement, values: unknown[] = []): Promise<T[]> {
    const [{ rows }] = await writeTogether(this.#pool, [{ ...statement, values }]);
    return rows as T[];
  }
}

/**
 * A position may be seen an instant before its event is: the log of the database tells of commits that other snapshots
 * do not contain yet. The page ends before it, and whoever asks again finds it.
 */
function pageOf(rows: readonly Row[], upTo: number, term: string): ReadPage {
  const hidden = rows.findIndex(({ name }) => name === null);
  if (hidden < 0) return { events: rows as StoredEvent[], upTo, term };
  return { events: rows.slice(0, hidden) as StoredEvent[], upTo: rows[hidden]!.position - 1, term };
}
