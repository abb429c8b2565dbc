/** The test run itself, asked wrong: it fails, says why, and keeps its last line. */
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { join } from "node:path";
import { test } from "node:test";

const PROGRAM = join(import.meta.dirname, "test.ts");

function runWith(args: readonly string[]): { readonly status: number | null; readonly lines: readonly string[] } {
  // Without the mark of the run that this test is part of: the inner runner would take itself for one of its files.
  const { NODE_TEST_CONTEXT: _context, ...env } = process.env;
  const { status, stdout } = spawnSync(process.execPath, [PROGRAM, ...args], { encoding: "utf8", env });
  return { status, lines: stdout.trimEnd().split("\n") };
}

test("a filter that finds no file fails", () => {
  const { status, lines } = runWith(["packages/nowhere.test.ts"]);
  assert.equal(status, 1);
  assert.ok(lines.some((line) => line.includes("no test file matches")));
  assert.equal(lines.at(-1), "0 passed, 1 failed, 0 skipped");
});

test("an unknown group fails and names the known ones", () => {
  const { status, lines } = runWith(["--only", "units"]);
  assert.equal(status, 1);
  assert.match(lines[0] as string, /--only units: there are types, lint, tidy, unit, contract, e2e/);
  assert.equal(lines.at(-1), "0 passed, 1 failed, 0 skipped");
});

test("the last line counts the tests that ran", () => {
  const { status, lines } = runWith(["tools/vendor-api-reference.test.ts"]);
  assert.equal(status, 0);
  assert.equal(lines.at(-1), "2 passed, 0 failed, 0 skipped");
});
