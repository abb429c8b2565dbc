/** Lists of tasks: of a project, of the caller over all projects, and by words. All have one set of filters. */
import { type Fail, field, matches, page, rank, sql, type ValueOf } from "lineshaft";
import { see } from "./access.ts";
import { wrong } from "./errors.ts";
import { CLOSED, PRIORITIES, STATUSES, Task, type TasksDb, tasks } from "./model.ts";
import { pageOf, paging, type Sort } from "./paging.ts";
import { byProject } from "./projects.ts";
import { changeable } from "./task-changes.ts";
import { LIFE, listedTask, selectTasks, showTask } from "./task-view.ts";

/** Tasks that are sorted by relevance: of more that fit, the latest. */
export const RANKED_TASKS_MAX = 1_000;

const SORTS = ["position", "due", "priority", "status", "title", "created", "updated", "relevance"] as const;
type SortName = (typeof SORTS)[number];

const account = Task.fields.assignee;
const words = field
  .text({ max: 500, pattern: /\S/ })
  .describe('Words as in a search engine: `"a phrase"`, `or`, `-without`.');

const filters = {
  status: field.list(field.enum(...STATUSES), { max: STATUSES.length }).optional(),
  priority: field.list(field.enum(...PRIORITIES), { max: PRIORITIES.length }).optional(),
  assignee: account,
  unassigned: field.boolean().optional(),
  createdBy: account,
  label: changeable.labels.describe("Tasks that have all of these labels."),
  parent: Task.fields.parent.describe("Subtasks of this one."),
  topLevel: field.boolean().optional().describe("True: no subtasks."),
  recurring: field.boolean().optional(),
  hasDue: field.boolean().optional(),
  overdue: field.boolean().optional().describe("True: due before now, and not closed."),
  dueFrom: field.time().optional(),
  dueBefore: field.time().optional(),
  createdFrom: field.time().optional(),
  createdBefore: field.time().optional(),
  updatedFrom: field.time().optional(),
  updatedBefore: field.time().optional(),
  completedFrom: field.time().optional(),
  completedBefore: field.time().optional(),
  q: words.optional(),
};

const sorting = { sort: field.enum(...SORTS).optional(), order: field.enum("asc", "desc").optional() };
type Asked = ValueOf<typeof filters & typeof sorting & typeof paging>;
type Selected = ReturnType<typeof selectTasks>;

export const projectTasks = tasks.query("GET /projects/:project/tasks", {
  summary: "The tasks of a project",
  description: "Without `sort` in their order by hand.",
  input: { ...byProject, ...filters, ...sorting, ...paging },
  output: page(listedTask),
  cache: LIFE,
  async run(context) {
    const { project, ...asked } = context.input;
    const { id } = await see(context, project);
    const all = selectTasks(context.db).where("task.project", "=", id);
    return taskPage(context, all, { asked, list: ["project", id], sort: "position" });
  },
});

export const myTasks = tasks.query("GET /mine", {
  summary: "Tasks that are assigned to the caller, of all projects that are not archived",
  description: "Without `sort` by due date.",
  input: { ...filters, ...sorting, ...paging },
  output: page(listedTask),
  cache: LIFE,
  async run(context) {
    const { db, actor, input } = context;
    const mine = ofMember(db, actor.id).where("task.assignee", "=", actor.id);
    return taskPage(context, mine, { asked: input, list: ["mine", actor.id], sort: "due" });
  },
});

export const searchTasks = tasks.query("GET /search", {
  summary: "Find tasks by words in title and notes, in all projects of the caller that are not archived",
  description: `Without \`sort\` the best first, of the latest ${RANKED_TASKS_MAX} that fit.`,
  input: { ...filters, q: words, ...sorting, ...paging },
  output: page(listedTask),
  cache: LIFE,
  async run(context) {
    const { db, actor, input } = context;
    return taskPage(context, ofMember(db, actor.id), { asked: input, list: ["search", actor.id], sort: "relevance" });
  },
});

/** Tasks of the projects that an account is a member of, less the archive. */
function ofMember(db: TasksDb, account: string): Selected {
  return selectTasks(db).where(
    sql<boolean>`"task"."project" = any(array(
      select "member"."project" from "member" join "project" on "project"."id" = "member"."project"
      where "member"."account" = ${account} and "project"."archivedAt" is null
    ))`,
  );
}

interface Listing {
  readonly asked: Asked;
  /** Which list it is, for its cursors. */
  readonly list: readonly string[];
  /** How it is sorted when the caller does not say. */
  readonly sort: SortName;
}

interface Asking {
  readonly db: TasksDb;
  readonly now: Date;
  readonly fail: Fail<never>;
}

