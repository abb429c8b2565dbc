/** `lineshaft migrate plan | apply | status`: what a start does to the database, in steps that can be looked at. */
import { resolve } from "node:path";
import { readSettings, type Settings } from "../app/settings.ts";
import { checkDeclarations } from "../define/check.ts";
import { collect } from "../define/declarations.ts";
import type { ServiceDefinition } from "../define/service.ts";
import { didYouMean } from "../define/suggest.ts";
import { desiredSchema } from "../migrate/desired.ts";
import { diffSchemas } from "../migrate/diff.ts";
import { fileNumber, readFiles } from "../migrate/files.ts";
import { type MigrationStatus, migrate, migrationStatus, planMigration, type Step } from "../migrate/index.ts";
import { stepsSql } from "../migrate/plan.ts";
import { findAppFile, loadApp } from "./app-file.ts";
import { APP_OPTION, type Call, type Command, EXIT, JSON_OPTION, UsageError } from "./command.ts";
import { isDatabaseThere, withClient, withDatabase } from "./database.ts";
import { note, paint, say, sayJson, table } from "./terminal.ts";

const NOTHING = { schemas: [], tables: [] };

interface Project {
  readonly services: readonly ServiceDefinition[];
  readonly folder: string;
  readonly settings: Settings;
}

async function projectOf(call: Call): Promise<Project> {
  const { options } = await loadApp(findAppFile(call));
  const declarations = collect(options.services);
  checkDeclarations(declarations, options.services);
  const settings = readSettings(process.env, process.cwd());
  return { services: declarations.services, folder: resolve(options.migrations ?? "migrations"), settings };
}

/** How a database stands that nobody has made yet. */
async function statusOfNothing(folder: string): Promise<MigrationStatus> {
  const files = await readFiles(folder);
  const pending = files.map(({ number, name }) => `${fileNumber(number)}_${name}`);
  return { applied: [], pending, edited: [], unknown: [], failed: [] };
}

interface Planned {
  /** Files that are not applied yet; while there are some, nothing more is planned. */
  readonly pending: readonly string[];
  readonly steps: readonly Step[];
}

async function planOf({ services, folder, settings }: Project): Promise<Planned> {
  if (!isDatabaseThere(settings)) {
    const { pending } = await statusOfNothing(folder);
    return { pending, steps: pending.length > 0 ? [] : diffSchemas(desiredSchema(services), NOTHING).steps };
  }
  return withClient(settings, async (client) => {
    const { pending } = await migrationStatus(client, folder);
    return { pending, steps: pending.length > 0 ? [] : (await planMigration(client, services)).steps };
  });
}

const plan: Command = {
  name: "migrate plan",
  summary: "show what the declarations ask of the database",
  description:
    "Shows the SQL that would bring the database to the declarations, and the names of the steps that only run when\n" +
    "they are named. Writes nothing, neither files nor tables. Files that are not applied yet come first: while\n" +
    "there are some, it lists them and plans nothing further.",
  options: {
    app: APP_OPTION,
    json: JSON_OPTION,
    check: { type: "boolean", summary: "end with 1 when there is something to do" },
  },
  async run(call) {
    const planned = await planOf(await projectOf(call));
    if (call.flags.has("json")) sayJson(planned);
    else say(planText(planned));
    const isDone = planned.pending.length + planned.steps.length === 0;
    return call.flags.has("check") && !isDone ? EXIT.failed : EXIT.done;
  },
};

function planText({ pending, steps }: Planned): string {
  if (pending.length > 0) {
    const names = pending.map((name) => `  ${name}`);
    const next = "`lineshaft migrate apply` runs them; what the declarations ask beyond them is planned then.";
    return ["Not applied yet:", ...names, "", next].join("\n");
  }
  if (steps.length === 0) return "The database is as declared.";
  const named = steps.filter(({ kind }) => kind !== "additive");
  if (named.length === 0) return `${stepsSql(steps)}\n\n\`lineshaft migrate apply\` writes and runs it.`;
  const asked = named.map(
    ({ name, kind }) => `  ${paint("bold", name)} (${kind}): lineshaft migrate apply --allow ${name}`,
  );
  return [stepsSql(steps), "", "These run only when they are named:", ...asked].join("\n");
}

