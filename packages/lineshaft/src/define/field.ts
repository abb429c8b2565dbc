/**
 * Fields: what a value is, once, for the database, the validator, the types, JSON Schema and the docs.
 *
 * A field is frozen data with a phantom type. Every modifier gives a new field; nothing here does I/O, and a mistake
 * (`max` below `min`) is not thrown but kept, so that all mistakes of an app can be shown together at load.
 *
 * To add a kind: a row in `FieldType`, its maker in `field`, its JSON Schema in `schema.ts`, its column in
 * `migrate/desired.ts`.
 */
import type { EntityDefinition } from "./entity.ts";
import type { Schemas, ValueOf } from "./shape.ts";

/** Characters of a text field that names no `max`. */
export const TEXT_CHARS_MAX = 100_000;
/** Characters of a URL. */
export const URL_CHARS_MAX = 2_048;
/** Characters of an e-mail address (RFC 5321, 4.5.3.1.3 less the angle brackets). */
export const EMAIL_CHARS_MAX = 254;
/** Items of a list that names no `max`. */
export const LIST_ITEMS_MAX = 1_000;
/** Levels of nesting in a `json` value. */
export const JSON_DEPTH_MAX = 32;
/** Bounds of `field.integer`: a Postgres `integer`. */
export const INTEGER_MIN = -2_147_483_648;
export const INTEGER_MAX = 2_147_483_647;
/** Bounds of `field.bigint`: a Postgres `bigint`. */
export const BIGINT_MIN = -9_223_372_036_854_775_808n;
export const BIGINT_MAX = 9_223_372_036_854_775_807n;

/** Whether a value must be sent, may be left out, has a default, or is made by the database. */
export type Mode = "required" | "optional" | "default" | "generated" | "computed";

/** Something that has a value type. The property exists for the compiler only. */
export interface Shaped<TValue> {
  readonly "~value": TValue;
}

/** An amount in the minor unit of its currency: `{ amount: 1250, currency: "EUR" }` is 12.50 €. */
export interface Money {
  /** Whole minor units; a safe integer. */
  readonly amount: number;
  /** ISO 4217 code: three capital letters. */
  readonly currency: string;
}

/** What happens to a row when the row that it refers to is deleted. */
export type OnDelete = "restrict" | "cascade" | "set null";

/** Where an input is read from when the default is not wanted. */
export type InputSource = "path" | "query" | "header" | "cookie" | "body";

export type FieldType =
  | { readonly kind: "id" }
  | { readonly kind: "serial" }
  | {
      readonly kind: "text";
      readonly min: number;
      readonly max: number;
      readonly limited: boolean;
      readonly pattern?: string;
    }
  | { readonly kind: "integer"; readonly min: number; readonly max: number }
  | { readonly kind: "bigint"; readonly min: bigint; readonly max: bigint }
  | { readonly kind: "float" }
  | { readonly kind: "decimal"; readonly precision: number; readonly scale: number }
  | { readonly kind: "money" }
  | { readonly kind: "boolean" }
  | { readonly kind: "time" }
  | { readonly kind: "date" }
  | { readonly kind: "enum"; readonly values: readonly string[] }
  | { readonly kind: "url" }
  | { readonly kind: "email" }
  | { readonly kind: "json"; readonly shape: Schemas | null }
  | { readonly kind: "list"; readonly item: AnyField; readonly max: number }
  | { readonly kind: "ref"; readonly target: () => unknown; readonly onDelete: OnDelete };

/** The default of a field: a value, or one that the database makes. */
export type FieldDefault =
  | { readonly kind: "value"; readonly value: unknown }
  | { readonly kind: "uuid" }
  | { readonly kind: "now" };

/** Everything the rest of the platform knows of a field. */
export interface FieldSpec {
  readonly type: FieldType;
  readonly mode: Mode;
  readonly nullable: boolean;
  readonly default?: FieldDefault;
  readonly unique: boolean;
  readonly indexed: boolean;
  readonly hidden: boolean;
  /** Set to the time of the change by the database on every update. */
  readonly touched: boolean;
  /** SQL expression of a stored generated column. */
  readonly computed?: string;
  readonly source?: { readonly in: InputSource; readonly name?: string };
  readonly description?: string;
  readonly example?: unknown;
  readonly mistakes: readonly string[];
}

