/**
 * The model of a schema: what the declarations ask for (desired.ts) and what the database has (actual.ts), in one form.
 *
 * It holds names and simple facts only. Where an object has an SQL expression, the desired side has the expression, the
 * actual side has Postgres' rewriting of it, and the two are never compared: the hash in the name is (names.ts).
 */

/** A default: a value in Postgres' text form, or an expression such as `now()`. */
export type DefaultModel =
  | { readonly kind: "literal"; readonly text: string }
  | { readonly kind: "expression"; readonly sql: string };

export interface ColumnModel {
  readonly name: string;
  /** As `format_type` writes it: `character varying(32)`. */
  readonly type: string;
  readonly nullable: boolean;
  readonly default: DefaultModel | null;
  readonly identity: boolean;
  /** Of a stored generated column; the hash stands in the column's comment. */
  readonly computed: { readonly expression: string; readonly hash: string } | null;
}

export type DeleteRule = "restrict" | "cascade" | "set null" | "no action" | "set default";

export interface ConstraintModel {
  readonly name: string;
  readonly kind: "primary" | "unique" | "check" | "foreign" | "exclude";
  readonly columns: readonly string[];
  /** Of a check, what stands in the brackets. On the actual side the whole definition. */
  readonly expression: string;
  /** Values that a check of an enum lets pass; null when it is another check. */
  readonly values: readonly string[] | null;
  readonly target: { readonly schema: string; readonly table: string; readonly columns: readonly string[] } | null;
  readonly onDelete: DeleteRule;
  readonly validated: boolean;
}

export interface IndexModel {
  readonly name: string;
  readonly unique: boolean;
  readonly method: string;
  /** Columns that the index stands on; on the actual side without those inside expressions. */
  readonly columns: readonly string[];
  /** What is indexed instead of the columns. */
  readonly expression: string | null;
  readonly where: string | null;
  /** False for what an interrupted `create index concurrently` leaves behind. */
  readonly valid: boolean;
  /** Whole statement; actual side only. */
  readonly definition: string;
}

export interface TriggerModel {
  readonly name: string;
  /** Column that `lineshaft.touch` keeps; null for a trigger of another kind. */
  readonly touches: string | null;
  readonly definition: string;
}

export interface TableModel {
  readonly schema: string;
  readonly name: string;
  readonly columns: readonly ColumnModel[];
  readonly constraints: readonly ConstraintModel[];
  readonly indexes: readonly IndexModel[];
  readonly triggers: readonly TriggerModel[];
  /** True with `replica identity full`. */
  readonly fullIdentity: boolean;
}

export interface SchemaModel {
  readonly schemas: readonly string[];
  readonly tables: readonly TableModel[];
}

/** Key of a table in sets and maps. No name holds a NUL. */
export function tableKey(table: { readonly schema: string; readonly name: string }): string {
  return `${table.schema}\0${table.name}`;
}

/** Whether two lists of names are equal, in order. */
export function sameList(left: readonly string[], right: readonly string[]): boolean {
  return left.length === right.length && left.every((item, index) => item === right[index]);
}
