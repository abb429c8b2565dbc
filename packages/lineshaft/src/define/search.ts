/**
 * Full-text search: the one SQL expression that the index of an entity is built on and that its questions must repeat.
 */
import type { EntityDefinition } from "./entity.ts";

/** Text search configuration where an index names none. */
export const SEARCH_LANGUAGE = "english";

const quoted = (name: string): string => `"${name.replaceAll('"', '""')}"`;
const literal = (text: string): string => `'${text.replaceAll("'", "''")}'`;

/** The `tsvector` of a row. Immutable, as an index needs it; `table` qualifies the columns in a question. */
export function searchExpression(columns: readonly string[], language = SEARCH_LANGUAGE, table?: string): string {
  const prefix = table === undefined ? "" : `${quoted(table)}.`;
  const parts = columns.map((column) => `coalesce(${prefix}${quoted(column)}, '')`);
  return `to_tsvector(${literal(language)}::regconfig, ${parts.join(" || ' ' || ")})`;
}

/** The search index of an entity, or `null` when it declares none. */
export function searchIndex(entity: EntityDefinition): { columns: readonly string[]; language: string } | null {
  for (const index of entity.options.indexes ?? []) {
    if ("search" in index) return { columns: index.search, language: index.language ?? SEARCH_LANGUAGE };
  }
  return null;
}
