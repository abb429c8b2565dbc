/** An app as a process of its own, and whoever reads what it writes. */
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import { modules } from "../call/test/stand.ts";
import { poll, startTestApp } from "../testkit/index.ts";

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
    const env = { ...process.env, DATABASE_URL: database.database as string, PORT: "0", METRICS_PORT: "0" };
    const child = spawn(process.execPath, [...args], { cwd: folder, env, stdio: ["ignore", "pipe", "pipe"] });
    const closed = once(child, "exit");
    try {
      let text = "";
      child.stdout.setEncoding("utf8").on("data", (chunk: string) => {
        text += chunk;
      });
      const url = await poll(() => /API +(http:\S+)/.exec(text)?.[1], { timeoutMs: WAIT_MS, what: "the banner" });
      child.stdout.destroy();
      child.stderr.destroy();
      for (let count = 0; count < 20; count++) assert.equal((await fetch(`${url}/accounts`)).status, 200);
      child.kill("SIGTERM");
      assert.deepEqual(await closed, [0, null]);
    } finally {
      child.kill("SIGKILL");
      rmSync(folder, { recursive: true, force: true });
    }
  });
}
