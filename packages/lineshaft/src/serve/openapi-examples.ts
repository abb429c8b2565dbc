/**
 * Examples: a value for every shape, for the request bodies and answers in the OpenAPI document.
 *
 * Deterministic: the same declaration gives the same example, so documents can be compared. What a field says with
 * `.example()` wins, then its default, then a value made from its kind and name (`title`, `email` …). Every example
 * that is made here fits the schema of its shape; where none can be made, there is none (`undefined`).
 */
import type { EntityDefinition } from "../define/entity.ts";
import { type AnyField, type FieldSpec, type FieldType, refTarget } from "../define/field.ts";
import { shapeKind } from "../define/shape.ts";
import { textLike } from "./openapi-pattern.ts";

/** Instants and days of all examples. */
const INSTANT = "2026-01-15T09:30:00.000Z";

/** Texts by the name of their field; the first match is taken. */
const TEXTS: readonly (readonly [RegExp, string])[] = [
  [/e-?mail/, "ada@example.com"],
  [/^(?:first|given)_?name$/, "Ada"],
  [/^(?:last|family)_?name$|surname/, "Lovelace"],
  [/user_?name|login|handle|nick/, "ada"],
  [/file_?name/, "report.pdf"],
  [/pass(?:word|phrase)/, "correct horse battery staple"],
  [/slug|path/, "write-the-report"],
  [/title|subject|headline|task/, "Write the report"],
  [/company|organi[sz]ation/, "Example Ltd"],
  [/name/, "Ada Lovelace"],
  [/summary|description|bio|about|excerpt/, "A few words about it."],
  [/body|content|text|message|comment|note/, "The first draft is ready to be read."],
  [/image|avatar|photo|picture/, "https://example.com/images/ada.png"],
  [/url|href|link|website/, "https://example.com/report"],
  [/phone|mobile/, "+49 30 5550100"],
  [/street|address/, "12 Main Street"],
  [/city|town|place|location/, "Berlin"],
  [/country/, "DE"],
  [/zip|post(?:al)?_?code/, "10115"],
  [/currency/, "EUR"],
  [/locale|lang/, "en"],
  [/time_?zone/, "Europe/Berlin"],
  [/colou?r/, "#3366cc"],
  [/tag|label|topic|categor/, "news"],
  [/cursor|next|previous|after|before/, "eyJhZnRlciI6NDJ9"],
  [/token|secret|key/, "k5Wq9ZtR2mXc"],
  [/code/, "spring"],
  [/^q$|query|search|words|term/, "report"],
];

const NUMBERS: readonly (readonly [RegExp, number])[] = [
  [/year/, 2026],
  [/month/, 1],
  [/day/, 15],
  [/^age$/, 36],
  [/port$/, 8080],
  [/limit|size/, 20],
  [/offset|skip/, 0],
  [/count|total|visits|views|likes/, 3],
  [/lat(?:itude)?$/, 52.52],
  [/lo?ng(?:itude)?$/, 13.405],
];

const CONTENTS: readonly (readonly [RegExp, string])[] = [
  [/rss/, '<?xml version="1.0" encoding="utf-8"?><rss version="2.0"><channel/></rss>'],
  [/atom/, '<?xml version="1.0" encoding="utf-8"?><feed xmlns="http://www.w3.org/2005/Atom"/>'],
  [/svg/, '<svg xmlns="http://www.w3.org/2000/svg"/>'],
  [/xml/, '<?xml version="1.0" encoding="utf-8"?><root/>'],
  [/html/, "<!doctype html><title>Report</title>"],
  [/csv/, "id,title\n1,Write the report\n"],
  [/markdown/, "# Write the report\n"],
  [/json/, "{}"],
];

export interface ExampleOptions {
  readonly direction: "input" | "output";
  /** The name that the value goes by. */
  readonly name?: string;
  /** The table that the value is a column of. */
  readonly table?: string;
}

/** A value that fits the schema of a shape, in its JSON form; `undefined` when none could be made. */
export function exampleOf(shape: unknown, options: ExampleOptions): unknown {
  switch (shapeKind(shape)) {
    case "field":
      return fieldExample((shape as AnyField).spec, options);
    case "entity": {
      const { fields, table } = shape as EntityDefinition;
      return objectExample(fields, { ...options, table });
    }
    case "list": {
      const { item, max } = shape as { item: unknown; max: number | null };
      return listOf(exampleOf(item, options), max);
    }
    case "nullable":
      return exampleOf((shape as { inner: unknown }).inner, options) ?? null;
    case "content": {
      const { mediaType } = shape as { mediaType: string };
      return named(CONTENTS, mediaType) ?? "Write the report\n";
    }
    default:
      return objectExample(shape as Record<string, unknown>, options);
  }
}

