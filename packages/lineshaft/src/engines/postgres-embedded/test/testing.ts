/** What the tests of this folder share: folders that vanish, launchers in other processes, polling with a deadline. */
import assert from "node:assert/strict";
import { type ChildProcess, spawn } from "node:child_process";
import { chmodSync, existsSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { setTimeout as delay } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import pg from "pg";
import type { EmbeddedPostgresOptions } from "../index.ts";
import { isAlive, processesOn } from "../processes.ts";
import { copyCluster } from "./made-cluster.ts";

export const IS_ROOT = process.geteuid?.() === 0;
/** Debian's account without rights, present on every Linux. */
export const NOBODY = { uid: 65534, gid: 65534 };
const DEADLINE_MS = 20_000;
const FIXTURE = fileURLToPath(new URL("./hold.ts", import.meta.url));

/** A folder for one test. Disposal removes it and fails when a process still works in it. */
export class TestFolder implements AsyncDisposable {
  readonly path: string;
  readonly postgres: string;

  constructor(base = tmpdir(), name = "lineshaft test ü ") {
    this.path = mkdtempSync(join(base, name));
    chmodSync(this.path, 0o755);
    this.postgres = join(this.path, ".lineshaft", "postgres");
  }

  /** With a cluster in it, as after a first start. */
  static async withCluster(): Promise<TestFolder> {
    const folder = new TestFolder();
    await copyCluster(folder.postgres);
    return folder;
  }

  get data(): string {
    return join(this.postgres, "data");
  }

  async [Symbol.asyncDispose](): Promise<void> {
    try {
      await until("no process works on the folder", async () => (await processesOn(this.data)).length === 0);
    } finally {
      for (const pid of await processesOn(this.data)) process.kill(pid, "SIGKILL");
      rmSync(this.path, { recursive: true, force: true });
    }
  }
}

export async function until(
  what: string,
  isTrue: () => boolean | Promise<boolean>,
  deadlineMs = DEADLINE_MS,
): Promise<void> {
  const end = Date.now() + deadlineMs;
  while (!(await isTrue())) {
    assert.ok(Date.now() < end, `not within ${deadlineMs} ms: ${what}`);
    await delay(5);
  }
}

/** Runs one statement on a connection of its own. */
export async function ask(url: string, sql: string): Promise<readonly Record<string, unknown>[]> {
  const client = new pg.Client(url);
  client.on("error", () => {}); // A server that dies under a connection: the query rejects as well.
  await client.connect();
  try {
    return (await client.query<Record<string, unknown>>(sql)).rows;
  } finally {
    await client.end();
  }
}

export interface HolderReply {
  readonly url: string;
  readonly pid: number;
  readonly host: string;
  readonly code?: string;
  readonly message?: string;
}

export interface HolderOptions {
  readonly account?: { readonly uid: number; readonly gid: number };
  /** Put in front of the command, such as `unshare`. */
  readonly prefix?: readonly string[];
}

/** A launcher in another process. Disposal kills it and waits until its Postgres is gone. */
export class Holder implements AsyncDisposable {
  readonly process: ChildProcess;
  readonly reply: HolderReply;

  private constructor(child: ChildProcess, reply: HolderReply) {
    this.process = child;
    this.reply = reply;
  }

  static async start(options: EmbeddedPostgresOptions, holder: HolderOptions = {}): Promise<Holder> {
    const [program = "", ...args] = [...(holder.prefix ?? []), process.execPath, FIXTURE, JSON.stringify(options)];
    const child = spawn(program, args, { stdio: ["pipe", "pipe", "inherit"], cwd: "/", ...holder.account });
    for await (const line of createInterface({ input: child.stdout as NodeJS.ReadableStream })) {
      return new Holder(child, JSON.parse(line) as HolderReply);
    }
    throw new Error("the launcher printed nothing");
  }

  async kill(): Promise<void> {
    this.process.kill("SIGKILL");
    await until("the launcher is gone", () => this.process.pid === undefined || !isAlive(this.process.pid));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.kill();
    if (this.reply.host === undefined) return;
    await until("its Postgres is gone", () => !isAlive(this.reply.pid));
    await until("its socket folder is gone", () => !existsSync(this.reply.host));
  }
}
