/** Key queries as SQL: the values that a column has in the rows which a narrowed read sees. */
import pg from "pg";
import type { Catalog } from "./catalog.ts";
import type { KeyCondition, KeySource } from "./narrow.ts";
import type { Condition, Item, KeyQuery } from "./shape.ts";

/** More keys than this widen the read to its table. The query gives one more at most. */
export const KEYS_MAX = 1_000;

const quoted = pg.escapeIdentifier;

/** Writes one key query; its parameters are numbered from 1 in the order in which they come. */
class Writer {
  readonly parameters: number[] = [];
  readonly #catalog: Catalog;
  readonly #types: readonly number[];

  constructor(catalog: Catalog, parameterTypes: readonly number[]) {
    this.#catalog = catalog;
    this.#types = parameterTypes;
  }

  select({ table, column, conditions }: KeySource, expression: string): string {
    const { schema, name } = table.relation;
    const from = `${table.isOnly ? "only " : ""}${quoted(schema)}.${quoted(name)}`;
    const where = conditions.map((condition) => this.#condition(condition));
    return `select ${expression} from ${from} where ${[...where, `${quoted(column.name)} is not null`].join(" and ")}`;
  }

  #condition(condition: KeyCondition): string {
    const column = quoted(condition.column);
    if ("keys" in condition) {
      return `${column} in (${this.select(condition.keys, quoted(condition.keys.column.name))})`;
    }
    const tests = condition.items.map((item) => this.#test(column, item, condition));
    return tests.length === 1 ? tests[0]! : `(${tests.join(" or ")})`;
  }

  #test(column: string, item: Item, { valueClass }: Condition): string {
    if (item.kind === "constant") {
      if (item.value === null) return `${column} is null`;
      return `${column} = ${pg.escapeLiteral(item.value)}::${this.#typeOfConstant(valueClass, item.value)}`;
    }
    if (item.kind === "keys") throw new TypeError("a key query stands on key sources, not on their answers");
    if (item.kind === "setting") {
      const operator = item.matchesNull ? "is not distinct from" : "=";
      const value = `pg_catalog.current_setting(${pg.escapeLiteral(item.name)}, true)`;
      return `${column} ${operator} ${value}::${this.#typeName(item.typeOid)}`;
    }
    const type = this.#typeName(this.#types[item.number - 1] ?? 0);
    const operator = item.kind === "parameter" && item.matchesNull ? "is not distinct from" : "=";
    const value = `$${this.#number(item.number)}::${type}`;
    return `${column} ${operator} ${item.kind === "array" ? `any(${value})` : value}`;
  }

  #number(parameter: number): number {
    const index = this.parameters.indexOf(parameter);
    return index === -1 ? this.parameters.push(parameter) : index + 1;
  }

  /** An int8 can be looked up in an index of any integer type; numeric cannot. */
  #typeOfConstant(valueClass: string, value: string): string {
    if (valueClass === "number") return /^-?\d{1,18}$/.test(value) ? "pg_catalog.int8" : "pg_catalog.numeric";
    if (valueClass.startsWith("enum:")) return this.#typeName(Number(valueClass.slice("enum:".length)));
    return `pg_catalog.${valueClass}`;
  }

  #typeName(oid: number): string {
    const type = this.#catalog.typeByOid(oid)!;
    return `${quoted(type.schema)}.${quoted(type.name)}`;
  }
}

/** The SQL of a key query. */
export function writeKeyQuery(source: KeySource, catalog: Catalog, parameterTypes: readonly number[]): KeyQuery {
  const writer = new Writer(catalog, parameterTypes);
  const expression = `distinct ${quoted(source.column.name)}::pg_catalog.text as key`;
  const sql = `${writer.select(source, expression)} limit ${KEYS_MAX + 1}`;
  return { sql, parameters: writer.parameters };
}
