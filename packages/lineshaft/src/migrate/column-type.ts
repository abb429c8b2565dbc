/**
 * Field kinds as Postgres columns: the type, and the check that a type cannot say.
 *
 * | kind | column | | kind | column |
 * | --- | --- | --- | --- | --- |
 * | id | uuid, default `lineshaft.uuidv7()` | | time | timestamptz(3): a `Date` has milliseconds |
 * | serial | integer, identity by default | | date | date |
 * | text | varchar(max), or text without a `max` | | enum | text, with a check |
 * | integer, bigint, float | integer, bigint, double precision | | url, email | varchar |
 * | decimal | numeric(p,s) | | json | jsonb |
 * | money | jsonb, with a check | | list | array of the item; jsonb for json and money |
 * | boolean | boolean | | ref | type of the key that it refers to |
 *
 * Types are written as `format_type` shows them, so that they can be compared as text.
 * To add a kind: a case in `columnType`, and in `columnCheck` when the type lets through what the field refuses; then
 * the row above and the entity in `fixtures.ts`.
 */
import { type EntityDefinition, primaryKey } from "../define/entity.ts";
import { EMAIL_CHARS_MAX, type FieldSpec, refTarget, URL_CHARS_MAX } from "../define/field.ts";
import { MigrationError } from "./errors.ts";
import { ident, literal } from "./names.ts";

/** References to a key that is itself a reference, and so on. */
const REF_LEVELS_MAX = 16;
/** Currencies in ISO 4217 form; amounts that a JavaScript number holds exactly. */
const CURRENCY_PATTERN = "^[A-Z]{3}$";

/** The column type of a field. @throws {MigrationError} MIGRATION_DECLARATION. */
export function columnType(spec: FieldSpec, place: string, level = 0): string {
  const { type } = spec;
  switch (type.kind) {
    case "id":
      return "uuid";
    case "serial":
    case "integer":
      return "integer";
    case "text":
      return type.limited ? `character varying(${type.max})` : "text";
    case "bigint":
      return "bigint";
    case "float":
      return "double precision";
    case "decimal":
      return `numeric(${type.precision},${type.scale})`;
    case "money":
    case "json":
      return "jsonb";
    case "boolean":
      return "boolean";
    case "time":
      return "timestamp(3) with time zone";
    case "date":
      return "date";
    case "enum":
      return "text";
    case "url":
      return `character varying(${URL_CHARS_MAX})`;
    case "email":
      return `character varying(${EMAIL_CHARS_MAX})`;
    case "list": {
      const item = columnType(type.item.spec, place, level);
      return item === "jsonb" ? "jsonb" : `${item}[]`;
    }
    case "ref": {
      const [target, key] = referredKey(type, place);
      if (level >= REF_LEVELS_MAX) throw mistake(place, "references lead in a circle of primary keys");
      return columnType(target.fields[key]!.spec, target.place, level + 1);
    }
  }
}

/** The entity that a reference names, and the one column of its primary key. */
export function referredKey(type: FieldSpec["type"] & { kind: "ref" }, place: string): [EntityDefinition, string] {
  const target = refTarget(type);
  if (target === null) throw mistake(place, "a reference does not name an entity");
  const [key, ...others] = primaryKey(target);
  if (key === undefined || others.length > 0 || target.fields[key] === undefined) {
    throw mistake(
      place,
      `a reference needs a target with a primary key of one column, which "${target.table}" has not`,
    );
  }
  return [target, key];
}

/** A check that a column needs: its condition, and the values of an enum. */
export interface ColumnCheck {
  readonly expression: string;
  readonly values: readonly string[] | null;
}

/** The check of a field's column, or null. A null value passes every check; `not null` is the column's business. */
export function columnCheck(spec: FieldSpec, column: string): ColumnCheck | null {
  const name = ident(column);
  const { type } = spec;
  if (type.kind === "enum") return { expression: `${name} = any (${textArray(type.values)})`, values: type.values };
  if (type.kind === "money") return { expression: moneyCheck(name), values: null };
  if (type.kind !== "list") return null;
  const item = type.item.spec.type;
  if (item.kind === "enum") return { expression: `${name} <@ ${textArray(item.values)}`, values: item.values };
  if (item.kind === "json" || item.kind === "money") {
    return { expression: `jsonb_typeof(${name}) = 'array'`, values: null };
  }
  return null;
}

/** `case` fixes the order of evaluation, and `coalesce` the trap that a check lets `null` pass. */
function moneyCheck(name: string): string {
  const amount = `(${name} ->> 'amount')::numeric`;
  return (
    `${name} is null or case when jsonb_typeof(${name} -> 'amount') = 'number' ` +
    `then ${amount} % 1 = 0 and abs(${amount}) <= ${Number.MAX_SAFE_INTEGER} ` +
    `and coalesce(${name} ->> 'currency' ~ ${literal(CURRENCY_PATTERN)}, false) else false end`
  );
}

function textArray(values: readonly string[]): string {
  return `array[${values.map(literal).join(", ")}]::text[]`;
}

function mistake(place: string, what: string): MigrationError {
  return new MigrationError("MIGRATION_DECLARATION", `${place}: ${what}. Correct the declaration.`);
}
