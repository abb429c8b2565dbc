/**
 * Brings a database to what the declarations say, at the start of a process.
 *
 * Steps. (1) Without a lock: read files, catalog and history; when all is applied and nothing is left to do, that is
 * all, three round trips. (2) Else under the lock: read again, bring the platform's schema up to date, apply the files
 * that are pending. (3) In development: plan, write the additive steps and those in `allow` as the next files, apply
 * them, dump the schema. In production: nothing is written; a plan that is not empty is an error.
 * (4) Publish the tables (publication.ts).
 *
 * Promises. However many processes start at once, each file is applied once. A crash at any instant leaves a state from
 * which the next start goes on. Nothing that loses data runs without being named. A file that development has just
 * written and that fails is taken back, so that the next start plans anew.
 * Rolling deploys. What the database has and the declarations do not know is a notice. When the database is ahead of
 * the folder, only a missing table or column is an error: the newer declarations may have changed everything else.
 */
import { rm } from "node:fs/promises";
import type { Client } from "pg";
import type { ServiceDefinition } from "../define/service.ts";
import { type Catalog, readCatalog } from "./actual.ts";
import { type AppliedFile, applyFile } from "./apply.ts";
import { desiredSchema } from "./desired.ts";
import { dumpSchema } from "./dump.ts";
import { MigrationError } from "./errors.ts";
import { fileNumber, readFiles, SCHEMA_FILE, writeMigration, writeWhole } from "./files.ts";
import { assertUnedited, type Comparison, compareHistory, readHistory } from "./history.ts";
import { LOCK_WAIT_MS_MAX, withMigrationLock } from "./lock.ts";
import type { SchemaModel } from "./model.ts";
import { commentSafe } from "./names.ts";
import { type FileDraft, planFiles, planFrom, selectSteps, stepsSql } from "./plan.ts";
import { platformSchema } from "./platform.ts";
import { publicationSql, publish } from "./publication.ts";
import { Session } from "./session.ts";
import type { Step } from "./step.ts";

export interface MigrateOptions {
  readonly services: readonly ServiceDefinition[];
  /** The migrations folder. */
  readonly folder: string;
  /** `development` writes files from the declarations; `production` applies those that are there. */
  readonly mode: "development" | "production";
  /** Names of risky and destructive steps that may run. Development only. */
  readonly allow?: readonly string[];
  /** Opens a connection of its own to the database, with the owner's rights; never through a transaction pooler. */
  readonly connect: () => Promise<Client>;
  /** Gets lines for people: plans, files applied, waiting. */
  readonly report?: (line: string) => void;
  readonly signal?: AbortSignal;
  /** How long to wait for another process that migrates, in milliseconds. Default `LOCK_WAIT_MS_MAX`. */
  readonly lockWaitMs?: number;
}

export interface MigrationOutcome {
  readonly applied: readonly AppliedFile[];
  /** Paths of the files that were written; null when none was. */
  readonly written: readonly string[] | null;
  /** Steps that wait for their name in `allow`, and those that need them. */
  readonly withheld: readonly Step[];
  readonly notices: readonly string[];
}

/** What one look at files and database tells. */
interface Look {
  readonly comparison: Comparison;
  readonly catalog: Catalog;
  /** Files in the folder. */
  readonly count: number;
}

/** The state of one call. */
interface Run {
  readonly options: MigrateOptions;
  readonly session: Session;
  readonly desired: SchemaModel;
  readonly applied: AppliedFile[];
  readonly written: string[];
  readonly notices: string[];
}

/**
 * Migrates. See the header of this file for what is promised.
 *
 * @throws {MigrationError} Every code of `MIGRATION_ERRORS`.
 * @example
 * await migrate({ services: [links], folder: "migrations", mode: "production", connect: () => connectAsOwner() });
 */
