/** A database with the tables of the cases, and the truth: did a change alter an answer, and was its entry touched? */
import { randomUUID } from "node:crypto";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import pg from "pg";
import { sharedServer, type TestDatabase } from "../../testkit/shared-server.ts";
import type { Relation } from "../catalog.ts";
import {
  type AnalyseOptions,
  analyse,
  bind,
  type Catalog,
  type Condition,
  type Item,
  type KeyAnswer,
  loadCatalog,
  loadParser,
  ReadSetIndex,
  type RowChange,
  type Shape,
} from "../index.ts";

/** Below are the server's own relations. */
const FIRST_USER_OID = 16_384;

export interface Case {
  readonly name: string;
  readonly query: string;
  readonly params: readonly unknown[];
  readonly seed: string | null;
  readonly table: string;
  readonly change: string;
  /** A column whose value the change does not tell. */
  readonly untold?: string;
}

export type Outcome = "touched" | "missed" | "unchanged";

const ACCOUNT = "1";
const DATA = join(import.meta.dirname, "data");
export const CASES = JSON.parse(readFileSync(join(DATA, "cases.json"), "utf8")) as {
  readonly cases: readonly Case[];
  readonly uncacheable: readonly string[];
};

const AS_TEXT = { getTypeParser: () => (text: string) => text } as unknown as pg.CustomTypesConfig;

export interface Asked {
  /** The rows as one text. */
  readonly answer: string;
  /** The rows by name, in their order, every value as text. */
  readonly rows: readonly unknown[];
}

export class ReadSetStand implements AsyncDisposable {
  readonly client: pg.Client;
  readonly #drop: () => void;
  readonly #hasOldRows: boolean;
  catalog!: Catalog;
  path: readonly string[] = ["public"];
  /** What the caller tells of its settings. */
  readonly settings: ReadonlyMap<string, string>;
  /** The role that asks; null: the one that writes, for whom no policies hold. */
  reader: string | null = null;

  private constructor(client: pg.Client, version: number, drop: () => void) {
    this.client = client;
    this.#hasOldRows = version >= 180_000;
    this.#drop = drop;
    this.settings = new Map([["app.account", ACCOUNT]]);
  }

  /** An empty database of the test server. */
  static async open(binaries?: string): Promise<ReadSetStand> {
    await loadParser();
    const server = await sharedServer(binaries);
    const database: TestDatabase = await server.take("");
    const client = new pg.Client({ connectionString: database.url });
    await client.connect();
    await client.query(`set jit = off; set app.account = '${ACCOUNT}'`);
    const { rows } = await client.query("show server_version_num");
    return new ReadSetStand(client, Number(rows[0].server_version_num), () => server.drop(database));
  }

  /** The database of the directed cases. */
  static async openWithCases(binaries?: string): Promise<ReadSetStand> {
    const stand = await ReadSetStand.open(binaries);
    const generated = `create table gv (id int primary key, x int, v int generated always as (x * 2)
      ${stand.#hasOldRows ? "virtual" : "stored"})`;
    for (const text of [read("schema.sql"), read("extras.sql"), generated]) await stand.client.query(text);
    await stand.#grant(`reader_${randomUUID()}`);
    await stand.reload();
    return stand;
  }

  analyse(sql: string, options: AnalyseOptions): Shape {
    return analyse(sql, this.catalog, options);
  }

  async reload(): Promise<void> {
    this.catalog = await this.asReader(() => loadCatalog(this.client));
  }

  /** Runs something as the role that asks, who is not the one that writes: policies hold for it. */
  async asReader<TValue>(run: () => Promise<TValue>): Promise<TValue> {
    if (this.reader === null) return run();
    await this.client.query(`set role ${pg.escapeIdentifier(this.reader)}`);
    try {
      return await run();
    } finally {
      await this.client.query("reset role");
    }
  }

  /** Types of the parameters as the server describes the statement. */
  async describe(sql: string): Promise<readonly number[]> {
    await this.client.query(`prepare described as ${sql}`);
    const types = "select parameter_types::oid[]::int8[]::text[] as types from pg_prepared_statements";
    const { rows } = await this.client.query(`${types} where name = 'described'`);
    await this.client.query("deallocate described");
    return (rows[0].types as readonly string[]).map(Number);
  }

