/** Constraints, indexes and triggers of a table that exists, compared. Part of diff.ts; see there. */
import { mayHaveRows, needsRecomputing, type TablePair } from "./diff-columns.ts";
import { type ConstraintModel, type IndexModel, sameList, type TableModel } from "./model.ts";
import { ident, identList, isOwnCheck, literal, qualified } from "./names.ts";
import { constraintSql, indexSql, tableSql, triggerSql } from "./render.ts";
import { type Draft, LOCKS, stepName } from "./step.ts";

/** A table, and which of its columns this plan adds, by which step. */
export interface PendingPair extends TablePair {
  readonly added: ReadonlyMap<string, string>;
}

export function constraintSteps(pair: PendingPair): Draft[] {
  const { table, found } = pair;
  const left = new Set(found.constraints);
  const drafts: Draft[] = [];
  for (const one of table.constraints) {
    const match = matchConstraint(one, left);
    if (match !== undefined) left.delete(match);
    if (match !== undefined && sameConstraint(one, match)) {
      if (!match.validated) drafts.push(validation(table, match, true));
      continue;
    }
    if (rebuilt(pair, one)) continue;
    drafts.push(...addConstraint(pair, one, match));
  }
  return [...drafts, ...[...left].flatMap((one) => undeclaredConstraint(pair, one))];
}

/** The steps that make the columns this stands on. */
function waitsFor(pair: PendingPair, columns: readonly string[]): string[] {
  return columns.flatMap((column) => pair.added.get(column) ?? []);
}

/** A column that is made anew brings its constraints and indexes along (see `recompute`). */
function rebuilt(pair: PendingPair, of: { readonly columns: readonly string[] }): boolean {
  return pair.table.columns.some((column) => {
    const existing = pair.found.columns.find((one) => one.name === column.name);
    return of.columns.includes(column.name) && existing !== undefined && needsRecomputing(column, existing);
  });
}

function matchConstraint(one: ConstraintModel, left: ReadonlySet<ConstraintModel>): ConstraintModel | undefined {
  const candidates = [...left];
  if (one.kind === "primary") return candidates.find((other) => other.kind === "primary");
  const same = candidates.find((other) => other.name === one.name);
  return same ?? candidates.find((other) => sameConstraint(one, other));
}

function sameConstraint(one: ConstraintModel, other: ConstraintModel): boolean {
  if (one.kind !== other.kind || !sameList(one.columns, other.columns)) return false;
  if (one.kind === "check")
    return one.name === other.name || (one.values !== null && sameList(one.values, other.values ?? []));
  if (one.kind !== "foreign") return true;
  return sameTarget(one, other) && one.onDelete === other.onDelete;
}

function sameTarget(one: ConstraintModel, other: ConstraintModel): boolean {
  const [left, right] = [one.target, other.target];
  if (left === null || right === null) return false;
  return left.schema === right.schema && left.table === right.table && sameList(left.columns, right.columns);
}

function addConstraint(pair: PendingPair, one: ConstraintModel, old: ConstraintModel | undefined): Draft[] {
  const { table, found } = pair;
  const removal = old === undefined ? [] : [dropConstraint(found, old)];
  const needs = waitsFor(pair, one.columns);
  if (one.kind === "primary") return [primaryKey(pair, one, removal)];
  if (one.kind === "unique") return uniqueSteps(pair, one, removal);
  const fresh = one.columns.every((column) => pair.added.has(column));
  const noun = one.kind === "check" ? "check" : "foreign-key";
  const name = stepName(`${old === undefined ? "add" : "replace"}-${noun}`, table, one.name);
  const safe = fresh || loosens(pair, one, old);
  const add: Draft = {
    name,
    phase: one.kind === "check" ? "constraint" : "foreign",
    kind: safe || !mayHaveRows(pair) ? "additive" : "risky",
    why: safe ? "A rule is declared." : "A rule is declared. Validation fails on rows that break it.",
    locks: one.kind === "check" ? LOCKS.instant : LOCKS.foreign,
    needs,
    statements: [...removal, `alter table ${tableSql(table)} add ${constraintSql(one)} not valid`],
  };
  return [add, { ...validation(table, one, false), needs: [...needs, name] }];
}

