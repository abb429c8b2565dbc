/**
 * The document of a full-text index, as SQL.
 *
 * Postgres uses an index on an expression only for a query that holds the same expression, so both ask this function.
 */
import type { EntityDefinition, Index } from "../define/entity.ts";
import { ident, literal } from "./names.ts";

/** Text search configuration of an index that names none. */
export const SEARCH_LANGUAGE = "english";

/** An index for full-text search. */
export type SearchIndex = Extract<Index<string>, { readonly search: readonly string[] }>;

/** The `search` indexes that an entity declares. */
export function searchIndexes(of: EntityDefinition): readonly SearchIndex[] {
  return (of.options.indexes ?? []).filter((index) => "search" in index);
}

/**
 * The document that a search index stands on, an immutable expression of type `tsvector`.
 *
 * @param options.alias  Table name or alias in front of the columns, for queries over several tables. The index itself
 *                       has none; Postgres matches columns, not their spelling.
 * @example
 * sql.raw(`${searchExpression(index)} @@ websearch_to_tsquery('english', $1)`)
 */
export function searchExpression(index: SearchIndex, options: { readonly alias?: string } = {}): string {
  const prefix = options.alias === undefined ? "" : `${ident(options.alias)}.`;
  const parts = index.search.map((column) => `coalesce(${prefix}${ident(column)}, '')`);
  return `to_tsvector(${literal(index.language ?? SEARCH_LANGUAGE)}, ${parts.join(" || ' ' || ")})`;
}
