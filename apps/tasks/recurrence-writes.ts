/** Makes the series of a recurring task. */
import type { Fail } from "lineshaft";
import { shownDue } from "./due.ts";
import { wrong } from "./errors.ts";
import type { TasksDb } from "./model.ts";
import { firstOf, ruleProblem } from "./rules.ts";
import type { TaskState } from "./task-changes.ts";

interface Making {
  readonly db: TasksDb;
  readonly fail: Fail<never>;
}

type Recurring = Pick<TaskState, "project" | "dueDate" | "dueTime" | "dueZone">;

/** A series that begins with the due date of a task, and which occurrence that task is. */
export async function seriesFor({ db, fail }: Making, task: Recurring, rule: string) {
  const due = shownDue(task) ?? fail("INVALID_INPUT", wrong("/due", "is missing: a recurring task has a due date"));
  const from = { rule, startDate: due.date, startTime: due.time, timeZone: due.timeZone };
  const problem = ruleProblem(from);
  if (problem !== null) throw fail("INVALID_INPUT", wrong("/recurrence", problem));
  const values = { project: task.project, ...from };
  const { id } = await db.insertInto("series").values(values).returning("id").executeTakeFirstOrThrow();
  return { series: id, occurrence: firstOf(from) };
}
