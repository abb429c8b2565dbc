/** Makes the series of a recurring task. */
import type { Fail } from "lineshaft";
import { dueColumns, shownDue } from "./due.ts";
import { wrong } from "./errors.ts";
import type { Series, TasksDb } from "./model.ts";
import { dueOf, firstOf, ruleProblem } from "./rules.ts";
import type { TaskState } from "./task-changes.ts";

interface Making {
  readonly db: TasksDb;
  readonly fail: Fail<never>;
}

type Recurring = Pick<TaskState, "project" | "dueDate" | "dueTime" | "dueZone">;

/** Ends a series: it makes no more tasks by itself. */
export async function endSeries(db: TasksDb, id: string | null): Promise<void> {
  if (id !== null) await db.updateTable("series").set({ comesAt: null }).where("id", "=", id).execute();
}

/** A series that begins with the due date of a task, and which occurrence that task is. */
export async function seriesFor({ db, fail }: Making, task: Recurring, { rule, next }: Pick<Series, "rule" | "next">) {
  const due = shownDue(task) ?? fail("INVALID_INPUT", wrong("/due", "is missing: a recurring task has a due date"));
  const from = { rule, startDate: due.date, startTime: due.time, timeZone: due.timeZone };
  const problem = ruleProblem(from);
  if (problem !== null) throw fail("INVALID_INPUT", wrong("/recurrence", problem));
  const occurrence = firstOf(from);
  const byDate = next === "due" ? { latest: occurrence, comesAt: dueColumns(dueOf(from, occurrence)).dueAt } : {};
  const values = { project: task.project, next, ...from, ...byDate };
  const { id } = await db.insertInto("series").values(values).returning("id").executeTakeFirstOrThrow();
  return { series: id, occurrence };
}
