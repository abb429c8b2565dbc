/**
 * Reminders: each person's own, on any task that they see.
 *
 * A reminder that is to come has a run of `remind` waiting for it. Everything that changes when it comes (its own
 * making, the due date, closing and opening of the task) states `rescheduled`, and one handler makes the run fit: asks
 * for it, moves it, or takes it back. So commands that change a hundred tasks need not know who wants to be reminded.
 * `remind` looks again at what is true by then, so a run too many does nothing. It makes a notification, and sends no
 * mail: apps cannot send any yet.
 */
import { field, list, page, sql } from "lineshaft";
import { ABOUT, shownAbout, withTask } from "./about-task.ts";
import { see } from "./access.ts";
import { LIMIT_REACHED, limitOf, wrong } from "./errors.ts";
import { CLOSED, REMINDERS_PER_TASK_MAX, Reminder, rescheduled, type TasksDb, tasks } from "./model.ts";
import { pageOf, paging, type Sort } from "./paging.ts";
import { byTask, taskOf } from "./tasks.ts";

const MINUTE_MS = 60_000;

const shownReminder = Reminder.pick("id", "minutesBefore", "at", "cameAt");

export const reminders = tasks.query("GET /projects/:project/tasks/:task/reminders", {
  summary: "One's own reminders on a task",
  input: byTask,
  output: list(shownReminder),
  async run(context) {
    const { db, actor, fail, input } = context;
    await see(context, input.project);
    const { id } = (await taskOf(db, input)) ?? fail("NOT_FOUND");
    return ownReminders(db, id, actor.id).orderBy("at").orderBy("id").execute();
  },
});

function ownReminders(db: TasksDb, task: string, account: string) {
  return db.selectFrom("reminder").selectAll().where("task", "=", task).where("account", "=", account);
}

export const addReminder = tasks.command("POST /projects/:project/tasks/:task/reminders", {
  summary: "Be reminded of a task",
  description:
    "Either some time before it is due, also when the due date is set or moved later on, or `at` a time. Only the " +
    "caller is reminded. Closing the task takes its reminders back, opening it brings them back.",
  isolation: "read committed",
  input: { ...byTask, minutesBefore: Reminder.fields.minutesBefore, at: field.time().optional() },
  output: shownReminder,
  status: 201,
  errors: LIMIT_REACHED,
  async run(context) {
    const { db, actor, emit, fail, input, now } = context;
    await see(context, input.project);
    const { id: task } = (await taskOf(db, input)) ?? fail("NOT_FOUND");
    const { minutesBefore = null, at = null } = input;
    if ((minutesBefore === null) === (at === null)) {
      throw fail("INVALID_INPUT", wrong("/minutesBefore", "or /at is needed, and not both"));
    }
    if (at !== null && at <= now) throw fail("INVALID_INPUT", wrong("/at", "is past"));
    if ((await ownReminders(db, task, actor.id).execute()).length >= REMINDERS_PER_TASK_MAX) {
      throw fail("LIMIT_REACHED", limitOf("reminders of one person on a task", REMINDERS_PER_TASK_MAX));
    }
    const { dueAt } = await db.selectFrom("task").select("dueAt").where("id", "=", task).executeTakeFirstOrThrow();
    const values = { task, account: actor.id, minutesBefore, at: at ?? timeBefore(dueAt, minutesBefore!) };
    emit(rescheduled, { task });
    return db.insertInto("reminder").values(values).returningAll().executeTakeFirstOrThrow();
  },
});

function timeBefore(dueAt: Date | null, minutes: number): Date | null {
  return dueAt && new Date(dueAt.getTime() - minutes * MINUTE_MS);
}

export const removeReminder = tasks.command("DELETE /projects/:project/tasks/:task/reminders/:reminder", {
  summary: "Take back a reminder of one's own",
  isolation: "read committed",
  input: { ...byTask, reminder: Reminder.fields.id },
  async run(context) {
    const { db, actor, cancel, fail, input } = context;
    await see(context, input.project);
    const { id: task } = (await taskOf(db, input)) ?? fail("NOT_FOUND");
    const own = db.deleteFrom("reminder").where("id", "=", input.reminder).where("task", "=", task);
    const deleted = await own.where("account", "=", actor.id).returning("id").executeTakeFirst();
    const { id } = deleted ?? fail("NOT_FOUND");
    await cancel(remind, runOf(id));
  },
});

const SOONEST: Sort = { by: sql.ref("reminder.at"), key: "at", kind: "time", direction: "asc" };

export const myReminders = tasks.query("GET /reminders", {
  summary: "One's own reminders that are to come, in all projects, the next one first",
  input: paging,
  output: page({
    ...Reminder.pick("id", "minutesBefore", "at"),
    ...shownAbout,
  }),
  async run({ input, actor, db, fail }) {
    const waiting = effective(db)
      .innerJoin("project", "project.id", "task.project")
      .select(["reminder.id", "reminder.minutesBefore", "reminder.at"])
      .select(ABOUT)
      .where("reminder.account", "=", actor.id)
      .where("reminder.at", "is not", null);
    const asked = { ...input, question: ["reminders"], id: "reminder.id", sort: SOONEST, fail };
    const { items, next } = await pageOf(waiting, asked);
    return { items: items.map(withTask), next };
  },
});

/** Reminders that have not come, on open tasks that their people still see. */
function effective(db: TasksDb) {
  return db
    .selectFrom("reminder")
    .innerJoin("task", "task.id", "reminder.task")
    .innerJoin("member", (join) =>
      join.onRef("member.project", "=", "task.project").onRef("member.account", "=", "reminder.account"),
    )
    .where("reminder.cameAt", "is", null)
    .where("task.status", "not in", CLOSED);
}

function runOf(id: string): string {
  return `remind/${id}`;
}

tasks.on(rescheduled, "reminders", async ({ event, db, runAt, cancel }) => {
  const all = await db
    .selectFrom("reminder")
    .innerJoin("task", "task.id", "reminder.task")
    .selectAll("reminder")
    .select(["task.dueAt", "task.status"])
    .where("reminder.task", "=", event.payload.task)
    .execute();
  for (const { id, minutesBefore, at, cameAt, dueAt, status } of all) {
    const time = minutesBefore === null ? at : timeBefore(dueAt, minutesBefore);
    const isMoved = time?.getTime() !== at?.getTime();
    if (isMoved) await db.updateTable("reminder").set({ at: time, cameAt: null }).where("id", "=", id).execute();
    if (time !== null && (cameAt === null || isMoved) && !CLOSED.includes(status)) {
      runAt(time, remind, { reminder: id, at: time.toISOString() }, { name: runOf(id) });
    } else await cancel(remind, runOf(id));
  }
});

// A handler asks for it, so it is nobody's. Whoever calls it brings about what is due, and hears nothing of it.
export const remind = tasks.command("POST /reminders/:reminder/due", {
  summary: "Let a reminder come that is due",
  description: "Runs by itself. Does nothing when it is not the time, or the reminder has come.",
  actor: "anyone",
  input: { reminder: Reminder.fields.id, at: field.time() },
  async run({ input, db, now }) {
    if (input.at > now) return;
    const due = effective(db).select("reminder.id").where("reminder.id", "=", input.reminder);
    const come = db
      .updateTable("reminder")
      .set({ cameAt: now })
      .where("id", "in", due.where("reminder.at", "=", input.at))
      .returning(["account", "task"]);
    const reminder = await come.executeTakeFirst();
    if (reminder)
      await db
        .insertInto("notification")
        .values({ ...reminder, createdAt: now })
        .execute();
  },
});
