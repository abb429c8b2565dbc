/**
 * Many tasks at once, also of several projects: one outcome for each, and those that may not or cannot be changed keep
 * nobody from changing the rest. A fixed number of statements, however many tasks.
 */
import { type AccountActor, field, list } from "lineshaft";
import { mayAs } from "./access.ts";
import { BULK_TASKS_MAX, Task, type TasksDb, tasks } from "./model.ts";
import { changeable } from "./task-changes.ts";
import { changeTasks, deleteTasks } from "./task-writes.ts";

const outcome = {
  id: Task.fields.id,
  ok: field.boolean(),
  version: Task.fields.version.nullable().describe("The task's version now."),
  code: field
    .text()
    .nullable()
    .describe("Why not: NOT_FOUND, FORBIDDEN, PROJECT_ARCHIVED, VERSION_CONFLICT, INVALID_INPUT …"),
  detail: field.text().nullable(),
};

interface Result {
  readonly id: string;
  readonly ok: boolean;
  readonly version: number | null;
  readonly code: string | null;
  readonly detail: string | null;
}

const done = (id: string, version: number | null): Result => ({ id, ok: true, version, code: null, detail: null });
const refused = (id: string, code: string, detail: string | null = null): Result => ({
  id,
  ok: false,
  version: null,
  code,
  detail,
});

export const bulkChangeTasks = tasks.command("POST /bulk/change", {
  summary: "Change many tasks",
  description: `At most ${BULK_TASKS_MAX}, also of several projects. Gives one outcome for each, in their order.`,
  isolation: "read committed",
  input: {
    items: list(
      { id: Task.fields.id, version: Task.fields.version.optional(), ...changeable },
      { max: BULK_TASKS_MAX },
    ),
  },
  output: { outcomes: list(outcome) },
  async run(context) {
    const items = context.input.items.map((item) => ({ ...item, id: item.id.toLowerCase() }));
    const verdicts = await lockProjectsOf(
      context,
      items.map(({ id }) => id),
    );
    const allowed = items.filter(({ id }) => verdicts.get(id) === null);
    const made = await changeTasks(
      context,
      allowed.map(({ id, version, ...change }) => ({ id, version, change })),
    );
    const outcomes = items.map((item): Result => {
      const verdict = verdicts.get(item.id) ?? null;
      if (verdict !== null) return refused(item.id, verdict);
      const result = made[allowed.indexOf(item)]!;
      if (!("refusal" in result)) return done(item.id, result.version);
      if (result.refusal === "NOT_FOUND") return refused(item.id, "NOT_FOUND");
      return refused(item.id, result.refusal.code, result.refusal.options?.detail ?? null);
    });
    return { outcomes };
  },
});

export const bulkDeleteTasks = tasks.command("POST /bulk/delete", {
  summary: "Delete many tasks and their subtasks",
  description: `At most ${BULK_TASKS_MAX}, also of several projects. Gives one outcome for each, in their order.`,
  isolation: "read committed",
  input: { ids: list(Task.fields.id, { max: BULK_TASKS_MAX }) },
  output: { outcomes: list(outcome) },
  async run(context) {
    const ids = context.input.ids.map((id) => id.toLowerCase());
    const verdicts = await lockProjectsOf(context, ids);
    const allowed = ids.filter((id) => verdicts.get(id) === null);
    if (allowed.length > 0) await deleteTasks(context, allowed);
    return { outcomes: ids.map((id) => (allowed.includes(id) ? done(id, null) : refused(id, verdicts.get(id)!))) };
  },
});

type Verdict = "NOT_FOUND" | "FORBIDDEN" | "PROJECT_ARCHIVED" | null;

interface Asking {
  readonly db: TasksDb;
  readonly actor: AccountActor;
}

/** Locks the projects of tasks, always in the same order, and says of each task why it cannot be changed. */
async function lockProjectsOf({ db, actor }: Asking, ids: readonly string[]): Promise<Map<string, Verdict>> {
  if (ids.length === 0) return new Map();
  const of = db.selectFrom("task").select(["id", "project"]).where("id", "in", ids);
  const projects = [...new Set((await of.execute()).map(({ project }) => project))];
  const locked = db.selectFrom("project").select("id").where("id", "in", projects).orderBy("id").forNoKeyUpdate();
  if (projects.length > 0) await locked.execute();
  const rows = await db
    .selectFrom("task")
    .innerJoin("project", "project.id", "task.project")
    .innerJoin("member", "member.project", "task.project")
    .select(["task.id", "project.archivedAt", "member.role"])
    .where("task.id", "in", ids)
    .where("member.account", "=", actor.id)
    .execute();
  const found = new Map(rows.map((row) => [row.id, row]));
  return new Map(ids.map((id) => [id, verdictOf(found.get(id))]));
}

function verdictOf(found: { role: "viewer" | "editor" | "owner"; archivedAt: Date | null } | undefined): Verdict {
  if (!found) return "NOT_FOUND";
  if (!mayAs(found.role, "editor")) return "FORBIDDEN";
  return found.archivedAt === null ? null : "PROJECT_ARCHIVED";
}
