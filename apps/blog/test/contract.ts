/**
 * The contract: RealWorld's own description, and whether an answer is what it declares.
 *
 * `realworld.openapi.json` is that description, version 2.0.0, turned from YAML into JSON and otherwise as it is (MIT,
 * `realworld.LICENSE`). It uses a handful of JSON Schema's keywords; one that is not known here is an error, so nothing
 * is passed over.
 */
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";

/** A part of the description. */
interface Json {
  readonly [key: string]: Json;
}

const description = JSON.parse(readFileSync(join(import.meta.dirname, "realworld.openapi.json"), "utf8")) as Json;
const METHODS = ["get", "post", "put", "delete"];

/** `GET /articles/{slug}` and the statuses it declares. */
export interface Operation {
  readonly name: string;
  readonly method: string;
  readonly pattern: RegExp;
  readonly responses: Json;
}

/** All operations; those without parameters first, as routers match them. */
export const OPERATIONS: readonly Operation[] = Object.entries(description.paths!)
  .flatMap(([path, item]) =>
    METHODS.filter((method) => method in item).map((method) => ({
      name: `${method.toUpperCase()} ${path}`,
      method: method.toUpperCase(),
      pattern: new RegExp(`^${path.replaceAll(/\{\w+\}/g, "[^/]+")}$`),
      responses: item[method]!.responses!,
    })),
  )
  .toSorted((one, other) => Number(one.name.includes("{")) - Number(other.name.includes("{")));

/** The description names 409 where one signs up, and forgets that one can also change into a used name. */
const UNDECLARED: readonly string[] = ["PUT /user 409"];

/** The operation that a request is for. */
export function operationOf(method: string, path: string): Operation | undefined {
  return OPERATIONS.find((each) => each.method === method && each.pattern.test(path));
}

/** Checks an answer; says what it was: `GET /articles 200`. */
export function checkAnswer(operation: Operation, status: number, body: unknown): string {
  const outcome = `${operation.name} ${status}`;
  if (UNDECLARED.includes(outcome)) {
    checkSchema({ $ref: "#/components/schemas/GenericErrorModel" } as never, body, outcome);
    return outcome;
  }
  const declared = operation.responses[status];
  assert.ok(declared, `${outcome} is not declared; it says ${JSON.stringify(body)}`);
  const schema = resolved(declared).content?.["application/json"]?.schema;
  if (schema) checkSchema(schema, body, outcome);
  else assert.equal(body, null, `${outcome} has a body`);
  return outcome;
}

function resolved(part: Json): Json {
  const reference = part.$ref as unknown;
  if (typeof reference !== "string") return part;
  let target = description;
  for (const key of reference.split("/").slice(1)) target = target[key]!;
  return resolved(target);
}

const CHECKED = ["$ref", "type", "required", "properties", "additionalProperties", "items", "format"];

function checkSchema(part: Json, value: unknown, place: string): void {
  const schema = resolved(part);
  for (const keyword of Object.keys(schema)) assert.ok(CHECKED.includes(keyword), `${place}: unknown ${keyword}`);
  const types = [schema.type].flat() as unknown as string[];
  assert.ok(types.includes(typeOf(value)), `${place} is ${typeOf(value)}, not ${types.join(" or ")}`);
  if (typeof value === "string" && (schema.format as unknown) === "date-time") {
    assert.equal(new Date(value).toISOString(), value, place);
  }
  if (Array.isArray(value)) {
    for (const [index, item] of value.entries()) checkSchema(schema.items!, item, `${place}[${index}]`);
  } else if (typeof value === "object" && value !== null) {
    checkObject(schema, value as Record<string, unknown>, place);
  }
}

function checkObject(schema: Json, value: Readonly<Record<string, unknown>>, place: string): void {
  for (const name of (schema.required ?? []) as unknown as string[]) {
    assert.ok(name in value, `${place} has no ${name}`);
  }
  for (const [name, each] of Object.entries(value)) {
    const property = schema.properties?.[name] ?? schema.additionalProperties;
    if (property) checkSchema(property, each, `${place}.${name}`);
  }
}

function typeOf(value: unknown): string {
  if (value === null) return "null";
  if (Array.isArray(value)) return "array";
  return Number.isInteger(value) ? "integer" : typeof value;
}
