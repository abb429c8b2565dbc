/**
 * Order: where a list with a LIMIT ends, so that rows behind its last one are known not to matter.
 *
 * Model. `select … from t … order by k … limit n` gave n rows, and its last one has k = e. Then as many rows as LIMIT
 * and OFFSET ask for stand at e or before it, and only those are looked at. A row of `t` whose k is strictly behind e
 * is in none of them: the answer is the same if it were not there. So `k is not behind e` is one more condition of the
 * read of `t`, tested on the old and on the new row like the others.
 * Only the first key counts, strictly, so ties are never behind. It must be a plain column of a table that the query
 * itself names, not on the nullable side of a join, whose row of nulls has a place of its own; and an output, so that
 * the last row tells it. Levels that group, remove duplicates or look through windows have no end: their rows come
 * from others as well. A list with fewer than n rows has none, as whatever comes is on it; nor one that ends in NULL.
 * Ranks. Values are compared by numbers that never disagree with the server's order but may be equal where it differs,
 * so that strictly greater is greater there, too. What has no rank (NaN, infinity, years of five digits) is not behind.
 */
import type { ColumnRef, Node, SelectStmt } from "libpg-query";
import { bodyOf, textOf } from "./ast.ts";
import type { FromItem, ListOrder, Output, TableSource, Variable } from "./query.ts";
import { rules } from "./rules.ts";
import type { Scope } from "./scope.ts";
import type { Order } from "./shape.ts";

export type RankKind = "number" | "date" | "instant" | "uuid";

const RANK_OF_TYPE: ReadonlyMap<number, RankKind> = new Map([
  [20, "number"],
  [21, "number"],
  [23, "number"],
  [1700, "number"],
  [701, "number"],
  [1082, "date"],
  [1184, "instant"],
  [2950, "uuid"],
]);

const NUMBER = /^[+-]?\d+(?:\.\d+)?(?:e[+-]?\d+)?$/i;
const DATE = /^(\d{4})-(\d{2})-(\d{2})$/;
const INSTANT = /^(\d{4}-\d{2}-\d{2})[ T](\d{2}:\d{2}:\d{2}(?:\.\d+)?)([+-]\d{2})(:\d{2})?$/;
const UUID = /^([0-9a-f]{8})-([0-9a-f]{4})-/i;

/** A number that orders values as the server does, as far as it tells them apart; undefined if there is none. */
export function rankOf(kind: RankKind, text: string): number | undefined {
  const rank = RANKERS[kind](text);
  return Number.isFinite(rank) ? rank : undefined;
}

const RANKERS: Record<RankKind, (text: string) => number> = {
  // Rounding to the next double keeps the order.
  number: (text) => (NUMBER.test(text) ? Number(text) : Number.NaN),
  date: (text) => (DATE.test(text) ? Number(text.replaceAll("-", "")) : Number.NaN),
  instant: (text) => {
    const [, day, time, hours, minutes = ":00"] = INSTANT.exec(text) ?? [];
    return day === undefined ? Number.NaN : Date.parse(`${day}T${time}${hours}${minutes}`);
  },
  uuid: (text) => {
    const [, first, second] = UUID.exec(text) ?? [];
    return first === undefined ? Number.NaN : Number.parseInt(`${first}${second}`, 16);
  },
};

/** Where the answer of one call ended. */
export interface End {
  readonly order: Order;
  readonly rank: number;
}

/** A `Date` has lost the microseconds, so the end is moved back by what they may have been. */
const LOST_MS = 1;

/** The end of a list, or null if it has none. `rows` are those of the answer, by name and as the driver reads them. */
export function endOf(order: Order, limit: unknown, rows: readonly unknown[]): End | null {
  const count = String(limit);
  if (!/^\d+$/.test(count) || rows.length === 0) return null;
  if (rows.length < Number(count) && rules.shortListsHaveNoEnd) return null;
  const value = (rows.at(-1) as Readonly<Record<string, unknown>>)[order.output];
  if (value instanceof Date) {
    const rank = value.getTime() + (order.isDescending ? -LOST_MS : LOST_MS);
    return Number.isFinite(rank) ? { order, rank } : null;
  }
  if (typeof value !== "string" && typeof value !== "number" && typeof value !== "bigint") return null;
  const rank = rankOf(order.kind, String(value));
  return rank === undefined ? null : { order, rank };
}

