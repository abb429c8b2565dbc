/**
 * Shape: what an analysed statement reads, as a template that parameters fill in (`bind.ts`).
 *
 * A shape belongs to the text of a statement, the types of its parameters, a search path and a catalog version. It
 * holds no values of a call, so one shape serves every call.
 */
import type { RankKind } from "./order.ts";
import type { ValueClass } from "./values.ts";

/** Where values of a condition come from. `parameter` numbers count from 1, as `$1` does. */
export type Item =
  | { readonly kind: "constant"; readonly value: string | null }
  /** Under `=` a NULL parameter matches nothing; under `is not distinct from` it matches NULL. */
  | { readonly kind: "parameter"; readonly number: number; readonly matchesNull: boolean }
  | { readonly kind: "array"; readonly number: number }
  | { readonly kind: "keys"; readonly index: number }
  /** The value of a custom setting, as this type. */
  | { readonly kind: "setting"; readonly name: string; readonly typeOid: number; readonly matchesNull: boolean };

/** `column ∈ items`. */
export interface Condition {
  readonly column: string;
  readonly valueClass: ValueClass;
  readonly items: readonly Item[];
}

/** How a list with a LIMIT is ordered, as far as its end says which rows do not matter (`order.ts`). */
export interface Order {
  readonly column: string;
  readonly kind: RankKind;
  /** The output by which the last row tells its place. */
  readonly output: string;
  readonly isDescending: boolean;
  readonly areNullsLast: boolean;
  readonly limit:
    | { readonly kind: "constant"; readonly value: string }
    | { readonly kind: "parameter"; readonly number: number };
}

/** One occurrence of a table: the answer is the same if only rows that pass one of the alternatives were there. */
export interface Read {
  readonly table: number;
  /** `schema.name`, for people. */
  readonly name: string;
  /** OR of AND of conditions, the best one for a tag first; null when every row counts. */
  readonly alternatives: readonly (readonly Condition[])[] | null;
  /** Columns that the statement names; an update of others does not matter. Null: all of them. */
  readonly mask: ReadonlySet<string> | null;
  /** Rows behind the last one of the answer do not matter; null where there is no such order. */
  readonly order: Order | null;
}

/**
 * A question whose answer narrows a read further: run it in the snapshot of the statement, with the statement's
 * parameters `parameters` (numbers from 1), and give the first column of its rows to `bind`.
 */
export interface KeyQuery {
  readonly sql: string;
  readonly parameters: readonly number[];
}

/** An answer that must not be kept, and the construct that says so. */
export interface Uncacheable {
  readonly isCacheable: false;
  readonly reason: string;
}

export interface CacheableShape {
  readonly isCacheable: true;
  readonly reads: readonly Read[];
  readonly keyQueries: readonly KeyQuery[];
  /** Parameters that are read as a date or a time: `today` in one of them makes the answer uncacheable. */
  readonly datetimeParameters: readonly number[];
  /** Custom settings that it reads: without their values the answer is uncacheable. */
  readonly settings: readonly string[];
}

export type Shape = CacheableShape | Uncacheable;

/** Raised inside the analysis only; `analyse` turns it into a shape. */
export class UncacheableError extends Error {}

export function uncacheable(reason: string): never {
  throw new UncacheableError(reason);
}
