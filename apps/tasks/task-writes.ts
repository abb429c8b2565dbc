/** Writes tasks that were judged: a fixed number of statements, however many tasks change. */
import { type AccountActor, type Emit, sql } from "lineshaft";
import { CLOSED, rescheduled, type TasksDb } from "./model.ts";
import { type Closed, makeNext } from "./occurrences.ts";
import {
  type Change,
  differenceOf,
  isRefusal,
  judge,
  type Refusal,
  readFacts,
  type TaskState,
} from "./task-changes.ts";
import { record } from "./trail.ts";

export interface Writer {
  readonly db: TasksDb;
  readonly actor: AccountActor;
  readonly emit: Emit;
  readonly now: Date;
}

/** A change of one task that is in a locked project. */
export interface TaskChange {
  readonly id: string;
  readonly version?: number | undefined;
  readonly change: Change;
}

/** What became of a change: the task's new version, or why it was not made. */
export type Outcome = { readonly version: number } | { readonly refusal: Refusal | "NOT_FOUND" };

interface Row extends TaskState {
  readonly version: number;
  readonly series: string | null;
  readonly occurrence: string | null;
}

/** Makes changes of tasks whose projects are locked, each or not at all; an outcome for each, in order. */
export async function changeTasks(writer: Writer, changes: readonly TaskChange[]): Promise<Outcome[]> {
  const { db, now } = writer;
  const ids = changes.map(({ id }) => id);
  const before = new Map((await readTasks(db, ids)).map((row) => [row.id, row]));
  const projects = [...new Set([...before.values()].map(({ project }) => project))];
  const facts = await readFacts(
    db,
    projects,
    changes.map(({ change }) => change),
  );
  const after = new Map<string, Row>();
  const outcomes = changes.map(({ id, version, change }): Outcome => {
    const current = after.get(id) ?? before.get(id);
    if (!current) return { refusal: "NOT_FOUND" };
    if (version !== undefined && version !== current.version) return { refusal: conflictOf(current.version) };
    const judged = judge(current, change, facts, now);
    if (isRefusal(judged)) return { refusal: judged };
    if (Object.keys(differenceOf(current, judged)).length === 0) return { version: current.version };
    after.set(id, { ...current, ...judged, version: current.version + 1 });
    return { version: current.version + 1 };
  });
  const pairs = [...after.values()].map((row) => ({ before: before.get(row.id)!, after: row }));
  if (pairs.length > 0) await writeTasks(writer, pairs);
  return outcomes;
}

function conflictOf(version: number): Refusal {
  return { code: "VERSION_CONFLICT", options: { detail: `It has the version ${version} now.`, facts: { version } } };
}

async function readTasks(db: TasksDb, ids: readonly string[]): Promise<Row[]> {
  if (ids.length === 0) return [];
  return db
    .selectFrom("task")
    .selectAll()
    .select(
      sql<
        string[]
      >`array(select "label"::text from "task_label" where "task_label"."task" = "task"."id" order by 1)`.as("labels"),
    )
    .where("id", "in", ids)
    .execute();
}

interface Pair {
  readonly before: Row;
  readonly after: Row;
}

async function writeTasks(writer: Writer, pairs: readonly Pair[]): Promise<void> {
  const { db } = writer;
  await updateRows(
    db,
    pairs.map(({ after }) => after),
  );
  const relabelled = pairs.filter(({ before, after }) => String(before.labels) !== String(after.labels));
  await writeLabels(
    db,
    relabelled.map(({ after }) => after),
  );
  const entries = pairs.map(({ before, after }) => ({
    project: after.project,
    action: "task.changed" as const,
    task: after,
    changes: differenceOf(before, after),
  }));
  record(writer, ...entries);
  for (const { before, after } of pairs) {
    if (isOpen(before) !== isOpen(after) || before.dueAt?.getTime() !== after.dueAt?.getTime()) {
      writer.emit(rescheduled, { task: after.id });
    }
  }
  const closed = pairs.filter(({ before, after }) => isOpen(before) && !isOpen(after));
  await makeNext(
    writer,
    closed
      .map(({ after }) => after)
      .filter((row): row is Row & Closed => row.series !== null && row.occurrence !== null),
  );
}

function isOpen({ status }: Row): boolean {
  return !CLOSED.includes(status);
}

async function updateRows(db: TasksDb, rows: readonly Row[]): Promise<void> {
  await sql`
    update "task" set
      "title" = fresh."title", "notes" = fresh."notes", "status" = fresh."status", "priority" = fresh."priority",
      "dueDate" = fresh."dueDate", "dueTime" = fresh."dueTime", "dueZone" = fresh."dueZone", "dueAt" = fresh."dueAt",
      "assignee" = fresh."assignee", "parent" = fresh."parent", "completedAt" = fresh."completedAt",
      "version" = fresh."version"
    from jsonb_to_recordset(${JSON.stringify(rows)}::jsonb) as fresh(
      "id" uuid, "title" text, "notes" text, "status" text, "priority" text, "dueDate" date, "dueTime" text,
      "dueZone" text, "dueAt" timestamptz, "assignee" uuid, "parent" uuid, "completedAt" timestamptz, "version" integer
    )
    where "task"."id" = fresh."id"
  `.execute(db);
}

/** Gives tasks the labels that they shall have. */
export async function writeLabels(db: TasksDb, rows: readonly Pick<TaskState, "id" | "labels">[]): Promise<void> {
  if (rows.length === 0) return;
  await db
    .deleteFrom("task_label")
    .where(
      "task",
      "in",
      rows.map(({ id }) => id),
    )
    .execute();
  const pairs = rows.flatMap(({ id, labels }) => labels.map((label) => ({ task: id, label })));
  if (pairs.length > 0) await db.insertInto("task_label").values(pairs).execute();
}

/** Deletes tasks with all that is below them, and says so in the trail for each. */
export async function deleteTasks(writer: Writer, ids: readonly string[]): Promise<void> {
  const { db } = writer;
  const { rows } = await sql<{ id: string; project: string; title: string }>`
    with recursive "below" as (
      select "id", "project", "title" from "task" where "id" = any(${ids}::uuid[])
      union
      select "task"."id", "task"."project", "task"."title" from "task" join "below" on "task"."parent" = "below"."id"
    )
    select * from "below"
  `.execute(db);
  await db
    .deleteFrom("task")
    .where(
      "id",
      "in",
      rows.map(({ id }) => id),
    )
    .execute();
  record(writer, ...rows.map((task) => ({ project: task.project, action: "task.deleted" as const, task })));
}
