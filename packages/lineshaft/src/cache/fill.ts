/**
 * Fill: watches one call whose answer may be kept, and gathers what the answer depends on.
 *
 * It knows the snapshot that all statements of the call contain, and each statement's read set. The first thing that
 * cannot be known makes the answer one that is not kept; the call itself goes on as ever. What gets a short life all
 * the same needs no read set: only statements that may not be kept at all matter then.
 */
import type { CallObserver, StatementSeen } from "../data/observer.ts";
import { type BoundRead, bind, type CacheableShape, type KeyAnswer, type Shape } from "../readset/index.ts";
import { Snapshot } from "./fence.ts";
import type { Shapes } from "./shapes.ts";

/** Statements of one call; the answer of one that makes more is not kept. */
export const STATEMENTS_MAX = 200;
/** What a read, and each value of it, weighs beside its characters: measured, rounded up. */
const VALUE_BYTES = 100;

export class Fill implements CallObserver {
  /** Which life of the cache it belongs to. */
  readonly epoch: number;
  /** When the answer's life ends, whatever it depends on; `null`: with a change of what it depends on. */
  readonly untilMs: number | null;
  readonly #shapes: Shapes;
  readonly #reads: BoundRead[] = [];
  #snapshot: Snapshot | null = null;
  #statements = 0;
  #reason: string | null = null;
  #ages: string | null = null;
  #needsTransaction = false;

  constructor(epoch: number, shapes: Shapes, untilMs: number | null = null) {
    this.epoch = epoch;
    this.untilMs = untilMs;
    this.#shapes = shapes;
  }

  /** Why the answer cannot be kept; `null` while nothing speaks against it. */
  get reason(): string | null {
    return this.#reason;
  }

  /** What makes the answer old beside changes of rows: it is not kept, and who watches its reads looks again, too. */
  get ages(): string | null {
    return this.#ages;
  }

  get reads(): readonly BoundRead[] {
    return this.#reads;
  }

  /** What its read set weighs where it is filed. One answer can depend on thousands of values. */
  get readBytes(): number {
    let bytes = 0;
    for (const { alternatives } of this.#reads) {
      bytes += VALUE_BYTES;
      for (const { values } of alternatives ?? []) {
        for (const list of values) for (const value of list ?? []) bytes += VALUE_BYTES + (value?.length ?? 0);
      }
    }
    return bytes;
  }

  /** The oldest snapshot that was read from; `null` when nothing was read. */
  get snapshot(): Snapshot | null {
    return this.#snapshot;
  }

  /** Whether keys had to be asked for in the statement's snapshot, and the call had no transaction. */
  get needsTransaction(): boolean {
    return this.#needsTransaction;
  }

  refuse(reason: string): void {
    this.#reason ??= reason;
  }

  /** The answer also depends on something that nobody hears of. */
  age(by: string): void {
    this.#ages ??= by;
  }

  restarted(): void {
    this.#reads.length = 0;
    this.#snapshot = null;
    this.#statements = 0;
    this.#reason = null;
    this.#ages = null;
  }

  began(snapshot: string): void {
    this.#snapshot ??= new Snapshot(snapshot);
  }

  seen(statement: StatementSeen): void | Promise<void> {
    if (this.#reason !== null) return;
    if (++this.#statements > STATEMENTS_MAX) return this.refuse("the number of statements");
    const shape = this.#shapes.get(statement.service, statement.text);
    if (shape === undefined) return this.#analyse(statement);
    return this.#read(shape, statement);
  }

  #read(shape: Shape, statement: StatementSeen): void | Promise<void> {
    if (!shape.isCacheable) return this.refuse(shape.reason);
    if (this.untilMs !== null) return;
    if (shape.keyQueries.length > 0) return this.#addWithKeys(shape, statement);
    this.#add(shape, statement, []);
  }

  async #analyse(statement: StatementSeen): Promise<void> {
    const { service, text, name } = statement;
    if (name === undefined) return this.refuse("a statement that is not prepared");
    const { rows } = await statement.ask(PARAMETER_TYPES, [name]);
    const [row] = rows as { types: string }[];
    if (row === undefined) return this.refuse("a statement that the session does not know");
    const types = row.types.slice(1, -1);
    return this.#read(this.#shapes.add(service, text, types === "" ? [] : types.split(",").map(Number)), statement);
  }

  async #addWithKeys(shape: CacheableShape, statement: StatementSeen): Promise<void> {
    if (!statement.isInTransaction) {
      this.#needsTransaction = true;
      return this.refuse("keys that need the snapshot of the statement");
    }
    const answers = shape.keyQueries.map(({ sql, parameters }) =>
      statement.ask(
        sql,
        parameters.map((number) => statement.parameters[number - 1]),
      ),
    );
    const keys = (await Promise.all(answers)).map(({ rows }): KeyAnswer => (rows as { key: string }[]).map(keyOf));
    this.#add(shape, statement, keys);
  }

  #add(shape: CacheableShape, { parameters, rows }: StatementSeen, keys: readonly KeyAnswer[]): void {
    const bound = bind(shape, parameters, keys, { rows });
    if (bound.isCacheable) this.#reads.push(...bound.reads);
    else this.refuse(bound.reason);
  }
}

const PARAMETER_TYPES = `select parameter_types::pg_catalog.oid[]::pg_catalog.text as types
  from pg_catalog.pg_prepared_statements where name = $1`;

const keyOf = ({ key }: { readonly key: string }): string => key;
