/**
 * Output: turns what `run` gave into the bytes of the answer, by the declared shape and nothing else.
 *
 * What the shape does not name, and what is hidden, does not leave the process, whatever `run` returned. A value that
 * the shape requires and `run` did not give, or gave in a form that cannot be the declared one, is a bug, shown as
 * `INTERNAL`; the log says where. Nothing is made up in its place: serializers of JSON Schema write `""` and `0` for a
 * null, refuse a nullable 64-bit number, and a missing optional value of stored JSON.
 *
 * What the database gives for a declared value is taken in every form that it has: a count is a `bigint`, a sum is a
 * decimal's text, an instant inside stored JSON is a text.
 *
 * To add a kind: a case in `fieldWriter`.
 */
import type { AnyField, FieldSpec } from "../define/field.ts";
import { MEDIA_TYPE } from "../define/file.ts";
import { type Schema, shapeKind } from "../define/shape.ts";
import { isKey } from "../engines/files.ts";
import { referred } from "./input-checks.ts";

export interface CompiledOutput {
  readonly mediaType: string;
  readonly write: (result: unknown) => string;
  /** Whether what is written names a file (`DownloadedFile`, as JSON), whose bytes are the answer. */
  readonly isFile?: true;
}

/** A value that does not fit the declared output. */
export class OutputError extends Error {
  override readonly name = "OutputError";

  constructor(wanted: string, value: unknown) {
    super(`the output declares ${wanted}, and run gave ${kindOf(value)}`);
  }
}

/** Writes one value as JSON. @throws {OutputError} */
type Write = (value: unknown) => string;

/** Compiles the writer of an answer; `null` when there is none to write. */
export function compileOutput(output: Schema | null): CompiledOutput | null {
  if (output === null) return null;
  if (shapeKind(output) === "content") {
    return { mediaType: (output as unknown as { mediaType: string }).mediaType, write: writeContent };
  }
  if (shapeKind(output) === "download") return { mediaType: "*/*", write: writeFile, isFile: true };
  return { mediaType: "application/json", write: writerOf(output) };
}

function writerOf(shape: unknown): Write {
  switch (shapeKind(shape)) {
    case "field":
      return specWriter((shape as AnyField).spec);
    case "entity":
      return objectWriter((shape as { fields: object }).fields);
    case "list":
      return listWriter(writerOf((shape as { item: unknown }).item));
    case "nullable":
      return orNull(writerOf((shape as { inner: unknown }).inner));
    default:
      return objectWriter(shape as object);
  }
}

function specWriter(spec: FieldSpec): Write {
  const write = fieldWriter(spec);
  return spec.nullable || spec.mode === "optional" ? orNull(write) : write;
}

function fieldWriter({ type }: FieldSpec): Write {
  switch (type.kind) {
    case "integer":
    case "serial":
      return writeInteger;
    case "float":
      return writeNumber;
    case "bigint":
      return writeBigint;
    case "boolean":
      return writeBoolean;
    case "time":
      return writeTime;
    case "date":
      return writeDay;
    case "money":
      return writeMoney;
    case "json":
      return type.shape ? objectWriter(type.shape) : writeJson;
    case "list":
      return listWriter(specWriter(type.item.spec));
    case "ref":
      return referred(type)?.type.kind === "serial" ? writeInteger : writeText;
    default:
      return writeText;
  }
}

function orNull(write: Write): Write {
  return (value) => (value === null || value === undefined ? "null" : write(value));
}

function objectWriter(shapes: object): Write {
  const keys: string[] = [];
  const starts: string[] = [];
  const writers: Write[] = [];
  for (const [key, shape] of Object.entries(shapes)) {
    if (shapeKind(shape) === "field" && (shape as AnyField).spec.hidden) continue;
    starts.push(`${keys.length === 0 ? "{" : ","}${JSON.stringify(key)}:`);
    writers.push(writerOf(shape));
    keys.push(key);
  }
  if (keys.length === 0) return (value) => (isObject(value) ? "{}" : refuse("an object", value));
  return (value) => {
    if (!isObject(value)) return refuse("an object", value);
    let text = "";
    let index = 0;
    try {
      for (; index < keys.length; index++) text += starts[index]! + writers[index]!(value[keys[index]!]);
    } catch (error) {
      throw placed(error, keys[index]!);
    }
    return `${text}}`;
  };
}

function listWriter(write: Write): Write {
  return (value) => {
    if (!Array.isArray(value)) return refuse("a list", value);
    let text = "";
    let index = 0;
    try {
      for (; index < value.length; index++) text += (index === 0 ? "[" : ",") + write(value[index]);
    } catch (error) {
      throw placed(error, index);
    }
    return text === "" ? "[]" : `${text}]`;
  };
}

/** Adds the place to an error on its way up. */
function placed(error: unknown, key: string | number): unknown {
  if (error instanceof OutputError)
    error.message = `/${key}${error.message.startsWith("/") ? "" : ": "}${error.message}`;
  return error;
}

