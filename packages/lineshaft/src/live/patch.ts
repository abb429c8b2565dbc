/**
 * Patch: the difference of two JSON values as JSON Patch (RFC 6902): `add`, `remove` and `replace`.
 *
 * Objects are compared by key; of arrays the equal beginning and end are left alone, and what is between them is
 * compared by index, so that a row that was added, removed or changed costs one operation. It is right for any two
 * values, `apply(a, diff(a, b))` gives `b`, and small for lists and records; it is not the smallest there is.
 * Limits. `OPERATIONS_MAX`: values that differ in more places are better sent whole. The depth is that of JSON.parse'd
 * input of the platform, which is bounded by what `run` gave.
 */
export type Json = null | boolean | number | string | readonly Json[] | { readonly [key: string]: Json };

export type Operation =
  | { readonly op: "add" | "replace"; readonly path: string; readonly value: Json }
  | { readonly op: "remove"; readonly path: string };

/** Operations of one patch. */
export const OPERATIONS_MAX = 1_000;

/** The operations that make `after` of `before`; `null` when they are more than `OPERATIONS_MAX`. */
export function diff(before: Json, after: Json): Operation[] | null {
  const operations: Operation[] = [];
  return compare(before, after, "", operations) ? operations : null;
}

/** Adds what differs. `false` when there are too many operations. */
function compare(before: Json, after: Json, path: string, operations: Operation[]): boolean {
  if (operations.length > OPERATIONS_MAX) return false;
  if (Array.isArray(before) && Array.isArray(after)) return compareLists(before, after, path, operations);
  if (isRecord(before) && isRecord(after)) return compareRecords(before, after, path, operations);
  if (!equals(before, after)) operations.push({ op: "replace", path, value: after });
  return operations.length <= OPERATIONS_MAX;
}

function compareRecords(
  before: Record<string, Json>,
  after: Record<string, Json>,
  path: string,
  operations: Operation[],
): boolean {
  for (const key of Object.keys(before)) {
    if (!Object.hasOwn(after, key)) operations.push({ op: "remove", path: `${path}/${pointerPart(key)}` });
  }
  for (const key of Object.keys(after)) {
    const place = `${path}/${pointerPart(key)}`;
    if (!Object.hasOwn(before, key)) operations.push({ op: "add", path: place, value: after[key]! });
    else if (!compare(before[key]!, after[key]!, place, operations)) return false;
  }
  return operations.length <= OPERATIONS_MAX;
}

function compareLists(before: readonly Json[], after: readonly Json[], path: string, operations: Operation[]): boolean {
  const shorter = Math.min(before.length, after.length);
  let start = 0;
  while (start < shorter && equals(before[start]!, after[start]!)) start++;
  let end = 0;
  while (end < shorter - start && equals(before[before.length - 1 - end]!, after[after.length - 1 - end]!)) end++;
  const [fromEnd, toEnd] = [before.length - end, after.length - end];
  const shared = Math.min(fromEnd, toEnd);
  for (let index = start; index < shared; index++) {
    if (!compare(before[index]!, after[index]!, `${path}/${index}`, operations)) return false;
  }
  // From the end, so that the indexes of those before stay as they are.
  for (let index = fromEnd - 1; index >= shared; index--) operations.push({ op: "remove", path: `${path}/${index}` });
  for (let index = shared; index < toEnd; index++) {
    operations.push({ op: "add", path: `${path}/${index}`, value: after[index]! });
  }
  return operations.length <= OPERATIONS_MAX;
}

function equals(one: Json, other: Json): boolean {
  if (one === other) return true;
  if (Array.isArray(one)) {
    if (!Array.isArray(other) || one.length !== other.length) return false;
    return one.every((each, index) => equals(each, other[index]));
  }
  if (!isRecord(one) || !isRecord(other)) return false;
  const keys = Object.keys(one);
  if (keys.length !== Object.keys(other).length) return false;
  return keys.every((key) => Object.hasOwn(other, key) && equals(one[key]!, other[key]!));
}

function isRecord(value: Json): value is Record<string, Json> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** RFC 6901, section 3. */
function pointerPart(key: string): string {
  return key.replaceAll("~", "~0").replaceAll("/", "~1");
}
