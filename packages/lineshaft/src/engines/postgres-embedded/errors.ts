/**
 * The errors of the embedded Postgres. A message says what failed, where, the value seen and the way out.
 *
 * How to choose between neighbours: `FOLDER_IN_USE` means wait or stop the other process, `FOLDER_UNUSABLE` means the
 * folder itself has to change (owner, rights, file system, contents), `START_FAILED` means Postgres ran and gave up:
 * the end of its output is in the message.
 */

/** Codes of this engine and what a caller can do. Public: never renamed, never reused. */
export const POSTGRES_ERRORS = {
  POSTGRES_BAD_OPTIONS: { retry: "never" },
  POSTGRES_NO_BINARIES: { retry: "never" },
  POSTGRES_NO_USER: { retry: "never" },
  POSTGRES_FOLDER_IN_USE: { retry: "later" },
  POSTGRES_FOLDER_UNUSABLE: { retry: "never" },
  POSTGRES_VERSION_MISMATCH: { retry: "never" },
  POSTGRES_START_FAILED: { retry: "later" },
} as const satisfies Record<string, { retry: "never" | "later" }>;

/** A code of the embedded Postgres. */
export type EmbeddedPostgresErrorCode = keyof typeof POSTGRES_ERRORS;

/** An expected failure of the embedded Postgres. Branch on `code`; `message` is for people and may change. */
export class EmbeddedPostgresError extends Error {
  override readonly name = "EmbeddedPostgresError";
  readonly code: EmbeddedPostgresErrorCode;

  constructor(code: EmbeddedPostgresErrorCode, message: string, options: { cause?: unknown } = {}) {
    super(message, options);
    this.code = code;
  }
}

/** The `code` of a system error such as `ENOENT`, or undefined for anything else. */
export function systemCode(error: unknown): string | undefined {
  if (!(error instanceof Error) || !("code" in error)) return undefined;
  return typeof error.code === "string" ? error.code : undefined;
}