/**
 * A declared value. Modifiers give a new field.
 *
 * @typeParam TValue  What `run` sees: `string`, `number`, `bigint`, `Date` …
 * @typeParam TMode   Whether it must be sent; see `Mode`.
 * @typeParam THidden Whether it stays inside the process.
 */
export interface Field<TValue, TMode extends Mode = "required", THidden extends boolean = false>
  extends Shaped<TValue> {
  readonly mode: TMode;
  readonly hiding: THidden;
  readonly spec: FieldSpec;
  /** May be left out; `undefined` in an input, `null` in a row and in an answer. A sent `null` is refused. */
  optional(): Field<TValue, "optional", THidden>;
  /** `null` is a value of its own. */
  nullable(): Field<TValue | null, TMode, THidden>;
  /** Used where the value is left out: in an input and as the column's default. */
  default(value: TValue): Field<TValue, "default", THidden>;
  /** No two rows have the same value. `null`s do not collide. A violation is `ALREADY_EXISTS`. */
  unique(): Field<TValue, TMode, THidden>;
  /** Has an index. References have one without asking. */
  indexed(): Field<TValue, TMode, THidden>;
  /** Never leaves the process: not in an answer, not in a document, not in a log. Readable in `run` through `db`. */
  hidden(): Field<TValue, TMode, true>;
  /** A stored generated column; `expression` is SQL over columns of the same row. */
  computed(expression: string): Field<TValue, "computed", THidden>;
  /** In an endpoint's input: read from this part of the request, under this name (default: the key). */
  from(source: InputSource, name?: string): Field<TValue, TMode, THidden>;
  /** One sentence for the API reference. */
  describe(description: string): Field<TValue, TMode, THidden>;
  /** Shown in the API reference; in the JSON form of the value. */
  example(value: unknown): Field<TValue, TMode, THidden>;
}

export type AnyField = Field<any, any, any>;
/** Fields by their names: the columns of an entity. */
export type Fields = { readonly [key: string]: AnyField };

class FieldDefinition implements Field<unknown, Mode, boolean> {
  declare readonly "~value": unknown;
  readonly spec: FieldSpec;

  constructor(spec: FieldSpec) {
    this.spec = Object.freeze(spec);
    Object.freeze(this);
  }

  get mode(): Mode {
    return this.spec.mode;
  }
  get hiding(): boolean {
    return this.spec.hidden;
  }
  optional(): any {
    const { default: _, ...rest } = this.spec;
    return new FieldDefinition({ ...rest, mode: "optional" });
  }
  nullable(): any {
    return this.#with({ nullable: true });
  }
  default(value: unknown): any {
    return this.#with({ mode: "default", default: { kind: "value", value } });
  }
  unique(): any {
    return this.#with({ unique: true });
  }
  indexed(): any {
    return this.#with({ indexed: true });
  }
  hidden(): any {
    return this.#with({ hidden: true });
  }
  computed(expression: string): any {
    const mistakes = expression.trim() === "" ? ["computed() needs an SQL expression"] : [];
    return this.#with({ mode: "computed", computed: expression }, mistakes);
  }
  from(source: InputSource, name?: string): any {
    return this.#with({ source: name === undefined ? { in: source } : { in: source, name } });
  }
  describe(description: string): any {
    return this.#with({ description });
  }
  example(value: unknown): any {
    return this.#with({ example: value });
  }

  #with(change: Partial<FieldSpec>, mistakes: readonly string[] = []): FieldDefinition {
    return new FieldDefinition({ ...this.spec, ...change, mistakes: [...this.spec.mistakes, ...mistakes] });
  }
}

