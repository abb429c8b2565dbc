/**
 * The difference between the declarations and the database, as steps.
 *
 * Pure: two models in, steps out. Objects are matched by name, then by what they are, so that a table or column that
 * was renamed by hand keeps its keys and indexes whatever they are called.
 *
 * Locks. On a table that exists, checks and foreign keys are added `not valid`, an instant, and validated afterwards;
 * indexes and unique constraints are built concurrently. What is done afterwards is `online`: it goes to a file without
 * a transaction. A table that this plan creates has no rows and nobody uses it, so there all is done at once. The size
 * of a table plays no part: the file that is written on a laptop runs where the table is large.
 *
 * Rows. Some steps are harmless on an empty table. `emptyTables` holds the tables known to be empty; `rowsMatter` tells
 * for which others it would make a difference, so that the caller asks the database only then.
 *
 * A rename cannot be told from a drop and an add, and is planned as these. See `RENAME_HINT`.
 */
import { columnSteps } from "./diff-columns.ts";
import { constraintSteps, foreignKeyDraft, indexSteps, triggerSteps } from "./diff-objects.ts";
import { type SchemaModel, type TableModel, tableKey } from "./model.ts";
import { ident } from "./names.ts";
import { createTableSql, tableSql } from "./render.ts";
import { type Draft, finishSteps, LOCKS, type Step, stepName } from "./step.ts";

/** The result of a comparison. */
export interface Difference {
  readonly steps: readonly Step[];
  /** Tables with steps that would be additive if the table were empty. */
  readonly rowsMatter: readonly TableModel[];
}

/** Compares. See the header. */
export function diffSchemas(
  desired: SchemaModel,
  actual: SchemaModel,
  emptyTables: ReadonlySet<string> = new Set(),
): Difference {
  const present = new Map(actual.tables.map((table) => [tableKey(table), table]));
  const declared = new Set(desired.tables.map(tableKey));
  const drafts: Draft[] = desired.schemas.filter((name) => !actual.schemas.includes(name)).map(createSchema);
  const rowsMatter: TableModel[] = [];
  for (const table of desired.tables) {
    const found = present.get(tableKey(table));
    if (found === undefined) {
      drafts.push(...createTable(table));
      continue;
    }
    const empty = emptyTables.has(tableKey(table));
    const context = { table, found, empty, onRows: () => void rowsMatter.push(table) };
    const columns = columnSteps(context);
    const pending = { ...context, added: columns.added };
    drafts.push(...columns.drafts, ...constraintSteps(pending), ...indexSteps(pending), ...triggerSteps(pending));
    if (!found.fullIdentity) drafts.push(replicaIdentity(table));
  }
  for (const table of actual.tables) if (!declared.has(tableKey(table))) drafts.push(dropTable(table, actual));
  return { steps: finishSteps(drafts), rowsMatter: [...new Set(rowsMatter)] };
}

function createSchema(name: string): Draft {
  return {
    name: `create-schema:${name}`,
    phase: "schema",
    need: "missing",
    why: "A service is declared.",
    locks: LOCKS.none,
    statements: [`create schema ${ident(name)}`],
  };
}

function createTable(table: TableModel): Draft[] {
  const create: Draft = {
    name: stepName("create-table", table),
    phase: "table",
    need: "missing",
    why: "An entity is declared.",
    locks: LOCKS.none,
    statements: createTableSql(table),
  };
  const foreign = table.constraints.filter((one) => one.kind === "foreign");
  return [create, ...foreign.map((one) => foreignKeyDraft(table, one))];
}

function replicaIdentity(table: TableModel): Draft {
  return {
    name: stepName("set-replica-identity", table),
    phase: "index",
    why: "The WAL must carry whole old rows.",
    statements: [`alter table ${tableSql(table)} replica identity full`],
  };
}

/** Foreign keys of other tables stand in the way of a drop; `cascade` would take views along, unseen. */
function dropTable(table: TableModel, actual: SchemaModel): Draft {
  const references = actual.tables
    .filter((other) => other !== table)
    .flatMap((other) =>
      other.constraints
        .filter((one) => one.target?.schema === table.schema && one.target.table === table.name)
        .map((one) => `alter table if exists ${tableSql(other)} drop constraint if exists ${ident(one.name)}`),
    );
  return {
    name: stepName("drop-table", table),
    phase: "drop",
    kind: "destructive",
    need: "extra",
    why: "No entity declares this table; all its rows would be lost.",
    statements: [...references, `drop table ${tableSql(table)}`],
  };
}
