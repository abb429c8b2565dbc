/**
 * Checks of single fields: bounds, patterns, defaults, references. They hold wherever a field stands, in an entity or
 * in an endpoint; what only concerns columns is in `check-entities.ts`.
 */
import { Compile } from "typebox/schema";
import { type Inspection, oneOf, type Spot, shown } from "./check-inspection.ts";
import { entityName } from "./declarations.ts";
import { type EntityDefinition, primaryKey } from "./entity.ts";
import {
  type AnyField,
  BIGINT_MAX,
  BIGINT_MIN,
  type FieldSpec,
  type FieldType,
  INTEGER_MAX,
  INTEGER_MIN,
} from "./field.ts";
import { fieldSchema } from "./schema.ts";
import { shapeKind } from "./shape.ts";

type Reference = FieldType & { kind: "ref" };

const ON_DELETE: readonly string[] = ["restrict", "cascade", "set null"];
/** Kinds whose values are strings in `run`, as the values of references are. */
const STRING_KINDS: ReadonlySet<string> = new Set(["id", "text", "url", "email", "enum", "date", "decimal", "ref"]);

/** Checks a field; what was told of it before is not told again. */
export function checkField(inspection: Inspection, spot: Spot, of: AnyField): void {
  const { spec } = of;
  for (const mistake of spec.mistakes) {
    if (inspection.once(spec.type, mistake)) inspection.add(spot, mistake, "Correct the declaration of the field.");
  }
  if (inspection.once(spec.type, "type")) checkType(inspection, spot, spec.type);
  if (spec.default?.kind !== "value" || !inspection.once(spec.default, "default")) return;
  const misfit = misfitOf(spec, spec.default.value);
  if (misfit === null) return;
  const problem = `the default ${shown(spec.default.value)} does not fit the field: it ${misfit}`;
  inspection.add(spot, problem, "Give a default that the field itself would take.");
}

function checkType(inspection: Inspection, spot: Spot, type: FieldType): void {
  for (const [problem, wayOut] of typeMistakes(type)) inspection.add(spot, problem, wayOut);
  if (type.kind === "list" && inspection.once(type.item.spec.type, "type")) {
    checkType(inspection, spot, type.item.spec.type);
  }
  if (type.kind === "ref") checkReference(inspection, spot, type);
}

/** Bounds and patterns that the column or the validator could not keep. */
function typeMistakes(type: FieldType): readonly (readonly [problem: string, wayOut: string])[] {
  switch (type.kind) {
    case "integer": {
      const outside = [type.min, type.max].find(
        (each) => !(Number.isInteger(each) && each >= INTEGER_MIN && each <= INTEGER_MAX),
      );
      const wayOut = `Bounds are whole numbers from ${INTEGER_MIN} to ${INTEGER_MAX}; beyond, take field.bigint().`;
      return outside === undefined ? [] : [[`integer: the bound ${outside} cannot be kept in 32 bits`, wayOut]];
    }
    case "bigint": {
      const outside = [type.min, type.max].find(
        (each) => typeof each !== "bigint" || each < BIGINT_MIN || each > BIGINT_MAX,
      );
      const wayOut = `Bounds are bigints such as 10n, from ${BIGINT_MIN} to ${BIGINT_MAX}.`;
      return outside === undefined ? [] : [[`bigint: the bound ${shown(outside)} cannot be kept in 64 bits`, wayOut]];
    }
    case "text": {
      const bound =
        Number.isInteger(type.min) && type.min >= 0
          ? []
          : [[`text: min is ${type.min}`, "min is a whole number from 0."] as const];
      const reason = type.pattern === undefined ? null : patternMistake(type.pattern);
      if (reason === null) return bound;
      return [
        ...bound,
        [`text: ${reason}`, "JSON Schema reads patterns with the flag u: escape only what needs it, try it as /…/u."],
      ];
    }
    case "decimal":
      if (Number.isInteger(type.precision) && Number.isInteger(type.scale)) return [];
      return [[`decimal: precision ${type.precision}, scale ${type.scale}`, "Both are whole numbers."]];
    case "enum":
      return type.values.length > 0 ? [] : [["enum: no values, so nothing can be sent", "Name at least one value."]];
    case "list":
      return Number.isInteger(type.max) && type.max >= 1
        ? []
        : [[`list: max is ${type.max}`, "max is a whole number from 1."]];
    default:
      return [];
  }
}