/** Whether a value is a field, also one that another copy of this package made. */
export function isField(value: unknown): value is AnyField {
  return (
    typeof value === "object" && value !== null && "spec" in value && typeof (value as AnyField).computed === "function"
  );
}

/**
 * The same field for a partial update: may be left out, has no default; where the column can be null, `null` is a
 * value (it clears).
 */
export function updatable(each: AnyField): AnyField {
  const { default: _, ...rest } = each.spec;
  return new FieldDefinition({ ...rest, mode: "optional", nullable: each.spec.nullable || each.mode === "optional" });
}

function make(type: FieldType, change: Partial<FieldSpec> = {}): any {
  return new FieldDefinition({
    type,
    mode: "required",
    nullable: false,
    unique: false,
    indexed: false,
    hidden: false,
    touched: false,
    mistakes: [],
    ...change,
  });
}

function range(what: string, min: number | bigint, max: number | bigint): Partial<FieldSpec> {
  return min <= max ? {} : { mistakes: [`${what}: min ${min} is greater than max ${max}`] };
}

function textMistakes(min: number, max: number, pattern: RegExp | undefined): string[] {
  const mistakes: string[] = [];
  if (min > max) mistakes.push(`text: min ${min} is greater than max ${max}`);
  if (!Number.isInteger(max) || max < 1 || max > 10_485_760) mistakes.push(`text: max is 1 to 10485760, not ${max}`);
  if (pattern && pattern.flags.replace("u", "") !== "") {
    mistakes.push(`text: pattern flags "${pattern.flags}" cannot be said in JSON Schema`);
  }
  return mistakes;
}

