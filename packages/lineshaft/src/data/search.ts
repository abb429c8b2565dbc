/** Full-text search in a question: the same expression that the entity's search index is built on. */
import { type RawBuilder, sql } from "kysely";
import type { AnyEntity, EntityDefinition } from "../define/entity.ts";
import { searchExpression, searchIndex } from "../define/search.ts";

function indexOf(entity: AnyEntity) {
  const definition = entity as unknown as EntityDefinition;
  const index = searchIndex(definition);
  if (!index)
    throw new Error(`Entity "${definition.table}" declares no search index: indexes: [{ search: ["title"] }].`);
  return { definition, index };
}

/**
 * Whether a row matches words as people type them in a search box (`websearch_to_tsquery`: quotes, `or`, `-without`).
 * Never fails on what they type. Uses the search index that the entity declares.
 *
 * @param alias  The table's alias in the question; default: its name.
 * @example db.selectFrom("article").selectAll().where(matches(Article, input.q))
 */
export function matches(entity: AnyEntity, words: string, alias?: string): RawBuilder<boolean> {
  const { definition, index } = indexOf(entity);
  const document = searchExpression(index.columns, index.language, alias ?? definition.table);
  return sql<boolean>`${sql.raw(document)} @@ websearch_to_tsquery(${sql.lit(index.language)}::regconfig, ${words})`;
}

/** How well a row matches, for `orderBy(rank(Article, input.q), "desc")`. */
export function rank(entity: AnyEntity, words: string, alias?: string): RawBuilder<number> {
  const { definition, index } = indexOf(entity);
  const document = searchExpression(index.columns, index.language, alias ?? definition.table);
  return sql<number>`ts_rank(${sql.raw(document)}, websearch_to_tsquery(${sql.lit(index.language)}::regconfig, ${words}))`;
}
