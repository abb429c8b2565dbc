/**
 * `lineshaft dev`: the app, started again after every change.
 *
 * This process holds the embedded Postgres, which goes on over restarts; the app is a child (`dev-app.ts`). A next
 * child is always waiting with the platform loaded, so that a restart costs the app's own files and a look at the
 * database.
 * States of the loop. `waiting → starting → up`, from each of them `→ starting` with a change, and `→ waiting`
 * when the app ends by itself. A child that a change overtakes is stopped before it serves.
 */
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { extname, join, relative } from "node:path";
import { readSettings, type Settings } from "../app/settings.ts";
import { openStore } from "../app/store.ts";
import type { Connection } from "../data/connection.ts";
import { createLog } from "../observe/log.ts";
import { findAppFile } from "./app-file.ts";
import { APP_OPTION, type Command, CommandError, EXIT } from "./command.ts";
import type { Go, Up } from "./dev-app.ts";
import { endWithNpm } from "./npm-parent.ts";
import { note, paint, say } from "./terminal.ts";
import { watchSources } from "./watch.ts";

const CHILD_FILE = join(import.meta.dirname, `dev-app${extname(import.meta.filename)}`);
/** How long an app may finish requests before a restart goes on without it. */
const STOP_MS_MAX = 1_500;
/** Names of changed files that are shown. */
const SHOWN_MAX = 3;

export const dev: Command = {
  name: "dev",
  summary: "run the app, and start it again after every change",
  description:
    "Runs the app in development and starts it again when a source file below this folder changes; the embedded\n" +
    "Postgres goes on. A file that cannot be loaded is shown, and the next change is waited for. Tests, migrations,\n" +
    "node_modules, folders whose name begins with a dot, and pages with a vite.config are not watched.",
  options: { app: APP_OPTION },
  async run(call) {
    if (process.env["NODE_ENV"] === "production") {
      throw new CommandError("NODE_ENV is production; `lineshaft start` runs an app in production.");
    }
    const file = findAppFile(call);
    const settings = readSettings(process.env, process.cwd());
    await using resources = new AsyncDisposableStack();
    const loop = new DevLoop(file);
    resources.defer(() => loop.stop());
    const ended = untilSignal();
    endWithNpm();
    await using store = await openDatabase(settings);
    resources.use(
      watchSources(
        process.cwd(),
        (files) => loop.restart(files),
        () => note("Too many folders to watch all."),
      ),
    );
    loop.begin(settings.databaseUrl === null ? urlOf(store.connection) : null);
    await ended;
    say("\n  Ending …");
    await resources.disposeAsync();
    return EXIT.done;
  },
};

async function openDatabase(settings: Settings): ReturnType<typeof openStore> {
  const log = createLog({ level: settings.logLevel, readable: process.stdout.isTTY });
  const store = await openStore(settings, (line) => say(`  ${line}`), log);
  say(`  Database: ${store.label}`);
  return store;
}

function urlOf(connection: Connection): string {
  if (typeof connection === "string") return connection;
  const { host, port, user, database } = connection;
  return `postgres://${user}@${encodeURIComponent(host)}:${port}/${database}`;
}

/** A second signal ends at once; the database ends with this process. */
async function untilSignal(): Promise<void> {
  await new Promise<void>((resolve) => {
    let isAsked = false;
    const ask = () => {
      if (isAsked) process.exit(EXIT.failed);
      resolve();
      setTimeout(() => (isAsked = true), 1_000).unref();
    };
    for (const name of ["SIGINT", "SIGTERM", "SIGHUP"] as const) process.on(name, ask);
  });
}

class DevLoop {
  readonly #file: string;
  #databaseUrl: string | null = null;
  #current: ChildProcess | null = null;
  #next: ChildProcess;
  /** Counts restarts: a start that another has overtaken sees it. */
  #round = 0;
  #isBegun = false;
  #isStopped = false;
  #hasBeenUp = false;

  constructor(file: string) {
    this.#file = file;
    this.#next = spawnApp();
  }

  /** The first start. */
  begin(databaseUrl: string | null): void {
    this.#databaseUrl = databaseUrl;
    this.#isBegun = true;
    void this.#start("");
  }

  /** Starts the app again. */
  restart(files: readonly string[]): void {
    if (!this.#isBegun || this.#isStopped) return;
    const more = files.length > SHOWN_MAX ? `, and ${files.length - SHOWN_MAX} more` : "";
    void this.#start(`${files.slice(0, SHOWN_MAX).join(", ")}${more} changed`);
  }

  async stop(): Promise<void> {
    this.#isStopped = true;
    this.#round++;
    await Promise.all([endApp(this.#current), endApp(this.#next)]);
  }

  async #start(why: string): Promise<void> {
    const round = ++this.#round;
    const startedAtMs = performance.now();
    const before = this.#current;
    this.#current = null;
    await endApp(before);
    if (round !== this.#round) return;
    const child = this.#take();
    const go: Go = { file: this.#file, databaseUrl: this.#databaseUrl };
    child.once("message", (up) => this.#serves(child, up as Up, { why, startedAtMs }));
    child.once("exit", (code, signal) => this.#ended(child, code ?? signal));
    child.send(go);
  }

  /** The child that waits, or a new one when that has died; the next one is started when this one is up. */
  #take(): ChildProcess {
    const child = isAlive(this.#next) ? this.#next : spawnApp();
    this.#current = child;
    this.#next = child;
    return child;
  }

  #serves(child: ChildProcess, up: Up, { why, startedAtMs }: { why: string; startedAtMs: number }): void {
    if (child !== this.#current) return;
    const seconds = ((performance.now() - startedAtMs) / 1_000).toFixed(2);
    if (this.#hasBeenUp) say(`${paint("green", "●")} ${why}: serving again after ${seconds} s`);
    else sayWhere(up, seconds);
    this.#hasBeenUp = true;
    this.#prepareNext();
  }

  #ended(child: ChildProcess, how: number | string | null): void {
    if (child !== this.#current || this.#isStopped) return;
    this.#current = null;
    note(`${paint("red", "●")} ${relative(process.cwd(), this.#file)} ended with ${how}; waiting for a change`);
    this.#prepareNext();
  }

  #prepareNext(): void {
    if (!this.#isStopped && (this.#next === this.#current || !isAlive(this.#next))) this.#next = spawnApp();
  }
}

function sayWhere({ title, url, metricsUrl }: Up, seconds: string): void {
  const lines = [
    ["API", url],
    ["API reference", `${url}/docs`],
    ["Metrics", metricsUrl],
  ] as const;
  say(`\n  ${paint("bold", title)} is up after ${seconds} s\n`);
  for (const [what, where] of lines) say(`  ${what.padEnd(14)} ${where}`);
  say("\n  Waiting for changes. Ctrl-C ends it.\n");
}

function spawnApp(): ChildProcess {
  // The descriptor belongs to this process; the channel tells the child when this process is gone.
  const { LINESHAFT_PARENT_FD: _, ...env } = process.env;
  return spawn(process.execPath, [CHILD_FILE], { env, stdio: ["ignore", "inherit", "inherit", "ipc"] });
}

function isAlive(child: ChildProcess): boolean {
  return child.exitCode === null && child.signalCode === null && child.connected;
}

async function endApp(child: ChildProcess | null): Promise<void> {
  if (child === null || child.exitCode !== null || child.signalCode !== null) return;
  const exited = once(child, "exit");
  child.kill("SIGTERM");
  const timer = setTimeout(() => child.kill("SIGKILL"), STOP_MS_MAX);
  await exited;
  clearTimeout(timer);
}
