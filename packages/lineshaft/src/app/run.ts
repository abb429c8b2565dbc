/**
 * Runs an app as a process: says what happens, where things are, and ends cleanly.
 *
 * Ends on SIGINT and SIGTERM (a second one ends at once), and when the process that started it is gone, which it sees
 * by the end of file on the descriptor that `LINESHAFT_PARENT_FD` names.
 */
import { Socket } from "node:net";
import { DeclarationError } from "../define/errors.ts";
import { EmbeddedPostgresError } from "../engines/postgres-embedded/index.ts";
import { MigrationError } from "../migrate/index.ts";
import { ListenError } from "../serve/server.ts";
import { SettingsError } from "./settings.ts";
import type { AppOptions, RunningApp, StartOptions } from "./start.ts";

/** A second signal after this ends the process at once; a sooner one is the same one, told twice. */
const IMPATIENT_MS = 1_000;
const EXPECTED = [DeclarationError, EmbeddedPostgresError, ListenError, MigrationError, SettingsError];

type Start = (options: StartOptions) => Promise<RunningApp>;

/** Writes a line for the person at the terminal. */
const say = (line: string): void => void process.stdout.write(`${line}\n`);

/** Starts an app, prints where it is, and stays until it is told to end. Sets the exit code. */
export async function runApp(options: AppOptions, start: Start): Promise<void> {
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
  ] as const;
  say(`\n  ${options.title ?? "The app"} is up after ${seconds} s\n`);
  for (const [what, where] of lines) say(`  ${what.padEnd(14)} ${where}`);
  say("\n  Ctrl-C ends it.\n");
  endOnSignal(running);
}

async function startOrExplain(start: Start): Promise<RunningApp | null> {
  try {
    return await start({ report: (line) => say(`  ${line}`) });
  } catch (error) {
    const expected = EXPECTED.some((each) => error instanceof each);
    process.stderr.write(`\n${expected ? (error as Error).message : describe(error)}\n`);
    return null;
  }
}

function describe(error: unknown): string {
  return error instanceof Error ? (error.stack ?? error.message) : String(error);
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
    process.exit(0);
  };
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
