/** What the log tells: commits, and the changes that they made. */
import type { Position } from "./position.ts";

/** A column of a table, as it was when the change was made. */
export interface Column {
  readonly name: string;
  readonly typeOid: number;
  /** Whether it belongs to the replica identity; under `replica identity full`, each does. */
  readonly key: boolean;
}

/** A table, as it was when the change was made. A new object whenever the table has changed. */
export interface Relation {
  readonly oid: number;
  readonly schema: string;
  readonly name: string;
  /** What an old row holds: every column, those of a key or an index, or there is none. */
  readonly identity: "full" | "default" | "index" | "nothing";
  readonly columns: readonly Column[];
}

/**
 * Values by the index of their column, in Postgres' text form under fixed settings: ISO dates, UTC, hex bytes, shortest
 * exact floats. `null` is NULL. `undefined` is a value that the log does not hold: in an old row, a column outside the
 * replica identity; in a new row, a large value that was not changed, unless the identity is full.
 */
export type Row = readonly (string | null | undefined)[];

/**
 * One change. `reloaded`: rows of the table were changed, and the log does not say which; it stands for a whole bulk
 * load (bulk.ts) and for what a transaction did beyond the limits of pgoutput.ts.
 */
export interface Change {
  readonly table: Relation;
  readonly kind: "insert" | "update" | "delete" | "truncate" | "reloaded";
  /** The row before: of a `delete`, and of an `update` when the identity is full or the key was changed. */
  readonly old?: Row;
  /** The row after: of an `insert` and an `update`. */
  readonly new?: Row;
}

/** A committed transaction with what it changed, in the order of its statements. */
export interface Commit {
  /** Where its commit ends in the log: who has seen this position has seen the transaction. */
  readonly position: Position;
  /** The low 32 bits of the transaction's number. */
  readonly xid: number;
  readonly changes: readonly Change[];
  /** When it was committed, by the clock of the server. */
  readonly at: Date;
}
