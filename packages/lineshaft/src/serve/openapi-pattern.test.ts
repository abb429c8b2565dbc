import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { textLike } from "./openapi-pattern.ts";

const WRITTEN: readonly (readonly [source: string, min: number, max: number])[] = [
  ["^[a-z0-9]+(?:-[a-z0-9]+)*$", 0, 60],
  ["^[a-z]{2}-\\d{4,6}$", 0, 100],
  ["^(?:AB|CD)[x-z]?\\.$", 3, 10],
  ["^[^a-z\\s]{3}$", 0, 3],
  ["^\\+?[1-9]\\d{7,14}$", 10, 16],
  ["^#[0-9a-fA-F]{6}$", 7, 7],
  ["^.+@.+$", 20, 40],
  ["^\\w+\\/\\S*$", 0, 80],
  ["(?<year>\\d{4})", 0, 80],
  ["^[\\]\\-]+$", 2, 4],
  ["^a{3,}$", 150, 180],
  ["^$", 0, 5],
];

describe("a text for a pattern", () => {
  for (const [source, min, max] of WRITTEN) {
    test(`matches ${source} in ${min} to ${max} characters`, () => {
      const text = textLike(source, min, max);
      assert.ok(text !== null, "no text was found");
      assert.match(text, new RegExp(source, "u"));
      assert.ok([...text].length >= min && [...text].length <= max, `"${text}" has another length`);
      assert.equal(textLike(source, min, max), text, "it is the same each time");
    });
  }

  test("is not made up where the pattern is too hard", () => {
    for (const source of ["^(?=.*x)y$", "^(a)\\1$", "^\\p{Lu}$", "^a{5}$"])
      assert.equal(textLike(source, 1, 4), null, source);
  });
});
