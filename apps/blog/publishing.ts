/**
 * Publishing: how articles become visible.
 *
 *     draft ⇄ scheduled → published → draft or scheduled again
 *
 * A scheduled article has a run of `publishArticle` waiting for it, one at most, asked for in the transaction that
 * scheduled it. Scheduling anew replaces the run; withdrawing, publishing or deleting takes it back. A run that comes
 * all the same (it had begun) finds another time than its own, and does nothing. One that became due while no node was
 * up comes with the next one.
 */
import { type Cancel, type Emit, type Fail, field, type RunAt } from "lineshaft";
import { findArticle, shownArticle } from "./article-view.ts";
import { about } from "./errors.ts";
import { type Article, type BlogDb, blog, published } from "./model.ts";

/** Articles that one run of `overdue` publishes. */
const OVERDUE_ARTICLES_MAX = 500;

type State = Pick<Article, "status" | "publishAt">;
type Known = State & { readonly id: string; readonly slug: string; readonly authorId: string };

/** What becomes of an article that its author wants to be a draft, or published at a time. */
export function stateOf(wanted: "draft" | "published", publishAt: Date | null, now: Date): State {
  if (wanted === "draft") return { status: "draft", publishAt };
  const at = publishAt ?? now;
  return { status: at > now ? "scheduled" : "published", publishAt: at };
}

interface Announcing {
  readonly emit: Emit;
  readonly runAt: RunAt;
  readonly cancel: Cancel;
}

/** Asks for the publication of an article that was written, takes it back, or states that it is published. */
export async function announce({ emit, runAt, cancel }: Announcing, before: Known | null, after: Known | null) {
  if (after?.status === "scheduled") {
    const input = { slug: after.slug, at: after.publishAt!.toISOString() };
    runAt(after.publishAt!, publishArticle, input, { name: runOf(after) });
  } else if (before?.status === "scheduled") await cancel(publishArticle, runOf(before));
  if (after?.status === "published" && before?.status !== "published") {
    emit(published, { article: after.id, author: after.authorId, at: after.publishAt! });
  }
}

function runOf({ id }: { readonly id: string }): string {
  return `publish/${id}`;
}

interface Asking {
  readonly db: BlogDb;
  readonly actor: { readonly id: string };
  readonly fail: Fail<never>;
}

/** An article by its slug, for its author. */
export async function ownArticle({ db, actor, fail }: Asking, slug: string) {
  const found = (await findArticle(db, slug, actor.id)) ?? fail("NOT_FOUND", about("article"));
  if (found.authorId !== actor.id) throw fail("FORBIDDEN", about("article"));
  return found;
}

export const publishArticle = blog.command("POST /articles/:slug/publication", {
  summary: "Publish one's own article now",
  description: "A scheduled one, too, before its time. One that is published already stays as it is.",
  input: {
    slug: field.text(),
    at: field.time().optional().describe("Only if it is scheduled for this time; else nothing happens."),
  },
  output: { article: shownArticle },
  async run(context) {
    const { input, db, emit, cancel, now } = context;
    const old = await ownArticle(context, input.slug);
    const isMeant = input.at === undefined || (old.status === "scheduled" && isSame(old.publishAt, input.at));
    if (old.status === "published" || !isMeant) return { article: old };
    const publishAt = old.status === "scheduled" && old.publishAt! <= now ? old.publishAt! : now;
    const state = { status: "published", publishAt } as const;
    await db.updateTable("article").set(state).where("id", "=", old.id).execute();
    // The run that waits for the time ends by itself.
    if (old.status === "scheduled" && input.at === undefined) await cancel(publishArticle, runOf(old));
    emit(published, { article: old.id, author: old.authorId, at: publishAt });
    return { article: (await findArticle(db, old.slug, old.authorId))! };
  },
});

function isSame(one: Date | null, other: Date): boolean {
  return one?.getTime() === other.getTime();
}

// A net under the runs: for one that failed until it was set aside, and for articles older than these runs.
blog.schedule("overdue", { cron: "7 * * * *" }, async ({ db, emit, now }) => {
  const due = db
    .selectFrom("article")
    .select("id")
    .where("status", "=", "scheduled")
    .where("publishAt", "<=", now)
    .orderBy("publishAt")
    .limit(OVERDUE_ARTICLES_MAX);
  const articles = await db
    .updateTable("article")
    .set({ status: "published" })
    .where("id", "in", due)
    .returning(["id", "author", "publishAt"])
    .execute();
  for (const { id, author, publishAt } of articles) emit(published, { article: id, author, at: publishAt! });
});