/** The example of an object of shapes. Values that the database makes are not sent, hidden ones not shown. */
export function objectExample(shapes: Readonly<Record<string, unknown>>, options: ExampleOptions): unknown {
  const entries: [string, unknown][] = [];
  for (const [key, shape] of Object.entries(shapes)) {
    const spec = shapeKind(shape) === "field" ? (shape as AnyField).spec : null;
    const made = spec?.mode === "computed";
    if (options.direction === "output" ? spec?.hidden : made) continue;
    const value = exampleOf(shape, { ...options, name: key });
    if (value !== undefined) entries.push([key, value]);
    else if (options.direction === "output" || !spec || spec.mode === "required") return undefined;
  }
  return Object.fromEntries(entries);
}

function fieldExample(spec: FieldSpec, options: ExampleOptions): unknown {
  if (spec.example !== undefined) return spec.example;
  if (spec.default?.kind === "value") return spec.default.value;
  const value = typeExample(spec.type, options);
  return value === undefined && spec.nullable ? null : value;
}

function typeExample(type: FieldType, options: ExampleOptions): unknown {
  const { name = "", table } = options;
  switch (type.kind) {
    case "id":
      return uuidOf(table ?? name);
    case "ref":
      return refExample(type);
    case "serial":
      return 1;
    case "text":
      return textExample(type, wordsOf(name));
    case "integer":
      return Math.min(Math.max(Math.round(named(NUMBERS, wordsOf(name)) ?? 1), type.min), type.max);
    case "bigint": {
      const raised = type.min > 1n ? type.min : 1n;
      return String(raised > type.max ? type.max : raised);
    }
    case "float":
      return named(NUMBERS, wordsOf(name)) ?? 1.5;
    case "decimal":
      return decimalExample(type.precision - type.scale, type.scale);
    case "money":
      return { amount: 1250, currency: "EUR" };
    case "boolean":
      return true;
    case "time":
      return INSTANT;
    case "date":
      return INSTANT.slice(0, 10);
    case "enum":
      return type.values[0];
    case "url":
      return /image|avatar|photo|picture/i.test(name)
        ? "https://example.com/images/ada.png"
        : "https://example.com/report";
    case "email":
      return "ada@example.com";
    case "json":
      return type.shape ? objectExample(type.shape, options) : { key: "value" };
    case "list":
      return listOf(fieldExample(type.item.spec, options), type.max);
  }
}

function refExample(type: FieldType & { kind: "ref" }): unknown {
  const target = refTarget(type);
  const key = Object.values(target?.fields ?? {}).find((each) => ["id", "serial"].includes(each.spec.type.kind));
  return key?.spec.type.kind === "serial" ? 1 : uuidOf(target?.table ?? "");
}

function textExample(type: FieldType & { kind: "text" }, words: string): string | undefined {
  const plain = fitted(named(TEXTS, words) ?? "Some text", type.min, type.max);
  if (type.pattern === undefined) return plain;
  const pattern = new RegExp(type.pattern, "u");
  const candidates = [plain, plain.toLowerCase().replace(/[^a-z0-9]+/g, "-"), plain.toUpperCase()];
  const fits = candidates.find((each) => pattern.test(each) && [...each].length >= type.min);
  return fits ?? textLike(type.pattern, type.min, type.max) ?? undefined;
}

/** Repeats or cuts a text until it has `min` to `max` characters. */
function fitted(text: string, min: number, max: number): string {
  const characters = [...text];
  while (characters.length < min) characters.push(" ", ...text);
  return characters.slice(0, Math.max(max, 0)).join("").trimEnd().padEnd(min, ".");
}

function decimalExample(whole: number, scale: number): string {
  const digits = whole <= 0 ? "0" : "12".slice(0, whole);
  return scale === 0 ? digits : `${digits}.${"5".padEnd(Math.min(scale, 2), "0")}`;
}

function listOf(item: unknown, max: number | null): unknown[] {
  return item === undefined || max === 0 ? [] : [item];
}

/** `firstName` and `first-name` as `first_name`. */
function wordsOf(name: string): string {
  return name
    .replace(/([a-z0-9])([A-Z])/g, "$1_$2")
    .replaceAll("-", "_")
    .toLowerCase();
}

function named<TValue>(values: readonly (readonly [RegExp, TValue])[], name: string): TValue | undefined {
  return values.find(([pattern]) => pattern.test(name))?.[1];
}

/** A UUIDv7 that is always the same for a name, so that references show the id of what they refer to. */
function uuidOf(name: string): string {
  let hash = 0x811c9dc5; // FNV-1a: short, and the same everywhere.
  for (const character of name) hash = Math.imul(hash ^ character.codePointAt(0)!, 0x01000193) >>> 0;
  const digits = hash.toString(16).padStart(8, "0");
  return `019bc0f3-a1c0-7${digits.slice(0, 3)}-8${digits.slice(3, 6)}-4b6d8f1a3c${digits.slice(6)}`;
}
