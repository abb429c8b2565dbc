/**
 * Components: the named schemas and responses of the OpenAPI document.
 *
 * An entity can look different on its way in and on its way out (hidden columns, defaults, unknown members), so it has
 * up to three schemas; where two are equal they share a name. Names are given before anything refers to them, from all
 * entities in the order of their declaration, so a new endpoint never renames what is there. Only what an operation
 * refers to is listed: an entity that no endpoint shows stays inside.
 */
import { STATUS_CODES } from "node:http";
import { type Declarations, entityName } from "../define/declarations.ts";
import type { EntityDefinition } from "../define/entity.ts";
import type { AnyField, FieldSpec } from "../define/field.ts";
import { type JsonSchema, objectSchema, type SchemaOptions, schemaOf } from "../define/schema.ts";
import { shapeKind } from "../define/shape.ts";
import { PROBLEM_SCHEMA } from "./openapi-problems.ts";

/** The ways an entity is shown: in an answer, in an input, in an input that ignores what it does not know. */
const VARIANTS = {
  output: { suffix: "", direction: "output", closed: true },
  input: { suffix: "Input", direction: "input", closed: true },
  looseInput: { suffix: "LooseInput", direction: "input", closed: false },
} as const;

export type Variant = keyof typeof VARIANTS;

/** What a subscriber of a query is sent. OpenAPI 3.1 has no words for the events themselves. */
const STREAM = "AnswerStream";
const STREAM_SCHEMA: JsonSchema = {
  description:
    "Server-sent events, for `Accept: text/event-stream`: the answer, then the newest one after every change. " +
    "`answer`: `data` is the answer as JSON, `id` its position, from which `Last-Event-ID` goes on. " +
    "`problem`: `data` is a problem document, and the stream ends.",
  type: "string",
};
const STREAM_EXAMPLE = "event: answer\nid: 0/16B3748\ndata: {}\n\n";

export class Components {
  readonly #names = new Map<EntityDefinition, Readonly<Record<Variant, string>>>();
  readonly #schemas = new Map<string, JsonSchema>([["Problem", PROBLEM_SCHEMA]]);
  readonly #responses = new Map<string, object>();
  readonly #responseNames = new Map<string, string>();

