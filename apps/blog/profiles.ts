/**
 * Profiles: what others see of a blogger, and whom one follows.
 */
import { type AccountActor, field, sql } from "lineshaft";
import { about } from "./errors.ts";
import { fillFeed } from "./feed-entries.ts";
import { type BlogDb, blog, followed, Profile } from "./model.ts";

/** A profile as the contract shows it; also the author of an article or a comment. */
export const shownProfile = {
  ...Profile.pick("username", "bio", "image"),
  following: field.boolean().describe("Whether the caller follows this profile; false for guests."),
};

export interface ShownProfile {
  readonly username: string;
  readonly bio: string | null;
  readonly image: string | null;
  readonly following: boolean;
}

/** Whether the viewer follows the account in a column; for the list of selections of a question. */
export function isFollowing(viewer: string | null, account: string) {
  if (viewer === null) return sql<boolean>`false`;
  return sql<boolean>`exists (
    select from "follow" where "follower" = ${viewer} and "followed" = ${sql.ref(account)}
  )`;
}

/** Shows what a question selected of a profile. */
export function showProfile({ username, bio, image, following }: ShownProfile): ShownProfile {
  return { username, bio, image, following };
}

/** What every question about profiles selects, the viewer's view included. */
export function selectProfiles(db: BlogDb, viewer: string | null) {
  return db
    .selectFrom("profile")
    .select(["profile.account", "profile.username", "profile.bio", "profile.image"])
    .select(isFollowing(viewer, "profile.account").as("following"));
}

/**
 * The name of a blogger who never chose one: the account was made elsewhere, in another app of this process. From the
 * random part of its id, so that nobody can take it first.
 */
export function givenName(account: string): string {
  return `user-${account.slice(-12)}`;
}

/** Makes sure that the actor has a profile, before something of theirs is written. */
export async function ensureProfile(db: BlogDb, actor: Pick<AccountActor, "id">): Promise<void> {
  const known = await db.selectFrom("profile").select("account").where("account", "=", actor.id).executeTakeFirst();
  if (known) return;
  await db
    .insertInto("profile")
    .values({ account: actor.id, username: givenName(actor.id), bio: null, image: null })
    .onConflict((conflict) => conflict.column("account").doNothing())
    .execute();
}

export const profile = blog.query("GET /profiles/:username", {
  summary: "Get a profile",
  actor: "anyone",
  input: { username: field.text() },
  output: { profile: shownProfile },
  async run({ input, actor, db, fail }) {
    const found = await selectProfiles(db, actor.id).where("username", "=", input.username).executeTakeFirst();
    return { profile: showProfile(found ?? fail("NOT_FOUND", about("profile"))) };
  },
});

/** Following is one row of one's own, and asking twice changes nothing: no need to be serialized with other writes. */
const FOLLOWING = { input: { username: field.text() }, output: { profile: shownProfile } } as const;

export const follow = blog.command("POST /profiles/:username/follow", {
  ...FOLLOWING,
  summary: "Follow a profile",
  isolation: "read committed",
  async run({ input, actor, db, emit, fail }) {
    await ensureProfile(db, actor);
    const found = await selectProfiles(db, actor.id).where("username", "=", input.username).executeTakeFirst();
    const target = found ?? fail("NOT_FOUND", about("profile"));
    const following = { follower: actor.id, followed: target.account };
    const { numInsertedOrUpdatedRows: added } = await db
      .insertInto("follow")
      .values(following)
      .onConflict((conflict) => conflict.columns(["follower", "followed"]).doNothing())
      .executeTakeFirstOrThrow();
    if (added === 1n) {
      await fillFeed(db, following);
      emit(followed, following);
    }
    return { profile: { ...showProfile(target), following: true } };
  },
});

export const unfollow = blog.command("DELETE /profiles/:username/follow", {
  ...FOLLOWING,
  summary: "Stop following a profile",
  isolation: "read committed",
  async run({ input, actor, db, fail }) {
    const found = await selectProfiles(db, actor.id).where("username", "=", input.username).executeTakeFirst();
    const target = found ?? fail("NOT_FOUND", about("profile"));
    await db.deleteFrom("follow").where("follower", "=", actor.id).where("followed", "=", target.account).execute();
    return { profile: { ...showProfile(target), following: false } };
  },
});
