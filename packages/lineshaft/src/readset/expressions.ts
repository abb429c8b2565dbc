/**
 * Expressions: looks at every node of an expression, names the columns in it, and stops at what is not known.
 *
 * Promise. An expression that passes reads the database only through its columns, its subqueries and the bodies of its
 * functions, all of which are noted; its value depends on nothing else. A kind of node that is not in `VISITORS` makes
 * the statement uncacheable.
 */
import type {
  A_Const,
  A_Expr,
  A_Indirection,
  ColumnRef,
  FuncCall,
  Node,
  ParamRef,
  SubLink,
  TypeCast,
  WindowDef,
} from "libpg-query";
import { bodyOf, entry, isArrayType, nameOf, textOf, textsOf } from "./ast.ts";
import type { Catalog, Routine } from "./catalog.ts";
import type { Fact, Query, TableSource, Variable } from "./query.ts";
import { checkedRoutines, checkedType, checkOperator, isDatetime, settingIn } from "./routines.ts";
import { rules } from "./rules.ts";
import type { Scope } from "./scope.ts";
import { uncacheable } from "./shape.ts";
import { isAging } from "./values.ts";

/** What a whole analysis shares. */
export interface Resolving {
  readonly catalog: Catalog;
  readonly path: readonly string[];
  readonly parameterTypes: readonly number[];
  readonly tables: TableSource[];
  /** Queries about which no fact is known: bodies of functions, subqueries in odd places. */
  readonly loose: Query[];
  readonly datetimeParameters: Set<number>;
  /** Settings whose values the caller tells, and those that the statement reads. */
  readonly told: ReadonlySet<string>;
  readonly settings: Set<string>;
  /** The role that runs functions here, and the one whose rights tables are read with: in a view its owner's. */
  readonly user: number;
  readonly reader: number;
  readonly isInPolicy: boolean;
  /** Levels of queries, views and functions around this one. */
  readonly depth: number;
  readonly resolveQuery: (resolving: Resolving, node: Node | undefined, scope: Scope | null) => Query;
  readonly resolveBody: (resolving: Resolving, routine: Routine) => void;
}

/** A subquery of an expression, as it is found; `facts.ts` adds what being a condition says. */
export interface FoundSublink {
  readonly query: Query;
  readonly seesFacts: boolean;
  member: Variable | null;
  facts: readonly Fact[];
}

/** Where an expression stands. */
export interface Place {
  readonly resolving: Resolving;
  readonly scope: Scope;
  readonly sublinks: Map<SubLink, FoundSublink>;
  readonly seesFacts: boolean;
}

export function visit(node: Node | undefined, place: Place): void {
  if (node === undefined) return;
  const [kind, body] = entry(node) as [string, never];
  const visitor = VISITORS[kind];
  if (visitor === undefined) uncacheable(`the construct ${kind}`);
  else visitor(body, place);
}

export function visitAll(nodes: readonly Node[] | undefined, place: Place): void {
  for (const node of nodes ?? []) visit(node, place);
}

const VISITORS: Record<string, (body: never, place: Place) => void> = {
  A_ArrayExpr: ({ elements }: { elements?: Node[] }, place) => visitAll(elements, place),
  A_Const: ({ sval }: A_Const) => {
    if (isAging(sval?.sval)) uncacheable(`the constant '${sval?.sval}', which may be read as a time`);
  },
  A_Expr: visitOperator,
  A_Indices: ({ lidx, uidx }: { lidx?: Node; uidx?: Node }, place) => visitAll([lidx, uidx].filter(isNode), place),
  A_Indirection: visitIndirection,
  BoolExpr: visitArguments,
  BooleanTest: visitArgument,
  CaseExpr: (body: { arg?: Node; args?: Node[]; defresult?: Node }, place) => {
    visit(body.arg, place);
    visitAll(body.args, place);
    visit(body.defresult, place);
  },
  CaseWhen: (body: { expr?: Node; result?: Node }, place) => {
    visit(body.expr, place);
    visit(body.result, place);
  },
  CoalesceExpr: visitArguments,
  CollateClause: visitArgument,
  ColumnRef: visitColumn,
  FuncCall: (body: FuncCall, place) => void visitFunction(body, place),
  GroupingFunc: visitArguments,
  List: ({ items }: { items?: Node[] }, place) => visitAll(items, place),
  MinMaxExpr: visitArguments,
  NamedArgExpr: visitArgument,
  NullTest: visitArgument,
  ParamRef: visitParameter,
  RowExpr: visitArguments,
  SortBy: ({ node, useOp }: { node?: Node; useOp?: Node[] }, place) => {
    if (useOp !== undefined && useOp.length > 0) uncacheable("ORDER BY USING");
    visit(node, place);
  },
  SubLink: visitSublink,
  TypeCast: visitCast,
  WindowDef: visitWindow,
};

const isNode = (node: Node | undefined): node is Node => node !== undefined;

function visitArgument({ arg }: { arg?: Node }, place: Place): void {
  visit(arg, place);
}

function visitArguments({ args }: { args?: Node[] }, place: Place): void {
  visitAll(args, place);
}

