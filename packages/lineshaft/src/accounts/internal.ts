/**
 * What only other services may do: these have no route, since an app serves what its modules export by name.
 */

import { withEngine } from "./engine.ts";
import { CONFIRM_DAYS, endLinks, makeLink } from "./links.ts";
import { confirmLetter, emailChangedLetter, passwordChangedLetter, sendAfterCommit } from "./mails.ts";
import { Account } from "./model.ts";
import { accounts } from "./service.ts";
import { hashed, newPassword } from "./sign.ts";

const setCredentials = accounts.command("POST /set-credentials", {
  summary: "Set e-mail address and password of the own account at once",
  isolation: "read committed",
  input: { email: Account.fields.email.optional(), password: newPassword.optional() },
  async run(context) {
    const { actor, db, input, reply } = context;
    if (input.password !== undefined) {
      const passwordHash = await hashed(input.password);
      await withEngine(context, async (engine) =>
        (await engine.$context).internalAdapter.updatePassword(actor.id, passwordHash),
      );
      await db.deleteFrom("session").where("account", "=", actor.id).where("id", "!=", actor.session).execute();
      await endLinks(context, actor.id);
      sendAfterCommit(reply, actor.email, passwordChangedLetter());
    }
    const { email } = input;
    if (email === undefined || email === actor.email) return;
    await db.updateTable("account").set({ email, emailVerified: false }).where("id", "=", actor.id).execute();
    await endLinks(context, actor.id);
    const token = await makeLink(context, { purpose: "confirm-email", account: actor.id, value: `${email} ${email}` });
    sendAfterCommit(reply, actor.email, emailChangedLetter());
    if (token !== null) sendAfterCommit(reply, email, confirmLetter(token, CONFIRM_DAYS));
  },
});

/**
 * Commands for other services, to be used with `call`. They have no route.
 *
 * - `setCredentials` `{ email?, password? }`: sets them for the caller's account without asking for the old password,
 *   as some front ends' contracts want it. A new address counts at once, unconfirmed; a new password ends all other
 *   sessions; the old address is told. The service that calls it answers for the caller having proved enough.
 */
export const internal = Object.freeze({ setCredentials });
