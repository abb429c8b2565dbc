/**
 * Facts: what a condition says about columns, as far as it can be used to narrow a read.
 *
 * Usable are `=`, `= ANY(array)`, IN, both for rows too, IS NULL, IS NOT DISTINCT FROM a constant, a boolean column by
 * itself, under NOT or in a boolean test, AND and OR of those, and subqueries that must have a row. Everything else
 * says nothing: CASE, LIKE, BETWEEN, a cast or a function of a column.
 * Values count only if the server compares them in the class of the column: the type of a parameter is the one that the
 * server described, and one member of an IN list in another class spoils the list.
 */
import type {
  A_ArrayExpr,
  A_Const,
  A_Expr,
  BoolExpr,
  BooleanTest,
  ColumnRef,
  FuncCall,
  Node,
  NullTest,
  ParamRef,
  ResTarget,
  RowExpr,
  SelectStmt,
  SubLink,
  TypeCast,
} from "libpg-query";
import { bodyOf, entry, hasModifiers, isArrayType, nameOf, textsOf } from "./ast.ts";
import { type Place, parameterNumber } from "./expressions.ts";
import type { Fact, OpaqueSource, Query, Variable } from "./query.ts";
import { settingIn } from "./routines.ts";
import { rowFacts } from "./row-facts.ts";
import { rules } from "./rules.ts";
import type { Item } from "./shape.ts";
import { canonical, type ValueClass } from "./values.ts";

type Operand =
  | { readonly kind: "variable"; readonly variable: Variable }
  | { readonly kind: "typed"; readonly valueClass: ValueClass; readonly item: Item }
  /** A literal that takes the type of what it is compared with. */
  | { readonly kind: "literal"; readonly text: string };

/** The facts of a condition that must be true. */
export function factsOf(node: Node | undefined, place: Place): readonly Fact[] {
  if (node === undefined || !place.resolving.catalog.isEqualityBuiltIn) return [];
  const [kind, body] = entry(node) as [string, never];
  return READERS[kind]?.(body, place) ?? [];
}

const READERS: Record<string, (body: never, place: Place) => readonly Fact[]> = {
  BoolExpr: readLogic,
  A_Expr: readComparison,
  ColumnRef: (body: ColumnRef, place) => booleanFact(variableOf(body, place), ["t"], true),
  NullTest: ({ arg, nulltesttype }: NullTest, place) => {
    const variable = nulltesttype === "IS_NULL" ? variableIn(arg, place) : null;
    return variable === null ? [] : [inFact(variable, [{ kind: "constant", value: null }], false)];
  },
  BooleanTest: ({ arg, booltesttype }: BooleanTest, place) => {
    const values = BOOLEAN_TESTS[booltesttype!];
    return values === undefined ? [] : booleanFact(variableIn(arg, place), values, !values.includes(null));
  },
  SubLink: readSublink,
};

const BOOLEAN_TESTS: Record<string, readonly (string | null)[]> = {
  IS_TRUE: ["t"],
  IS_FALSE: ["f"],
  IS_NOT_TRUE: ["f", null],
  IS_NOT_FALSE: ["t", null],
  IS_UNKNOWN: [null],
};

function inFact(variable: Variable, items: readonly Item[], isStrict: boolean): Fact {
  return { kind: "in", variable, items, isStrict };
}

function booleanFact(
  variable: Variable | null,
  values: readonly (string | null)[],
  isStrict: boolean,
): readonly Fact[] {
  if (variable?.valueClass !== "bool") return [];
  const items = values.map((value): Item => ({ kind: "constant", value }));
  return [inFact(variable, items, isStrict)];
}

function readLogic({ boolop, args }: BoolExpr, place: Place): readonly Fact[] {
  if (boolop === "AND_EXPR") return args!.flatMap((each) => factsOf(each, place));
  if (boolop === "NOT_EXPR") return readNot(args![0]!, place);
  return orFact(args!.map((each) => factsOf(each, { ...place, sublinks: new Map() })));
}

