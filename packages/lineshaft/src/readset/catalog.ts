/**
 * Catalog: what the analysis must know about a database, read from `pg_catalog` once for each version of the schema.
 *
 * Model. `loadCatalog` reads everything in one snapshot; a catalog never changes afterwards. `catalogVersion` is a
 * fingerprint that every DDL changes; whoever keeps shapes compares it and loads again, and drops what was analysed.
 * Not known here: temporary tables, which belong to other sessions. Those who run statements must not make any that
 * shadow a table.
 */
import {
  FUNCTIONS,
  OPAQUE_CASTS,
  OPERATORS,
  PARENTS,
  RELATIONS,
  ROLES,
  SYSTEM_RELATIONS,
  TYPES,
  VERSION,
} from "./catalog-sql.ts";
import { rules } from "./rules.ts";
import { classOfType, type ValueClass } from "./values.ts";

export interface Column {
  readonly name: string;
  /** The base type of a domain. */
  readonly typeOid: number;
  readonly valueClass: ValueClass | null;
  readonly isGenerated: boolean;
}

export interface Relation {
  readonly oid: number;
  readonly schema: string;
  readonly name: string;
  /** As in `pg_class.relkind`: `r`, `p`, `v`, `m`, `f`, `S`. */
  readonly kind: string;
  readonly persistence: string;
  /** Null without row level security. */
  readonly policies: Policies | null;
  readonly owner: number;
  /** A view whose tables are read with the rights of who asks, not of its owner. */
  readonly isInvoker: boolean;
  readonly isPartition: boolean;
  /** Text of a view, every name in it qualified. */
  readonly definition: string | null;
  readonly columns: readonly Column[];
  readonly uniqueColumns: ReadonlySet<string>;
}

/** The policies for SELECT. */
export interface Policies {
  /** They hold for the owner as well. */
  readonly isForced: boolean;
  readonly all: readonly Policy[];
}

export interface Policy {
  readonly isPermissive: boolean;
  /** 0 is everybody. */
  readonly roles: readonly number[];
  /** As SQL, every name in it qualified. */
  readonly condition: string;
}

export interface Role {
  /** A superuser, or one that no policy holds for. */
  readonly isExempt: boolean;
  /** Roles whose rights it has, of those that own tables with policies or are named by one. */
  readonly memberships: ReadonlySet<number>;
}

export interface Type {
  readonly oid: number;
  readonly schema: string;
  readonly name: string;
  /** As in `pg_type.typtype`. */
  readonly kind: string;
  /** Base type of a domain, else the type itself. */
  readonly baseOid: number;
  /** Element type of an array, else 0. */
  readonly elementOid: number;
  readonly valueClass: ValueClass | null;
}

export interface Routine {
  readonly schema: string;
  readonly name: string;
  /** As in `pg_proc`: `f`, `a`, `w`; `i`, `s`, `v`. */
  readonly kind: string;
  readonly volatility: string;
  /** Of a user's aggregate: that of the functions which it is made of. */
  readonly language: string;
  readonly body: string | null;
  readonly isAtomic: boolean;
  /** The role of a function that runs with its owner's rights. */
  readonly runsAs: number | null;
  /** Settings, or defaults for arguments, which are expressions that nobody looks at. */
  readonly hasSettings: boolean;
  readonly argumentsMin: number;
  /** Null: any number. */
  readonly argumentsMax: number | null;
  readonly inputNames: readonly string[];
  /** Columns of the result, when it has named ones. */
  readonly outputNames: readonly string[];
}

export interface Operator {
  readonly name: string;
  readonly language: string;
  readonly volatility: string;
  readonly isForUserTypes: boolean;
}

/** A connection of its own: the catalog is read inside a transaction that `loadCatalog` begins and ends. */
export interface CatalogSource {
  query(sql: string): Promise<{ rows: unknown[] }>;
}

