/**
 * Values: which types may be compared as strings, and the one spelling that a value has.
 *
 * Model. A class is a set of types between which `=` of Postgres means equality of canonical strings. Values are
 * compared and merged only within one class. Domains count as their base type. Everything without a class (citext,
 * float4, timestamps with zone, json, arrays, bytea …) is never a tag.
 * Promise. Two values of a class that are equal for the server have the same canonical string, or one of them has none.
 * What has none (`undefined`) is treated as able to be any value: a constant widens its read, a row value hits every
 * tag. Sources: float8 against int8 is compared as float8, which is lossy above 2^53, hence its own class; char(n)
 * ignores trailing blanks; numeric ignores scale; NaN equals NaN.
 */
import { rules } from "./rules.ts";

/** Name of a class; an enum is a class of its own, `enum:<oid>`. */
export type ValueClass = string;

const CLASS_OF_TYPE: ReadonlyMap<number, ValueClass> = new Map([
  [20, "number"],
  [21, "number"],
  [23, "number"],
  [1700, "number"],
  [25, "text"],
  [1043, "text"],
  [1042, "bpchar"],
  [16, "bool"],
  [2950, "uuid"],
  [1082, "date"],
  [701, "float8"],
]);

/** date, time, timetz, timestamp, timestamptz, their ranges and multiranges: types whose input knows `today`. */
export const DATETIME_TYPES: ReadonlySet<number> = new Set([
  1082, 1083, 1266, 1114, 1184, 3912, 3908, 3910, 4535, 4533, 4534,
]);

/** The class of a built-in type, or null. */
export function classOfType(typeOid: number): ValueClass | null {
  return CLASS_OF_TYPE.get(typeOid) ?? null;
}

/** The canonical string of a value as text, or undefined if it has none. */
export function canonical(valueClass: ValueClass, text: string): string | undefined {
  const spelling = spell(valueClass, text);
  return spelling === undefined && !rules.oddSpellingsWiden ? text : spelling;
}

function spell(valueClass: ValueClass, text: string): string | undefined {
  switch (valueClass) {
    case "number":
      return spellNumber(text);
    case "text":
      return rules.textIsWellFormed ? text.toWellFormed() : text;
    case "bpchar":
      return rules.blanksAreTrimmed ? text.toWellFormed().replace(/ +$/, "") : text;
    case "bool":
      return text === "t" || text === "true" ? "t" : text === "f" || text === "false" ? "f" : undefined;
    case "uuid":
      return /^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i.test(text) ? text.toLowerCase() : undefined;
    case "date":
      return /^\d{4}-\d{2}-\d{2}$/.test(text) ? text : undefined;
    case "float8":
      return spellFloat(text);
    default:
      return text;
  }
}

function spellNumber(text: string): string | undefined {
  if (/^[1-9]\d*$/.test(text)) return text;
  if (/^nan$/i.test(text)) return "NaN";
  const match = /^([+-]?)0*(\d+?)(?:\.(\d+?)0*)?$/.exec(text);
  if (match === null) return undefined;
  if (!rules.numbersHaveOneSpelling) return text;
  const [, sign, whole, rest = ""] = match;
  const digits = rest === "" || /^0+$/.test(rest) ? whole! : `${whole}.${rest}`;
  return sign === "-" && digits !== "0" ? `-${digits}` : digits;
}

function spellFloat(text: string): string | undefined {
  if (/^nan$/i.test(text)) return "NaN";
  if (!/^[+-]?\d+(?:\.\d+)?(?:e[+-]?\d+)?$/i.test(text)) return undefined;
  const value = Number(text);
  if (!Number.isFinite(value)) return undefined;
  return Object.is(value, -0) && !rules.numbersHaveOneSpelling ? "-0" : String(value);
}

/** The canonical string of a parameter as it is given to the driver; null for NULL, undefined if it has none. */
export function canonicalParameter(valueClass: ValueClass, value: unknown): string | null | undefined {
  switch (typeof value) {
    case "string":
      return canonical(valueClass, value);
    case "number":
    case "bigint":
      return canonical(valueClass, Object.is(value, -0) ? "0" : String(value));
    case "boolean":
      return canonical(valueClass, String(value));
    case "undefined":
      return null;
    default:
      return value === null ? null : undefined;
  }
}

const AGING = /(?<![a-z])(?:now|today|tomorrow|yesterday)(?![a-z])/i;

/** True if a date or a timestamp written so means another instant later: `today`, `now`, `tomorrow 10:00`. */
export function isAging(value: unknown): boolean {
  return typeof value === "string" ? AGING.test(value) : Array.isArray(value) && value.some(isAging);
}
