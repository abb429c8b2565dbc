/**
 * Articles: lists, search, tags, and one by its slug. They are written in `writing.ts`, and
 * published in `publishing.ts`.
 */
import { field, list, matches, rank, sql } from "lineshaft";
import {
  type Articles,
  articlePage,
  articlesOf,
  countOf,
  findArticle,
  paging,
  shownArticle,
  shownArticles,
  visible,
} from "./article-view.ts";
import { about } from "./errors.ts";
import { Article, blog } from "./model.ts";

/**
 * Articles that a search finds. For each one that is ranked, and for each that is counted without the index, as the
 * database likes to do with a common word, the words of the whole article are taken apart.
 */
export const SEARCH_ARTICLES_MAX = 500;
/** Tags that the list of tags shows; the most used ones. */
export const TAGS_SHOWN_MAX = 1_000;

const bySlug = { slug: field.text() };
/** Filters of lists; a blank one is none, as front ends send them. */
const FILTERS = {
  tag: field.text().optional(),
  author: field.text().optional(),
  favorited: field.text().optional().describe("User name: articles among the favourites of this user."),
};

interface Filters {
  readonly tag?: string | undefined;
  readonly author?: string | undefined;
  readonly favorited?: string | undefined;
}

/** Narrows a list down. */
export function filtered(articles: Articles, { tag, author, favorited }: Filters): Articles {
  let narrowed = articles;
  if (tag) narrowed = narrowed.where(sql<boolean>`"article"."tagList" @> array[${tag}]::varchar[]`);
  if (author) narrowed = narrowed.where("article.author", "=", sql<string>`${accountOf(author)}`);
  if (favorited) {
    narrowed = narrowed.where(
      "article.id",
      "in",
      sql<string>`(select "article" from "favorite" where "account" = ${accountOf(favorited)})`,
    );
  }
  return narrowed;
}

function accountOf(username: string) {
  return sql<string>`(select "account" from "profile" where "username" = ${username})`;
}

export const articles = blog.query("GET /articles", {
  summary: "List articles, newest first",
  actor: "anyone",
  input: { ...FILTERS, ...paging },
  output: shownArticles,
  run: ({ input, actor, db }) =>
    articlePage(db, filtered(visible(db.selectFrom("article")), input), { ...input, viewer: actor.id }),
});

export const feed = blog.query("GET /articles/feed", {
  summary: "List articles of the authors that the caller follows, newest first",
  input: paging,
  output: shownArticles,
  run: ({ input, actor, db }) => {
    const entries = sql<string>`(
      select "feed_entry"."article" from "feed_entry" join "follow" on "follow"."id" = "feed_entry"."follow"
      where "follow"."follower" = ${actor.id}
    )`;
    const articles = visible(db.selectFrom("article")).where("article.id", "in", entries);
    return articlePage(db, articles, { ...input, viewer: actor.id });
  },
});

export const drafts = blog.query("GET /articles/drafts", {
  summary: "List one's own articles that others cannot see: drafts and scheduled ones",
  input: paging,
  output: shownArticles,
  run: ({ input, actor, db }) => {
    const own = db.selectFrom("article").where("article.author", "=", actor.id);
    const articles = own.where("article.status", "in", ["draft", "scheduled"]);
    return articlePage(db, articles, { ...input, viewer: actor.id });
  },
});

export const search = blog.query("GET /articles/search", {
  summary: "Find articles by words in title, description and body",
  description:
    "Words as in a search engine: `quoted phrases`, `or`, `-without`. The best come first. " +
    `Where ${SEARCH_ARTICLES_MAX} or more match, the words tell little about any of them: these are the newest ones.`,
  actor: "anyone",
  input: { q: field.text({ max: 500, pattern: /\S/ }), ...FILTERS, ...paging },
  output: shownArticles,
  async run({ input, actor, db }) {
    const { q, offset } = input;
    const found = filtered(visible(db.selectFrom("article")), input).where(matches(Article, q));
    const articlesCount = await countOf(db, found.limit(SEARCH_ARTICLES_MAX));
    const limit = Math.min(input.limit, articlesCount - offset);
    if (limit <= 0) return { articles: [], articlesCount };
    const best = articlesCount < SEARCH_ARTICLES_MAX ? { rank: rank(Article, q) } : {};
    return { articles: await articlesOf(db, found, { limit, offset, viewer: actor.id, ...best }), articlesCount };
  },
});

export const article = blog.query("GET /articles/:slug", {
  summary: "Get an article",
  actor: "anyone",
  input: bySlug,
  output: { article: shownArticle },
  async run({ input, actor, db, fail }) {
    const found = await findArticle(db, input.slug, actor.id);
    return { article: found ?? fail("NOT_FOUND", about("article")) };
  },
});

export const tags = blog.query("GET /tags", {
  summary: "List the tags of published articles, the most used first",
  actor: "anyone",
  output: { tags: list(field.text()) },
  async run({ db }) {
    const used = visible(db.selectFrom("article")).select(sql<string>`unnest("article"."tagList")`.as("tag"));
    const rows = await db
      .selectFrom(used.as("used"))
      .select("tag")
      .groupBy("tag")
      .orderBy(sql`count(*)`, "desc")
      .orderBy("tag")
      .limit(TAGS_SHOWN_MAX)
      .execute();
    return { tags: rows.map(({ tag }) => tag) };
  },
});
