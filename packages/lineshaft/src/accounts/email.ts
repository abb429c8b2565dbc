/**
 * The e-mail address of an account: confirming it, and changing it.
 *
 * A new address counts only when somebody has followed the link that was mailed there; until then the old one stays,
 * and is told afterwards. Asking for a change needs the password, or a sign-in within the last minutes: with a session
 * left open on a shared machine alone nobody takes an account over.
 */
import { CONFIRM_DAYS, endLinks, makeLink, useLink } from "./links.ts";
import { confirmLetter, emailChangedLetter, sendAfterCommit } from "./mails.ts";
import { Account } from "./model.ts";
import { isPassword, LINK_INVALID, linkToken, WRONG_PASSWORD } from "./password.ts";
import { accounts } from "./service.ts";
import { givenPassword } from "./sign.ts";

/** How long after a sign-in the address can be changed without the password. */
export const FRESH_MINUTES = 15;

const taken = { in: "body", pointer: "/email", rule: "unique", detail: "is taken" } as const;

export const changeEmail = accounts.command("POST /change-email", {
  summary: "Ask for another e-mail address",
  description:
    "Mails a link to the new address; the change happens when it is followed. " +
    `Without the password only within ${FRESH_MINUTES} minutes of the sign-in.`,
  limit: { per: "actor", rate: "20/minute" },
  isolation: "read committed",
  input: { ...Account.pick("email"), password: givenPassword.optional() },
  status: 202,
  errors: { WRONG_PASSWORD, PASSWORD_NEEDED: { status: 403, title: "Send the password, or sign in again" } },
  async run(context) {
    const { actor, db, fail, input, now, reply } = context;
    if (input.password !== undefined) {
      if (!(await isPassword(context, actor.id, input.password))) throw fail("WRONG_PASSWORD");
    } else {
      const session = db.selectFrom("session").select("createdAt").where("id", "=", actor.session);
      const { createdAt } = (await session.executeTakeFirst()) ?? fail("UNAUTHENTICATED");
      if (now.getTime() - createdAt.getTime() > FRESH_MINUTES * 60_000) throw fail("PASSWORD_NEEDED");
    }
    if (input.email === actor.email) return;
    const other = await db.selectFrom("account").select("id").where("email", "=", input.email).executeTakeFirst();
    if (other) throw fail("ALREADY_EXISTS", { errors: [taken] });
    const value = `${actor.email} ${input.email}`;
    const token = await makeLink(context, { purpose: "confirm-email", account: actor.id, value });
    if (token !== null) sendAfterCommit(reply, input.email, confirmLetter(token, CONFIRM_DAYS));
  },
});

export const sendVerification = accounts.command("POST /send-verification", {
  summary: "Mail the link that confirms the address again",
  description: "Nothing is mailed when the address is confirmed already.",
  limit: { per: "actor", rate: "20/minute" },
  isolation: "read committed",
  status: 202,
  async run(context) {
    const { actor, reply } = context;
    if (actor.emailVerified) return;
    const value = `${actor.email} ${actor.email}`;
    const token = await makeLink(context, { purpose: "confirm-email", account: actor.id, value });
    if (token !== null) sendAfterCommit(reply, actor.email, confirmLetter(token, CONFIRM_DAYS));
  },
});

export const verifyEmail = accounts.command("POST /verify-email", {
  summary: "Confirm an e-mail address with a mailed link",
  description: "Serves a new account and a changed address. The link works once.",
  actor: "anyone",
  limit: { per: "address", rate: "60/minute" },
  isolation: "read committed",
  input: { token: linkToken },
  errors: { LINK_INVALID },
  async run(context) {
    const { db, fail, input, reply } = context;
    const link = await useLink(context, "confirm-email", input.token);
    const [from = "", to = ""] = link?.value.split(" ", 2) ?? [];
    if (!link || link.account === null) throw fail("LINK_INVALID");
    // Only from the address that the account had when the link was made.
    const changed = await db
      .updateTable("account")
      .set({ email: to, emailVerified: true })
      .where("id", "=", link.account)
      .where("email", "=", from)
      .executeTakeFirstOrThrow();
    if (changed.numUpdatedRows === 0n) throw fail("LINK_INVALID");
    if (to === from) return;
    await endLinks(context, link.account);
    sendAfterCommit(reply, from, emailChangedLetter());
  },
});
