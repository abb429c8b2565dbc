/**
 * What articles look like to somebody: the questions that all lists share, and the shapes of their answers.
 *
 * A list is two statements, whatever its length: one page, each row with its author and counts, and the number of all.
 */
import { field, list, type ResultOf, type SelectQueryBuilder, sql } from "lineshaft";
import { Article, type BlogDb, type blog } from "./model.ts";
import { isFollowing, type ShownProfile, shownProfile, showProfile } from "./profiles.ts";

/** Articles of one page, when the caller does not say. */
export const PAGE_ARTICLES = 20;
/** Articles that one page may have. */
export const PAGE_ARTICLES_MAX = 100;
/** Articles that may be skipped: the database has to walk over them. */
export const OFFSET_MAX = 100_000;

const listed = {
  ...Article.pick("slug", "title", "description", "tagList", "createdAt", "updatedAt"),
  favorited: field.boolean(),
  favoritesCount: field.integer(),
  author: shownProfile,
  ...Article.pick("status", "publishAt", "commentPolicy"),
};

/** One article. */
export const shownArticle = { ...listed, body: Article.fields.body };
/** A list of articles: without their bodies. */
export const shownArticles = {
  articles: list(listed),
  articlesCount: field.integer().describe("How many there are on all pages."),
};
/** The page of a list. */
export const paging = {
  limit: field.integer({ min: 1, max: PAGE_ARTICLES_MAX }).default(PAGE_ARTICLES),
  offset: field.integer({ min: 0, max: OFFSET_MAX }).default(0),
};

/** A question about articles before it says what it selects. */
export type Articles = SelectQueryBuilder<(typeof blog)["~tables"], "article", object>;

/** Only what everybody may see at an instant. */
export function publishedAt(articles: Articles, now: Date): Articles {
  return articles.where("article.status", "=", "published").where("article.publishAt", "<=", now);
}

/** Whether an article is more than its author may see at an instant. */
export function isPublished(article: { status: string; publishAt: Date | null }, now: Date): boolean {
  return article.status === "published" && article.publishAt !== null && article.publishAt <= now;
}

/** Selects what a list shows, as the viewer sees it. Subqueries are worked out for the rows of the page only. */
export function withAuthor(articles: Articles, viewer: string | null) {
  return articles
    .innerJoin("profile", "profile.account", "article.author")
    .select(["article.id", "article.slug", "article.title", "article.description", "article.tagList"])
    .select(["article.status", "article.publishAt", "article.commentPolicy", "article.createdAt", "article.updatedAt"])
    .select(["profile.account", "profile.username", "profile.bio", "profile.image"])
    .select([
      isFollowing(viewer, "profile.account").as("following"),
      isFavorite(viewer).as("favorited"),
      sql<number>`(select count(*)::int from "favorite" where "article" = "article"."id")`.as("favoritesCount"),
    ]);
}

function isFavorite(viewer: string | null) {
  if (viewer === null) return sql<boolean>`false`;
  return sql<boolean>`exists (
    select from "favorite" where "favorite"."article" = "article"."id" and "favorite"."account" = ${viewer}
  )`;
}

/** Shows a row as the contract wants it: the author as an object of its own. */
export function showArticle<TRow extends ShownProfile>(row: TRow): TRow & { readonly author: ShownProfile } {
  return { ...row, author: showProfile(row) };
}

/** A page of a list, newest first; `byRank` puts the best matches of a search before that. */
export async function articlePage(
  articles: Articles,
  viewer: string | null,
  page: { readonly limit: number; readonly offset: number; readonly byRank?: ReturnType<typeof sql<number>> },
): Promise<ResultOf<typeof shownArticles>> {
  const selected = withAuthor(articles, viewer);
  const ranked = page.byRank ? selected.orderBy(page.byRank, "desc") : selected;
  const ordered = ranked.orderBy("article.publishAt", "desc").orderBy("article.id", "desc");
  const [rows, { count }] = await Promise.all([
    ordered.limit(page.limit).offset(page.offset).execute(),
    articles.select(sql<number>`count(*)::int`.as("count")).executeTakeFirstOrThrow(),
  ]);
  return { articles: rows.map(showArticle), articlesCount: count };
}

/** An article by its slug if the viewer may see it: it is visible to all, or it is their own. */
export async function findArticle(db: BlogDb, slug: string, { viewer, now }: { viewer: string | null; now: Date }) {
  const row = await withAuthor(db.selectFrom("article").where("article.slug", "=", slug), viewer)
    .select("article.body")
    .executeTakeFirst();
  if (!row || (row.account !== viewer && !isPublished(row, now))) return undefined;
  return { ...showArticle(row), authorId: row.account };
}
