/**
 * The database of one test app: a copy of a template that has all its tables, or a template that is made on the way.
 *
 * A template is named by what makes it: the mode, the migration files, the SQL that the declarations would give on an
 * empty database, and the platform's own schema. So a changed declaration never meets an old template.
 */
import { createHash } from "node:crypto";
import { cp, mkdir, readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import type { Settings } from "../app/settings.ts";
import { migrateStore } from "../app/store.ts";
import type { ServiceDefinition } from "../define/service.ts";
import { desiredSchema } from "../migrate/desired.ts";
import { diffSchemas } from "../migrate/diff.ts";
import { platformSchema } from "../migrate/index.ts";
import type { SharedServer, TestDatabase } from "./shared-server.ts";

/** What makes a schema. */
export interface Recipe {
  readonly services: readonly ServiceDefinition[];
  readonly settings: Pick<Settings, "mode" | "migrateAllow">;
  /** Folder with migrations to begin with; `null`: the declarations alone. */
  readonly migrations: string | null;
}

const NOTHING = { schemas: [], tables: [] };

/** A database of the schema, and in `folder` the migrations that made it. */
export async function takeDatabase(server: SharedServer, recipe: Recipe, folder: string): Promise<TestDatabase> {
  const key = await recipeKey(recipe);
  for (;;) {
    const database = await server.take(key);
    if (!database.isTemplate) {
      if (database.template !== null) await cp(database.template, folder, { recursive: true });
      return database;
    }
    try {
      await fill(database, recipe);
      server.settle(key, true);
    } catch {
      // The start of the app meets the same mistake, and says it as an app does.
      server.settle(key, false);
      await copyMigrations(recipe.migrations, folder);
      return server.take("");
    }
  }
}

async function recipeKey({ services, settings, migrations }: Recipe): Promise<string> {
  const hash = createHash("sha256");
  const add = (...parts: readonly string[]) => hash.update(JSON.stringify(parts));
  try {
    const { steps } = diffSchemas(desiredSchema(services), NOTHING);
    add(settings.mode, ...settings.migrateAllow, platformSchema.sql, ...steps.map(({ sql }) => sql));
    for (const name of await migrationNames(migrations)) add(name, await readFile(join(migrations!, name), "utf8"));
    return hash.digest("base64url");
  } catch {
    return ""; // What cannot be planned cannot be a template; the start of the app says why.
  }
}

async function fill(database: TestDatabase, { services, settings, migrations }: Recipe): Promise<void> {
  const folder = database.template!;
  await copyMigrations(migrations, folder);
  const store = { connection: database.url, label: "template", async [Symbol.asyncDispose]() {} };
  await migrateStore(store, services, { folder, settings: settings as Settings, report: () => {} });
}

async function migrationNames(folder: string | null): Promise<readonly string[]> {
  if (folder === null) return [];
  const names = await readdir(folder).catch((error: NodeJS.ErrnoException) => {
    if (error.code === "ENOENT") return [];
    throw error;
  });
  return names.filter((name) => name.endsWith(".sql")).sort();
}

/** The files are copied, so that a test never writes into a project. */
export async function copyMigrations(from: string | null, to: string): Promise<void> {
  await mkdir(to, { recursive: true });
  for (const name of await migrationNames(from)) await cp(join(from!, name), join(to, name));
}
