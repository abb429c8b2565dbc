/**
 * The database cluster: created once, completely or not at all, and checked on every start.
 *
 * It is created in `data.new` and renamed when it is finished, database included, so an interrupted first start leaves
 * nothing that looks like a cluster. Access through the socket is by "trust", because the only way in is a socket in a
 * folder that is closed to others (`socket-folder.ts`). Sorting is by code point (C.UTF-8), the same on every machine:
 * a cluster that moves keeps its indexes valid.
 */

import type { ChildProcess } from "node:child_process";
import { once } from "node:events";
import {
  chmodSync,
  chownSync,
  closeSync,
  existsSync,
  fsyncSync,
  lstatSync,
  openSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmdirSync,
  rmSync,
  statSync,
} from "node:fs";
import { join } from "node:path";
import type { Binaries } from "./binaries.ts";
import type { DataFolder } from "./data-folder.ts";
import { EmbeddedPostgresError, systemCode } from "./errors.ts";
import type { Identity } from "./identity.ts";
import { lastLines } from "./server-log.ts";
import type { Watchdog } from "./watchdog.ts";

export const USER = "postgres";
export const DATABASE = "lineshaft";

const OUTPUT_CHARS_MAX = 16_384;
/** A program that takes longer hangs; on a slow disk initdb takes a minute. */
const RUN_MS_MAX = 600_000;
/** From here on Postgres brings a C.UTF-8 of its own; before, the system has one or not. */
const BUILTIN_LOCALE_MAJOR = 17;

/** What is needed to run the programs on a folder. */
export interface Workshop {
  readonly folder: DataFolder;
  readonly binaries: Binaries;
  readonly identity: Identity;
  readonly environment: Readonly<Record<string, string>>;
  readonly watchdog: Watchdog;
  readonly durable: boolean;
  readonly report: (step: string) => void;
}

/**
 * The version of the programs, such as "18.4". Running it is also the test that they run at all.
 * @throws {EmbeddedPostgresError} POSTGRES_NO_BINARIES.
 */
export async function readVersion(workshop: Workshop): Promise<string> {
  const program = workshop.binaries.postgres;
  const { exitCode, output } = await run(workshop, program, ["-V"]);
  const version = /\(PostgreSQL\) (\d+(?:\.\d+|\w+))/.exec(output)?.[1];
  if (exitCode === 0 && version !== undefined) return version;
  throw new EmbeddedPostgresError(
    "POSTGRES_NO_BINARIES",
    `"${program}" does not run here (exit ${exitCode}): ${lastLines(output)}\n` +
      "Install the dependencies again on this machine. The packages need glibc; on a system without it (Alpine), " +
      "set DATABASE_URL to another Postgres.",
  );
}

/**
 * Makes sure that there is a cluster of this major version.
 * @throws {EmbeddedPostgresError} POSTGRES_VERSION_MISMATCH, POSTGRES_FOLDER_UNUSABLE, POSTGRES_START_FAILED.
 */
export async function ensureCluster(workshop: Workshop, version: string): Promise<void> {
  const { data } = workshop.folder;
  rmSync(`${data}.new`, { recursive: true, force: true });
  if (existsSync(data)) takeOwnership(data, workshop.identity);
  if (existsSync(data) && readdirSync(data).length === 0) rmdirSync(data);
  const major = Number.parseInt(version, 10);
  if (existsSync(data)) {
    assertVersion(data, major);
  } else {
    await createCluster(workshop, major);
  }
}

async function createCluster(workshop: Workshop, major: number): Promise<void> {
  const { data } = workshop.folder;
  const fresh = `${data}.new`;
  workshop.report("creating the database cluster");
  try {
    await initialise(workshop, fresh, major);
    workshop.report(`creating the database ${DATABASE}`);
    const single = ["--single", "-D", fresh, "-c", "exit_on_error=on", "-c", "log_checkpoints=off"];
    const options = [...single, ...(workshop.durable ? [] : ["-c", "fsync=off"]), "postgres"];
    await mustRun(workshop, workshop.binaries.postgres, options, `create database ${DATABASE}\n`);
  } catch (error) {
    rmSync(fresh, { recursive: true, force: true });
    throw error;
  }
  renameSync(fresh, data);
  syncFolder(workshop.folder.root);
}

