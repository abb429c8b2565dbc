/** From-lists: tables, views, references to CTEs, subqueries, functions and joins, with the names that they give. */
import type { Alias, FuncCall, JoinExpr, Node, RangeFunction, RangeSubselect, RangeVar, SelectStmt } from "libpg-query";
import { parseSync } from "libpg-query";
import { bodyOf, entry, textOf, textsOf } from "./ast.ts";
import type { Relation } from "./catalog.ts";
import { type Place, type Resolving, visit, visitFunction } from "./expressions.ts";
import { equal, factsOf } from "./facts.ts";
import type {
  Fact,
  GuardedTable,
  Join,
  JoinType,
  OpaqueSource,
  Query,
  QuerySource,
  Source,
  TableSource,
  Variable,
} from "./query.ts";
import { sourcesOf } from "./query.ts";
import { rules } from "./rules.ts";
import { type CommonTable, type FromEntry, markNamed, Scope, type Visible, visibleOf } from "./scope.ts";
import { UncacheableError, uncacheable } from "./shape.ts";

export function fromEntry(node: Node, place: Place): FromEntry {
  const [kind, body] = entry(node) as [string, never];
  const reader = READERS[kind];
  return reader === undefined ? uncacheable(`the construct ${kind}`) : reader(body, place);
}

const READERS: Record<string, (body: never, place: Place) => FromEntry> = {
  RangeVar: fromName,
  RangeSubselect: fromSubquery,
  RangeFunction: fromFunction,
  JoinExpr: fromJoin,
};

function named(source: Source, alias: Alias | undefined, name: string, schema: string | null = null): FromEntry {
  const visible = visibleOf(source, textsOf(alias?.colnames));
  const isRenamed = alias?.aliasname !== undefined;
  const names = [{ alias: alias?.aliasname ?? name, schema: isRenamed ? null : schema, columns: visible }];
  return { item: source, names, visible };
}

function fromName({ schemaname, relname, alias, inh }: RangeVar, place: Place): FromEntry {
  const name = relname!;
  const common = schemaname === undefined ? place.scope.commonTable(name) : null;
  if (common !== null) return named(commonSource(common, place.resolving), alias, name);
  const { catalog, path } = place.resolving;
  const relation = catalog.relation(schemaname, name, path);
  if (relation === "system") return uncacheable(`the system catalog ${name}`);
  if (relation === null) return uncacheable(`the relation ${name}`);
  checkRelation(relation, place.resolving);
  if (relation.kind === "v") return named(viewSource(relation, place.resolving), alias, name, relation.schema);
  const filter = rules.policiesAreRead ? catalog.rowFilter(relation, place.resolving.reader) : null;
  const table = tableSource(relation, { isOnly: inh !== true, isGuarded: filter !== null }, place);
  const entry = named(table, alias, name, relation.schema);
  return filter === null ? entry : { ...entry, item: guardedTable(table, filter, place.resolving) };
}

const RELATION_KINDS: Record<string, string> = { m: "a materialized view", f: "a foreign table", S: "a sequence" };

/** What the write-ahead log does not tell about cannot be kept. */
function checkRelation(relation: Relation, { catalog }: Resolving): void {
  const parts = (catalog.lineage(relation.oid) ?? []).map((oid) => catalog.relationByOid(oid) ?? relation);
  for (const part of parts) {
    if (RELATION_KINDS[part.kind] !== undefined) uncacheable(`${part.name}, ${RELATION_KINDS[part.kind]}`);
    if (part.persistence !== "p") uncacheable(`${part.name}, an unlogged table`);
  }
}

function tableSource(
  relation: Relation,
  how: Pick<TableSource, "isOnly" | "isGuarded">,
  { resolving }: Place,
): TableSource {
  const columns: Variable[] = [];
  const { reader, catalog, isInPolicy } = resolving;
  const rights = { isOwnRead: reader === catalog.role, isInPolicy, ...how };
  const source: TableSource = { kind: "table", relation, columns, named: new Set(), ...rights };
  for (const { name, typeOid, valueClass } of relation.columns) columns.push({ source, name, typeOid, valueClass });
  resolving.tables.push(source);
  return source;
}

const filters = new Map<string, Node>();
/** Texts of conditions whose trees are kept. */
const FILTERS_MAX = 1_000;

function parsedFilter(text: string): Node {
  let node = filters.get(text);
  if (node !== undefined) return node;
  node = bodyOf<SelectStmt>(parseSync(`select where ${text}`).stmts![0]!.stmt, "SelectStmt")!.whereClause!;
  if (filters.size < FILTERS_MAX) filters.set(text, node);
  return node;
}

