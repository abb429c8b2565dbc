/** An app ends at whatever moment it is told to, in a process that nothing else keeps alive. Real servers. */
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { text } from "node:stream/consumers";
import { describe, test } from "node:test";
import { fileURLToPath } from "node:url";
import { modules } from "../call/test/stand.ts";
import { missing, startTestApp, TEST_SERVERS } from "../testkit/index.ts";

const STOPPING = fileURLToPath(new URL("./test/stopping.ts", import.meta.url));
/** Starts and stops, each two milliseconds later after its first query: at the last one the relay streams. */
const ROUNDS = 20;

for (const server of TEST_SERVERS) {
  describe(`the end of an app on ${server.name}`, { skip: missing(server) }, () => {
    test("it comes at any moment after the first query", async () => {
      await using app = await startTestApp({ services: modules }, { server, settings: { relay: "auto" } });
      const folder = mkdtempSync(join(tmpdir(), "lineshaft-stop-"));
      try {
        const child = spawn(process.execPath, [STOPPING, app.database as string, folder, String(ROUNDS)], {
          stdio: ["ignore", "pipe", "inherit"],
        });
        const [told, [code, signal]] = await Promise.all([text(child.stdout), once(child, "exit")]);
        assert.deepEqual([told, code, signal], ["ended\n", 0, null]);
      } finally {
        rmSync(folder, { recursive: true, force: true });
      }
    });
  });
}
