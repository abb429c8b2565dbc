/** Full-text search in a question: the same expression that the entity's search index is built on. */
import { type RawBuilder, sql } from "kysely";
import type { AnyEntity, EntityDefinition } from "../define/entity.ts";
import { searchExpression, searchIndex, searchLanguage } from "../define/search.ts";

interface Document {
  /** The row's document, as SQL. */
  readonly document: RawBuilder<unknown>;
  /** What people typed, as SQL. */
  readonly words: RawBuilder<unknown>;
}

function documentOf(entity: AnyEntity, words: string, alias: string | undefined): Document {
  const definition = entity as unknown as EntityDefinition;
  const index = searchIndex(definition);
  if (!index)
    throw new Error(`Entity "${definition.table}" declares no search index: indexes: [{ search: ["title"] }].`);
  return {
    document: sql.raw(searchExpression(index, alias ?? definition.table)),
    words: sql`websearch_to_tsquery(${sql.raw(searchLanguage(index))}, ${words})`,
  };
}

/**
 * Whether a row matches words as people type them in a search box (`websearch_to_tsquery`: quotes, `or`, `-without`).
 * Never fails on what they type. Uses the search index that the entity declares.
 *
 * @param alias  The table's alias in the question; default: its name.
 * @example db.selectFrom("article").selectAll().where(matches(Article, input.q))
 */
export function matches(entity: AnyEntity, words: string, alias?: string): RawBuilder<boolean> {
  const asked = documentOf(entity, words, alias);
  return sql<boolean>`${asked.document} @@ ${asked.words}`;
}

/** How well a row matches, for `orderBy(rank(Article, input.q), "desc")`. */
export function rank(entity: AnyEntity, words: string, alias?: string): RawBuilder<number> {
  const asked = documentOf(entity, words, alias);
  return sql<number>`ts_rank(${asked.document}, ${asked.words})`;
}
