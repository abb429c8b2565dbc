/**
 * What `lineshaft events` changes, also while nodes run.
 *
 * Safety. A node ends work by the revision that it has seen, and moves a cursor from where it believes it to be. What
 * is changed here makes a run that is under way on the old view fail, without effects; the node looks again.
 */
import type pg from "pg";
import { CommandError } from "./command.ts";
import { rowsOf, type Target, together } from "./events-database.ts";

/** Ids that a message lists. */
const IDS_MAX = 10;

/** Which work is meant: by its numbers, of a target, or all of it. */
export interface Choice {
  readonly ids: readonly string[] | null;
  readonly target: string | null;
}

const CHOSEN = "($1::bigint[] is null or w.id = any($1)) and ($2::text is null or w.target = $2)";

interface Known {
  readonly id: string;
  readonly kind: Target["kind"];
  readonly state: "waiting" | "dead";
  readonly attempts: number;
  readonly dueAt: Date;
}

const KNOWN = `select w.id::text, w.kind, w.state, w.attempts, w.due_at as "dueAt"
  from lineshaft.work w where w.id = any($1::bigint[])`;

/** All that is asked for by number. @throws {CommandError} when some are not there, or are not what is wanted. */
async function assertKnown(client: pg.Client, { ids }: Choice, refuse: (known: Known) => string | null): Promise<void> {
  if (ids === null) return;
  const found = await rowsOf<Known>(client, KNOWN, [ids]);
  const lacking = ids.filter((id) => !found.some((known) => known.id === id)).map((id) => `w${id}`);
  if (lacking.length > 0) {
    const some = `${lacking.slice(0, IDS_MAX).join(", ")}${lacking.length > IDS_MAX ? " …" : ""}`;
    throw new CommandError(`There is no ${some}: it is done by now, or was dropped. Nothing was changed.`);
  }
  for (const known of found) {
    const why = refuse(known);
    if (why !== null) throw new CommandError(`w${known.id} ${why} Nothing was changed.`);
  }
}

/** What has failed; what is due by now is tried as it is. */
const RETRY = `update lineshaft.work w
  set state = 'waiting', attempts = 0, due_at = now(), revision = w.revision + 1
  where ${CHOSEN} and (w.state = 'dead' or w.attempts > 0 and w.due_at > now())
  returning w.target`;

/** Has what failed tried again now; gives the targets, each as often as it has work that is due. */
export async function retry(client: pg.Client, choice: Choice): Promise<readonly string[]> {
  return together(client, async () => {
    await assertKnown(client, choice, ({ state, attempts, dueAt }) =>
      state === "dead" || attempts > 0 ? null : `has not failed: it is due at ${dueAt.toISOString()}.`,
    );
    const rows = await rowsOf<{ target: string }>(client, RETRY, [choice.ids, choice.target]);
    return rows.map(({ target }) => target);
  });
}

/** What may be dropped: what is dead, and commands for later that are named. */
const DROPPABLE = "(w.state = 'dead' or w.kind = 'command' and $1::bigint[] is not null)";
const COUNT = `select count(*)::integer as count from lineshaft.work w where ${CHOSEN} and ${DROPPABLE}`;
const DROP = `delete from lineshaft.work w where ${CHOSEN} and ${DROPPABLE} returning w.id`;

/** Takes dead letters away, or only counts them. */
export async function drop(client: pg.Client, choice: Choice, isSure: boolean): Promise<number> {
  return together(client, async () => {
    await assertKnown(client, choice, ({ state, kind }) =>
      state === "dead" || kind === "command" ? null : "is not dead: it is tried again.",
    );
    const values = [choice.ids, choice.target];
    if (isSure) return (await rowsOf(client, DROP, values)).length;
    return (await rowsOf<{ count: number }>(client, COUNT, values))[0]!.count;
  });
}

/** Where a replay begins: at a position, with the first event at or behind an instant, or with the oldest one. */
export type From = { readonly position: string } | { readonly since: Date } | "all";

const OLDEST = "select min(l.position)::text as position from lineshaft.log l where l.position >= $1";
const SINCE = `select min(l.position)::text as position
  from lineshaft.event e join lineshaft.log l on l.event = e.id and l.week = e.week where e.at >= $1`;

/** The position of the first event of a replay; `null` when there is none. */
export async function firstOf(client: pg.Client, from: From): Promise<string | null> {
  const [text, value] =
    from === "all" ? [OLDEST, "0"] : "since" in from ? [SINCE, from.since.toISOString()] : [OLDEST, from.position];
  return (await rowsOf<{ position: string | null }>(client, text, [value]))[0]!.position;
}

/** What a replay is about. */
export interface ReplayCount {
  /** Events that the handler has come to, from there on. */
  readonly events: number;
  /** Of these, those whose effects applied: the others wait, or are dead. */
  readonly handled: number;
}

const PASSED = `select count(*)::integer as events, (count(*) filter (where w.id is null))::integer as handled
  from lineshaft.log l join lineshaft.event e on e.id = l.event and e.week = l.week and e.name = $3
    join lineshaft.cursor c on c.handler = $1 and c.lane = e.lane and c.position >= l.position
    left join lineshaft.work w on w.target = $1 and w.event = e.id
  where l.position >= $2`;

export async function countReplay(client: pg.Client, { name, event }: Target, first: string): Promise<ReplayCount> {
  return (await rowsOf<ReplayCount>(client, PASSED, [name, first, event]))[0]!;
}

const REWIND = `update lineshaft.cursor c set position = $2::bigint - 1 where c.handler = $1 and c.position >= $2`;
const FORGET_PASSED = "delete from lineshaft.work w where w.kind = 'handler' and w.target = $1 and w.position >= $2";
const FORGET_STEPS = `delete from lineshaft.step s using lineshaft.log l
  where l.position >= $2 and s.scope = $1 || '/' || l.event`;

/**
 * Sets a handler's cursors back. Work of it from there on goes, since its events come again; of the cursors first: a
 * node that puts events aside at this moment does so in one transaction with its cursor.
 */
export async function replay(client: pg.Client, { name }: Target, first: string, steps: boolean): Promise<void> {
  await together(client, async () => {
    await client.query(REWIND, [name, first]);
    await client.query(FORGET_PASSED, [name, first]);
    if (steps) await client.query(FORGET_STEPS, [name, first]);
  });
}

const OWNED = "select count(*)::integer as count from lineshaft.work w where w.kind = $2 and w.target = $1";

/** How much work is lost when a target is forgotten. */
export async function countWork(client: pg.Client, { name, kind }: Target): Promise<number> {
  return (await rowsOf<{ count: number }>(client, OWNED, [name, kind]))[0]!.count;
}

/** Takes away all that the database knows of a handler or a schedule. */
export async function forget(client: pg.Client, { name, kind }: Target): Promise<void> {
  await together(client, async () => {
    await client.query("delete from lineshaft.handler where name = $1", [name]);
    await client.query("delete from lineshaft.work w where w.kind = $2 and w.target = $1", [name, kind]);
    if (kind === "handler")
      await client.query("delete from lineshaft.step where starts_with(scope, $1 || '/')", [name]);
  });
}
