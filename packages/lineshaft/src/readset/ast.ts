/** Small readers for the parser's tree, whose nodes are objects with one key, the kind. */
import type { Node, TypeName } from "libpg-query";

/** Kind and body of a node. */
export function entry(node: Node): readonly [kind: string, body: unknown] {
  for (const kind in node) return [kind, (node as Record<string, unknown>)[kind]];
  return ["nothing", undefined];
}

/** The body of a node of this kind, or undefined. */
export function bodyOf<TBody>(node: Node | undefined, kind: string): TBody | undefined {
  return node === undefined ? undefined : ((node as Record<string, unknown>)[kind] as TBody | undefined);
}

/** The text of a `String` node. */
export function textOf(node: Node): string {
  return bodyOf<{ sval?: string }>(node, "String")?.sval ?? "";
}

export function textsOf(nodes: readonly Node[] | undefined): readonly string[] {
  return nodes?.map(textOf) ?? [];
}

/** A name of one or two parts. */
export function nameOf(nodes: readonly Node[] | undefined): { schema: string | undefined; name: string } {
  const parts = textsOf(nodes);
  return { schema: parts.length > 1 ? parts.at(-2)! : undefined, name: parts.at(-1) ?? "" };
}

export function isArrayType(type: TypeName): boolean {
  return (type.arrayBounds?.length ?? 0) > 0;
}

export function hasModifiers(type: TypeName): boolean {
  return (type.typmods?.length ?? 0) > 0 || (type.typemod ?? -1) !== -1;
}

/** The name that the server gives to a column of a select list without an alias. */
export function columnNameOf(node: Node | undefined): string {
  if (node === undefined) return "?column?";
  const [kind, body] = entry(node) as [string, never];
  return NAMERS[kind]?.(body) ?? "?column?";
}

type Bag = Record<string, Node & Node[]>;

const NAMERS: Record<string, (body: Bag) => string> = {
  ColumnRef: ({ fields }) => textOf(fields!.at(-1)!) || "?column?",
  FuncCall: ({ funcname }) => textOf(funcname!.at(-1)!),
  TypeCast: ({ arg, typeName }) => {
    const name = columnNameOf(arg);
    return name === "?column?" ? textOf((typeName as unknown as TypeName).names!.at(-1)!) : name;
  },
  CollateClause: ({ arg }) => columnNameOf(arg),
  A_Indirection: ({ arg, indirection }) => {
    const field = indirection!.map(textOf).findLast((text) => text !== "");
    return field ?? columnNameOf(arg);
  },
  A_Expr: ({ kind }) => ((kind as unknown as string) === "AEXPR_NULLIF" ? "nullif" : "?column?"),
  CaseExpr: ({ defresult }) => {
    const name = columnNameOf(defresult);
    return name === "?column?" ? "case" : name;
  },
  CoalesceExpr: () => "coalesce",
  MinMaxExpr: ({ op }) => ((op as unknown as string) === "IS_GREATEST" ? "greatest" : "least"),
  A_ArrayExpr: () => "array",
  RowExpr: () => "row",
  GroupingFunc: () => "grouping",
  SubLink: ({ subLinkType, subselect }) => {
    const type = subLinkType as unknown as string;
    if (type === "EXISTS_SUBLINK") return "exists";
    if (type === "ARRAY_SUBLINK") return "array";
    if (type !== "EXPR_SUBLINK") return "?column?";
    const target = bodyOf<{ targetList?: Node[] }>(subselect, "SelectStmt")?.targetList?.[0];
    const { name, val } = bodyOf<{ name?: string; val?: Node }>(target, "ResTarget") ?? {};
    return name ?? columnNameOf(val);
  },
};
