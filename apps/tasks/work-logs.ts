/**
 * Work logs: how long somebody worked on a task. Totals are summed when they are asked for, so they are what the
 * entries say, whoever adds some at the same time.
 */
import { field, list, nullable, page, sql } from "lineshaft";
import { enter, see } from "./access.ts";
import { ADDING, limitOf, WRITING } from "./errors.ts";
import { Task, type TasksDb, tasks, WORK_LOGS_PER_TASK_MAX, WorkLog } from "./model.ts";
import { byAge, pageOf, paging } from "./paging.ts";
import { personOf, shownPerson } from "./people.ts";
import { byProject, changesOf } from "./projects.ts";
import { byTask, taskOf } from "./tasks.ts";
import { record } from "./trail.ts";

/** Tasks that the totals of a project name: those with the most work. */
export const TOTALS_TASKS_MAX = 500;

const byLog = { ...byTask, log: WorkLog.fields.id };
const minutes = field.integer().describe("Minutes, summed.");
const shownLog = {
  ...WorkLog.pick("id", "minutes", "day", "note", "createdAt", "updatedAt"),
  account: nullable(shownPerson),
};

function selectLogs(db: TasksDb) {
  return db
    .selectFrom("work_log")
    .select(["work_log.id", "work_log.minutes", "work_log.day", "work_log.note"])
    .select(["work_log.createdAt", "work_log.updatedAt"])
    .select(personOf("work_log.account").as("account"));
}

export const workLogs = tasks.query("GET /projects/:project/tasks/:task/work-logs", {
  summary: "Work on a task, the latest entry first, with its total",
  input: { ...byTask, ...paging },
  output: { ...page(shownLog), minutes },
  async run(context) {
    const { db, fail } = context;
    const { project, task, ...paged } = context.input;
    await see(context, project);
    const { id } = (await taskOf(db, { project, task })) ?? fail("NOT_FOUND");
    const all = selectLogs(db).where("work_log.task", "=", id);
    const [paged_, total] = await Promise.all([
      pageOf(all, { ...paged, question: ["work-logs", id], id: "work_log.id", sort: byAge("desc"), fail }),
      db
        .selectFrom("work_log")
        .select(sql<number>`coalesce(sum("minutes"), 0)::int`.as("minutes"))
        .where("task", "=", id)
        .executeTakeFirstOrThrow(),
    ]);
    return { ...paged_, ...total };
  },
});

export const logWork = tasks.command("POST /projects/:project/tasks/:task/work-logs", {
  summary: "Log work on a task",
  isolation: "read committed",
  input: { ...byTask, ...WorkLog.pick("minutes", "day", "note") },
  output: shownLog,
  status: 201,
  errors: ADDING,
  async run(context) {
    const { db, actor, fail } = context;
    const { project, task: id, ...values } = context.input;
    await enter(context, project, "editor");
    const task = (await taskOf(db, { project, task: id })) ?? fail("NOT_FOUND");
    const all = db.selectFrom("work_log").select(sql<number>`count(*)::int`.as("count")).where("task", "=", task.id);
    if ((await all.executeTakeFirstOrThrow()).count >= WORK_LOGS_PER_TASK_MAX) {
      throw fail("LIMIT_REACHED", limitOf("work logs of a task", WORK_LOGS_PER_TASK_MAX));
    }
    const row = { ...values, task: task.id, account: actor.id };
    const log = await db.insertInto("work_log").values(row).returning("id").executeTakeFirstOrThrow();
    record(context, {
      project: task.project,
      action: "work.logged",
      task,
      changes: { log: log.id, ...values },
    });
    return selectLogs(db).where("work_log.id", "=", log.id).executeTakeFirstOrThrow();
  },
});

export const changeWorkLog = tasks.command("PATCH /projects/:project/tasks/:task/work-logs/:log", {
  summary: "Change one's own entry of work",
  isolation: "read committed",
  input: { ...byLog, ...WorkLog.partial("minutes", "day", "note") },
  output: shownLog,
  errors: WRITING,
  async run(context) {
    const { db, actor, fail } = context;
    const { project, task: id, log: logId, ...values } = context.input;
    await enter(context, project, "editor");
    const task = (await taskOf(db, { project, task: id })) ?? fail("NOT_FOUND");
    const log = (await logOf(db, task.id, logId)) ?? fail("NOT_FOUND");
    if (log.account !== actor.id) throw fail("FORBIDDEN", "Only who logged work changes the entry.");
    const changes = changesOf(log, values);
    if (Object.keys(changes).length > 0) {
      await db.updateTable("work_log").set(values).where("id", "=", log.id).execute();
      record(context, {
        project: task.project,
        action: "work.changed",
        task,
        changes: { log: log.id, ...changes },
      });
    }
    return selectLogs(db).where("work_log.id", "=", log.id).executeTakeFirstOrThrow();
  },
});

export const deleteWorkLog = tasks.command("DELETE /projects/:project/tasks/:task/work-logs/:log", {
  summary: "Delete one's own entry of work; owners delete any",
  isolation: "read committed",
  input: byLog,
  errors: WRITING,
  async run(context) {
    const { db, actor, fail, input } = context;
    const { role } = await enter(context, input.project, "editor");
    const task = (await taskOf(db, input)) ?? fail("NOT_FOUND");
    const log = (await logOf(db, task.id, input.log)) ?? fail("NOT_FOUND");
    if (log.account !== actor.id && role !== "owner")
      throw fail("FORBIDDEN", "Only who logged it or an owner deletes it.");
    await db.deleteFrom("work_log").where("id", "=", log.id).execute();
    const changes = { log: log.id, minutes: log.minutes };
    record(context, { project: task.project, action: "work.deleted", task, changes });
  },
});

async function logOf(db: TasksDb, task: string, id: string) {
  return db.selectFrom("work_log").selectAll().where("id", "=", id).where("task", "=", task).executeTakeFirst();
}

const dayFilter = field.date().optional();

export const workTotals = tasks.query("GET /projects/:project/work-totals", {
  summary: "Work on a project: in all, of every member, and on every task",
  description: `From one day to another, both included. Names the ${TOTALS_TASKS_MAX} tasks with the most work.`,
  input: { ...byProject, from: dayFilter, to: dayFilter },
  output: {
    minutes,
    people: list({ account: nullable(shownPerson), minutes }),
    tasks: list({ ...Task.pick("id", "title"), minutes }),
  },
  async run(context) {
    const { from, to } = context.input;
    const { id } = await see(context, context.input.project);
    let logs = context.db
      .selectFrom("work_log")
      .innerJoin("task", "task.id", "work_log.task")
      .where("task.project", "=", id);
    if (from !== undefined) logs = logs.where("work_log.day", ">=", from);
    if (to !== undefined) logs = logs.where("work_log.day", "<=", to);
    const sum = sql<number>`coalesce(sum("work_log"."minutes"), 0)::int`;
    const [total, people, byTasks] = await Promise.all([
      logs.select(sum.as("minutes")).executeTakeFirstOrThrow(),
      logs
        .select([personOf("work_log.account").as("account"), sum.as("minutes")])
        .groupBy("work_log.account")
        .orderBy("minutes", "desc")
        .execute(),
      logs
        .select(["task.id", "task.title", sum.as("minutes")])
        .groupBy(["task.id", "task.title"])
        .orderBy("minutes", "desc")
        .orderBy("task.id")
        .limit(TOTALS_TASKS_MAX)
        .execute(),
    ]);
    return { ...total, people, tasks: byTasks };
  },
});