/** Makes fields. */
export const field = Object.freeze({
  /** The primary key: a UUIDv7 (RFC 9562) made by the database, so that keys sort by time. */
  id: (): Field<string, "generated"> => make({ kind: "id" }, { mode: "generated", default: { kind: "uuid" } }),

  /** A primary key of small whole numbers, made by the database. Gaps are normal. Prefer `id`. */
  serial: (): Field<number, "generated"> => make({ kind: "serial" }, { mode: "generated" }),

  /**
   * Text. Lengths are in code points, as Postgres counts them. A NUL character and unpaired surrogates are refused.
   *
   * @param options.min     Default 0. `min: 1` refuses "".
   * @param options.max     Default `TEXT_CHARS_MAX`; up to 10,485,760.
   * @param options.pattern A regular expression without flags (or with `u`) that must match somewhere in the text.
   */
  text: (options: { readonly min?: number; readonly max?: number; readonly pattern?: RegExp } = {}): Field<string> => {
    const { min = 0, max = TEXT_CHARS_MAX, pattern } = options;
    return make(
      {
        kind: "text",
        min,
        max,
        limited: options.max !== undefined,
        ...(pattern ? { pattern: pattern.source } : {}),
      },
      { mistakes: textMistakes(min, max, pattern) },
    );
  },

  /** A whole number of 32 bits. */
  integer: (options: { readonly min?: number; readonly max?: number } = {}): Field<number> => {
    const { min = INTEGER_MIN, max = INTEGER_MAX } = options;
    return make({ kind: "integer", min, max }, range("integer", min, max));
  },

  /** A whole number of 64 bits: a `bigint` in `run`, a string in JSON, where numbers lose digits over 2^53. */
  bigint: (options: { readonly min?: bigint; readonly max?: bigint } = {}): Field<bigint> => {
    const { min = BIGINT_MIN, max = BIGINT_MAX } = options;
    return make({ kind: "bigint", min, max }, range("bigint", min, max));
  },

  /** A floating point number of 64 bits. Not for money. */
  float: (): Field<number> => make({ kind: "float" }),

  /** An exact decimal: a string in `run` and in JSON. `scale` digits stand after the point. */
  decimal: (options: { readonly precision: number; readonly scale: number }): Field<string> => {
    const { precision, scale } = options;
    const good = precision >= 1 && precision <= 1_000 && scale >= 0 && scale <= precision;
    const mistakes = good
      ? []
      : [`decimal: precision is 1 to 1000 and scale 0 to precision, not ${precision}, ${scale}`];
    return make({ kind: "decimal", precision, scale }, { mistakes });
  },

  /** An amount in minor units with its currency. */
  money: (): Field<Money> => make({ kind: "money" }),

  boolean: (): Field<boolean> => make({ kind: "boolean" }),

  /** An instant: a `Date` in `run`, an ISO 8601 string in JSON. Milliseconds; the time zone is not kept. */
  time: (): Field<Date> => make({ kind: "time" }),

  /** The instant of the insert, set by the database. */
  now: (): Field<Date, "generated"> => make({ kind: "time" }, { mode: "generated", default: { kind: "now" } }),

  /** The instant of the last change, kept by the database on every update, whoever makes it. */
  updated: (): Field<Date, "generated"> =>
    make({ kind: "time" }, { mode: "generated", default: { kind: "now" }, touched: true }),

  /** A day of the calendar: the string `2026-11-20`. */
  date: (): Field<string> => make({ kind: "date" }),

  /** One of these texts. */
  enum: <const TValues extends readonly [string, ...string[]]>(...values: TValues): Field<TValues[number]> =>
    make(
      { kind: "enum", values },
      {
        mistakes: new Set(values).size === values.length ? [] : [`enum: a value stands twice in ${values.join(", ")}`],
      },
    ),

  /** An absolute http or https URL of at most `URL_CHARS_MAX` characters. */
  url: (): Field<string> => make({ kind: "url" }),

  /** An e-mail address of at most `EMAIL_CHARS_MAX` characters, kept in lower case. */
  email: (): Field<string> => make({ kind: "email" }),

  /**
   * A JSON object of this shape, stored as `jsonb`. With no shape: any JSON, at most `JSON_DEPTH_MAX` levels deep.
   *
   * @example field.json({ theme: field.enum("light", "dark"), size: field.integer().optional() })
   */
  json: (<TShape extends Schemas>(shape?: TShape): Field<any> => make({ kind: "json", shape: shape ?? null })) as {
    <TShape extends Schemas>(shape: TShape): Field<ValueOf<TShape>>;
    (): Field<unknown>;
  },

  /** A list of values: a Postgres array, or `jsonb` for lists of `json`. `max` defaults to `LIST_ITEMS_MAX`. */
  list: <TValue>(item: Field<TValue, any>, options: { readonly max?: number } = {}): Field<TValue[]> => {
    const inner: FieldSpec = item.spec;
    const nested = inner.type.kind === "list" || inner.type.kind === "ref" || inner.mode !== "required";
    const mistakes = nested
      ? ["list: the item is a plain required field, not a list, a reference or an optional one"]
      : [];
    return make(
      { kind: "list", item, max: options.max ?? LIST_ITEMS_MAX },
      { mistakes: [...inner.mistakes, ...mistakes] },
    );
  },

  /**
   * A reference to a row of an entity, named by a thunk so that files may refer to each other.
   *
   * @param options.onDelete  Default `restrict`: the referred row cannot be deleted (`STILL_REFERENCED`).
   */
  ref: (target: () => any, options: { readonly onDelete?: OnDelete } = {}): Field<string> =>
    make(
      { kind: "ref", target: thunkOf(target), onDelete: options.onDelete ?? "restrict" },
      { indexed: true, mistakes: isThunk(target) ? [] : ["ref: it takes a thunk, field.ref(() => Account)"] },
    ),
});

/** Whether a reference is named as it must be: an entity itself may not be there yet when files refer to each other. */
function isThunk(target: unknown): boolean {
  return typeof target === "function" && !("table" in target);
}

function thunkOf(target: unknown): () => unknown {
  return isThunk(target) ? (target as () => unknown) : () => target;
}

/** The entity that a reference names, or `null` when the thunk gives something else. */
export function refTarget(type: FieldType & { kind: "ref" }): EntityDefinition | null {
  const target = type.target();
  return typeof target === "function" && "table" in target && "fields" in target
    ? (target as unknown as EntityDefinition)
    : null;
}
