/** SELECT: resolves a statement, its levels and what each level lets through to the tables below. */
import { type ColumnRef, type GroupingSet, type Node, parseSync, type ResTarget, type SelectStmt } from "libpg-query";
import { bodyOf, columnNameOf, entry, textOf, textsOf } from "./ast.ts";
import type { Routine } from "./catalog.ts";
import { type Place, type Resolving, visit, visitAll } from "./expressions.ts";
import { factsOf } from "./facts.ts";
import { fromEntry, withScope } from "./from-clause.ts";
import { listOrder } from "./order.ts";
import type { FromItem, Output, Query, SelectQuery, Sublink, Variable } from "./query.ts";
import { rules } from "./rules.ts";
import { markNamed, Scope } from "./scope.ts";
import { uncacheable } from "./shape.ts";

/** Levels of subqueries, views and functions in each other. */
const DEPTH_MAX = 32;
/** Occurrences of tables in one statement. CTEs count for each reference, which can grow without bound. */
const TABLES_MAX = 128;

export function resolveQuery(resolving: Resolving, node: Node | undefined, parent: Scope | null): Query {
  const statement = bodyOf<SelectStmt>(node, "SelectStmt");
  if (statement === undefined) return uncacheable("a statement that is not a SELECT");
  const depth = resolving.depth + 1;
  if (depth > DEPTH_MAX || resolving.tables.length > TABLES_MAX) return uncacheable("the size of the statement");
  const deeper: Resolving = { ...resolving, depth };
  if (statement.lockingClause !== undefined) return uncacheable("FOR UPDATE or FOR SHARE");
  if (statement.intoClause !== undefined) return uncacheable("SELECT INTO");
  const scope = withScope(statement, parent);
  const query = resolveLevel(deeper, statement, scope);
  for (let level: Scope | null = scope; level !== parent && level !== null; level = level.parent) {
    for (const table of level.commonTables.values()) {
      if (table.isReferenced) continue;
      resolving.loose.push(resolveQuery(deeper, { SelectStmt: table.statement }, table.scope));
    }
  }
  return query;
}

function resolveLevel(resolving: Resolving, statement: SelectStmt, outer: Scope): Query {
  if (statement.op !== "SETOP_NONE" && statement.op !== undefined) return resolveSet(resolving, statement, outer);
  const place: Place = { resolving, scope: new Scope(outer), sublinks: new Map(), seesFacts: true };
  if (statement.valuesLists !== undefined) return resolveValues(statement, place);
  return resolveSelect(statement, place);
}

function hasLimit({ limitCount, limitOffset }: SelectStmt): boolean {
  return limitCount !== undefined || limitOffset !== undefined;
}

function visitLimit(statement: SelectStmt, place: Place): void {
  const limitPlace = { ...place, seesFacts: false };
  visit(statement.limitCount, limitPlace);
  visit(statement.limitOffset, limitPlace);
}

function sublinksOf({ sublinks }: Place): readonly Sublink[] {
  return [...sublinks.values()];
}

function resolveSet(resolving: Resolving, statement: SelectStmt, outer: Scope): Query {
  const [left, right] = [statement.larg, statement.rarg].map((arm) =>
    resolveQuery(resolving, { SelectStmt: arm as SelectStmt }, outer),
  ) as [Query, Query];
  const place: Place = { resolving, scope: new Scope(outer), sublinks: new Map(), seesFacts: false };
  visitLimit(statement, place);
  const outputs = left.outputs.map(({ name, typeOid, valueClass }, index): Output => {
    const other = right.outputs[index];
    const isSame =
      (typeOid !== null && typeOid === other?.typeOid && valueClass === other.valueClass) || !rules.armsHaveOneType;
    return { name, typeOid: isSame ? typeOid : null, valueClass: isSame ? valueClass : null, variable: null };
  });
  const isPushable = !hasLimit(statement) || !rules.limitStopsPush;
  return { kind: "set", left, right, outputs, isPushable, sublinks: sublinksOf(place) };
}

function resolveValues(statement: SelectStmt, place: Place): Query {
  visitAll(statement.valuesLists, place);
  visitLimit(statement, place);
  const [first] = statement.valuesLists ?? [];
  const count = bodyOf<{ items?: Node[] }>(first, "List")?.items?.length ?? 0;
  const outputs = Array.from({ length: count }, (_, index) => opaqueOutput(`column${index + 1}`));
  return { kind: "select", from: [], where: [], sublinks: sublinksOf(place), outputs, isPlain: false, order: null };
}

const opaqueOutput = (name: string): Output => ({ name, typeOid: null, valueClass: null, variable: null });

function resolveSelect(statement: SelectStmt, place: Place): SelectQuery {
  const { scope } = place;
  const from = resolveFrom(statement.fromClause ?? [], place);
  visit(statement.whereClause, place);
  const where = factsOf(statement.whereClause, place);
  const named = resolveTargets(statement.targetList ?? [], place);
  const grouping = groupingVariables(statement, named, place);
  visit(statement.havingClause, place);
  visitAll(statement.windowClause, place);
  for (const node of statement.sortClause ?? []) visitSort(node, named, place);
  for (const node of statement.distinctClause ?? []) {
    if (Object.keys(node).length > 0) visitSort(node, named, place);
  }
  visitLimit(statement, place);
  const isGrouped = scope.hasAggregates || statement.havingClause !== undefined || grouping !== null;
  const isPushable = !isBarrier(statement, scope);
  const outputs = named.map((output): Output => {
    const { variable } = output;
    const isKept = !isGrouped || variable === null || (grouping?.has(variable) ?? false) || !rules.groupingColumnsOnly;
    return isPushable && isKept ? output : { ...output, variable: null };
  });
  const isPlain = !isGrouped || (grouping !== null && grouping.size > 0);
  const isOfRows = !isGrouped && statement.distinctClause === undefined && !hasWindows(statement, scope);
  const order = isOfRows || !rules.listsAreOfRows ? listOrder(statement, { outputs: named, from, scope }) : null;
  return { kind: "select", from, where, sublinks: sublinksOf(place), outputs, isPlain, order };
}

