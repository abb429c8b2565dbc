/** Tasks, one by one. Lists are in `task-lists.ts`, many at once in `bulk.ts`. */
import { type Fail, sql } from "lineshaft";
import { enter, see } from "./access.ts";
import { NOT_DUE } from "./due.ts";
import { ADDING, limitOf, WRITING, wrong } from "./errors.ts";
import { Series, TASKS_PER_PROJECT_MAX, Task, type TasksDb, tasks } from "./model.ts";
import { positionAt, positionsAtEnd } from "./ordering.ts";
import { byProject } from "./projects.ts";
import { seriesFor } from "./recurrence-writes.ts";
import {
  changeable,
  changeErrors,
  isRefusal,
  judge,
  labelIds,
  type Refusal,
  readFacts,
  type TaskState,
} from "./task-changes.ts";
import { findTask, LIFE, shownTask } from "./task-view.ts";
import { changeTasks, deleteTasks, writeLabels } from "./task-writes.ts";
import { record } from "./trail.ts";

export const byTask = { ...byProject, task: Task.fields.id };

/** Fails as a refused change does. */
function refuse(fail: Fail<keyof typeof changeErrors>, refusal: Refusal | "NOT_FOUND"): never {
  if (refusal === "NOT_FOUND") throw fail("NOT_FOUND");
  throw fail(refusal.code, refusal.options ?? {});
}

export const task = tasks.query("GET /projects/:project/tasks/:task", {
  summary: "One task",
  input: byTask,
  output: shownTask,
  cache: LIFE,
  async run(context) {
    await see(context, context.input.project);
    return (await findTask(context.db, context.input, context.now)) ?? context.fail("NOT_FOUND");
  },
});

export const createTask = tasks.command("POST /projects/:project/tasks", {
  summary: "Create a task, at the end of its project",
  isolation: "read committed",
  input: {
    ...byProject,
    ...Task.pick("title", "notes", "status", "priority", "assignee", "parent"),
    due: changeable.due,
    labels: labelIds.default([]),
    recurrence: Series.fields.rule.optional(),
    recurrenceNext: Series.fields.next,
  },
  output: shownTask,
  status: 201,
  errors: { ...ADDING, ...changeErrors },
  async run(context) {
    const { db, actor, fail, input, now } = context;
    const { project, recurrence: rule, recurrenceNext: next, ...change } = input;
    const { id: projectId } = await enter(context, project, "editor");
    await roomForTask(db, projectId, () => fail("LIMIT_REACHED", limitOf("tasks in a project", TASKS_PER_PROJECT_MAX)));
    const facts = await readFacts(db, [projectId], [change]);
    const judged = judge(blank(projectId), change, facts, now);
    if (isRefusal(judged)) return refuse(fail, judged);
    const { id: _, labels, ...columns } = judged;
    const series = rule === undefined ? {} : await seriesFor(context, judged, { rule, next });
    const [position = ""] = await positionsAtEnd(db, projectId, 1);
    const values = { ...columns, ...series, position, createdBy: actor.id };
    const made = await db.insertInto("task").values(values).returning(["id", "title"]).executeTakeFirstOrThrow();
    await writeLabels(db, [{ id: made.id, labels }]);
    record(context, { project: projectId, action: "task.created", task: made });
    context.reply.header("location", `/tasks/projects/${projectId}/tasks/${made.id}`);
    return (await findTask(db, { project: projectId, task: made.id }, now)) ?? fail("NOT_FOUND");
  },
});

/** A task before anything was said of it. */
function blank(project: string): TaskState {
  const texts = { id: "", project, title: "", notes: "", status: "todo", priority: "normal" } as const;
  return { ...texts, ...NOT_DUE, assignee: null, parent: null, completedAt: null, labels: [] };
}

async function roomForTask(db: TasksDb, project: string, refuse: () => never): Promise<void> {
  const all = db.selectFrom("task").select(sql<number>`count(*)::int`.as("count")).where("project", "=", project);
  if ((await all.executeTakeFirstOrThrow()).count >= TASKS_PER_PROJECT_MAX) refuse();
}

export const changeTask = tasks.command("PATCH /projects/:project/tasks/:task", {
  summary: "Change a task",
  description:
    "What is left out stays. With `version`, what somebody else changed meanwhile is not overwritten. Closing a " +
    "recurring task makes its next occurrence.",
  isolation: "read committed",
  input: { ...byTask, ...changeable, version: Task.fields.version.optional() },
  output: shownTask,
  errors: { ...WRITING, ...changeErrors },
  async run(context) {
    const { db, fail, now } = context;
    const { project, task: id, version, ...change } = context.input;
    await enter(context, project, "editor");
    const found = await taskOf(db, { project, task: id });
    if (!found) throw fail("NOT_FOUND");
    const [outcome] = await changeTasks(context, [{ id: found.id, version, change }]);
    if (outcome && "refusal" in outcome) return refuse(fail, outcome.refusal);
    return (await findTask(db, { project, task: id }, now)) ?? fail("NOT_FOUND");
  },
});

/** What of a task its comments and the like need. */
export async function taskOf(db: TasksDb, { project, task }: { readonly project: string; readonly task: string }) {
  const found = db.selectFrom("task").select(["id", "title", "project", "series", "occurrence"]);
  return found.where("id", "=", task).where("project", "=", project).executeTakeFirst();
}

export const deleteTask = tasks.command("DELETE /projects/:project/tasks/:task", {
  summary: "Delete a task and its subtasks",
  isolation: "read committed",
  input: byTask,
  errors: WRITING,
  async run(context) {
    await enter(context, context.input.project, "editor");
    const { id } = (await taskOf(context.db, context.input)) ?? context.fail("NOT_FOUND");
    await deleteTasks(context, [id]);
  },
});

const neighbour = Task.fields.parent.nullable();

export const moveTask = tasks.command("POST /projects/:project/tasks/:task/move", {
  summary: "Put a task between two others",
  description:
    "Right after `after`, or, without it, right before `before`; `after: null` is the start of the list, " +
    "`before: null` the end. With `status`, as when it is dropped into another column of a board.",
  isolation: "read committed",
  input: { ...byTask, after: neighbour, before: neighbour, status: changeable.status },
  output: shownTask,
  errors: { ...WRITING, ...changeErrors },
  async run(context) {
    const { db, fail, input, now } = context;
    await enter(context, input.project, "editor");
    const found = (await taskOf(db, input)) ?? fail("NOT_FOUND");
    const position = await positionAt(db, found.project, found.id, input);
    if (position === null)
      throw fail("INVALID_INPUT", wrong("/after", "names no task of the project, nor does /before"));
    await db.updateTable("task").set({ position }).where("id", "=", found.id).execute();
    record(context, { project: found.project, action: "task.moved", task: found });
    if (input.status !== undefined) {
      const [outcome] = await changeTasks(context, [{ id: found.id, change: { status: input.status } }]);
      if (outcome && "refusal" in outcome) return refuse(fail, outcome.refusal);
    }
    return (await findTask(db, { project: found.project, task: found.id }, now)) ?? fail("NOT_FOUND");
  },
});
