/**
 * Changes of tasks, judged: one or many at once, by the same rules.
 *
 * What the rules need is read in a fixed number of statements, however many tasks change; each change is then judged in
 * memory, in order, on what those before it have left. Nothing is written here (`task-writes.ts`).
 */
import { type FaultOptions, field, type ValueOf } from "lineshaft";
import {
  DUE_YEAR_MAX,
  DUE_YEAR_MIN,
  type DueColumns,
  dueColumns,
  dueShape,
  isDueDay,
  isTimeZone,
  NOT_DUE,
  shownDue,
} from "./due.ts";
import { wrong } from "./errors.ts";
import { CLOSED, LABELS_PER_TASK_MAX, Task, type TasksDb, TREE_LEVELS_MAX } from "./model.ts";
import { Tree } from "./tree.ts";

/** An id in a list that may be left out. */
export const idText = field.text({ max: 36, pattern: /^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/ });

/** The labels of a task, as a caller sends them. */
export const labelIds = field
  .list(idText, { max: LABELS_PER_TASK_MAX })
  .describe("Ids of labels of the project; all that the task has.");

/** What can be changed of a task; what is left out stays, `null` clears. */
export const changeable = {
  ...Task.partial("title", "notes", "status", "priority", "assignee", "parent"),
  due: field.json(dueShape).nullable().optional(),
  labels: labelIds.optional(),
};

export const changeErrors = {
  VERSION_CONFLICT: { status: 409, title: "Somebody has changed it since that version" },
  PARENT_CYCLE: { status: 422, title: "A task cannot be below itself" },
  TREE_TOO_DEEP: { status: 422, title: `Tasks are at most ${TREE_LEVELS_MAX} levels deep` },
} as const;

export type Change = Partial<ValueOf<typeof changeable>>;
export type RefusalCode = keyof typeof changeErrors | "INVALID_INPUT";

/** Why a change is not made. */
export interface Refusal {
  readonly code: RefusalCode;
  readonly options?: FaultOptions;
}

/** The parts of a task that changes touch. */
export interface TaskState extends DueColumns {
  readonly id: string;
  readonly project: string;
  readonly title: string;
  readonly notes: string;
  readonly status: Task["status"];
  readonly priority: Task["priority"];
  readonly assignee: string | null;
  readonly parent: string | null;
  readonly completedAt: Date | null;
  readonly labels: readonly string[];
}

/** What the rules look at. */
export interface Facts {
  /** Labels that exist, as `project label`. */
  readonly labels: ReadonlySet<string>;
  /** Members, as `project account`. */
  readonly members: ReadonlySet<string>;
  readonly tree: Tree;
}

/** Reads what judging these changes needs: three statements at most, sent together. */
export async function readFacts(db: TasksDb, projects: readonly string[], changes: readonly Change[]): Promise<Facts> {
  const labels = changes.flatMap((change) => change.labels ?? []);
  const assignees = changes.flatMap(({ assignee }) => assignee ?? []);
  const parents = changes.flatMap(({ parent }) => parent ?? []);
  const [labelRows, memberRows, treeRows] = await Promise.all([
    labels.length === 0 ? [] : db.selectFrom("label").select(["id", "project"]).where("id", "in", labels).execute(),
    assignees.length === 0
      ? []
      : db.selectFrom("member").select(["account", "project"]).where("account", "in", assignees).execute(),
    parents.length === 0 || projects.length === 0
      ? []
      : db.selectFrom("task").select(["id", "project", "parent"]).where("project", "in", projects).execute(),
  ]);
  return {
    labels: new Set(labelRows.map(({ project, id }) => `${project} ${id}`)),
    members: new Set(memberRows.map(({ project, account }) => `${project} ${account}`)),
    tree: new Tree(treeRows),
  };
}

/** A task with a change made, or why it is not. A new parent is noted in the tree, for the changes that follow. */
export function judge(before: TaskState, change: Change, facts: Facts, now: Date): TaskState | Refusal {
  const { due, labels, ...plain } = change;
  const { project } = before;
  const after = { ...before, ...definedOf(plain) } as TaskState;
  if (after.assignee !== null && after.assignee !== before.assignee) {
    const assignee = after.assignee.toLowerCase();
    if (!facts.members.has(`${project} ${assignee}`)) return invalid("/assignee", "is no member of the project");
  }
  if (labels?.some((label) => !facts.labels.has(`${project} ${label}`))) {
    return invalid("/labels", "has one that is no label of the project");
  }
  if (due && !isTimeZone(due.timeZone)) return invalid("/due/timeZone", "is no name of the time zone database");
  if (due && !isDueDay(due.date)) return invalid("/due/date", `is not in the years ${DUE_YEAR_MIN} to ${DUE_YEAR_MAX}`);
  const refusal = after.parent === before.parent ? null : judgeParent(after, facts.tree);
  if (refusal) return refusal;
  const closed = CLOSED.includes(after.status);
  return {
    ...after,
    labels: labels ? [...new Set(labels)].sort() : before.labels,
    ...(due === undefined ? {} : due === null ? NOT_DUE : dueColumns(due)),
    completedAt: closed ? (before.completedAt ?? now) : null,
  };
}

function judgeParent({ id, project, parent }: TaskState, tree: Tree): Refusal | null {
  const target = parent?.toLowerCase() ?? null;
  if (target !== null) {
    if (tree.projectOf(target) !== project) return invalid("/parent", "is no task of the project");
    if (tree.isBelow(target, id)) return { code: "PARENT_CYCLE" };
    if (tree.depthOf(target) + tree.heightOf(id) > TREE_LEVELS_MAX) return { code: "TREE_TOO_DEEP" };
  }
  tree.move(id, target);
  return null;
}

function invalid(pointer: string, detail: string): Refusal {
  return { code: "INVALID_INPUT", options: wrong(pointer, detail) };
}

/** Whether a judgement is a refusal. */
export function isRefusal(judged: TaskState | Refusal): judged is Refusal {
  return "code" in judged;
}

function definedOf(values: object): object {
  return Object.fromEntries(Object.entries(values).filter(([, value]) => value !== undefined));
}

/** What a change changed, for the trail. */
export function differenceOf(before: TaskState, after: TaskState): Record<string, unknown> {
  const pairs = { ...before, due: shownDue(before) };
  const now = { ...after, due: shownDue(after) };
  const keys = ["title", "notes", "status", "priority", "due", "assignee", "parent", "labels"] as const;
  const changed = keys.filter((key) => JSON.stringify(pairs[key]) !== JSON.stringify(now[key]));
  return Object.fromEntries(changed.map((key) => [key, now[key]]));
}