/** The foreign key of a table that this plan creates: no rows, nothing to validate. */
export function foreignKeyDraft(table: TableModel, one: ConstraintModel): Draft {
  return {
    name: stepName("add-foreign-key", table, one.name),
    phase: "foreign",
    why: "A reference is declared.",
    locks: LOCKS.foreign,
    needs: [stepName("create-table", table)],
    statements: [`alter table ${tableSql(table)} add ${constraintSql(one)}`],
  };
}

/** Whether all rows that pass the rule of today pass the new one, too. */
function loosens(pair: PendingPair, one: ConstraintModel, old: ConstraintModel | undefined): boolean {
  if (one.kind === "foreign")
    return old?.kind === "foreign" && old.validated && sameList(one.columns, old.columns) && sameTarget(one, old);
  const [column = ""] = one.columns;
  const stale = pair.found.constraints.find((other) => isOwnCheck(other.name, pair.table.name, column));
  const before = stale?.values;
  return before != null && before.length > 0 && before.every((value) => one.values?.includes(value));
}

function validation(table: TableModel, one: ConstraintModel, left: boolean): Draft {
  return {
    name: stepName("validate", table, one.name),
    phase: "constraint",
    online: true,
    why: left ? "The constraint was never validated." : "Reads the rows that are there.",
    locks: LOCKS.online,
    statements: [`alter table ${tableSql(table)} validate constraint ${ident(one.name)}`],
  };
}

function primaryKey(pair: PendingPair, one: ConstraintModel, removal: readonly string[]): Draft {
  const { table } = pair;
  const replaced = removal.length > 0;
  const kind = mayHaveRows(pair) ? "risky" : "additive";
  return {
    name: stepName(replaced ? "change-primary-key" : "add-primary-key", table),
    phase: "constraint",
    kind: replaced ? "destructive" : kind,
    why: "The primary key differs. Fails on rows that are equal in it, and while others refer to the old one.",
    locks: LOCKS.scan,
    needs: waitsFor(pair, one.columns),
    statements: [...removal, `alter table ${tableSql(table)} add ${constraintSql(one)}`],
  };
}

/**
 * The index is built beside running writes, and made a constraint in an instant. A repeated run, after a crash between
 * the two, finds either done: that is what `if not exists` and the `do` block are for.
 */
function uniqueSteps(pair: PendingPair, one: ConstraintModel, removal: readonly string[]): Draft[] {
  const { table } = pair;
  const [name, sql] = [ident(one.name), tableSql(table)];
  const column = table.columns.find((each) => each.name === one.columns[0]);
  const fresh =
    one.columns.some((each) => pair.added.has(each)) && column?.nullable === true && column.default === null;
  const adopt =
    "do $lineshaft$ begin\n  if not exists (select from pg_catalog.pg_constraint " +
    `where conrelid = ${literal(sql)}::pg_catalog.regclass and conname = ${literal(one.name)}) then\n` +
    `    alter table ${sql} add constraint ${name} unique using index ${name};\n  end if;\nend $lineshaft$`;
  const add: Draft = {
    name: stepName("add-unique", table, one.name),
    phase: "constraint",
    online: true,
    kind: removal.length > 0 ? "destructive" : fresh || !mayHaveRows(pair) ? "additive" : "risky",
    why: "Values must be unique. Fails when two rows are equal.",
    locks: LOCKS.online,
    needs: waitsFor(pair, one.columns),
    statements: [
      ...removal,
      `create unique index concurrently if not exists ${name} on ${sql} (${identList(one.columns)})`,
      adopt,
    ],
  };
  return [add];
}

function dropConstraint(of: TableModel, one: ConstraintModel): string {
  return `alter table ${qualified(of.schema, of.name)} drop constraint if exists ${ident(one.name)}`;
}

function undeclaredConstraint(pair: PendingPair, one: ConstraintModel): Draft[] {
  const { table, found } = pair;
  if (!allDeclared(table, one.columns)) return []; // Goes with its column.
  const [column = ""] = one.columns;
  const stale = one.kind === "check" && isOwnCheck(one.name, table.name, column);
  if (stale && rebuilt(pair, one)) return [];
  const why = stale
    ? "A check of the declarations before; it would refuse what is declared now."
    : "No declaration asks for it.";
  return [
    {
      name: stepName(stale ? "drop-check" : "drop-constraint", found, one.name),
      phase: stale ? "loosen" : "drop",
      kind: stale ? "additive" : "destructive",
      need: stale ? "differs" : "extra",
      why,
      statements: [dropConstraint(found, one)],
    },
  ];
}

