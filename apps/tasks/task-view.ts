/** What a task looks like to its callers, and the one question that all answers about tasks ask. */
import { field, list, nullable, sql } from "lineshaft";
import { type DueColumns, dueShape, shownDue } from "./due.ts";
import { shownLabel } from "./labels.ts";
import { CLOSED, Series, type Status, Task, type TasksDb } from "./model.ts";
import { personOf, shownPerson } from "./people.ts";

/** What is overdue becomes so by time alone: an answer about tasks holds so long, unless something changes before. */
export const LIFE = { seconds: 10 } as const;

const countField = field.integer();

/** A task in a list. */
export const listedTask = {
  ...Task.pick("id", "project", "title", "status", "priority"),
  due: nullable(dueShape),
  dueAt: Task.fields.dueAt.describe("The instant from which on an open task is overdue."),
  overdue: field.boolean(),
  position: Task.fields.position,
  assignee: nullable(shownPerson),
  labels: list(shownLabel),
  parent: Task.fields.parent,
  recurrence: Series.fields.rule.nullable(),
  subtaskCount: countField,
  subtaskDoneCount: countField,
  commentCount: countField,
  ...Task.pick("version", "completedAt", "createdAt", "updatedAt"),
};

/** A task by itself. */
export const shownTask = {
  ...listedTask,
  notes: Task.fields.notes,
  createdBy: nullable(shownPerson),
  minutes: field.integer().describe("Minutes of work logged."),
};

interface LabelRow {
  readonly id: string;
  readonly name: string;
  readonly color: string;
}

/** Selects what a list shows; counts are worked out for the rows of the page only. */
export function selectTasks(db: TasksDb) {
  return db
    .selectFrom("task")
    .select(["task.id", "task.project", "task.title", "task.status", "task.priority", "task.position", "task.parent"])
    .select(["task.dueDate", "task.dueTime", "task.dueZone", "task.dueAt", "task.version", "task.completedAt"])
    .select(["task.createdAt", "task.updatedAt", "task.statusRank", "task.priorityRank"])
    .select([
      personOf("task.assignee").as("assignee"),
      sql<string | null>`(select "rule" from "series" where "series"."id" = "task"."series")`.as("recurrence"),
      sql<LabelRow[]>`(
        select coalesce(json_agg(json_build_object('id', "label"."id", 'name', "label"."name", 'color', "label"."color")
          order by "label"."name"), '[]')
        from "task_label" join "label" on "label"."id" = "task_label"."label" where "task_label"."task" = "task"."id"
      )`.as("labels"),
      sql<number>`(select count(*)::int from "task" "sub" where "sub"."parent" = "task"."id")`.as("subtaskCount"),
      sql<number>`(
        select count(*)::int from "task" "sub" where "sub"."parent" = "task"."id" and "sub"."status" = 'done'
      )`.as("subtaskDoneCount"),
      sql<number>`(select count(*)::int from "comment" where "comment"."task" = "task"."id")`.as("commentCount"),
    ]);
}

/** One row as callers see it. */
export function showTask<TRow extends DueColumns & { readonly status: Status }>(row: TRow, now: Date) {
  const overdue = row.dueAt !== null && row.dueAt <= now && !CLOSED.includes(row.status);
  return { ...row, due: shownDue(row), overdue };
}

/** One task of a project; `undefined` when it is not there. */
export async function findTask(db: TasksDb, { project, task }: { project: string; task: string }, now: Date) {
  const row = await selectTasks(db)
    .select("task.notes")
    .select([
      personOf("task.createdBy").as("createdBy"),
      sql<number>`(
        select coalesce(sum("minutes"), 0)::int from "work_log" where "work_log"."task" = "task"."id"
      )`.as("minutes"),
    ])
    .where("task.id", "=", task)
    .where("task.project", "=", project)
    .executeTakeFirst();
  return row && showTask(row, now);
}
