/**
 * Analyse: what a statement reads, from its text and the catalog, without running it.
 *
 *     text ─parse─► tree ─resolve─► query ─push─► facts of each table ─narrow─► shape
 *                          (select, from-clause, expressions, facts)
 *
 * Promises. The shape is never narrower than the truth: a change that alters the answer touches the bound read set.
 * Every construct is known or makes the statement uncacheable, with a reason; nothing throws for a statement's sake.
 * Not promised: that a touched answer has changed; that a statement which would fail is refused. The order of rows
 * without ORDER BY, and which of equal rows passes a LIMIT, are any the server likes.
 * Policies. What row level security hides from the role is left out by a condition that the tree does not show; it is
 * taken from the catalog, with all that it reads. It may stand on settings, whose values the caller has to tell.
 * Needs. One role for the catalog and all statements. The parameters' types as the server describes them; a search
 * path as at run time; TimeZone, DateStyle and the
 * text search configuration fixed for all sessions; rows of changes in the ISO date style.
 */
import { loadModule, parseSync } from "libpg-query";
import type { Catalog } from "./catalog.ts";
import type { Resolving } from "./expressions.ts";
import { writeKeyQuery } from "./key-query.ts";
import { type Alternatives, findKeys, Groups, type KeySource, narrow } from "./narrow.ts";
import { pushQuery } from "./push.ts";
import type { Fact, ListOrder, Query, TableSource } from "./query.ts";
import { rules } from "./rules.ts";
import { resolveBody, resolveQuery } from "./select.ts";
import {
  type CacheableShape,
  type Condition,
  type KeyQuery,
  type Order,
  type Read,
  type Shape,
  UncacheableError,
} from "./shape.ts";

/** Text of a statement that is analysed; longer ones are uncacheable. */
export const STATEMENT_CHARS_MAX = 100_000;

export interface AnalyseOptions {
  /** Schemas in which names are looked up, as at run time. `pg_catalog` need not be named. */
  readonly searchPath: readonly string[];
  /** Type of each parameter as the server describes the statement; `$1` first. */
  readonly parameterTypes: readonly number[];
  /**
   * Custom settings, in lower case, whose values are the same for the whole call and are given to `bind`. What is kept
   * must be kept under these values, too.
   */
  readonly settings?: readonly string[];
}

/** Loads the parser. Once, before the first `analyse`. */
export async function loadParser(): Promise<void> {
  await loadModule();
}

/** The shape of a statement. Call `loadParser` first. Costs some hundred microseconds: keep the shape. */
export function analyse(sql: string, catalog: Catalog, options: AnalyseOptions): Shape {
  const { searchPath, parameterTypes, settings = [] } = options;
  if (sql.length > STATEMENT_CHARS_MAX) return { isCacheable: false, reason: "the length of the statement" };
  if (catalog.hasOpaqueCasts) return { isCacheable: false, reason: "a cast that a user defined" };
  const resolving: Resolving = {
    ...{ catalog, path: searchPath, parameterTypes, resolveQuery, resolveBody },
    ...{ tables: [], loose: [], datetimeParameters: new Set<number>(), depth: 0 },
    ...{
      told: new Set(settings),
      settings: new Set<string>(),
      user: catalog.role,
      reader: catalog.role,
      isInPolicy: false,
    },
  };
  try {
    const statements = parseSync(sql).stmts ?? [];
    if (statements.length !== 1) return { isCacheable: false, reason: "the number of statements" };
    const query = resolveQuery(resolving, statements[0]!.stmt, null);
    return new Reads(catalog, parameterTypes).collect(query, resolving);
  } catch (error) {
    if (error instanceof UncacheableError) return { isCacheable: false, reason: error.message };
    return { isCacheable: false, reason: `the parser: ${error instanceof Error ? error.message : "an error"}` };
  }
}

/** Gathers the reads of a query, each once, and the key queries that they stand on. */
class Reads {
  readonly #catalog: Catalog;
  readonly #parameterTypes: readonly number[];
  readonly #reads = new Map<string, Read>();
  readonly #keyQueries: KeyQuery[] = [];
  #list: ListOrder | null = null;

  constructor(catalog: Catalog, parameterTypes: readonly number[]) {
    this.#catalog = catalog;
    this.#parameterTypes = parameterTypes;
  }

  collect(query: Query, { loose, datetimeParameters, settings }: Resolving): CacheableShape {
    this.#list = query.kind === "select" ? query.order : null;
    const visit = (table: TableSource, facts: readonly Fact[]) => this.#visit(table, facts);
    for (const each of [query, ...loose]) pushQuery(each, [], [], visit);
    return {
      isCacheable: true,
      reads: [...this.#reads.values()],
      keyQueries: this.#keyQueries,
      datetimeParameters: [...datetimeParameters],
      settings: [...settings],
    };
  }

  #visit(table: TableSource, facts: readonly Fact[]): void {
    const order = this.#list?.source === table ? this.#list.order : null;
    this.#add(table, narrow(table, facts) ?? this.#narrowByKeys(table, facts), order);
  }

  #narrowByKeys(table: TableSource, facts: readonly Fact[]): Alternatives | null {
    const found = findKeys(table, new Groups(facts));
    return found === null ? null : [[this.#keyCondition(found.column.name, found.keys)]];
  }

  /** Registers the key query, and what it reads. */
  #keyCondition(column: string, source: KeySource): Condition {
    const conditions = source.conditions.map((each) =>
      "keys" in each ? this.#keyCondition(each.column, each.keys) : each,
    );
    this.#add(source.table, [conditions]);
    const keyQuery = writeKeyQuery(source, this.#catalog, this.#parameterTypes);
    const known = this.#keyQueries.findIndex(
      ({ sql, parameters }) => sql === keyQuery.sql && parameters.join() === keyQuery.parameters.join(),
    );
    const index = known === -1 ? this.#keyQueries.push(keyQuery) - 1 : known;
    return { column, valueClass: source.column.valueClass!, items: [{ kind: "keys", index }] };
  }

  #add(table: TableSource, alternatives: Alternatives | null, order: Order | null = null): void {
    const { oid, schema, name } = table.relation;
    const conditions = alternatives === null ? "" : JSON.stringify(alternatives);
    const signature = order === null ? `${oid} ${conditions}` : `${oid} ${conditions} ${JSON.stringify(order)}`;
    const known = this.#reads.get(signature);
    const own = maskOf(table);
    const mask = known === undefined ? own : known.mask === null || own === null ? null : known.mask.union(own);
    this.#reads.set(signature, { table: oid, name: `${schema}.${name}`, alternatives, mask, order });
  }
}

/**
 * The columns that the statement names. All of them count for a partition, which a row leaves when a column changes
 * that nobody names, and when a generated column is among them, which changes by others and may not be in the log.
 */
function maskOf({ relation, named }: TableSource): ReadonlySet<string> | null {
  if (!rules.maskHoldsEveryName) return new Set();
  if (relation.isPartition) return null;
  const isGenerated = relation.columns.some(({ name, isGenerated }) => isGenerated && named.has(name));
  return isGenerated && rules.generatedColumnsAreNoTags ? null : named;
}
