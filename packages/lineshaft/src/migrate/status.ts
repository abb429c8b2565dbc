/** Where a database stands, for people and for the console. Reads only. */
import type { Client } from "pg";
import { readCatalog } from "./actual.ts";
import { fileNumber, readFiles } from "./files.ts";
import { compareHistory, type HistoryRow, readHistory } from "./history.ts";

export interface MigrationStatus {
  readonly applied: readonly HistoryRow[];
  /** File names that wait to be applied. */
  readonly pending: readonly string[];
  /** File names that were changed after they were applied. */
  readonly edited: readonly string[];
  /** Applied, and not in the folder: the database is ahead. */
  readonly unknown: readonly HistoryRow[];
  /** Files without a transaction that stopped half-way; they are pending, too. */
  readonly failed: readonly HistoryRow[];
}

/**
 * Compares the folder with the history of the database.
 *
 * @param client  Not inside a transaction.
 * @throws {MigrationError} MIGRATION_FILE, MIGRATION_DIVERGED.
 */
export async function migrationStatus(client: Client, folder: string): Promise<MigrationStatus> {
  const files = await readFiles(folder);
  const { hasHistory } = await readCatalog(client, []);
  const history = hasHistory ? await readHistory(client) : [];
  const { applied, pending, edited, unknown } = compareHistory(files, history);
  const label = (file: { readonly number: number; readonly name: string }): string =>
    `${fileNumber(file.number)}_${file.name}`;
  return {
    applied,
    pending: pending.map(({ file }) => label(file)),
    edited: edited.map(label),
    unknown,
    failed: history.filter((row) => row.state !== "applied"),
  };
}
