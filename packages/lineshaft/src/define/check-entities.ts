/**
 * Checks of entities: names, keys, indexes, and what only concerns columns.
 */
import { checkField } from "./check-fields.ts";
import {
  checkIdentifier,
  checkKey,
  type Inspection,
  inside,
  listed,
  oneOf,
  type Spot,
  shown,
} from "./check-inspection.ts";
import { entityName } from "./declarations.ts";
import { type EntityDefinition, primaryKey } from "./entity.ts";
import { type AnyField, type FieldSpec, type FieldType, isField, JSON_DEPTH_MAX } from "./field.ts";
import { type ShapeKind, shapeKind } from "./shape.ts";

/** Columns that every table of Postgres has already. */
const SYSTEM_COLUMNS: ReadonlySet<string> = new Set(["ctid", "xmin", "xmax", "cmin", "cmax", "tableoid"]);
const SEARCHABLE_KINDS: ReadonlySet<string> = new Set(["text", "url", "email", "enum"]);
const INDEX_METHODS: readonly string[] = ["btree", "hash", "gin", "gist", "brin"];

/** Checks one entity, once, whichever service names it. */
export function checkEntity(inspection: Inspection, entity: EntityDefinition): void {
  const spot: Spot = { place: entity.place, what: entityName(entity) };
  checkIdentifier(inspection, { ...spot, what: `the table of ${spot.what}` }, entity.table);
  for (const [name, value] of Object.entries(entity.fields)) {
    const at = inside(spot, name);
    checkIdentifier(inspection, at, name);
    checkKey(inspection, at, name);
    if (SYSTEM_COLUMNS.has(name)) {
      inspection.add(at, `Postgres has a column "${name}" in every table already`, "Take another name.");
    }
    if (isField(value)) checkColumn(inspection, at, value);
    else
      inspection.add(
        at,
        `it is ${shown(value)}, which is not a field`,
        "Declare it with field.text(), field.ref(…) and so on.",
      );
  }
  checkPrimaryKey(inspection, spot, entity);
  checkUnique(inspection, spot, entity);
  checkIndexes(inspection, spot, entity);
}

function checkColumn(inspection: Inspection, spot: Spot, of: AnyField): void {
  const spec: FieldSpec = of.spec;
  const { type } = spec;
  checkField(inspection, spot, of);
  const isKey = type.kind === "id" || type.kind === "serial";
  if (isKey && spec.hidden) {
    inspection.add(
      spot,
      "the id is hidden, so no answer could say which row it speaks of",
      "Leave out hidden(), or pick() the fields of the answer.",
    );
  }
  if (spec.computed !== undefined && (spec.default !== undefined || spec.mode !== "computed")) {
    const other = spec.default === undefined ? `${spec.mode}()` : "a default";
    inspection.add(
      spot,
      `it is computed and has ${other}`,
      "A computed column has its value from its expression alone: leave out the other.",
    );
  }
  if (type.kind === "ref" && type.onDelete === "set null" && !canBeNull(spec)) {
    inspection.add(
      spot,
      'onDelete is "set null", but the column cannot be null',
      'Add optional() or nullable(), or take "cascade" or "restrict".',
    );
  }
  if ((spec.unique || spec.indexed) && isJson(type)) {
    const word = spec.unique ? "unique()" : "indexed()";
    const wayOut =
      'Index a column taken out of the JSON, or declare { on: […], using: "gin" } in the options of the entity.';
    inspection.add(spot, `${word} on JSON: whole documents are too large to be compared in an index`, wayOut);
  }
  const stored = storedShape(type);
  if (stored !== null && inspection.once(type, "stored")) checkStored(inspection, spot, stored);
}

function canBeNull(spec: FieldSpec): boolean {
  return spec.nullable || spec.mode === "optional";
}

function isJson(type: FieldType): boolean {
  return type.kind === "json" || type.kind === "money" || (type.kind === "list" && isJson(type.item.spec.type));
}

function storedShape(type: FieldType): object | null {
  if (type.kind === "list") return storedShape(type.item.spec.type);
  return type.kind === "json" ? type.shape : null;
}

/** What a `jsonb` column cannot give back as the value that was put in. */
function checkStored(inspection: Inspection, spot: Spot, shape: unknown, level = 0): void {
  if (level > JSON_DEPTH_MAX) {
    inspection.add(spot, `the JSON is nested deeper than ${JSON_DEPTH_MAX} levels`, "Make it flatter.");
    return;
  }
  const kind: ShapeKind = shapeKind(shape);
  const deeper = (part: string, next: unknown): void => checkStored(inspection, inside(spot, part), next, level + 1);
  if (kind === "field") {
    checkStoredField(inspection, spot, shape as AnyField);
    return;
  }
  if (kind === "list") {
    deeper("[]", (shape as { item: unknown }).item);
    return;
  }
  if (kind === "nullable") {
    deeper("(nullable)", (shape as { inner: unknown }).inner);
    return;
  }
  if (kind === "entity") {
    inspection.add(
      spot,
      `JSON cannot hold the entity ${shown(shape)}`,
      "Refer to its row with a column of its own: field.ref(…).",
    );
    return;
  }
  if (kind !== "object") {
    inspection.add(spot, `JSON cannot hold ${shown(shape)}`, "Take fields, lists of them and objects of them.");
    return;
  }
  for (const [key, value] of Object.entries(shape as object)) {
    checkKey(inspection, inside(spot, key), key);
    deeper(key, value);
  }
}

