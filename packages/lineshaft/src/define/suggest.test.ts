/** Suggestions: near words are found, far ones are not. */
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { didYouMean } from "./suggest.ts";

describe("didYouMean", () => {
  const CASES: readonly (readonly [word: string, candidates: readonly string[], expected: string | null])[] = [
    ["cod", ["id", "code"], "code"],
    ["coed", ["code", "cold"], "code"],
    ["EMAIL", ["id", "email"], "email"],
    ["titel", ["title", "tile"], "title"],
    ["elephant", ["id", "code"], null],
    ["ab", ["xy"], null],
    ["x", ["y"], null],
    ["", ["a"], null],
    ["code", ["code"], null],
    ["x".repeat(65), ["x".repeat(64)], null],
  ];
  for (const [word, candidates, expected] of CASES) {
    test(`"${word.slice(0, 10)}" among ${candidates.join(", ").slice(0, 20)}: ${expected}`, () => {
      assert.equal(didYouMean(word, candidates), expected);
    });
  }
});