function readNot(arg: Node, place: Place): readonly Fact[] {
  if (!rules.notInStopsPush) factsOf(arg, place);
  return booleanFact(variableIn(arg, place), ["f"], true);
}

function orFact(arms: readonly (readonly Fact[])[]): readonly Fact[] {
  if (arms.length === 1) return arms[0]!;
  return arms.some((arm) => arm.length === 0) ? [] : [{ kind: "or", arms }];
}

function readComparison({ kind, name, lexpr, rexpr }: A_Expr, place: Place): readonly Fact[] {
  const operator = nameOf(name);
  if (operator.name !== "=" || (operator.schema !== undefined && operator.schema !== "pg_catalog")) return [];
  if (kind === "AEXPR_OP") return equality(lexpr!, rexpr!, place);
  if (kind === "AEXPR_IN") return membership(lexpr!, bodyOf<{ items: Node[] }>(rexpr, "List")?.items ?? [], place);
  if (kind === "AEXPR_OP_ANY") return anyOf(lexpr!, rexpr!, place);
  if (kind === "AEXPR_NOT_DISTINCT") return sameness(lexpr!, rexpr!, place);
  return [];
}

function equality(left: Node, right: Node, place: Place): readonly Fact[] {
  const rows = [left, right].map((node) => bodyOf<RowExpr>(node, "RowExpr")?.args);
  if (rows[0] !== undefined || rows[1] !== undefined) {
    if (rows[0]?.length !== rows[1]?.length) return [];
    return rows[0]!.flatMap((each, index) => equality(each, rows[1]![index]!, place));
  }
  const [one, other] = [operandOf(left, place), operandOf(right, place)];
  if (one === null || other === null) return [];
  if (one.kind === "variable" && other.kind === "variable") return equal(one.variable, other.variable);
  if (one.kind === "variable") return valuesFact(one.variable, [other]);
  return other.kind === "variable" ? valuesFact(other.variable, [one]) : [];
}

/** That two columns are equal, if the server compares them in their class. */
export function equal(left: Variable, right: Variable): readonly Fact[] {
  if (left.valueClass === null || left.valueClass !== right.valueClass) return [];
  return [{ kind: "equal", left, right }];
}

function membership(left: Node, members: readonly Node[], place: Place): readonly Fact[] {
  if (bodyOf(left, "RowExpr") !== undefined) return orFact(members.map((each) => equality(left, each, place)));
  const variable = variableIn(left, place);
  const operands = members.map((each) => operandOf(each, place));
  return variable === null || operands.includes(null) ? [] : valuesFact(variable, operands as Operand[]);
}

function anyOf(left: Node, right: Node, place: Place): readonly Fact[] {
  const array = bodyOf<A_ArrayExpr>(right, "A_ArrayExpr");
  if (array !== undefined) {
    if (bodyOf(left, "RowExpr") !== undefined) return [];
    return membership(left, array.elements ?? [], place);
  }
  const sublink = bodyOf<SubLink>(right, "SubLink");
  if (sublink?.subLinkType === "ARRAY_SUBLINK") return memberFacts(left, sublink, place);
  const variable = variableIn(left, place);
  const { catalog, parameterTypes } = place.resolving;
  const number = parameterIn(right, place);
  if (variable === null || number === 0) return [];
  const elementOid = catalog.typeByOid(parameterTypes[number - 1] ?? 0)?.elementOid ?? 0;
  const valueClass = catalog.typeByOid(elementOid)?.valueClass;
  if (variable.valueClass === null || valueClass !== variable.valueClass) return [];
  return [inFact(variable, [{ kind: "array", number }], true)];
}