export async function migrate(options: MigrateOptions): Promise<MigrationOutcome> {
  const desired = desiredSchema(options.services);
  await using session = await Session.open(options);
  const run: Run = { options, session, desired, applied: [], written: [], notices: [] };
  const quick = await quickLook(run);
  if (quick !== null) return quick;
  await session.prepare();
  return await withMigrationLock(session, options.lockWaitMs ?? LOCK_WAIT_MS_MAX, () => migrateLocked(run));
}

/**
 * The outcome when there is nothing to do; null when the lock is needed to find out or to act.
 *
 * Files, catalog and history are read one after the other, and another process may migrate in between: only "all is
 * well" can be believed here. Every complaint is made under the lock, where the three belong together.
 */
async function quickLook(run: Run): Promise<MigrationOutcome | null> {
  const { options, session } = run;
  try {
    const look = await lookAround(run);
    const { pending, unknown } = look.comparison;
    if (look.catalog.platformVersion < platformSchema.version || !look.catalog.hasHistory || pending.length > 0)
      return null;
    const { steps } = await planFrom(session.client, run.desired, look.catalog);
    const { chosen } = selectSteps(steps, options.allow ?? []);
    if (options.mode === "development" && (chosen.length > 0 || unknown.length > 0)) return null;
    if (publicationSql(run.desired, look.catalog).length > 0) return null;
    const lacks = steps.some((step) => (unknown.length > 0 ? step.need === "missing" : step.need !== "extra"));
    return lacks ? null : settle(run, look, steps);
  } catch {
    session.assertGoing();
    return null;
  }
}

async function lookAround({ options, session, desired }: Run): Promise<Look> {
  const files = await readFiles(options.folder);
  const catalog = await readCatalog(session.client, desired.schemas);
  const comparison = compareHistory(files, catalog.hasHistory ? await readHistory(session.client) : []);
  assertUnedited(comparison);
  return { comparison, catalog, count: files.length };
}

async function migrateLocked(run: Run): Promise<MigrationOutcome> {
  const { options, session } = run;
  let look = await lookAgain(run);
  const stale = look.catalog.platformVersion < platformSchema.version || !look.catalog.hasHistory;
  if (stale) await session.query(`begin; ${platformSchema.sql} commit`);
  for (const pending of look.comparison.pending) run.applied.push(await applyFile(session, pending));
  if (stale || run.applied.length > 0) look = await lookAgain(run);
  let { steps } = await planFrom(session.client, run.desired, look.catalog);
  if (options.mode === "development" && look.comparison.unknown.length === 0) {
    const { chosen } = selectSteps(steps, options.allow ?? []);
    if (chosen.length > 0) {
      await writeAndApply(run, chosen, look.count);
      look = await lookAgain(run);
      ({ steps } = await planFrom(session.client, run.desired, look.catalog));
    }
    if (run.applied.length > 0) await writeDump(run);
  }
  run.notices.push(...(await publish(session, run.desired, look.catalog)));
  return settle(run, look, steps);
}

async function lookAgain(run: Run): Promise<Look> {
  try {
    return await lookAround(run);
  } catch (error) {
    throw run.session.wrap(
      error,
      (message) => new MigrationError("MIGRATION_FAILED", `Reading the catalog: ${message}`, { cause: error }),
    );
  }
}

async function writeAndApply(run: Run, steps: readonly Step[], count: number): Promise<void> {
  const { session } = run;
  const drafts = planFiles(steps, count + 1);
  session.report(`The declarations ask for:\n${stepsSql(steps)}`);
  // A file is applied before the next is written: a crash in between costs nothing, the rest is planned again.
  for (const [index, draft] of drafts.entries()) await writeOne(run, count + 1 + index, draft);
}

