/**
 * Invitations: how somebody becomes a member who is known by e-mail address only.
 *
 * Whoever has confirmed that address sees the invitation, and accepts or declines it. So nobody learns who has an
 * account, nobody is added unasked, and signing up with somebody else's address opens nothing.
 */
import { list, sql, type ValueOf } from "lineshaft";
import { type Asking, lock, see } from "./access.ts";
import { LIMIT_REACHED, limitOf } from "./errors.ts";
import {
  INVITATIONS_PER_PROJECT_MAX,
  Invitation,
  MEMBERS_PER_PROJECT_MAX,
  PROJECTS_PER_ACCOUNT_MAX,
  Project,
  tasks,
} from "./model.ts";
import { byProject, roomForProject } from "./projects.ts";
import { record } from "./trail.ts";

const shownInvitation = Invitation.pick("id", "email", "role", "createdAt");
const byInvitation = { invitation: Invitation.fields.id };
/** Invitations that one address is shown at once. */
const INVITATIONS_SHOWN_MAX = 100;

const EMAIL_NOT_CONFIRMED = {
  EMAIL_NOT_CONFIRMED: { status: 403, title: "Confirm your e-mail address first: the invitation was sent there" },
} as const;

export const projectInvitations = tasks.query("GET /projects/:project/invitations", {
  summary: "Invitations of a project that nobody has answered yet",
  description: "For owners.",
  input: byProject,
  output: list(shownInvitation),
  async run(context) {
    const { db, fail, input } = context;
    const { id, role } = await see(context, input.project);
    if (role !== "owner") throw fail("FORBIDDEN");
    return db.selectFrom("invitation").selectAll().where("project", "=", id).orderBy("id").execute();
  },
});

export const invite = tasks.command("POST /projects/:project/invitations", {
  summary: "Invite somebody by e-mail address",
  description: "For owners. Inviting the same address again changes the role.",
  isolation: "read committed",
  input: { ...byProject, ...Invitation.pick("email", "role") },
  output: shownInvitation,
  status: 201,
  errors: LIMIT_REACHED,
  async run(context) {
    const { db, actor, fail } = context;
    const { project, email, role } = context.input;
    const { id } = await lock(context, project, "owner");
    const there = await db.selectFrom("invitation").select("email").where("project", "=", id).execute();
    const isNew = !there.some((each) => each.email === email);
    if (isNew && there.length >= INVITATIONS_PER_PROJECT_MAX) {
      throw fail("LIMIT_REACHED", limitOf("invitations", INVITATIONS_PER_PROJECT_MAX));
    }
    const invitation = await db
      .insertInto("invitation")
      .values({ project: id, email, role, invitedBy: actor.id })
      .onConflict((conflict) => conflict.columns(["project", "email"]).doUpdateSet({ role, invitedBy: actor.id }))
      .returningAll()
      .executeTakeFirstOrThrow();
    record(context, { project: id, action: "invitation.sent", changes: { email, role } });
    return invitation;
  },
});

export const withdrawInvitation = tasks.command("DELETE /projects/:project/invitations/:invitation", {
  summary: "Take an invitation back",
  description: "For owners.",
  isolation: "read committed",
  input: { ...byProject, ...byInvitation },
  async run(context) {
    const { db, fail, input } = context;
    const { id } = await lock(context, input.project, "owner");
    const deleted = db.deleteFrom("invitation").where("id", "=", input.invitation).where("project", "=", id);
    const { email } = (await deleted.returning("email").executeTakeFirst()) ?? fail("NOT_FOUND");
    record(context, { project: id, action: "invitation.withdrawn", changes: { email } });
  },
});

export const invitations = tasks.query("GET /invitations", {
  summary: "Invitations to the caller's e-mail address",
  description: "Empty until the address is confirmed.",
  output: list({ ...Invitation.pick("id", "role", "createdAt"), project: Project.pick("id", "name") }),
  async run({ actor, db }) {
    if (!actor.emailVerified) return [];
    return db
      .selectFrom("invitation")
      .innerJoin("project", "project.id", "invitation.project")
      .select(["invitation.id", "invitation.role", "invitation.createdAt"])
      .select(
        sql<Pick<Project, "id" | "name">>`json_build_object('id', "project"."id", 'name', "project"."name")`.as(
          "project",
        ),
      )
      .where("invitation.email", "=", actor.email)
      .orderBy("invitation.id")
      .limit(INVITATIONS_SHOWN_MAX)
      .execute();
  },
});

export const acceptInvitation = tasks.command("POST /invitations/:invitation/accept", {
  summary: "Become a member by an invitation",
  description: "Who is a member already keeps the role.",
  isolation: "read committed",
  input: byInvitation,
  output: { project: Project.fields.id, role: Invitation.fields.role },
  errors: { ...LIMIT_REACHED, ...EMAIL_NOT_CONFIRMED },
  async run(context) {
    const { db, actor, fail, input } = context;
    if (!actor.emailVerified) throw fail("EMAIL_NOT_CONFIRMED");
    const { project, role } = await answered(context, input);
    const there = await db.selectFrom("member").select(["account", "role"]).where("project", "=", project).execute();
    const before = there.find(({ account }) => account === actor.id);
    if (before) return { project, role: before.role };
    if (there.length >= MEMBERS_PER_PROJECT_MAX)
      throw fail("LIMIT_REACHED", limitOf("members", MEMBERS_PER_PROJECT_MAX));
    await roomForProject(context, () =>
      fail("LIMIT_REACHED", limitOf("projects of one account", PROJECTS_PER_ACCOUNT_MAX)),
    );
    await db.insertInto("member").values({ project, account: actor.id, role }).execute();
    record(context, { project, action: "member.added", changes: { account: actor.id, role } });
    return { project, role };
  },
});

export const declineInvitation = tasks.command("POST /invitations/:invitation/decline", {
  summary: "Decline an invitation",
  isolation: "read committed",
  input: byInvitation,
  errors: EMAIL_NOT_CONFIRMED,
  async run(context) {
    const { actor, fail, input } = context;
    if (!actor.emailVerified) throw fail("EMAIL_NOT_CONFIRMED");
    const { project } = await answered(context, input);
    record(context, { project, action: "invitation.declined", changes: { email: actor.email } });
  },
});

/** The invitation, if it is the caller's, with its project locked; it is used up by that. */
async function answered({ db, actor, fail }: Asking, { invitation }: ValueOf<typeof byInvitation>) {
  const mine = db
    .selectFrom("invitation")
    .select("project")
    .where("id", "=", invitation)
    .where("email", "=", actor.email);
  const { project } = (await mine.executeTakeFirst()) ?? fail("NOT_FOUND");
  await db.selectFrom("project").select("id").where("id", "=", project).forNoKeyUpdate().execute();
  const used = db.deleteFrom("invitation").where("id", "=", invitation).where("email", "=", actor.email);
  return (await used.returning(["project", "role"]).executeTakeFirst()) ?? fail("NOT_FOUND");
}
