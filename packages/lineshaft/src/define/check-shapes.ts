/**
 * Checks of shapes: what goes in and out of an endpoint, and whether its part of the request can carry it.
 */
import { checkField } from "./check-fields.ts";
import { checkKey, type Inspection, inside, oneOf, type Spot, shown } from "./check-inspection.ts";
import { entityName } from "./declarations.ts";
import { type EndpointDefinition, usualSource } from "./endpoint.ts";
import type { EntityDefinition } from "./entity.ts";
import type { EventDefinition } from "./event.ts";
import { type AnyField, type FieldSpec, type InputSource, isField, JSON_DEPTH_MAX } from "./field.ts";
import { type ShapeKind, shapeKind } from "./shape.ts";
import { didYouMean } from "./suggest.ts";

const SOURCES: readonly string[] = ["path", "query", "header", "cookie", "body"] satisfies InputSource[];
/** Names of headers and cookies (RFC 9110, 5.6.2). */
const TOKEN = /^[!#$%&'*+.^_`|~0-9A-Za-z-]+$/;
const SHAPES = "A shape is a field, an entity, list(…), nullable(…) or an object of shapes";

type Direction = "input" | "output";

/** Checks the fields of an event's payload. */
export function checkPayload(inspection: Inspection, spot: Spot, { fields, service }: EventDefinition): void {
  if (shapeKind(fields) !== "object" || foreign(fields)) {
    const wayOut = "Write an object of fields: { link: field.ref(() => Link) }.";
    inspection.add(spot, `the payload is ${shown(fields)}, not an object of shapes`, wayOut);
    return;
  }
  checkShape(inspection, spot, fields, { direction: "input", service, level: 1 });
}

/** Checks the input of an endpoint, and its parameters. */
export function checkInput(inspection: Inspection, spot: Spot, endpoint: EndpointDefinition): void {
  const { input, params } = endpoint;
  if (shapeKind(input) !== "object") {
    const fields =
      shapeKind(input) === "entity" ? `${entityName(input as unknown as EntityDefinition)}.fields` : "{ … }";
    inspection.add(
      inside(spot, "input"),
      `it is ${shown(input)}, not an object of shapes`,
      `Write input: ${fields}, or pick() from an entity.`,
    );
    return;
  }
  if (foreign(input)) {
    addForeign(inspection, inside(spot, "input"));
    return;
  }
  for (const param of params) {
    if (Object.hasOwn(input, param)) continue;
    const near = didYouMean(
      param,
      Object.keys(input).filter((key) => !params.includes(key)),
    );
    const hint = near === null ? "" : `Is it the input "${near}"? `;
    inspection.add(spot, `the route has :${param}, the input has not`, `${hint}Add ${param}: field.… to the input.`);
  }
  for (const [key, shape] of Object.entries(input)) {
    const at = inside(spot, `input.${key}`);
    checkKey(inspection, at, key);
    checkShape(inspection, at, shape, { direction: "input", service: endpoint.service, level: 1 });
    if (isField(shape)) checkInputField(inspection, at, shape.spec, endpoint);
    checkSource(inspection, at, shape, { endpoint, key });
  }
}

function checkInputField(inspection: Inspection, spot: Spot, spec: FieldSpec, endpoint: EndpointDefinition): void {
  if (spec.mode === "computed") {
    const wayOut = "Declare an input of the same kind without computed().";
    inspection.add(spot, "it is computed by the database, so no caller can send it", wayOut);
  }
  const { source } = spec;
  if (source === undefined) return;
  if (!SOURCES.includes(source.in))
    inspection.add(spot, `it is read from ${shown(source.in)}`, oneOf(source.in, SOURCES));
  if (source.in === "body" && endpoint.upload !== undefined) {
    inspection.add(spot, "it is read from the body, which is the file", 'Leave out from(), or read it from("header").');
  }
  if (source.in === "body" && endpoint.method === "GET") {
    inspection.add(
      spot,
      "it is read from the body, and GET has none",
      'Read it from("query"), or make the endpoint a command.',
    );
  }
  if ((source.in === "header" || source.in === "cookie") && source.name !== undefined && !TOKEN.test(source.name)) {
    inspection.add(
      spot,
      `${shown(source.name)} cannot be the name of a ${source.in}`,
      "Take letters, digits and hyphens.",
    );
  }
}

/** Whether the part of the request that a key is read from can carry it. */
function checkSource(
  inspection: Inspection,
  spot: Spot,
  shape: unknown,
  { endpoint, key }: { readonly endpoint: EndpointDefinition; readonly key: string },
): void {
  const spec = isField(shape) ? (shape.spec as FieldSpec) : null;
  const isParam = endpoint.params.includes(key);
  const declared = spec?.source?.in;
  if (isParam && declared !== undefined && declared !== "path") {
    inspection.add(
      spot,
      `it is read from the ${declared}, but the route has :${key}`,
      "Leave out from(), or take the parameter out of the route.",
    );
  }
  if (!isParam && declared === "path") {
    inspection.add(
      spot,
      `it is read from the path, but the route has no :${key}`,
      `Write :${key} into the route; a parameter has the name of its input.`,
    );
    return;
  }
  const source = isParam ? "path" : (declared ?? usualSource(endpoint));
  if (isParam && spec?.mode === "optional") {
    inspection.add(
      spot,
      "it is optional, but a path always has its parameters",
      "Leave out optional(), or declare two endpoints.",
    );
  }
  if (source === "body" || !SOURCES.includes(source) || shapeKind(shape) === "unknown") return;
  const load = loadOf(shape);
  if (load === null || (load === "a list" && source === "query")) return;
  const wayOut = isParam || source === "path" ? "Take a single value for it." : carrierFor(load, endpoint);
  inspection.add(spot, `it is ${load}, which the ${source} cannot carry`, wayOut);
}

function carrierFor(load: string, endpoint: EndpointDefinition): string {
  if (load === "a list") return 'Read it from("query"), where a name may stand several times.';
  if (load.endsWith("()")) return "For single values write field.list(…) and field.nullable().";
  if (endpoint.upload) return "Send its parts as inputs of their own: the body is the file.";
  const body = usualSource(endpoint) === "query" ? "make it a command with a body" : 'read it from("body")';
  return `Send its parts as inputs of their own, or ${body}.`;
}

/** What is more than one plain text; `null` for what a path, a query string, a header or a cookie can carry. */
function loadOf(shape: unknown): string | null {
  const kind = shapeKind(shape);
  if (kind === "list" || kind === "nullable") return `a ${kind}()`;
  if (kind !== "field") return "an object";
  const { type } = (shape as AnyField).spec as FieldSpec;
  if (type.kind === "json" || type.kind === "money") return type.kind;
  if (type.kind !== "list") return null;
  const item = type.item.spec.type.kind;
  return item === "json" || item === "money" ? `a list of ${item}` : "a list";
}

/** Checks the output of an endpoint. */
export function checkOutput(inspection: Inspection, spot: Spot, endpoint: EndpointDefinition): void {
  const at = inside(spot, "output");
  if (shapeKind(endpoint.output) === "download") return;
  if (shapeKind(endpoint.output) === "content") {
    const { mediaType } = endpoint.output as unknown as { mediaType: unknown };
    if (typeof mediaType === "string" && /^[\w.+-]+\/[\w.+-]+(?:\s*;.*)?$/.test(mediaType)) return;
    inspection.add(at, `content(${shown(mediaType)}) names no media type`, 'Write one such as content("text/csv").');
    return;
  }
  checkShape(inspection, at, endpoint.output, { direction: "output", service: endpoint.service, level: 0 });
}

interface Walk {
  readonly direction: Direction;
  readonly service: EndpointDefinition["service"];
  readonly level: number;
}

function checkShape(inspection: Inspection, spot: Spot, shape: unknown, walk: Walk): void {
  if (walk.level > JSON_DEPTH_MAX) {
    inspection.add(spot, `the shape is nested deeper than ${JSON_DEPTH_MAX} levels`, "Make it flatter.");
    return;
  }
  const deeper = { ...walk, level: walk.level + 1 };
  const kind: ShapeKind = shapeKind(shape);
  switch (kind) {
    case "field":
      checkFieldShape(inspection, spot, shape as AnyField, deeper);
      return;
    case "list": {
      const { item, max } = shape as { item: unknown; max: number | null };
      if (max !== null && !(Number.isInteger(max) && max >= 1)) {
        inspection.add(spot, `list: max is ${max}`, "max is a whole number from 1.");
      }
      checkShape(inspection, inside(spot, "[]"), item, deeper);
      return;
    }
    case "nullable":
      checkShape(inspection, spot, (shape as { inner: unknown }).inner, deeper);
      return;
    case "entity":
      checkEntityShape(inspection, spot, shape as unknown as EntityDefinition, deeper);
      return;
    case "object":
      if (foreign(shape as object)) addForeign(inspection, spot);
      else checkObject(inspection, spot, shape as object, deeper);
      return;
    case "content":
      inspection.add(
        spot,
        "content(…) is an answer as a whole, not a part of one",
        "Write output: content(…), or field.text() here.",
      );
      return;
    case "download":
      inspection.add(
        spot,
        "download() is an answer as a whole, not a part of one",
        "Write output: download() in a query of its own; where it is can stand here, as a text.",
      );
      return;
    case "unknown":
      addUnknown(inspection, spot, shape, walk.service);
      return;
  }
}

function checkFieldShape(inspection: Inspection, spot: Spot, of: AnyField, walk: Walk): void {
  checkField(inspection, spot, of);
  const { type } = of.spec as FieldSpec;
  const json = type.kind === "list" ? type.item.spec.type : type;
  if (json.kind === "json" && json.shape && inspection.once(json, "stored"))
    checkShape(inspection, spot, json.shape, walk);
}

function checkEntityShape(inspection: Inspection, spot: Spot, entity: EntityDefinition, walk: Walk): void {
  if (walk.direction === "output" && onlyHidden(entity.fields)) {
    const wayOut = "Hidden fields never leave the process: show another field, or answer with an object of your own.";
    inspection.add(spot, `all fields of ${entityName(entity)} are hidden`, wayOut);
    return;
  }
  // Entities of services are checked as such.
  if (!inspection.owners.has(entity)) checkObject(inspection, spot, entity.fields, walk);
}

function checkObject(inspection: Inspection, spot: Spot, shapes: object, walk: Walk): void {
  for (const [key, shape] of Object.entries(shapes)) {
    checkKey(inspection, inside(spot, key), key);
    checkShape(inspection, inside(spot, key), shape, walk);
  }
  if (walk.direction === "output" && onlyHidden(shapes)) {
    inspection.add(
      spot,
      `all its fields are hidden: ${Object.keys(shapes).join(", ")}`,
      "Hidden fields never leave the process: name another field.",
    );
  }
}

function onlyHidden(shapes: object): boolean {
  const all: unknown[] = Object.values(shapes);
  return all.length > 0 && all.every((shape) => isField(shape) && shape.spec.hidden);
}

/** A schema of another library is an object, too, but with texts or marks where shapes have shapes. */
function foreign(shape: object): boolean {
  const { type, "~kind": kind, "~standard": standard } = shape as Record<string, unknown>;
  return typeof type === "string" || typeof kind === "string" || (standard !== undefined && !isField(standard));
}

function addForeign(inspection: Inspection, spot: Spot): void {
  inspection.add(
    spot,
    "it is a schema of another library or JSON Schema",
    `${SHAPES}: say it with field.text() and so on.`,
  );
}

function addUnknown(inspection: Inspection, spot: Spot, shape: unknown, service: EndpointDefinition["service"]): void {
  if (typeof shape === "object" && shape !== null && foreign(shape)) {
    addForeign(inspection, spot);
    return;
  }
  if (shape !== undefined) {
    inspection.add(spot, `it is ${shown(shape)}, which is not a shape`, `${SHAPES}.`);
    return;
  }
  const key = spot.what.slice(spot.what.lastIndexOf(".") + 1);
  const known = Object.values(service.entities).flatMap((each) =>
    shapeKind(each) === "entity" ? Object.keys(each.fields) : [],
  );
  const near = didYouMean(key, new Set(known));
  const hint = near === null ? "" : `Did you mean "${near}"? `;
  inspection.add(
    spot,
    "it is undefined: an entity was asked for a field that it does not have",
    `${hint}Check the names in pick(…) and in .fields.`,
  );
}