async function taskPage(context: Asking, all: Selected, listing: Listing) {
  const { limit, cursor, sort: name = listing.sort, order, ...filter } = listing.asked;
  const sort =
    sortBy(name, order, filter.q) ?? context.fail("INVALID_INPUT", wrong("/sort", "takes words in `q`", "query"));
  const question = [...listing.list, name, sort.direction, filter];
  const found = filtered(all, filter, context.now);
  const selected = (sort.key === "relevance" ? latest(context.db, found) : found).select(
    (sort.key === "relevance" ? sort.by : sql`null`).$castTo<number | null>().as("relevance"),
  );
  const { items, next } = await pageOf(selected, { limit, cursor, question, id: "task.id", sort, fail: context.fail });
  return { items: items.map((row) => showTask(row, context.now)), next };
}

/** The latest of what was found: to judge how well a task fits takes time, and common words fit many. */
function latest(db: TasksDb, found: Selected): Selected {
  const ids = found.clearSelect().select("task.id").orderBy("task.id", "desc").limit(RANKED_TASKS_MAX);
  return selectTasks(db).where("task.id", "in", ids);
}

function filtered(all: Selected, filter: ValueOf<typeof filters>, now: Date): Selected {
  let some = all;
  const { assignee, unassigned, createdBy, parent, topLevel, recurring, hasDue, overdue } = filter;
  if (filter.status?.length) some = some.where("task.status", "in", filter.status);
  if (filter.priority?.length) some = some.where("task.priority", "in", filter.priority);
  if (assignee != null) some = some.where("task.assignee", "=", assignee);
  if (unassigned !== undefined) some = some.where("task.assignee", unassigned ? "is" : "is not", null);
  if (createdBy != null) some = some.where("task.createdBy", "=", createdBy);
  if (parent != null) some = some.where("task.parent", "=", parent);
  if (topLevel !== undefined) some = some.where("task.parent", topLevel ? "is" : "is not", null);
  if (recurring !== undefined) some = some.where("task.series", recurring ? "is not" : "is", null);
  if (hasDue !== undefined) some = some.where("task.dueAt", hasDue ? "is not" : "is", null);
  if (overdue !== undefined) some = some.where(overdue ? isOverdue(now) : sql<boolean>`not ${isOverdue(now)}`);
  if (filter.label?.length) some = some.where(hasLabels(filter.label));
  if (filter.q !== undefined) some = some.where(matches(Task, filter.q));
  return inTime(some, filter);
}

function inTime(all: Selected, filter: ValueOf<typeof filters>): Selected {
  let some = all;
  const { dueFrom, dueBefore, createdFrom, createdBefore, updatedFrom, updatedBefore } = filter;
  if (dueFrom) some = some.where("task.dueAt", ">=", dueFrom);
  if (dueBefore) some = some.where("task.dueAt", "<", dueBefore);
  if (createdFrom) some = some.where("task.createdAt", ">=", createdFrom);
  if (createdBefore) some = some.where("task.createdAt", "<", createdBefore);
  if (updatedFrom) some = some.where("task.updatedAt", ">=", updatedFrom);
  if (updatedBefore) some = some.where("task.updatedAt", "<", updatedBefore);
  if (filter.completedFrom) some = some.where("task.completedAt", ">=", filter.completedFrom);
  if (filter.completedBefore) some = some.where("task.completedAt", "<", filter.completedBefore);
  return some;
}

function isOverdue(now: Date) {
  return sql<boolean>`("task"."dueAt" is not null and "task"."dueAt" <= ${now}
    and "task"."status" not in (${sql.join([...CLOSED])}))`;
}

function hasLabels(labels: readonly string[]) {
  const wanted = [...new Set(labels)];
  return sql<boolean>`(
    select count(*) from "task_label"
    where "task_label"."task" = "task"."id" and "task_label"."label" = any(${wanted}::uuid[])
  ) = ${wanted.length}`;
}

/** How a list is sorted; `null` when it cannot be. */
function sortBy(name: SortName, order: "asc" | "desc" | undefined, q: string | undefined): Sort | null {
  const upOr = (direction: "asc" | "desc") => ({ direction: order ?? direction });
  const by = (column: string) => ({ by: sql.ref(`task.${column}`), key: column });
  switch (name) {
    case "position":
      return { ...by("position"), kind: "text", ...upOr("asc") };
    case "due":
      return { ...by("dueAt"), kind: "time", nullable: true, ...upOr("asc") };
    case "priority":
      return { ...by("priorityRank"), kind: "number", ...upOr("desc") };
    case "status":
      return { ...by("statusRank"), kind: "number", ...upOr("asc") };
    case "title":
      return { ...by("title"), kind: "text", ...upOr("asc") };
    case "created":
      return { ...by("createdAt"), kind: "time", ...upOr("desc") };
    case "updated":
      return { ...by("updatedAt"), kind: "time", ...upOr("desc") };
    case "relevance":
      return q === undefined
        ? null
        : { by: sql`${rank(Task, q)}::float8`, key: "relevance", kind: "number", ...upOr("desc") };
  }
}
