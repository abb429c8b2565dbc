/**
 * Tasks: entities and service.
 *
 * A project has members with roles; everything else belongs to a project and is seen and changed by its members only.
 * Who is no member is told `NOT_FOUND`, as if the project did not exist; who may see but not change, `FORBIDDEN`.
 *
 * Locks. Every command that writes into a project locks the row of the project first (`access.ts`) and reads what it
 * decides by after that, so writes of one project stand in one line: positions do not collide, the last owner stays, a
 * tree has no cycle, a limit is exact. Such commands are therefore "read committed": the lock does what a serializable
 * transaction would do by trying again. Projects do not wait for each other.
 */
import { entity, field, list, service, type Transaction } from "lineshaft";
import { Account } from "lineshaft/accounts";

/** Projects that one account may be a member of. */
export const PROJECTS_PER_ACCOUNT_MAX = 500;
export const MEMBERS_PER_PROJECT_MAX = 200;
/** Invitations of a project that nobody has answered yet. */
export const INVITATIONS_PER_PROJECT_MAX = 100;
export const LABELS_PER_PROJECT_MAX = 100;
export const LABELS_PER_TASK_MAX = 20;
export const TASKS_PER_PROJECT_MAX = 10_000;
export const COMMENTS_PER_TASK_MAX = 10_000;
export const WORK_LOGS_PER_TASK_MAX = 10_000;
/** Reminders that one person may have on a task. */
export const REMINDERS_PER_TASK_MAX = 10;
/** How long before the due date a reminder may come: a year. */
export const REMINDER_MINUTES_MAX = 525_600;
/** Levels of tasks: a task, its subtasks, and theirs. */
export const TREE_LEVELS_MAX = 5;
/** Tasks of one bulk call. */
export const BULK_TASKS_MAX = 100;
/** Minutes of one entry of work: a day. */
export const WORK_MINUTES_MAX = 1_440;

export const ROLES = ["viewer", "editor", "owner"] as const;
export type Role = (typeof ROLES)[number];

export const STATUSES = ["todo", "doing", "review", "done", "canceled"] as const;
export type Status = (typeof STATUSES)[number];
/** Statuses of a task that needs no more work. */
export const CLOSED: readonly Status[] = ["done", "canceled"];

export const PRIORITIES = ["low", "normal", "high", "urgent"] as const;

/** At least one character that can be seen. */
const VISIBLE = /\S/;

/** SQL that gives a value its place among its kind, so that a list can be sorted by it. */
function rankOf(column: string, values: readonly string[]): string {
  return `case ${column} ${values.map((value, index) => `when '${value}' then ${index}`).join(" ")} end`;
}

export class Project extends entity("project", {
  id: field.id(),
  name: field.text({ max: 200, pattern: VISIBLE }),
  description: field.text({ max: 5_000 }).default(""),
  archivedAt: field.time().optional().describe("An archived project can be read, but nothing in it changes."),
  createdAt: field.now(),
  updatedAt: field.updated(),
}) {}

export class Member extends entity(
  "member",
  {
    project: field.ref(() => Project, { onDelete: "cascade" }),
    account: field.ref(() => Account, { onDelete: "cascade" }),
    role: field.enum(...ROLES).describe("Viewers read, editors change tasks, owners also members and the project."),
    createdAt: field.now(),
  },
  { primaryKey: ["project", "account"] },
) {}

/** Asks whoever owns an e-mail address to become a member: nobody is added unasked. */
export class Invitation extends entity(
  "invitation",
  {
    id: field.id(),
    project: field.ref(() => Project, { onDelete: "cascade" }),
    email: field.email().indexed(),
    role: Member.fields.role,
    invitedBy: field.ref(() => Account, { onDelete: "set null" }).optional(),
    createdAt: field.now(),
  },
  { unique: [["project", "email"]] },
) {}

