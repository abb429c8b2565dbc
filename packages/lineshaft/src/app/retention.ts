/** Retention: how long events are kept. Weeks that are over are dropped whole. */
import type { Pool } from "../data/pool.ts";
import { writeTogether } from "../log/control.ts";

/** How long events are kept at least, in days; up to a week longer. */
export const KEEP_DAYS_DEFAULT = 30;
/** How often weeks are looked at. */
export const KEEP_MS = 3_600_000;
/** How long the drop of a week may wait for those who read it: they wait behind it meanwhile. */
const LOCK_MS = 500;

/**
 * What a handler has not handled yet is kept, and what waits for another attempt. Behind its next event may be one of
 * the week before, stated in a transaction that was committed later. A handler that no node has run for as long as
 * events are kept is nobody's any more.
 */
const KEEP_FROM = `with run as (
    select name from lineshaft.handler where seen_at > now() - make_interval(days => $1)
  ) select least(
    (now() at time zone 'utc')::date - $1::integer,
    (select min(w.week) from lineshaft.work w join run on run.name = w.target
      where w.kind = 'handler' and w.state = 'waiting'),
    (select min(l.week) - 7 from lineshaft.cursor c join run on run.name = c.handler
      join lateral (
        select l.week from lineshaft.log l where l.position > c.position order by l.position limit 1) l on true)
  )::text as "keepFrom"`;

/** Dead letters go with their events; those of schedules and of commands for later, which have none, by their age. */
const DROP_DEAD = `delete from lineshaft.work
  where state = 'dead' and case when week is null then failed_at < $1::date else week + 7 <= $1::date end`;

/** Results of steps stay for as long as the weeks of their events: a dead letter that is sent again does none twice. */
const DROP_STEPS = "delete from lineshaft.step where at < date_trunc('week', $1::date)";

/** Makes the weeks to come, and drops what is older than it is kept, with all that belongs to it. */
export async function keepEvents(pool: Pool, keepDays: number): Promise<void> {
  const [{ rows }] = await writeTogether(pool, [{ text: KEEP_FROM, values: [keepDays] }] as const);
  const { keepFrom } = (rows as { readonly keepFrom: string }[])[0]!;
  await writeTogether(pool, [
    { text: `set local lock_timeout = ${LOCK_MS}` },
    { text: "select lineshaft.keep_weeks($1)", values: [keepFrom] },
    { text: DROP_STEPS, values: [keepFrom] },
    { text: DROP_DEAD, values: [keepFrom] },
  ]);
}
