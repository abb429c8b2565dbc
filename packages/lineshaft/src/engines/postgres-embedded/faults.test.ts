/** What is killed, by whom, and in which order: the embedded Postgres comes back or goes, and never runs twice. */
import assert from "node:assert/strict";
import { execFileSync, spawn } from "node:child_process";
import { chownSync, existsSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, test } from "node:test";
import { assertLocalFileSystem } from "./data-folder.ts";
import { EmbeddedPostgresError, startEmbeddedPostgres } from "./index.ts";
import { isAlive, processesOn } from "./processes.ts";
import type { ServerEvent } from "./server.ts";
import { ask, Holder, IS_ROOT, NOBODY, TestFolder, until } from "./test/testing.ts";

const REFUSAL_MS_MAX = 1_000;
const GONE_MS_MAX = 3_000;

describe("embedded Postgres: one launcher per folder", () => {
  test("a second process is refused at once and told who has the folder [EMB-1]", async () => {
    await using folder = await TestFolder.withCluster();
    await using holder = await Holder.start({ folder: folder.postgres, durable: false });
    const startedMs = performance.now();
    await assert.rejects(startEmbeddedPostgres({ folder: folder.postgres }), (error) => {
      assert.ok(error instanceof EmbeddedPostgresError && error.code === "POSTGRES_FOLDER_IN_USE", String(error));
      assert.ok(error.message.includes(`process ${holder.process.pid} `), error.message);
      return true;
    });
    assert.ok(performance.now() - startedMs < REFUSAL_MS_MAX);
    assert.deepEqual(await ask(holder.reply.url, "select 1 as one"), [{ one: 1 }]);
  });

  test("a second start in the same process is refused, and free again after stop", async () => {
    await using folder = await TestFolder.withCluster();
    const first = await startEmbeddedPostgres({ folder: folder.postgres, durable: false });
    await assert.rejects(startEmbeddedPostgres({ folder: folder.postgres }), { code: "POSTGRES_FOLDER_IN_USE" });
    await first.stop();
    await using second = await startEmbeddedPostgres({ folder: folder.postgres, durable: false });
    assert.ok(isAlive(second.pid));
  });

  test("of many launchers at once exactly one gets the folder [EMB-1]", async () => {
    await using folder = new TestFolder();
    const starts = Array.from({ length: 8 }, () => startEmbeddedPostgres({ folder: folder.postgres, durable: false }));
    const outcomes = await Promise.allSettled(starts);
    const started = outcomes.filter((outcome) => outcome.status === "fulfilled");
    const codes = outcomes.filter((outcome) => outcome.status === "rejected").map((outcome) => outcome.reason.code);
    for (const { value } of started) await value.stop();
    assert.equal(started.length, 1);
    assert.deepEqual(
      codes,
      Array.from({ length: 7 }, () => "POSTGRES_FOLDER_IN_USE"),
    );
  });

  test("a process of another container (PID namespace) is refused", {
    skip: canUnshare() ? false : "needs root and unshare",
  }, async () => {
    await using folder = await TestFolder.withCluster();
    await using postgres = await startEmbeddedPostgres({ folder: folder.postgres, durable: false });
    const prefix = ["unshare", "--pid", "--ipc", "--fork", "--mount-proc"];
    await using other = await Holder.start({ folder: folder.postgres }, { prefix });
    assert.equal(other.reply.code, "POSTGRES_FOLDER_IN_USE", JSON.stringify(other.reply));
    assert.ok(isAlive(postgres.pid));
  });

  test("network file systems are refused, local ones are not", () => {
    assert.throws(() => assertLocalFileSystem("/mnt/share", 0x6969), { code: "POSTGRES_FOLDER_UNUSABLE" });
    assert.throws(() => assertLocalFileSystem("/mnt/share", 0xff534d42 | 0), { code: "POSTGRES_FOLDER_UNUSABLE" });
    assertLocalFileSystem("/home", 0xef53);
  });
});

