/** Columns of a table that exists, compared. Part of diff.ts; see there. */
import { defaultSql, sameDefault } from "./defaults.ts";
import type { ColumnModel, TableModel } from "./model.ts";
import { ident, literal, qualified } from "./names.ts";
import { columnSql, computedComment, constraintSql, indexSql, tableSql } from "./render.ts";
import { type Draft, LOCKS, stepName } from "./step.ts";

/** Tells how to keep the data when a name changes. */
export const RENAME_HINT =
  "If it was renamed: write the next file by hand with `alter table … rename column … to …`, and nothing is lost.";

/** One table, declared and found. */
export interface TablePair {
  readonly table: TableModel;
  readonly found: TableModel;
  /** Known to have no rows. */
  readonly empty: boolean;
  /** Called where it makes a difference whether there are rows. */
  readonly onRows: () => void;
}

/** Steps, and the columns that they add or make anew with the name of the step. */
export interface ColumnDifference {
  readonly drafts: readonly Draft[];
  readonly added: ReadonlyMap<string, string>;
}

export function columnSteps(pair: TablePair): ColumnDifference {
  const { table, found } = pair;
  const drafts: Draft[] = [];
  const added = new Map<string, string>();
  for (const column of table.columns) {
    const existing = found.columns.find((one) => one.name === column.name);
    if (existing === undefined) {
      const draft = addColumn(pair, column);
      added.set(column.name, draft.name);
      drafts.push(draft);
    } else if (needsRecomputing(column, existing)) {
      drafts.push(recompute(pair, column));
    } else {
      drafts.push(...changeColumn(pair, column, existing));
    }
  }
  const undeclared = found.columns.filter((one) => !table.columns.some((column) => column.name === one.name));
  return { drafts: [...drafts, ...undeclared.flatMap((column) => undeclaredColumn(found, column))], added };
}

function alter(pair: TablePair, change: string): string {
  return `alter table ${tableSql(pair.table)} ${change}`;
}

/** Whether rows are in the way; asks for the facts where it matters. */
export function mayHaveRows(pair: TablePair): boolean {
  if (!pair.empty) pair.onRows();
  return !pair.empty;
}

function addColumn(pair: TablePair, column: ColumnModel): Draft {
  const { table } = pair;
  const base = { name: stepName("add-column", table, column.name), phase: "column", need: "missing" } as const;
  const rewrites = column.identity || column.computed !== null || column.default?.kind === "expression";
  const comments = computedComment(table, column);
  const plain = [alter(pair, `add column ${columnSql(column)}`), ...comments];
  const required = !column.nullable && column.default === null && !column.identity && column.computed === null;
  if (!required)
    return { ...base, why: "A field is declared.", locks: rewrites ? LOCKS.rewrite : LOCKS.instant, statements: plain };
  if (!mayHaveRows(pair)) {
    return { ...base, why: "A required field is declared. Fails on a table that has rows.", statements: plain };
  }
  const filler = neutralValue(table, column);
  if (filler === null) {
    const why =
      "A required field is declared, the table has rows, and no value fits them. " +
      "Make it optional, or fill it in a file by hand.";
    return { ...base, kind: "risky", why, statements: plain };
  }
  const why =
    `A required field is declared and the table has rows: they get ${filler}. ` +
    "Or give it a default, or make it optional.";
  const filled = columnSql({ ...column, default: { kind: "literal", text: filler } });
  const statements = [
    alter(pair, `add column ${filled}`),
    alter(pair, `alter column ${ident(column.name)} drop default`),
  ];
  return { ...base, kind: "risky", why, statements };
}

