/**
 * The history of a database, `lineshaft.migration`, and how it compares with the folder.
 *
 * Applied files are the first ones of the folder, in order. Anything else has a name: `edited` (another checksum),
 * `unknown` (the database is ahead: newer code migrated it), or it is an error (the two took different ways).
 * A row in state `running` or `failed` belongs to a file without a transaction that stopped half-way; it is pending.
 */
import type { Client } from "pg";
import { MigrationError } from "./errors.ts";
import { fileNumber, type MigrationFile } from "./files.ts";

export interface HistoryRow {
  readonly number: number;
  readonly name: string;
  readonly checksum: string;
  readonly state: "applied" | "running" | "failed";
  readonly statementsDone: number;
  readonly appliedAt: Date;
  readonly durationMs: number;
  readonly error: string | null;
}

/** A file that has to run. */
export interface PendingFile {
  readonly file: MigrationFile;
  /** Statements that an earlier run finished; 0 unless the file has no transaction and is unchanged since. */
  readonly statementsDone: number;
}

export interface Comparison {
  readonly applied: readonly HistoryRow[];
  readonly pending: readonly PendingFile[];
  readonly edited: readonly MigrationFile[];
  /** Applied, and not in the folder: the database is ahead. */
  readonly unknown: readonly HistoryRow[];
}

export async function readHistory(client: Client): Promise<readonly HistoryRow[]> {
  const { rows } = await client.query<HistoryRow>(
    `select number, name, checksum, state, statements_done as "statementsDone", applied_at as "appliedAt",
      duration_ms as "durationMs", error from lineshaft.migration order by number`,
  );
  return rows;
}

/** @throws {MigrationError} MIGRATION_DIVERGED. */
export function compareHistory(files: readonly MigrationFile[], history: readonly HistoryRow[]): Comparison {
  const rows = new Map(history.map((row) => [row.number, row]));
  const applied = history.filter((row) => row.state === "applied");
  const last = applied.at(-1)?.number ?? 0;
  const pending: PendingFile[] = [];
  const edited: MigrationFile[] = [];
  for (const file of files) {
    const row = rows.get(file.number);
    if (row?.state === "applied") {
      if (row.checksum === file.checksum) continue;
      if (row.name !== file.name)
        throw diverged(`is applied here as "${row.name}", and the folder has "${file.name}"`, file.number);
      edited.push(file);
    } else if (file.number < last) {
      throw diverged(`was never applied here, though ${fileNumber(last)} was`, file.number);
    } else {
      pending.push({ file, statementsDone: row?.checksum === file.checksum ? row.statementsDone : 0 });
    }
  }
  return { applied, pending, edited, unknown: applied.filter((row) => row.number > files.length) };
}

/** @throws {MigrationError} MIGRATION_EDITED. */
export function assertUnedited(comparison: Comparison): void {
  const [file] = comparison.edited;
  if (file === undefined) return;
  throw new MigrationError(
    "MIGRATION_EDITED",
    `${file.path} was changed after it was applied to this database. ` +
      "Files are forward only: restore it (git checkout), and write the change as a next file. " +
      "A database of development can be dropped instead, and is made anew at the next start.",
    { details: { number: file.number } },
  );
}

function diverged(what: string, number: number): MigrationError {
  return new MigrationError(
    "MIGRATION_DIVERGED",
    `Migration ${fileNumber(number)} ${what}. Two branches took the same number: ` +
      "give the file that is applied nowhere else the next free number, and make a database of development anew.",
    { details: { number } },
  );
}