/** Rows that a fact leaves out could change which rows come through, or what stands in them. */
function isBarrier(statement: SelectStmt, scope: Scope): boolean {
  const isDistinctOn = statement.distinctClause?.some((node) => Object.keys(node).length > 0) ?? false;
  return (
    (hasLimit(statement) && rules.limitStopsPush) ||
    (isDistinctOn && rules.distinctOnStopsPush) ||
    (hasWindows(statement, scope) && rules.windowStopsPush)
  );
}

function hasWindows({ windowClause }: SelectStmt, scope: Scope): boolean {
  return scope.hasWindows || windowClause !== undefined;
}

function resolveFrom(nodes: readonly Node[], place: Place): readonly FromItem[] {
  const { scope } = place;
  return nodes.map((node) => {
    const { item, names, visible } = fromEntry(node, place);
    scope.names = [...scope.names, ...names];
    scope.visible = [...scope.visible, ...visible];
    return item;
  });
}

function resolveTargets(nodes: readonly Node[], place: Place): readonly Output[] {
  return nodes.flatMap((node) => {
    const { name, val } = bodyOf<ResTarget>(node, "ResTarget")!;
    const column = bodyOf<ColumnRef>(val, "ColumnRef");
    if (column !== undefined && bodyOf(column.fields!.at(-1), "A_Star") !== undefined)
      return starOutputs(column, place);
    visit(val, place);
    const variable = column === undefined ? null : place.scope.find(textsOf(column.fields));
    const outputName = name ?? columnNameOf(val);
    if (variable === null) return [opaqueOutput(outputName)];
    return [{ name: outputName, typeOid: variable.typeOid, valueClass: variable.valueClass, variable }];
  });
}

function starOutputs({ fields }: ColumnRef, { scope }: Place): readonly Output[] {
  return scope.star(textsOf(fields!.slice(0, -1))).map(({ name, variable }) => {
    markNamed(variable);
    return { name, typeOid: variable.typeOid, valueClass: variable.valueClass, variable };
  });
}

/** The columns that rows are grouped by; null without GROUP BY; empty when there are sets of groupings. */
function groupingVariables(
  statement: SelectStmt,
  outputs: readonly Output[],
  place: Place,
): ReadonlySet<Variable> | null {
  const nodes = statement.groupClause;
  if (nodes === undefined) return null;
  const variables = new Set<Variable>();
  for (const node of nodes) {
    visitGrouping(node, outputs, place);
    const variable = groupingVariable(node, outputs, place);
    if (variable !== null) variables.add(variable);
  }
  const hasSets = nodes.some((node) => bodyOf(node, "GroupingSet") !== undefined);
  return hasSets && rules.groupingColumnsOnly ? new Set() : variables;
}

function visitGrouping(node: Node, outputs: readonly Output[], place: Place): void {
  const set = bodyOf<GroupingSet>(node, "GroupingSet");
  if (set === undefined) visitSort(node, outputs, place);
  for (const each of set?.content ?? []) visitGrouping(each, outputs, place);
}

function groupingVariable(node: Node, outputs: readonly Output[], { scope }: Place): Variable | null {
  const [kind, body] = entry(node) as [string, never];
  if (kind === "A_Const")
    return outputs[((body as { ival?: { ival?: number } }).ival?.ival ?? 0) - 1]?.variable ?? null;
  if (kind !== "ColumnRef") return null;
  const path = textsOf((body as ColumnRef).fields);
  if (path.length > 1 || scope.has(path[0]!)) return scope.find(path);
  return outputs.find(({ name }) => name === path[0])?.variable ?? null;
}

/** In ORDER BY, GROUP BY and DISTINCT ON a bare name may be an output's. Where both are possible, both are noted. */
function visitSort(node: Node, outputs: readonly Output[], place: Place): void {
  const sorted = bodyOf<{ node?: Node; useOp?: Node[] }>(node, "SortBy");
  const inner = sorted === undefined || (sorted.useOp?.length ?? 0) > 0 ? node : sorted.node!;
  const fields = bodyOf<ColumnRef>(inner, "ColumnRef")?.fields;
  const isBare = fields?.length === 1 && outputs.some(({ name }) => name === textOf(fields[0]!));
  if (isBare && !place.scope.has(textOf(fields[0]!))) return;
  visit(inner, place);
}

const bodies = new WeakMap<Routine, readonly Node[]>();

/** Looks into a function: what its body reads is read, whatever its arguments are. */
export function resolveBody(resolving: Resolving, routine: Routine): void {
  let statements = bodies.get(routine);
  if (statements === undefined) {
    statements = (parseSync(routine.body!).stmts ?? []).map(({ stmt }) => stmt!);
    bodies.set(routine, statements);
  }
  const scope = new Scope(null, new Set([routine.name, ...routine.inputNames]));
  const user = rules.functionsMayRunAsOwner ? (routine.runsAs ?? resolving.user) : resolving.user;
  const own = { ...resolving, user, reader: user };
  for (const statement of statements) resolving.loose.push(resolveQuery(own, statement, scope));
}
