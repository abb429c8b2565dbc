/**
 * Paging by keys: a page begins after the last row of the page before it, so rows that come or go meanwhile neither
 * repeat nor hide others. The cursor is the id of that row: it opens nothing, since every page is cut from what the
 * caller may see. Messages of a room have no need of it: they are asked for by number (`messages.ts`).
 */
import { field } from "lineshaft";
import { Account } from "lineshaft/accounts";

/** Rows of one page, when the caller does not say. */
export const PAGE_ROWS = 50;
/** Rows that one page may have. */
export const PAGE_ROWS_MAX = 100;

export const limit = field.integer({ min: 1, max: PAGE_ROWS_MAX }).default(PAGE_ROWS);

export const paging = { limit, cursor: Account.fields.id.optional().describe("`next` of the page before.") };

/** One page, of rows of which one more than its limit was asked for. */
export function pageOf<TRow>(rows: readonly TRow[], size: number, idOf: (row: TRow) => string) {
  const items = rows.slice(0, size);
  return { items, next: rows.length > size ? idOf(items.at(-1)!) : null };
}
