/**
 * Narrowing: from the facts that hold at an occurrence of a table to the conditions of its read.
 *
 * Equal columns are put into groups; what is known of one member holds for all. An occurrence takes the conditions on
 * its own columns; failing that, an OR all of whose arms give some; failing that, keys: a column that equals one of an
 * occurrence that is narrowed itself takes the values which that one has now. That is sound since whatever changes
 * those values is a change of rows that the key query reads, and the key query is a read of its own.
 * Key queries run with the rights of who asks, so they do not see what a policy hides. For the statement's own tables
 * that is right: what is hidden joins nothing until the policy lets it through, which touches what the policy reads.
 * For the tables that a policy reads it is wrong: they are asked about the very rows that the key query does not see.
 */
import type { Fact, TableSource, Variable } from "./query.ts";
import { rules } from "./rules.ts";
import type { Condition, Item } from "./shape.ts";

/** Alternatives of one read. */
const ALTERNATIVES_MAX = 16;
/** Key queries that stand on each other. */
const KEY_DEPTH_MAX = 3;

export type Alternatives = readonly (readonly Condition[])[];

/** Values of `column` in the rows of `table` that pass `conditions`. */
export interface KeySource {
  readonly table: TableSource;
  readonly column: Variable;
  readonly conditions: readonly KeyCondition[];
}

/** A condition of a key query, which may stand on another key query. */
export type KeyCondition = Condition | { readonly column: string; readonly keys: KeySource };

interface Group {
  readonly variables: Variable[];
  readonly values: (readonly Item[])[];
}

/** A fact may come by more than one way; it has the same list then. */
function addOnce(values: (readonly Item[])[], items: readonly Item[]): void {
  if (!values.includes(items)) values.push(items);
}

/** Columns that are equal, with the sets of values that all of them are in. */
export class Groups {
  readonly #of = new Map<Variable, Group>();

  constructor(facts: readonly Fact[]) {
    for (const fact of facts) {
      if (fact.kind === "in") addOnce(this.#group(fact.variable).values, fact.items);
      else if (fact.kind === "equal") this.#merge(this.#group(fact.left), this.#group(fact.right));
    }
  }

  get(variable: Variable): Group | undefined {
    return this.#of.get(variable);
  }

  #group(variable: Variable): Group {
    let group = this.#of.get(variable);
    if (group === undefined) this.#of.set(variable, (group = { variables: [variable], values: [] }));
    return group;
  }

  #merge(into: Group, from: Group): void {
    if (into === from) return;
    for (const items of from.values) addOnce(into.values, items);
    into.variables.push(...from.variables);
    for (const variable of from.variables) this.#of.set(variable, into);
  }
}

/** What the facts say of the occurrence by constants alone; null if nothing. */
export function narrow(table: TableSource, facts: readonly Fact[]): Alternatives | null {
  const conditions = conditionsOn(table, new Groups(facts));
  if (conditions.length > 0) return [conditions];
  for (const fact of facts) {
    if (fact.kind !== "or") continue;
    const others = facts.filter((each) => each !== fact);
    const arms = fact.arms.map((arm) => narrow(table, [...others, ...arm]));
    if (arms.includes(null)) continue;
    const alternatives = arms.flatMap((arm) => arm!);
    if (alternatives.length <= ALTERNATIVES_MAX) return alternatives;
  }
  return null;
}

function conditionsOn(table: TableSource, groups: Groups): readonly Condition[] {
  const conditions = table.columns.flatMap((variable) =>
    (groups.get(variable)?.values ?? []).map(
      (items): Condition => ({ column: variable.name, valueClass: variable.valueClass!, items }),
    ),
  );
  return conditions.length < 2 ? conditions : conditions.sort((one, other) => cost(table, one) - cost(table, other));
}

const ARRAY_COST = 10;
const ORDINARY_COST = 100;

/** Best for a tag: a unique key, then few values; a boolean splits the table in two and comes last. */
function cost({ relation }: TableSource, { column, items, valueClass }: Condition): number {
  const count = items.reduce((sum, { kind }) => sum + (kind === "array" || kind === "keys" ? ARRAY_COST : 1), 0);
  const rank = relation.uniqueColumns.has(column) ? 0 : valueClass === "bool" ? 2 : 1;
  return rank * ORDINARY_COST + count;
}

/** A column of the occurrence that equals one of an occurrence that is narrowed; null if there is none. */
export function findKeys(
  table: TableSource,
  groups: Groups,
  visited: readonly TableSource[] = [],
): { readonly column: Variable; readonly keys: KeySource } | null {
  const seen = [...visited, table];
  if (seen.length > KEY_DEPTH_MAX) return null;
  for (const column of table.columns) {
    for (const other of groups.get(column)?.variables ?? []) {
      const source = other.source;
      if (source.kind !== "table" || seen.includes(source)) continue;
      if (!source.isOwnRead && rules.keysAreOwnReads) continue;
      if (seen[0]!.isInPolicy && source.isGuarded && rules.policiesTakeNoHiddenKeys) continue;
      const conditions = keyConditions(source, groups, seen);
      if (conditions !== null) return { column, keys: { table: source, column: other, conditions } };
    }
  }
  return null;
}

function keyConditions(
  table: TableSource,
  groups: Groups,
  seen: readonly TableSource[],
): KeySource["conditions"] | null {
  const conditions = conditionsOn(table, groups);
  if (conditions.length > 0) return conditions;
  const next = findKeys(table, groups, seen);
  return next === null ? null : [{ column: next.column.name, keys: next.keys }];
}
