/**
 * Work: what is done one by one, each in a transaction of its own: events that failed, were slow or do steps, scheduled
 * runs, and commands for later.
 *
 * Model. A row of `lineshaft.work` is due at a time. The node that owns its lane runs it; its end, and what it has
 * done, are one transaction. Of the rows of one target with one key, only the first may run. A run that fails is due
 * again later; after the last attempt it is a dead letter, which stays until somebody sends it again.
 * Promises. The effects of a row apply once: `finish` ends it only if nobody has changed it meanwhile.
 * Limits. `TARGET_MAX` runs of one target at a time on a node, and `RUNS_MAX` in all.
 */

import { writeTogether } from "../log/control.ts";
import type { StoredEvent } from "../log/event-log.ts";
import type { Logger } from "../observe/log.ts";
import { meaningOf } from "./failures.ts";
import type { Fleet } from "./fleet.ts";
import type { Machinery } from "./run.ts";

/** Runs of one target at a time, on one node. */
export const TARGET_MAX = 10;
/** Runs at a time, on one node. */
export const RUNS_MAX = 100;
/** How often what is due is looked for, when nothing tells. */
const LOOK_MS = 1_000;
/** Pause after a failure of the database. */
const FAILED_MS = 250;

const DUE = `with due as (
    select w.ctid::text as row, w.* from lineshaft.work w
    where w.state = 'waiting' and w.due_at <= $1 and w.id <> all($2::bigint[])
      and case when w.kind = 'command' then w.target = any($3) and w.lane = any($4::smallint[])
        else exists (select from unnest($5::text[], $6::smallint[]) o(target, lane)
          where o.target = w.target and o.lane = w.lane) end
      and w.target <> all($7::text[])
      and (w.key is null or not exists (select from lineshaft.work p
        where p.target = w.target and p.key = w.key and p.state = 'waiting' and p.id < w.id))
    order by w.due_at, w.id limit ${RUNS_MAX}
  )
  select w.row, w.id::text, w.kind, w.target, w.lane, w.key, w.name, w.position::float8 as position,
    w.event::text as event, w.week::text as week, w.input, w.actor, w.due_at as "dueAt", w.attempts, w.revision,
    e.name as "eventName", e.version, e.at, e.payload::text as payload,
    (select json_object_agg(s.name, s.result) from lineshaft.step s
      where s.scope = w.target || '/' || coalesce(w.event::text, w.input ->> 'due', '')) as steps
  from due w left join lineshaft.event e on e.id = w.event and e.week = w.week
  order by w.due_at, w.id`;

const NEXT = "select min(due_at) as at from lineshaft.work where state = 'waiting' and due_at > $1";

/** One thing to do. */
export interface WorkItem {
  /** Where its row is: another place as soon as it is changed. */
  readonly row: string;
  readonly id: string;
  readonly kind: "handler" | "schedule" | "command";
  readonly target: string;
  readonly lane: number;
  readonly key: string | null;
  readonly name: string | null;
  readonly position: number | null;
  readonly event: string | null;
  readonly week: string | null;
  readonly input: unknown;
  readonly actor: unknown;
  readonly dueAt: Date;
  readonly attempts: number;
  readonly revision: number;
  readonly eventName: string | null;
  readonly version: number | null;
  readonly at: Date | null;
  readonly payload: string | null;
  readonly steps: Readonly<Record<string, unknown>> | null;
}

/** The event of an item that has one; `null` when it is not kept any more. */
export function eventOf(item: WorkItem): StoredEvent | null {
  const { eventName: name, position, event: id, week, version, at, key, lane, payload } = item;
  if (name === null || id === null) return null;
  return { name, position: position!, id, week: week!, version: version!, at: at!, key, lane, payload: payload! };
}

/** What does one item: ends it, or has it tried again. Never rejects for reasons of the item's own. */
export type Do = (item: WorkItem) => Promise<void>;

export interface WorkOptions {
  readonly machinery: Machinery;
  readonly fleet: Fleet;
  /** Aborted when nothing more is to begin. */
  readonly closing: AbortSignal;
  /** What this node can do, by target. */
  readonly targets: ReadonlyMap<string, Do>;
  /** Of these, the commands: they share their lanes. */
  readonly commands: readonly string[];
}

/** Under this name nodes share the lanes of all commands. */
export const COMMANDS = "commands";

