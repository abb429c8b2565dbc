/**
 * What articles look like to somebody: the questions that all lists share, and the shapes of their answers.
 *
 * A list is two statements, whatever its length: one page, each row with its author and counts, and the number of all.
 */
import { field, list, type ResultOf, type rank, type SelectQueryBuilder, sql } from "lineshaft";
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
export type Articles = SelectQueryBuilder<BlogTables, "article", object>;
type BlogTables = (typeof blog)["~tables"];
type ArticleList = ResultOf<typeof shownArticles>;

/** Only what everybody may see. */
export function visible(articles: Articles): Articles {
  return articles.where("article.status", "=", "published");
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

export interface ArticlePage {
  readonly viewer: string | null;
  readonly limit: number;
  readonly offset: number;
  /** Goes before the date: the highest first. */
  readonly rank?: ReturnType<typeof rank>;
}

/** A page of a list and the number of articles on all pages, the newest first. */
export async function articlePage(db: BlogDb, articles: Articles, page: ArticlePage): Promise<ArticleList> {
  const [shown, articlesCount] = await Promise.all([articlesOf(db, articles, page), countOf(db, articles)]);
  return { articles: shown, articlesCount };
}

/**
 * The articles of one page. Which ones they are is found first, from an index alone where there is no rank: so what is
 * skipped costs neither joins nor counts.
 */
export async function articlesOf(db: BlogDb, articles: Articles, { viewer, limit, offset, rank }: ArticlePage) {
  const matching = articles.select("article.id");
  const ids = newestFirst(rank ? matching.orderBy(rank, "desc") : matching)
    .limit(limit)
    .offset(offset);
  const wanted = withAuthor(db.selectFrom("article").where("article.id", "in", ids), viewer);
  const rows = await newestFirst(rank ? wanted.orderBy(rank, "desc") : wanted).execute();
  return rows.map(showArticle);
}

/** How many articles a question finds, up to its limit. */
export async function countOf(db: BlogDb, articles: Articles): Promise<number> {
  const found = articles.select("article.id").as("found");
  const counted = db.selectFrom(found).select(sql<number>`count(*)::int`.as("count"));
  return (await counted.executeTakeFirstOrThrow()).count;
}

/** The one order of all lists; the id decides between articles of one instant. */
function newestFirst<TRow>(articles: SelectQueryBuilder<BlogTables, "article", TRow>): typeof articles {
  return articles.orderBy("article.publishAt", "desc").orderBy("article.id", "desc");
}

/** An article by its slug if the viewer may see it: it is visible to all, or it is their own. */
export async function findArticle(db: BlogDb, slug: string, viewer: string | null) {
  const row = await withAuthor(db.selectFrom("article").where("article.slug", "=", slug), viewer)
    .select("article.body")
    .executeTakeFirst();
  if (!row || (row.account !== viewer && row.status !== "published")) return undefined;
  return { ...showArticle(row), authorId: row.account };
}
