/**
 * Applies one file.
 *
 * With a transaction: all statements and the record commit together; a crash at any instant leaves all or nothing.
 * Without: a record says `running` and how many statements are done. After a crash or a failure the next start goes on
 * with the statement that was not recorded as done, or, when the file was changed meanwhile, from its first; so every
 * statement must be one that can be repeated. What an interrupted `create index concurrently` left is dropped first.
 *
 * A lock that is not given in time, a deadlock or a serialization failure is tried again, `ATTEMPTS_MAX` times with
 * growing pauses: whatever queued behind us gets its turn in between.
 */
import { MigrationError, messageOf, sqlState } from "./errors.ts";
import { fileNumber, type MigrationFile } from "./files.ts";
import type { PendingFile } from "./history.ts";
import { ident, qualified } from "./names.ts";
import { isDisconnect, LOCK_TIMEOUT_MS, ONLINE_LOCK_TIMEOUT_MS, type Session } from "./session.ts";
import { lineAt, type Statement } from "./split-statements.ts";

/** Tries of a file, or of a statement outside a transaction. */
export const ATTEMPTS_MAX = 8;
const BACKOFF_MS_MIN = 100;
const BACKOFF_MS_MAX = 5_000;
/** Characters of an error in the history. */
const ERROR_CHARS_MAX = 2_000;

const LOCK_STATES = new Set(["55P03", "40P01"]);
const RETRIED_STATES = new Set([...LOCK_STATES, "40001"]);
const RETURNED =
  "on conflict (number) do update set name = excluded.name, checksum = excluded.checksum, state = excluded.state";

/** A file that was applied by this call. */
export interface AppliedFile {
  readonly number: number;
  readonly name: string;
  readonly durationMs: number;
}

/**
 * Runs a file.
 * @throws {MigrationError} MIGRATION_FAILED, MIGRATION_LOCKED, MIGRATION_DISCONNECTED, MIGRATION_ABORTED.
 */
export async function applyFile(session: Session, pending: PendingFile): Promise<AppliedFile> {
  const { file } = pending;
  const started = performance.now();
  await session.prepare();
  if (file.transactional) await applyWhole(session, file, started);
  else await applyStepwise(session, pending, started);
  const durationMs = Math.round(performance.now() - started);
  session.report(`Applied ${fileNumber(file.number)}_${file.name} in ${durationMs} ms.`);
  return { number: file.number, name: file.name, durationMs };
}

async function applyWhole(session: Session, file: MigrationFile, started: number): Promise<void> {
  for (let attempt = 1; ; attempt += 1) {
    let current: Statement | null = null;
    try {
      await session.query("begin");
      for (const statement of file.statements) {
        session.assertGoing();
        current = statement;
        await session.client.query(statement.text);
      }
      current = null;
      await session.client.query(
        `insert into lineshaft.migration (number, name, checksum, state, statements_done, duration_ms)
         values ($1, $2, $3, 'applied', $4, $5) ${RETURNED}, statements_done = excluded.statements_done,
         duration_ms = excluded.duration_ms, applied_at = excluded.applied_at, error = null`,
        [file.number, file.name, file.checksum, file.statements.length, Math.round(performance.now() - started)],
      );
      await session.client.query("commit");
      return;
    } catch (error) {
      await session.client.query("rollback").catch(() => {});
      if (!mayRetry(error, attempt)) throw failure(session, file, current, error);
      await backoff(session, file, attempt, error);
    }
  }
}

async function applyStepwise(session: Session, { file, statementsDone }: PendingFile, started: number): Promise<void> {
  const record = `insert into lineshaft.migration (number, name, checksum, state, statements_done)
    values ($1, $2, $3, 'running', $4) ${RETURNED}, statements_done = excluded.statements_done, error = null`;
  await session.query(record, [file.number, file.name, file.checksum, statementsDone]);
  await dropInvalidIndexes(session, file);
  for (const [index, statement] of file.statements.entries()) {
    if (index < statementsDone) continue;
    await runAlone(session, file, statement);
    await session.query("update lineshaft.migration set statements_done = $2 where number = $1", [
      file.number,
      index + 1,
    ]);
  }
  await session.query(
    "update lineshaft.migration set state = 'applied', applied_at = clock_timestamp(), duration_ms = $2 " +
      "where number = $1",
    [file.number, Math.round(performance.now() - started)],
  );
}

