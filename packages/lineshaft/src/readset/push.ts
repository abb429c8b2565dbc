/**
 * Pushing: carries facts down from conditions to the occurrences of tables that they narrow.
 *
 * At each from-item the facts J are those that a row must satisfy to matter. With ON as the condition of a join:
 *
 * | join  | left gets                   | right gets                  |
 * |-------|-----------------------------|-----------------------------|
 * | inner | J, ON, facts of right       | J, ON, facts of left        |
 * | left  | J                           | J', ON, facts of left       |
 * | right | J', ON, facts of right      | J                           |
 * | full  | J' (left)                   | J' (right)                  |
 *
 * J' is J without facts that mention the nullable side. A fact in J that rejects nulls of a nullable side makes the
 * join an inner one on that side first, so those that J' leaves out hold for nulls too: IS NULL, IS NOT DISTINCT FROM,
 * some ORs. Into a subquery go the facts about outputs that are plain columns of it (`select.ts` says which outputs
 * are), and all facts about the rows around it, for those columns that it refers to.
 */
import type { Fact, FromItem, GuardedTable, Join, Query, Source, Sublink, TableSource, Variable } from "./query.ts";
import { mentions, sourcesOf } from "./query.ts";
import { certainFacts, reducedType } from "./row-facts.ts";
import { rules } from "./rules.ts";

type Facts = readonly Fact[];
/** Called for each occurrence of a table with the facts that hold there. */
export type Visit = (table: TableSource, facts: Facts) => void;

/** `columns` are the variables by which the facts mean the query's outputs. */
export function pushQuery(query: Query, facts: Facts, columns: readonly Variable[], visit: Visit): void {
  if (query.kind === "set") {
    for (const arm of [query.left, query.right]) {
      pushQuery(arm, query.isPushable ? facts : without(facts, columns), columns, visit);
    }
    for (const sublink of query.sublinks) pushSublink(sublink, [], visit);
    return;
  }
  const outer = columns.length === 0 ? facts : translate(facts, columns, query);
  const own = [...outer, ...query.where];
  const all = [...own, ...query.from.flatMap((item) => certainFacts(item, own))];
  // The items of a from-list are joined by an inner join without condition: each has what is certain of the others.
  for (const item of query.from) pushItem(item, query.from.length === 1 ? own : all, visit);
  for (const sublink of query.sublinks) pushSublink(sublink, sublink.seesFacts ? all : [], visit);
}

function pushSublink({ query, member, facts }: Sublink, outer: Facts, visit: Visit): void {
  if (member === null) pushQuery(query, outer, [], visit);
  else pushQuery(query, [...outer, ...facts], [member], visit);
}

function pushItem(item: FromItem, facts: Facts, visit: Visit): void {
  if (item.kind === "table") visit(item, facts);
  else if (item.kind === "guarded") pushGuarded(item, facts, visit);
  else if (item.kind === "query") pushQuery(item.query, facts, item.columns, visit);
  else if (item.kind === "join") pushJoin(item, facts, visit);
}

/** Rows that the policies hide are as if they were not there, so what these say holds like a WHERE of the table. */
function pushGuarded({ table, where, sublinks }: GuardedTable, facts: Facts, visit: Visit): void {
  const seen = [...facts, ...where];
  visit(table, seen);
  for (const sublink of sublinks) pushSublink(sublink, sublink.seesFacts ? seen : [], visit);
}

function pushJoin(join: Join, facts: Facts, visit: Visit): void {
  const { left, right, on } = join;
  const type = reducedType(join, facts);
  const [ofLeft, ofRight] = [sourcesOf(left), sourcesOf(right)];
  const kept = rules.keptSideIgnoresOn ? [] : on;
  if (type === "inner") {
    const both = [...facts, ...on];
    pushItem(left, [...both, ...certainFacts(right, both)], visit);
    pushItem(right, [...both, ...certainFacts(left, both)], visit);
  } else if (type === "left") {
    pushItem(left, [...facts, ...kept], visit);
    const matched = [...dropped(facts, ofRight), ...on];
    pushItem(right, [...matched, ...certainFacts(left, matched)], visit);
  } else if (type === "right") {
    const matched = [...dropped(facts, ofLeft), ...on];
    pushItem(left, [...matched, ...certainFacts(right, matched)], visit);
    pushItem(right, [...facts, ...kept], visit);
  } else {
    const both = rules.fullJoinIgnoresOn ? [] : on;
    pushItem(left, [...dropped(facts, ofLeft), ...both], visit);
    pushItem(right, [...dropped(facts, ofRight), ...both], visit);
  }
}

function dropped(facts: Facts, sources: ReadonlySet<Source>): Facts {
  return rules.nullableSideDropsFacts ? facts.filter((fact) => !mentions(fact, sources)) : facts;
}

function without(facts: Facts, columns: readonly Variable[]): Facts {
  const sources = new Set(columns.map(({ source }) => source));
  return facts.filter((fact) => !mentions(fact, sources));
}

/** Facts about outputs as facts about the columns behind them; those about other outputs are left out. */
function translate(facts: Facts, columns: readonly Variable[], { outputs }: Query): Facts {
  const behind = new Map(columns.map((column, index) => [column, outputs[index]?.variable ?? null]));
  return facts.flatMap((fact) => translateFact(fact, behind));
}

function translateFact(fact: Fact, behind: ReadonlyMap<Variable, Variable | null>): Facts {
  const through = (variable: Variable) => (behind.has(variable) ? behind.get(variable)! : variable);
  if (fact.kind === "in") {
    const variable = through(fact.variable);
    return variable === null ? [] : [{ ...fact, variable }];
  }
  if (fact.kind === "equal") {
    const [left, right] = [through(fact.left), through(fact.right)];
    return left === null || right === null ? [] : [{ kind: "equal", left, right }];
  }
  const arms = fact.arms.map((arm) => arm.flatMap((each) => translateFact(each, behind)));
  return arms.some((arm) => arm.length === 0) ? [] : [{ kind: "or", arms }];
}
