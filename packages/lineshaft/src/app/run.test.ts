/** An app as a process of its own, and whoever reads what it writes. */
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { text } from "node:stream/consumers";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import { modules } from "../call/test/stand.ts";
import { freePort, poll, startTestApp } from "../testkit/index.ts";

const SERVED = fileURLToPath(new URL("./test/served.ts", import.meta.url));
const CLI = fileURLToPath(new URL("../cli/main.ts", import.meta.url));
const WAIT_MS = 30_000;

for (const [how, args] of [
  ["by itself", [SERVED]],
  ["by the command line", [CLI, "start", "--app", SERVED]],
] as const) {
  test(`an app that was started ${how} goes on when nobody reads its output any more`, async () => {
    await using database = await startTestApp({ services: modules });
    const folder = mkdtempSync(join(tmpdir(), "lineshaft-run-"));
    const port = await freePort();
    const env = { ...process.env, DATABASE_URL: database.database as string, PORT: String(port), METRICS_PORT: "0" };
    const child = spawn(process.execPath, [...args], { cwd: folder, env, stdio: ["ignore", "pipe", "pipe"] });
    const closed = once(child, "exit");
    try {
      // The first line is not the last: the rest of what the start tells has no reader.
      await once(child.stdout, "data");
      child.stdout.destroy();
      child.stderr.destroy();
      const url = `http://127.0.0.1:${port}`;
      const isUp = async () => child.exitCode !== null || (await fetch(`${url}/accounts`)).ok;
      await poll(isUp, { timeoutMs: WAIT_MS, what: "the app" });
      for (let count = 0; count < 20; count++) assert.equal((await fetch(`${url}/accounts`)).status, 200);
      child.kill("SIGTERM");
      assert.deepEqual(await closed, [0, null]);
    } finally {
      child.kill("SIGKILL");
      rmSync(folder, { recursive: true, force: true });
    }
  });
}

test("in production standard output holds JSON alone, and no page is told that is not served", async () => {
  await using database = await startTestApp({ services: modules });
  const folder = mkdtempSync(join(tmpdir(), "lineshaft-run-"));
  const settings = { NODE_ENV: "production", LINESHAFT_SECRET: "a secret of a test, 32 characters long" };
  const env = { ...process.env, ...settings, DATABASE_URL: database.database as string, PORT: "0", METRICS_PORT: "0" };
  const child = spawn(process.execPath, [SERVED], { cwd: folder, env, stdio: ["ignore", "pipe", "pipe"] });
  try {
    let told = "";
    child.stderr.on("data", (chunk) => (told += chunk));
    const lines = text(child.stdout);
    await poll(() => told.includes("Ctrl-C ends it"), { timeoutMs: WAIT_MS, what: "the app" });
    child.kill("SIGTERM");
    await once(child, "close");
    assert.match(told, /API +http:[\s\S]*Ended/);
    assert.doesNotMatch(told, /dev\/mail/);
    const messages = (await lines).trim().split("\n");
    assert.deepEqual(
      messages.map((line) => JSON.parse(line).msg),
      ["SMTP_URL is not set: mails are recorded, and sent to nobody"],
    );
  } finally {
    child.kill("SIGKILL");
    rmSync(folder, { recursive: true, force: true });
  }
});

test("a folder that cannot hold the embedded Postgres is told without a stack", async () => {
  const folder = mkdtempSync(join(tmpdir(), "lineshaft-run-"));
  try {
    const env = { ...process.env, DATABASE_URL: "", LINESHAFT_DATA: join(SERVED, "data") };
    const child = spawn(process.execPath, [SERVED], { cwd: folder, env, stdio: ["ignore", "ignore", "pipe"] });
    const [told, [code]] = await Promise.all([text(child.stderr), once(child, "exit")]);
    assert.equal(code, 1);
    assert.match(told, /The folder ".*" cannot be created or written to by this user \(ENOTDIR\)/);
    assert.doesNotMatch(told, /\n +at /);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
});
