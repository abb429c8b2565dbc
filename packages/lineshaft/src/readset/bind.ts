/**
 * Bind: a shape and the values of one call give the read set of that call.
 *
 * Promise. Cheap: no parsing, no SQL, a handful of small arrays. What cannot be narrowed with these values (an unusual
 * spelling, too many of them, keys that were not asked for) is widened to its table, never left out.
 */
import { KEYS_MAX } from "./key-query.ts";
import { type End, endOf } from "./order.ts";
import type { CacheableShape, Condition, Item, Order, Read, Uncacheable } from "./shape.ts";
import { canonical, canonicalParameter, isAging, type ValueClass } from "./values.ts";

/** Values of one condition; more of them widen the read. */
export const VALUES_MAX = 1_000;

export type Value = string | null;

/** AND of conditions with their values; `undefined` where a condition could not be given any. */
export interface BoundAlternative {
  readonly conditions: readonly Condition[];
  readonly values: readonly (readonly Value[] | undefined)[];
  /** Index of the condition that is the tag; it has values. */
  readonly tag: number;
}

export interface BoundRead {
  readonly read: Read;
  /** Null: every row counts. An empty list: none does. */
  readonly alternatives: readonly BoundAlternative[] | null;
  /** Rows behind it do not matter; null if there is no such place. */
  readonly end: End | null;
}

/** What the answer of one call depends on. */
export interface ReadSet {
  readonly isCacheable: true;
  readonly reads: readonly BoundRead[];
}

/** Rows of a key query: the first column of each. */
export type KeyAnswer = readonly (string | null)[];

/** What was seen of the call besides. */
export interface Seen {
  /** The rows of the answer, by name and as the driver reads them; only the last one is looked at. */
  readonly rows?: readonly unknown[];
  /** Values of the settings that were announced to `analyse`; null for one that is not set. */
  readonly settings?: ReadonlyMap<string, string | null>;
}

interface Values {
  readonly parameters: readonly unknown[];
  readonly keys: readonly KeyAnswer[];
  readonly rows: readonly unknown[];
  readonly settings: ReadonlyMap<string, string | null>;
}

const NO_SETTINGS: ReadonlyMap<string, string | null> = new Map();

/**
 * The read set of a call.
 *
 * @param parameters   As they are given to the driver, `$1` first.
 * @param keys         Answers to `shape.keyQueries`, in their order, from the snapshot of the statement. Without them
 *                     the reads that stand on keys are table-wide.
 * @param seen         Without the rows a list with a LIMIT is read as if it had none.
 * @returns An `Uncacheable` if a parameter means another time at another time, such as `today`.
 */
export function bind(
  shape: CacheableShape,
  parameters: readonly unknown[],
  keys: readonly KeyAnswer[] = [],
  { rows = [], settings = NO_SETTINGS }: Seen = {},
): ReadSet | Uncacheable {
  for (const number of shape.datetimeParameters) {
    if (isAging(parameters[number - 1])) return { isCacheable: false, reason: `the parameter $${number}, a time` };
  }
  for (const name of shape.settings) {
    if (!settings.has(name)) return { isCacheable: false, reason: `the setting ${name}, whose value is not known` };
  }
  const values = { parameters, keys, rows, settings };
  return { isCacheable: true, reads: shape.reads.map((read) => bindRead(read, values)) };
}

function bindRead(read: Read, values: Values): BoundRead {
  const end = read.order === null ? null : endOf(read.order, limitOf(read.order, values), values.rows);
  if (read.alternatives === null) return { read, alternatives: null, end };
  const alternatives: BoundAlternative[] = [];
  for (const conditions of read.alternatives) {
    const bound = bindAlternative(conditions, values);
    if (bound === "every row") return { read, alternatives: null, end };
    if (bound !== "no row") alternatives.push(bound);
  }
  return { read, alternatives: alternatives.slice(), end };
}

function limitOf({ limit }: Order, { parameters }: Values): unknown {
  return limit.kind === "constant" ? limit.value : parameters[limit.number - 1];
}

function bindAlternative(conditions: readonly Condition[], values: Values): BoundAlternative | "every row" | "no row" {
  const bound = conditions.map((condition) => valuesOf(condition, values));
  if (bound.some((each) => each !== undefined && each.length === 0)) return "no row";
  const tag = bound.findIndex((each) => each !== undefined);
  return tag === -1 ? "every row" : { conditions, values: bound, tag };
}

const NO_VALUES: readonly Value[] = [];

function valuesOf({ items, valueClass }: Condition, values: Values): readonly Value[] | undefined {
  if (items.length === 1 && items[0]!.kind === "constant") return [items[0]!.value];
  const found: Value[] = [];
  for (const item of items) if (!addValues(found, item, valueClass, values)) return undefined;
  // An array that grew keeps room for more, which would be most of what an entry takes.
  if (found.length < 2) return found.length === 0 ? NO_VALUES : [found[0] as Value];
  const distinct = [...new Set(found)];
  return distinct.length > VALUES_MAX ? undefined : distinct;
}

/** Adds what an item stands for; false if that is not known. */
function addValues(found: Value[], item: Item, valueClass: ValueClass, values: Values): boolean {
  const { parameters, keys } = values;
  switch (item.kind) {
    case "constant":
      found.push(item.value);
      return true;
    case "parameter":
    case "setting": {
      const given = item.kind === "parameter" ? parameters[item.number - 1] : values.settings.get(item.name);
      const value = canonicalParameter(valueClass, given);
      if (value === undefined) return false;
      if (value !== null || item.matchesNull) found.push(value);
      return true;
    }
    case "array":
      return addMembers(found, parameters[item.number - 1], valueClass);
    case "keys": {
      const answer = keys[item.index];
      return answer !== undefined && answer.length <= KEYS_MAX && addKeys(found, answer, valueClass);
    }
  }
}

/** Members of `= any($1)`; NULL among them matches nothing. An array as text is not taken apart. */
function addMembers(found: Value[], array: unknown, valueClass: ValueClass): boolean {
  if (array === null || array === undefined) return true;
  if (!Array.isArray(array)) return false;
  for (const member of array) {
    const value = canonicalParameter(valueClass, member);
    if (value === undefined) return false;
    if (value !== null) found.push(value);
  }
  return true;
}

function addKeys(found: Value[], answer: KeyAnswer, valueClass: ValueClass): boolean {
  for (const key of answer) {
    if (key === null) continue;
    const value = canonical(valueClass, key);
    if (value === undefined) return false;
    found.push(value);
  }
  return true;
}
