/**
 * JSON Schema (2020-12) of a shape, in three dialects that differ in little:
 *
 * - `validate`: for the validator. Formats are checked by our own rules (`call/formats.ts`), under names of our own.
 * - `serialize`: for the serializer of answers. Hidden fields are left out; what may be absent may be null.
 * - `document`: for OpenAPI. Standard formats, descriptions, examples; entities become references to components.
 */
import type { EntityDefinition } from "./entity.ts";
import { primaryKey } from "./entity.ts";
import { type AnyField, EMAIL_CHARS_MAX, type FieldSpec, LIST_ITEMS_MAX, refTarget, URL_CHARS_MAX } from "./field.ts";
import { omittable, shapeKind } from "./shape.ts";

export type JsonSchema = { [keyword: string]: unknown };

export interface SchemaOptions {
  readonly dialect: "validate" | "serialize" | "document";
  readonly direction: "input" | "output";
  /** Whether properties that no schema names are refused. Default true. */
  readonly closed?: boolean;
  /** Collects entities as components and gives the reference to use instead. */
  readonly refer?: (entity: EntityDefinition) => string;
}

const MONEY: JsonSchema = {
  type: "object",
  required: ["amount", "currency"],
  additionalProperties: false,
  properties: {
    amount: { type: "integer", minimum: Number.MIN_SAFE_INTEGER, maximum: Number.MAX_SAFE_INTEGER },
    currency: { type: "string", pattern: "^[A-Z]{3}$" },
  },
};

/** The JSON Schema of a shape. Lists, entities and objects nest; an unknown shape is a mistake found before. */
export function schemaOf(shape: unknown, options: SchemaOptions): JsonSchema {
  switch (shapeKind(shape)) {
    case "field":
      return fieldSchema((shape as AnyField).spec, options);
    case "entity": {
      const entity = shape as EntityDefinition;
      return options.refer ? { $ref: options.refer(entity) } : objectSchema(entity.fields, options);
    }
    case "list": {
      const { item, max } = shape as { item: unknown; max: number | null };
      const items = schemaOf(item, options);
      if (options.direction === "output") return { type: "array", items };
      return { type: "array", items, maxItems: max ?? LIST_ITEMS_MAX };
    }
    case "nullable": {
      const inner = schemaOf((shape as { inner: unknown }).inner, options);
      return options.dialect === "document" && "$ref" in inner ? { anyOf: [inner, { type: "null" }] } : orNull(inner);
    }
    case "content":
      return { type: "string" };
    case "download":
      return { type: "string", format: "binary" };
    default:
      return objectSchema(shape as Record<string, unknown>, options);
  }
}

/** The JSON Schema of an object of shapes. */
export function objectSchema(shapes: Readonly<Record<string, unknown>>, options: SchemaOptions): JsonSchema {
  const properties: Record<string, JsonSchema> = {};
  const required: string[] = [];
  for (const [key, shape] of Object.entries(shapes)) {
    const spec = shapeKind(shape) === "field" ? (shape as AnyField).spec : null;
    if (options.direction === "output" ? spec?.hidden : spec?.mode === "computed") continue;
    properties[key] = schemaOf(shape, options);
    if (options.direction === "output" || !spec || !omittable(spec.mode)) required.push(key);
  }
  return {
    type: "object",
    ...(required.length > 0 ? { required } : {}),
    properties,
    ...(options.direction === "input" && options.closed !== false ? { additionalProperties: false } : {}),
  };
}

/** The JSON Schema of one field. */
export function fieldSchema(spec: FieldSpec, options: SchemaOptions): JsonSchema {
  const absentAsNull = options.direction === "output" && spec.mode === "optional";
  const plain = typeSchema(spec, options);
  const schema = spec.nullable || absentAsNull ? orNull(plain) : plain;
  if (options.dialect !== "document") return schema;
  const value = spec.default?.kind === "value" ? spec.default.value : undefined;
  return {
    ...schema,
    ...(spec.description === undefined ? {} : { description: spec.description }),
    ...(spec.hidden ? { writeOnly: true } : {}),
    ...(value === undefined ? {} : { default: typeof value === "bigint" ? String(value) : value }),
    ...(spec.example === undefined ? {} : { examples: [spec.example] }),
  };
}

/** Adds null to a schema, without `anyOf`, which serializes and validates slower. */
function orNull(schema: JsonSchema): JsonSchema {
  const { type, enum: values } = schema;
  if (type === undefined) return schema;
  return {
    ...schema,
    type: Array.isArray(type) ? [...type, "null"] : [type, "null"],
    ...(Array.isArray(values) ? { enum: [...values, null] } : {}),
  };
}

/** Names of formats that the validator checks by our own rules. */
function format(options: SchemaOptions, standard: string): JsonSchema {
  return { type: "string", format: options.dialect === "validate" ? `lineshaft-${standard}` : standard };
}

function typeSchema(spec: FieldSpec, options: SchemaOptions): JsonSchema {
  const { type } = spec;
  switch (type.kind) {
    case "id":
      return format(options, "uuid");
    case "serial":
      return { type: "integer" };
    case "text":
      return textSchema(type);
    case "integer":
      return { type: "integer", minimum: type.min, maximum: type.max };
    case "bigint":
      // The serializer would try to parse an int64 format; the docs get a pattern that every reader understands.
      return options.dialect === "validate"
        ? { type: "string", format: "lineshaft-bigint" }
        : { type: "string", ...(options.dialect === "document" ? { pattern: "^-?[0-9]{1,19}$" } : {}) };
    case "float":
      return { type: "number" };
    case "decimal": {
      const whole = type.precision - type.scale;
      const fraction = type.scale === 0 ? "" : `(\\.[0-9]{1,${type.scale}})?`;
      return options.direction === "input"
        ? { type: "string", pattern: `^-?[0-9]{1,${Math.max(whole, 1)}}${fraction}$` }
        : { type: "string" };
    }
    case "money":
      return MONEY;
    case "boolean":
      return { type: "boolean" };
    case "time":
      return format(options, "date-time");
    case "date":
      return format(options, "date");
    case "enum":
      return { type: "string", enum: [...type.values] };
    case "url":
      return { ...format(options, "uri"), maxLength: URL_CHARS_MAX };
    case "email":
      return { ...format(options, "email"), maxLength: EMAIL_CHARS_MAX };
    case "json":
      return jsonSchema(type.shape, options);
    case "list": {
      const items = fieldSchema(type.item.spec, options);
      return options.direction === "output" ? { type: "array", items } : { type: "array", items, maxItems: type.max };
    }
    case "ref":
      return refSchema(type, options);
  }
}

function textSchema(type: { min: number; max: number; pattern?: string }): JsonSchema {
  return {
    type: "string",
    ...(type.min > 0 ? { minLength: type.min } : {}),
    maxLength: type.max,
    ...(type.pattern === undefined ? {} : { pattern: type.pattern }),
  };
}

function jsonSchema(shape: Readonly<Record<string, unknown>> | null, options: SchemaOptions): JsonSchema {
  return shape ? objectSchema(shape, options) : {};
}

function refSchema(type: FieldSpec["type"] & { kind: "ref" }, options: SchemaOptions): JsonSchema {
  const target = refTarget(type);
  const key = target && primaryKey(target)[0];
  const spec = target && key !== undefined && key !== null ? target.fields[key]?.spec : undefined;
  return spec && spec.type.kind !== "ref" ? typeSchema(spec, options) : format(options, "uuid");
}
