/** The trail, read: who did what in a project, or on a task, the latest first. */
import { field, nullable, page, sql } from "lineshaft";
import { see } from "./access.ts";
import { ACTIONS, Activity, type TasksDb, tasks } from "./model.ts";
import { pageOf, paging, type Sort } from "./paging.ts";
import { personOf, shownPerson } from "./people.ts";
import { byProject } from "./projects.ts";
import { byTask, taskOf } from "./tasks.ts";

const shownActivity = {
  ...Activity.pick("id", "action", "task", "title", "changes", "createdAt"),
  actor: nullable(shownPerson),
};

/** Projects change in one line, and so do the positions of what is said about them. */
const LATEST_FIRST: Sort = { by: sql.ref("activity.position"), key: "position", kind: "number", direction: "desc" };

function selectActivity(db: TasksDb, project: string) {
  return db
    .selectFrom("activity")
    .select([
      "activity.id",
      "activity.action",
      "activity.task",
      "activity.title",
      "activity.changes",
      "activity.createdAt",
    ])
    .select(sql<number>`"activity"."position"::double precision`.as("position"))
    .select(personOf("activity.actor").as("actor"))
    .where("activity.project", "=", project);
}

export const projectActivity = tasks.query("GET /projects/:project/activity", {
  summary: "What happened in a project, the latest first",
  input: { ...byProject, action: field.enum(...ACTIONS).optional(), ...paging },
  output: page(shownActivity),
  async run(context) {
    const { project, action, ...paged } = context.input;
    const { id } = await see(context, project);
    let all = selectActivity(context.db, id);
    if (action !== undefined) all = all.where("activity.action", "=", action);
    const question = ["activity", id, action];
    return pageOf(all, { ...paged, question, id: "activity.id", sort: LATEST_FIRST, fail: context.fail });
  },
});

export const taskActivity = tasks.query("GET /projects/:project/tasks/:task/activity", {
  summary: "What happened to a task, the latest first; also to one that was deleted",
  input: { ...byTask, ...paging },
  output: page(shownActivity),
  async run(context) {
    const { project, task, ...paged } = context.input;
    const { id } = await see(context, project);
    const about = task.toLowerCase();
    const all = selectActivity(context.db, id).where("activity.task", "=", about);
    const question = ["task activity", id, about];
    const found = await pageOf(all, { ...paged, question, id: "activity.id", sort: LATEST_FIRST, fail: context.fail });
    // Every task has an entry soon: without one and without the task there never was any.
    if (found.items.length === 0 && (await taskOf(context.db, { project: id, task })) === undefined) {
      throw context.fail("NOT_FOUND");
    }
    return found;
  },
});
