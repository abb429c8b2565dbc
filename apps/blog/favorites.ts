/**
 * Favourites: articles that a reader keeps.
 *
 * A favourite is one row of one's own, and asking twice changes nothing. So these commands need not be serialized with
 * other writes, and many readers can take to one article at the same moment.
 */
import { field } from "lineshaft";
import { findArticle, shownArticle } from "./article-view.ts";
import { about } from "./errors.ts";
import { blog } from "./model.ts";
import { ensureProfile } from "./profiles.ts";

const FAVORITE = {
  input: { slug: field.text() },
  output: { article: shownArticle },
  isolation: "read committed",
} as const;

export const favorite = blog.command("POST /articles/:slug/favorite", {
  ...FAVORITE,
  summary: "Add an article to one's favourites",
  async run({ input, actor, db, fail }) {
    const found = await findArticle(db, input.slug, actor.id);
    const target = found ?? fail("NOT_FOUND", about("article"));
    await ensureProfile(db, actor);
    await db
      .insertInto("favorite")
      .values({ article: target.id, account: actor.id })
      .onConflict((conflict) => conflict.columns(["article", "account"]).doNothing())
      .execute();
    return { article: (await findArticle(db, input.slug, actor.id)) ?? target };
  },
});

export const unfavorite = blog.command("DELETE /articles/:slug/favorite", {
  ...FAVORITE,
  summary: "Remove an article from one's favourites",
  async run({ input, actor, db, fail }) {
    const found = await findArticle(db, input.slug, actor.id);
    const target = found ?? fail("NOT_FOUND", about("article"));
    await db.deleteFrom("favorite").where("article", "=", target.id).where("account", "=", actor.id).execute();
    return { article: (await findArticle(db, input.slug, actor.id)) ?? target };
  },
});