/** The policies' conditions, each name qualified, as the condition that every row of the table satisfies. */
function guardedTable(table: TableSource, filter: string, resolving: Resolving): GuardedTable {
  const { name, schema } = table.relation;
  const scope = new Scope(null);
  scope.visible = visibleOf(table);
  scope.names = [{ alias: name, schema, columns: scope.visible }];
  const place: Place = {
    resolving: { ...resolving, path: [], isInPolicy: true },
    scope,
    sublinks: new Map(),
    seesFacts: true,
  };
  const node = parsedFilter(filter);
  try {
    visit(node, place);
  } catch (error) {
    throw error instanceof UncacheableError ? new UncacheableError(`${error.message}, in a policy of ${name}`) : error;
  }
  return { kind: "guarded", table, where: factsOf(node, place), sublinks: [...place.sublinks.values()] };
}

export function querySource(query: Query, names: readonly string[]): QuerySource {
  const columns: Variable[] = [];
  const source: QuerySource = { kind: "query", query, columns };
  for (const [index, { name, typeOid, valueClass }] of query.outputs.entries()) {
    columns.push({ source, name: names[index] ?? name, typeOid, valueClass });
  }
  return source;
}

function opaqueSource(names: readonly string[]): OpaqueSource {
  const columns: Variable[] = [];
  const source: OpaqueSource = { kind: "opaque", columns };
  for (const name of names) columns.push({ source, name, typeOid: null, valueClass: null });
  return source;
}

const views = new WeakMap<Relation, Node>();

function viewSource(relation: Relation, resolving: Resolving): QuerySource {
  let statement = views.get(relation);
  if (statement === undefined) views.set(relation, (statement = parseSync(relation.definition!).stmts![0]!.stmt!));
  const names = relation.columns.map(({ name }) => name);
  const reader = relation.isInvoker || !rules.viewsReadAsOwner ? resolving.user : relation.owner;
  return querySource(resolving.resolveQuery({ ...resolving, path: [], reader }, statement, null), names);
}

/** Inside its own query a recursive table is opaque. Facts about the result say nothing of the rows on the way. */
function commonSource(table: CommonTable, resolving: Resolving): Source {
  table.isReferenced = true;
  const { statement, names, scope, isRecursive } = table;
  if (table.recursion !== null) {
    table.isSelfReferenced = true;
    return opaqueSource(table.recursion);
  }
  const node = { SelectStmt: statement };
  if (!isRecursive || statement.op !== "SETOP_UNION")
    return querySource(resolving.resolveQuery(resolving, node, scope), names);
  const first = resolving.resolveQuery(resolving, { SelectStmt: statement.larg as SelectStmt }, scope);
  table.recursion = first.outputs.map(({ name }, index) => names[index] ?? name);
  table.isSelfReferenced = false;
  const query = resolving.resolveQuery(resolving, node, scope);
  table.recursion = null;
  return querySource(table.isSelfReferenced && rules.recursionStopsPush ? unpushable(query) : query, names);
}

function unpushable(query: Query): Query {
  const outputs = query.outputs.map((output) => ({ ...output, variable: null }));
  return query.kind === "set" ? { ...query, outputs, isPushable: false } : { ...query, outputs, isPlain: false };
}

/** Only LATERAL subqueries see their neighbours; the others see the CTEs of this level and the levels around it. */
function fromSubquery({ lateral, subquery, alias }: RangeSubselect, place: Place): FromEntry {
  const scope = lateral === true ? place.scope : place.scope.parent;
  const query = place.resolving.resolveQuery(place.resolving, subquery, scope);
  return named(querySource(query, []), alias, "");
}

function fromFunction(body: RangeFunction, place: Place): FromEntry {
  const { functions, ordinality, is_rowsfrom, alias, coldeflist } = body;
  if (is_rowsfrom === true || functions?.length !== 1) return uncacheable("ROWS FROM");
  if (coldeflist !== undefined && coldeflist.length > 0) return uncacheable("a column definition list");
  const [callNode] = bodyOf<{ items: Node[] }>(functions[0], "List")?.items ?? [];
  const call = bodyOf<FuncCall>(callNode, "FuncCall");
  if (call === undefined) return uncacheable("a from-list with something else than a function");
  const routines = visitFunction(call, place);
  const name = textOf(call.funcname!.at(-1)!);
  const lists = name === "unnest" ? [] : routines.map(({ outputNames }) => outputNames);
  const outputs = lists.find((list) => list.length > 0) ?? [alias?.aliasname ?? name];
  if (lists.some((list) => list.join() !== lists[0]!.join())) return uncacheable(`the columns of ${name}`);
  const aliases = textsOf(alias?.colnames);
  const names = [...outputs, ...aliases.slice(outputs.length)];
  return named(opaqueSource(ordinality === true ? [...names, "ordinality"] : names), alias, name);
}

