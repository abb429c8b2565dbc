/** The sessions of the own account: where somebody is signed in, and how to end it there. */
import { field } from "../define/field.ts";
import { list } from "../define/shape.ts";
import { clearedCookie } from "./cookie.ts";
import { Session } from "./model.ts";
import { accounts } from "./service.ts";

export const sessions = accounts.query("GET /sessions", {
  summary: "Where the account is signed in, newest first",
  output: list({
    ...Session.pick("id", "createdAt", "expiresAt", "address", "agent"),
    current: field.boolean().describe("Whether it is the session that asks."),
  }),
  async run({ actor, db, now }) {
    const rows = await db
      .selectFrom("session")
      .select(["id", "createdAt", "expiresAt", "address", "agent"])
      .where("account", "=", actor.id)
      .where("expiresAt", ">", now)
      .orderBy("createdAt", "desc")
      .orderBy("id", "desc")
      .execute();
    return rows.map((row) => ({ ...row, current: row.id === actor.session }));
  },
});

export const endSession = accounts.command("DELETE /sessions/:id", {
  summary: "End a session",
  isolation: "read committed",
  input: Session.pick("id"),
  async run({ actor, db, fail, input, reply, request }) {
    const ended = db.deleteFrom("session").where("id", "=", input.id).where("account", "=", actor.id);
    if ((await ended.executeTakeFirstOrThrow()).numDeletedRows === 0n) throw fail("NOT_FOUND");
    if (input.id === actor.session) reply.header("set-cookie", clearedCookie(request.origin));
  },
});

export const endOtherSessions = accounts.command("DELETE /sessions", {
  summary: "End all other sessions",
  isolation: "read committed",
  async run({ actor, db }) {
    await db.deleteFrom("session").where("account", "=", actor.id).where("id", "!=", actor.session).execute();
  },
});
