/**
 * Outbox: what a transaction states beside its own tables: events, commands for later, files. It goes out with the
 * commit, in the same write, so it costs no round trip, and takes the lock of no table for longer than that.
 */
import type { UploadedFile } from "../define/file.ts";

/** An event on its way into the table. */
export interface EventRow {
  readonly name: string;
  readonly version: number;
  readonly key: string | null;
  readonly lane: number;
  readonly at: Date;
  /** JSON. */
  readonly payload: string;
}

/** A run on its way into the table. */
export interface WorkRow {
  readonly kind: "schedule" | "command";
  readonly target: string;
  readonly lane: number;
  /** One that waits under the same name is replaced. */
  readonly name: string;
  /** JSON. */
  readonly input: string | null;
  readonly actor: string | null;
  readonly dueAt: Date;
}

/** What identifies a run that has a name. */
export type WorkName = Pick<WorkRow, "kind" | "target" | "name">;

export interface OutboxStatement {
  readonly text: string;
  readonly values: unknown[];
}

/** Events of one transaction. */
export const EVENTS_MAX = 1_000;
/** Runs that one transaction may ask for. */
export const WORKS_MAX = 1_000;
/** Files that one transaction may remove. */
export const REMOVED_FILES_MAX = 1_000;

const ONE_EVENT = `insert into lineshaft.event (name, version, key, lane, at, payload) values ($1, $2, $3, $4, $5, $6)`;
const EVENTS = `insert into lineshaft.event (name, version, key, lane, at, payload)
  select * from unnest($1::text[], $2::integer[], $3::text[], $4::smallint[], $5::timestamptz[], $6::json[])`;
const WORK = `insert into lineshaft.work as w (kind, target, lane, name, input, actor, due_at)
  values ($1, $2, $3, $4, $5, $6, $7)
  on conflict (kind, target, name) where name is not null do update
  set input = excluded.input, actor = excluded.actor, due_at = excluded.due_at, state = 'waiting', attempts = 0,
    error = null, failed_at = null, revision = w.revision + 1`;

const FILE = "insert into lineshaft.file (key, type, size, sha256) values ($1, $2, $3, $4)";
const REMOVE_FILE = "select lineshaft.remove_file($1)";

export class Outbox {
  readonly #events: EventRow[] = [];
  readonly #works = new Map<string, WorkRow>();
  readonly #rest: OutboxStatement[] = [];
  readonly #removedFiles = new Set<string>();
  #own: { readonly work: WorkName; readonly end: OutboxStatement } | null = null;
  #isClosed = false;

  get isEmpty(): boolean {
    return this.#events.length + this.#works.size + this.#rest.length === 0 && this.#own === null;
  }

  /** The transaction has ended: what is stated now would be lost without a word. */
  close(): void {
    this.#isClosed = true;
  }

  /** @throws {Error} over `EVENTS_MAX`, and after the end. */
  addEvent(row: EventRow): void {
    this.#checkOpen(`emit(${row.name})`);
    if (this.#events.length >= EVENTS_MAX) {
      throw new Error(`emit(${row.name}): one transaction states at most ${EVENTS_MAX} events.`);
    }
    this.#events.push(row);
  }

  /** @throws {Error} over `WORKS_MAX`, and after the end. */
  addWork(row: WorkRow): void {
    this.#checkOpen(`runAt(${row.target})`);
    if (this.#works.size >= WORKS_MAX) {
      throw new Error(`runAt(${row.target}): one transaction asks for at most ${WORKS_MAX} runs.`);
    }
    this.#works.set(`${row.kind} ${row.target} ${row.name}`, row);
  }

  /** Takes back what this transaction has asked for; whether it had. */
  removeWork({ kind, target, name }: WorkName): boolean {
    return this.#works.delete(`${kind} ${target} ${name}`);
  }

  /** This transaction is the run with this name: it ends that, before it asks for another one under the same name. */
  replace(work: WorkName, end: OutboxStatement): void {
    this.#own = { work, end };
  }

  /** Whether this transaction is the run with this name. */
  isOwn({ kind, target, name }: WorkName): boolean {
    const work = this.#own?.work;
    return work?.kind === kind && work.target === target && work.name === name;
  }

  /** The file that the call took counts with the commit. */
  addFile({ key, type, size, sha256 }: UploadedFile): void {
    this.add({ text: FILE, values: [key, type, size, sha256] });
  }

  /** @throws {Error} over `REMOVED_FILES_MAX`, and after the end. */
  removeFile(key: string): void {
    this.#checkOpen("removeFile");
    if (this.#removedFiles.has(key)) return;
    if (this.#removedFiles.size >= REMOVED_FILES_MAX) {
      throw new Error(`removeFile: one transaction removes at most ${REMOVED_FILES_MAX} files.`);
    }
    this.#removedFiles.add(key);
    this.add({ text: REMOVE_FILE, values: [key] });
  }

  /** Whose bytes may go once this has committed. */
  get removedFiles(): readonly string[] {
    return [...this.#removedFiles];
  }

  /** A statement of the platform's own that belongs to the commit. */
  add(statement: OutboxStatement): void {
    this.#rest.push(statement);
  }

  /** All of it, in the order in which it was stated. */
  statements(): readonly OutboxStatement[] {
    const own = this.#own === null ? [] : [this.#own.end];
    return [...this.#eventStatements(), ...own, ...[...this.#works.values()].map(workStatement), ...this.#rest];
  }

  #checkOpen(what: string): void {
    if (this.#isClosed) throw new Error(`${what}: the call is over. State it before \`run\` returns.`);
  }

  #eventStatements(): OutboxStatement[] {
    const rows = this.#events;
    if (rows.length === 0) return [];
    const [first] = rows as [EventRow];
    if (rows.length === 1) {
      const { name, version, key, lane, at, payload } = first;
      return [{ text: ONE_EVENT, values: [name, version, key, lane, at.toISOString(), payload] }];
    }
    const column = <K extends keyof EventRow>(key: K) => rows.map((row) => row[key]);
    const values = [column("name"), column("version"), column("key"), column("lane"), column("at"), column("payload")];
    return [{ text: EVENTS, values }];
  }
}

function workStatement({ kind, target, lane, name, input, actor, dueAt }: WorkRow): OutboxStatement {
  return { text: WORK, values: [kind, target, lane, name, input, actor, dueAt.toISOString()] };
}
