/** Where a statement ends, and the texts in which it does not. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { splitStatements } from "./split-statements.ts";

const CASES: readonly (readonly [text: string, statements: readonly string[]])[] = [
  ["", []],
  ["-- nothing\n;;\n/* ; */", []],
  ["select 1; select 2", ["select 1", "select 2"]],
  ["select 'a;''b;' ; select 2;", ["select 'a;''b;'", "select 2"]],
  [
    "select e'\\';' ; select E'\\\\' ; select 'a\\'; select 3",
    ["select e'\\';'", "select E'\\\\'", "select 'a\\'", "select 3"],
  ],
  ['select ";""--" ; select 2', ['select ";""--"', "select 2"]],
  ["do $$ begin; $x$ ; $$ ; select $a$ ; $$ ; $a$", ["do $$ begin; $x$ ; $$", "select $a$ ; $$ ; $a$"]],
  ["select $1; select a$b$ from c; select 2 -- $b$", ["select $1", "select a$b$ from c", "select 2 -- $b$"]],
  ["/* /* ; */ ; */ select 1 /* ; */; -- ;\nselect 2", ["select 1 /* ; */", "select 2"]],
  ["select 1 -- ';\n; select 2", ["select 1 -- ';", "select 2"]],
  [
    "create function f() returns integer begin atomic select case when true then 1 end; select 2; end; select 3",
    ["create function f() returns integer begin atomic select case when true then 1 end; select 2; end", "select 3"],
  ],
  ["select größe; select 2", ["select größe", "select 2"]],
];

for (const [text, statements] of CASES) {
  test(`splits ${JSON.stringify(text)}`, () => {
    const found = splitStatements(text).map((statement) => statement.text);
    // A comment between a statement and its semicolon may be kept or not; the server does not mind.
    assert.deepEqual(found, statements);
  });
}

test("knows the line of each statement", () => {
  assert.deepEqual(
    splitStatements("-- one\nselect 1;\n\n  select\n2;").map((statement) => statement.line),
    [2, 4],
  );
});
