/** The app of one process: declared by `app`, then run as the process, or started inside another program. */
import { registeredTool, runApp } from "./run.ts";
import { type AppOptions, type RunningApp, type StartOptions, startApp } from "./start.ts";

/** An app that was declared: to be run, started, or handed to a tool. */
export interface App {
  readonly options: AppOptions;

  /**
   * Runs the app as this process: says where things are, ends cleanly on Ctrl-C and SIGTERM. A start that fails for a
   * reason that people can mend is explained on the terminal, and the exit code is 1. In the hands of a tool, such as
   * the command line, nothing starts: the tool gets the app (`run.ts`).
   */
  run(): Promise<void>;

  /**
   * Starts the app inside another program, such as a test: nothing is printed and no signal is handled.
   *
   * @throws {DeclarationError | SettingsError | EmbeddedPostgresError | MigrationError | ListenError} before anything
   *   is served; what was started is stopped again.
   */
  start(options?: StartOptions): Promise<RunningApp>;
}

/**
 * An app: what one process runs. Declaring it does nothing yet.
 *
 * @example
 * import * as links from "./links.ts";
 *
 * await app({ services: { links } }).run();
 */
export function app(options: AppOptions): App {
  const start = (how: StartOptions = {}) => startApp(options, how);
  const run = (): Promise<void> => registeredTool()?.(declared) ?? runApp(options, start);
  const declared: App = Object.freeze({ options, start, run });
  return declared;
}
