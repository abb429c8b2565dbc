/**
 * Asked: one statement on its way, in the driver's protocol.
 *
 * Model. The driver sends the messages and tells what comes back; this takes the place of its own `Query`, which copies
 * each configuration property by property, emits an event for each row, and asks the server to describe the answer
 * every time. A prepared statement answers with the same columns until its tables change, and then Postgres refuses it
 * (`isStalePlan`); so the columns are remembered per session and name, and the question is left out.
 * Limits. It leans on parts of the driver that are not its public face, so the driver's version is pinned, and the
 * tests of this folder ask every kind of statement.
 */
import { createRequire } from "node:module";
import pg from "pg";
import { getTypeParser } from "./connection.ts";
import type { Prepared, Statement, StatementResult } from "./session.ts";

const { prepareValue } = createRequire(import.meta.url)("pg/lib/utils") as {
  prepareValue: (value: unknown) => unknown;
};

type Row = Record<string, unknown>;

/** The columns of an answer. */
export interface Columns {
  readonly names: readonly string[];
  readonly parsers: readonly ((value: string) => unknown)[];
  /** A row of nulls: its copies share one hidden class. */
  readonly empty: Row;
}

interface FieldDescription {
  readonly name: string;
  readonly dataTypeID: number;
  readonly format: "text" | "binary";
}

/** The parts of the driver's connection that are used here. */
interface Wire {
  bind(message: object): void;
  execute(message: object): void;
  sync(): void;
}

export type Told = (error: Error | null, result?: StatementResult) => void;

export class Asked {
  readonly text: string;
  readonly values: unknown[] | undefined;
  readonly name: string | undefined;
  readonly queryMode: string | undefined;
  readonly #ahead: readonly Prepared[];
  /** Statements ahead of it whose end was not told yet: rows until then are theirs. */
  #aheadLeft: number;
  readonly #behind: string | undefined;
  readonly callback: Told;
  readonly portal = "";
  readonly binary = false;
  readonly rows = undefined;
  readonly types = undefined;
  readonly #known: Map<string, Columns>;
  readonly #rows: Row[] = [];
  #columns: Columns | undefined;
  #command = "";
  #count: number | null = null;
  #broken: Error | null = null;
  #answered = false;

  /** @param known  Columns of prepared statements of this session, by name. */
  constructor(
    { text, values, name, queryMode, ahead = [], behind }: Statement,
    known: Map<string, Columns>,
    callback: Told,
  ) {
    this.text = text;
    this.values = values;
    this.name = name;
    this.queryMode = queryMode;
    this.#ahead = ahead;
    this.#aheadLeft = ahead.length;
    this.#behind = behind;
    this.#known = known;
    this.callback = callback;
  }

  prepare(connection: Wire): void {
    for (const prepared of this.#ahead) runPrepared(connection, prepared);
    const columns = this.name === undefined ? undefined : this.#known.get(this.name);
    if (!columns) {
      (pg.Query.prototype as unknown as { prepare(connection: Wire): void }).prepare.call(this, connection);
      return;
    }
    this.#columns = columns;
    const { name: statement, values } = this;
    try {
      connection.bind({ portal: "", statement, values, binary: false, valueMapper: prepareValue });
    } catch (error) {
      connection.sync();
      this.handleError(error as Error);
      return;
    }
    connection.execute({ portal: "", rows: 0 });
    if (this.#behind !== undefined) runPrepared(connection, { name: this.#behind });
    connection.sync();
  }

  handleRowDescription({ fields }: { readonly fields: readonly FieldDescription[] }): void {
    const names = fields.map((each) => each.name);
    const parsers = fields.map((each) => getTypeParser(each.dataTypeID, each.format));
    const empty: Row = {};
    for (const name of names) empty[name] = null;
    this.#columns = { names, parsers, empty };
    if (this.name !== undefined) this.#known.set(this.name, this.#columns);
  }

  handleDataRow({ fields }: { readonly fields: readonly (string | null)[] }): void {
    if (this.#broken || this.#aheadLeft > 0) return;
    const { names, parsers, empty } = this.#columns!;
    const row = { ...empty };
    try {
      for (let index = 0; index < fields.length; index++) {
        const text = fields[index];
        if (text !== null) row[names[index]!] = parsers[index]!(text!);
      }
    } catch (error) {
      this.#broken = error as Error;
      return;
    }
    this.#rows.push(row);
  }

  /** `INSERT 0 1`, `SELECT 20`, `COMMIT`. What is asked along with a commit does not hide how that went. */
  handleCommandComplete({ text }: { readonly text: string }): void {
    if (this.#aheadLeft > 0) this.#aheadLeft--;
    const space = text.indexOf(" ");
    const command = space < 0 ? text : text.slice(0, space);
    if (this.#command === "" || command !== "SELECT") this.#command = command;
    const count = space < 0 ? Number.NaN : Number(text.slice(text.lastIndexOf(" ") + 1));
    this.#count = Number.isNaN(count) ? null : count;
  }

  handleEmptyQuery(): void {}
  handlePortalSuspended(): void {}

  handleCopyInResponse(connection: { sendCopyFail(message: string): void }): void {
    connection.sendCopyFail("Copying in is not possible inside a call.");
  }

  handleCopyData(): void {}

  handleError(error: Error): void {
    if (this.#answered) return;
    this.#answered = true;
    this.callback(this.#broken ?? error);
  }

  handleReadyForQuery(): void {
    if (this.#answered) return;
    this.#answered = true;
    if (this.#broken) this.callback(this.#broken);
    else this.callback(null, { rows: this.#rows, rowCount: this.#count, command: this.#command });
  }
}

function runPrepared(connection: Wire, { name: statement, values = [] }: Prepared): void {
  connection.bind({ portal: "", statement, values, binary: false, valueMapper: prepareValue });
  connection.execute({ portal: "", rows: 0 });
}

// The driver takes only queries of its own kind into its pipeline; what is not said above is inherited.
Object.setPrototypeOf(Asked.prototype, pg.Query.prototype);
