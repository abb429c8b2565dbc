/**
 * Gathers an endpoint's input from path, query string, headers, cookies and body into one JSON object.
 *
 * Where a key is read from: a `:param` from the path; else what its field says with `from`; else the query string for
 * GET, DELETE and uploads, whose body is a file, and the body for the others. Text from outside the body is turned into
 * the number, boolean or list that the field wants; where it cannot be, it stays text and the validator says so.
 */
import { isUtf8 } from "node:buffer";
import type { IncomingMessage } from "node:http";
import { invalidInput, type ReadInput, unstorableText, type WireInput } from "../call/input.ts";
import { escapePointer, referred } from "../call/input-checks.ts";
import { type EndpointDefinition, usualSource } from "../define/endpoint.ts";
import { Fault, type FieldError, fault } from "../define/errors.ts";
import type { AnyField, FieldType, InputSource } from "../define/field.ts";
import { shapeKind } from "../define/shape.ts";
import { didYouMean } from "../define/suggest.ts";
import type { JsonBody } from "./body.ts";
import { cookiesOf } from "./cookies.ts";
import { type Parameters, parseQueryString } from "./query-string.ts";

/** Where one key of an input is read from. */
export interface InputPart {
  readonly key: string;
  readonly in: InputSource;
  /** Under which name it stands there. */
  readonly name: string;
  readonly fromText: (text: string) => unknown;
  readonly many: boolean;
}

const identity = (text: string): unknown => text;

/** Where every key of an endpoint's input is read from. */
export function inputParts(endpoint: EndpointDefinition): InputPart[] {
  const elsewhere = usualSource(endpoint);
  return Object.entries(endpoint.input).map(([key, shape]) => {
    const spec = shapeKind(shape) === "field" ? (shape as AnyField).spec : null;
    const source = endpoint.params.includes(key) ? "path" : (spec?.source?.in ?? elsewhere);
    const name = spec?.source?.name ?? key;
    const type = spec?.type ?? null;
    const many = type?.kind === "list";
    const fromText = textReader(type?.kind === "list" ? type.item.spec.type : type);
    return { key, in: source, name: source === "header" ? name.toLowerCase() : name, fromText, many };
  });
}

function textReader(type: FieldType | null): (text: string) => unknown {
  switch (type?.kind) {
    case "integer":
    case "serial":
    case "float":
      return (text) => (/^-?\d+(\.\d+)?(e[+-]?\d+)?$/i.test(text) ? Number(text) : text);
    case "boolean":
      return (text) => (text === "true" ? true : text === "false" ? false : text);
    case "ref":
      return textReader(referred(type)?.type ?? null);
    default:
      return identity;
  }
}

/** Gathers the raw input of one request. */
export class Gather {
  readonly #parts: readonly InputPart[];
  readonly #elsewhereParts: readonly InputPart[];
  readonly #partOf: ReadonlyMap<string, InputPart>;
  readonly #closed: boolean;
  readonly #elsewhere: "query" | "body";
  readonly #read: ReadInput;
  /** Whether the input is all in the URL. */
  readonly isOfUrl: boolean;

  constructor(
    endpoint: EndpointDefinition,
    compile: (partOf: (key: string) => FieldError["in"], closed: boolean) => ReadInput,
  ) {
    this.#parts = inputParts(endpoint);
    this.#elsewhereParts = this.#parts.filter((part) => part.in !== "body");
    this.#partOf = new Map(this.#parts.map((part) => [part.key, part]));
    this.#closed = endpoint.service.options.unknownInput !== "ignore";
    this.#elsewhere = usualSource(endpoint);
    this.isOfUrl = this.#parts.every((part) => part.in === "path" || part.in === "query");
    this.#read = compile((key) => this.#partOf.get(key)?.in ?? this.#elsewhere, this.#closed);
  }

