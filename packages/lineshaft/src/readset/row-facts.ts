/** Facts that hold for every row of a from-item, and for the rows behind every row of a query. */
import type { Fact, FromItem, Query } from "./query.ts";

/** What every row of the item satisfies, whatever is asked of it. */
export function certainFacts(item: FromItem): readonly Fact[] {
  if (item.kind !== "join" || item.type === "full") return [];
  const { type, left, right, on } = item;
  if (type === "left") return certainFacts(left);
  if (type === "right") return certainFacts(right);
  return [...certainFacts(left), ...certainFacts(right), ...on];
}

/** What must hold for some rows of the query's tables, if the query has a row at all. */
export function rowFacts(query: Query): readonly Fact[] {
  if (query.kind !== "select" || !query.isPlain) return [];
  return [...query.from.flatMap(certainFacts), ...query.where];
}