async function initialise(workshop: Workshop, fresh: string, major: number): Promise<void> {
  const common = [
    "-D",
    fresh,
    "-U",
    USER,
    "--auth-local=trust",
    "--auth-host=reject",
    "-E",
    "UTF8",
    "--data-checksums",
    "--no-instructions",
  ];
  const args = workshop.durable ? common : [...common, "--no-sync"];
  if (major >= BUILTIN_LOCALE_MAJOR) {
    await mustRun(workshop, workshop.binaries.initdb, [
      ...args,
      "--locale-provider=builtin",
      "--builtin-locale=C.UTF-8",
      "--locale=C",
    ]);
    return;
  }
  const { exitCode, output } = await run(workshop, workshop.binaries.initdb, [...args, "--locale=C.UTF-8"]);
  if (exitCode === 0) return;
  if (!output.includes("invalid locale")) throw failed(workshop.binaries.initdb, exitCode, output);
  await mustRun(workshop, workshop.binaries.initdb, [...args, "--locale=C"]);
}

function assertVersion(data: string, major: number): void {
  let found: string;
  try {
    found = readFileSync(join(data, "PG_VERSION"), "utf8").trim();
  } catch (cause) {
    throw new EmbeddedPostgresError(
      "POSTGRES_FOLDER_UNUSABLE",
      `"${data}" is not a database cluster: its file PG_VERSION cannot be read (${systemCode(cause) ?? "unknown"}). ` +
        "Move what is in it elsewhere and start again, or start as its owner.",
      { cause },
    );
  }
  if (Number.parseInt(found, 10) === major) return;
  throw new EmbeddedPostgresError(
    "POSTGRES_VERSION_MISMATCH",
    `The data in "${data}" was written by Postgres ${found}; the programs here are Postgres ${major}, and one ` +
      "cannot read the other's files. " +
      `To keep the data: install the version that brings Postgres ${found}, dump the database with pg_dump, move ` +
      "the folder aside, " +
      "start again and load the dump. To begin anew: move the folder aside.",
  );
}

/** Data that root copied here belongs to root, and Postgres accepts only data of its own user. */
function takeOwnership(data: string, identity: Identity): void {
  const { uid } = statSync(data);
  const { account } = identity;
  if (account !== undefined) {
    if (uid !== account.uid) chownAll(data, account);
    chmodSync(data, 0o700);
    return;
  }
  if (uid === process.geteuid?.()) return;
  throw new EmbeddedPostgresError(
    "POSTGRES_FOLDER_UNUSABLE",
    `The data in "${data}" belongs to user ${uid}, and this process is user ${process.geteuid?.()}. Start as ` +
      "that user, or change the owner (chown -R).",
  );
}

/** Changes the owner of a file or of a folder with all that is in it. */
export function chownAll(path: string, account: { readonly uid: number; readonly gid: number }): void {
  const isFolder = lstatSync(path).isDirectory();
  if (!lstatSync(path).isSymbolicLink()) chownSync(path, account.uid, account.gid);
  if (isFolder) for (const name of readdirSync(path)) chownAll(join(path, name), account);
}

function syncFolder(path: string): void {
  const descriptor = openSync(path, "r");
  fsyncSync(descriptor);
  closeSync(descriptor);
}

async function mustRun(workshop: Workshop, program: string, args: readonly string[], input?: string): Promise<void> {
  const { exitCode, output } = await run(workshop, program, args, input);
  if (exitCode !== 0) throw failed(program, exitCode, output);
}

function failed(program: string, exitCode: number | null, output: string): EmbeddedPostgresError {
  const hint = output.includes("No space left") ? " The disk is full: free some space and start again." : "";
  return new EmbeddedPostgresError(
    "POSTGRES_START_FAILED",
    `"${program}" could not create the database cluster (exit ${exitCode}).${hint} The end of its ` +
      `output:\n${lastLines(output)}`,
  );
}

/** Runs a program to its end under the watchdog. */
async function run(
  workshop: Workshop,
  program: string,
  args: readonly string[],
  input?: string,
): Promise<{ exitCode: number | null; output: string }> {
  const { identity, environment, watchdog } = workshop;
  const pipe = input === undefined ? "ignore" : "pipe";
  const child: ChildProcess = watchdog.start({ program, args, environment, identity, input: pipe, output: "pipe" });
  let output = "";
  const keep = (chunk: Buffer): void => {
    output = (output + chunk.toString()).slice(-OUTPUT_CHARS_MAX);
  };
  const timer = setTimeout(() => child.kill("SIGKILL"), RUN_MS_MAX);
  child.stdout?.on("data", keep);
  child.stderr?.on("data", keep);
  child.stdin?.on("error", () => {}); // It ended without reading: its exit tells.
  child.stdin?.end(input);
  try {
    const [exitCode] = (await once(child, "close")) as [number | null];
    return { exitCode, output };
  } catch (cause) {
    throw new EmbeddedPostgresError(
      "POSTGRES_START_FAILED",
      `No program can be started through \`sh\`: ${String(cause)}. Install a POSIX shell.`,
      { cause },
    );
  } finally {
    clearTimeout(timer);
  }
}
