/** Every rule goes red on a bad sample and stays green on a good one: an alarm that never rings is no alarm. */
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { mask } from "./source.ts";
import { tidyText } from "./tidy.ts";

type Sample = { readonly rule: string; readonly path: string; readonly bad: string; readonly good: string };

const SRC = "packages/lineshaft/src";
const times = (count: number, line: string): string => `${line}\n`.repeat(count);
const unfinished = (start: string): string => `// ${start}: later\n`;

const SAMPLES: readonly Sample[] = [
  {
    rule: "layers",
    path: `${SRC}/data/pool.ts`,
    bad: 'import { route } from "../serve/route.ts";\n',
    good: 'import { field } from "../define/field.ts";\nimport { Pool } from "./pool.ts";\n',
  },
  {
    rule: "layers",
    path: `${SRC}/cache/cache.ts`,
    bad: 'import type { Live } from "../live/live.ts";\n',
    good: 'import type { Log } from "../log/log.ts";\n',
  },
  { rule: "layers", path: `${SRC}/nowhere/new.ts`, bad: "export {};\n", good: "" },
  { rule: "layers", path: `${SRC}/call/call.ts`, bad: 'import { app } from "../index.ts";\n', good: "" },
  { rule: "layers", path: `${SRC}/call/call.ts`, bad: 'import { app } from "lineshaft";\n', good: "" },
  {
    rule: "apps-imports",
    path: "apps/blog/posts.ts",
    bad: 'import pg from "pg";\n',
    good: 'import { list } from "lineshaft";\nimport "lineshaft/accounts";\nimport { B } from "./model.ts";\n',
  },
  {
    rule: "apps-imports",
    path: "apps/blog/posts.ts",
    bad: 'import * as todos from "../todo/todos.ts";\n',
    good: 'import { Todo } from "../todo/model.ts";\nimport { join } from "node:path";\nimport "rrule-temporal";\n',
  },
  {
    rule: "apps-imports",
    path: "apps/blog/web/src/page.tsx",
    bad: 'import { todos } from "../../../todo/todos.ts";\n',
    good: 'import { useState } from "react";\nimport type * as posts from "../../posts.ts";\n',
  },
  {
    rule: "deep-import",
    path: "packages/client/src/client.ts",
    bad: 'const problem = await import("../../lineshaft/src/serve/problem.ts");\n',
    good: 'import type { Problem } from "lineshaft";\n',
  },
  {
    rule: "deep-import",
    path: "tools/build.ts",
    bad: 'import { entity } from "lineshaft/src/define/entity.ts";\n',
    good: 'import { entity } from "lineshaft";\n',
  },
  {
    rule: "file-length",
    path: `${SRC}/data/long.ts`,
    bad: times(401, "x();"),
    good: times(400, "x();") + times(99, "// Why."),
  },
  {
    rule: "function-length",
    path: `${SRC}/data/long.ts`,
    bad: `export async function long(\n  one: string,\n): Promise<void> {\n${times(70, "  x();")}}\n`,
    good: `function short(): void {\n${times(60, "  x();")}}\nif (\n  one\n) {\n${times(80, "  x();")}}\n`,
  },
  {
    rule: "function-length",
    path: `${SRC}/data/long.ts`,
    bad: `class Pool {\n  async open(url: string): Promise<void> {\n${times(70, "    x();")}  }\n}\n`,
    good: `class Pool {\n${times(80, "  x = 1;")}}\n`,
  },
  {
    rule: "line-length",
    path: `${SRC}/data/wide.ts`,
    bad: `// ${"x".repeat(120)}\n`,
    good: `// ${"x".repeat(117)}\n// https://example.com/${"x".repeat(120)}\n`,
  },
  {
    rule: "console",
    path: `${SRC}/serve/server.ts`,
    bad: 'console.log("started");\n',
    good: '// console.log("x")\nconst text = "console.log";\n',
  },
  {
    rule: "sleep",
    path: "packages/lineshaft/test/slow.test.ts",
    bad: "await setTimeout(100);\n",
    good: "async function poll(probe: Probe): Promise<void> {\n  while (!probe()) await setTimeout(10);\n}\n",
  },
  {
    rule: "sleep",
    path: `${SRC}/data/pool.test.ts`,
    bad: "await new Promise((resolve) => setTimeout(resolve, 100));\n",
    good: "const timer = setTimeout(stop, 100);\n",
  },
  {
    rule: "bare-fail",
    path: "apps/todo/todos.ts",
    bad: 'if (todo === undefined) fail("NOT_FOUND");\n',
    good: 'if (todo === undefined) throw fail("NOT_FOUND");\n',
  },
  {
    rule: "bare-fail",
    path: "apps/todo/todos.ts",
    bad: 'async function run() {\n  fail("NOT_FOUND");\n}\n',
    good: 'const todo = found ??\n  fail("NOT_FOUND");\nconst run = () =>\n  fail("GONE");\nassert.fail("no");\n',
  },
  {
    rule: "export-star",
    path: `${SRC}/data/index.ts`,
    bad: 'export * from "./pool.ts";\n',
    good: 'export { Pool } from "./pool.ts";\n',
  },
  {
    rule: "only",
    path: `${SRC}/data/pool.test.ts`,
    bad: `test.${"only"}("a", () => {});\n`,
    good: 'test("a", () => {});\n',
  },
  { rule: "unfinished", path: "docs/HACKING.md", bad: unfinished("FIX" + "ME"), good: "Fix me\n" },
  { rule: "unfinished", path: `${SRC}/data/pool.ts`, bad: unfinished("TO" + "DO"), good: "class Todo {}\n" },
  { rule: "forbidden-word", path: "docs/README.md", bad: `See issue ${"#"}12.\n`, good: "See the issue.\n" },
];

describe("tidy", () => {
  for (const [index, { rule, path, bad, good }] of SAMPLES.entries()) {
    test(`${rule} goes red in ${path} (sample ${index})`, () => {
      const findings = tidyText(path, bad);
      assert.deepEqual(
        findings.map((finding) => finding.rule),
        [rule],
      );
      assert.ok((findings[0]?.line ?? 0) >= 1);
    });
    test(`${rule} stays green in ${path} (sample ${index})`, () => {
      if (rule === "layers" && good === "") return;
      assert.deepEqual(tidyText(path, good), []);
    });
  }

  test("tests and entry files may import every layer", () => {
    const text = 'import { app } from "../app/app.ts";\n';
    assert.deepEqual(tidyText(`${SRC}/define/field.test.ts`, text), []);
    assert.deepEqual(tidyText(`${SRC}/index.ts`, 'export { app } from "./app/app.ts";\n'), []);
  });
});

describe("mask", () => {
  const cases: readonly (readonly [string, string])[] = [
    ['a("b//c"); // d', 'a("    ");     '],
    ["a(/[/'\"]/g, 'x');", "a(/     /g, ' ');"],
    ["a / b / c", "a / b / c"],
    ["`x${ y({ z: `q` }) }w` + 1", "`    y({ z: ` ` }) } ` + 1"],
    ["/* a\nb */ c", "    \n     c"],
    ['"a\\"b" + c', '"    " + c'],
  ];
  for (const [code, expected] of cases) {
    test(JSON.stringify(code), () => assert.equal(mask(code), expected));
  }
});