describe("embedded Postgres: kill -9", { concurrency: 2 }, () => {
  // It waits for most of its time, so it begins first and the others run beside it.
  test("of Postgres again and again: it is given up after a bound, and stop still cleans up", async () => {
    await using folder = await TestFolder.withCluster();
    const events: ServerEvent[] = [];
    await using postgres = await startEmbeddedPostgres({
      folder: folder.postgres,
      durable: false,
      onEvent: (event) => events.push(event),
    });
    writeFileSync(join(folder.data, "global", "pg_control"), "broken");
    process.kill(postgres.pid, "SIGKILL");
    await until("it is given up", () => events.some((event) => event.detail.startsWith("given up")), 60_000);
    assert.ok(!events.some((event) => event.kind === "restarted"));
    await postgres.stop();
    assert.equal(existsSync(postgres.connection.host), false);
  });

  test("of the launcher: Postgres goes with it, what was committed stays, the next start works [EMB-1]", async () => {
    await using folder = await TestFolder.withCluster();
    await using holder = await Holder.start({ folder: folder.postgres });
    await ask(holder.reply.url, "create table kept as select 7 as seven");
    await holder.kill();
    await until("Postgres is gone", async () => (await processesOn(folder.data)).length === 0, GONE_MS_MAX);
    assert.match(readFileSync(join(folder.postgres, "server.log"), "utf8"), /database system is shut down/);
    await using postgres = await startEmbeddedPostgres({ folder: folder.postgres });
    assert.deepEqual(await ask(postgres.url, "select seven from kept"), [{ seven: 7 }]);
  });

  test("of the launcher, and the next start at the same instant", async () => {
    await using folder = await TestFolder.withCluster();
    await using holder = await Holder.start({ folder: folder.postgres });
    holder.process.kill("SIGKILL");
    await holder.kill();
    await using postgres = await startEmbeddedPostgres({ folder: folder.postgres });
    assert.notEqual(postgres.pid, holder.reply.pid);
    assert.equal((await ask(postgres.url, "select 1 as one")).length, 1);
    await postgres.stop();
  });

  test("of the launcher during the first start: no half cluster", async () => {
    await using folder = new TestFolder();
    const starting = Holder.start({ folder: folder.postgres }).catch((error: unknown) => error);
    await until("initdb is at work", () => existsSync(join(`${folder.data}.new`, "PG_VERSION")));
    const { pid } = JSON.parse(readFileSync(join(folder.postgres, "lock"), "utf8")) as { pid: number };
    process.kill(pid, "SIGKILL");
    assert.ok((await starting) instanceof Error);
    assert.equal(existsSync(folder.data), false);
    await using postgres = await startEmbeddedPostgres({ folder: folder.postgres });
    assert.equal((await ask(postgres.url, "select 1 as one")).length, 1);
  });

  test("of launcher and watchdog: the Postgres they leave is found, stopped and replaced", async () => {
    await using folder = await TestFolder.withCluster();
    await using holder = await Holder.start({ folder: folder.postgres });
    process.kill(watchdogOf(holder.process.pid), "SIGSTOP");
    await holder.kill();
    process.kill(watchdogStopped(holder.reply.host), "SIGKILL");
    assert.ok(isAlive(holder.reply.pid), "nobody is left to stop it");
    const steps: string[] = [];
    await using postgres = await startEmbeddedPostgres({ folder: folder.postgres, report: (step) => steps.push(step) });
    assert.equal(isAlive(holder.reply.pid), false);
    assert.match(steps[0] ?? "", /left behind/);
    assert.equal((await ask(postgres.url, "select 1 as one")).length, 1);
    await postgres.stop();
  });

  test("of the watchdog: it is replaced, and its successor does its work", async () => {
    await using folder = await TestFolder.withCluster();
    await using holder = await Holder.start({ folder: folder.postgres, durable: false });
    const first = watchdogOf(holder.process.pid);
    process.kill(first, "SIGKILL");
    await until("there is another watchdog", () => (findWatchdog(holder.process.pid) ?? first) !== first);
    await holder.kill();
    await until("Postgres is gone", async () => (await processesOn(folder.data)).length === 0, GONE_MS_MAX);
  });

  test("of Postgres: it comes back on the same socket with what was committed", async () => {
    await using folder = await TestFolder.withCluster();
    const events: ServerEvent[] = [];
    await using postgres = await startEmbeddedPostgres({
      folder: folder.postgres,
      onEvent: (event) => events.push(event),
    });
    await ask(postgres.url, "create table kept as select 7 as seven");
    const first = postgres.pid;
    process.kill(first, "SIGKILL");
    await until("it is back", () => events.some((event) => event.kind === "restarted"));
    assert.notEqual(postgres.pid, first);
    assert.deepEqual(await ask(postgres.url, "select seven from kept"), [{ seven: 7 }]);
    assert.match(events[0]?.detail ?? "", /SIGKILL/);
  });

  test("of Postgres, and stop while it is restarting", async () => {
    await using folder = await TestFolder.withCluster();
    const crashed = Promise.withResolvers<void>();
    await using postgres = await startEmbeddedPostgres({
      folder: folder.postgres,
      durable: false,
      onEvent: () => crashed.resolve(),
    });
    process.kill(postgres.pid, "SIGKILL");
    await crashed.promise;
    await postgres.stop();
    // What the killed one has left behind sees by itself that it is alone.
    await until("Postgres is gone", async () => (await processesOn(folder.data)).length === 0);
  });
});

