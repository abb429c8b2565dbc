/**
 * Notifications: what a person is told, in all projects. Reminders make them (`reminders.ts`). Who is no member any
 * more does not see those of the project.
 */
import { field, page, sql } from "lineshaft";
import { ABOUT, shownAbout, withTask } from "./about-task.ts";
import { Notification, type TasksDb, tasks } from "./model.ts";
import { PAGE_ROWS_MAX, pageOf, paging, type Sort } from "./paging.ts";
import { idText } from "./task-changes.ts";

const LATEST_FIRST: Sort = {
  by: sql.ref("notification.createdAt"),
  key: "createdAt",
  kind: "time",
  direction: "desc",
};

export const notifications = tasks.query("GET /notifications", {
  summary: "What the caller was told, the latest first",
  input: { unread: field.boolean().default(false).describe("Only those not read yet."), ...paging },
  output: page({
    ...Notification.pick("id", "createdAt", "readAt"),
    ...shownAbout,
  }),
  async run({ input, actor, db, fail }) {
    const { unread, ...paged } = input;
    let mine = seen(db, actor.id)
      .innerJoin("project", "project.id", "task.project")
      .select(["notification.id", "notification.createdAt", "notification.readAt"])
      .select(ABOUT);
    if (unread) mine = mine.where("notification.readAt", "is", null);
    const question = ["notifications", unread];
    const sort = LATEST_FIRST;
    const { items, next } = await pageOf(mine, { ...paged, question, id: "notification.id", sort, fail });
    return { items: items.map(withTask), next };
  },
});

function seen(db: TasksDb, account: string) {
  return db
    .selectFrom("notification")
    .innerJoin("task", "task.id", "notification.task")
    .innerJoin("member", (join) =>
      join.onRef("member.project", "=", "task.project").onRef("member.account", "=", "notification.account"),
    )
    .where("notification.account", "=", account);
}

const counted = { unread: field.integer() };

export const notificationCount = tasks.query("GET /notifications/count", {
  summary: "How many notifications the caller has not read",
  output: counted,
  run: ({ actor, db }) => unreadOf(db, actor.id),
});

async function unreadOf(db: TasksDb, account: string) {
  const all = seen(db, account).where("notification.readAt", "is", null);
  return all.select(sql<number>`count(*)::int`.as("unread")).executeTakeFirstOrThrow();
}

export const readNotifications = tasks.command("POST /notifications/read", {
  summary: "Mark notifications as read",
  description: "Those named, or all. Tells how many are left.",
  isolation: "read committed",
  input: { ids: field.list(idText, { max: PAGE_ROWS_MAX }).optional() },
  output: counted,
  async run({ input, actor, db, now }) {
    let mine = db.updateTable("notification").set({ readAt: now }).where("account", "=", actor.id);
    if (input.ids !== undefined) mine = mine.where("id", "in", input.ids);
    if (input.ids?.length !== 0) await mine.where("readAt", "is", null).execute();
    return unreadOf(db, actor.id);
  },
});
