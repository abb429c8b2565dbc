/**
 * Publications: which tables the log tells of. One for each service, of exactly its declared tables.
 *
 * They are not in the migration files: they hold no data and follow from the declarations, so each migration brings
 * them up to date under its lock, in development and in production. Tables are only ever added, since older code may
 * still read what newer code does not declare; a dropped table leaves by itself. Explicit tables need no superuser.
 * Failing is a notice, not an error: an app runs without the log, and its relay looks again whether all is published.
 */
import type { Declarations } from "../define/declarations.ts";
import type { Catalog } from "./actual.ts";
import { messageOf } from "./errors.ts";
import type { SchemaModel } from "./model.ts";
import { ident, objectName, qualified } from "./names.ts";
import type { Session } from "./session.ts";

/** What a service publishes, or has published. */
export interface Publication {
  readonly name: string;
  readonly tables: readonly { readonly schema: string; readonly name: string }[];
}

/** A publication that the database has. */
export interface ActualPublication extends Publication {
  /** Whether values of computed columns are in it; `null` on a server that never publishes them (before 18). */
  readonly hasComputed: boolean | null;
}

/**
 * What nodes tell each other through the log: new events and new work, the end of the log of events, and who is alive.
 * Their names clash with no service's.
 */
const PLATFORM_PUBLICATIONS: readonly Publication[] = [
  {
    name: "lineshaft__events",
    tables: [
      { schema: "lineshaft", name: "event" },
      { schema: "lineshaft", name: "work" },
    ],
  },
  {
    name: "lineshaft__fleet",
    tables: [
      { schema: "lineshaft", name: "head" },
      { schema: "lineshaft", name: "node" },
    ],
  },
];

/** What an app hears of the platform's own tables: nothing, where it declares nothing that runs by itself. */
export function platformPublications({
  events,
  handlers,
  schedules,
}: Pick<Declarations, "events" | "handlers" | "schedules">): readonly Publication[] {
  return events.length + handlers.length + schedules.length > 0 ? PLATFORM_PUBLICATIONS : [];
}

const PLATFORM_SQL: readonly string[] = [
  `create publication lineshaft__events
     for table lineshaft.event (id, week), lineshaft.work (id, kind, target, lane, due_at)
     with (publish = 'insert', publish_via_partition_root = true)`,
  "create publication lineshaft__fleet for table lineshaft.head, lineshaft.node",
];

/** Publications by name, for the catalog's query. A column of 18 is read so that older servers do not mind. */
export const PUBLICATIONS = `(select coalesce(json_agg(json_build_object('name', p.pubname,
  'hasComputed', to_jsonb(p) ->> 'pubgencols' = 's',
  'tables', (select coalesce(json_agg(json_build_object('schema', t.schemaname, 'name', t.tablename)), '[]')
    from pg_publication_tables t where t.pubname = p.pubname))), '[]')
  from pg_publication p where starts_with(p.pubname, 'lineshaft_'))`;

/** The publications of these declarations; a service without entities has none. */
export function publicationsOf({ schemas, tables }: SchemaModel): readonly Publication[] {
  return schemas.flatMap((schema) => {
    const own = tables.filter((table) => table.schema === schema).map(({ name }) => ({ schema, name }));
    return own.length === 0 ? [] : [{ name: objectName(["lineshaft", schema], "pub"), tables: own }];
  });
}

/** What is missing, as SQL that can be repeated after a failure; empty when all is published. */
export function publicationSql(desired: SchemaModel, { model, publications }: Catalog): readonly string[] {
  const exists = (table: { readonly schema: string; readonly name: string }) =>
    model.tables.some(({ schema, name }) => schema === table.schema && name === table.name);
  const own = PLATFORM_SQL.filter(
    (_, at) => !publications.some(({ name }) => name === PLATFORM_PUBLICATIONS[at]!.name),
  );
  const services = publicationsOf(desired).flatMap(({ name, tables }) => {
    const there = tables.filter(exists);
    const actual = publications.find((each) => each.name === name);
    if (actual === undefined) return there.length === 0 ? [] : [createSql(name, there)];
    const missing = there.filter(
      (table) => !actual.tables.some((each) => each.schema === table.schema && each.name === table.name),
    );
    return [
      ...(missing.length > 0 ? [`alter publication ${ident(name)} add table ${list(missing)}`] : []),
      ...(actual.hasComputed === false ? [computedSql(name)] : []),
    ];
  });
  return [...own, ...services];
}

/** From 18 on, an update of a table with computed columns fails while these are not published. */
function createSql(name: string, tables: Publication["tables"]): string {
  return `create publication ${ident(name)} for table ${list(tables)};
do $do$ begin
  if current_setting('server_version_num')::integer >= 180000 then
    ${computedSql(name)};
  end if;
end $do$`;
}

function computedSql(name: string): string {
  return `alter publication ${ident(name)} set (publish_generated_columns = stored)`;
}

function list(tables: Publication["tables"]): string {
  return tables.map(({ schema, name }) => qualified(schema, name)).join(", ");
}

/** Publishes what is missing; gives the notice when that fails. */
export async function publish(session: Session, desired: SchemaModel, catalog: Catalog): Promise<readonly string[]> {
  try {
    for (const text of publicationSql(desired, catalog)) await session.client.query(text);
    return [];
  } catch (error) {
    session.assertGoing();
    return [
      `Not every table is published: ${messageOf(error)}. Without that, changes are not seen in the log, and caches ` +
        "live short. Start once with a role that owns the tables and may create publications: " +
        "grant create on database … to …. `lineshaft doctor` says what is missing.",
    ];
  }
}