export class Label extends entity(
  "label",
  {
    id: field.id(),
    project: field.ref(() => Project, { onDelete: "cascade" }),
    name: field.text({ max: 50, pattern: VISIBLE }),
    color: field
      .text({ max: 7, pattern: /^#[0-9a-f]{6}$/ })
      .default("#64748b")
      .example("#64748b"),
  },
  { unique: [["project", "name"]] },
) {}

/** A recurring task: the rule, and the first occurrence that it counts from. Its occurrences are tasks. */
export class Series extends entity(
  "series",
  {
    id: field.id(),
    project: field.ref(() => Project, { onDelete: "cascade" }),
    rule: field
      .text({ min: 1, max: 300 })
      .describe("A recurrence rule of RFC 5545, daily or rarer.")
      .example("FREQ=WEEKLY;BYDAY=MO"),
    startDate: field.date(),
    startTime: field.text({ max: 5 }).optional(),
    timeZone: field.text({ max: 64 }),
    next: field
      .enum("closed", "due")
      .default("closed")
      .describe("When the next task comes: once this one is closed, or once it is due, closed or not."),
    /** Of a series whose tasks come by date: the last one that was made, and when the one after it comes. */
    latest: field.text({ max: 16 }).optional(),
    comesAt: field.time().optional(),
  },
  { indexes: [{ on: ["comesAt"], where: `"comesAt" is not null` }] },
) {}

/**
 * A due date is kept as people say it (day, time of day, time zone), because that stays true when a country changes its
 * clocks; `dueAt` is the instant it means today, for lists. Without a time of day it is the end of the day.
 *
 * `position` orders the tasks of a project by text alone: between two positions there is always another. Its characters
 * are digits only, which every collation sorts alike.
 */
export class Task extends entity(
  "task",
  {
    id: field.id(),
    project: field.ref(() => Project, { onDelete: "cascade" }),
    title: field.text({ max: 300, pattern: VISIBLE }),
    notes: field.text({ max: 20_000 }).default(""),
    status: field.enum(...STATUSES).default("todo"),
    statusRank: field.integer().computed(rankOf("status", STATUSES)).hidden(),
    priority: field.enum(...PRIORITIES).default("normal"),
    priorityRank: field.integer().computed(rankOf("priority", PRIORITIES)).hidden(),
    dueDate: field.date().optional(),
    dueTime: field.text({ max: 5 }).optional(),
    dueZone: field.text({ max: 64 }).optional(),
    dueAt: field.time().optional(),
    position: field.text({ max: 1_000 }).describe("Tasks are in order of this text."),
    assignee: field.ref(() => Account, { onDelete: "set null" }).optional(),
    parent: field.ref((): unknown => Task, { onDelete: "cascade" }).optional(),
    series: field.ref(() => Series, { onDelete: "set null" }).optional(),
    /** Which occurrence of the series it is: its day and time by the rule, wherever its due date was moved to. */
    occurrence: field.text({ max: 16 }).optional(),
    version: field.integer().default(1).describe("Grows with every change; send it along to notice changes of others."),
    createdBy: field.ref(() => Account, { onDelete: "set null" }).optional(),
    completedAt: field.time().optional(),
    createdAt: field.now(),
    updatedAt: field.updated(),
  },
  {
    unique: [
      ["project", "position"],
      ["series", "occurrence"],
    ],
    indexes: [
      { on: ["project", "status", "position"] },
      { on: ["project", "statusRank", "id"] },
      { on: ["project", "priorityRank", "id"] },
      { on: ["project", "dueAt", "id"] },
      { on: ["project", "createdAt", "id"] },
      { on: ["project", "updatedAt", "id"] },
      { on: ["project", "title", "id"] },
      { on: ["assignee", "dueAt", "id"] },
      { search: ["title", "notes"] },
    ],
  },
) {}

export class TaskLabel extends entity(
  "task_label",
  {
    task: field.ref(() => Task, { onDelete: "cascade" }),
    label: field.ref(() => Label, { onDelete: "cascade" }),
  },
  { primaryKey: ["task", "label"] },
) {}

export class Comment extends entity(
  "comment",
  {
    id: field.id(),
    task: field.ref(() => Task, { onDelete: "cascade" }),
    author: field.ref(() => Account, { onDelete: "set null" }).optional(),
    body: field.text({ max: 20_000, pattern: VISIBLE }),
    createdAt: field.now(),
    updatedAt: field.updated(),
  },
  { indexes: [{ on: ["task", "id"] }] },
) {}

export class WorkLog extends entity(
  "work_log",
  {
    id: field.id(),
    task: field.ref(() => Task, { onDelete: "cascade" }),
    account: field.ref(() => Account, { onDelete: "set null" }).optional(),
    minutes: field.integer({ min: 1, max: WORK_MINUTES_MAX }),
    day: field.date().describe("The day on which the work was done."),
    note: field.text({ max: 1_000 }).default(""),
    createdAt: field.now(),
    updatedAt: field.updated(),
  },
  { indexes: [{ on: ["task", "id"] }, { on: ["task", "day"] }] },
) {}

/**
 * A reminder of one person on a task, at a time of its own or some time before the task is due. `at` is when it comes:
 * it follows the due date, and there is none while the task has none. It comes once for each `at`, and not for a closed
 * task.
 */
export class Reminder extends entity(
  "reminder",
  {
    id: field.id(),
    task: field.ref(() => Task, { onDelete: "cascade" }),
    account: field.ref(() => Account, { onDelete: "cascade" }),
    minutesBefore: field
      .integer({ min: 0, max: REMINDER_MINUTES_MAX })
      .optional()
      .describe("So long before the task is due, whenever that is."),
    at: field.time().optional().describe("When it comes, or came."),
    cameAt: field.time().optional(),
  },
  { indexes: [{ on: ["account", "at", "id"] }] },
) {}

/** What a person is told: that a task needs attention. */
export class Notification extends entity(
  "notification",
  {
    id: field.id(),
    account: field.ref(() => Account, { onDelete: "cascade" }),
    task: field.ref(() => Task, { onDelete: "cascade" }),
    readAt: field.time().optional(),
    createdAt: field.now(),
  },
  { indexes: [{ on: ["account", "createdAt", "id"] }, { on: ["account"], where: `"readAt" is null` }] },
) {}

export const ACTIONS = [
  "project.created",
  "project.changed",
  "member.added",
  "member.changed",
  "member.removed",
  "invitation.sent",
  "invitation.withdrawn",
  "invitation.declined",
  "label.created",
  "label.changed",
  "label.deleted",
  "task.created",
  "task.changed",
  "task.moved",
  "task.deleted",
  "comment.added",
  "comment.changed",
  "comment.deleted",
  "work.logged",
  "work.changed",
  "work.deleted",
] as const;

/** Who did what, when. It names tasks by value, so that it still tells of those that are deleted. */
export class Activity extends entity(
  "activity",
  {
    id: field.id(),
    project: field.ref(() => Project, { onDelete: "cascade" }),
    actor: field.ref(() => Account, { onDelete: "set null" }).optional(),
    action: field.enum(...ACTIONS),
    task: field.text({ max: 36 }).optional().describe("The id of the task that it is about."),
    title: field.text({ max: 300 }).optional().describe("The title of the task at that time."),
    changes: field.json().describe("What changed: the new value of every field, or what was added."),
    /** Of the event that it was written from; entries from before there were events are older than all of these. */
    position: field.bigint().default(0n),
    createdAt: field.now(),
  },
  { indexes: [{ on: ["project", "position", "id"] }, { on: ["project", "task", "position", "id"] }] },
) {}

export const tasks = service("tasks", {
  description: "Projects of a team: members and roles, tasks in order, comments, work logs, recurrence, activity.",
  entities: {
    ...{ Project, Member, Invitation, Label, Series, Task, TaskLabel, Comment, WorkLog },
    ...{ Reminder, Notification, Activity },
  },
  prefix: "/tasks",
});

/** What one command did in one project, in the order in which the project changed. The trail is written from it. */
export const acted = tasks.event(
  "acted",
  {
    project: field.ref(() => Project),
    actor: field
      .ref(() => Account)
      .optional()
      .describe("Nobody, when time did it."),
    entries: list({
      ...Activity.pick("action", "task", "title", "changes"),
    }),
  },
  { key: "project", description: "Somebody did something in a project." },
);

/** When a task is due, whether it is open, or what reminders it has is different now. */
export const rescheduled = tasks.event(
  "rescheduled",
  { task: field.ref(() => Task) },
  { key: "task", description: "When a task is due, or whether it is open, has changed." },
);

export type TaskTables = (typeof tasks)["~tables"];
/** Kysely over the tables of the service. */
export type TasksDb = Transaction<TaskTables>;
