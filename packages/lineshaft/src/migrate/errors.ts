/**
 * The ways a migration can fail, each with a stable code and a way out in its message.
 *
 * A message names the file and line where there is one, repeats what Postgres said, and ends with what to do. It never
 * holds values of rows: of Postgres' fields only `message`, `hint` and `code` are taken, because `detail` quotes data.
 */

/** Codes of this folder. Public: never renamed, never reused. */
export const MIGRATION_ERRORS = {
  /** The declarations cannot be a database: a name that is too long, a table twice, no primary key. */
  MIGRATION_DECLARATION: { retry: "never" },
  /** The folder breaks a rule: a bad file name, a gap, a number twice, too many files, its own `begin`. */
  MIGRATION_FILE: { retry: "never" },
  /** The folder cannot be written, and a new file is needed. */
  MIGRATION_FOLDER: { retry: "never" },
  /** A file was changed after it was applied. */
  MIGRATION_EDITED: { retry: "never" },
  /** The history and the folder disagree on what a number is. */
  MIGRATION_DIVERGED: { retry: "never" },
  /** The files are applied, and the declarations need more than they give. */
  MIGRATION_PLAN_PENDING: { retry: "never" },
  /** What is missing cannot be added without being named in `allow`. */
  MIGRATION_DESTRUCTIVE: { retry: "never" },
  /** The database was migrated by newer files, and lacks something that is declared here. */
  MIGRATION_AHEAD: { retry: "never" },
  /** Another process migrates for too long, or a table stayed locked. */
  MIGRATION_LOCKED: { retry: "later" },
  /** A statement failed. */
  MIGRATION_FAILED: { retry: "never" },
  /** The connection was lost; what was committed is known at the next start. */
  MIGRATION_DISCONNECTED: { retry: "later" },
  /** The caller's signal was aborted. */
  MIGRATION_ABORTED: { retry: "later" },
} as const satisfies Record<string, { retry: "never" | "later" }>;

/** A code of migrations. */
export type MigrationErrorCode = keyof typeof MIGRATION_ERRORS;

/** An expected failure of a migration. Branch on `code`; `message` is for people and may change. */
export class MigrationError extends Error {
  override readonly name = "MigrationError";
  readonly code: MigrationErrorCode;
  /** Facts safe to show and log: file, line, pid, SQLSTATE. */
  readonly details: Readonly<Record<string, string | number>>;

  constructor(
    code: MigrationErrorCode,
    message: string,
    options: { readonly cause?: unknown; readonly details?: Readonly<Record<string, string | number>> } = {},
  ) {
    super(message, "cause" in options ? { cause: options.cause } : {});
    this.code = code;
    this.details = Object.freeze({ ...options.details });
  }
}

/** The SQLSTATE of an error that Postgres gave; undefined for every other error, a lost connection among them. */
export function sqlState(error: unknown): string | undefined {
  if (!(error instanceof Error) || !("severity" in error) || !("code" in error)) return undefined;
  return typeof error.code === "string" ? error.code : undefined;
}

/** What an error says, without the rows that Postgres quotes in its detail. */
export function messageOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  const hint = "hint" in error && typeof error.hint === "string" ? ` (${error.hint})` : "";
  return `${error.message}${hint}`;
}
