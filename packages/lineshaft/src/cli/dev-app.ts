/**
 * The app under `lineshaft dev`: a process that is started ahead, with the platform loaded, and gets its file later.
 *
 * The parent holds the database, so the app is told where it is; in all else it starts as it does by itself. It ends
 * with SIGTERM, and when the parent is gone.
 */
// Loaded ahead for the app, which imports the same files by the name of the package.
import "../accounts/index.ts";
import type { App } from "../app/app.ts";
import "../app/app.ts";
import { explain } from "../app/run.ts";
import { readSettings } from "../app/settings.ts";
import type { RunningApp } from "../app/start.ts";
import { runAppOf } from "./app-file.ts";

/** What the parent says: load this file, on this database. */
export interface Go {
  readonly file: string;
  /** `null`: as the settings say. */
  readonly databaseUrl: string | null;
}

/** What the app says once it serves. */
export interface Up {
  readonly title: string;
  readonly url: string;
  readonly metricsUrl: string;
}

let running: RunningApp | null = null;

async function end(): Promise<void> {
  // An app that does not end in time is ended by the parent.
  await running?.stop();
  process.exit(0);
}

async function run(app: App, { databaseUrl }: Go): Promise<void> {
  try {
    const database = databaseUrl === null ? {} : { databaseUrl };
    const settings = { ...readSettings(process.env, process.cwd()), ...database };
    const report = (line: string) => {
      // Where the database is has been said by who holds it.
      if (!line.startsWith("Database: ")) process.stdout.write(`  ${line}\n`);
    };
    running = await app.start({ settings, report });
    const up: Up = { title: app.options.title ?? "The app", url: running.url, metricsUrl: running.metricsUrl };
    process.send!(up);
  } catch (error) {
    process.stderr.write(`\n${explain(error)}\n`);
    process.exit(1);
  }
}

process.once("SIGTERM", () => void end());
process.once("SIGINT", () => void end());
process.once("disconnect", () => void end());
process.once("message", (go: Go) => {
  process.argv[1] = go.file;
  // What the file throws goes uncaught: the runtime then shows the line that it stands on.
  void runAppOf(go.file, (app) => run(app, go));
});
