/**
 * Blog: entities and service.
 *
 * The API is RealWorld's ("Conduit") under `/api`, so that its front ends work as they are: their failures have that
 * format (`errors.ts`), and what they send beyond the contract is ignored. So input must never be spread into a row:
 * keys that no schema names are still in it.
 *
 * An article is `draft`, `scheduled` or `published`, and everybody sees what is published. A scheduled one is published
 * by a command that runs at `publishAt` (`publishing.ts`). So no reader looks at the clock: answers are kept, and live
 * queries told, until an article changes. Only its author sees a hidden one.
 */
import { entity, field, service, type Transaction } from "lineshaft";
import { Account } from "lineshaft/accounts";
import { blogProblem } from "./errors.ts";

/** Characters of a user name; it stands in paths and on every line of a list. */
export const USERNAME_CHARS_MAX = 64;
/** Tags of one article. */
export const TAGS_MAX = 50;

/** At least one character that can be seen: what the contract calls "not blank". */
const VISIBLE = /\S/;

/** The blogger behind an account. Its key is the account's: the actor's id is all that writing an article needs. */
export class Profile extends entity(
  "profile",
  {
    account: field.ref(() => Account, { onDelete: "cascade" }),
    username: field.text({ max: USERNAME_CHARS_MAX, pattern: VISIBLE }).unique(),
    bio: field.text({ max: 5_000 }).optional(),
    image: field.text({ max: 2_048 }).optional(),
    createdAt: field.now(),
  },
  { primaryKey: ["account"] },
) {}

/**
 * Tags are an array of the article, not a table: they are written with their article and keep its order, a list needs
 * no join for them, and the `gin` index answers "which articles have this tag".
 *
 * Favourites are counted when they are asked for, not in a column here: a counter would make every favourite of a
 * popular article wait for the one before it, and would look like a change of the article (`updatedAt`).
 */
export class Article extends entity(
  "article",
  {
    id: field.id(),
    slug: field.text({ max: 120 }).unique(),
    title: field.text({ max: 300, pattern: VISIBLE }),
    description: field.text({ max: 2_000, pattern: VISIBLE }),
    body: field.text({ pattern: VISIBLE }),
    tagList: field.list(field.text({ max: 100 }), { max: TAGS_MAX }).default([]),
    author: field.ref(() => Profile, { onDelete: "cascade" }),
    status: field
      .enum("draft", "scheduled", "published")
      .default("published")
      .describe("Drafts and scheduled articles are visible to their author only."),
    publishAt: field.time().optional().describe("When it is or was published. Default: at once."),
    commentPolicy: field
      .enum("open", "moderated")
      .default("open")
      .describe("Where moderated, other people's comments wait until the author of the article approves them."),
    createdAt: field.now(),
    updatedAt: field.updated(),
  },
  {
    indexes: [
      { on: ["publishAt", "id"], where: `"status" = 'published'` },
      { on: ["publishAt"], where: `"status" = 'scheduled'` },
      { on: ["author", "publishAt", "id"] },
      { on: ["tagList"], using: "gin" },
      { search: ["title", "description", "body"] },
    ],
  },
) {}

/** What an author can ask for: with a `publishAt` to come, `published` makes it scheduled. */
export const wantedStatus = field.enum("draft", "published").describe("A draft is visible to its author only.");

export class Favorite extends entity(
  "favorite",
  {
    article: field.ref(() => Article, { onDelete: "cascade" }),
    account: field.ref(() => Profile, { onDelete: "cascade" }),
  },
  { primaryKey: ["article", "account"] },
) {}

export class Follow extends entity(
  "follow",
  {
    id: field.id(),
    follower: field.ref(() => Profile, { onDelete: "cascade" }),
    followed: field.ref(() => Profile, { onDelete: "cascade" }),
  },
  { unique: [["follower", "followed"]] },
) {}

/**
 * An article in the feed of a reader (`feed-entries.ts`). It hangs on the following, so it goes when that ends, also
 * when it is made at the same moment.
 */
export class FeedEntry extends entity(
  "feed_entry",
  {
    follow: field.ref(() => Follow, { onDelete: "cascade" }),
    article: field.ref(() => Article, { onDelete: "cascade" }),
  },
  { primaryKey: ["follow", "article"] },
) {}

export class Comment extends entity(
  "comment",
  {
    id: field.serial(),
    article: field.ref(() => Article, { onDelete: "cascade" }),
    author: field.ref(() => Profile, { onDelete: "cascade" }),
    body: field.text({ max: 20_000, pattern: VISIBLE }),
    status: field.enum("shown", "held").default("shown").describe("A held comment waits for the article's author."),
    createdAt: field.now(),
    updatedAt: field.updated(),
  },
  { indexes: [{ on: ["article", "id"] }] },
) {}

export const blog = service("blog", {
  description: "Articles, comments and their readers: the RealWorld API, with drafts, feeds and search.",
  entities: { Profile, Article, Favorite, Follow, FeedEntry, Comment },
  prefix: "/api",
  cors: { origins: "*" },
  unknownInput: "ignore",
  problem: blogProblem,
});

/** An article was not visible, and is. Its handlers look at the article as it is by then. */
export const published = blog.event(
  "published",
  { article: field.ref(() => Article), author: field.ref(() => Profile), at: field.time() },
  { key: "article", description: "An article has become visible to everybody." },
);

export const followed = blog.event(
  "followed",
  { follower: field.ref(() => Profile), followed: field.ref(() => Profile) },
  { key: "follower", description: "Somebody follows somebody." },
);

/** Kysely over the tables of the blog. */
export type BlogDb = Transaction<(typeof blog)["~tables"]>;
