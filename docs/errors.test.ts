/** The list of codes in the docs is the list of codes in the program. */
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { ERRORS } from "lineshaft";

const PAGE = readFileSync(join(import.meta.dirname, "errors.md"), "utf8");

test("docs/errors.md says of every code what the program says [ERR-1]", () => {
  const documented = [...PAGE.matchAll(/^\| `([A-Z_]+)` \| (\d{3}) \| ([^|]+) \| (\w+) \|/gm)].map(
    ([, code, status, title, retry]) => [code, { status: Number(status), title: title!.trim(), retry }],
  );
  const known = Object.entries(ERRORS).map(([code, { status, title, retry }]) => [code, { status, title, retry }]);
  assert.deepEqual(documented, known);
});
