/**
 * The schema that the database has, read from the catalog in one round trip.
 *
 * The reading transaction sets what changes how Postgres writes definitions (search path, time zone, quoting), so that
 * the text is the same for every role and server, and leaves nothing of it behind.
 * Not looked at: other schemas, views, partitions, and what extensions own.
 */
import type { Client, QueryResult } from "pg";
import { readDefault } from "./defaults.ts";
import type {
  ColumnModel,
  ConstraintModel,
  DeleteRule,
  IndexModel,
  SchemaModel,
  TableModel,
  TriggerModel,
} from "./model.ts";
import { literal } from "./names.ts";
import { PLATFORM_COMMENT } from "./platform.ts";
import { type ActualPublication, PUBLICATIONS } from "./publication.ts";

/** Starts the comment on a generated column; the hash of its expression follows. */
export const COMPUTED_COMMENT = "computed: ";

const SETTINGS =
  "set local search_path to pg_catalog; set local timezone to 'UTC'; set local datestyle to 'ISO'; " +
  "set local jit to off; " +
  "set local extra_float_digits to 1; set local quote_all_identifiers to off; " +
  "set local standard_conforming_strings to on";

const CONSTRAINT_KINDS = { p: "primary", u: "unique", c: "check", f: "foreign", x: "exclude" } as const;
const DELETE_RULES: Readonly<Record<string, DeleteRule>> = {
  a: "no action",
  r: "restrict",
  c: "cascade",
  n: "set null",
  d: "set default",
};

/** Comparisons need facts; a dump needs whole definitions, which cost Postgres as much again. */
export type Detail = "facts" | "definitions";

/** What one reading finds. */
export interface Catalog {
  readonly model: SchemaModel;
  /** Version of the platform's schema; 0 without one. */
  readonly platformVersion: number;
  readonly hasHistory: boolean;
  /** Those that we have made. */
  readonly publications: readonly ActualPublication[];
}

/** Reads the schemas of these names. The client must not be inside a transaction. */
export async function readCatalog(
  client: Client,
  schemas: readonly string[],
  detail: Detail = "facts",
): Promise<Catalog> {
  const text = `begin isolation level repeatable read read only; ${SETTINGS}; ${catalogQuery(schemas, detail)}; commit`;
  let results: QueryResult[];
  try {
    results = (await client.query(text)) as unknown as QueryResult[];
  } catch (error) {
    await client.query("rollback").catch(() => {});
    throw error;
  }
  const [row] = results.find((result) => result.command === "SELECT")!.rows as [CatalogRow];
  const comment = row.comment?.startsWith(PLATFORM_COMMENT) ? row.comment.slice(PLATFORM_COMMENT.length) : "0";
  return {
    model: { schemas: row.schemas, tables: row.tables.map(tableModel) },
    platformVersion: Number.parseInt(comment, 10) || 0,
    hasHistory: row.history !== null,
    publications: row.publications,
  };
}

interface CatalogRow {
  readonly comment: string | null;
  readonly history: string | null;
  readonly schemas: readonly string[];
  readonly publications: readonly ActualPublication[];
  readonly tables: readonly RawTable[];
}

interface RawTable {
  readonly schema: string;
  readonly name: string;
  readonly identity: string;
  readonly columns: readonly RawColumn[];
  readonly constraints: readonly RawConstraint[];
  readonly indexes: readonly RawIndex[];
  readonly triggers: readonly TriggerModel[];
}

interface RawColumn {
  readonly name: string;
  readonly type: string;
  readonly nullable: boolean;
  readonly default: string | null;
  readonly identity: string;
  readonly generated: string;
  readonly comment: string | null;
}

interface RawConstraint {
  readonly name: string;
  readonly kind: keyof typeof CONSTRAINT_KINDS;
  readonly columns: readonly string[];
  readonly target: { readonly schema: string; readonly table: string; readonly columns: readonly string[] } | null;
  readonly onDelete: string;
  readonly validated: boolean;
  readonly definition: string;
}

type RawIndex = Pick<IndexModel, "name" | "unique" | "method" | "columns" | "where" | "valid" | "definition"> & {
  readonly expressions: boolean;
};

/** Columns of a constraint or index in their order, by their numbers. */
function columnNames(relation: string, numbers: string): string {
  return `(select coalesce(json_agg(a.attname order by k.position), '[]')
    from unnest(${numbers}) with ordinality k(number, position)
    join pg_attribute a on a.attrelid = ${relation} and a.attnum = k.number)`;
}

const COLUMNS = `(select coalesce(json_agg(json_build_object('name', a.attname,
  'type', format_type(a.atttypid, a.atttypmod),
  'nullable', not a.attnotnull, 'default', pg_get_expr(d.adbin, d.adrelid), 'identity', a.attidentity,
  'generated', a.attgenerated, 'comment', col_description(c.oid, a.attnum)) order by a.attnum), '[]')
  from pg_attribute a left join pg_attrdef d on d.adrelid = a.attrelid and d.adnum = a.attnum
  where a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped)`;

