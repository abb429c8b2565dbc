/**
 * Occurrences: closing a task of a series makes the next one.
 *
 * An occurrence is unique in its series, so there is one next task however often and by how many at once the one before
 * it is closed. It is made at the end of the project, with the labels, assignee, parent and texts of the closed one.
 */
import { type AccountActor, sql } from "lineshaft";
import { dueColumns } from "./due.ts";
import type { Series, TasksDb } from "./model.ts";
import { positionsAtEnd } from "./ordering.ts";
import { dueOf, occurrenceAfter, type RuleFrom } from "./rules.ts";
import type { TaskState } from "./task-changes.ts";
import { record } from "./trail.ts";

/** A closed task of a series. */
export interface Closed extends TaskState {
  readonly series: string;
  readonly occurrence: string;
}

/** Makes the tasks that follow closed ones. */
export async function makeNext(
  { db, actor }: { db: TasksDb; actor: AccountActor },
  closed: readonly Closed[],
): Promise<void> {
  if (closed.length === 0) return;
  const series = await db
    .selectFrom("series")
    .selectAll()
    .where(
      "id",
      "in",
      closed.map((task) => task.series),
    )
    .execute();
  const found = closed.flatMap((task) => nextOf(task, series.find(({ id }) => id === task.series)!));
  for (const [project, tasks] of Map.groupBy(found, ({ from }) => from.project)) {
    const positions = await positionsAtEnd(db, project, tasks.length);
    const rows = tasks.map(({ from, occurrence, due }, index) => ({
      ...pickCopied(from),
      ...due,
      occurrence,
      position: positions[index]!,
      createdBy: actor.id,
    }));
    const made = await db
      .insertInto("task")
      .values(rows)
      .onConflict((conflict) => conflict.columns(["series", "occurrence"]).doNothing())
      .returning(["id", "project", "title", "series", "occurrence"])
      .execute();
    await copyLabels(db, made, closed);
    const entries = made.map((task) => ({
      project,
      action: "task.created" as const,
      task,
      changes: { occurrence: task.occurrence },
    }));
    await record(db, actor, ...entries);
  }
}

function nextOf(from: Closed, rule: RuleFrom) {
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
