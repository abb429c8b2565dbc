/**
 * Paging by keys: a page begins after the last row of the page before it, not after a number of rows. So rows that are
 * added or deleted meanwhile neither repeat nor hide others, and the hundredth page costs what the first does.
 *
 * A cursor holds the sort key and the id of the last row, and a check of them together with the question that it
 * belongs to: it is refused when it was changed, and when it is sent along with other filters. It is no secret and
 * opens nothing: whatever it says, every page is cut from what the caller may see.
 */
import { createHash } from "node:crypto";
import { type Fail, field, type SelectQueryBuilder, sql } from "lineshaft";

/** Rows of one page, when the caller does not say. */
export const PAGE_ROWS = 50;
/** Rows that one page may have. */
export const PAGE_ROWS_MAX = 100;
const CURSOR_CHARS_MAX = 4_000;
const CHECK_CHARS = 16;
const UUID = /^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;

export const paging = {
  limit: field.integer({ min: 1, max: PAGE_ROWS_MAX }).default(PAGE_ROWS),
  cursor: field.text({ max: CURSOR_CHARS_MAX }).optional().describe("`next` of the page before."),
};

type Value = string | number | Date | null;

/** What a list is sorted by. Rows with the same value are in order of their ids; those without one come last. */
export interface Sort {
  /** SQL of the value, and the key under which a row has it. */
  readonly by: ReturnType<typeof sql>;
  readonly key: string;
  readonly kind: "text" | "number" | "time" | "none";
  readonly direction: "asc" | "desc";
  readonly nullable?: boolean;
}

/** Which page of which question. */
export interface PageOf {
  readonly limit: number;
  readonly cursor?: string | undefined;
  /** Everything that decides what the list is; a cursor of another question is refused. */
  readonly question: unknown;
  /** SQL of the id of a row. */
  readonly id: string;
  readonly sort: Sort;
  readonly fail: Fail<never>;
}

/** A list in order of its ids, that is, of the time at which its rows were made. */
export function byAge(direction: "asc" | "desc"): Sort {
  return { by: sql`null`, key: "id", kind: "none", direction };
}

/** One page of a question. */
export async function pageOf<TDb, TTable extends keyof TDb, TRow extends { readonly id: string }>(
  all: SelectQueryBuilder<TDb, TTable, TRow>,
  { limit, cursor, question, id, sort, fail }: PageOf,
): Promise<{ items: TRow[]; next: string | null }> {
  const after = cursor === undefined ? null : readCursor(cursor, { question, sort, fail });
  const rest = after === null ? all : all.where(isAfter(sort, id, after));
  const { by, kind, direction, nullable } = sort;
  const ordered =
    kind === "none"
      ? rest
      : rest.orderBy(by, (order) => (nullable ? order[direction]().nullsLast() : order[direction]()));
  const rows = (await ordered
    .orderBy(sql.ref(id), direction)
    .limit(limit + 1)
    .execute()) as TRow[];
  if (rows.length <= limit) return { items: rows, next: null };
  const items = rows.slice(0, limit);
  return { items, next: writeCursor(items.at(-1)!, { question, sort }) };
}

function isAfter({ by, kind, direction, nullable }: Sort, id: string, after: { value: Value; id: string }) {
  const beyond = sql.raw(direction === "asc" ? ">" : "<");
  const key = sql.ref(id);
  if (kind === "none") return sql<boolean>`${key} ${beyond} ${after.id}`;
  if (after.value === null) return sql<boolean>`(${by} is null and ${key} ${beyond} ${after.id})`;
  const later = sql<boolean>`(${by}, ${key}) ${beyond} (${after.value}, ${after.id})`;
  return nullable ? sql<boolean>`(${later} or ${by} is null)` : later;
}

function writeCursor(row: { readonly id: string }, { question, sort }: Pick<PageOf, "question" | "sort">): string {
  const value = sort.kind === "none" ? null : ((row as Record<string, unknown>)[sort.key] ?? null);
  const content = JSON.stringify([value, row.id]);
  return Buffer.from(checkOf(content, question) + content).toString("base64url");
}

function readCursor(cursor: string, { question, sort, fail }: Pick<PageOf, "question" | "sort" | "fail">) {
  const text = Buffer.from(cursor, "base64url").toString();
  const content = text.slice(CHECK_CHARS);
  const refuse = () => {
    const detail = "is no cursor of this list with these filters: take `next` of the page before, unchanged";
    return fail("INVALID_INPUT", {
      detail: `/cursor ${detail}`,
      errors: [{ in: "query", pointer: "/cursor", rule: "cursor", detail }],
    });
  };
  if (text.slice(0, CHECK_CHARS) !== checkOf(content, question)) throw refuse();
  const [value, id] = parsed(content);
  if (typeof id !== "string" || !UUID.test(id)) throw refuse();
  return { id, value: sortValue(value, sort) ?? (isNone(value, sort) ? null : refuse()) };
}

function isNone(value: unknown, sort: Sort): boolean {
  return value === null && (sort.nullable === true || sort.kind === "none");
}

function parsed(content: string): unknown[] {
  try {
    const values: unknown = JSON.parse(content);
    return Array.isArray(values) ? values : [];
  } catch {
    return [];
  }
}

/** The value, if its kind is the list's: the check keeps out mistakes, not somebody who works one out. */
function sortValue(value: unknown, { kind }: Sort): Value {
  if (kind === "number") return typeof value === "number" && Number.isFinite(value) ? value : null;
  if (typeof value !== "string" || value.includes("\u0000") || !value.isWellFormed()) return null;
  if (kind === "text") return value;
  const time = new Date(value);
  return kind === "time" && !Number.isNaN(time.getTime()) ? time : null;
}

function checkOf(content: string, question: unknown): string {
  return createHash("sha256")
    .update(JSON.stringify([question, content]))
    .digest("base64url")
    .slice(0, CHECK_CHARS);
}
