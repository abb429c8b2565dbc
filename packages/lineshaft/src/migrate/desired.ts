/**
 * The schema that the declarations ask for.
 *
 * A service is a schema, an entity a table in it, a field a column of the same name. Everything else follows from
 * there: keys, foreign keys with an index each, checks, touch triggers, and `replica identity full`, because what reads
 * the WAL needs whole old rows. An index is left out where a key or unique constraint already leads with its column.
 *
 * Object names end in what they are: `_pkey`, `_key`, `_fkey`, `_check_<hash>`, `_idx`, `_touch` (see names.ts).
 */
import { RESERVED_NAME } from "../define/check-services.ts";
import { type EntityDefinition, type Index, primaryKey } from "../define/entity.ts";
import type { AnyField, FieldSpec } from "../define/field.ts";
import { searchExpression } from "../define/search.ts";
import type { ServiceDefinition } from "../define/service.ts";
import { columnCheck, columnType, referredKey } from "./column-type.ts";
import { valueText } from "./defaults.ts";
import { MigrationError } from "./errors.ts";
import type {
  ColumnModel,
  ConstraintModel,
  DefaultModel,
  IndexModel,
  SchemaModel,
  TableModel,
  TriggerModel,
} from "./model.ts";
import { assertName, checkName, distinctName, objectName, shortHash } from "./names.ts";

/** Which schema an entity lives in. */
type Homes = ReadonlyMap<EntityDefinition, string>;

/** The model of all entities of these services. @throws {MigrationError} MIGRATION_DECLARATION. */
export function desiredSchema(services: readonly ServiceDefinition[]): SchemaModel {
  const homes = new Map<EntityDefinition, string>();
  const taken = new Set<string>();
  for (const service of services) {
    claim(taken, service.name, `the service "${service.name}"`, service.place);
    if (RESERVED_NAME.test(service.name)) {
      throw mistake(
        service.place,
        `"${service.name}" is a schema of the platform or of Postgres; name the service differently`,
      );
    }
    for (const entity of Object.values(service.entities)) {
      claim(taken, `${service.name}\0${entity.table}`, `the table "${entity.table}"`, entity.place);
      if (homes.has(entity)) throw mistake(entity.place, `the entity "${entity.table}" belongs to two services`);
      homes.set(entity, service.name);
    }
  }
  const tables = [...homes].map(([entity, schema]) => table(entity, schema, homes));
  return { schemas: services.map((service) => service.name), tables: settleNames(tables) };
}

function claim(taken: Set<string>, key: string, what: string, place: string): void {
  assertName(key.slice(key.indexOf("\0") + 1), what, place);
  if (taken.has(key)) throw mistake(place, `${what} is declared twice`);
  taken.add(key);
}

function table(entity: EntityDefinition, schema: string, homes: Homes): TableModel {
  const key = primaryKey(entity);
  if (key.length === 0)
    throw mistake(entity.place, `the entity "${entity.table}" has no primary key; give it a field.id()`);
  assertColumns(entity, [...key, ...(entity.options.unique ?? []).flat()]);
  const fields = Object.entries(entity.fields);
  const constraints = [
    keyConstraint(entity, "primary", key),
    ...uniqueSets(entity).map((columns) => keyConstraint(entity, "unique", columns)),
    ...fields.flatMap(([name, field]) => check(entity, name, field)),
    ...fields.flatMap(([name, field]) => foreignKey(entity, name, field, homes)),
  ];
  return {
    schema,
    name: entity.table,
    columns: fields.map(([name, field]) => column(entity, name, field, key.includes(name))),
    constraints,
    indexes: indexes(entity, key),
    triggers: fields.filter(([, field]) => field.spec.touched).map(([name]) => touch(entity, name)),
    fullIdentity: true,
  };
}

function column(entity: EntityDefinition, name: string, field: AnyField, inKey: boolean): ColumnModel {
  const spec: FieldSpec = field.spec;
  assertName(name, `the field "${name}" of "${entity.table}"`, entity.place);
  const type = columnType(spec, entity.place);
  const identity = spec.type.kind === "serial";
  const optional = spec.nullable || spec.mode === "optional";
  const computed = spec.computed === undefined ? null : { expression: spec.computed, hash: shortHash(spec.computed) };
  return {
    name,
    type,
    nullable: optional && !inKey && !identity,
    default: computed === null && !identity ? defaultOf(spec, type) : null,
    identity,
    computed,
  };
}

function defaultOf(spec: FieldSpec, type: string): DefaultModel | null {
  if (spec.default?.kind === "uuid") return { kind: "expression", sql: "lineshaft.uuidv7()" };
  if (spec.default?.kind === "now") return { kind: "expression", sql: "now()" };
  const value = spec.default?.value;
  return value === undefined || value === null ? null : { kind: "literal", text: valueText(type, value) };
}

function keyConstraint(
  entity: EntityDefinition,
  kind: "primary" | "unique",
  columns: readonly string[],
): ConstraintModel {
  const name = kind === "primary" ? objectName([entity.table], "pkey") : objectName([entity.table, ...columns], "key");
  return constraint({ name, kind, columns });
}