describe("embedded Postgres: a misleading postmaster.pid", () => {
  test("that names a living process which is no Postgres is removed, and the process left alone", async () => {
    await using folder = await TestFolder.withCluster();
    await using holder = await Holder.start({ folder: folder.postgres });
    const pidFile = readFileSync(join(folder.data, "postmaster.pid"), "utf8");
    const { uid, gid } = ownerOf(folder.data);
    await holder.kill();
    await until("Postgres is gone", async () => (await processesOn(folder.data)).length === 0);
    const stranger = spawn("sleep", ["60"], { stdio: "ignore", uid, gid });
    try {
      writeFileSync(join(folder.data, "postmaster.pid"), pidFile.replace(/^\d+/, String(stranger.pid)));
      chownSync(join(folder.data, "postmaster.pid"), uid, gid);
      await using postgres = await startEmbeddedPostgres({ folder: folder.postgres });
      assert.equal((await ask(postgres.url, "select 1 as one")).length, 1);
      assert.ok(isAlive(stranger.pid ?? 0));
    } finally {
      stranger.kill("SIGKILL");
    }
  });
});

describe("embedded Postgres: an ordinary user", () => {
  test("starts it as itself", { skip: IS_ROOT ? false : "every other test shows it" }, async () => {
    await using folder = new TestFolder();
    chownSync(folder.path, NOBODY.uid, NOBODY.gid);
    await using holder = await Holder.start({ folder: folder.postgres }, { account: NOBODY });
    assert.equal(holder.reply.code, undefined, JSON.stringify(holder.reply));
    assert.deepEqual(await ask(holder.reply.url, "select 1 as one"), [{ one: 1 }]);
  });

  test("without an entry in /etc/passwd is told so", { skip: IS_ROOT ? false : "needs root" }, async () => {
    await using folder = new TestFolder();
    const account = { uid: 54321, gid: 54321 };
    chownSync(folder.path, account.uid, account.gid);
    await using holder = await Holder.start({ folder: folder.postgres }, { account });
    assert.equal(holder.reply.code, "POSTGRES_NO_USER");
    assert.match(holder.reply.message ?? "", /54321/);
  });

  test("on a folder of somebody else is told so", { skip: IS_ROOT ? false : "needs root" }, async () => {
    await using folder = new TestFolder();
    await (await startEmbeddedPostgres({ folder: folder.postgres, durable: false })).stop();
    await using holder = await Holder.start({ folder: folder.postgres }, { account: NOBODY });
    assert.equal(holder.reply.code, "POSTGRES_FOLDER_UNUSABLE");
  });
});

function canUnshare(): boolean {
  try {
    execFileSync("unshare", ["--pid", "--ipc", "--fork", "--mount-proc", "true"], { stdio: "ignore" });
    return true;
  } catch {
    return false;
  }
}

function ownerOf(path: string): { uid: number; gid: number } {
  const [uid, gid] = execFileSync("stat", ["-c", "%u %g", path]).toString().trim().split(" ").map(Number);
  return { uid: uid ?? 0, gid: gid ?? 0 };
}

/** The watchdog of a launcher: the child with its name. */
function findWatchdog(launcher: number | undefined): number | undefined {
  const lines = execFileSync("ps", ["-eo", "pid=,ppid=,stat=,args="]).toString().split("\n");
  const rows = lines.map((line) => line.trim().split(/\s+/));
  const row = rows.find(
    ([, parent, state, ...args]) =>
      Number(parent) === launcher && state?.[0] !== "Z" && args.includes("lineshaft-postgres-watchdog"),
  );
  return row?.[0] === undefined ? undefined : Number(row[0]);
}

function watchdogOf(launcher: number | undefined): number {
  const pid = findWatchdog(launcher);
  assert.ok(pid !== undefined, "there is a watchdog");
  return pid;
}

/** A watchdog whose launcher is gone, by the socket folder in its command line. */
function watchdogStopped(socketFolder: string): number {
  const lines = execFileSync("ps", ["-eo", "pid=,args="]).toString().split("\n");
  const line = lines.find(
    (text) => text.includes("lineshaft-postgres-watchdog") && text.trimEnd().endsWith(socketFolder),
  );
  assert.ok(line !== undefined, "the watchdog is stopped, not gone");
  return Number.parseInt(line, 10);
}
