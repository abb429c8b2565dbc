/** Files in a folder: the contract of all stores, and what only a folder promises. */
import assert from "node:assert/strict";
import { mkdir, mkdtemp, readdir, rm, stat, utimes, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { newKey } from "./files.ts";
import { FilesFolder } from "./files-folder.ts";
import { type OpenStore, testFileStore } from "./test/file-store.ts";

async function open(): Promise<OpenStore & { readonly folder: string }> {
  const made = await mkdtemp(join(tmpdir(), "lineshaft-files-"));
  const folder = join(made, "not/there/yet");
  const files = async () => {
    const entries = await readdir(folder, { recursive: true, withFileTypes: true }).catch(() => []);
    return entries.filter((each) => each.isFile()).map((each) => join(each.parentPath, each.name));
  };
  return {
    folder,
    store: new FilesFolder(folder),
    count: async () => (await files()).length,
    age: async (ms) => {
      const at = new Date(Date.now() - ms);
      for (const path of await files()) await utimes(path, at, at);
    },
    dieAfter: async (key, bytes) => {
      await mkdir(join(folder, "incoming"), { recursive: true });
      await writeFile(join(folder, "incoming", key), bytes);
    },
    [Symbol.asyncDispose]: () => rm(made, { recursive: true, force: true }),
  };
}

testFileStore("a folder", open);

async function* bytes(): AsyncIterable<Uint8Array> {
  yield Buffer.from("hello");
}

test("only the user of the process may read files and folders", async () => {
  await using at = await open();
  await at.store.put(newKey(), bytes());
  const entries = await readdir(at.folder, { recursive: true, withFileTypes: true });
  const modes = await Promise.all(entries.map(async (each) => (await stat(join(each.parentPath, each.name))).mode));
  assert.deepEqual([...new Set(modes.map((mode) => mode & 0o777))].toSorted(), [0o600, 0o700]);
  assert.equal((await stat(at.folder)).mode & 0o777, 0o700);
});

test("what others have put into the folder is left alone", async () => {
  await using at = await open();
  await at.store.prepare();
  await mkdir(join(at.folder, "ab"));
  for (const name of ["README", "ab/notes.txt", "incoming/.keep"]) await writeFile(join(at.folder, name), "mine");
  await at.age(1_000_000_000);
  assert.deepEqual(await Array.fromAsync(at.store.olderThan(new Date())), []);
  assert.equal(await at.count(), 3);
});

test("a folder that cannot be made is told when it is prepared", async () => {
  await using at = await open();
  const inFile = join(at.folder, "..", "file");
  await mkdir(join(at.folder, ".."), { recursive: true });
  await writeFile(inFile, "");
  await assert.rejects(new FilesFolder(join(inFile, "files")).prepare(), /ENOTDIR/);
});
