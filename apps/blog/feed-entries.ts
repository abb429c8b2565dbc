/**
 * Feed entries: the articles of those whom a reader follows. They are read in `articles.ts`.
 *
 * A feed is made when something happens, not when it is read: `published` puts an article into the feeds of all
 * followers, `followed` puts all articles of an author into the feed of one. Whichever of the two commits last, its
 * handler sees the other; an entry is unique, so both may do the same. What a feed shows is visible articles only, and
 * entries go with their article and their following, in the same transaction.
 */
import { type BlogDb, blog, followed, published } from "./model.ts";

/** One statement reaches all followers of an author, however many: time for a million of them. */
const TIMEOUT_SECONDS = 300;

/** Adds the entries that are missing, of one article or of one who follows another. */
export async function fillFeed(
  db: BlogDb,
  of: { readonly article: string } | { readonly follower: string; readonly followed: string },
): Promise<void> {
  const all = db
    .selectFrom("follow")
    .innerJoin("article", "article.author", "follow.followed")
    .select(["follow.id as follow", "article.id as article"])
    .where("article.status", "=", "published");
  const missing =
    "article" in of
      ? all.where("article.id", "=", of.article)
      : all.where("follow.follower", "=", of.follower).where("follow.followed", "=", of.followed);
  await db
    .insertInto("feed_entry")
    .columns(["follow", "article"])
    .expression(missing)
    .onConflict((conflict) => conflict.columns(["follow", "article"]).doNothing())
    .execute();
}

const FILLING = { isolation: "read committed", timeoutSeconds: TIMEOUT_SECONDS } as const;

blog.on(published, "feeds_of_followers", FILLING, ({ event, db }) => fillFeed(db, { article: event.payload.article }));

// The command has done so for what was there. This is for what was being published at the same moment.
blog.on(followed, "feed_of_follower", FILLING, ({ event, db }) => fillFeed(db, event.payload));
