/**
 * Input checks: what JSON Schema cannot say of a value, or can say only loosely. They run beside the validator, so a
 * value of the wrong type is left to it.
 *
 * - Free JSON (`field.json()`) is bounded in depth, and its numbers must survive: a double keeps whole numbers exactly
 *   up to 2^53 (RFC 7493, section 2.2), and what is too great for it would become `null`.
 * - Bounds of 64-bit numbers, digits of decimals before the point, and the range of serial keys, which the database
 *   would refuse without a word about where.
 */

import { primaryKey } from "../define/entity.ts";
import { type AnyField, type FieldSpec, INTEGER_MAX, INTEGER_MIN, JSON_DEPTH_MAX, refTarget } from "../define/field.ts";
import { shapeKind } from "../define/shape.ts";
import { FORMAT_CHECKS } from "./formats.ts";

/** Tells of one thing that is wrong. */
export type Tell = (pointer: string, rule: string, detail: string) => void;
export type Check = (value: unknown, pointer: string, tell: Tell) => void;

/** RFC 6901, section 3. */
export function escapePointer(key: string): string {
  return key.replaceAll("~", "~0").replaceAll("/", "~1");
}

/** The check of a shape; `null` when the validator sees everything. */
export function checkOf(shape: unknown): Check | null {
  switch (shapeKind(shape)) {
    case "field":
      return fieldCheck((shape as AnyField).spec);
    case "entity":
      return objectCheck((shape as { fields: object }).fields);
    case "list":
      return eachCheck(checkOf((shape as { item: unknown }).item));
    case "nullable":
      return checkOf((shape as { inner: unknown }).inner);
    default:
      return objectCheck(shape as object);
  }
}

function objectCheck(shapes: object): Check | null {
  const checks = Object.entries(shapes).flatMap(([key, shape]) => {
    const check = checkOf(shape);
    return check ? [{ key, step: `/${escapePointer(key)}`, check }] : [];
  });
  if (checks.length === 0) return null;
  return (value, pointer, tell) => {
    if (typeof value !== "object" || value === null) return;
    for (const { key, step, check } of checks) check((value as Record<string, unknown>)[key], pointer + step, tell);
  };
}

function eachCheck(check: Check | null): Check | null {
  if (!check) return null;
  return (value, pointer, tell) => {
    if (!Array.isArray(value)) return;
    for (const [index, item] of value.entries()) check(item, `${pointer}/${index}`, tell);
  };
}

function fieldCheck({ type }: FieldSpec): Check | null {
  switch (type.kind) {
    case "bigint":
      return bigintCheck(type.min, type.max);
    case "decimal":
      return decimalCheck(type.precision - type.scale);
    case "serial":
      return serialCheck;
    case "ref":
      return referred(type)?.type.kind === "serial" ? serialCheck : null;
    case "list":
      return eachCheck(fieldCheck(type.item.spec));
    case "json":
      return type.shape
        ? objectCheck(type.shape)
        : (value, pointer, tell) => checkJson(value, pointer, JSON_DEPTH_MAX, tell);
    default:
      return null;
  }
}

/** The key field that a reference holds; `null` where there is none. */
export function referred(type: FieldSpec["type"] & { kind: "ref" }): FieldSpec | null {
  const target = refTarget(type);
  const [key] = target ? primaryKey(target) : [];
  return (key !== undefined && target?.fields[key]?.spec) || null;
}

function bigintCheck(min: bigint, max: bigint): Check {
  return (value, pointer, tell) => {
    if (typeof value !== "string" || !FORMAT_CHECKS["lineshaft-bigint"]!(value)) return;
    const number = BigInt(value);
    if (number < min) tell(pointer, "minimum", `must be at least ${min}, not ${value}`);
    if (number > max) tell(pointer, "maximum", `must be at most ${max}, not ${value}`);
  };
}

function decimalCheck(wholeDigits: number): Check {
  return (value, pointer, tell) => {
    if (typeof value !== "string") return;
    const whole = /^-?0*([0-9]*)(?:\.[0-9]+)?$/.exec(value)?.[1]?.length ?? 0;
    if (whole > wholeDigits)
      tell(pointer, "maximum", `must have at most ${wholeDigits} digits before the point, not ${whole}`);
  };
}

const serialCheck: Check = (value, pointer, tell) => {
  if (typeof value !== "number") return;
  if (value < INTEGER_MIN) tell(pointer, "minimum", `must be at least ${INTEGER_MIN}, not ${value}`);
  if (value > INTEGER_MAX) tell(pointer, "maximum", `must be at most ${INTEGER_MAX}, not ${value}`);
};

function checkJson(value: unknown, pointer: string, levels: number, tell: Tell): void {
  if (typeof value === "number") {
    if (!Number.isFinite(value)) tell(pointer, "number", "is a number too great to be kept");
    else if (Number.isInteger(value) && !Number.isSafeInteger(value)) {
      tell(pointer, "number", "is a whole number beyond 2^53, which would lose digits; send it as text");
    }
  }
  if (typeof value !== "object" || value === null) return;
  if (levels === 0) {
    tell(pointer, "depth", `is nested deeper than ${JSON_DEPTH_MAX} levels`);
    return;
  }
  for (const [key, each] of Object.entries(value))
    checkJson(each, `${pointer}/${escapePointer(key)}`, levels - 1, tell);
}
