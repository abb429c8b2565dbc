/**
 * Query: a statement after names are resolved, and before anything is narrowed.
 *
 * A source is one occurrence of a table, a subquery (also a view or a CTE: one for each reference) or something that is
 * not looked into. Variables are columns of sources, compared by identity. Facts are what a condition says about
 * variables, as far as it can be used; a condition that says nothing usable is no fact.
 */
import type { Relation } from "./catalog.ts";
import type { Item, Order } from "./shape.ts";
import type { ValueClass } from "./values.ts";

export interface Variable {
  readonly source: Source;
  readonly name: string;
  readonly typeOid: number | null;
  /** Null: no fact is made about it. */
  readonly valueClass: ValueClass | null;
}

export interface TableSource {
  readonly kind: "table";
  readonly relation: Relation;
  readonly isOnly: boolean;
  readonly columns: Variable[];
  /** Read with the rights of who asks, as key queries are. */
  readonly isOwnRead: boolean;
  /** Some of its rows may be hidden by policies. */
  readonly isGuarded: boolean;
  /** It is read by a policy, not by the statement itself. */
  readonly isInPolicy: boolean;
  /** Columns that the statement names in this occurrence. */
  readonly named: Set<string>;
}

export interface QuerySource {
  readonly kind: "query";
  readonly query: Query;
  readonly columns: Variable[];
}

/** A function, a recursive reference, a list of values: it has columns, and nothing is known of them. */
export interface OpaqueSource {
  readonly kind: "opaque";
  readonly columns: Variable[];
}

export type Source = TableSource | QuerySource | OpaqueSource;
export type JoinType = "inner" | "left" | "right" | "full";

export interface Join {
  readonly kind: "join";
  readonly type: JoinType;
  readonly left: FromItem;
  readonly right: FromItem;
  readonly on: readonly Fact[];
  readonly sources: ReadonlySet<Source>;
}

/** A table of which only those rows are seen that its policies let pass. */
export interface GuardedTable {
  readonly kind: "guarded";
  readonly table: TableSource;
  readonly where: readonly Fact[];
  readonly sublinks: readonly Sublink[];
}

export type FromItem = Source | GuardedTable | Join;

/** `isStrict`: false or null when the variable is null. */
export type Fact =
  | {
      readonly kind: "in";
      readonly variable: Variable;
      readonly items: readonly Item[];
      readonly isStrict: boolean;
    }
  | { readonly kind: "equal"; readonly left: Variable; readonly right: Variable }
  | { readonly kind: "or"; readonly arms: readonly (readonly Fact[])[] };

export interface Output {
  readonly name: string;
  readonly typeOid: number | null;
  readonly valueClass: ValueClass | null;
  /** The column that a fact about this output may be pushed to. */
  readonly variable: Variable | null;
}

/** A subquery in an expression. */
export interface Sublink {
  readonly query: Query;
  /** Facts about the outer row hold where it is evaluated. */
  readonly seesFacts: boolean;
  /** Of `x IN (subquery)` that must be true: a variable for the subquery's column, and that x equals it. */
  readonly member: Variable | null;
  readonly facts: readonly Fact[];
}

/** The order of a list with a LIMIT, and the table whose column it is. */
export interface ListOrder {
  readonly source: TableSource;
  readonly order: Order;
}

export interface SelectQuery {
  readonly kind: "select";
  readonly from: readonly FromItem[];
  readonly where: readonly Fact[];
  readonly sublinks: readonly Sublink[];
  readonly outputs: readonly Output[];
  /** Each of its rows comes from rows of `from` that pass `where`, and it has one whenever there are such rows. */
  readonly isPlain: boolean;
  readonly order: ListOrder | null;
}

export interface SetQuery {
  readonly kind: "set";
  readonly left: Query;
  readonly right: Query;
  readonly outputs: readonly Output[];
  readonly isPushable: boolean;
  readonly sublinks: readonly Sublink[];
}

export type Query = SelectQuery | SetQuery;

export function sourcesOf(item: FromItem): ReadonlySet<Source> {
  if (item.kind === "join") return item.sources;
  return new Set([item.kind === "guarded" ? item.table : item]);
}

export function mentions(fact: Fact, sources: ReadonlySet<Source>): boolean {
  if (fact.kind === "in") return sources.has(fact.variable.source);
  if (fact.kind === "equal") return sources.has(fact.left.source) || sources.has(fact.right.source);
  return fact.arms.some((arm) => arm.some((each) => mentions(each, sources)));
}

/** True if the fact cannot be true for a row whose columns of `sources` are all null. */
export function rejectsNulls(fact: Fact, sources: ReadonlySet<Source>): boolean {
  if (fact.kind === "in") return fact.isStrict && sources.has(fact.variable.source);
  if (fact.kind === "equal") return sources.has(fact.left.source) || sources.has(fact.right.source);
  return fact.arms.every((arm) => arm.some((each) => rejectsNulls(each, sources)));
}