  /** The shape of a statement. `onRelation` gets the tables and views that the server finds in it. */
  async shapeOf(sql: string, onRelation?: (oid: number) => void): Promise<Shape> {
    const listen = ({ message, detail }: { message?: string | undefined; detail?: string | undefined }) => {
      if (message !== "rewritten parse tree:") return;
      for (const [, oid] of (detail ?? "").matchAll(/:relid (\d+)/g))
        if (Number(oid) >= FIRST_USER_OID) onRelation?.(Number(oid));
    };
    if (onRelation !== undefined)
      await this.client.query("set client_min_messages = log; set debug_print_rewritten = on");
    this.client.on("notice", listen);
    const parameterTypes = await this.describe(sql).finally(async () => {
      this.client.off("notice", listen);
      if (onRelation !== undefined) await this.client.query("reset client_min_messages; reset debug_print_rewritten");
    });
    return analyse(sql, this.catalog, {
      ...{ searchPath: this.path, parameterTypes, settings: [...this.settings.keys()] },
    });
  }

  /** The rows of an answer in a spelling of their own. */
  async answer(sql: string, parameters: readonly unknown[]): Promise<string> {
    return (await this.ask(sql, parameters)).answer;
  }

  async ask(sql: string, parameters: readonly unknown[]): Promise<Asked> {
    const values = [...parameters];
    const { rows, fields } = await this.client.query({ text: sql, values, rowMode: "array", types: AS_TEXT });
    const named = rows.map((row: unknown[]) => Object.fromEntries(fields.map(({ name }, index) => [name, row[index]])));
    const spelled = rows.map((row) => JSON.stringify(row.map(plainNumber)));
    // Sorted: the server owes no order.
    return { answer: spelled.sort().join("\n"), rows: named };
  }

  async keysOf(shape: Shape, parameters: readonly unknown[]): Promise<readonly KeyAnswer[]> {
    if (!shape.isCacheable) return [];
    const answers: KeyAnswer[] = [];
    for (const { sql, parameters: numbers } of shape.keyQueries) {
      const values = numbers.map((number) => parameters[number - 1]);
      const { rows } = await this.client.query({ text: sql, values, rowMode: "array" });
      answers.push(rows.map(([key]) => key as string | null));
    }
    return answers;
  }

  /** The reads of a statement as text, for tests of what is narrowed. */
  readsOf(shape: Shape): readonly string[] {
    if (!shape.isCacheable) return [`uncacheable: ${shape.reason}`];
    return shape.reads
      .map(({ name, alternatives }) => `${name.replace("public.", "")}(${alternatives?.map(spell).join(" or ") ?? ""})`)
      .sort();
  }

  /** An index with one entry, the read set of a call; null if the call must not be cached. */
  async indexOf(
    shape: Shape,
    parameters: readonly unknown[],
    rows: readonly unknown[],
  ): Promise<ReadSetIndex<number> | null> {
    if (!shape.isCacheable) return null;
    const readSet = bind(shape, parameters, await this.keysOf(shape, parameters), {
      ...{ rows, settings: this.settings },
    });
    if (!readSet.isCacheable) return null;
    const index = new ReadSetIndex<number>((oid) => this.catalog.lineage(oid));
    index.add(1, readSet);
    return index;
  }

  /** Runs a case, and leaves the database as it was. */
  async outcomeOf({ query, params, seed, change, untold }: Case): Promise<Outcome> {
    const shape = await this.shapeOf(query);
    await this.client.query("begin");
    try {
      if (seed !== null) await this.client.query(seed);
      const { answer, index } = await this.asReader(async () => {
        const asked = await this.ask(query, params);
        return { answer: asked.answer, index: await this.indexOf(shape, params, asked.rows) };
      });
      const changes = (await this.change(change)).map((each) => (untold === undefined ? each : forget(each, untold)));
      if ((await this.asReader(() => this.answer(query, params))) === answer) return "unchanged";
      return index === null || changes.some((each) => index.touched(each).has(1)) ? "touched" : "missed";
    } finally {
      await this.client.query("rollback");
    }
  }

  /** The entries that a change touches of an index with one, the answer to a statement, as it is before. */
  async touchedBy(sql: string, change: string): Promise<readonly number[]> {
    await this.client.query("begin");
    try {
      const { rows } = await this.ask(sql, []);
      const index = await this.indexOf(await this.shapeOf(sql), [], rows);
      return (await this.change(change)).flatMap((each) => [...index!.touched(each)]);
    } finally {
      await this.client.query("rollback");
    }
  }

