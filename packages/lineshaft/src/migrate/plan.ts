/**
 * Plans: what would have to run so that the database is as declared, in plain SQL, and the files that it becomes.
 *
 * A plan becomes up to two files: one that runs in a transaction, and one that does not, for what is done beside
 * running writes (see diff.ts). Steps that are not allowed are withheld, and so is all that needs them.
 */
import type { Client, QueryResult } from "pg";
import type { ServiceDefinition } from "../define/service.ts";
import { type Catalog, readCatalog } from "./actual.ts";
import { desiredSchema } from "./desired.ts";
import { diffSchemas } from "./diff.ts";
import { FILE_NAME_CHARS_MAX, fileNumber, NO_TRANSACTION } from "./files.ts";
import { type SchemaModel, type TableModel, tableKey } from "./model.ts";
import { commentSafe } from "./names.ts";
import { tableSql } from "./render.ts";
import type { Step } from "./step.ts";

export interface Plan {
  readonly steps: readonly Step[];
  /** All steps, each under a comment that says its name, kind, reason and locks. */
  readonly sql: string;
}

/**
 * Compares the declarations with the database. Reads only; an empty plan means that they agree.
 *
 * @param client  Not inside a transaction.
 * @throws {MigrationError} MIGRATION_DECLARATION.
 */
export async function planMigration(client: Client, services: readonly ServiceDefinition[]): Promise<Plan> {
  const desired = desiredSchema(services);
  return planFrom(client, desired, await readCatalog(client, desired.schemas));
}

export async function planFrom(client: Client, desired: SchemaModel, catalog: Catalog): Promise<Plan> {
  let { steps, rowsMatter } = diffSchemas(desired, catalog.model);
  if (rowsMatter.length > 0) {
    ({ steps } = diffSchemas(desired, catalog.model, await findEmpty(client, rowsMatter)));
  }
  return { steps, sql: stepsSql(steps) };
}

/** Which tables have no rows. A table that cannot be seen whole, because of its policies, counts as one with rows. */
async function findEmpty(client: Client, tables: readonly TableModel[]): Promise<ReadonlySet<string>> {
  const empty = new Set<string>();
  const tests = tables.map((table) => `not exists (select from ${tableSql(table)})`);
  try {
    const text =
      "begin read only; set local row_security to off; " +
      `select json_build_array(${tests.join(", ")}) as empty; commit`;
    const results = (await client.query(text)) as unknown as QueryResult<{ empty: boolean[] }>[];
    const answers = results.find((result) => result.command === "SELECT")!.rows[0]!.empty;
    for (const [index, table] of tables.entries()) if (answers[index]) empty.add(tableKey(table));
  } catch {
    await client.query("rollback").catch(() => {});
  }
  return empty;
}

/** Steps that may run, and those that wait for a name in `allow`. */
export interface Selection {
  readonly chosen: readonly Step[];
  readonly withheld: readonly Step[];
}

export function selectSteps(steps: readonly Step[], allow: readonly string[]): Selection {
  const withheld = new Set(steps.filter((step) => step.kind !== "additive" && !allow.includes(step.name)));
  for (let before = -1; before !== withheld.size; ) {
    before = withheld.size;
    const names = new Set([...withheld].map((step) => step.name));
    for (const step of steps) if (step.needs.some((name) => names.has(name))) withheld.add(step);
  }
  return { chosen: steps.filter((step) => !withheld.has(step)), withheld: steps.filter((step) => withheld.has(step)) };
}

/** Steps as SQL with comments. */
export function stepsSql(steps: readonly Step[]): string {
  return steps.map(stepSql).join("\n\n");
}

function stepSql(step: Step): string {
  return [
    `-- ${commentSafe(step.name)} (${step.kind}). ${commentSafe(step.why)}`,
    `-- Locks: ${step.locks}.`,
    step.sql,
  ].join("\n");
}

/** A file to write. */
export interface FileDraft {
  readonly name: string;
  readonly text: string;
}

/** The files that steps become, in order; numbers from `first` on. */
export function planFiles(steps: readonly Step[], first: number): readonly FileDraft[] {
  const base = fileName(steps, first);
  const groups = [steps.filter((step) => !step.online), steps.filter((step) => step.online)].filter(
    (group) => group.length > 0,
  );
  return groups.map((group, index) => {
    const online = group[0]!.online;
    const name = index > 0 ? `${base}_online` : base;
    const head = [
      ...(online ? [NO_TRANSACTION] : []),
      `-- ${fileNumber(first + index)}_${name}: written from the declarations. Review and commit it.`,
      online
        ? "-- Each statement runs by itself, beside reads and writes, and must stay repeatable."
        : "-- Runs in one transaction. Once it is applied anywhere it must not change; " +
          "a further change is a further file.",
    ];
    return { name, text: `${head.join("\n")}\n\n${stepsSql(group)}\n` };
  });
}

/** `initial` for the first file; else what the first step does, and how many more there are. */
function fileName(steps: readonly Step[], number: number): string {
  if (number === 1) return "initial";
  const weight = (step: Step): number =>
    ["create-table", "add-column"].findLastIndex((verb) => step.name.startsWith(verb));
  const main = steps.toSorted((left, right) => weight(right) - weight(left))[0]!;
  const [verb = "", path = ""] = main.name.split(/:(.*)/s);
  const [service = "", ...objects] = path.split(".");
  const named = /^(?:create-table|add-column|drop-column|drop-table)$/.test(verb) ? verb.split("-")[0]! : verb;
  const more = steps.filter((step) => !step.online && step !== main).length;
  const text = slug([named, ...(objects.length > 0 ? objects : [service])].join("_")).slice(
    0,
    FILE_NAME_CHARS_MAX - "_and_9999_more_online".length,
  );
  return `${text.replace(/_+$/, "") || "change"}${more > 0 ? `_and_${more}_more` : ""}`;
}

function slug(text: string): string {
  return text
    .replace(/([a-z0-9])([A-Z])/g, "$1_$2")
    .toLowerCase()
    .replace(/[^a-z0-9]+/g, "_")
    .replace(/^_+|_+$/g, "");
}
