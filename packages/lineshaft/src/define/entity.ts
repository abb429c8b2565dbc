/**
 * Entities: a table, declared once.
 *
 * `class Link extends entity("link", { … }) {}` gives a class that is never constructed: a class, because the compiler
 * then has a name for hovers and errors, and the class is the row type, too. Columns carry the names of the fields.
 */
import type { ColumnType, Generated } from "kysely";
import { type Field, type Fields, updatable } from "./field.ts";
import { declarationPlace } from "./place.ts";
import type { Row } from "./shape.ts";

/** Characters of a Postgres identifier; longer ones would be cut silently. */
export const NAME_CHARS_MAX = 63;

/** An index over several columns, a partial one, or one for full-text search. */
export type Index<TKey extends string> =
  | {
      readonly on: readonly TKey[];
      readonly unique?: boolean;
      readonly using?: "btree" | "hash" | "gin" | "gist" | "brin";
      /** SQL condition of a partial index. */
      readonly where?: string;
    }
  | {
      /** Text columns searched as one document; ask with `matches(Entity, words)`. */
      readonly search: readonly TKey[];
      /** Text search configuration of Postgres. Default `english`. */
      readonly language?: string;
    };

/** What an entity says of its table as a whole. */
export interface EntityOptions<TKey extends string> {
  /** Default: the field of kind `id` or `serial`. A composite key is named here. */
  readonly primaryKey?: readonly [TKey, ...TKey[]];
  /** Sets of columns whose values together are unique. */
  readonly unique?: readonly (readonly [TKey, ...TKey[]])[];
  readonly indexes?: readonly Index<TKey>[];
  /** One sentence for the API reference. */
  readonly description?: string;
}

/** An entity as the platform reads it. */
export interface EntityDefinition {
  readonly table: string;
  readonly fields: Fields;
  readonly options: EntityOptions<string>;
  /** File and line of the declaration. */
  readonly place: string;
}

type Updatable<TField> =
  TField extends Field<infer V, infer M, infer H> ? Field<M extends "optional" ? V | null : V, "optional", H> : never;

/** The class that `entity` gives. */
export interface Entity<TName extends string, TFields> {
  new (row: never): Row<TFields>;
  readonly table: TName;
  readonly fields: TFields;
  readonly options: EntityOptions<string>;
  readonly place: string;
  /** These fields, for an input or an answer. */
  pick<K extends keyof TFields>(...keys: K[]): Pick<TFields, K>;
  /** All fields but these. */
  omit<K extends keyof TFields>(...keys: K[]): Omit<TFields, K>;
  /** These fields for a partial update: each may be left out; `null` clears where the column can be null. */
  partial<K extends keyof TFields>(...keys: K[]): { readonly [P in K]: Updatable<TFields[P]> };
}

/** An entity, whichever it is; for functions that take one. */
export interface AnyEntity {
  new (row: never): any;
  readonly table: string;
  readonly fields: any;
}

type Column<T> =
  T extends Field<infer V, infer M, any>
    ? M extends "required"
      ? V
      : M extends "optional"
        ? V | null
        : M extends "default"
          ? Generated<V>
          : M extends "generated"
            ? ColumnType<V, V | undefined, never>
            : ColumnType<V, never, never>
    : never;

/**
 * The tables of a service as Kysely's types want them: hidden fields are columns like others.
 *
 * Not `[K in keyof E as E[K]["table"]]`, which says the same: Kysely asks for `keyof` these tables all the time, and
 * with `as` the checker works every name out again each time. An app would cost a sixth more (see `bench/types`).
 */
export type Tables<E extends { readonly [key: string]: AnyEntity }> = {
  [N in E[keyof E]["table"]]: { [C in keyof FieldsOf<E, N>]: Column<FieldsOf<E, N>[C]> };
};

type FieldsOf<E extends { readonly [key: string]: AnyEntity }, N> = Extract<
  E[keyof E],
  { readonly table: N }
>["fields"];

/**
 * Declares a table.
 *
 * @param table   The table's name in the schema of its service.
 * @param fields  Its columns, in order.
 * @param options Keys and indexes over several columns.
 * @example
 * class Link extends entity("link", { id: field.id(), code: field.text({ max: 32 }).unique() }) {}
 */
export function entity<const TName extends string, const TFields extends Fields>(
  table: TName,
  fields: TFields,
  options: EntityOptions<keyof TFields & string> = {},
): Entity<TName, TFields> {
  class Declared {
    static readonly table = table;
    static readonly fields = Object.freeze({ ...fields });
    static readonly options = options;
    static readonly place = declarationPlace();
    static pick(...keys: string[]): Fields {
      return Object.fromEntries(keys.map((key) => [key, fields[key]!]));
    }
    static omit(...keys: string[]): Fields {
      return Object.fromEntries(Object.entries(fields).filter(([key]) => !keys.includes(key)));
    }
    static partial(...keys: string[]): Fields {
      return Object.fromEntries(keys.map((key) => [key, updatable(fields[key]!)]));
    }
  }
  return Declared as unknown as Entity<TName, TFields>;
}

/** The columns of the primary key; empty when the entity has none, which is a mistake. */
export function primaryKey(of: EntityDefinition): readonly string[] {
  if (of.options.primaryKey) return of.options.primaryKey;
  const key = Object.entries(of.fields).find(([, each]) => ["id", "serial"].includes(each.spec.type.kind));
  return key ? [key[0]] : [];
}