const CONSTRAINTS = `(select coalesce(json_agg(json_build_object('name', o.conname, 'kind', o.contype,
  'columns', ${columnNames("o.conrelid", "o.conkey")},
  'target', case when o.contype = 'f' then (select json_build_object('schema', tn.nspname, 'table', tc.relname,
    'columns', ${columnNames("o.confrelid", "o.confkey")})
    from pg_class tc join pg_namespace tn on tn.oid = tc.relnamespace where tc.oid = o.confrelid) end,
  'onDelete', o.confdeltype, 'validated', o.convalidated,
  'definition', case when shown.definitions or o.contype = 'c' then pg_get_constraintdef(o.oid) else '' end)
  order by o.conname), '[]')
  from pg_constraint o where o.conrelid = c.oid and o.contype in ('p', 'u', 'c', 'f', 'x'))`;

const INDEXES = `(select coalesce(json_agg(json_build_object('name', ic.relname, 'unique', i.indisunique,
  'method', am.amname,
  'columns', ${columnNames("i.indrelid", "i.indkey::smallint[]")}, 'expressions', i.indexprs is not null,
  'where', pg_get_expr(i.indpred, i.indrelid), 'valid', i.indisvalid,
  'definition', case when shown.definitions then pg_get_indexdef(i.indexrelid) else '' end)
  order by ic.relname), '[]')
  from pg_index i join pg_class ic on ic.oid = i.indexrelid join pg_am am on am.oid = ic.relam
  where i.indrelid = c.oid
    and not exists (select from pg_constraint o where o.conindid = i.indexrelid and o.contype in ('p', 'u', 'x')))`;

const TRIGGERS = `(select coalesce(json_agg(json_build_object('name', t.tgname,
  'definition', case when shown.definitions then pg_get_triggerdef(t.oid) else '' end,
  'touches', case when pn.nspname = 'lineshaft' and p.proname = 'touch' and t.tgtype = 19 and t.tgenabled = 'O'
    then convert_from(substring(t.tgargs from 1 for length(t.tgargs) - 1), getdatabaseencoding()) end)
  order by t.tgname), '[]')
  from pg_trigger t join pg_proc p on p.oid = t.tgfoid join pg_namespace pn on pn.oid = p.pronamespace
  where t.tgrelid = c.oid and not t.tgisinternal)`;

function catalogQuery(schemas: readonly string[], detail: Detail): string {
  const names = `array[${schemas.map(literal).join(", ")}]::name[]`;
  return `select (select obj_description(oid, 'pg_namespace') from pg_namespace where nspname = 'lineshaft') as comment,
    to_regclass('lineshaft.migration')::text as history,
    ${PUBLICATIONS} as publications,
    (select coalesce(json_agg(nspname order by nspname), '[]')
      from pg_namespace where nspname = any (${names})) as schemas,
    (select coalesce(json_agg(json_build_object('schema', n.nspname, 'name', c.relname, 'identity', c.relreplident,
      'columns', ${COLUMNS}, 'constraints', ${CONSTRAINTS}, 'indexes', ${INDEXES}, 'triggers', ${TRIGGERS})
      order by n.nspname, c.relname), '[]')
      from pg_class c join pg_namespace n on n.oid = c.relnamespace
        cross join (select ${detail === "definitions"} as definitions) shown
      where n.nspname = any (${names}) and c.relkind in ('r', 'p') and not c.relispartition
        and not exists (select from pg_depend e
          where e.classid = 'pg_class'::regclass and e.objid = c.oid and e.deptype = 'e')
    ) as tables`;
}

function tableModel(raw: RawTable): TableModel {
  return {
    schema: raw.schema,
    name: raw.name,
    columns: raw.columns.map(columnModel),
    constraints: raw.constraints.map(constraintModel),
    indexes: raw.indexes.map(({ expressions, ...index }) => ({
      ...index,
      expression: expressions ? index.definition : null,
    })),
    triggers: raw.triggers,
    fullIdentity: raw.identity === "f",
  };
}

function columnModel(raw: RawColumn): ColumnModel {
  const computed = raw.generated !== "";
  const hash = raw.comment?.startsWith(COMPUTED_COMMENT) ? raw.comment.slice(COMPUTED_COMMENT.length) : "";
  return {
    name: raw.name,
    type: raw.type,
    nullable: raw.nullable,
    default: computed ? null : readDefault(raw.default),
    identity: raw.identity !== "",
    computed: computed ? { expression: raw.default ?? "", hash } : null,
  };
}

function constraintModel(raw: RawConstraint): ConstraintModel {
  const texts = [...raw.definition.matchAll(/'((?:[^']|'')*)'::text/g)].map((match) => match[1]!.replaceAll("''", "'"));
  return {
    name: raw.name,
    kind: CONSTRAINT_KINDS[raw.kind],
    columns: raw.columns,
    expression: raw.definition,
    values: raw.kind === "c" ? texts : null,
    target: raw.target,
    onDelete: DELETE_RULES[raw.onDelete] ?? "no action",
    validated: raw.validated,
  };
}
