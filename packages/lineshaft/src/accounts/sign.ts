/**
 * Signing up, in and out.
 *
 * Who tries passwords learns nothing of who has an account: an unknown address and a wrong password get the same answer
 * after the same statements and one hash. Sign-up does say that an address is taken, because it signs in at once; an
 * answer that hides it would have to make everybody wait for a mail. The limit per address makes asking slow.
 */
import type { Reply } from "../define/endpoint.ts";
import { field } from "../define/field.ts";
import { clearedCookie, sessionCookie } from "./cookie.ts";
import { EngineRefusal, type EngineRun, passwords, SESSION_SECONDS, withEngine } from "./engine.ts";
import { inTurn } from "./hashing.ts";
import { CONFIRM_DAYS, makeLink } from "./links.ts";
import { confirmLetter, sendAfterCommit } from "./mails.ts";
import { Account } from "./model.ts";
import { accounts } from "./service.ts";

/** Code points of a password. */
export const PASSWORD_CHARS_MIN = 8;
export const PASSWORD_CHARS_MAX = 128;
/** Sessions of one account; the oldest ends when there would be more. */
export const SESSIONS_MAX = 100;

/** A password that is being set. */
export const newPassword = field.text({ min: PASSWORD_CHARS_MIN, max: PASSWORD_CHARS_MAX }).hidden();
/** A password that is being checked. */
export const givenPassword = field.text({ min: 1, max: PASSWORD_CHARS_MAX }).hidden();

const signedIn = {
  account: Account,
  token: field.text().describe("Send it as `Authorization: Bearer …` where there is no cookie."),
};

/** Hashes before the transaction has begun, so that no connection waits for it. */
export async function hashed(password: string): Promise<string> {
  const { hash } = await passwords();
  return inTurn(() => hash(password));
}

export const signUp = accounts.command("POST /sign-up", {
  summary: "Make an account, and sign in",
  description: "Mails a link that confirms the address.",
  actor: "anyone",
  limit: { per: "address", rate: "60/minute" },
  isolation: "read committed",
  input: { ...Account.pick("email", "name"), password: newPassword },
  output: signedIn,
  status: 201,
  async run(context) {
    const { input, fail, reply } = context;
    const passwordHash = await hashed(input.password);
    const { value, sessionToken } = await withEngine(context, ({ api }) => api.signUpEmail({ body: input }), {
      passwordHash,
    }).catch((error): never => {
      if (!(error instanceof EngineRefusal)) throw error;
      if (error.code.startsWith("USER_ALREADY_EXISTS"))
        return fail("ALREADY_EXISTS", { errors: [problemOf("unique", "is taken")] });
      if (error.code !== "INVALID_EMAIL" && error.code !== "VALIDATION_ERROR") throw error;
      return fail("INVALID_INPUT", { errors: [problemOf("format", "is not an address that mail can reach")] });
    });
    const answer = await answerFor(context, value.user.id, sessionToken);
    const token = await makeLink(context, {
      purpose: "confirm-email",
      account: value.user.id,
      value: `${input.email} ${input.email}`,
    });
    if (token !== null) sendAfterCommit(reply, input.email, confirmLetter(token, CONFIRM_DAYS));
    return answer;
  },
});

function problemOf(rule: string, detail: string) {
  return { in: "body" as const, pointer: "/email", rule, detail };
}

export const signIn = accounts.command("POST /sign-in", {
  summary: "Sign in",
  description: "Gives a session token, and sets it as a cookie.",
  actor: "anyone",
  limit: { per: "address", rate: "60/minute" },
  isolation: "read committed",
  input: { ...Account.pick("email"), password: givenPassword },
  output: signedIn,
  errors: { INVALID_CREDENTIALS: { status: 401, title: "The e-mail address or the password is wrong" } },
  async run(context) {
    const { input, fail } = context;
    const refuse = (): never => fail("INVALID_CREDENTIALS", { headers: { "www-authenticate": "Bearer" } });
    const { value, sessionToken } = await inTurn(() =>
      withEngine(context, ({ api }) => api.signInEmail({ body: input })).catch(async (error): Promise<never> => {
        if (!(error instanceof EngineRefusal)) throw error;
        if (error.code === "INVALID_EMAIL_OR_PASSWORD") return refuse();
        if (error.code !== "INVALID_EMAIL" && error.code !== "VALIDATION_ERROR") throw error;
        // An address that the engine does not take has no account, and is as slow as any other.
        await (await passwords()).hash(input.password);
        return refuse();
      }),
    );
    await endOldSessions(context, value.user.id);
    return answerFor(context, value.user.id, sessionToken);
  },
});

export const signOut = accounts.command("POST /sign-out", {
  summary: "Sign out",
  description:
    "Ends the session that the call came with, and takes the cookie away. Without a session nothing happens.",
  actor: "anyone",
  isolation: "read committed",
  async run({ actor, db, reply, request }) {
    reply.header("set-cookie", clearedCookie(request.origin));
    if (actor.kind === "account") await db.deleteFrom("session").where("id", "=", actor.session).execute();
  },
});

type SignContext = EngineRun & { readonly reply: Reply };

/** The account and its new session, which the cookie gets, too. */
async function answerFor({ db, reply, request }: SignContext, id: string, token: string | null) {
  if (token === null) throw new Error("The accounts engine made no session.");
  reply.header("set-cookie", sessionCookie(token, request.origin, SESSION_SECONDS));
  return { account: await db.selectFrom("account").selectAll().where("id", "=", id).executeTakeFirstOrThrow(), token };
}

/** Clears away what has expired, and what is too much. */
async function endOldSessions({ db, now }: EngineRun, account: string): Promise<void> {
  const kept = db
    .selectFrom("session")
    .select("id")
    .where("account", "=", account)
    .where("expiresAt", ">", now)
    .orderBy("createdAt", "desc")
    .orderBy("id", "desc")
    .limit(SESSIONS_MAX);
  await db.deleteFrom("session").where("account", "=", account).where("id", "not in", kept).execute();
}