/** A value for rows that have none, in Postgres' text form; null where every value would be wrong. */
function neutralValue(table: TableModel, column: ColumnModel): string | null {
  const limits = table.constraints.filter((one) => one.columns.includes(column.name));
  if (limits.some((one) => one.kind !== "check")) return null;
  const check = limits.find((one) => one.kind === "check");
  if (column.type.endsWith("[]")) return "{}";
  if (check !== undefined) return check.values?.[0] ?? null;
  if (column.type === "text" || column.type.startsWith("character varying")) return "";
  if (/^(?:integer|bigint|double precision|numeric.*)$/.test(column.type)) return "0";
  return { boolean: "false", jsonb: "{}" }[column.type] ?? null;
}

/** Whether a generated column has to be dropped and added. */
export function needsRecomputing(column: ColumnModel, existing: ColumnModel): boolean {
  if (column.computed === null) return false;
  return existing.computed?.hash !== column.computed.hash || existing.type !== column.type;
}

/** A generated column cannot change its expression before Postgres 17; made anew, it takes its indexes along. */
function recompute(pair: TablePair, column: ColumnModel): Draft {
  const { table } = pair;
  const on = (of: { readonly columns: readonly string[] }): boolean => of.columns.includes(column.name);
  return {
    name: stepName("recompute-column", table, column.name),
    phase: "column",
    kind: "destructive",
    why: "The column's expression or type changed; its values are replaced by computed ones.",
    locks: LOCKS.rewrite,
    statements: [
      alter(pair, `drop column ${ident(column.name)}`),
      alter(pair, `add column ${columnSql(column)}`),
      ...computedComment(table, column),
      ...table.constraints.filter(on).map((one) => alter(pair, `add ${constraintSql(one)}`)),
      ...table.indexes.filter(on).map((index) => indexSql(table, index, "plain")),
    ],
  };
}

function changeColumn(pair: TablePair, column: ColumnModel, existing: ColumnModel): Draft[] {
  const { table } = pair;
  const name = ident(column.name);
  const drafts: Draft[] = [];
  const add = (verb: string, draft: Omit<Draft, "name" | "phase"> & { readonly phase?: Draft["phase"] }): void =>
    void drafts.push({ phase: "column", ...draft, name: stepName(verb, table, column.name) });
  if (existing.computed !== null && column.computed === null) {
    const why = "The column is no longer computed; it keeps its values.";
    add("drop-expression", { why, statements: [alter(pair, `alter column ${name} drop expression`)] });
  }
  const retyped = existing.type !== column.type;
  if (retyped) drafts.push(changeType(pair, column, existing));
  if (existing.identity && !column.identity) {
    add("drop-identity", {
      why: "The column is no longer numbered.",
      statements: [alter(pair, `alter column ${name} drop identity`)],
    });
  }
  if (!retyped && !sameDefault(column.type, column.default, existing.default)) {
    const change = column.default === null ? "drop default" : `set default ${defaultSql(column.default)}`;
    add("change-default", {
      why: "The default differs. Rows keep their values.",
      statements: [alter(pair, `alter column ${name} ${change}`)],
    });
  }
  if (column.nullable && !existing.nullable && !inPrimaryKey(pair.found, column.name)) {
    const statements = [alter(pair, `alter column ${name} drop not null`)];
    add("loosen-column", { phase: "loosen", why: "The field is optional.", statements });
  }
  if (!column.nullable && existing.nullable) drafts.push(requireColumn(pair, column));
  if (column.identity && !existing.identity) {
    const start =
      `select setval(pg_get_serial_sequence(${literal(tableSql(table))}, ${literal(column.name)}), ` +
      `coalesce(max(${name}), 0) + 1, false) from ${tableSql(table)}`;
    const statements = [alter(pair, `alter column ${name} add generated by default as identity`), start];
    add("add-identity", { why: "The column is numbered from its highest value on.", statements });
  }
  return drafts;
}

