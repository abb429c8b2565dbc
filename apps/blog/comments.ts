/**
 * Comments, and their moderation by the author of the article.
 *
 * States of a comment: `shown ⇄ held`. Where the article's `commentPolicy` is `moderated`, comments of others begin as
 * `held`. A held comment is visible to its writer and to the article's author, who may approve, hold or delete any.
 */
import { type Fail, field, list, sql } from "lineshaft";
import { findArticle } from "./article-view.ts";
import { about } from "./errors.ts";
import { type BlogDb, blog, Comment } from "./model.ts";
import { ensureProfile, isFollowing, selectProfiles, shownProfile, showProfile } from "./profiles.ts";

/** Comments of one answer; the contract knows no pages here, so this is also the default. */
export const COMMENTS_MAX = 500;

const bySlug = { slug: field.text() };
const byId = { ...bySlug, ...Comment.pick("id") };
const shownComment = { ...Comment.pick("id", "createdAt", "updatedAt", "body", "status"), author: shownProfile };

export const comments = blog.query("GET /articles/:slug/comments", {
  summary: "List the comments of an article, newest first",
  actor: "anyone",
  input: {
    ...bySlug,
    limit: field.integer({ min: 1, max: COMMENTS_MAX }).default(COMMENTS_MAX),
    offset: field.integer({ min: 0, max: 100_000 }).default(0),
  },
  output: { comments: list(shownComment) },
  async run({ input, actor, db, fail }) {
    const found = await findArticle(db, input.slug, actor.id);
    const article = found ?? fail("NOT_FOUND", about("article"));
    let all = commentsOf(db, actor.id).where("comment.article", "=", article.id);
    if (actor.id !== article.authorId) {
      const own = actor.id === null ? sql<boolean>`false` : sql<boolean>`"comment"."author" = ${actor.id}`;
      all = all.where(sql<boolean>`("comment"."status" = 'shown' or ${own})`);
    }
    const rows = await all.orderBy("comment.id", "desc").limit(input.limit).offset(input.offset).execute();
    return { comments: rows.map((row) => ({ ...row, author: showProfile(row) })) };
  },
});

export const addComment = blog.command("POST /articles/:slug/comments", {
  summary: "Comment on an article",
  input: { ...bySlug, comment: Comment.pick("body") },
  output: { comment: shownComment },
  status: 201,
  async run({ input, actor, db, fail }) {
    const found = await findArticle(db, input.slug, actor.id);
    const article = found ?? fail("NOT_FOUND", about("article"));
    await ensureProfile(db, actor);
    const held = article.commentPolicy === "moderated" && article.authorId !== actor.id;
    const comment = await db
      .insertInto("comment")
      .values({ article: article.id, author: actor.id, body: input.comment.body, status: held ? "held" : "shown" })
      .returningAll()
      .executeTakeFirstOrThrow();
    const author = await selectProfiles(db, actor.id).where("account", "=", actor.id).executeTakeFirstOrThrow();
    return { comment: { ...comment, author: showProfile(author) } };
  },
});

export const deleteComment = blog.command("DELETE /articles/:slug/comments/:id", {
  summary: "Delete one's own comment, or any under one's own article",
  input: byId,
  async run({ input, actor, db, fail }) {
    const { comment, article } = await findComment(db, input, { viewer: actor.id, fail });
    const allowed = comment.account === actor.id || article.authorId === actor.id;
    if (!allowed) throw fail("FORBIDDEN", about("comment"));
    await db.deleteFrom("comment").where("id", "=", comment.id).execute();
  },
});

export const approveComment = blog.command("POST /articles/:slug/comments/:id/approval", {
  summary: "Show a comment under one's own article to everybody",
  input: byId,
  output: { comment: shownComment },
  async run({ input, actor, db, fail }) {
    return moderate(db, input, { viewer: actor.id, fail, status: "shown" });
  },
});

export const holdComment = blog.command("DELETE /articles/:slug/comments/:id/approval", {
  summary: "Hide a comment under one's own article from everybody but its writer",
  input: byId,
  output: { comment: shownComment },
  async run({ input, actor, db, fail }) {
    return moderate(db, input, { viewer: actor.id, fail, status: "held" });
  },
});

interface Asking {
  readonly viewer: string;
  readonly fail: Fail<never>;
}

type CommentPath = { readonly slug: string; readonly id: number };

function commentsOf(db: BlogDb, viewer: string | null) {
  return db
    .selectFrom("comment")
    .innerJoin("profile", "profile.account", "comment.author")
    .select(["comment.id", "comment.body", "comment.status", "comment.createdAt", "comment.updatedAt"])
    .select(["profile.account", "profile.username", "profile.bio", "profile.image"])
    .select(isFollowing(viewer, "profile.account").as("following"));
}

/** A comment with its article, if the viewer may see both. */
async function findComment(db: BlogDb, { slug, id }: CommentPath, { viewer, fail }: Asking) {
  const article = (await findArticle(db, slug, viewer)) ?? fail("NOT_FOUND", about("article"));
  const found = await commentsOf(db, viewer)
    .where("comment.article", "=", article.id)
    .where("comment.id", "=", id)
    .executeTakeFirst();
  const comment = found ?? fail("NOT_FOUND", about("comment"));
  const visible = comment.status === "shown" || comment.account === viewer || article.authorId === viewer;
  if (!visible) throw fail("NOT_FOUND", about("comment"));
  return { article, comment };
}

async function moderate(db: BlogDb, path: CommentPath, asking: Asking & { readonly status: "shown" | "held" }) {
  const { article, comment } = await findComment(db, path, asking);
  if (article.authorId !== asking.viewer) throw asking.fail("FORBIDDEN", about("comment"));
  const { status } = asking;
  const { updatedAt } = await db
    .updateTable("comment")
    .set({ status })
    .where("id", "=", comment.id)
    .returning("updatedAt")
    .executeTakeFirstOrThrow();
  return { comment: { ...comment, status, updatedAt, author: showProfile(comment) } };
}