export class Work {
  readonly #options: WorkOptions;
  /** Targets with lanes of their own. */
  readonly #sharing: readonly string[];
  readonly #log: Logger;
  readonly #running = new Map<string, WorkItem>();
  readonly #runs = new Set<Promise<void>>();
  #timer: NodeJS.Timeout | undefined;
  #looking: Promise<void> | null = null;
  #lookAgain = false;

  constructor(options: WorkOptions) {
    this.#options = options;
    this.#sharing = [...options.targets.keys()].filter((target) => !options.commands.includes(target));
    this.#log = options.machinery.log;
  }

  /** Something may be due. */
  look(): void {
    this.#lookAgain = true;
    if (this.#looking !== null || this.#isClosed) return;
    this.#looking = this.#look().finally(() => {
      this.#looking = null;
      if (this.#lookAgain) this.look();
    });
  }

  /** Whether nothing is due, and nothing runs. Asks the database. */
  async isDone(): Promise<boolean> {
    await this.#looking;
    // What runs is left out of the look, and may leave something behind that is due.
    if (this.#running.size > 0) return false;
    const found = await this.#due();
    return found.length === 0 && this.#running.size === 0;
  }

  /** Resolves when nothing runs any more. The signal has stopped what would. */
  async ended(): Promise<void> {
    clearTimeout(this.#timer);
    await this.#looking;
    await Promise.allSettled(this.#runs);
  }

  get #isClosed(): boolean {
    return this.#options.closing.aborted;
  }

  async #look(): Promise<void> {
    clearTimeout(this.#timer);
    let found: readonly WorkItem[];
    try {
      do {
        this.#lookAgain = false;
        found = await this.#due();
        for (const item of found) this.#begin(item);
      } while (this.#lookAgain && this.#running.size < RUNS_MAX && !this.#isClosed);
      // The end of each run looks again.
      this.#wakeIn(found.length > 0 ? LOOK_MS : await this.#untilNextMs());
    } catch (error) {
      if (!this.#isClosed) this.#log.debug({ err: error }, "what is due could not be read yet");
      this.#wakeIn(FAILED_MS);
    }
  }

  #wakeIn(ms: number): void {
    if (this.#isClosed) return;
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => this.look(), Math.min(ms, LOOK_MS)).unref();
  }

  async #due(): Promise<readonly WorkItem[]> {
    if (this.#running.size >= RUNS_MAX || this.#isClosed) return [];
    const { machinery, fleet, commands } = this.#options;
    const owned: [string, number][] = [];
    for (const target of this.#sharing) {
      for (const [lane, isOwn] of fleet.lanesOf(target).entries()) if (isOwn) owned.push([target, lane]);
    }
    const lanes = [...fleet.lanesOf(COMMANDS).entries()].filter(([, isOwn]) => isOwn).map(([lane]) => lane);
    const values = [
      machinery.clock().toISOString(),
      [...this.#running.keys()],
      commands,
      lanes,
      owned.map(([target]) => target),
      owned.map(([, lane]) => lane),
      this.#full(),
    ];
    const [{ rows }] = await writeTogether(machinery.control, [{ text: DUE, name: "ls_due", values }] as const);
    return (rows as WorkItem[]).filter(({ id }) => !this.#running.has(id));
  }

  /** Targets of which enough run. */
  #full(): readonly string[] {
    const counts = new Map<string, number>();
    for (const { target } of this.#running.values()) counts.set(target, (counts.get(target) ?? 0) + 1);
    return [...counts].filter(([, count]) => count >= TARGET_MAX).map(([target]) => target);
  }

  async #untilNextMs(): Promise<number> {
    const { machinery } = this.#options;
    const now = machinery.clock();
    const values = [now.toISOString()];
    const [{ rows }] = await writeTogether(machinery.control, [{ text: NEXT, name: "ls_next", values }] as const);
    const { at } = (rows as { readonly at: Date | null }[])[0]!;
    return at === null ? LOOK_MS : Math.max(1, at.getTime() - now.getTime());
  }

  #begin(item: WorkItem): void {
    const { targets } = this.#options;
    if (this.#running.size >= RUNS_MAX || this.#full().includes(item.target)) return;
    this.#running.set(item.id, item);
    const run = targets.get(item.target)!(item)
      .catch((error) => {
        if (meaningOf(error, undefined) === "own") this.#log.error({ err: error, target: item.target }, "a run failed");
      })
      .finally(() => {
        this.#running.delete(item.id);
        this.#runs.delete(run);
        this.look();
      });
    this.#runs.add(run);
  }
}
