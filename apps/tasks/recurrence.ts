/** Recurring tasks: their rule, and the occurrences that are still to come. */
import { field, list, nullable, sql, type ValueOf } from "lineshaft";
import { type Asking, enter, see } from "./access.ts";
import { dueColumns, dueShape } from "./due.ts";
import { WRITING, wrong } from "./errors.ts";
import { Series, Task, tasks } from "./model.ts";
import { tasksOf } from "./occurrences.ts";
import { endSeries, seriesFor } from "./recurrence-writes.ts";
import { dueOf, occurrencesBetween } from "./rules.ts";
import { byTask, taskOf } from "./tasks.ts";
import { record } from "./trail.ts";

/** Days that one answer looks over: two years. */
export const PROJECTION_DAYS_MAX = 731;

const NOT_RECURRING = { NOT_RECURRING: { status: 404, title: "The task does not recur" } } as const;
const shownSeries = Series.pick("rule", "startDate", "startTime", "timeZone", "next");

export const recurrence = tasks.query("GET /projects/:project/tasks/:task/recurrence", {
  summary: "How a task recurs",
  input: byTask,
  output: shownSeries,
  errors: NOT_RECURRING,
  async run(context) {
    const { series } = await seriesOf(context, context.input);
    return series ?? context.fail("NOT_RECURRING");
  },
});

export const setRecurrence = tasks.command("PUT /projects/:project/tasks/:task/recurrence", {
  summary: "Let a task recur, counted from its due date",
  description:
    "`rule` is a recurrence rule of RFC 5545, such as `FREQ=MONTHLY;BYMONTHDAY=-1`. Closing the task makes the next " +
    "one; with `next: due` its due date does, whether it is closed or not. Times are wall time in the time zone of " +
    "the due date, in summer and in winter.",
  isolation: "read committed",
  input: { ...byTask, ...Series.pick("rule", "next") },
  output: shownSeries,
  errors: WRITING,
  async run(context) {
    const { db, fail, input } = context;
    await enter(context, input.project, "editor");
    const mine = db.selectFrom("task").selectAll().where("id", "=", input.task).where("project", "=", input.project);
    const task = (await mine.executeTakeFirst()) ?? fail("NOT_FOUND");
    await endSeries(db, task.series);
    const series = await seriesFor(context, task, input);
    await db
      .updateTable("task")
      .set({ ...series, version: sql`"version" + 1` })
      .where("id", "=", task.id)
      .execute();
    record(context, {
      project: task.project,
      action: "task.changed",
      task,
      changes: { recurrence: input.rule },
    });
    return db.selectFrom("series").selectAll().where("id", "=", series.series).executeTakeFirstOrThrow();
  },
});

export const endRecurrence = tasks.command("DELETE /projects/:project/tasks/:task/recurrence", {
  summary: "Let a task recur no more",
  description: "The task stays, and is followed by no other.",
  isolation: "read committed",
  input: byTask,
  errors: { ...WRITING, ...NOT_RECURRING },
  async run(context) {
    const { db, fail, input } = context;
    await enter(context, input.project, "editor");
    const task = (await taskOf(db, input)) ?? fail("NOT_FOUND");
    if (task.series === null) throw fail("NOT_RECURRING");
    await endSeries(db, task.series);
    const changed = db.updateTable("task").set({ series: null, occurrence: null, version: sql`"version" + 1` });
    await changed.where("id", "=", task.id).execute();
    record(context, { project: task.project, action: "task.changed", task, changes: { recurrence: null } });
  },
});

export const occurrences = tasks.query("GET /projects/:project/tasks/:task/occurrences", {
  summary: "The occurrences of a recurring task between two days",
  description: `Both days included, at most ${PROJECTION_DAYS_MAX}. An occurrence that is a task already says which.`,
  input: { ...byTask, from: field.date(), to: field.date() },
  output: list({
    due: dueShape,
    dueAt: field.time(),
    task: Task.fields.id.nullable(),
    status: nullable(Task.fields.status),
  }),
  errors: NOT_RECURRING,
  async run(context) {
    const { db, fail, input } = context;
    const { series } = await seriesOf(context, input);
    const rule = series ?? fail("NOT_RECURRING");
    const { days } = Temporal.PlainDate.from(input.from).until(input.to, { largestUnit: "days" });
    if (days < 0 || days >= PROJECTION_DAYS_MAX) {
      throw fail("INVALID_INPUT", wrong("/to", `is not within ${PROJECTION_DAYS_MAX} days from /from`, "query"));
    }
    const names = occurrencesBetween(rule, input.from, input.to);
    const made = new Map((await tasksOf(db, rule.id, names)).map((task) => [task.occurrence, task]));
    return names.map((name) => {
      const due = dueOf(rule, name);
      const there = made.get(name);
      return { due, dueAt: dueColumns(due).dueAt!, task: there?.id ?? null, status: there?.status ?? null };
    });
  },
});

/** A task with its series, for a member. */
async function seriesOf(context: Asking, input: ValueOf<typeof byTask>) {
  await see(context, input.project);
  const task = (await taskOf(context.db, input)) ?? context.fail("NOT_FOUND");
  if (task.series === null) return { series: undefined };
  return { series: await context.db.selectFrom("series").selectAll().where("id", "=", task.series).executeTakeFirst() };
}