/** The catalog. Lookups follow a search path, with `pg_catalog` in front of it, as the server does. */
export class Catalog {
  readonly version: string;
  /** False if somebody defined an `=` for types that have a class: then no equality can be trusted. */
  readonly isEqualityBuiltIn: boolean;
  /** True if a user's cast runs a function that could read tables. */
  readonly hasOpaqueCasts: boolean;
  /** The role that asked for the catalog, as which statements must run. */
  readonly role: number;
  readonly #roles: ReadonlyMap<number, Role>;
  readonly #relations = new Map<string, Relation>();
  readonly #byOid = new Map<number, Relation>();
  readonly #system: ReadonlySet<string>;
  readonly #types = new Map<string, Type>();
  readonly #typesByOid = new Map<number, Type>();
  readonly #routines = new Map<string, Routine[]>();
  readonly #operators = new Map<string, Operator[]>();
  readonly #lineages: ReadonlyMap<number, readonly number[]>;

  constructor(parts: CatalogParts) {
    this.version = parts.version;
    this.hasOpaqueCasts = parts.hasOpaqueCasts;
    this.role = parts.role;
    this.#roles = parts.roles;
    this.#system = new Set(parts.systemRelations);
    this.#lineages = lineagesOf(parts.parents);
    for (const relation of parts.relations) {
      this.#relations.set(key(relation.schema, relation.name), relation);
      this.#byOid.set(relation.oid, relation);
    }
    for (const type of parts.types) {
      this.#types.set(key(type.schema, type.name), type);
      this.#typesByOid.set(type.oid, type);
    }
    for (const routine of parts.routines) push(this.#routines, routine.name, routine);
    for (const operator of parts.operators) push(this.#operators, operator.name, operator);
    this.isEqualityBuiltIn = this.operators("=").every((operator) => operator.isForUserTypes);
  }

  /** The relation that a name means; `"system"` for the server's own; null if there is none. */
  relation(schema: string | undefined, name: string, path: readonly string[]): Relation | "system" | null {
    if (schema !== undefined) return isSystemSchema(schema) ? "system" : (this.#find(schema, name) ?? null);
    const isSystemFirst = !path.includes("pg_catalog");
    if (isSystemFirst && this.#system.has(name)) return "system";
    for (const each of path) {
      if (each === "pg_catalog" && this.#system.has(name)) return "system";
      const found = this.#find(each, name);
      if (found !== undefined) return found;
    }
    return null;
  }

  relationByOid(oid: number): Relation | undefined {
    return this.#byOid.get(oid);
  }

  /**
   * What a row must satisfy to be seen by a role, as SQL; null if every row is. As the server does it: of the policies
   * for the role one permissive must let the row pass, and every restrictive; owners are free unless it is forced.
   */
  rowFilter({ policies, owner }: Relation, roleOid: number): string | null {
    const role = this.#roles.get(roleOid)!;
    if (policies === null || role.isExempt) return null;
    if (!policies.isForced && role.memberships.has(owner)) return null;
    const own = policies.all.filter(({ roles }) => roles.some((each) => each === 0 || role.memberships.has(each)));
    const [permissive, restrictive] = [true, false].map((kind) =>
      own.filter(({ isPermissive }) => isPermissive === kind).map(({ condition }) => `(${condition})`),
    ) as [string[], string[]];
    const passes = permissive.length === 0 ? "false" : `(${permissive.join(" or ")})`;
    return [passes, ...(rules.policiesRestrict ? restrictive : [])].join(" and ");
  }

  type(schema: string | undefined, name: string, path: readonly string[]): Type | null {
    const schemas = schema === undefined ? ["pg_catalog", ...path] : [schema];
    for (const each of schemas) {
      const found = this.#types.get(key(each, name));
      if (found !== undefined) return found;
    }
    return null;
  }

  typeByOid(oid: number): Type | undefined {
    return this.#typesByOid.get(oid);
  }

  /** Every function that a name could mean, whatever the types of its arguments. */
  routines({ schema, name, argumentCount }: RoutineName, path: readonly string[]): readonly Routine[] {
    const named = (this.#routines.get(name) ?? []).filter(
      ({ argumentsMin, argumentsMax }) => argumentsMin <= argumentCount && argumentCount <= (argumentsMax ?? Infinity),
    );
    return named.filter((each) =>
      schema === undefined ? each.schema === "pg_catalog" || path.includes(each.schema) : each.schema === schema,
    );
  }

  /** Operators of this name that did not come with the server, in any schema. */
  operators(name: string): readonly Operator[] {
    return this.#operators.get(name) ?? [];
  }

  /**
   * The tables whose reads a change of this table touches: itself, what it is a part of, and what is a part of it. Null
   * for a table that is newer than the catalog, which may be a part of any.
   */
  lineage(oid: number): readonly number[] | null {
    if (!this.#byOid.has(oid)) return null;
    return (rules.changesReachAncestors ? this.#lineages.get(oid) : undefined) ?? [oid];
  }

  #find(schema: string, name: string): Relation | undefined {
    return this.#relations.get(key(schema, name));
  }
}

export interface RoutineName {
  readonly schema: string | undefined;
  readonly name: string;
  readonly argumentCount: number;
}

interface CatalogParts {
  readonly version: string;
  readonly hasOpaqueCasts: boolean;
  readonly role: number;
  readonly roles: ReadonlyMap<number, Role>;
  readonly systemRelations: readonly string[];
  readonly parents: readonly { readonly child: string; readonly parent: string }[];
  readonly relations: readonly Relation[];
  readonly types: readonly Type[];
  readonly routines: readonly Routine[];
  readonly operators: readonly Operator[];
}

const key = (schema: string, name: string): string => `${schema}\0${name}`;

function push<TValue>(map: Map<string, TValue[]>, name: string, value: TValue): void {
  const list = map.get(name);
  if (list === undefined) map.set(name, [value]);
  else list.push(value);
}

function isSystemSchema(schema: string): boolean {
  return schema === "information_schema" || schema.startsWith("pg_");
}

/** Ancestors, for changes that come by the leaf; descendants, for those published under the root, and for TRUNCATE. */
function lineagesOf(parents: CatalogParts["parents"]): ReadonlyMap<number, readonly number[]> {
  const up = new Map<number, number[]>();
  const down = new Map<number, number[]>();
  const add = (map: Map<number, number[]>, from: number, to: number) => map.set(from, [...(map.get(from) ?? []), to]);
  for (const { child, parent } of parents) {
    add(up, Number(child), Number(parent));
    add(down, Number(parent), Number(child));
  }
  const reach = (map: Map<number, number[]>, oid: number): number[] =>
    (map.get(oid) ?? []).flatMap((next) => [next, ...reach(map, next)]);
  const all = new Set([...up.keys(), ...down.keys()]);
  return new Map([...all].map((oid) => [oid, [...new Set([oid, ...reach(up, oid), ...reach(down, oid)])]]));
}

/** Reads the catalog in one snapshot. */
export async function loadCatalog(source: CatalogSource): Promise<Catalog> {
  await source.query("begin isolation level repeatable read read only");
  try {
    await source.query("set local search_path = ''");
    return new Catalog(await readParts(source));
  } finally {
    await source.query("commit");
  }
}

/** A fingerprint of everything that a catalog holds; one round trip. */
export async function catalogVersion(source: CatalogSource): Promise<string> {
  const { rows } = await source.query(VERSION);
  return (rows[0] as { version: string }).version;
}

async function readParts(source: CatalogSource): Promise<CatalogParts> {
  const ask = async <TRow>(sql: string) => (await source.query(sql)).rows as TRow[];
  const types = (await ask<TypeRow>(TYPES)).map(readType);
  const byOid = new Map(types.map((type) => [type.oid, type]));
  const relations = await ask<RelationRow>(RELATIONS);
  const rowTypes = new Map(relations.map(({ rowType, columns }) => [rowType, columns.map(([name]) => name)]));
  const roles = await ask<RoleRow>(ROLES);
  return {
    version: await catalogVersion(source),
    role: Number(roles.find(({ isAsking }) => isAsking)!.oid),
    roles: new Map(
      roles.map(({ oid, isExempt, memberships }) => [Number(oid), { isExempt, memberships: new Set(memberships) }]),
    ),
    types,
    relations: relations.map((row) => readRelation(row, byOid)),
    systemRelations: (await ask<{ name: string }>(SYSTEM_RELATIONS)).map(({ name }) => name),
    parents: await ask(PARENTS),
    routines: (await ask<RoutineRow>(FUNCTIONS)).map((row) => readRoutine(row, rowTypes)),
    operators: await ask(OPERATORS),
    hasOpaqueCasts: (await ask(OPAQUE_CASTS)).length > 0,
  };
}

interface RoleRow extends Omit<Role, "memberships"> {
  readonly oid: string;
  readonly isAsking: boolean;
  readonly memberships: readonly number[];
}

type TypeRow = Record<"oid" | "schema" | "name" | "kind" | "base" | "element", string>;

function readType(row: TypeRow): Type {
  const oid = Number(row.oid);
  const baseOid = row.kind === "d" ? Number(row.base) : oid;
  const valueClass = row.kind === "e" ? `enum:${oid}` : classOfType(baseOid);
  const { schema, name, kind } = row;
  return { oid, schema, name, kind, baseOid, elementOid: Number(row.element), valueClass };
}

type ColumnRow = readonly [name: string, typeOid: number, isDeterministic: boolean, isGenerated: boolean];

interface RelationRow extends Omit<Relation, "oid" | "owner" | "columns" | "uniqueColumns"> {
  readonly oid: string;
  readonly owner: string;
  readonly rowType: string;
  readonly columns: readonly ColumnRow[];
  readonly uniqueColumns: readonly string[];
}

function readRelation(row: RelationRow, types: ReadonlyMap<number, Type>): Relation {
  const { schema, name, kind, persistence, policies, isInvoker, isPartition, definition } = row;
  return {
    oid: Number(row.oid),
    owner: Number(row.owner),
    ...{ schema, name, kind, persistence, policies, isInvoker, isPartition, definition },
    columns: row.columns.map((column) => readColumn(column, types)),
    uniqueColumns: new Set(row.uniqueColumns),
  };
}

function readColumn(
  [name, declared, isDeterministic, isGenerated]: ColumnRow,
  types: ReadonlyMap<number, Type>,
): Column {
  const typeOid = baseOf(declared, types);
  const type = types.get(typeOid);
  const isExcluded =
    (!isDeterministic && rules.collationMustBeDeterministic) || (isGenerated && rules.generatedColumnsAreNoTags);
  return { name, typeOid, valueClass: isExcluded ? null : (type?.valueClass ?? null), isGenerated };
}

/** A domain may stand on a domain. */
function baseOf(oid: number, types: ReadonlyMap<number, Type>): number {
  const type = types.get(oid);
  return type === undefined || type.baseOid === oid ? oid : baseOf(type.baseOid, types);
}

interface RoutineRow extends Omit<Routine, "inputNames" | "outputNames" | "runsAs"> {
  readonly runsAs: string | null;
  readonly names: readonly string[] | null;
  readonly modes: readonly string[] | null;
  readonly result: string;
}

function readRoutine(row: RoutineRow, rowTypes: ReadonlyMap<string, readonly string[]>): Routine {
  const { names, modes: written, result, runsAs: owner, ...routine } = row;
  const runsAs = owner === null ? null : Number(owner);
  const modes = written ?? names?.map(() => "i") ?? [];
  const pick = (wanted: string) => (names ?? []).filter((_, index) => wanted.includes(modes[index] ?? "i"));
  const outputNames = rowTypes.get(result) ?? pick("obt");
  return { ...routine, runsAs, inputNames: pick("ibv"), outputNames };
}