/** Characters that JSON escapes, and surrogates, which may lack their pair. */
const ESCAPED = /["\\\u0000-\u001f\ud800-\udfff]/;

/** Texts up to this length are looked through here: calling the engine's matcher costs more than the loop. */
const SHORT_CHARS_MAX = 48;

function quote(text: string): string {
  return needsEscape(text) ? JSON.stringify(text) : `"${text}"`;
}

function needsEscape(text: string): boolean {
  if (text.length > SHORT_CHARS_MAX) return ESCAPED.test(text);
  for (let index = 0; index < text.length; index++) {
    const code = text.charCodeAt(index);
    if (code < 0x20 || code === 0x22 || code === 0x5c || (code >= 0xd800 && code <= 0xdfff)) return true;
  }
  return false;
}

const writeText: Write = (value) => {
  if (typeof value === "string") return quote(value);
  return typeof value === "number" || typeof value === "bigint" ? `"${value}"` : refuse("text", value);
};

const writeNumber: Write = (value) => {
  const number = typeof value === "string" && value.trim() !== "" ? Number(value) : value;
  if (typeof number === "bigint" || (typeof number === "number" && Number.isFinite(number))) return `${number}`;
  return refuse("a number", value);
};

const writeInteger: Write = (value) => {
  if (Number.isInteger(value) || typeof value === "bigint") return `${value as number}`;
  if (typeof value === "string" && /^-?\d+(?:\.0+)?$/.test(value)) return `${BigInt(value.split(".", 1)[0]!)}`;
  return refuse("a whole number", value);
};

const writeBigint: Write = (value) => {
  if (typeof value === "bigint" || Number.isSafeInteger(value)) return `"${value as bigint}"`;
  return typeof value === "string" && /^-?\d+$/.test(value) ? `"${value}"` : refuse("a whole number of 64 bits", value);
};

const writeBoolean: Write = (value) => (typeof value === "boolean" ? `${value}` : refuse("true or false", value));

const DAY_MS = 86_400_000;
const [TWO_DIGITS, THREE_DIGITS] = [100, 1_000].map((count) =>
  Array.from({ length: count }, (_, number) => String(number).padStart(String(count - 1).length, "0")),
) as [string[], string[]];
/** The last day that was written: instants of one answer are often of few days, and a day costs most. */
let [lastDay, lastDayText] = [Number.NaN, ""];

/** What `toISOString` gives, in a tenth of its time. */
function isoText(instant: Date): string {
  const time = instant.getTime();
  const day = Math.floor(time / DAY_MS);
  if (day !== lastDay) [lastDay, lastDayText] = [day, instant.toISOString().slice(0, -"00:00:00.000Z".length)];
  const ms = time - day * DAY_MS;
  const seconds = Math.floor(ms / 1_000);
  const minutes = Math.floor(seconds / 60);
  const clock = `${TWO_DIGITS[Math.floor(minutes / 60)]}:${TWO_DIGITS[minutes % 60]}:${TWO_DIGITS[seconds % 60]}`;
  return `${lastDayText}${clock}.${THREE_DIGITS[ms % 1_000]}Z`;
}

const writeTime: Write = (value) => {
  if (value instanceof Date && !Number.isNaN(value.getTime())) return `"${isoText(value)}"`;
  return typeof value === "string" ? quote(value) : refuse("an instant", value);
};

const writeDay: Write = (value) => {
  if (value instanceof Date && !Number.isNaN(value.getTime())) return `"${value.toISOString().slice(0, 10)}"`;
  return typeof value === "string" ? quote(value) : refuse("a day", value);
};

const writeMoney: Write = (value) => {
  const { amount, currency } = isObject(value) ? value : {};
  if (!Number.isSafeInteger(amount) || typeof currency !== "string") return refuse("money", value);
  return `{"amount":${amount as number},"currency":${quote(currency)}}`;
};

const writeJson: Write = (value) => JSON.stringify(value) ?? refuse("JSON", value);

const writeContent: Write = (value) => (typeof value === "string" ? value : refuse("text", value));

/** Parameters of a media type that do not end the header that they stand in. */
const PARAMETERS = /\s*;[\x20-\x7e]*$/;

const writeFile: Write = (value) => {
  if (!isObject(value)) return refuse("a file: { key, name }", value);
  const { key, name, type, inline } = value;
  if (!isKey(key)) return refuse("the key of an uploaded file", key);
  if (typeof name !== "string") return refuse("the name of the file", name);
  const isType = typeof type === "string" && MEDIA_TYPE.test(type.replace(PARAMETERS, ""));
  if (type !== undefined && !isType) return refuse("a media type", type);
  return JSON.stringify({ key, name, type, inline: inline === true });
};

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function refuse(wanted: string, value: unknown): never {
  throw new OutputError(wanted, value);
}

/** What kind of value it is; never the value, which can be a secret. */
function kindOf(value: unknown): string {
  if (value === null || value === undefined) return String(value);
  if (Array.isArray(value)) return "a list";
  if (value instanceof Date) return "an invalid date";
  return typeof value === "object" ? "an object" : `a ${typeof value}`;
}