/** `IS NOT DISTINCT FROM`: NULL is a value like others, so the fact holds for rows of nulls. */
function sameness(left: Node, right: Node, place: Place): readonly Fact[] {
  const [one, other] = [operandOf(left, place), operandOf(right, place)];
  const variable = one?.kind === "variable" ? one.variable : other?.kind === "variable" ? other.variable : null;
  const value = one?.kind === "variable" ? other : one;
  if (variable === null || value === null || value === undefined || value.kind === "variable") return [];
  const items = itemsOf(variable, [value]);
  if (items === null) return [];
  const open = items.map((item) =>
    item.kind === "parameter" || item.kind === "setting" ? { ...item, matchesNull: true } : item,
  );
  return [inFact(variable, open, false)];
}

function valuesFact(variable: Variable, operands: readonly Operand[]): readonly Fact[] {
  const items = itemsOf(variable, operands);
  return items === null ? [] : [inFact(variable, items, true)];
}

function itemsOf({ valueClass }: Variable, operands: readonly Operand[]): readonly Item[] | null {
  const items: Item[] = [];
  if (valueClass === null) return null;
  for (const operand of operands) {
    if (operand.kind === "variable") return null;
    if (operand.kind === "typed") {
      if (operand.valueClass !== valueClass && rules.classesMustMatch) return null;
      items.push(operand.item);
    } else {
      const value = canonical(valueClass, operand.text);
      if (value === undefined) return null;
      items.push({ kind: "constant", value });
    }
  }
  return items;
}

function operandOf(node: Node, place: Place): Operand | null {
  const [kind, body] = entry(node) as [string, never];
  if (kind === "A_Const") return constantOperand(body);
  if (kind === "ParamRef") return parameterOperand(body, place);
  if (kind === "TypeCast") return castOperand(body, place);
  if (kind === "FuncCall") return settingOperand(body, TEXT_OID, place);
  if (kind === "SubLink") return unwrapped(node) === node ? null : operandOf(unwrapped(node), place);
  if (kind !== "ColumnRef") return null;
  const variable = variableOf(body, place);
  return variable === null ? null : { kind: "variable", variable };
}

function constantOperand({ ival, fval, boolval, sval, isnull, bsval }: A_Const): Operand | null {
  if (isnull === true || bsval !== undefined) return null;
  if (sval !== undefined) return { kind: "literal", text: sval.sval ?? "" };
  if (boolval !== undefined) return typed("bool", boolval.boolval === true ? "t" : "f");
  return typed("number", fval === undefined ? String(ival?.ival ?? 0) : fval.fval!);
}

function typed(valueClass: ValueClass, text: string): Operand | null {
  const value = canonical(valueClass, text);
  return value === undefined ? null : { kind: "typed", valueClass, item: { kind: "constant", value } };
}

function parameterOperand(body: ParamRef, { resolving, scope }: Place): Operand | null {
  const number = parameterNumber(body, scope);
  const valueClass = resolving.catalog.typeByOid(resolving.parameterTypes[number - 1] ?? 0)?.valueClass ?? null;
  if (number === 0 || valueClass === null) return null;
  return { kind: "typed", valueClass, item: { kind: "parameter", number, matchesNull: false } };
}

function castOperand({ arg: value, typeName }: TypeCast, place: Place): Operand | null {
  const arg = unwrapped(value!);
  if (!rules.castsMustMatch) return operandOf(arg, place);
  if (hasModifiers(typeName!) || isArrayType(typeName!)) return null;
  const { catalog, path, parameterTypes } = place.resolving;
  const { schema, name } = nameOf(typeName!.names);
  const type = catalog.type(schema, name, path);
  const call = bodyOf<FuncCall>(arg, "FuncCall");
  if (call !== undefined) return settingOperand(call, type?.oid ?? 0, place);
  const constant = bodyOf<A_Const>(arg, "A_Const");
  if (constant?.sval !== undefined && type?.valueClass != null) return typed(type.valueClass, constant.sval.sval ?? "");
  const parameter = bodyOf<ParamRef>(arg, "ParamRef");
  if (parameter === undefined || parameterTypes[(parameter.number ?? 0) - 1] !== type?.oid) return null;
  return parameterOperand(parameter, place);
}

