/**
 * Scope: which column a name means, at one level of a statement.
 *
 * A level sees its own from-list, then the levels around it. What a name means follows the server: a name without
 * qualifier is looked for in the visible columns, which USING and NATURAL joins merge.
 */
import type { SelectStmt } from "libpg-query";
import type { FromItem, Source, Variable } from "./query.ts";
import { uncacheable } from "./shape.ts";

export interface Visible {
  readonly name: string;
  readonly variable: Variable;
}

/** What can be written before a dot. */
export interface Named {
  readonly alias: string;
  /** Set for tables without an alias: `schema.table.column` means them, too. */
  readonly schema: string | null;
  readonly columns: readonly Visible[];
}

/** A common table expression; its query is resolved anew for each reference. */
export interface CommonTable {
  readonly statement: SelectStmt;
  readonly names: readonly string[];
  readonly scope: Scope;
  readonly isRecursive: boolean;
  /** Set while its own query is resolved: the columns that it will have. */
  recursion: readonly string[] | null;
  isReferenced: boolean;
  isSelfReferenced: boolean;
}

/** What an element of a from-list gives to its level. */
export interface FromEntry {
  readonly item: FromItem;
  readonly names: readonly Named[];
  readonly visible: readonly Visible[];
}

const SYSTEM_COLUMNS = new Set(["ctid", "xmin", "xmax", "cmin", "cmax", "tableoid"]);

export class Scope {
  readonly parent: Scope | null;
  names: readonly Named[] = [];
  visible: readonly Visible[] = [];
  readonly commonTables = new Map<string, CommonTable>();
  /** Names of a function's arguments, in the scope of its body. */
  readonly argumentNames: ReadonlySet<string> | null;
  hasAggregates = false;
  hasWindows = false;
  /** Columns of this level's from-list that were named so far. */
  namedCount = 0;

  constructor(parent: Scope | null, argumentNames: ReadonlySet<string> | null = null) {
    this.parent = parent;
    this.argumentNames = argumentNames;
  }

  /** True inside the body of a function, where `$1` is an argument. */
  get isInFunction(): boolean {
    return this.argumentNames !== null || (this.parent?.isInFunction ?? false);
  }

  commonTable(name: string): CommonTable | null {
    return this.commonTables.get(name) ?? this.parent?.commonTable(name) ?? null;
  }

  /** The column, or null for a function's argument. */
  find(path: readonly string[]): Variable | null {
    for (let scope: Scope | null = this; scope !== null; scope = scope.parent) {
      const found = path.length === 1 ? scope.#findPlain(path[0]!) : scope.#findQualified(path);
      if (found !== null) {
        scope.namedCount++;
        markNamed(found);
        return found;
      }
      const isArgument = path.some((name) => scope.argumentNames?.has(name));
      if (isArgument) return null;
    }
    const last = path.at(-1)!;
    return uncacheable(SYSTEM_COLUMNS.has(last) ? `the system column ${last}` : `the name ${path.join(".")}`);
  }

  /** True if this level has such a column, without naming it. */
  has(name: string): boolean {
    return this.visible.some((each) => each.name === name);
  }

  star(qualifier: readonly string[]): readonly Visible[] {
    if (qualifier.length === 0) return this.visible;
    for (let scope: Scope | null = this; scope !== null; scope = scope.parent) {
      const named = scope.#findNamed(qualifier);
      if (named !== null) return named.columns;
    }
    return uncacheable(`the name ${qualifier.join(".")}`);
  }

  #findPlain(name: string): Variable | null {
    let found: Variable | null = null;
    for (const each of this.visible) {
      if (each.name !== name) continue;
      if (found !== null) return uncacheable(`the name ${name} means more than one column`);
      found = each.variable;
    }
    const whole = found === null ? this.names.find(({ alias }) => alias === name) : undefined;
    return whole === undefined ? found : wholeRow(whole);
  }

  #findQualified(path: readonly string[]): Variable | null {
    const named = this.#findNamed(path.slice(0, -1));
    if (named === null) return null;
    const last = path.at(-1)!;
    const found = named.columns.find(({ name }) => name === last);
    if (found !== undefined) return found.variable;
    return uncacheable(SYSTEM_COLUMNS.has(last) ? `the system column ${last}` : `the name ${path.join(".")}`);
  }

  #findNamed(qualifier: readonly string[]): Named | null {
    const [first, second] = qualifier;
    if (qualifier.length > 2) return null;
    return (
      this.names.find((each) =>
        second === undefined ? each.alias === first : each.schema === first && each.alias === second,
      ) ?? null
    );
  }
}

/** The row of a subquery as one value: its columns were named inside. Of a table's row it is not known what is used. */
function wholeRow({ alias, columns }: Named): Variable {
  const isMade = columns.every(({ variable }) => variable.source.kind !== "table");
  if (!isMade || columns.length === 0) return uncacheable(`the whole row ${alias}`);
  return { source: columns[0]!.variable.source, name: alias, typeOid: null, valueClass: null };
}

export function markNamed(variable: Variable): void {
  if (variable.source.kind === "table") variable.source.named.add(variable.name);
}

/** The columns of a source, under the names that an alias list gives them. */
export function visibleOf(source: Source, aliases: readonly string[] = []): readonly Visible[] {
  return source.columns.map((variable, index) => ({ name: aliases[index] ?? variable.name, variable }));
}
