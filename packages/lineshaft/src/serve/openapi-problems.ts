/**
 * Failures in the OpenAPI document: which codes an operation can answer with, and how they look on the wire.
 *
 * The samples are made by the same function that makes real answers, so a service with a format of its own is
 * documented by what its format gives.
 */
import type { EndpointDefinition } from "../define/endpoint.ts";
import { ERRORS, type ErrorCode, type ErrorRow, Fault, type FieldError } from "../define/errors.ts";
import type { InputSource } from "../define/field.ts";
import type { JsonSchema } from "../define/schema.ts";
import type { ProblemFormat } from "../define/service.ts";
import { shapeKind } from "../define/shape.ts";
import { PROBLEM_MEDIA_TYPE, problemAnswer } from "./problem.ts";

/** The request id that samples carry. */
const REQUEST_ID = "019bc0f3-a1c0-7c3e-8f1a-2d4b6d8f1a3c";

const text = (description: string): JsonSchema => ({ type: "string", description });

const FIELD_ERROR: JsonSchema = {
  type: "object",
  required: ["in", "pointer", "rule", "detail"],
  properties: {
    in: { type: "string", enum: ["path", "query", "header", "cookie", "body"], description: "Part of the request." },
    pointer: text("JSON pointer (RFC 6901) into that part; empty for the part as a whole."),
    rule: text("The rule that failed. Stable."),
    detail: text("What is wrong, for people."),
  },
};

/** Every failure in the platform's own format (RFC 9457). */
export const PROBLEM_SCHEMA: JsonSchema = {
  description: "A failure (RFC 9457). Branch on `code`; texts may change.",
  type: "object",
  required: ["type", "title", "status", "code", "requestId"],
  properties: {
    type: { type: "string", format: "uri-reference", description: "Names the kind of failure." },
    title: text("The kind of failure, for people."),
    status: { type: "integer", minimum: 400, maximum: 599, description: "The HTTP status." },
    code: text("The kind of failure, for programs. Stable."),
    detail: text("What went wrong this time, for people."),
    errors: { type: "array", items: FIELD_ERROR, description: "What is wrong with the input, one by one." },
    requestId: text("Finds this request in the logs."),
  },
  additionalProperties: true,
};

const RETRY_AFTER = { description: "Seconds until another try makes sense.", schema: { type: "integer", minimum: 0 } };

/** What is known of an operation when its failures are listed. */
export interface FailureFacts {
  readonly endpoint: EndpointDefinition;
  readonly sources: ReadonlySet<InputSource>;
  /** Whether the app knows accounts. */
  readonly authenticates: boolean;
}

/** A response, and whether other operations have the same. */
export interface FailureResponse {
  readonly status: string;
  readonly response: object;
  readonly shareable: boolean;
}

interface Row extends Pick<ErrorRow, "status" | "title"> {
  readonly code: string;
  readonly retry: ErrorRow["retry"];
  readonly standard: boolean;
}

interface Sample {
  readonly row: Row;
  /** `null` when the service's own format could not show the sample. */
  readonly format: ProblemFormat | null;
}

/** The failures of an operation: its own and the platform's by status, and whatever else goes wrong as `default`. */
export function failureResponses(facts: FailureFacts): FailureResponse[] {
  const own = Object.entries(facts.endpoint.errors).map(([code, row]) => ({ code, ...row, retry: "never" as const }));
  const rows: Row[] = own.map((row) => ({ ...row, standard: false }));
  for (const code of platformCodes(facts)) {
    if (!(code in facts.endpoint.errors)) rows.push({ code, ...ERRORS[code], standard: true });
  }
  const byStatus = new Map<string, Sample[]>();
  for (const row of rows) {
    const sample = sampleOf(row, facts);
    const status = String(sample.format?.status ?? row.status);
    byStatus.set(status, [...(byStatus.get(status) ?? []), sample]);
  }
  const internal = sampleOf({ code: "INTERNAL", ...ERRORS.INTERNAL, standard: true }, facts);
  return [
    ...[...byStatus].toSorted(([one], [other]) => Number(one) - Number(other)).map((each) => responseOf(...each)),
    responseOf("default", [internal]),
  ];
}