async function runAlone(session: Session, file: MigrationFile, statement: Statement): Promise<void> {
  const timeoutMs = /\bconcurrently\b/i.test(statement.text) ? ONLINE_LOCK_TIMEOUT_MS : LOCK_TIMEOUT_MS;
  for (let attempt = 1; ; attempt += 1) {
    try {
      await session.query(`set lock_timeout = ${timeoutMs}`);
      await session.client.query(statement.text);
      return;
    } catch (error) {
      if (!isDisconnect(error)) await dropInvalidIndexes(session, file).catch(() => {});
      if (mayRetry(error, attempt)) {
        await backoff(session, file, attempt, error);
        continue;
      }
      const failed = failure(session, file, statement, error);
      const values = [file.number, failed.message.slice(0, ERROR_CHARS_MAX)];
      await session.client
        .query("update lineshaft.migration set state = 'failed', error = $2 where number = $1", values)
        .catch(() => {});
      throw failed;
    }
  }
}

/** Indexes that a build left unfinished and that this file names: a repeated build would take them for done. */
async function dropInvalidIndexes(session: Session, file: MigrationFile): Promise<void> {
  const { rows } = await session.client.query<{ schema: string; name: string }>(
    `select n.nspname as schema, c.relname as name from pg_index i join pg_class c on c.oid = i.indexrelid
     join pg_namespace n on n.oid = c.relnamespace where not i.indisvalid and c.relkind = 'i'`,
  );
  for (const { schema, name } of rows) {
    if (!file.statements.some((statement) => buildsIndex(statement, name))) continue;
    session.report(`Dropping the unfinished index ${qualified(schema, name)}.`);
    await session.client.query(`drop index concurrently if exists ${qualified(schema, name)}`);
  }
}

function buildsIndex({ text }: Statement, name: string): boolean {
  const bare = new RegExp(`(?<![\\w$])${RegExp.escape(name)}(?![\\w$])`, "i");
  return /\bconcurrently\b/i.test(text) && (text.includes(ident(name)) || bare.test(text));
}

function mayRetry(error: unknown, attempt: number): boolean {
  return attempt < ATTEMPTS_MAX && RETRIED_STATES.has(sqlState(error) ?? "");
}

async function backoff(session: Session, file: MigrationFile, attempt: number, error: unknown): Promise<void> {
  const waitMs = Math.min(BACKOFF_MS_MIN * 2 ** (attempt - 1), BACKOFF_MS_MAX) * (0.5 + Math.random() / 2);
  session.report(
    `${fileNumber(file.number)}_${file.name}: ${messageOf(error)}; ` +
      `attempt ${attempt} of ${ATTEMPTS_MAX}, trying again.`,
  );
  await session.pause(waitMs);
}

function failure(session: Session, file: MigrationFile, statement: Statement | null, error: unknown): MigrationError {
  return session.wrap(error, (message) => {
    const index = statement === null ? 0 : file.statements.indexOf(statement) + 1;
    const line = statement === null ? 1 : statement.line + lineAt(statement.text, positionOf(error)) - 1;
    const where = `${file.path}, line ${line} (statement ${index} of ${file.statements.length})`;
    const state = sqlState(error) ?? "";
    const isLock = LOCK_STATES.has(state);
    const kept = file.transactional
      ? "Nothing of the file was kept."
      : "The statements before stay done, and the file is recorded as failed. " +
        `The next start goes on with statement ${index}, or with the first when the file was changed.`;
    const way = isLock
      ? "Something holds a lock on the table for long; look for old transactions in pg_stat_activity, and start again."
      : "Correct the file or the data, and start again.";
    return new MigrationError(
      isLock ? "MIGRATION_LOCKED" : "MIGRATION_FAILED",
      `${where}: ${message} (SQLSTATE ${state}). ${kept} ${way}`,
      {
        cause: error,
        details: { file: file.path, line, statement: index, sqlState: state },
      },
    );
  });
}

/** Characters before the place that Postgres points at. */
function positionOf(error: unknown): number {
  const position = error instanceof Error && "position" in error ? Number(error.position) : Number.NaN;
  return Number.isInteger(position) && position > 0 ? position - 1 : 0;
}
