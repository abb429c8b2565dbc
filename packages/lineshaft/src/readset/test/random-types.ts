/** What the random statements know of types and columns. */
import type { TypedName } from "./random-schema.ts";

/** Types whose equal values look the same. */
export const PLAIN = new Set(["int4", "int8", "text", "varchar", "bool", "mood", "date", "uuid"]);
export const CASTS = ["int4", "int8", "numeric", "float8", "text", "float4", "varchar(1)", "bpchar", "date"];
/** Types by which a list may have an end. */
export const RANKED = new Set(["int4", "int8", "numeric", "float8", "date", "timestamptz", "uuid"]);
export const NUMBERS = new Set(["int4", "int8", "numeric", "float8", "float4"]);

export function isComparable(one: string, other: string): boolean {
  const strings = new Set(["text", "varchar"]);
  return one === other || (NUMBERS.has(one) && NUMBERS.has(other)) || (strings.has(one) && strings.has(other));
}

export interface Made {
  readonly sql: string;
  readonly columns: readonly TypedName[];
}

export interface TypedNameList {
  readonly name: string;
  readonly columns: readonly TypedName[];
}

/** Columns without what is before the dot. */
export function bareNames({ columns }: Made): readonly string[] {
  return columns.filter(({ name }) => name.includes(".")).map(({ name }) => name.slice(name.indexOf(".") + 1));
}
