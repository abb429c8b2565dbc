/**
 * Changing a password, and getting a new one when it is forgotten.
 *
 * `forgot-password` always answers alike: it asks and writes the same for an address that nobody has, and the mail
 * goes out after the answer. Whoever sets a password by a link has shown that the mailbox is theirs, so the
 * address counts as confirmed, and every session ends.
 */
import { field } from "../define/field.ts";
import { EngineRefusal, type EngineRun, passwords, withEngine } from "./engine.ts";
import { inTurn } from "./hashing.ts";
import { endLinks, makeLink, RESET_MINUTES } from "./links.ts";
import { passwordChangedLetter, resetLetter, sendAfterCommit } from "./mails.ts";
import { Account } from "./model.ts";
import { accounts } from "./service.ts";
import { givenPassword, hashed, newPassword } from "./sign.ts";

/** A token from a mailed link. */
export const linkToken = field.text({ min: 1, max: 200 }).hidden();

/** Codes that several endpoints share. */
export const WRONG_PASSWORD = { status: 403, title: "The password is wrong" } as const;
export const LINK_INVALID = { status: 410, title: "The link was used, or is not valid any more" } as const;

/** Whether this is the account's password. Takes a turn and one hash, also when it has none. */
export function isPassword(run: EngineRun, account: string, password: string): Promise<boolean> {
  return inTurn(async () => {
    const { hash, verify } = await passwords();
    const { value } = await withEngine(run, async (engine) => {
      const { internalAdapter } = await engine.$context;
      return internalAdapter.findCredentialAccount(account);
    });
    if (value?.password) return verify({ hash: value.password, password });
    await hash(password);
    return false;
  });
}

export const changePassword = accounts.command("POST /change-password", {
  summary: "Change the password",
  limit: { per: "actor", rate: "20/minute" },
  isolation: "read committed",
  input: {
    currentPassword: givenPassword,
    newPassword,
    signOutOthers: field.boolean().default(false).describe("Whether all other sessions end."),
  },
  errors: { WRONG_PASSWORD },
  async run(context) {
    const { actor, db, input, fail, reply } = context;
    if (!(await isPassword(context, actor.id, input.currentPassword))) throw fail("WRONG_PASSWORD");
    const passwordHash = await hashed(input.newPassword);
    await withEngine(context, async (engine) =>
      (await engine.$context).internalAdapter.updatePassword(actor.id, passwordHash),
    );
    await endLinks(context, actor.id);
    if (input.signOutOthers) {
      await db.deleteFrom("session").where("account", "=", actor.id).where("id", "!=", actor.session).execute();
    }
    sendAfterCommit(reply, actor.email, passwordChangedLetter());
  },
});

export const forgotPassword = accounts.command("POST /forgot-password", {
  summary: "Ask for a link to a new password",
  description: "Always answers alike. A mail goes out only if the address has an account.",
  actor: "anyone",
  limit: { per: "address", rate: "30/minute" },
  isolation: "read committed",
  input: Account.pick("email"),
  status: 202,
  async run(context) {
    const { db, input, reply } = context;
    const known = await db.selectFrom("account").select("id").where("email", "=", input.email).executeTakeFirst();
    const account = known?.id ?? null;
    const token = await makeLink(context, {
      purpose: "reset-password",
      account,
      value: account ?? crypto.randomUUID(),
    });
    if (known && token !== null) sendAfterCommit(reply, input.email, resetLetter(token, RESET_MINUTES));
  },
});

export const resetPassword = accounts.command("POST /reset-password", {
  summary: "Set a new password with a mailed link",
  description: "Ends all sessions of the account. The link works once.",
  actor: "anyone",
  limit: { per: "address", rate: "30/minute" },
  isolation: "read committed",
  input: { token: linkToken, newPassword },
  errors: { LINK_INVALID },
  async run(context) {
    const { db, input, fail, reply } = context;
    const passwordHash = await hashed(input.newPassword);
    const { account } = await withEngine(context, ({ api }) => api.resetPassword({ body: input }), {
      passwordHash,
    }).catch((error): never => {
      if (error instanceof EngineRefusal && ["INVALID_TOKEN", "USER_NOT_FOUND"].includes(error.code))
        return fail("LINK_INVALID");
      throw error;
    });
    if (account === null) throw new Error("The accounts engine set no password.");
    const changed = db.updateTable("account").set({ emailVerified: true }).where("id", "=", account).returning("email");
    const { email } = await changed.executeTakeFirstOrThrow();
    await endLinks(context, account);
    sendAfterCommit(reply, email, passwordChangedLetter());
  },
});