  /**
   * Adds to the body what is read from elsewhere, and checks it all.
   *
   * @param body  `null` where the request has none.
   * @throws {Fault} all field errors at once.
   */
  input(
    request: IncomingMessage,
    body: JsonBody | null,
    params: Readonly<Record<string, string | undefined>>,
    queryText: string,
  ): WireInput {
    const wire = body === null ? {} : objectOf(body.value);
    const errors = body?.suspect ? unstorableText(wire, "body") : [];
    const query = parseQueryString(queryText);
    if (this.#closed) this.#refuseUnknown(query, errors);
    for (const part of this.#elsewhereParts) this.#place(part, wire, request, params, query, errors);
    if (errors.length === 0) return this.#read(wire);
    throw mergedWith(errors, () => this.#read(wire));
  }

  #refuseUnknown(query: Parameters, errors: FieldError[]): void {
    if (query.size === 0) return;
    const known = this.#parts.filter((part) => part.in === "query").map((part) => part.name);
    for (const name of query.keys()) {
      if (known.includes(name)) continue;
      const suggestion = didYouMean(name, known);
      const detail = suggestion ? `is not known here; did you mean "${suggestion}"?` : "is not known here";
      errors.push({ in: "query", pointer: `/${escapePointer(name)}`, rule: "unknown", detail });
    }
  }

  #place(
    part: InputPart,
    wire: WireInput,
    request: IncomingMessage,
    params: Readonly<Record<string, string | undefined>>,
    query: Parameters,
    errors: FieldError[],
  ): void {
    const pointer = `/${escapePointer(part.key)}`;
    if (Object.hasOwn(wire, part.key)) {
      delete wire[part.key];
      if (this.#closed)
        errors.push({ in: "body", pointer, rule: "unknown", detail: `is read from the ${part.in}, not from the body` });
    }
    const texts = textsOf(part, request, params, query);
    if (texts.length === 0) return;
    if (texts.length > 1 && !part.many) {
      errors.push({ in: part.in, pointer, rule: "type", detail: `stands ${texts.length} times, but takes one value` });
    }
    for (const text of texts) errors.push(...unstorableText(text, part.in, pointer));
    wire[part.key] = part.many ? texts.map(part.fromText) : part.fromText(texts[0]!);
  }
}

function objectOf(value: unknown): WireInput {
  if (typeof value === "object" && value !== null && !Array.isArray(value)) return value as WireInput;
  const detail = "must be a JSON object";
  throw fault("INVALID_INPUT", {
    detail: `The body ${detail}.`,
    errors: [{ in: "body", pointer: "", rule: "type", detail }],
  });
}

function textsOf(
  part: InputPart,
  request: IncomingMessage,
  params: Readonly<Record<string, string | undefined>>,
  query: Parameters,
): readonly string[] {
  switch (part.in) {
    case "path":
      return asList(params[part.key]);
    case "query":
      return query.get(part.name) ?? [];
    case "header":
      return asList(utf8(request.headers[part.name], part));
    default:
      return asList(cookiesOf(utf8(request.headers.cookie, part))[part.name]);
  }
}

function asList(value: string | undefined): readonly string[] {
  return value === undefined ? [] : [value];
}

/** The runtime reads headers as Latin-1, byte by byte; callers write UTF-8. */
function utf8(value: string | string[] | undefined, part: InputPart): string | undefined {
  const text = Array.isArray(value) ? value.join(", ") : value;
  if (text === undefined || !/[\u0080-\u00ff]/.test(text)) return text;
  const bytes = Buffer.from(text, "latin1");
  if (!isUtf8(bytes)) throw fault("INVALID_ENCODING", { detail: `The ${part.in} "${part.name}" is not UTF-8.` });
  return bytes.toString("utf8");
}

/** The errors found while gathering, with those that the validator still finds. */
function mergedWith(errors: FieldError[], validate: () => unknown): Fault {
  try {
    validate();
  } catch (error) {
    if (error instanceof Fault && error.errors) {
      const known = new Set(errors.map((each) => `${each.in}${each.pointer}`));
      errors.push(...error.errors.filter((each) => !known.has(`${each.in}${each.pointer}`)));
    }
  }
  return invalidInput(errors);
}
