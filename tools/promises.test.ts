/**
 * Promises and tests are joined by id: a promise of `docs/promises.md` without a test, and a test that carries an id
 * which no page promises, are both failures.
 */
import assert from "node:assert/strict";
import { globSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";

const ROOT = join(import.meta.dirname, "..");
const ID = /\b[A-Z]{3,4}-\d+\b/g;

/** Ids of the page, and of the names of tests with the files they stand in. */
function joined(): { promised: Set<string>; tested: Map<string, Set<string>> } {
  const page = readFileSync(join(ROOT, "docs/promises.md"), "utf8");
  const promised = new Set([...page.matchAll(/^\| ([A-Z]{3,4}-\d+) \|/gm)].map(([, id]) => id!));
  const tested = new Map<string, Set<string>>();
  const files = globSync("{packages,apps,docs,tools,bench,chaos}/**/*.test.ts", {
    cwd: ROOT,
    exclude: (path) => /node_modules|dist|\.generated/.test(path),
  });
  for (const file of files) {
    if (file === "tools/promises.test.ts") continue;
    for (const [name] of readFileSync(join(ROOT, file), "utf8").matchAll(/\[(?:[A-Z]{3,4}-\d+(?:, )?)+\]/g)) {
      for (const [id] of name.matchAll(ID)) tested.set(id, (tested.get(id) ?? new Set()).add(file));
    }
  }
  return { promised, tested };
}

test("every promise has a test", () => {
  const { promised, tested } = joined();
  assert.ok(promised.size > 0);
  assert.deepEqual(
    [...promised].filter((id) => !tested.has(id)),
    [],
  );
});

test("every id in a test's name is a promise", () => {
  const { promised, tested } = joined();
  assert.deepEqual(
    [...tested.keys()].filter((id) => !promised.has(id)),
    [],
  );
});
