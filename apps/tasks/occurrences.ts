/**
 * Occurrences: a task of a series is followed by the next one when it is closed, or when it is due.
 *
 * An occurrence is unique in its series, so there is one next task however often and by how many at once the one before
 * it is closed. It is made at the end of the project, with the labels, assignee, parent, texts and reminders of the one
 * before. What closing makes is made with it: who closes a task sees the next one in the answer's wake, in one commit.
 * What time makes, the schedule makes; while a project is in the archive, or full, it waits.
 */
import { type Emit, sql } from "lineshaft";
import { type DueColumns, dueColumns } from "./due.ts";
import { rescheduled, type Series, TASKS_PER_PROJECT_MAX, type TasksDb, tasks } from "./model.ts";
import { positionsAtEnd } from "./ordering.ts";
import { dueOf, occurrenceAfter, type RuleFrom } from "./rules.ts";
import type { TaskState } from "./task-changes.ts";
import { record } from "./trail.ts";

/** Series that one run of the schedule looks at, and tasks that it makes of one. The next run goes on. */
const SERIES_MAX = 100;
const CATCH_UP_MAX = 50;

/** A task of a series. */
export interface Closed extends TaskState {
  readonly series: string;
  readonly occurrence: string;
}

/** A task that is to be made after another one. */
interface Next {
  readonly from: Closed;
  readonly occurrence: string;
  readonly due: DueColumns;
}

interface Making {
  readonly db: TasksDb;
  /** Who has caused it; nobody, when time has. */
  readonly actor: { readonly id: string } | null;
  readonly emit: Emit;
}

/** Makes the tasks that follow closed ones. */
export async function makeNext(making: Making, closed: readonly Closed[]): Promise<void> {
  if (closed.length === 0) return;
  const ids = closed.map(({ series }) => series);
  const all = making.db.selectFrom("series").selectAll().where("id", "in", ids).where("next", "=", "closed");
  const series = await all.execute();
  const found = closed.flatMap((task) =>
    nextOf(
      task,
      series.find(({ id }) => id === task.series),
    ),
  );
  await make(making, found);
}

async function make(making: Making, found: readonly Next[]): Promise<void> {
  const { db, actor, emit } = making;
  for (const [project, tasks] of Map.groupBy(found, ({ from }) => from.project)) {
    const positions = await positionsAtEnd(db, project, tasks.length);
    const rows = tasks.map(({ from, occurrence, due }, index) => ({
      ...pickCopied(from),
      ...due,
      occurrence,
      position: positions[index]!,
      createdBy: actor?.id ?? null,
    }));
    const made = await db
      .insertInto("task")
      .values(rows)
      .onConflict((conflict) => conflict.columns(["series", "occurrence"]).doNothing())
      .returning(["id", "project", "title", "series", "occurrence"])
      .execute();
    const from = tasks.map((next) => next.from);
    await copyLabels(db, made, from);
    for (const task of await copyReminders(db, made, from)) emit(rescheduled, { task });
    const entries = made.map((task) => ({
      project,
      action: "task.created" as const,
      task,
      changes: { occurrence: task.occurrence },
    }));
    record(making, ...entries);
  }
}

function nextOf(from: Closed, rule: RuleFrom | undefined): readonly Next[] {
  if (rule === undefined) return [];
  const occurrence = occurrenceAfter(rule, from.occurrence);
  return occurrence === null ? [] : [{ from, occurrence, due: dueColumns(dueOf(rule, occurrence)) }];
}

function pickCopied({ project, title, notes, priority, assignee, parent, series }: Closed) {
  return { project, title, notes, priority, assignee, parent, series };
}

type Made = { readonly id: string; readonly series: Series["id"] | null };

async function copyLabels(db: TasksDb, made: readonly Made[], closed: readonly Closed[]): Promise<void> {
  const pairs = made.flatMap(({ id, series }) =>
    (closed.find((task) => task.series === series)?.labels ?? []).map((label) => ({ task: id, label })),
  );
  if (pairs.length > 0) await db.insertInto("task_label").values(pairs).execute();
}

