/** Members of a project and their roles. Owners change them; everybody may leave; one owner always stays. */
import { field, list, sql } from "lineshaft";
import { lock, see } from "./access.ts";
import { LIMIT_REACHED, limitOf, wrong } from "./errors.ts";
import { MEMBERS_PER_PROJECT_MAX, Member, type TasksDb, tasks } from "./model.ts";
import { isAccount, NAME, shownPerson } from "./people.ts";
import { byProject } from "./projects.ts";
import { record } from "./trail.ts";

const byMember = { ...byProject, account: Member.fields.account };
const shownMember = {
  account: Member.fields.account,
  name: shownPerson.name,
  email: field.email(),
  ...Member.pick("role", "createdAt"),
};

const LAST_OWNER = {
  LAST_OWNER: { status: 409, title: "A project keeps at least one owner: make another member owner first" },
} as const;

function selectMembers(db: TasksDb, project: string) {
  return db
    .withTables<{ "accounts.account": { id: string; email: string } }>()
    .selectFrom("member")
    .innerJoin("accounts.account as account", "account.id", "member.account")
    .select(["member.account", "account.email", "member.role", "member.createdAt"])
    .select(NAME.as("name"))
    .where("member.project", "=", project);
}

export const members = tasks.query("GET /projects/:project/members", {
  summary: "The members of a project, the oldest first",
  input: byProject,
  output: list(shownMember),
  async run(context) {
    const { id } = await see(context, context.input.project);
    return selectMembers(context.db, id).orderBy("member.createdAt").orderBy("member.account").execute();
  },
});

export const addMember = tasks.command("POST /projects/:project/members", {
  summary: "Make an account a member",
  description: "For owners, by the id of the account. Who is known by e-mail address only is invited.",
  isolation: "read committed",
  input: { ...byMember, role: Member.fields.role },
  output: shownMember,
  status: 201,
  errors: { ...LIMIT_REACHED, ALREADY_MEMBER: { status: 409, title: "The account is a member already" } },
  async run(context) {
    const { db, fail, input } = context;
    const { id } = await lock(context, input.project, "owner");
    if (!(await isAccount(db, input.account))) throw fail("INVALID_INPUT", wrong("/account", "is no account"));
    const there = await db.selectFrom("member").select("account").where("project", "=", id).execute();
    if (there.some(({ account }) => account === input.account.toLowerCase())) throw fail("ALREADY_MEMBER");
    if (there.length >= MEMBERS_PER_PROJECT_MAX)
      throw fail("LIMIT_REACHED", limitOf("members", MEMBERS_PER_PROJECT_MAX));
    await db.insertInto("member").values({ project: id, account: input.account, role: input.role }).execute();
    record(context, {
      project: id,
      action: "member.added",
      changes: { account: input.account, role: input.role },
    });
    return oneMember(db, id, input.account);
  },
});

async function oneMember(db: TasksDb, project: string, account: string) {
  return selectMembers(db, project).where("member.account", "=", account).executeTakeFirstOrThrow();
}

export const changeMember = tasks.command("PATCH /projects/:project/members/:account", {
  summary: "Change the role of a member",
  description: "For owners.",
  isolation: "read committed",
  input: { ...byMember, role: Member.fields.role },
  output: shownMember,
  errors: LAST_OWNER,
  async run(context) {
    const { db, fail, input } = context;
    const { id } = await lock(context, input.project, "owner");
    const before = await roleOf(db, id, input.account);
    if (before === undefined) throw fail("NOT_FOUND");
    if (before === "owner" && input.role !== "owner" && (await ownerCount(db, id)) === 1) throw fail("LAST_OWNER");
    if (before !== input.role) {
      const member = db.updateTable("member").set({ role: input.role });
      await member.where("project", "=", id).where("account", "=", input.account).execute();
      const changes = { account: input.account, role: input.role };
      record(context, { project: id, action: "member.changed", changes });
    }
    return oneMember(db, id, input.account);
  },
});

export const removeMember = tasks.command("DELETE /projects/:project/members/:account", {
  summary: "Leave a project, or take somebody out of it",
  description: "Everybody may leave; owners may take out others. What was assigned to them is assigned to nobody.",
  isolation: "read committed",
  input: byMember,
  errors: LAST_OWNER,
  async run(context) {
    const { db, actor, fail, input } = context;
    const leaves = input.account.toLowerCase() === actor.id;
    const { id } = await lock(context, input.project, leaves ? "viewer" : "owner");
    const role = await roleOf(db, id, input.account);
    if (role === undefined) throw fail("NOT_FOUND");
    if (role === "owner" && (await ownerCount(db, id)) === 1) throw fail("LAST_OWNER");
    await db.deleteFrom("member").where("project", "=", id).where("account", "=", input.account).execute();
    const theirs = db.updateTable("task").set({ assignee: null, version: sql`"version" + 1` });
    await theirs.where("project", "=", id).where("assignee", "=", input.account).execute();
    record(context, { project: id, action: "member.removed", changes: { account: input.account } });
  },
});

async function roleOf(db: TasksDb, project: string, account: string) {
  const member = db.selectFrom("member").select("role").where("project", "=", project).where("account", "=", account);
  return (await member.executeTakeFirst())?.role;
}

async function ownerCount(db: TasksDb, project: string): Promise<number> {
  const owners = db.selectFrom("member").select("account").where("project", "=", project).where("role", "=", "owner");
  return (await owners.limit(2).execute()).length;
}