export function indexSteps(pair: PendingPair): Draft[] {
  const { table, found } = pair;
  const left = new Set(found.indexes);
  const drafts: Draft[] = [];
  for (const index of table.indexes) {
    const match =
      [...left].find((other) => other.name === index.name) ?? [...left].find((other) => sameIndex(index, other));
    if (match !== undefined) left.delete(match);
    if (match !== undefined && sameIndex(index, match) && match.valid) continue;
    if (rebuilt(pair, index)) continue;
    drafts.push(addIndex(pair, index, match));
  }
  for (const index of left) {
    if (!allDeclared(table, index.columns)) continue;
    drafts.push({
      name: stepName("drop-index", found, index.name),
      phase: "drop",
      kind: "destructive",
      need: "extra",
      why: "No declaration asks for it.",
      statements: [`drop index ${qualified(found.schema, index.name)}`],
    });
  }
  return drafts;
}

/** Expressions and conditions are compared by the hash in the name only. */
function sameIndex(index: IndexModel, other: IndexModel): boolean {
  if (index.unique !== other.unique || index.method !== other.method) return false;
  if ((index.expression === null) !== (other.expression === null)) return false;
  if ((index.where === null) !== (other.where === null)) return false;
  if (index.expression !== null || index.where !== null) return index.name === other.name;
  return sameList(index.columns, other.columns);
}

function addIndex(pair: PendingPair, index: IndexModel, old: IndexModel | undefined): Draft {
  const { table, found } = pair;
  const removal = old === undefined ? [] : [`drop index concurrently if exists ${qualified(found.schema, old.name)}`];
  const replaced = old?.valid === true;
  const risky = index.unique && mayHaveRows(pair);
  return {
    name: stepName(replaced ? "replace-index" : "add-index", table, index.name),
    phase: "index",
    online: true,
    kind: replaced ? "destructive" : risky ? "risky" : "additive",
    why: index.unique ? "A unique index is declared. Fails when two rows are equal." : "An index is declared.",
    locks: LOCKS.online,
    needs: waitsFor(pair, index.columns),
    statements: [...removal, indexSql(table, index, "concurrent")],
  };
}

export function triggerSteps(pair: PendingPair): Draft[] {
  const { table, found } = pair;
  const missing = table.triggers.filter((one) => !found.triggers.some((other) => other.touches === one.touches));
  const extra = found.triggers.filter((other) => !table.triggers.some((one) => one.touches === other.touches));
  const add = missing.map((one): Draft => {
    const taken = found.triggers.some((other) => other.name === one.name);
    const removal = taken ? [`drop trigger ${ident(one.name)} on ${tableSql(table)}`] : [];
    return {
      name: stepName(taken ? "replace-trigger" : "add-trigger", table, one.name),
      phase: "index",
      kind: taken ? "destructive" : "additive",
      why: "The database keeps the time of the last change.",
      locks: LOCKS.foreign,
      needs: waitsFor(pair, [one.touches ?? ""]),
      statements: [...removal, triggerSql(table, one)],
    };
  });
  const taken = new Set(missing.map((one) => one.name));
  const drop = extra
    .filter((one) => !taken.has(one.name))
    .map((one): Draft => {
      // One of ours would go on setting a column that the declarations no longer keep.
      const stale = one.touches !== null;
      return {
        name: stepName("drop-trigger", found, one.name),
        phase: stale ? "loosen" : "drop",
        kind: stale ? "additive" : "destructive",
        need: stale ? "differs" : "extra",
        why: stale ? "The field is no longer set on every change." : "No declaration asks for it.",
        statements: [`drop trigger ${ident(one.name)} on ${tableSql(found)}`],
      };
    });
  return [...add, ...drop];
}

function allDeclared(table: TableModel, columns: readonly string[]): boolean {
  return columns.every((name) => table.columns.some((column) => column.name === name));
}
