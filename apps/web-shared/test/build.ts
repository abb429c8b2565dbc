/** The committed build of a page is the build of its sources. */
import assert from "node:assert/strict";
import { mkdtemp, readdir, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { build } from "vite";

async function filesOf(folder: string): Promise<Map<string, Buffer>> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true });
  const paths = entries.filter((each) => each.isFile()).map((each) => join(each.parentPath, each.name));
  const files = paths.toSorted().map(async (path) => [path.slice(folder.length), await readFile(path)] as const);
  return new Map(await Promise.all(files));
}

/** @param root  The folder of the page. */
export function testBuild(root: string): void {
  test("the committed build is the build of these sources", async () => {
    const folder = await mkdtemp(join(tmpdir(), "lineshaft-web-"));
    try {
      await build({ root, configFile: join(root, "vite.config.ts"), logLevel: "warn", build: { outDir: folder } });
      const fresh = await filesOf(folder);
      const committed = await filesOf(join(root, "built"));
      assert.deepEqual([...committed.keys()], [...fresh.keys()], "run npm run build:web, and commit what it makes");
      for (const [name, bytes] of fresh) assert.ok(committed.get(name)?.equals(bytes), `${name} differs`);
    } finally {
      await rm(folder, { recursive: true });
    }
  });
}