const TEXT_OID = 25;

function settingOperand(call: FuncCall, typeOid: number, { resolving }: Place): Operand | null {
  const name = settingIn(call, resolving);
  const valueClass = resolving.catalog.typeByOid(typeOid)?.valueClass;
  if (name === null || valueClass == null) return null;
  return { kind: "typed", valueClass, item: { kind: "setting", name, typeOid, matchesNull: false } };
}

/** `(select x)` is x; it is written so around settings, to have them read once. */
function unwrapped(node: Node): Node {
  const { subLinkType, subselect } = bodyOf<SubLink>(node, "SubLink") ?? {};
  if (subLinkType !== "EXPR_SUBLINK") return node;
  const { targetList, limitOption, op, ...rest } = bodyOf<SelectStmt>(subselect, "SelectStmt")!;
  const value = bodyOf<ResTarget>(targetList?.[0], "ResTarget")?.val;
  return value === undefined || Object.keys(rest).length > 0 ? node : value;
}

/** The number of a parameter, bare or under a cast to just its type; 0 if the node is something else. */
function parameterIn(node: Node, { resolving, scope }: Place): number {
  const bare = bodyOf<ParamRef>(node, "ParamRef");
  if (bare !== undefined) return parameterNumber(bare, scope);
  const { arg, typeName } = bodyOf<TypeCast>(node, "TypeCast") ?? {};
  const parameter = bodyOf<ParamRef>(arg, "ParamRef");
  if (parameter === undefined || hasModifiers(typeName!) || !isArrayType(typeName!)) return 0;
  const { schema, name } = nameOf(typeName!.names);
  const element = resolving.catalog.type(schema, name, resolving.path);
  const declared = resolving.catalog.typeByOid(resolving.parameterTypes[(parameter.number ?? 0) - 1] ?? 0);
  return element !== null && declared?.elementOid === element.oid ? parameterNumber(parameter, scope) : 0;
}

function variableIn(node: Node | undefined, place: Place): Variable | null {
  const column = bodyOf<ColumnRef>(node, "ColumnRef");
  return column === undefined ? null : variableOf(column, place);
}

/** The column, if facts about it can be used. */
function variableOf({ fields }: ColumnRef, { scope }: Place): Variable | null {
  const variable = scope.find(textsOf(fields));
  return variable === null || variable.valueClass === null ? null : variable;
}

/** EXISTS and IN that must be true: there is a row of the subquery, so what it says of its own rows holds as well. */
function readSublink(sublink: SubLink, place: Place): readonly Fact[] {
  const found = place.sublinks.get(sublink);
  if (found !== undefined && sublink.subLinkType === "EXISTS_SUBLINK") return rowFacts(found.query);
  const operator = nameOf(sublink.operName).name;
  if (sublink.subLinkType !== "ANY_SUBLINK" || (operator !== "" && operator !== "=")) return [];
  return memberFacts(sublink.testexpr, sublink, place);
}

/** The same for a value that is one of those which a subquery gives: by IN, or by `= any(array(select …))`. */
function memberFacts(left: Node | undefined, sublink: SubLink, place: Place): readonly Fact[] {
  const found = place.sublinks.get(sublink);
  const variable = variableIn(left, place);
  if (found === undefined || variable === null) return [];
  found.member = memberOf(found.query);
  found.facts = equal(variable, found.member);
  const inner = found.query.outputs[0]?.variable ?? null;
  return inner === null ? [] : [...rowFacts(found.query), ...equal(variable, inner)];
}

function memberOf(query: Query): Variable {
  const columns: Variable[] = [];
  const source: OpaqueSource = { kind: "opaque", columns };
  const { typeOid = null, valueClass = null } = query.outputs[0] ?? {};
  columns.push({ source, name: "member", typeOid, valueClass });
  return columns[0]!;
}