/** True if a row with this rank, null for NULL and undefined for a value without one, stands behind the end. */
export function isBehind({ order, rank: end }: End, rank: number | null | undefined): boolean {
  if (rank === undefined) return false;
  if (rank === null) return order.areNullsLast || !rules.nullsHaveAPlace;
  if (rank === end) return !rules.tiesAreNotBehind;
  return order.isDescending ? rank < end : rank > end;
}

/** The order of a level, if its list may have an end. */
export function listOrder(
  statement: SelectStmt,
  { outputs, from, scope }: { outputs: readonly Output[]; from: readonly FromItem[]; scope: Scope },
): ListOrder | null {
  const { sortClause, limitCount, limitOption } = statement;
  const sort = bodyOf<{ node?: Node; sortby_dir?: string; sortby_nulls?: string }>(sortClause?.[0], "SortBy");
  const limit = limitOf(limitCount);
  if (sort === undefined || limit === null || limitOption !== "LIMIT_OPTION_COUNT") return null;
  const output = sortedOutput(sort.node!, outputs, scope);
  if (output === null || outputs.filter(({ name }) => name === output.name).length > 1) return null;
  const { source, name } = output.variable!;
  if (source.kind !== "table" || !from.some((item) => isKept(item, source))) return null;
  const column = source.relation.columns.find((each) => each.name === name)!;
  const kind = RANK_OF_TYPE.get(column.typeOid);
  if (kind === undefined || column.isGenerated) return null;
  const isDescending = sort.sortby_dir === "SORTBY_DESC";
  const areNullsLast =
    sort.sortby_nulls === "SORTBY_NULLS_LAST" || (sort.sortby_nulls !== "SORTBY_NULLS_FIRST" && !isDescending);
  return { source, order: { column: name, kind, output: output.name, isDescending, areNullsLast, limit } };
}

function limitOf(node: Node | undefined): Order["limit"] | null {
  const constant = bodyOf<{ ival?: { ival?: number } }>(node, "A_Const")?.ival;
  if (constant !== undefined) return { kind: "constant", value: String(constant.ival ?? 0) };
  const number = bodyOf<{ number?: number }>(node, "ParamRef")?.number;
  return number === undefined ? null : { kind: "parameter", number };
}

/** A bare name in ORDER BY is an output's first, then a column's. */
function sortedOutput(node: Node, outputs: readonly Output[], scope: Scope): Output | null {
  const position = bodyOf<{ ival?: { ival?: number } }>(node, "A_Const")?.ival?.ival;
  const fields = bodyOf<ColumnRef>(node, "ColumnRef")?.fields;
  if (fields === undefined) return ofColumn(outputs[(position ?? 0) - 1]);
  const path = fields.map(textOf);
  const named = path.length === 1 ? outputs.find(({ name }) => name === path[0]) : undefined;
  if (named !== undefined) return ofColumn(named);
  const variable: Variable | null = scope.find(path);
  return ofColumn(outputs.find((each) => each.variable === variable));
}

function ofColumn(output: Output | undefined): Output | null {
  return output === undefined || output.variable === null ? null : output;
}

/** True if each row of the item comes from a row of the table. */
function isKept(item: FromItem, table: TableSource): boolean {
  if (item.kind !== "join") return item === table || (item.kind === "guarded" && item.table === table);
  const { type, left, right } = item;
  if (!rules.orderedSideIsKept) return isKept(left, table) || isKept(right, table);
  return (
    (type !== "right" && type !== "full" && isKept(left, table)) ||
    ((type === "inner" || type === "right") && isKept(right, table))
  );
}
