/**
 * Operations: one endpoint as the OpenAPI document shows it.
 *
 * Where a value is read from is asked of the reader of requests (`gather.ts`), so the document cannot say otherwise.
 */
import { STATUS_CODES } from "node:http";
import type { NamedEndpoint } from "../define/declarations.ts";
import type { EndpointDefinition, Limit } from "../define/endpoint.ts";
import type { AnyField } from "../define/field.ts";
import type { Upload } from "../define/file.ts";
import { omittable, shapeKind } from "../define/shape.ts";
import { type InputPart, inputParts } from "./gather.ts";
import type { Components, Variant } from "./openapi-components.ts";
import { exampleOf, objectExample } from "./openapi-examples.ts";
import { failureResponses } from "./openapi-problems.ts";

/** Raw bytes. */
const FILE = { type: "string", format: "binary" };
const ETAG = { description: "Names this state of the answer.", schema: { type: "string" } };

export interface OperationOptions {
  readonly components: Components;
  /** Whether the app knows accounts. */
  readonly authenticates: boolean;
  /** What the parameters of the path are called in the document. */
  readonly pathNames: ReadonlyMap<string, string>;
}

/** The operation of an endpoint. */
export function operationOf({ name, endpoint }: NamedEndpoint, options: OperationOptions): object {
  const parts = inputParts(endpoint);
  const limited = endpoint.limit && limitText(endpoint.limit);
  const description = [endpoint.description, limited].filter((each) => each !== undefined).join("\n\n");
  const parameters = parametersOf(endpoint, parts, options);
  const requestBody = requestBodyOf(endpoint, parts, options.components);
  const security = securityOf(endpoint, options.authenticates);
  return {
    operationId: name,
    tags: [endpoint.service.name],
    ...(endpoint.summary === undefined ? {} : { summary: endpoint.summary }),
    ...(description === "" ? {} : { description }),
    ...(parameters.length > 0 ? { parameters } : {}),
    ...(requestBody ? { requestBody } : {}),
    responses: responsesOf(endpoint, parts, options),
    ...(security ? { security } : {}),
    ...(endpoint.limit ? { "x-rate-limit": { rate: endpoint.limit.rate, per: endpoint.limit.per } } : {}),
  };
}

function limitText({ rate, per }: Limit): string {
  const [count, unit] = rate.split("/");
  const who = { actor: "per caller", address: "per address", all: "for all callers together" }[per];
  return `Limit: ${count} per ${unit}, ${who}.`;
}

function inputVariant(endpoint: EndpointDefinition): Variant {
  return endpoint.service.options.unknownInput === "ignore" ? "looseInput" : "input";
}

function parametersOf(endpoint: EndpointDefinition, parts: readonly InputPart[], options: OperationOptions): object[] {
  const named = parts.filter((part) => part.in !== "body");
  const described = named.flatMap((part) => parameterOf(endpoint, part, options));
  // The path must name its parameters even where a declaration forgot to.
  const missing = [...options.pathNames.keys()].filter(
    (name) => !named.some((part) => part.in === "path" && part.key === name),
  );
  return [
    ...missing.map((name) => ({
      name: options.pathNames.get(name),
      in: "path",
      required: true,
      schema: { type: "string" },
    })),
    ...described,
  ];
}

function parameterOf(endpoint: EndpointDefinition, part: InputPart, options: OperationOptions): object[] {
  const shape = endpoint.input[part.key];
  const spec = shapeKind(shape) === "field" ? (shape as unknown as AnyField).spec : null;
  if (spec?.mode === "computed") return [];
  const path = part.in === "path";
  const { description, examples, ...schema } = options.components.schema(shape, inputVariant(endpoint));
  const required = path || !spec || !omittable(spec.mode);
  // A value that may be left out gets an example only when one is declared: the reference page would send it.
  const example =
    required || examples !== undefined ? exampleOf(shape, { direction: "input", name: part.key }) : undefined;
  return [
    {
      name: path ? (options.pathNames.get(part.key) ?? part.key) : part.name,
      in: part.in,
      ...(description === undefined ? {} : { description }),
      ...(required ? { required } : {}),
      ...(part.in === "query" && part.many ? { style: "form", explode: true } : {}),
      schema,
      ...(example === undefined ? {} : { example }),
    },
  ];
}

function requestBodyOf(
  endpoint: EndpointDefinition,
  parts: readonly InputPart[],
  components: Components,
): object | null {
  if (endpoint.upload) return fileBody(endpoint.upload);
  const keys = parts.filter((part) => part.in === "body").map((part) => part.key);
  if (keys.length === 0) return null;
  const shapes = Object.fromEntries(keys.map((key) => [key, endpoint.input[key]]));
  const schema = components.object(shapes, inputVariant(endpoint));
  const example = objectExample(shapes, { direction: "input" });
  return {
    ...(schema["required"] === undefined ? {} : { required: true }),
    content: { "application/json": { schema, ...(example === undefined ? {} : { example }) } },
  };
}

function fileBody({ max, types }: Upload): object {
  const content = Object.fromEntries(types.map((type) => [type, { schema: FILE }]));
  return { description: `One file of at most ${max} bytes, as it is.`, required: true, content };
}

function responsesOf(endpoint: EndpointDefinition, parts: readonly InputPart[], options: OperationOptions): object {
  const { components, authenticates } = options;
  const cached = endpoint.kind === "query" && endpoint.status === 200;
  const responses: [string, object][] = [[String(endpoint.status), successOf(endpoint, components, cached)]];
  if (cached) {
    const description = "Not changed since the state that `If-None-Match` names.";
    responses.push(["304", components.sharedResponse("304", { description, headers: { ETag: ETAG } })]);
  }
  if (endpoint.output !== null && shapeKind(endpoint.output) === "download") {
    const content = { "*/*": { schema: FILE } };
    const headers = { "Content-Range": { description: "Which bytes of how many.", schema: { type: "string" } } };
    responses.push(["206", { description: "The part that `Range` asks for.", headers, content }]);
  }
  const sources = new Set(parts.map((part) => part.in));
  for (const { status, response, shareable } of failureResponses({ endpoint, sources, authenticates })) {
    responses.push([status, shareable ? components.sharedResponse(status, response) : response]);
  }
  return Object.fromEntries(responses);
}

function successOf(endpoint: EndpointDefinition, components: Components, cached: boolean): object {
  const { output, status } = endpoint;
  const description = STATUS_CODES[status] ?? "Success";
  const headers = cached ? { headers: { ETag: ETAG } } : {};
  if (output === null || status === 204) return { description, ...headers };
  if (shapeKind(output) === "download") return { description, ...headers, content: { "*/*": { schema: FILE } } };
  const raw = shapeKind(output) === "content";
  const mediaType = raw ? (output as unknown as { mediaType: string }).mediaType : "application/json";
  const example = exampleOf(output, { direction: "output" });
  const media = { schema: components.schema(output, "output"), ...(example === undefined ? {} : { example }) };
  const streams = cached && !raw ? { "text/event-stream": components.stream() } : {};
  return { description, ...headers, content: { [mediaType]: media, ...streams } };
}

function securityOf(endpoint: EndpointDefinition, authenticates: boolean): object[] | null {
  if (!authenticates) return null;
  const ways = [{ bearer: [] }, { session: [] }];
  return endpoint.actor === "account" ? ways : [{}, ...ways];
}