const JOIN_TYPES: Record<string, JoinType> = {
  JOIN_INNER: "inner",
  JOIN_LEFT: "left",
  JOIN_RIGHT: "right",
  JOIN_FULL: "full",
};

function fromJoin(body: JoinExpr, place: Place): FromEntry {
  const { scope } = place;
  const outside = { names: scope.names, visible: scope.visible };
  if (body.join_using_alias !== undefined) return uncacheable("an alias for USING");
  const left = fromEntry(body.larg!, place);
  scope.names = [...outside.names, ...left.names];
  scope.visible = [...outside.visible, ...left.visible];
  const right = fromEntry(body.rarg!, place);
  scope.names = [...left.names, ...right.names];
  scope.visible = [...left.visible, ...right.visible];
  const type = JOIN_TYPES[body.jointype!] ?? uncacheable(`the join ${body.jointype}`);
  const merged = mergedColumns(body, left, right);
  const conditionPlace = { ...place, seesFacts: false };
  visit(body.quals, conditionPlace);
  const on = [...merged.facts, ...factsOf(body.quals, { ...conditionPlace, sublinks: new Map() })];
  Object.assign(scope, outside);
  const sources = new Set([...sourcesOf(left.item), ...sourcesOf(right.item)]);
  const item: Join = { kind: "join", type, left: left.item, right: right.item, on, sources };
  return joined(item, [left, right], body.alias, merged.visible);
}

interface Merged {
  readonly facts: readonly Fact[];
  readonly visible: (type: JoinType) => readonly Visible[];
}

/** Columns that USING or NATURAL makes one of: the kept side's, and of a full join neither. */
function mergedColumns(body: JoinExpr, left: FromEntry, right: FromEntry): Merged {
  const find = (entry: FromEntry, name: string) => entry.visible.find((each) => each.name === name)?.variable;
  const common = body.isNatural
    ? left.visible.map(({ name }) => name).filter((name) => find(right, name) !== undefined)
    : textsOf(body.usingClause);
  const pairs = common.map((name) => {
    const [one, other] = [find(left, name), find(right, name)];
    if (one === undefined || other === undefined) return uncacheable(`the name ${name}`);
    markNamed(one);
    markNamed(other);
    return { name, one, other };
  });
  const visible = (type: JoinType) => {
    const merged = pairs.map(({ name, one, other }) => {
      const variable = type === "full" ? opaqueSource([name]).columns[0]! : type === "right" ? other : one;
      return { name, variable };
    });
    const rest = [...left.visible, ...right.visible].filter(({ name }) => !common.includes(name));
    return [...merged, ...rest];
  };
  return { facts: pairs.flatMap(({ one, other }) => equal(one, other)), visible };
}

function joined(
  item: Join,
  sides: readonly FromEntry[],
  alias: Alias | undefined,
  visible: Merged["visible"],
): FromEntry {
  const columns = visible(item.type);
  if (alias === undefined) return { item, names: sides.flatMap(({ names }) => names), visible: columns };
  const aliases = textsOf(alias.colnames);
  const renamed = columns.map(({ name, variable }, index) => ({ name: aliases[index] ?? name, variable }));
  return { item, names: [{ alias: alias.aliasname!, schema: null, columns: renamed }], visible: renamed };
}

/**
 * A scope for the queries of a WITH clause, one level for each, as each sees those before it; recursive ones see all.
 */
export function withScope(statement: SelectStmt, parent: Scope | null): Scope {
  const isRecursive = statement.withClause?.recursive === true;
  let scope = new Scope(parent);
  for (const node of statement.withClause?.ctes ?? []) {
    const table = bodyOf<Record<string, Node & Node[] & string>>(node, "CommonTableExpr")!;
    const inner = bodyOf<SelectStmt>(table.ctequery, "SelectStmt");
    if (inner === undefined) return uncacheable("WITH that changes data");
    if (table.search_clause !== undefined || table.cycle_clause !== undefined) return uncacheable("SEARCH or CYCLE");
    const outer = scope;
    if (!isRecursive) scope = new Scope(outer);
    const names = textsOf(table.aliascolnames);
    const state = { recursion: null, isReferenced: false, isSelfReferenced: false };
    scope.commonTables.set(table.ctename!, { statement: inner, names, scope: outer, isRecursive, ...state });
  }
  return scope;
}