function patternMistake(pattern: string): string | null {
  try {
    new RegExp(pattern, "u");
    return null;
  } catch (error) {
    return (error as Error).message;
  }
}

function checkReference(inspection: Inspection, spot: Spot, type: Reference): void {
  if (!ON_DELETE.includes(type.onDelete)) {
    inspection.add(spot, `onDelete is ${shown(type.onDelete)}`, oneOf(type.onDelete, ON_DELETE));
  }
  let target: unknown;
  try {
    target = type.target();
  } catch (error) {
    const wayOut = "Import the entity itself, not its type, and only name it in the thunk: field.ref(() => Account).";
    inspection.add(spot, `the thunk of the reference throws ${shown(String(error))}`, wayOut);
    return;
  }
  if (target === undefined) {
    const wayOut =
      "Move entities to a model.ts that imports only other models, and refer by thunk: field.ref(() => Account).";
    inspection.add(spot, "the reference gives undefined: its module was not loaded, as in an import circle", wayOut);
    return;
  }
  if (shapeKind(target) !== "entity") {
    const problem = `the reference gives ${shown(target)}, which is not an entity`;
    inspection.add(
      spot,
      problem,
      'Name the class: field.ref(() => Link), with class Link extends entity("link", …) {}.',
    );
    return;
  }
  checkTarget(inspection, spot, target as unknown as EntityDefinition);
}

function checkTarget(inspection: Inspection, spot: Spot, target: EntityDefinition): void {
  const name = entityName(target);
  if (!inspection.owners.has(target)) {
    const accounts = name === "Account" ? ' Account comes with: import * as accounts from "lineshaft/accounts".' : "";
    const wayOut = `Name ${name} in the entities of a service, and that service to the app.${accounts}`;
    inspection.add(spot, `it refers to ${name} (${target.place}), which belongs to no service of this app`, wayOut);
  }
  const key = primaryKey(target);
  if (key.length > 1) {
    const wayOut = `Give ${name} a field.id() as its key and keep (${key.join(", ")}) together with the option unique.`;
    inspection.add(
      spot,
      `it refers to ${name}, whose primary key has ${key.length} columns: ${key.join(", ")}`,
      wayOut,
    );
    return;
  }
  const kind = shapeKind(target.fields[key[0] ?? ""]) === "field" ? target.fields[key[0]!]!.spec.type.kind : null;
  if (kind === null || STRING_KINDS.has(kind)) return;
  const wayOut = `Give ${name} a field.id() as its key, or keep the value in a plain field of that kind.`;
  inspection.add(
    spot,
    `it refers to ${name}, whose key "${key[0]}" is of kind ${kind}; references hold strings`,
    wayOut,
  );
}

/** Why a default does not fit its field; `null` when it does. Instants and 64-bit numbers are values here, not JSON. */
function misfitOf(spec: FieldSpec, value: unknown): string | null {
  const { type } = spec;
  if (value === undefined) return "is undefined";
  if (value === null) return spec.nullable ? null : "is null, and the field is not nullable";
  switch (type.kind) {
    case "time":
      return value instanceof Date && !Number.isNaN(value.getTime()) ? null : "must be a valid Date";
    case "bigint":
      if (typeof value !== "bigint") return "must be a bigint such as 10n";
      return value >= type.min && value <= type.max ? null : `must lie from ${type.min} to ${type.max}`;
    case "list": {
      if (!Array.isArray(value)) return "must be an array";
      if (value.length > type.max) return `must have at most ${type.max} items`;
      return value.map((item) => misfitOf(type.item.spec, item)).find((each) => each !== null) ?? null;
    }
    default:
      return schemaMisfit(spec, value);
  }
}

function schemaMisfit(spec: FieldSpec, value: unknown): string | null {
  const json = jsonForm(value);
  if (json === undefined) return "has no JSON form";
  let validator: ReturnType<typeof Compile>;
  try {
    validator = Compile(fieldSchema(spec, { dialect: "validate", direction: "input" }) as never);
  } catch {
    return null; // A pattern that does not compile, or a thunk that throws: told on its own.
  }
  // Formats that nobody has registered yet pass.
  const [passed, errors] = validator.Errors(json);
  if (passed) return null;
  return errors[0] ? `${errors[0].instancePath} ${errors[0].message}`.trim() : "is not valid";
}

function jsonForm(value: unknown): unknown {
  try {
    return JSON.parse(JSON.stringify(value));
  } catch {
    return undefined;
  }
}