function checkStoredField(inspection: Inspection, spot: Spot, of: AnyField): void {
  checkField(inspection, spot, of);
  const type: FieldType = of.spec.type;
  const inner = type.kind === "list" ? type.item.spec.type : type;
  if (inner.kind === "time" || inner.kind === "bigint") {
    const wayOut = `Make it a column of its own, or declare field.text() and convert it.`;
    inspection.add(spot, `a ${inner.kind} inside JSON comes back from the database as a string`, wayOut);
  }
  if (inner.kind === "id" || inner.kind === "serial") {
    inspection.add(
      spot,
      `the database makes no ${inner.kind} inside JSON`,
      "Make it an entity of its own, or declare field.text().",
    );
  }
  if (inner.kind === "ref") {
    inspection.add(
      spot,
      "a reference inside JSON has no foreign key, so its row could vanish",
      "Make it a column of its own, or declare field.text().",
    );
  }
  if (inner.kind === "json" && inner.shape) checkStored(inspection, spot, inner.shape, 1);
}

function checkPrimaryKey(inspection: Inspection, spot: Spot, entity: EntityDefinition): void {
  const makers = Object.keys(entity.fields).filter((name) =>
    ["id", "serial"].includes(specOf(entity, name)?.type.kind ?? ""),
  );
  if (makers.length > 1) {
    inspection.add(
      spot,
      `it has ${makers.length} ids: ${listed(makers)}`,
      "Keep one of them; the others are references or plain fields.",
    );
  }
  const declared = entity.options.primaryKey;
  if (declared !== undefined) checkColumns(inspection, { ...spot, what: `${spot.what}, primaryKey` }, entity, declared);
  const key = declared ?? (makers.length > 0 ? primaryKey(entity) : []);
  if (key.length === 0 && declared === undefined) {
    inspection.add(
      spot,
      "it has no primary key",
      "Give it id: field.id(), or name its columns in the option primaryKey.",
    );
  }
  for (const name of key) {
    const spec = specOf(entity, name);
    if (!spec) continue;
    if (canBeNull(spec)) {
      const word = spec.nullable ? "nullable()" : "optional()";
      inspection.add(
        inside(spot, name),
        `it is ${word} and stands in the primary key`,
        `Leave out ${word}: a key has no nulls.`,
      );
    }
    if (isJson(spec.type)) {
      inspection.add(
        inside(spot, name),
        "JSON stands in the primary key",
        "Take columns that can be compared, or a field.id().",
      );
    }
  }
}

function checkUnique(inspection: Inspection, spot: Spot, entity: EntityDefinition): void {
  for (const columns of entity.options.unique ?? []) {
    const at = { ...spot, what: `${spot.what}, unique` };
    checkColumns(inspection, at, entity, columns);
    checkComparable(inspection, at, entity, columns);
  }
}

function checkIndexes(inspection: Inspection, spot: Spot, entity: EntityDefinition): void {
  const at = { ...spot, what: `${spot.what}, indexes` };
  let searchCount = 0;
  for (const index of entity.options.indexes ?? []) {
    if ("search" in index) {
      searchCount += 1;
      checkColumns(inspection, at, entity, index.search);
      checkSearchable(inspection, at, entity, index.search);
      continue;
    }
    checkColumns(inspection, at, entity, index.on);
    const method = index.using ?? "btree";
    if (!INDEX_METHODS.includes(method)) inspection.add(at, `using is ${shown(method)}`, oneOf(method, INDEX_METHODS));
    if (method === "btree" || method === "hash") checkComparable(inspection, at, entity, index.on);
    if (index.unique && method !== "btree") {
      inspection.add(
        at,
        `a unique index is built using ${shown(method)}`,
        "Only btree can be unique: leave out using, or unique.",
      );
    }
  }
  if (searchCount > 1) {
    inspection.add(
      at,
      `it has ${searchCount} search indexes; matches() asks one`,
      "Search all the fields in one index: { search: [...] }.",
    );
  }
}

function checkColumns(inspection: Inspection, spot: Spot, entity: EntityDefinition, columns: readonly string[]): void {
  const known = Object.keys(entity.fields);
  if (columns.length === 0) inspection.add(spot, "it names no field", `Name at least one of: ${listed(known)}.`);
  for (const [index, name] of columns.entries()) {
    if (!known.includes(name)) inspection.add(spot, `there is no field ${shown(name)}`, oneOf(name, known));
    if (columns.indexOf(name) !== index)
      inspection.add(spot, `it names ${shown(name)} twice`, "Name every field once.");
  }
}

function checkComparable(
  inspection: Inspection,
  spot: Spot,
  entity: EntityDefinition,
  columns: readonly string[],
): void {
  for (const name of columns) {
    const spec = specOf(entity, name);
    if (!spec || !isJson(spec.type)) continue;
    const wayOut = 'Take a column of its own out of the JSON; to search inside it, declare an index using: "gin".';
    inspection.add(spot, `"${name}" is JSON, and whole documents are too large to be compared in an index`, wayOut);
  }
}

function checkSearchable(
  inspection: Inspection,
  spot: Spot,
  entity: EntityDefinition,
  columns: readonly string[],
): void {
  for (const name of columns) {
    const kind = specOf(entity, name)?.type.kind;
    if (kind === undefined || SEARCHABLE_KINDS.has(kind)) continue;
    inspection.add(
      spot,
      `it searches "${name}", which is of kind ${kind}, not text`,
      `Search fields of kind ${[...SEARCHABLE_KINDS].join(", ")}.`,
    );
  }
}

function specOf(entity: EntityDefinition, name: string): FieldSpec | undefined {
  const value: unknown = Object.hasOwn(entity.fields, name) ? entity.fields[name] : undefined;
  return isField(value) ? value.spec : undefined;
}
