/**
 * The trail: who did what. Commands state it, and a handler writes it down, in the order in which the project changed;
 * it is read in `activity.ts`. So commands wait for one statement less, and many entries are written as one.
 */
import { type Emit, sql } from "lineshaft";
import { type ACTIONS, acted, tasks } from "./model.ts";
import { ifAccount } from "./people.ts";

/** Bytes of an event with more than one entry, as JSON. The platform's own limit is twice that. */
const EVENT_BYTES_MAX = 32_768;
/** Characters of a text in an entry: the task has the text, the trail tells how it begins. */
const TEXT_CHARS_MAX = 2_000;
/** Events that are written in one transaction. */
const EVENTS_MAX = 100;

export interface Entry {
  readonly project: string;
  readonly action: (typeof ACTIONS)[number];
  readonly task?: { readonly id: string; readonly title: string };
  readonly changes?: Readonly<Record<string, unknown>>;
}

interface Acting {
  readonly actor: { readonly id: string } | null;
  readonly emit: Emit;
}

/** States what a command did. */
export function record({ actor, emit }: Acting, ...entries: readonly Entry[]): void {
  for (const [project, all] of Map.groupBy(entries, (entry) => entry.project)) {
    for (const some of chunked(all.map(entryOf))) emit(acted, { project, actor: actor?.id, entries: some });
  }
}

function entryOf({ action, task, changes = {} }: Entry) {
  return { action, task: task?.id, title: task?.title, changes: shortened(changes) };
}

function shortened(changes: NonNullable<Entry["changes"]>): NonNullable<Entry["changes"]> {
  const short = (value: unknown) =>
    typeof value === "string" && value.length > TEXT_CHARS_MAX
      ? `${value.slice(0, TEXT_CHARS_MAX).toWellFormed()}…`
      : value;
  return Object.fromEntries(Object.entries(changes).map(([key, value]) => [key, short(value)]));
}

function chunked<TEntry>(entries: readonly TEntry[]): TEntry[][] {
  const chunks: TEntry[][] = [];
  let bytes = Number.POSITIVE_INFINITY;
  for (const entry of entries) {
    const size = Buffer.byteLength(JSON.stringify(entry));
    bytes += size;
    if (bytes > EVENT_BYTES_MAX) {
      chunks.push([]);
      bytes = size;
    }
    chunks.at(-1)!.push(entry);
  }
  return chunks;
}

tasks.on(acted, "trail", { batch: EVENTS_MAX, isolation: "read committed" }, async ({ events, db }) => {
  const rows = events.flatMap(({ position, at, payload: { project, actor, entries } }) =>
    entries.map((entry) => ({ ...entry, project, actor, position: Number(position), at })),
  );
  // What a deleted project has left is told to nobody. One that is being deleted waits, or is gone by then.
  await sql`
    insert into "activity" ("project", "actor", "action", "task", "title", "changes", "position", "createdAt")
    select
      "project"."id", ${ifAccount(sql.ref("row.actor"))}, row."action", row."task", row."title", row."changes",
      row."position", row."at"
    from jsonb_to_recordset(${JSON.stringify(rows)}::jsonb) as row(
      "project" uuid, "actor" uuid, "action" text, "task" text, "title" text, "changes" jsonb,
      "position" bigint, "at" timestamptz
    )
    join "project" on "project"."id" = row."project"
    for key share of "project"
  `.execute(db);
});
