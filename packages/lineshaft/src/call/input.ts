/**
 * Input: checks what a caller sent and turns it from JSON into the values that `run` gets.
 *
 * Everything that is wrong is said at once, each with a JSON pointer. The checker is compiled from JSON Schema on the
 * first call; instants, 64-bit numbers, e-mail addresses and defaults are then set in place, by a plan that visits only
 * the fields that need it.
 */
import { type FieldError, fault } from "../define/errors.ts";
import { type AnyField, type FieldSpec, JSON_DEPTH_MAX } from "../define/field.ts";
import { objectSchema } from "../define/schema.ts";
import { type Schemas, shapeKind } from "../define/shape.ts";
import { Compile } from "typebox/schema";
import { registerFormats } from "./formats.ts";
import { describeErrors, type ValidatorError } from "./input-errors.ts";

/** A JSON object as it came in. */
export type WireInput = Record<string, unknown>;

export interface InputOptions {
  /** Whether input that no schema names is refused. */
  readonly closed: boolean;
  /** Which part of the request a top-level key is read from, for messages. */
  readonly partOf?: (key: string) => FieldError["in"];
}

/** Reads an input: gives the values, or throws `INVALID_INPUT` with every error. May change what it is given. */
export type ReadInput = (wire: WireInput, now: Date) => WireInput;

type Decode = (value: any, now: Date) => unknown;

/** Compiles the reader of an input. */
export function compileInput(input: Schemas, options: InputOptions): ReadInput {
  registerFormats();
  const schema = objectSchema(input, { dialect: "validate", direction: "input", closed: options.closed });
  const validator = Compile(schema as never);
  const decode = objectDecoder(input);
  const deepKeys = jsonPointers(input);
  const partOf = options.partOf ?? (() => "body" as const);
  return (wire, now) => {
    if (!validator.Check(wire)) {
      const [, errors] = validator.Errors(wire);
      throw invalid(describeErrors(errors as unknown as ValidatorError[], wire, input, partOf));
    }
    const deep = deepKeys.flatMap((path) => tooDeep(wire, path, partOf));
    if (deep.length > 0) throw invalid(deep);
    return decode ? (decode(wire, now) as WireInput) : wire;
  };
}

function invalid(errors: readonly FieldError[]) {
  const [first] = errors;
  const more = errors.length > 1 ? ` (and ${errors.length - 1} more)` : "";
  return fault("INVALID_INPUT", { errors, detail: first ? `${first.pointer || first.in} ${first.detail}${more}` : "" });
}

/**
 * Finds text that the database cannot store: NUL characters, and surrogates without their pair, which UTF-8 cannot say.
 * Only called when the raw request holds their escapes.
 */
export function unstorableText(value: unknown, part: FieldError["in"], pointer = ""): FieldError[] {
  if (typeof value === "string") {
    const nul = value.includes("\u0000");
    if (!nul && value.isWellFormed()) return [];
    const detail = nul ? "holds a NUL character, which text cannot" : "holds half of a surrogate pair";
    return [{ in: part, pointer, rule: "text", detail }];
  }
  if (typeof value !== "object" || value === null) return [];
  return Object.entries(value).flatMap(([key, each]) => [
    ...unstorableText(key, part, `${pointer}/${escapePointer(key)}`),
    ...unstorableText(each, part, `${pointer}/${escapePointer(key)}`),
  ]);
}

/** RFC 6901, section 3. */
export function escapePointer(key: string): string {
  return key.replaceAll("~", "~0").replaceAll("/", "~1");
}

function objectDecoder(shapes: Schemas): Decode | null {
  const steps: { key: string; decode: Decode | null; fill: ((now: Date) => unknown) | null }[] = [];
  for (const [key, shape] of Object.entries(shapes)) {
    const spec = shapeKind(shape) === "field" ? (shape as AnyField).spec : null;
    const decode = decoderOf(shape);
    const fill = spec ? defaultOf(spec) : null;
    if (decode || fill) steps.push({ key, decode, fill });
  }
  if (steps.length === 0) return null;
  return (object, now) => {
    for (const { key, decode, fill } of steps) {
      const value = object[key];
      if (value === undefined) {
        if (fill) object[key] = fill(now);
      } else if (decode && value !== null) {
        object[key] = decode(value, now);
      }
    }
    return object;
  };
}

function decoderOf(shape: unknown): Decode | null {
  switch (shapeKind(shape)) {
    case "field":
      return fieldDecoder((shape as AnyField).spec);
    case "entity":
      return objectDecoder((shape as { fields: Schemas }).fields);
    case "list":
      return eachDecoder(decoderOf((shape as { item: unknown }).item));
    case "nullable":
      return decoderOf((shape as { inner: unknown }).inner);
    default:
      return objectDecoder(shape as Schemas);
  }
}

function fieldDecoder({ type }: FieldSpec): Decode | null {
  switch (type.kind) {
    case "time":
      return (text: string) => new Date(text);
    case "bigint":
      return (text: string) => BigInt(text);
    case "email":
      return (text: string) => text.toLowerCase();
    case "list":
      return eachDecoder(fieldDecoder(type.item.spec));
    case "json":
      return type.shape ? objectDecoder(type.shape) : null;
    default:
      return null;
  }
}

function eachDecoder(decode: Decode | null): Decode | null {
  return decode && ((items: unknown[], now) => items.map((item) => (item === null ? null : decode(item, now))));
}

function defaultOf(spec: FieldSpec): ((now: Date) => unknown) | null {
  if (spec.default?.kind === "now" && spec.mode === "default") return (now) => now;
  if (spec.default?.kind !== "value") return null;
  const { value } = spec.default;
  return typeof value === "object" && value !== null ? () => structuredClone(value) : () => value;
}

/** Where an input takes any JSON: the paths of keys that lead there. */
function jsonPointers(shapes: Schemas, path: readonly string[] = []): readonly (readonly string[])[] {
  return Object.entries(shapes).flatMap(([key, shape]) => {
    const kind = shapeKind(shape);
    if (kind === "object") return jsonPointers(shape as Schemas, [...path, key]);
    const type = kind === "field" ? (shape as AnyField).spec.type : null;
    const free = type?.kind === "json" || (type?.kind === "list" && type.item.spec.type.kind === "json") || kind === "list";
    return free ? [[...path, key]] : [];
  });
}

function tooDeep(wire: WireInput, path: readonly string[], partOf: (key: string) => FieldError["in"]): FieldError[] {
  let value: unknown = wire;
  for (const key of path) value = (value as WireInput | undefined | null)?.[key];
  if (!deeperThan(value, JSON_DEPTH_MAX)) return [];
  const detail = `is nested deeper than ${JSON_DEPTH_MAX} levels`;
  return [{ in: partOf(path[0] ?? ""), pointer: path.map((key) => `/${escapePointer(key)}`).join(""), rule: "depth", detail }];
}

function deeperThan(value: unknown, levels: number): boolean {
  if (typeof value !== "object" || value === null) return false;
  if (levels === 0) return true;
  return Object.values(value).some((each) => deeperThan(each, levels - 1));
}
