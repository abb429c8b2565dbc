/**
 * The app of a project: which file holds it, and how it is taken out of the file without starting it.
 *
 * A file either runs its app (`await app({…}).run()`), which hands it over while a tool is registered, or exports it.
 */
import { existsSync, readFileSync, statSync } from "node:fs";
import { join, resolve } from "node:path";
import { pathToFileURL } from "node:url";
import type { App } from "../app/app.ts";
import { registerTool } from "../app/run.ts";
import { type Call, CommandError, single, UsageError } from "./command.ts";

/** Where an app is looked for. */
const USUAL_FILES = ["app.ts", "apps/main.ts", "app.js"];

/** The path of the app's file: `--app`, else `"lineshaft": { "app": … }` in package.json, else the usual names. */
export function findAppFile(call: Call, folder = process.cwd()): string {
  const asked = single(call, "app");
  if (asked !== undefined)
    return existing(resolve(folder, asked), (path) => new UsageError(`--app ${path} is not a file.`));
  const named = namedInPackage(folder);
  if (named !== undefined) {
    return existing(
      resolve(folder, named),
      (path) => new CommandError(`package.json names ${path} as app; it is not there.`),
    );
  }
  const found = USUAL_FILES.map((name) => join(folder, name)).find((path) => existsSync(path));
  if (found !== undefined) return found;
  throw new UsageError(
    `There is no app here: looked for ${USUAL_FILES.join(", ")} in ${folder}. ` +
      'Say where it is with --app <file>, or in package.json: "lineshaft": { "app": "src/app.ts" }.',
  );
}

function existing(path: string, error: (path: string) => Error): string {
  if (statSync(path, { throwIfNoEntry: false })?.isFile()) return path;
  throw error(path);
}

function namedInPackage(folder: string): string | undefined {
  const path = join(folder, "package.json");
  if (!existsSync(path)) return undefined;
  try {
    const manifest = JSON.parse(readFileSync(path, "utf8")) as { lineshaft?: { app?: unknown } };
    return typeof manifest.lineshaft?.app === "string" ? manifest.lineshaft.app : undefined;
  } catch (error) {
    throw new CommandError(`${path} cannot be read: ${String(error)}`);
  }
}

/** The app of a file; nothing of it starts. */
export async function loadApp(file: string): Promise<App> {
  const handedOver = new Promise<App>((resolveApp) => {
    registerTool((app) => {
      resolveApp(app);
      return new Promise(() => {}); // What comes behind `run()` in the file is for an app that runs.
    });
  });
  try {
    const exported = import(pathToFileURL(file).href).then((module: object) => exportedApp(module));
    const app = await Promise.race([handedOver, exported]);
    if (app !== undefined) return app;
  } finally {
    registerTool(undefined);
  }
  throw noApp(file);
}

/** Loads a file and runs its app by `run`: where the file says so, or behind it. */
export async function runAppOf(file: string, run: (app: App) => Promise<void>): Promise<void> {
  let isRun = false;
  registerTool(async (app) => {
    isRun = true;
    registerTool(undefined);
    await run(app);
  });
  const module = (await import(pathToFileURL(file).href)) as object;
  registerTool(undefined);
  if (isRun) return;
  const app = exportedApp(module);
  if (app === undefined) throw noApp(file);
  await run(app);
}

function exportedApp(module: object): App | undefined {
  return Object.values(module).find(isApp);
}

/** By its shape: it may come from another copy of the package. */
function isApp(value: unknown): value is App {
  return typeof value === "object" && value !== null && "options" in value && "start" in value && "run" in value;
}

function noApp(file: string): CommandError {
  return new CommandError(`${file} neither runs an app nor exports one: end it with \`await app({ … }).run()\`.`);
}