  /** Runs a statement that writes, and tells what the log would tell of it. */
  async change(sql: string, parameters: readonly unknown[] = []): Promise<readonly RowChange[]> {
    const [, verb, name] = /^\s*(insert|update|delete)(?:\s+(?:into|from|only))*\s+([^\s(]+)/i.exec(sql)!;
    const kind = verb!.toLowerCase() as RowImages["kind"];
    const [first, second] = name!.match(/"[^"]+"|[^".]+/g)!.map((part) => part.replaceAll('"', ""));
    const [schema, table] = second === undefined ? [undefined, first!] : [first, second];
    const relation = this.catalog.relation(schema, table, this.path) as Relation;
    const told = relation.columns.filter(({ isGenerated }) => !isGenerated);
    const list = (row: string) => told.map(({ name, valueClass }) => textOf(`${row}."${name}"`, valueClass)).join(", ");
    // Before Postgres 18 only the new row is returned, which is enough for those who insert.
    const returning = this.#hasOldRows
      ? `array[new.tableoid, old.tableoid]::int8[]::text[], array[${list("old")}], array[${list("new")}]`
      : `array[tableoid, null]::int8[]::text[], null, array[${list(`"${table}"`)}]`;
    const text = `${sql} returning ${returning}`;
    const { rows } = await this.client.query({ text, values: [...parameters], rowMode: "array" });
    const columns = told.map((column) => ({ name: column.name }));
    return rows.flatMap(([[now, was], old, fresh]) => changesOf(columns, { kind, now, was, old, new: fresh }));
  }

  /** Roles are the cluster's, so each database has its own. */
  async #grant(role: string): Promise<void> {
    const name = pg.escapeIdentifier(role);
    await this.client.query(`create role ${name}; grant usage on schema public, other, s2 to ${name};
      grant select on all tables in schema public, other, s2 to ${name};
      grant select on all sequences in schema public to ${name};
      alter default privileges in schema public grant select on tables to ${name}`);
    this.reader = role;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.reader !== null) {
      const name = pg.escapeIdentifier(this.reader);
      await this.client.query(`drop owned by ${name} cascade; drop role ${name}`);
    }
    await this.client.end();
    this.#drop();
  }
}

interface RowImages {
  readonly kind: "insert" | "update" | "delete";
  readonly now: string | null;
  readonly was: string | null;
  readonly old: readonly (string | null)[];
  readonly new: readonly (string | null)[];
}

/** The log tells a move between partitions as a deletion and an insertion. */
function changesOf(columns: RowChange["table"]["columns"], images: RowImages): readonly RowChange[] {
  const { kind, now, was, old, new: fresh } = images;
  const [to, from] = [now ?? was, was ?? now].map((oid) => ({ oid: Number(oid), columns })) as [Table, Table];
  if (kind === "insert") return [{ table: to, kind, new: fresh }];
  if (kind === "delete") return [{ table: from, kind, old }];
  if (now === was) return [{ table: to, kind, old, new: fresh }];
  return [
    { table: from, kind: "delete", old },
    { table: to, kind: "insert", new: fresh },
  ];
}

type Table = RowChange["table"];

/** As the server writes the value: a cast of char(n) to text would take the blanks away. */
function textOf(column: string, valueClass: string | null): string {
  return valueClass === "bpchar" ? `textin(bpcharout(${column}))` : `${column}::text`;
}

function forget(change: RowChange, column: string): RowChange {
  const without = (row: RowChange["old"]) =>
    row?.map((value, index) => (change.table.columns[index]!.name === column ? undefined : value));
  return { ...change, old: without(change.old), new: without(change.new) };
}

function spell(conditions: readonly Condition[]): string {
  return conditions.map(({ column, items }) => `${column}:${items.map(spellItem).join()}`).join(" and ");
}

function spellItem(item: Item): string {
  if (item.kind === "constant") return item.value ?? "null";
  if (item.kind === "keys") return `key ${item.index}`;
  return item.kind === "setting" ? item.name : `$${item.number}`;
}

function plainNumber(text: string | null): string | null {
  if (text === null || !/^-?\d+\.\d+$/.test(text)) return text;
  return text.replace(/\.?0+$/, "");
}

function read(name: string): string {
  return readFileSync(join(DATA, name), "utf8");
}
