/**
 * Column defaults: from a declared value to SQL, and from what the catalog shows back to something comparable.
 *
 * A value goes out as an untyped literal (`'a'`, `12`, `true`), which Postgres turns into a constant of the column's
 * type and shows as `'a'::character varying`, `12`, `'-5'::integer`. Both sides are brought to one canonical text by
 * the column's type: JSON with sorted keys, instants in milliseconds, numbers without needless zeros. Only `now()` and
 * `lineshaft.uuidv7()` are compared as expressions; the catalog is read with a search path that qualifies all others.
 */
import type { DefaultModel } from "./model.ts";
import { literal } from "./names.ts";

/** A declared value as the text that Postgres reads for a column of this type. */
export function valueText(type: string, value: unknown): string {
  if (type.endsWith("[]") && Array.isArray(value)) {
    const items = value.map((item) => `"${valueText(type.slice(0, -2), item).replace(/["\\]/g, "\\$&")}"`);
    return `{${items.join(",")}}`;
  }
  if (type === "jsonb") return canonicalJson(value);
  if (value instanceof Date) return value.toISOString();
  return String(value);
}

/** What stands behind `default` in SQL. */
export function defaultSql(of: DefaultModel): string {
  if (of.kind === "expression") return of.sql;
  return /^(?:true|false|0|[1-9]\d{0,8})$/.test(of.text) ? of.text : literal(of.text);
}

/** The default that `pg_get_expr` shows. */
export function readDefault(sql: string | null): DefaultModel | null {
  if (sql === null) return null;
  const bare = /^\(?(-?\d+(?:\.\d+)?(?:[eE][+-]?\d+)?|true|false)\)?(?:::[^']*)?$/.exec(sql)?.[1];
  if (bare !== undefined) return { kind: "literal", text: bare };
  const quoted = /^\(?'((?:[^']|'')*)'(?:::[^']*)?$/s.exec(sql)?.[1];
  if (quoted !== undefined) return { kind: "literal", text: quoted.replaceAll("''", "'") };
  return { kind: "expression", sql };
}

/** Whether two defaults of a column of this type are the same. */
export function sameDefault(type: string, left: DefaultModel | null, right: DefaultModel | null): boolean {
  if (left === null || right === null) return left === right;
  if (left.kind === "expression" || right.kind === "expression") {
    return left.kind === right.kind && "sql" in left && "sql" in right && left.sql === right.sql;
  }
  return canonical(type, left.text) === canonical(type, right.text);
}

function canonical(type: string, text: string): string {
  if (type.endsWith("[]")) {
    return JSON.stringify(arrayItems(text).map((item) => canonical(type.slice(0, -2), item)));
  }
  if (type === "jsonb") return canonicalJson(JSON.parse(text));
  if (type === "double precision") return String(Number(text));
  if (type === "integer" || type === "bigint") return String(BigInt(text));
  if (type.startsWith("numeric")) return canonicalDecimal(text);
  if (type.startsWith("timestamp")) return String(Date.parse(text.replace(" ", "T").replace(/([+-]\d\d)$/, "$1:00")));
  if (type === "boolean") return text.startsWith("t") ? "true" : "false";
  return type === "uuid" ? text.toLowerCase() : text;
}

function canonicalDecimal(text: string): string {
  const [, sign = "", whole = "", fraction = ""] = /^([+-]?)0*(\d*)\.?(\d*)$/.exec(text) ?? [];
  const digits = fraction.replace(/0+$/, "");
  if (whole === "" && digits === "") return "0";
  return `${sign === "-" ? "-" : ""}${whole || "0"}${digits && `.${digits}`}`;
}

function canonicalJson(value: unknown): string {
  return JSON.stringify(value, (_, inner: unknown) =>
    typeof inner === "object" && inner !== null && !Array.isArray(inner)
      ? Object.fromEntries(Object.entries(inner).sort(([left], [right]) => (left < right ? -1 : 1)))
      : inner,
  );
}

/** Items of a one-dimensional array in Postgres' text form. */
function arrayItems(text: string): string[] {
  const items: string[] = [];
  for (const match of text.slice(1, -1).matchAll(/"((?:[^"\\]|\\.)*)"|([^",]+)/gs)) {
    items.push(match[1] === undefined ? match[2]! : match[1].replace(/\\(.)/gs, "$1"));
  }
  return items;
}
