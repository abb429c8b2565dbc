/**
 * Access: the one place that decides what somebody may do in a project.
 *
 * Who is no member is told that there is no such project. Whose role is too low is told `FORBIDDEN`. Commands lock the
 * project's row first, so what they read after that stays true until they commit (see `model.ts`).
 */
import type { AccountActor, Fail } from "lineshaft";
import { type Project, ROLES, type Role, type TasksDb } from "./model.ts";

/** A project as somebody sees it. */
export type Seen = Project & { readonly role: Role };

/** What of a call's context is needed to look into a project. */
export interface Asking {
  readonly db: TasksDb;
  readonly actor: AccountActor;
  readonly fail: Fail<never>;
}

/** The same, for a command that changes what is in it. */
export interface Writing extends Asking {
  readonly fail: Fail<"PROJECT_ARCHIVED">;
}

/** Whether a role is enough. */
export function mayAs(role: Role, need: Role): boolean {
  return ROLES.indexOf(role) >= ROLES.indexOf(need);
}

/** The project, for a query of a member. */
export async function see(asking: Asking, project: string): Promise<Seen> {
  return (await membership(asking, project).executeTakeFirst()) ?? asking.fail("NOT_FOUND");
}

/** The project, locked, for a command that may also change an archived one. */
export async function lock(asking: Asking, project: string, need: Role): Promise<Seen> {
  // Sent together, run one after the other: the second reads what was committed before the first had its lock.
  const [, found] = await Promise.all([
    asking.db.selectFrom("project").select("id").where("id", "=", project).forNoKeyUpdate().execute(),
    membership(asking, project).executeTakeFirst(),
  ]);
  const seen = found ?? asking.fail("NOT_FOUND");
  if (!mayAs(seen.role, need)) throw asking.fail("FORBIDDEN", `This takes the role ${need}; yours is ${seen.role}.`);
  return seen;
}

/** The project, locked, for a command that changes what is in it. */
export async function enter(asking: Writing, project: string, need: Role): Promise<Seen> {
  const seen = await lock(asking, project, need);
  if (seen.archivedAt !== null) throw asking.fail("PROJECT_ARCHIVED", "An owner can take it out of the archive.");
  return seen;
}

function membership({ db, actor }: Asking, project: string) {
  return db
    .selectFrom("member")
    .innerJoin("project", "project.id", "member.project")
    .selectAll("project")
    .select("member.role")
    .where("member.project", "=", project)
    .where("member.account", "=", actor.id);
}