async function writeOne(run: Run, number: number, draft: FileDraft): Promise<void> {
  const { options, session } = run;
  const file = await writeMigration(options.folder, number, draft.name, draft.text);
  session.report(`Wrote ${file.path}.`);
  try {
    run.applied.push(await applyFile(session, { file, statementsDone: 0 }));
    run.written.push(file.path);
  } catch (error) {
    // After a lost connection nobody knows whether it was committed: the file stays, and the next start finds out.
    if (error instanceof MigrationError && error.code !== "MIGRATION_DISCONNECTED") {
      await rm(file.path, { force: true });
      await session.client
        .query("delete from lineshaft.migration where number = $1 and state <> 'applied'", [number])
        .catch(() => {});
    }
    throw error;
  }
}

/** The dump is for reviews: a folder that cannot be written costs a notice, not the start. */
async function writeDump(run: Run): Promise<void> {
  const { options, session, desired } = run;
  const text = await dumpSchema(session.client, desired.schemas);
  try {
    await writeWhole(options.folder, SCHEMA_FILE, text);
  } catch (error) {
    run.notices.push(
      `${SCHEMA_FILE} was not written to ${options.folder}: ${String(error)}. ` +
        "Make the folder writable to keep it current.",
    );
  }
}

/** What is left to say at the end, and whether the process may start. */
function settle(run: Run, look: Look, steps: readonly Step[]): MigrationOutcome {
  const { options, applied, written, notices } = run;
  const { unknown } = look.comparison;
  if (unknown.length > 0) {
    const names = unknown.map((row) => `${fileNumber(row.number)}_${row.name}`).join(", ");
    notices.push(`The database is ahead of this folder, by ${names}: newer code migrated it.`);
    const missing = steps.filter((step) => step.need === "missing");
    if (missing.length > 0) throw behind(names, missing);
  } else {
    assertComplete(run, steps);
  }
  notices.push(...steps.filter((step) => step.need === "extra").map(extraNotice));
  const known = new Set(steps.map((step) => step.name));
  const { withheld } = selectSteps(steps, []);
  if (unknown.length === 0 && applied.length === 0) {
    const idle = (options.allow ?? []).filter((name) => !known.has(name));
    if (idle.length > 0) notices.push(`Allowed, and nothing to do: ${idle.join(", ")}.`);
  }
  for (const notice of notices) run.session.report(notice);
  return {
    applied,
    written: written.length > 0 ? written : null,
    withheld: unknown.length > 0 ? [] : withheld,
    notices,
  };
}

function assertComplete(run: Run, steps: readonly Step[]): void {
  const needed = steps.filter((step) => step.need !== "extra");
  if (needed.length === 0) return;
  if (run.options.mode === "production") {
    throw new MigrationError(
      "MIGRATION_PLAN_PENDING",
      `The migrations in ${run.options.folder} are applied, and the declarations need more than they give. ` +
        "Start once in development, where this plan becomes a file, commit the file, and deploy again:" +
        `\n\n${stepsSql(needed)}`,
      { details: { steps: needed.length } },
    );
  }
  const missing = needed.filter((step) => step.need === "missing");
  if (missing.length === 0) return;
  const names = missing.map((step) => step.name);
  const flags = names.map((name) => `--allow ${name}`).join(" ");
  throw new MigrationError(
    "MIGRATION_DESTRUCTIVE",
    "The declarations need what cannot be added without being asked for. " +
      `Run \`lineshaft migrate apply ${flags}\`, or start with LINESHAFT_MIGRATE_ALLOW=${names.join(",")}, ` +
      `or change the declaration:\n\n${stepsSql(missing)}`,
    { details: { steps: missing.length } },
  );
}

function behind(names: string, missing: readonly Step[]): MigrationError {
  return new MigrationError(
    "MIGRATION_AHEAD",
    `The database was migrated by files that this folder does not have (${names}), and lacks what is declared here. ` +
      `Get these files (git pull), or make a database of development anew. Missing:\n\n${stepsSql(missing)}`,
  );
}

function extraNotice(step: Step): string {
  return commentSafe(
    `In the database and not declared; to remove it: lineshaft migrate apply --allow ${step.name}. ${step.why}`,
  );
}