  constructor(declarations: Declarations) {
    const taken = new Set([...this.#schemas.keys(), STREAM]);
    const owners = ownersOf(declarations);
    const counts = new Map<string, number>();
    for (const entity of owners.keys()) counts.set(entityName(entity), (counts.get(entityName(entity)) ?? 0) + 1);
    for (const [entity, owner] of owners) {
      const plain = entityName(entity);
      const clashes = counts.get(plain)! > 1 || taken.has(plain);
      this.#names.set(entity, variantNames(entity, clashes && owner ? `${owner}.${plain}` : plain, taken));
    }
  }

  /** The schema of a shape in which entities are references. */
  schema(shape: unknown, variant: Variant): JsonSchema {
    return schemaOf(shape, this.#options(variant));
  }

  /** The schema of an object of shapes in which entities are references. */
  object(shapes: Readonly<Record<string, unknown>>, variant: Variant): JsonSchema {
    return objectSchema(shapes, this.#options(variant));
  }

  /** What subscribers are sent: its schema, which all queries share, and an example. */
  stream(): { readonly schema: { readonly $ref: string }; readonly example: string } {
    this.#schemas.set(STREAM, STREAM_SCHEMA);
    return { schema: { $ref: `#/components/schemas/${STREAM}` }, example: STREAM_EXAMPLE };
  }

  /** A reference to a response that operations share. */
  sharedResponse(status: string, response: object): { readonly $ref: string } {
    const text = JSON.stringify(response);
    let name = this.#responseNames.get(text);
    if (name === undefined) {
      const plain = (STATUS_CODES[status] ?? "UnexpectedError").replace(/[^A-Za-z]+/g, "");
      name = unique(plain, new Set(this.#responses.keys()), "");
      this.#responseNames.set(text, name);
      this.#responses.set(name, response);
    }
    return { $ref: `#/components/responses/${name}` };
  }

  /** Everything that was referred to, sorted by name. */
  listed(): { readonly schemas: object; readonly responses: object } {
    return { schemas: sorted(this.#schemas), responses: sorted(this.#responses) };
  }

  #options(variant: Variant): SchemaOptions {
    const refer = (entity: EntityDefinition): string => this.#refer(entity, variant);
    return { ...optionsOf(variant), refer };
  }

  #refer(entity: EntityDefinition, variant: Variant): string {
    const name = this.#names.get(entity)![variant];
    if (!this.#schemas.has(name)) {
      this.#schemas.set(name, {}); // Stands here already when the entity holds itself.
      const { description } = entity.options;
      const schema = this.object(entity.fields, variant);
      this.#schemas.set(name, description === undefined ? schema : { description, ...schema });
    }
    return `#/components/schemas/${name}`;
  }
}

function optionsOf(variant: Variant): SchemaOptions {
  const { direction, closed } = VARIANTS[variant];
  return { dialect: "document", direction, closed };
}

function variantNames(entity: EntityDefinition, base: string, taken: Set<string>): Record<Variant, string> {
  const known = new Map<string, string>();
  const names: Partial<Record<Variant, string>> = {};
  for (const variant of Object.keys(VARIANTS) as Variant[]) {
    const text = JSON.stringify(objectSchema(entity.fields, optionsOf(variant)), wireValue);
    const name = known.get(text) ?? unique(`${base}${VARIANTS[variant].suffix}`, taken, "_");
    taken.add(name);
    known.set(text, name);
    names[variant] = name;
  }
  return names as Record<Variant, string>;
}

/** All entities that services keep or endpoints name, with the service that keeps them. */
function ownersOf({ services, endpoints }: Declarations): Map<EntityDefinition, string | null> {
  const owners = new Map<EntityDefinition, string | null>();
  for (const { entities, name } of services) {
    for (const entity of Object.values(entities)) if (!owners.has(entity)) owners.set(entity, name);
  }
  for (const { endpoint } of endpoints) {
    for (const entity of [...entitiesIn(endpoint.input), ...entitiesIn(endpoint.output)]) {
      if (!owners.has(entity)) owners.set(entity, endpoint.service.name);
    }
  }
  return owners;
}

function entitiesIn(shape: unknown): EntityDefinition[] {
  switch (shapeKind(shape)) {
    case "field":
      return entitiesInField((shape as AnyField).spec);
    case "entity": {
      const entity = shape as EntityDefinition;
      return [entity, ...Object.values(entity.fields).flatMap(entitiesIn)];
    }
    case "list":
      return entitiesIn((shape as { item: unknown }).item);
    case "nullable":
      return entitiesIn((shape as { inner: unknown }).inner);
    case "object":
      return Object.values(shape as object).flatMap(entitiesIn);
    default:
      return [];
  }
}

function entitiesInField({ type }: FieldSpec): EntityDefinition[] {
  if (type.kind === "list") return entitiesInField(type.item.spec);
  return type.kind === "json" && type.shape ? Object.values(type.shape).flatMap(entitiesIn) : [];
}

/** The name, with a number behind it when it is taken. */
function unique(name: string, taken: ReadonlySet<string>, separator: string): string {
  let candidate = name;
  for (let number = 2; taken.has(candidate); number++) candidate = `${name}${separator}${number}`;
  return candidate;
}

function sorted<TValue>(values: ReadonlyMap<string, TValue>): Record<string, TValue> {
  return Object.fromEntries([...values].toSorted(([one], [other]) => (one < other ? -1 : one > other ? 1 : 0)));
}

/** For `JSON.stringify`: 64-bit numbers are texts in JSON. */
export function wireValue(_key: string, value: unknown): unknown {
  return typeof value === "bigint" ? String(value) : value;
}
