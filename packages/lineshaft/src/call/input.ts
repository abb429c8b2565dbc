/**
 * Input: checks what a caller sent and turns it from JSON into the values that `run` gets.
 *
 * Everything that is wrong is said at once, each with a JSON pointer. The checker is compiled from JSON Schema on the
 * first call; instants, 64-bit numbers, e-mail addresses, ids and defaults are then set in place, by a plan that visits
 * only the fields that need it.
 */

import { Compile } from "typebox/schema";
import { type Fault, type FieldError, fault } from "../define/errors.ts";
import type { AnyField, FieldSpec } from "../define/field.ts";
import { objectSchema } from "../define/schema.ts";
import { type Schemas, shapeKind } from "../define/shape.ts";
import { registerFormats } from "./formats.ts";
import { checkOf, escapePointer, referred } from "./input-checks.ts";
import { describeErrors, firstKey, INPUT_ERRORS_MAX, type ValidatorError } from "./input-errors.ts";

/** A JSON object as it came in. */
export type WireInput = Record<string, unknown>;

export interface InputOptions {
  /** Whether input that no schema names is refused; else it is dropped. */
  readonly closed: boolean;
  /** Which part of the request a top-level key is read from, for messages. */
  readonly partOf?: (key: string) => FieldError["in"];
}

/** Reads an input: gives the values, or throws `INVALID_INPUT` with every error. May change what it is given. */
export type ReadInput = (wire: WireInput) => WireInput;

type Decode = (value: any) => unknown;

/** Compiles the reader of an input. */
export function compileInput(input: Schemas, options: InputOptions): ReadInput {
  registerFormats();
  const schema = objectSchema(input, { dialect: "validate", direction: "input", closed: options.closed });
  const validator = Compile(schema as never);
  const decode = objectDecoder(input, options.closed);
  const check = checkOf(input);
  const partOf = options.partOf ?? (() => "body" as const);
  const checked = (wire: WireInput): FieldError[] => {
    const errors: FieldError[] = [];
    check?.(wire, "", (pointer, rule, detail) => {
      if (errors.length < INPUT_ERRORS_MAX) errors.push({ in: partOf(firstKey(pointer)), pointer, rule, detail });
    });
    return errors;
  };
  return (wire) => {
    if (!validator.Check(wire)) {
      const [, errors] = validator.Errors(wire);
      const described = describeErrors(errors as unknown as ValidatorError[], wire, input, partOf);
      throw invalidInput([...described, ...checked(wire)]);
    }
    const errors = check ? checked(wire) : [];
    if (errors.length > 0) throw invalidInput(errors);
    return decode ? (decode(wire) as WireInput) : wire;
  };
}

/** `INVALID_INPUT` with everything that is wrong; its detail says the first. */
export function invalidInput(found: readonly FieldError[]): Fault {
  const errors = found.slice(0, INPUT_ERRORS_MAX);
  const [first] = errors;
  const more = errors.length > 1 ? ` (and ${errors.length - 1} more)` : "";
  return fault("INVALID_INPUT", { errors, detail: first ? `${first.pointer || first.in} ${first.detail}${more}` : "" });
}

/**
 * Finds text that the database cannot store: NUL characters, and surrogates without their pair, which UTF-8 cannot say.
 * Only called when the raw request holds their escapes. Not recursive: the nesting is bounded later, for what is kept.
 */
export function unstorableText(root: unknown, part: FieldError["in"], start = ""): FieldError[] {
  const errors: FieldError[] = [];
  const left: (readonly [value: unknown, pointer: string])[] = [[root, start]];
  for (let next = left.pop(); next && errors.length < INPUT_ERRORS_MAX; next = left.pop()) {
    const [value, pointer] = next;
    if (typeof value === "string") {
      const detail = unstorable(value);
      if (detail) errors.push({ in: part, pointer, rule: "text", detail });
    } else if (typeof value === "object" && value !== null) {
      for (const [key, each] of Object.entries(value)) {
        const inside = pointer.length < POINTER_CHARS_MAX ? `${pointer}/${escapePointer(key)}` : pointer;
        if (unstorable(key)) left.push([key, inside]);
        if (typeof each === "string" || typeof each === "object") left.push([each, inside]);
      }
    }
  }
  return errors;
}

/** Pointers into deeper places name the place at this length. */
const POINTER_CHARS_MAX = 1_000;

function unstorable(text: string): string | null {
  if (text.includes("\u0000")) return "holds a NUL character, which text cannot";
  return text.isWellFormed() ? null : "holds half of a surrogate pair";
}

interface Step {
  readonly key: string;
  readonly decode: Decode | null;
  readonly fill: (() => unknown) | null;
}

/** `closed` says that the validator has refused unknown keys; without it they are dropped here. */
function objectDecoder(shapes: Schemas, closed: boolean): Decode | null {
  const steps: Step[] = [];
  for (const [key, shape] of Object.entries(shapes)) {
    const spec = shapeKind(shape) === "field" ? (shape as AnyField).spec : null;
    if (spec?.mode === "computed") continue;
    const decode = decoderOf(shape, closed);
    const fill = spec ? defaultOf(spec) : null;
    if (decode || fill || !closed) steps.push({ key, decode, fill });
  }
  if (!closed) return (object) => apply(steps, object, {});
  return steps.length === 0 ? null : (object) => apply(steps, object, object);
}

function apply(steps: readonly Step[], from: WireInput, to: WireInput): WireInput {
  for (const { key, decode, fill } of steps) {
    const value = from[key];
    if (value === undefined) {
      if (fill) to[key] = fill();
    } else {
      to[key] = decode && value !== null ? decode(value) : value;
    }
  }
  return to;
}

function decoderOf(shape: unknown, closed: boolean): Decode | null {
  switch (shapeKind(shape)) {
    case "field":
      return fieldDecoder((shape as AnyField).spec, closed);
    case "entity":
      return objectDecoder((shape as { fields: Schemas }).fields, closed);
    case "list":
      return eachDecoder(decoderOf((shape as { item: unknown }).item, closed));
    case "nullable":
      return decoderOf((shape as { inner: unknown }).inner, closed);
    default:
      return objectDecoder(shape as Schemas, closed);
  }
}

function fieldDecoder({ type }: FieldSpec, closed: boolean): Decode | null {
  switch (type.kind) {
    case "time":
      return (text: string) => new Date(text);
    case "bigint":
      return (text: string) => BigInt(text);
    // An id in capitals is the same id: what compares it, and the topic of a channel that it names, see one text.
    case "id":
    case "email":
      return (text: string) => text.toLowerCase();
    case "ref": {
      const key = referred(type);
      return key && ["id", "ref"].includes(key.type.kind) ? fieldDecoder(key, closed) : null;
    }
    case "list":
      return eachDecoder(fieldDecoder(type.item.spec, closed));
    case "json":
      return type.shape ? objectDecoder(type.shape, closed) : null;
    default:
      return null;
  }
}

function eachDecoder(decode: Decode | null): Decode | null {
  return decode && ((items: unknown[]) => items.map((item) => (item === null ? null : decode(item))));
}

function defaultOf(spec: FieldSpec): (() => unknown) | null {
  if (spec.default?.kind !== "value") return null;
  const { value } = spec.default;
  return typeof value === "object" && value !== null ? () => structuredClone(value) : () => value;
}