/** The platform's codes that an operation can answer with. */
function platformCodes({ endpoint, sources, authenticates }: FailureFacts): ErrorCode[] {
  const codes: ErrorCode[] = [];
  const writes = endpoint.kind === "command";
  const isDownload = endpoint.output !== null && shapeKind(endpoint.output) === "download";
  if (sources.has("body")) codes.push("INVALID_JSON");
  if (sources.size > 0) codes.push("INVALID_ENCODING");
  if (endpoint.actor === "account") codes.push("UNAUTHENTICATED");
  if (writes && authenticates) codes.push("ORIGIN_REFUSED");
  if (sources.has("path") || isDownload) codes.push("NOT_FOUND");
  if (writes) codes.push("CONFLICT");
  if (writes && Object.keys(endpoint.service.entities).length > 0) codes.push("ALREADY_EXISTS", "STILL_REFERENCED");
  if (sources.has("body") || endpoint.upload) codes.push("BODY_TOO_LARGE", "UNSUPPORTED_MEDIA_TYPE");
  if (endpoint.upload) codes.push("INVALID_REQUEST", "FILE_TYPE_MISMATCH");
  if (isDownload) codes.push("RANGE_NOT_SATISFIABLE");
  if (sources.size > 0) codes.push("INVALID_INPUT");
  if (endpoint.limit) codes.push("RATE_LIMITED");
  codes.push("DATABASE_UNAVAILABLE", "DATABASE_BUSY", "STATEMENT_TIMEOUT");
  if (writes) codes.push("LOCK_TIMEOUT");
  codes.push("SHUTTING_DOWN");
  return codes;
}

function sampleOf(row: Row, { endpoint, sources }: FailureFacts): Sample {
  const part = (["body", "query", "path", "header", "cookie"] as const).find((each) => sources.has(each)) ?? "body";
  const errors: FieldError[] = [{ in: part, pointer: "/name", rule: "required", detail: "is required" }];
  const options = row.code === "INVALID_INPUT" ? { detail: "/name is required", errors } : {};
  try {
    const format = problemAnswer(new Fault(row.code, row, options), REQUEST_ID, endpoint.service);
    return { row, format: format.body === undefined ? null : format };
  } catch {
    // The format is the app's code and met a sample, not a failure of its own making: the document does without.
    return { row, format: null };
  }
}

function responseOf(status: string, samples: readonly Sample[]): FailureResponse {
  const other = status === "default";
  const content: Record<string, object> = {};
  const byType = Map.groupBy(
    samples.filter((each) => each.format),
    ({ format }) => format!.mediaType ?? "application/json",
  );
  for (const [mediaType, alike] of byType) content[mediaType] = mediaOf(mediaType, alike, other);
  const later = samples.some(({ row }) => row.retry === "later");
  return {
    status,
    response: {
      description: other ? "Any other failure." : descriptionOf(samples),
      ...(later ? { headers: { "Retry-After": RETRY_AFTER } } : {}),
      ...(byType.size > 0 ? { content } : {}),
    },
    shareable: samples.every(({ row }) => row.standard),
  };
}

/** One line: readers show it in a list. The titles stand with the examples. */
function descriptionOf(samples: readonly Sample[]): string {
  const [only, ...others] = samples;
  if (others.length === 0) return `\`${only!.row.code}\`: ${only!.row.title}.`;
  return samples.map(({ row }) => `\`${row.code}\``).join(", ");
}

function mediaOf(mediaType: string, samples: readonly Sample[], other: boolean): object {
  const reference = { $ref: "#/components/schemas/Problem" };
  const codes = samples.map(({ row }) => row.code);
  const narrowed = { allOf: [reference, { type: "object", properties: { code: { type: "string", enum: codes } } }] };
  const bodies = samples.map(({ format }) => format!.body);
  const problem = mediaType === PROBLEM_MEDIA_TYPE && samples.every(({ format }) => isProblem(format!.body));
  const schema = problem ? (other ? reference : narrowed) : schemaOfSamples(bodies);
  if (samples.length === 1) return { schema, example: bodies[0] };
  const examples = samples.map(({ row, format }) => [row.code, { summary: row.title, value: format!.body }]);
  return { schema, examples: Object.fromEntries(examples) };
}

function isProblem(body: unknown): boolean {
  return (
    typeof body === "object" &&
    body !== null &&
    ["type", "title", "status", "code", "requestId"].every((key) => key in body)
  );
}

/** A schema that all samples fit: what it does not know stays open. */
export function schemaOfSamples(samples: readonly unknown[]): JsonSchema {
  const types = [...new Set(samples.map(typeOf))];
  const schema: JsonSchema = types.length === 1 ? { type: types[0] } : { type: types };
  const objects = samples.filter((each) => typeOf(each) === "object") as Record<string, unknown>[];
  const items = samples.flatMap((each) => (Array.isArray(each) ? (each as unknown[]) : []));
  if (items.length > 0) schema["items"] = schemaOfSamples(items);
  if (objects.length === 0) return schema;
  const keys = [...new Set(objects.flatMap((each) => Object.keys(each)))];
  const properties = keys.map((key) => {
    const values = objects.filter((each) => each[key] !== undefined).map((each) => each[key]);
    return [key, values.length === 0 ? {} : schemaOfSamples(values)] as const;
  });
  return { ...schema, properties: Object.fromEntries(properties) };
}

function typeOf(value: unknown): string {
  if (value === null || value === undefined) return "null";
  if (Array.isArray(value)) return "array";
  const type = typeof value;
  return type === "object" || type === "number" || type === "boolean" ? type : "string";
}
