/** Facts that hold for the rows of a from-item that matter, and for the rows behind every row of a query. */
import {
  type Fact,
  type FromItem,
  type Join,
  type JoinType,
  mentions,
  type Query,
  rejectsNulls,
  sourcesOf,
} from "./query.ts";
import { rules } from "./rules.ts";

const REDUCED: Record<string, JoinType> = {
  "left,right": "inner",
  "right,left": "inner",
  "full,left": "left",
  "full,right": "right",
};

/** The join that is left of it when only rows count that satisfy the facts: rows of nulls may be unable to. */
export function reducedType({ type, left, right }: Join, facts: readonly Fact[]): JoinType {
  const test = rules.onlyStrictFactsReduce ? rejectsNulls : mentions;
  const excludes = (item: FromItem): boolean => facts.some((fact) => test(fact, sourcesOf(item)));
  if (type === "inner") return type;
  const reduced = excludes(left) ? (REDUCED[`${type},left`] ?? type) : type;
  return excludes(right) ? (REDUCED[`${reduced},right`] ?? reduced) : reduced;
}

/** What every row of the item satisfies that satisfies the facts given. */
export function certainFacts(item: FromItem, given: readonly Fact[]): readonly Fact[] {
  if (item.kind === "guarded") return item.where;
  if (item.kind !== "join") return [];
  const { left, right, on } = item;
  const type = reducedType(item, given);
  if (rules.outerJoinsAreNotCertain) {
    if (type === "full") return [];
    if (type === "left") return certainFacts(left, given);
    if (type === "right") return certainFacts(right, given);
  }
  const both = [...given, ...on];
  return [...certainFacts(left, both), ...certainFacts(right, both), ...on];
}

/** What must hold for some rows of the query's tables, if the query has a row at all. */
export function rowFacts(query: Query): readonly Fact[] {
  if (query.kind !== "select" || (!query.isPlain && rules.aggregatesAlwaysHaveARow)) return [];
  return [...query.from.flatMap((item) => certainFacts(item, query.where)), ...query.where];
}
