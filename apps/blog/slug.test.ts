/** Slugs: readable, safe in a path, never empty. */
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { isReserved, SLUG_CHARS_MAX, slugOf, withSuffix } from "./slug.ts";

const CASES: readonly (readonly [title: string, slug: string])[] = [
  ["How to train your dragon", "how-to-train-your-dragon"],
  ["  Don't -- panic!  ", "dont-panic"],
  ["Crème brûlée, straße & œuvre", "creme-brulee-strasse-oeuvre"],
  ["Łódź, Ærø, İzmir", "lodz-aero-izmir"],
  ["Привет, мир: йод", "привет-мир-йод"],
  ["漢字とかながガ", "漢字とかながガ"],
  ["हिन्दी में", "हिन्दी-में"],
  ["한국어", "한국어"],
  ["../../etc/passwd", "etc-passwd"],
  ["C++ / C#", "c-c"],
  ["100 %", "100"],
  ["🎉🎉", "article"],
  ["?", "article"],
  ["\u202e\u0000", "article"],
];

describe("the slug of a title", () => {
  for (const [title, slug] of CASES) {
    test(`${JSON.stringify(title)} is ${slug}`, () => {
      assert.equal(slugOf(title), slug.normalize("NFC"));
    });
  }

  test("is cut between characters and ends with one", () => {
    const long = slugOf(`${"𝔞b ".repeat(100)}`);
    assert.ok([...long].length <= SLUG_CHARS_MAX && long.isWellFormed() && !long.endsWith("-"), long);
  });

  test("a suffix makes another one every time, and routes have theirs for themselves", () => {
    assert.notEqual(withSuffix("a"), withSuffix("a"));
    assert.ok(isReserved("feed") && !isReserved("feeds"));
  });
});
