/** Projects: the lists of tasks that a team shares. Who makes one is its first owner. */
import { field, page, sql } from "lineshaft";
import { type Asking, lock, type Seen, see } from "./access.ts";
import { LIMIT_REACHED, limitOf } from "./errors.ts";
import { Member, PROJECTS_PER_ACCOUNT_MAX, Project, STATUSES, type Status, tasks } from "./model.ts";
import { pageOf, paging } from "./paging.ts";
import { record } from "./trail.ts";

export const byProject = { project: Project.fields.id };

const shownProject = {
  ...Project.pick("id", "name", "description", "archivedAt", "createdAt", "updatedAt"),
  role: Member.fields.role.describe("The caller's role."),
};

export const projects = tasks.query("GET /projects", {
  summary: "The caller's projects, by name",
  input: { archived: field.boolean().default(false).describe("Those in the archive instead."), ...paging },
  output: page(shownProject),
  async run({ input, actor, db, fail }) {
    const { archived, ...paged } = input;
    const mine = db
      .selectFrom("member")
      .innerJoin("project", "project.id", "member.project")
      .selectAll("project")
      .select("member.role")
      .where("member.account", "=", actor.id)
      .where("project.archivedAt", archived ? "is not" : "is", null);
    const sort = { by: sql.ref("project.name"), key: "name", kind: "text", direction: "asc" } as const;
    return pageOf(mine, { ...paged, question: ["projects", archived], id: "project.id", sort, fail });
  },
});

export const createProject = tasks.command("POST /projects", {
  summary: "Create a project, as its owner",
  isolation: "read committed",
  input: Project.pick("name", "description"),
  output: shownProject,
  status: 201,
  errors: LIMIT_REACHED,
  async run({ input, actor, db, emit, fail, reply }) {
    await roomForProject({ db, actor }, () =>
      fail("LIMIT_REACHED", limitOf("projects of one account", PROJECTS_PER_ACCOUNT_MAX)),
    );
    const project = await db.insertInto("project").values(input).returningAll().executeTakeFirstOrThrow();
    await db.insertInto("member").values({ project: project.id, account: actor.id, role: "owner" }).execute();
    record({ actor, emit }, { project: project.id, action: "project.created", changes: { name: project.name } });
    reply.header("location", `/tasks/projects/${project.id}`);
    return { ...project, role: "owner" as const };
  },
});

/** Refuses when an account is in as many projects as it may be. Two at once may both pass: this limit is not exact. */
export async function roomForProject({ db, actor }: Pick<Asking, "db" | "actor">, refuse: () => never): Promise<void> {
  const { count } = await db
    .selectFrom("member")
    .select(sql<number>`count(*)::int`.as("count"))
    .where("account", "=", actor.id)
    .executeTakeFirstOrThrow();
  if (count >= PROJECTS_PER_ACCOUNT_MAX) refuse();
}

export const project = tasks.query("GET /projects/:project", {
  summary: "One project",
  input: byProject,
  output: shownProject,
  run: (context) => see(context, context.input.project),
});

export const changeProject = tasks.command("PATCH /projects/:project", {
  summary: "Rename a project, describe it, put it into the archive or take it out",
  description: "For owners. Nothing in an archived project changes but this and its members.",
  isolation: "read committed",
  input: { ...byProject, ...Project.partial("name", "description"), archived: field.boolean().optional() },
  output: shownProject,
  async run(context) {
    const { db, now } = context;
    const { project: id, archived, ...texts } = context.input;
    const before = await lock(context, id, "owner");
    const archivedAt = archived === undefined ? before.archivedAt : archived ? (before.archivedAt ?? now) : null;
    const changes = changesOf(before, { ...texts, archivedAt });
    if (Object.keys(changes).length === 0) return before;
    const after = await db
      .updateTable("project")
      .set({ ...texts, archivedAt })
      .where("id", "=", id)
      .returningAll()
      .executeTakeFirstOrThrow();
    record(context, { project: id, action: "project.changed", changes });
    return { ...after, role: before.role };
  },
});

/** The values that differ from those before. */
export function changesOf<TRow extends object>(
  before: TRow,
  after: { readonly [K in keyof TRow]?: TRow[K] | undefined },
): Partial<TRow> {
  const changed = Object.entries(after).filter(
    ([key, value]) => value !== undefined && JSON.stringify(value) !== JSON.stringify(before[key as keyof TRow]),
  );
  return Object.fromEntries(changed) as Partial<TRow>;
}

export const deleteProject = tasks.command("DELETE /projects/:project", {
  summary: "Delete a project with everything in it",
  description: "For owners. Its trail goes with it.",
  isolation: "read committed",
  input: byProject,
  async run(context) {
    await lock(context, context.input.project, "owner");
    await context.db.deleteFrom("project").where("id", "=", context.input.project).execute();
  },
});

const count = field.integer();

export const counts = tasks.query("GET /projects/:project/counts", {
  summary: "How many tasks a project has in every status",
  input: byProject,
  output: { todo: count, doing: count, review: count, done: count, canceled: count, overdue: count, total: count },
  async run(context) {
    const { db, now } = context;
    const { id }: Seen = await see(context, context.input.project);
    const rows = await db
      .selectFrom("task")
      .select(["status", sql<number>`count(*)::int`.as("count")])
      .select(sql<number>`(count(*) filter (where "dueAt" <= ${now}))::int`.as("late"))
      .where("project", "=", id)
      .groupBy("status")
      .execute();
    const of = (status: Status) => rows.find((row) => row.status === status)?.count ?? 0;
    const open = rows.filter(({ status }) => status !== "done" && status !== "canceled");
    return {
      ...(Object.fromEntries(STATUSES.map((status) => [status, of(status)])) as Record<Status, number>),
      overdue: open.reduce((sum, { late }) => sum + late, 0),
      total: rows.reduce((sum, row) => sum + row.count, 0),
    };
  },
});
