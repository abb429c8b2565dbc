/**
 * Input errors: what the validator found, in words for people, with the value seen and the limit.
 *
 * Texts are never repeated, since they may be secrets: only what kind of value it was, and lengths. Numbers are.
 */
import type { FieldError } from "../define/errors.ts";
import { type Schemas, shapeKind } from "../define/shape.ts";
import { didYouMean } from "../define/suggest.ts";
import { FORMAT_WORDS } from "./formats.ts";
import { escapePointer } from "./input-checks.ts";

/** Errors that one answer lists. */
export const INPUT_ERRORS_MAX = 100;

/** An error as the validator gives it (the form of ajv). */
export interface ValidatorError {
  readonly keyword: string;
  readonly instancePath: string;
  readonly schemaPath: string;
  readonly params: Readonly<Record<string, unknown>>;
  readonly message: string;
}

type PartOf = (key: string) => FieldError["in"];

/** Turns the validator's errors into ours. */
export function describeErrors(
  errors: readonly ValidatorError[],
  wire: unknown,
  input: Schemas,
  partOf: PartOf,
): FieldError[] {
  const described: FieldError[] = [];
  for (const error of errors) {
    for (const { key, rule, detail } of describe(error, valueAt(wire, error.instancePath), input)) {
      const pointer = key === null ? error.instancePath : `${error.instancePath}/${escapePointer(key)}`;
      described.push({ in: partOf(firstKey(pointer)), pointer, rule, detail });
      if (described.length === INPUT_ERRORS_MAX) return described;
    }
  }
  return described;
}

interface Description {
  /** A key below the place of the error, or `null` for the place itself. */
  readonly key: string | null;
  readonly rule: string;
  readonly detail: string;
}

function describe(
  { keyword, params, instancePath, message }: ValidatorError,
  value: unknown,
  input: Schemas,
): Description[] {
  const one = (detail: string): Description[] => [{ key: null, rule: keyword, detail }];
  switch (keyword) {
    case "boolean":
      return []; // Said by additionalProperties, too.
    case "required":
      return (params.requiredProperties as string[]).map((key) => ({ key, rule: "required", detail: "is required" }));
    case "additionalProperties":
      return (params.additionalProperties as string[]).map((key) => ({
        key,
        rule: "unknown",
        detail: unknown(key, instancePath, input),
      }));
    case "type":
      return one(`must be ${types(params.type)}, not ${kindOf(value)}`);
    case "minLength":
      return one(
        value === ""
          ? "must not be empty"
          : `must have at least ${count(params.limit, "character")}, not ${[...String(value)].length}`,
      );
    case "maxLength":
      return one(`must have at most ${count(params.limit, "character")}, not ${[...String(value)].length}`);
    case "minItems":
      return one(`must have at least ${count(params.limit, "item")}, not ${(value as unknown[]).length}`);
    case "maxItems":
      return one(`must have at most ${count(params.limit, "item")}, not ${(value as unknown[]).length}`);
    case "minimum":
      return one(`must be at least ${params.limit}, not ${String(value)}`);
    case "maximum":
      return one(`must be at most ${params.limit}, not ${String(value)}`);
    case "enum":
      return one(
        `must be one of ${(params.allowedValues as unknown[]).map((each) => JSON.stringify(each)).join(", ")}`,
      );
    case "format":
      return one(`must be ${FORMAT_WORDS[params.format as string] ?? params.format}`);
    case "pattern":
      return one(`must match the pattern ${String(params.pattern)}`);
    default:
      return one(message);
  }
}

function unknown(key: string, instancePath: string, input: Schemas): string {
  const known = instancePath === "" ? Object.keys(input) : keysAt(input, instancePath);
  const suggestion = didYouMean(key, known);
  return suggestion ? `is not known here; did you mean "${suggestion}"?` : "is not known here";
}

function keysAt(input: Schemas, instancePath: string): string[] {
  let shape: unknown = input;
  for (const key of instancePath.split("/").slice(1)) {
    if (shapeKind(shape) === "list") shape = (shape as { item: unknown }).item;
    else shape = (shape as Record<string, unknown> | undefined)?.[key];
  }
  if (shapeKind(shape) === "entity") return Object.keys((shape as { fields: object }).fields);
  return shapeKind(shape) === "object" ? Object.keys(shape as object) : [];
}

function valueAt(wire: unknown, pointer: string): unknown {
  let value = wire;
  for (const part of pointer.split("/").slice(1)) {
    const key = part.replaceAll("~1", "/").replaceAll("~0", "~");
    value = (value as Record<string, unknown> | null | undefined)?.[key];
  }
  return value;
}

/** The top-level key that a pointer begins with. */
export function firstKey(pointer: string): string {
  return (pointer.split("/")[1] ?? "").replaceAll("~1", "/").replaceAll("~0", "~");
}

const ARTICLE: Readonly<Record<string, string>> = {
  integer: "a whole number",
  number: "a number",
  string: "text",
  boolean: "true or false",
  array: "a list",
  object: "an object",
  null: "null",
};

function types(type: unknown): string {
  return (Array.isArray(type) ? type : [type]).map((each) => ARTICLE[String(each)] ?? String(each)).join(" or ");
}

function kindOf(value: unknown): string {
  if (value === null) return "null";
  if (Array.isArray(value)) return "a list";
  if (typeof value === "number") return Number.isInteger(value) ? "a number" : "a number with a fraction";
  return ARTICLE[typeof value] ?? typeof value;
}

function count(limit: unknown, noun: string): string {
  return `${String(limit)} ${noun}${limit === 1 ? "" : "s"}`;
}