function uniqueSets(entity: EntityDefinition): readonly (readonly string[])[] {
  const single = Object.entries(entity.fields).flatMap(([name, field]) => (field.spec.unique ? [[name]] : []));
  const sets = new Map(
    [...single, ...(entity.options.unique ?? [])].map((columns) => [JSON.stringify(columns), columns]),
  );
  sets.delete(JSON.stringify(primaryKey(entity)));
  return [...sets.values()];
}

function check(entity: EntityDefinition, name: string, field: AnyField): ConstraintModel[] {
  const found = columnCheck(field.spec, name);
  if (found === null) return [];
  const own = checkName(entity.table, name, shortHash(found.expression));
  return [constraint({ name: own, kind: "check", columns: [name], ...found })];
}

function foreignKey(entity: EntityDefinition, name: string, field: AnyField, homes: Homes): ConstraintModel[] {
  const { type } = field.spec as FieldSpec;
  if (type.kind !== "ref") return [];
  const [target, key] = referredKey(type, entity.place);
  const schema = homes.get(target);
  if (schema === undefined) {
    throw mistake(
      entity.place,
      `"${entity.table}.${name}" refers to "${target.table}", which no service of this app has; add its service`,
    );
  }
  const own = objectName([entity.table, name], "fkey");
  const to = { schema, table: target.table, columns: [key] };
  return [constraint({ name: own, kind: "foreign", columns: [name], target: to, onDelete: type.onDelete })];
}

function constraint(
  of: Pick<ConstraintModel, "name" | "kind" | "columns"> & Partial<ConstraintModel>,
): ConstraintModel {
  return { expression: "", values: null, target: null, onDelete: "no action", validated: true, ...of };
}

function touch(entity: EntityDefinition, name: string): TriggerModel {
  return { name: objectName([entity.table, name], "touch"), touches: name, definition: "" };
}

function indexes(entity: EntityDefinition, key: readonly string[]): IndexModel[] {
  const led = new Set([key[0], ...uniqueSets(entity).map((columns) => columns[0])]);
  const single = Object.entries(entity.fields)
    .filter(([name, field]) => field.spec.indexed && !led.has(name))
    .map(([name]) => declaredIndex(entity, { on: [name] }));
  const all = [...single, ...(entity.options.indexes ?? []).map((each) => declaredIndex(entity, each))];
  return [...new Map(all.map((index) => [index.name, index])).values()];
}

function declaredIndex(entity: EntityDefinition, of: Index<string>): IndexModel {
  const columns = "search" in of ? of.search : of.on;
  if (columns.length === 0) throw mistake(entity.place, `an index of "${entity.table}" names no column`);
  assertColumns(entity, columns);
  const base = { columns, valid: true, definition: "" };
  if ("search" in of) {
    const expression = `(${searchExpression(of)})`;
    const name = objectName([entity.table, ...columns], `search_${shortHash(expression)}_idx`);
    return { ...base, name, unique: false, method: "gin", expression, where: null };
  }
  const { unique = false, using: method = "btree", where = null } = of;
  const plain = `${unique ? "unique_" : ""}${method === "btree" ? "" : `${method}_`}`;
  const name = objectName([entity.table, ...columns], `${plain}${where === null ? "" : `${shortHash(where)}_`}idx`);
  return { ...base, name, unique, method, expression: null, where };
}

/** Gives another name to objects that would share one: in a schema (tables, keys, indexes) or on a table (the rest). */
function settleNames(tables: readonly TableModel[]): TableModel[] {
  const counts = new Map<string, number>();
  const count = (key: string): void => void counts.set(key, (counts.get(key) ?? 0) + 1);
  for (const each of tables) {
    count(scope(each, "table", each.name));
    for (const index of each.indexes) count(scope(each, "table", index.name));
    for (const one of each.constraints) count(scope(each, one.kind, one.name));
  }
  return tables.map((each) => {
    const settled = <T extends { name: string; columns: readonly string[] }>(kind: string, one: T): T =>
      (counts.get(scope(each, kind, one.name)) ?? 0) > 1
        ? { ...one, name: distinctName(one.name, each.name, one.columns, kind) }
        : one;
    return {
      ...each,
      constraints: each.constraints.map((one) => settled(one.kind, one)),
      indexes: each.indexes.map((one) => settled("table", one)),
    };
  });
}

function scope(of: TableModel, kind: string, name: string): string {
  const relation = kind === "table" || kind === "primary" || kind === "unique";
  return JSON.stringify(relation ? [of.schema, name] : [of.schema, of.name, name]);
}

function assertColumns(entity: EntityDefinition, names: readonly string[]): void {
  const unknown = names.find((name) => !Object.hasOwn(entity.fields, name));
  if (unknown !== undefined)
    throw mistake(entity.place, `"${entity.table}" has no field "${unknown}" for its key or index`);
}

function mistake(place: string, what: string): MigrationError {
  return new MigrationError("MIGRATION_DECLARATION", `${place}: ${what}.`);
}
