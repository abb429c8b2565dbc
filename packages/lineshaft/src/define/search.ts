/**
 * Full-text search: the one SQL expression that the index of an entity stands on and that its questions must repeat,
 * because Postgres uses an index on an expression only for a question that holds the same one.
 */
import type { EntityDefinition, Index } from "./entity.ts";

/** Text search configuration where an index names none. */
export const SEARCH_LANGUAGE = "english";

/** An index for full-text search. */
export type SearchIndex = Extract<Index<string>, { readonly search: readonly string[] }>;

const quoted = (name: string): string => `"${name.replaceAll('"', '""')}"`;
const literal = (text: string): string => `'${text.replaceAll("'", "''")}'`;

/** The text search configuration of an index, as SQL. */
export function searchLanguage(index: SearchIndex): string {
  return `${literal(index.language ?? SEARCH_LANGUAGE)}::regconfig`;
}

/**
 * The document of a row, an immutable expression of type `tsvector`.
 *
 * @param alias  Table name or alias in front of the columns, for questions over several tables.
 */
export function searchExpression(index: SearchIndex, alias?: string): string {
  const prefix = alias === undefined ? "" : `${quoted(alias)}.`;
  const parts = index.search.map((column) => `coalesce(${prefix}${quoted(column)}, '')`);
  return `to_tsvector(${searchLanguage(index)}, ${parts.join(" || ' ' || ")})`;
}

/** The search index of an entity, or `undefined` when it declares none. */
export function searchIndex(entity: EntityDefinition): SearchIndex | undefined {
  return entity.options.indexes?.find((index) => "search" in index);
}
