/** Migrations: the difference between declarations and database as reviewed SQL files, applied once. See migrate.ts. */
export type { AppliedFile } from "./apply.ts";
export { dumpSchema } from "./dump.ts";
export { MIGRATION_ERRORS, MigrationError, type MigrationErrorCode } from "./errors.ts";
export { NO_TRANSACTION, SCHEMA_FILE } from "./files.ts";
export type { HistoryRow } from "./history.ts";
export { LOCK_WAIT_MS_MAX } from "./lock.ts";
export { type MigrateOptions, type MigrationOutcome, migrate } from "./migrate.ts";
export { type Plan, planMigration } from "./plan.ts";
export { platformSchema } from "./platform.ts";
export { LANES, MOVED_ON } from "./platform-events.ts";
export { type Publication, platformPublications, publicationsOf } from "./publication.ts";
export { type MigrationStatus, migrationStatus } from "./status.ts";
export type { Step, StepKind } from "./step.ts";
