/** The lists of codes in the docs are the lists of codes in the program. */
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { ERRORS, MIGRATION_ERRORS, POSTGRES_ERRORS } from "lineshaft";
import * as accounts from "lineshaft/accounts";

const PAGE = readFileSync(join(import.meta.dirname, "errors.md"), "utf8");
const [CALLS = "", ACCOUNTS = "", STARTS = ""] = PAGE.split(/^## Codes of .*$/m);

test("docs/errors.md says of every code what the program says [ERR-1]", () => {
  const documented = [...CALLS.matchAll(/^\| `([A-Z_]+)` \| (\d{3}) \| ([^|]+) \| (\w+) \|/gm)].map(
    ([, code, status, title, retry]) => [code, { status: Number(status), title: title!.trim(), retry }],
  );
  const known = Object.entries(ERRORS).map(([code, { status, title, retry }]) => [code, { status, title, retry }]);
  assert.deepEqual(documented, known);
});

interface Declared {
  readonly method: string;
  readonly path: string;
  readonly errors: Readonly<Record<string, { readonly status: number; readonly title: string }>>;
}

test("docs/errors.md lists the codes of the accounts' endpoints", () => {
  const endpoints = (Object.values(accounts) as unknown[]).filter(
    (each): each is Declared => typeof each === "object" && each !== null && "errors" in each && "path" in each,
  );
  const known = endpoints.flatMap(({ method, path, errors }) =>
    Object.entries(errors).map(
      ([code, { status, title }]) => `| \`${code}\` | ${status} | ${title} | \`${method} ${path}\` |`,
    ),
  );
  const documented = ACCOUNTS.split("\n").filter((line) => line.startsWith("| `"));
  assert.deepEqual(documented, known.toSorted());
});

test("docs/errors.md lists the codes of the start", () => {
  const documented = [...STARTS.matchAll(/^\| `([A-Z_]+)` \|/gm)].map(([, code]) => code);
  assert.deepEqual(documented, ["LISTEN_FAILED", ...Object.keys(POSTGRES_ERRORS), ...Object.keys(MIGRATION_ERRORS)]);
});
