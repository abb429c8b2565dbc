/**
 * Writing: articles are created, changed and deleted by their authors.
 *
 * A slug follows the title while the article is a draft. Once published it stays, whatever the title becomes, because
 * links and feeds point to it. When it becomes visible is a matter of `publishing.ts`.
 */
import { field } from "lineshaft";
import { findArticle, shownArticle } from "./article-view.ts";
import { Article, type BlogDb, blog, wantedStatus } from "./model.ts";
import { ensureProfile } from "./profiles.ts";
import { announce, ownArticle, stateOf } from "./publishing.ts";
import { isReserved, slugOf, withSuffix } from "./slug.ts";

const bySlug = { slug: field.text() };
const output = { article: shownArticle };

export const createArticle = blog.command("POST /articles", {
  summary: "Write an article",
  input: {
    article: {
      ...Article.pick("title", "description", "body", "tagList", "commentPolicy"),
      status: wantedStatus.default("published"),
      publishAt: Article.fields.publishAt.nullable(),
    },
  },
  output,
  status: 201,
  // Constraints alone decide here. Serializable, articles of one title written at the same time would only get into
  // each other's way.
  isolation: "read committed",
  async run(context) {
    const { input, actor, db, now, reply } = context;
    await ensureProfile(db, actor);
    const { title, description, body, tagList, status, commentPolicy, publishAt = null } = input.article;
    const slug = await insertArticle(db, slugOf(title), {
      ...{ title, description, body, commentPolicy, tagList: cleanTags(tagList) },
      ...{ author: actor.id, createdAt: now, updatedAt: now },
      ...stateOf(status, publishAt, now),
    });
    reply.header("location", `/api/articles/${encodeURIComponent(slug)}`);
    const article = (await findArticle(db, slug, actor.id))!;
    await announce(context, null, article);
    return { article };
  },
});

export const updateArticle = blog.command("PUT /articles/:slug", {
  summary: "Change one's own article",
  description: "What is left out stays. `tagList: []` removes all tags; `publishAt: null` means at once.",
  input: {
    ...bySlug,
    article: {
      ...Article.partial("title", "description", "body", "tagList", "commentPolicy", "publishAt"),
      status: wantedStatus.optional(),
    },
  },
  output,
  async run(context) {
    const { input, db, now } = context;
    const old = await ownArticle(context, input.slug);
    const { title, description, body, tagList, commentPolicy } = input.article;
    const { status = old.status === "draft" ? "draft" : "published", publishAt = old.publishAt } = input.article;
    const renamed = old.status === "draft" && title !== undefined && title !== old.title;
    const slug = renamed ? await freeSlug(db, slugOf(title)) : old.slug;
    await db
      .updateTable("article")
      .set({ slug, title, description, body, commentPolicy, tagList: tagList && cleanTags(tagList) })
      .set(stateOf(status, publishAt, now))
      .where("id", "=", old.id)
      .execute();
    const article = (await findArticle(db, slug, old.authorId))!;
    await announce(context, old, article);
    return { article };
  },
});

export const deleteArticle = blog.command("DELETE /articles/:slug", {
  summary: "Delete one's own article, with its comments",
  input: bySlug,
  async run(context) {
    const old = await ownArticle(context, context.input.slug);
    await context.db.deleteFrom("article").where("id", "=", old.id).execute();
    await announce(context, old, null);
  },
});

/** An article as it is inserted, but for its slug. */
type NewArticle = Pick<Article, "title" | "description" | "body" | "tagList" | "commentPolicy"> &
  Pick<Article, "author" | "status" | "publishAt" | "createdAt" | "updatedAt">;

/** Inserts an article under this slug or, where it is taken, one with a suffix; gives the slug. */
async function insertArticle(db: BlogDb, slug: string, article: NewArticle): Promise<string> {
  if (!isReserved(slug)) {
    const { numInsertedOrUpdatedRows } = await db
      .insertInto("article")
      .values({ ...article, slug })
      .onConflict((conflict) => conflict.column("slug").doNothing())
      .executeTakeFirstOrThrow();
    if (numInsertedOrUpdatedRows === 1n) return slug;
  }
  const suffixed = withSuffix(slug);
  await db
    .insertInto("article")
    .values({ ...article, slug: suffixed })
    .execute();
  return suffixed;
}

async function freeSlug(db: BlogDb, slug: string): Promise<string> {
  if (isReserved(slug)) return withSuffix(slug);
  const other = await db.selectFrom("article").select("id").where("slug", "=", slug).executeTakeFirst();
  return other ? withSuffix(slug) : slug;
}

/** Tags as they are stored: without space around them, without blank ones, each once, in the order given. */
function cleanTags(tags: readonly string[]): string[] {
  return [...new Set(tags.map((tag) => tag.trim()))].filter((tag) => tag !== "");
}