const apply: Command = {
  name: "migrate apply",
  summary: "bring the database to the declarations",
  description:
    "Does what a start does, and nothing more: applies the files that are not applied yet. In development it then\n" +
    "writes what the declarations ask beyond them as the next file, and applies it too. Steps that can lose data or\n" +
    "fail on existing rows are left out until they are named.",
  options: {
    app: APP_OPTION,
    allow: { type: "string", value: "name", multiple: true, summary: "run this step, too; `migrate plan` shows names" },
  },
  async run(call) {
    const project = await projectOf(call);
    const allow = [...(call.values["allow"] ?? []), ...project.settings.migrateAllow];
    await assertKnown(project, allow);
    const { services, folder, settings } = project;
    const outcome = await withDatabase(settings, say, (connect) =>
      migrate({ services, folder, mode: settings.mode, allow, report: say, connect }),
    );
    for (const { name } of outcome.withheld) note(`Left out: ${name}. To run it: --allow ${name}`);
    say(outcome.applied.length === 0 ? "Nothing to apply." : `Applied ${outcome.applied.length} file(s).`);
    return EXIT.done;
  },
};

/** A name with a typing error would be left out without a word that it was meant. */
async function assertKnown(project: Project, allow: readonly string[]): Promise<void> {
  if (allow.length === 0) return;
  if (project.settings.mode === "production") {
    throw new UsageError(
      "--allow writes a migration, which only development does: apply it there, and commit the file.",
    );
  }
  const { pending, steps } = await planOf(project);
  if (pending.length > 0) return;
  const names = steps.map(({ name }) => name);
  const unknown = allow.find((name) => !names.includes(name));
  if (unknown === undefined) return;
  const suggestion = didYouMean(unknown, names);
  const known = names.length === 0 ? " There is nothing to do." : ` There are: ${names.join(", ")}.`;
  throw new UsageError(`No step is named "${unknown}"${suggestion ? `; did you mean "${suggestion}"?` : `.${known}`}`);
}

const status: Command = {
  name: "migrate status",
  summary: "list the migration files and where they stand",
  description:
    "Lists the files of the migrations folder: applied, pending, edited (changed after they were applied), failed\n" +
    "(a file without a transaction that stopped half-way), and missing (applied, and not in the folder). Reads only.",
  options: { app: APP_OPTION, json: JSON_OPTION },
  async run(call) {
    const { folder, settings } = await projectOf(call);
    const found = isDatabaseThere(settings)
      ? await withClient(settings, (client) => migrationStatus(client, folder))
      : await statusOfNothing(folder);
    const rows = rowsOf(found);
    if (call.flags.has("json")) sayJson(rows);
    else if (rows.length === 0) say(`There are no migrations in ${folder}.`);
    else
      say(
        table(
          ["FILE", "STATE", "APPLIED"],
          rows.map((row) => [row.file, row.state, row.appliedAt ?? ""]),
        ),
      );
    return EXIT.done;
  },
};

interface StatusRow {
  readonly file: string;
  readonly state: "applied" | "pending" | "edited" | "failed" | "missing";
  readonly appliedAt: string | null;
}

function rowsOf({ applied, pending, edited, unknown, failed }: MigrationStatus): StatusRow[] {
  const label = (row: { readonly number: number; readonly name: string }) => `${fileNumber(row.number)}_${row.name}`;
  const broken = failed.map(label);
  const missing = unknown.map(label);
  const rows = applied.map((row): StatusRow => {
    const file = label(row);
    const state = missing.includes(file) ? "missing" : edited.includes(file) ? "edited" : "applied";
    return { file, state, appliedAt: row.appliedAt.toISOString() };
  });
  const waiting = pending.map(
    (file): StatusRow => ({ file, state: broken.includes(file) ? "failed" : "pending", appliedAt: null }),
  );
  return [...rows, ...waiting];
}

export const migrateCommands: readonly Command[] = [plan, apply, status];