/** Reminders that come before the due date come before the next one, too. Gives the tasks that have some. */
async function copyReminders(db: TasksDb, made: readonly Made[], from: readonly Closed[]): Promise<Set<string>> {
  const pairs = made.flatMap(({ id, series }) => {
    const before = from.find((task) => task.series === series);
    return before ? [{ id, before: before.id }] : [];
  });
  if (pairs.length === 0) return new Set();
  const { rows } = await sql<{ task: string }>`
    insert into "reminder" ("task", "account", "minutesBefore")
    select pair."id", "reminder"."account", "reminder"."minutesBefore"
    from jsonb_to_recordset(${JSON.stringify(pairs)}::jsonb) as pair("id" uuid, "before" uuid)
    join "reminder" on "reminder"."task" = pair."before" and "reminder"."minutesBefore" is not null
    returning "task"
  `.execute(db);
  return new Set(rows.map(({ task }) => task));
}

tasks.schedule("occurrences", { every: "1 minute", isolation: "read committed" }, async ({ db, emit, now }) => {
  const due = db
    .selectFrom("series")
    .innerJoin("project", "project.id", "series.project")
    .select(["series.id", "series.project"])
    .where("series.comesAt", "<=", now)
    .where("project.archivedAt", "is", null)
    .where(
      sql<boolean>`(select count(*) from "task" where "task"."project" = "project"."id") < ${TASKS_PER_PROJECT_MAX}`,
    )
    .orderBy("series.comesAt")
    .limit(SERIES_MAX);
  const found = await due.execute();
  if (found.length === 0) return;
  const projects = [...new Set(found.map(({ project }) => project))];
  await db.selectFrom("project").select("id").where("id", "in", projects).orderBy("id").forNoKeyUpdate().execute();
  const ids = found.map(({ id }) => id);
  // Again, now that nothing changes in these projects any more.
  const series = await db.selectFrom("series").selectAll().where("id", "in", ids).where("comesAt", "<=", now).execute();
  for (const each of series) await comeDue({ db, emit, actor: null }, each, now);
});

/** Makes the tasks of a series that have come by now. It ends when its last task was deleted or recurs no more. */
async function comeDue(making: Making, series: Series, now: Date): Promise<void> {
  const { db } = making;
  const from = await taskAt(db, series);
  const found: Next[] = [];
  let comesAt = from === undefined ? null : series.comesAt;
  let latest = series.latest!;
  while (from !== undefined && comesAt !== null && comesAt <= now && found.length < CATCH_UP_MAX) {
    const [next] = nextOf({ ...from, occurrence: latest }, series);
    comesAt = next?.due.dueAt ?? null;
    if (next === undefined) break;
    latest = next.occurrence;
    found.push(next);
  }
  await make(making, found);
  await db.updateTable("series").set({ latest, comesAt }).where("id", "=", series.id).execute();
}

async function taskAt(db: TasksDb, { id, latest }: Series): Promise<Closed | undefined> {
  const found = await db
    .selectFrom("task")
    .selectAll()
    .select(sql<string[]>`array(select "label"::text from "task_label" where "task" = "task"."id")`.as("labels"))
    .where("series", "=", id)
    .where("occurrence", "=", latest)
    .executeTakeFirst();
  return found === undefined ? undefined : { ...found, series: id, occurrence: latest! };
}

/** Whether a series has an occurrence already, for what is projected. */
export async function tasksOf(db: TasksDb, series: string, occurrences: readonly string[]) {
  if (occurrences.length === 0) return [];
  return db
    .selectFrom("task")
    .select(["id", "occurrence", "status"])
    .where("series", "=", series)
    .where(sql<boolean>`"occurrence" = any(${occurrences}::text[])`)
    .execute();
}
