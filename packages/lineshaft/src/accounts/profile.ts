/** What somebody sees and changes of the own account. */
import { Account } from "./model.ts";
import { accounts } from "./service.ts";

export const me = accounts.query("GET /me", {
  summary: "The own account",
  output: Account,
  run: async ({ actor, db, fail }) =>
    (await db.selectFrom("account").selectAll().where("id", "=", actor.id).executeTakeFirst()) ??
    fail("UNAUTHENTICATED"),
});

export const changeMe = accounts.command("PATCH /me", {
  summary: "Change name or picture",
  isolation: "read committed",
  input: Account.partial("name", "image"),
  output: Account,
  run: async ({ actor, db, fail, input }) =>
    (await db.updateTable("account").set(input).where("id", "=", actor.id).returningAll().executeTakeFirst()) ??
    fail("UNAUTHENTICATED"),
});
