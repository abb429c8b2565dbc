/**
 * Runs an app as a process: says what happens, where things are, and ends cleanly.
 *
 * Ends on SIGINT and SIGTERM (a second one ends at once), and when the process that started it is gone, which it sees
 * by the end of file on the descriptor that `LINESHAFT_PARENT_FD` names. A reader of its output that goes away, such as
 * `head`, does not end it: what would be written there is dropped.
 */
import { Socket } from "node:net";
import { DeclarationError } from "../define/errors.ts";
import { EmbeddedPostgresError } from "../engines/postgres-embedded/index.ts";
import { MigrationError } from "../migrate/index.ts";
import { ListenError } from "../serve/server.ts";
import type { App } from "./app.ts";
import { MAIL_PATH } from "./mail-page.ts";
import { SettingsError } from "./settings.ts";
import type { AppOptions, RunningApp, StartOptions } from "./start.ts";

/** A second signal after this ends the process at once; a sooner one is the same one, told twice. */
const IMPATIENT_MS = 1_000;
const EXPECTED = [DeclarationError, EmbeddedPostgresError, ListenError, MigrationError, SettingsError];

/**
 * Where a tool registers that loads the file of an app and wants the app itself: the command line, an editor, a test.
 *
 *     globalThis[Symbol.for("lineshaft.tool")] = async (app) => { … };
 *
 * While a tool is registered, `App.run()` starts nothing: it hands the app to the tool, and ends as the tool's promise
 * does. A tool that must not let the file go on behind `run()` returns a promise that never settles.
 */
export const TOOL = Symbol.for("lineshaft.tool");

/** What is registered under `TOOL`. */
export type Tool = (app: App) => Promise<void>;

/** The tool that loads apps in this process, if there is one. */
export function registeredTool(): Tool | undefined {
  return (globalThis as { [TOOL]?: Tool })[TOOL];
}

/** Registers a tool, or with `undefined` none. */
export function registerTool(tool: Tool | undefined): void {
  (globalThis as { [TOOL]?: Tool | undefined })[TOOL] = tool;
}

type Start = (options: StartOptions) => Promise<RunningApp>;

const isProduction = () => process.env.NODE_ENV === "production";

/** Writes a line for the person at the terminal. In production standard output holds log lines only: whoever collects
 * them reads JSON. */
const say = (line: string): void => void (isProduction() ? process.stderr : process.stdout).write(`${line}\n`);

/** Starts an app, prints where it is, and stays until it is told to end. Sets the exit code. */
export async function runApp(options: AppOptions, start: Start): Promise<void> {
  outliveReaders();
  const startedAt = performance.now();
  const running = await startOrExplain(start);
  if (!running) {
    process.exitCode = 1;
    return;
  }
  const seconds = ((performance.now() - startedAt) / 1_000).toFixed(2);
  const lines = [
    ["API", running.url],
    ["API reference", `${running.url}/docs`],
    ["OpenAPI", `${running.url}/openapi.json`],
    ["Health", `${running.url}/health/ready`],
    ["Metrics", running.metricsUrl],
    ...Object.keys(options.sites ?? {}).map((path) => ["Page", `${running.url}${path}`] as const),
    ...(running.mails && !isProduction() ? [["Mails", `${running.url}${MAIL_PATH}`] as const] : []),
  ] as const;
  say(`\n  ${options.title ?? "The app"} is up after ${seconds} s\n`);
  for (const [what, where] of lines) say(`  ${what.padEnd(14)} ${where}`);
  say("\n  Ctrl-C ends it.\n");
  endOnSignal(running);
}

/** Other commands end with their reader; an app has callers. */
function outliveReaders(): void {
  for (const output of [process.stdout, process.stderr]) output.removeAllListeners("error").on("error", () => {});
}

async function startOrExplain(start: Start): Promise<RunningApp | null> {
  try {
    return await start({ report: (line) => say(`  ${line}`) });
  } catch (error) {
    process.stderr.write(`\n${explain(error)}\n`);
    return null;
  }
}

/** Why a start failed, for people: what they can mend is told in a sentence, all else with its stack. */
export function explain(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  // By name: a tool may meet the errors of another copy of the package.
  return EXPECTED.some(({ name }) => error.name === name) ? error.message : (error.stack ?? error.message);
}

function endOnSignal(running: RunningApp): void {
  let endingSince: number | null = null;
  const end = async (why: string) => {
    if (endingSince !== null) {
      if (performance.now() - endingSince > IMPATIENT_MS) process.exit(1);
      return;
    }
    endingSince = performance.now();
    say(`\n  ${why}: finishing what is under way …`);
    await running.stop();
    say("  Ended.");
    process.exit(process.exitCode ?? 0);
  };
  // Work that a run started and forgot must not end the node for everybody else.
  process.on("unhandledRejection", (error) =>
    running.log.error({ err: error }, "a promise was rejected and nobody saw it"),
  );
  process.on("uncaughtException", (error) => {
    running.log.fatal({ err: error }, "an error was thrown and nobody caught it");
    process.exitCode = 1;
    void end("An error that nobody caught");
  });
  process.on("SIGINT", () => void end("Ctrl-C"));
  process.on("SIGTERM", () => void end("SIGTERM"));
  const parent = process.env.LINESHAFT_PARENT_FD;
  // Programs that this one starts inherit the name, not the descriptor.
  delete process.env.LINESHAFT_PARENT_FD;
  if (parent && /^\d+$/.test(parent)) {
    const pipe = new Socket({ fd: Number(parent), readable: true, writable: false });
    pipe.on("error", () => {});
    pipe.on("close", () => void end("The starting process is gone"));
    pipe.resume().unref();
  }
}
