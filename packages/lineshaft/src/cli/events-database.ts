/**
 * What the commands of `lineshaft events` share: a way to the platform's tables, names of what is there, and ids.
 *
 * Ids. An event is a number, as `event.id` tells a handler; work that waits or is dead is a `w` and a number, `w17`.
 */
import type pg from "pg";
import { readSettings } from "../app/settings.ts";
import { didYouMean } from "../define/suggest.ts";
import { SILENT_MS } from "../handle/fleet.ts";
import { COMMANDS } from "../handle/work.ts";
import { type Call, CommandError, type Option, single, UsageError } from "./command.ts";
import { isDatabaseThere, withClient } from "./database.ts";

export const HANDLER_OPTION: Option = {
  type: "string",
  value: "name",
  summary: "only this handler, schedule or command for later",
};

/** Names that a message lists. */
const NAMES_MAX = 20;

/** Runs `work` with a connection to a database that has the platform's tables. */
export async function withEvents<T>(work: (client: pg.Client) => Promise<T>): Promise<T> {
  const settings = readSettings(process.env, process.cwd());
  if (!isDatabaseThere(settings)) {
    throw new CommandError("There is no database yet: the first start of the app makes it. Or set DATABASE_URL.");
  }
  return withClient(settings, async (client) => {
    await assertTables(client);
    return work(client);
  });
}

async function assertTables(client: pg.Client): Promise<void> {
  const found = await rowsOf<{ isThere: boolean }>(
    client,
    `select to_regclass('lineshaft.work') is not null as "isThere"`,
  );
  if (found[0]!.isThere) return;
  throw new CommandError(
    "This database has no tables for events: no app of this version has started on it. `lineshaft migrate apply`, or " +
      "the next start, makes them.",
  );
}

/** Asks one statement. */
export async function rowsOf<T>(client: pg.Client, text: string, values: readonly unknown[] = []): Promise<T[]> {
  return (await client.query<T & pg.QueryResultRow>(text, [...values])).rows;
}

/** Runs `work` in one transaction. */
export async function together<T>(client: pg.Client, work: () => Promise<T>): Promise<T> {
  await client.query("begin isolation level read committed");
  try {
    const result = await work();
    await client.query("commit");
    return result;
  } catch (error) {
    await client.query("rollback").catch(() => {});
    throw error;
  }
}

/** A handler, a schedule, or a command that is run later. */
export interface Target {
  readonly name: string;
  readonly kind: "handler" | "schedule" | "command";
  /** The name of the event that a handler handles. */
  readonly event: string | null;
  /** How many live nodes run it; of commands, how many run any. */
  readonly nodes: number;
}

/** A node counts while it is heard, as it does for the other nodes. `$1`: how long one may be silent. */
export const ALIVE = "n.seen_at > clock_timestamp() - make_interval(secs => $1)";
export const SILENT_SECONDS: number = SILENT_MS / 1_000;

const TARGETS = `with live as (
    select regexp_replace(t.name, '@[0-9]+$', '') as name, count(*)::integer as nodes
    from lineshaft.node n, unnest(n.targets) t(name) where ${ALIVE} group by 1
  ), known as (
    select name, 'handler' as kind, event from lineshaft.handler
    union
    select target, kind, null from lineshaft.work where kind <> 'handler'
    union
    select name, 'schedule', null from live
    where name <> '${COMMANDS}' and not exists (select from lineshaft.handler h where h.name = live.name)
  )
  select k.name, k.kind, k.event, coalesce(l.nodes, 0) as nodes
  from known k left join live l on l.name = case k.kind when 'command' then '${COMMANDS}' else k.name end
  order by k.name`;

/** All that the database knows by name. */
export async function targetsOf(client: pg.Client): Promise<readonly Target[]> {
  return rowsOf<Target>(client, TARGETS, [SILENT_SECONDS]);
}

/** The one of this name. @throws {CommandError} with what there is. */
export function targetOf(targets: readonly Target[], name: string): Target {
  const found = targets.find((target) => target.name === name);
  if (found !== undefined) return found;
  const names = targets.map((target) => target.name);
  const suggestion = didYouMean(name, names);
  const some = names.slice(0, NAMES_MAX).join(", ");
  const rest = names.length > NAMES_MAX ? ` and ${names.length - NAMES_MAX} more` : "";
  const known = names.length === 0 ? " There are none yet." : ` There are ${some}${rest}.`;
  const hint = suggestion === null ? `.${known}` : `; did you mean "${suggestion}"?`;
  throw new CommandError(`The database knows no handler, schedule or command "${name}"${hint}`);
}

/** What `--handler` names, if it was given. @throws {CommandError} */
export async function askedTarget(client: pg.Client, call: Call): Promise<string | null> {
  const name = single(call, "handler");
  return name === undefined ? null : targetOf(await targetsOf(client), name).name;
}

/** The number of a work id. @throws {UsageError} */
export function workId(text: string): string {
  const number = /^w(\d{1,18})$/.exec(text)?.[1];
  if (number !== undefined) return number;
  const isEvent = /^\d+$/.test(text);
  const what = isEvent ? `"${text}" would be an event.` : `"${text}" is no id of work.`;
  throw new UsageError(`${what} Work has ids such as w17: \`lineshaft events --dead\` lists what failed for good.`);
}

/** A whole number. @throws {UsageError} */
export function wholeNumber(call: Call, name: string, { min, max }: { min: number; max: number }): number | undefined {
  const text = single(call, name);
  if (text === undefined) return undefined;
  const value = Number(text);
  if (/^\d{1,16}$/.test(text) && value >= min && value <= max) return value;
  throw new UsageError(`--${name} is "${text}"; it takes a whole number from ${min} to ${max}.`);
}
