/** Files count with their commands, also when a node dies: nothing is lost, and nothing is left. */
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { mkdtemp, readdir, rm, utimes } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import { newKey } from "../engines/files.ts";
import { FilesFolder } from "../engines/files-folder.ts";
import { openControl } from "../log/control.ts";
import { poll, startTestApp, type TestApp } from "../testkit/index.ts";
import { SWEEP_AGE_MS, sweepFiles } from "./files.ts";
import * as held from "./test/files-child.ts";

const CHILD = fileURLToPath(new URL("./test/files-child.ts", import.meta.url));
const TEXT = { "content-type": "text/plain" };

async function makeFolder() {
  const path = await mkdtemp(join(tmpdir(), "lineshaft-files-"));
  return { path, [Symbol.asyncDispose]: () => rm(path, { recursive: true, force: true, maxRetries: 20 }) };
}

async function stored(folder: string): Promise<readonly string[]> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true });
  return entries.filter((each) => each.isFile()).map(({ parentPath, name }) => join(parentPath, name));
}

async function keysIn(folder: string): Promise<readonly string[]> {
  return (await stored(folder)).map((path) => path.slice(-32)).toSorted();
}

/** Sweeps as the leader does, by a clock that is so much ahead. */
async function sweep(app: TestApp, folder: string, aheadMs: number): Promise<void> {
  await using control = openControl({ connection: app.database, metrics: app.metrics, size: 1 });
  const clock = () => new Date(Date.now() + aheadMs);
  await sweepFiles(control, { files: new FilesFolder(folder), metrics: app.metrics, log: app.log, clock });
}

async function put(url: string): Promise<string> {
  const response = await fetch(`${url}/files`, { method: "PUT", headers: TEXT, body: "kept" });
  return ((await response.json()) as { readonly key: string }).key;
}

test("a sweep removes old bytes that no command has kept, and nothing else", async () => {
  await using folder = await makeFolder();
  await using app = await startTestApp({ services: { held } }, { settings: { filesFolder: folder.path } });
  const kept = await put(app.url);
  const [left, young] = [newKey(), newKey()];
  const files = new FilesFolder(folder.path);
  const bytes = async function* () {
    yield Buffer.from("left");
  };
  await files.put(left, bytes());
  for (const path of await stored(folder.path)) await utimes(path, 0, 0);
  await files.put(young, bytes());
  await sweep(app, folder.path, 0);
  assert.deepEqual(await keysIn(folder.path), [kept, young].toSorted());
  assert.equal((await app.metrics.filesSwept.get()).values[0]!.value, 1);
  assert.deepEqual((await app.metrics.fileSweeps.get()).values[0], { labels: { outcome: "done" }, value: 1 });
  assert.equal(await (await app.fetch(`/files/${kept}`)).text(), "kept");
});

test("a sweep that cannot look is told, and breaks nothing", async () => {
  await using folder = await makeFolder();
  await using app = await startTestApp({ services: { held } }, { settings: { filesFolder: folder.path } });
  await rm(join(folder.path, "incoming"), { recursive: true });
  await using control = openControl({ connection: app.database, metrics: app.metrics, size: 1 });
  const files = new FilesFolder(folder.path);
  const broken = Object.assign(files, {
    olderThan: async function* (): AsyncIterable<string> {
      yield newKey();
      throw new Error("the disk is gone");
    },
  });
  const { metrics, log } = app;
  await sweepFiles(control, { files: broken, metrics, log, clock: () => new Date() });
  assert.deepEqual((await metrics.fileSweeps.get()).values[0], { labels: { outcome: "failed" }, value: 1 });
});

test("kill -9 before the commit leaves bytes to the sweep, and loses no file that counts [FILE-1]", async () => {
  await using folder = await makeFolder();
  const child = spawn(process.execPath, [CHILD, folder.path], { stdio: ["ignore", "pipe", "ignore"] });
  const files = join(folder.path, ".lineshaft/files");
  const kept: string[] = [];
  for await (const line of createInterface({ input: child.stdout })) {
    if (!line.startsWith("http")) {
      // It holds a file: its bytes are there, and its row is not.
      assert.match(line, /"msg":"held"/);
      child.kill("SIGKILL");
      continue;
    }
    kept.push(await put(line), await put(line));
    fetch(`${line}/files?hold=true`, { method: "PUT", headers: TEXT, body: "held" }).catch(() => {});
  }
  assert.equal((await keysIn(files)).length, kept.length + 1);
  const settings = { dataFolder: join(folder.path, ".lineshaft") };
  // The system may not have buried the server yet that was killed with its app.
  const start = () => startTestApp({ services: { held } }, { folder: folder.path, settings });
  await using app = await poll(start, { what: "the second start", timeoutMs: 30_000 });
  await sweep(app, files, SWEEP_AGE_MS / 2);
  assert.equal((await keysIn(files)).length, kept.length + 1);
  await sweep(app, files, 2 * SWEEP_AGE_MS);
  assert.deepEqual(await keysIn(files), kept.toSorted());
  for (const key of kept) assert.equal(await (await app.fetch(`/files/${key}`)).text(), "kept");
});