function visitColumn({ fields }: ColumnRef, place: Place): void {
  if (fields!.some((field) => bodyOf(field, "A_Star") !== undefined)) uncacheable("the whole row");
  place.scope.find(textsOf(fields));
}

function visitParameter({ number }: ParamRef, { resolving, scope }: Place): void {
  if (scope.isInFunction) return;
  const type = resolving.parameterTypes[number! - 1];
  if (type !== undefined && isDatetime(resolving.catalog, type)) resolving.datetimeParameters.add(number!);
}

function visitOperator({ kind, name, lexpr, rexpr }: A_Expr, place: Place): void {
  const operator = nameOf(name);
  checkOperator(place.resolving.catalog, operator.schema, operator.name);
  if (/_(?:ANY|ALL)$/.test(kind!) && bodyOf<A_Const>(rexpr, "A_Const")?.sval !== undefined) {
    uncacheable("an array written as text");
  }
  visit(lexpr, place);
  visit(rexpr, place);
}

function visitIndirection({ arg, indirection }: A_Indirection, place: Place): void {
  visit(arg, place);
  for (const node of indirection ?? []) {
    if (bodyOf(node, "A_Star") !== undefined) uncacheable("the whole row");
    if (textOf(node) === "") visit(node, place);
  }
}

function visitSublink(sublink: SubLink, place: Place): void {
  visit(sublink.testexpr, place);
  const operator = nameOf(sublink.operName);
  if (operator.name !== "") checkOperator(place.resolving.catalog, operator.schema, operator.name);
  const query = place.resolving.resolveQuery(place.resolving, sublink.subselect, place.scope);
  place.sublinks.set(sublink, { query, seesFacts: place.seesFacts, member: null, facts: [] });
}

/** Casting text to a date is reading the clock if the text is `today`, so only what cannot be such text is cast. */
function visitCast({ arg, typeName }: TypeCast, place: Place): void {
  visit(arg, place);
  const { catalog, path, parameterTypes } = place.resolving;
  const type = checkedType(catalog, typeName!, path);
  if (!isDatetime(catalog, type.oid) || isDatetimeValue(arg!, place)) return;
  const number = bodyOf<ParamRef>(arg, "ParamRef")?.number;
  if (number === undefined || place.scope.isInFunction || parameterTypes[number - 1] === undefined) {
    uncacheable(`a cast to ${type.name} of what may be text`);
  } else {
    place.resolving.datetimeParameters.add(number);
  }
}

function isDatetimeValue(node: Node, place: Place): boolean {
  const { catalog, path } = place.resolving;
  const [kind, body] = entry(node) as [string, never];
  if (kind === "A_Const") return true;
  if (kind === "ColumnRef") {
    const typeOid = place.scope.find(textsOf((body as ColumnRef).fields))?.typeOid;
    return typeof typeOid === "number" && isDatetime(catalog, typeOid);
  }
  if (kind !== "TypeCast") return false;
  const { typeName } = body as TypeCast;
  return !isArrayType(typeName!) && isDatetime(catalog, checkedType(catalog, typeName!, path).oid);
}

function visitWindow({ partitionClause, orderClause, startOffset, endOffset }: WindowDef, place: Place): void {
  visitAll(partitionClause, place);
  visitAll(orderClause, place);
  visit(startOffset, place);
  visit(endOffset, place);
}

/** Arguments and everything around a call; resolves to the functions that it may be. */
export function visitFunction(call: FuncCall, place: Place): readonly Routine[] {
  const { resolving, scope } = place;
  const setting = settingIn(call, resolving);
  if (setting !== null) {
    resolving.settings.add(setting);
    visitAll(call.args!.slice(1), place);
    return [];
  }
  const routines = checkedRoutines(
    resolving.catalog,
    { ...nameOf(call.funcname), argumentCount: argumentCountOf(call) },
    resolving.path,
  );
  for (const routine of routines) if (routine.body !== null) resolving.resolveBody(resolving, routine);
  const namedBefore = scope.namedCount;
  visitAll(call.args, place);
  visitAll(call.agg_order, place);
  visit(call.agg_filter, place);
  if (call.over !== undefined) {
    visitWindow(call.over, place);
    scope.hasWindows = true;
  } else if (routines.some(({ kind }) => kind === "a")) {
    markAggregate(scope, call.args === undefined || scope.namedCount > namedBefore);
  }
  return routines;
}

/** What WITHIN GROUP orders by is among the arguments of the function. */
function argumentCountOf({ args, agg_order, agg_within_group }: FuncCall): number {
  return (args?.length ?? 0) + (agg_within_group === true ? (agg_order?.length ?? 0) : 0);
}

/** An aggregate over outer columns belongs to an outer level; which one is not asked. */
function markAggregate(scope: Scope, isOwn: boolean): void {
  scope.hasAggregates = true;
  if (isOwn) return;
  for (let outer = scope.parent; outer !== null; outer = outer.parent) outer.hasAggregates = true;
}

/** `$n` of the statement; 0 in the body of a function, where it is an argument. */
export function parameterNumber({ number }: ParamRef, scope: Scope): number {
  return scope.isInFunction && rules.functionArgumentsAreOpaque ? 0 : (number ?? 0);
}