function changeType(pair: TablePair, column: ColumnModel, existing: ColumnModel): Draft {
  const name = ident(column.name);
  const widening = widens(existing.type, column.type);
  const using = widening ? "" : ` using ${name}::${existing.type === "jsonb" ? "text::" : ""}${column.type}`;
  const changes = [`alter column ${name} type ${column.type}${using}`];
  if (existing.default !== null) changes.unshift(`alter column ${name} drop default`);
  if (column.default !== null) changes.push(`alter column ${name} set default ${defaultSql(column.default)}`);
  const keepsForm =
    /^(?:text|character varying.*)$/.test(existing.type) && /^(?:text|character varying.*)$/.test(column.type);
  return {
    name: stepName("change-type", pair.table, column.name),
    phase: "column",
    kind: widening ? "additive" : "destructive",
    why:
      `The type becomes ${column.type}; it was ${existing.type}. ` +
      (widening ? "Every value fits." : "Values may be cut or refused."),
    locks: widening && keepsForm ? LOCKS.instant : LOCKS.rewrite,
    statements: changes.map((change) => alter(pair, change)),
  };
}

function requireColumn(pair: TablePair, column: ColumnModel): Draft {
  const name = ident(column.name);
  const fill =
    column.default === null
      ? []
      : [`update ${tableSql(pair.table)} set ${name} = ${defaultSql(column.default)} where ${name} is null`];
  const filled = fill.length > 0 ? "Rows without a value get the default." : "Fails when a row has no value.";
  return {
    name: stepName("require-column", pair.table, column.name),
    phase: "column",
    kind: mayHaveRows(pair) ? "risky" : "additive",
    why: `The field is required. ${filled}`,
    locks: LOCKS.scan,
    statements: [...fill, alter(pair, `alter column ${name} set not null`)],
  };
}

/**
 * An undeclared column stays until it is dropped by name, but must not refuse the rows that are inserted without it.
 */
function undeclaredColumn(found: TableModel, column: ColumnModel): Draft[] {
  const table = qualified(found.schema, found.name);
  const drop: Draft = {
    name: stepName("drop-column", found, column.name),
    phase: "drop",
    kind: "destructive",
    need: "extra",
    why: `No field declares this column; its values would be lost. ${RENAME_HINT}`,
    statements: [`alter table ${table} drop column ${ident(column.name)}`],
  };
  const refuses = !column.nullable && column.default === null && !column.identity && column.computed === null;
  if (!refuses || inPrimaryKey(found, column.name)) return [drop];
  const loosen: Draft = {
    name: stepName("loosen-column", found, column.name),
    phase: "loosen",
    why: "No field declares this column, and inserts without it must pass.",
    statements: [`alter table ${table} alter column ${ident(column.name)} drop not null`],
  };
  return [loosen, drop];
}

function inPrimaryKey(found: TableModel, column: string): boolean {
  return found.constraints.some((one) => one.kind === "primary" && one.columns.includes(column));
}

/** Whether every value of one type is the same value in the other. */
export function widens(from: string, to: string): boolean {
  if (from.endsWith("[]") && to.endsWith("[]")) return widens(from.slice(0, -2), to.slice(0, -2));
  const [, fromLength] = /^character varying\((\d+)\)$/.exec(from) ?? [];
  const [, toLength] = /^character varying\((\d+)\)$/.exec(to) ?? [];
  if (from === "character varying" && to === "text") return true;
  if (fromLength !== undefined)
    return to === "text" || (toLength !== undefined && Number(toLength) >= Number(fromLength));
  const [, precision, scale] = /^numeric\((\d+),(\d+)\)$/.exec(to) ?? [];
  const digits = Number(precision) - Number(scale);
  if (from === "integer") return to === "bigint" || to === "double precision" || digits >= INTEGER_DIGITS;
  if (from === "bigint") return digits >= BIGINT_DIGITS;
  const [, fromPrecision, fromScale] = /^numeric\((\d+),(\d+)\)$/.exec(from) ?? [];
  return Number(scale) >= Number(fromScale) && digits >= Number(fromPrecision) - Number(fromScale);
}

/** Decimal digits of the largest value. */
const INTEGER_DIGITS = 10;
const BIGINT_DIGITS = 19;
