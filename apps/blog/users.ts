/**
 * Users: the contract's view of one's own account. Addresses, passwords and sessions are the accounts service's; the
 * profile is ours. Both are written in one transaction.
 *
 * No statement goes before a call that hashes a password: it waits for its turn, and no database connection shall wait
 * with it. So nothing is looked up to see whether a user name is free; the constraint alone decides, also in a race.
 */
import { type Fail, field, type RequestFacts } from "lineshaft";
import * as accounts from "lineshaft/accounts";
import { wrong } from "./errors.ts";
import { type BlogDb, blog, Profile } from "./model.ts";
import { ensureProfile, givenName } from "./profiles.ts";

const PASSWORD_CHARS_MIN = 8;
const PASSWORD_CHARS_MAX = 128;

/** Not `field.email()`, which could not tell a blank one from a wrong one: the accounts service looks closer. */
const email = field.text({ max: 254, pattern: /\S/ });
const password = field.text({ min: PASSWORD_CHARS_MIN, max: PASSWORD_CHARS_MAX, pattern: /\S/ }).hidden();

const shownUser = {
  user: {
    email: field.email(),
    token: field.text().describe("Goes into the header `Authorization: Token …`."),
    ...Profile.pick("username", "bio", "image"),
  },
};

/** Signing up and in, by one address: enough for an office or a test suite, too few to guess a password. */
const TRIES = { per: "address", rate: "120/minute" } as const;

export const register = blog.command("POST /users", {
  summary: "Sign up",
  actor: "anyone",
  limit: TRIES,
  input: { user: { username: Profile.fields.username, email, password } },
  output: shownUser,
  status: 201,
  isolation: "read committed",
  async run({ input, db, call, fail }) {
    const { email, password } = input.user;
    const username = cleanUsername(input.user.username, fail);
    const { account, token } = await call(accounts.signUp, { email, password, name: username });
    const none = { bio: null, image: null };
    await db
      .insertInto("profile")
      .values({ account: account.id, username, ...none })
      .execute();
    return { user: { email: account.email, token, username, ...none } };
  },
});

export const login = blog.command("POST /users/login", {
  summary: "Sign in",
  actor: "anyone",
  limit: TRIES,
  input: { user: { email, password: field.text({ max: PASSWORD_CHARS_MAX, pattern: /\S/ }).hidden() } },
  output: shownUser,
  isolation: "read committed",
  async run({ input, db, call }) {
    const { email, password } = input.user;
    const { account, token } = await call(accounts.signIn, { email, password });
    await ensureProfile(db, account);
    return { user: { email: account.email, token, ...(await ownProfile(db, account.id)) } };
  },
});

export const currentUser = blog.query("GET /user", {
  summary: "Get one's own user",
  output: shownUser,
  async run({ actor, db, request, fail }) {
    const token = tokenOf(request, fail);
    return { user: { email: actor.email, token, ...(await ownProfile(db, actor.id)) } };
  },
});

export const updateUser = blog.command("PUT /user", {
  summary: "Change one's own user",
  description: "What is left out stays. A blank or null `bio` or `image` removes it.",
  input: {
    user: {
      username: Profile.fields.username.optional(),
      email: email.optional(),
      password: password.optional(),
      ...Profile.partial("bio", "image"),
    },
  },
  output: shownUser,
  isolation: "read committed",
  async run({ input, actor, db, call, request, fail }) {
    const token = tokenOf(request, fail);
    const { username, email, password, bio, image } = input.user;
    const name = username === undefined ? undefined : cleanUsername(username, fail);
    await call(accounts.internal.setCredentials, { email, password });
    await ensureProfile(db, actor);
    const changes = { username: name, bio: bio === "" ? null : bio, image: image === "" ? null : image };
    const changed = await db
      .updateTable("profile")
      .set(changes)
      .where("account", "=", actor.id)
      .returning(["username", "bio", "image"])
      .executeTakeFirstOrThrow();
    return { user: { email: email?.toLowerCase() ?? actor.email, token, ...changed } };
  },
});

/** One's own profile; that of an account which never used the blog has its given name. */
async function ownProfile(db: BlogDb, account: string): Promise<Pick<Profile, "username" | "bio" | "image">> {
  const own = await db
    .selectFrom("profile")
    .select(["username", "bio", "image"])
    .where("account", "=", account)
    .executeTakeFirst();
  return own ?? { username: givenName(account), bio: null, image: null };
}

/** The token that the request came with: the contract gives it back in every answer about oneself. */
function tokenOf({ headers }: RequestFacts, fail: Fail<never>): string {
  const { authorization } = headers;
  const token = typeof authorization === "string" ? /^(?:token|bearer) +(\S+) *$/i.exec(authorization)?.[1] : undefined;
  return token ?? fail("UNAUTHENTICATED", { facts: { credentials: "missing" } });
}

/** A user name stands in paths, and front ends put it there as it is. */
function cleanUsername(text: string, fail: Fail<never>): string {
  const username = text.trim().normalize("NFC");
  if (/[\p{C}/\\?#%]/u.test(username) || username === "." || username === "..") {
    throw fail("INVALID_INPUT", wrong("username", "may not hold control characters or any of / \\ ? # %"));
  }
  return username;
}
