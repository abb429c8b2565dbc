/** The reference is what the sources say, and every export says what it is. */
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, test } from "node:test";
import { PAGE, readEntries, referencePage } from "./reference.ts";
import { mask } from "./source.ts";

const ROOT = join(import.meta.dirname, "..");

describe("the reference", () => {
  test("is what the sources say", () => {
    const committed = readFileSync(join(ROOT, PAGE), "utf8");
    assert.ok(committed === referencePage(), `${PAGE} is out of date: npm run reference`);
  });

  for (const { name, exports } of readEntries()) {
    test(`${name}: every export has a docstring that begins with a sentence`, () => {
      const mute = exports.filter(({ doc }) => !/^[A-Z`][\s\S]*?[.:!?](?:\s|$)/.test(doc));
      assert.deepEqual(
        mute.map((each) => `${each.file}: ${each.name}`),
        [],
      );
    });

    test(`${name}: what is shown is whole`, () => {
      for (const { name: shown, signature, kind } of exports) {
        const code = mask(signature.replace(/\$\{([^{}`]*)\}/g, "$($1)"));
        const count = (character: string): number => code.split(character).length;
        assert.notEqual(signature.trim(), "", shown);
        if (kind !== "endpoint") assert.ok(signature.includes(shown), shown);
        assert.equal(count("{"), count("}"), `${shown}: braces\n${signature}`);
        assert.equal(count("("), count(")"), `${shown}: parentheses\n${signature}`);
      }
    });
  }

  test("knows every kind of declaration", () => {
    const [main, accounts, testkit] = readEntries();
    const of = (entry: typeof main, name: string) => entry?.exports.find((each) => each.name === name);
    assert.match(of(main, "entity")?.signature ?? "", /^function entity<[\s\S]*\): Entity<TName, TFields>$/);
    assert.match(of(main, "field")?.signature ?? "", /\* The primary key[\s\S]*id: \(\): Field<string, "generated">;/);
    assert.match(of(main, "ERRORS")?.signature ?? "", /^const ERRORS = \{ … \}$/);
    assert.match(of(main, "Field")?.signature ?? "", /^interface Field<[\s\S]*hidden\(\)[\s\S]*\}$/);
    assert.deepEqual(of(accounts, "signIn")?.signature, "command POST /sign-in");
    assert.match(of(accounts, "signIn")?.doc ?? "", /^Sign in\.\n\nGives a session token/);
    assert.match(of(testkit, "TestClock")?.signature ?? "", /constructor\([\s\S]*advance\(duration: Duration\): Date;/);
    assert.doesNotMatch(of(testkit, "TestClock")?.signature ?? "", /#base/);
    assert.deepEqual(main?.borrowed.find(({ from }) => from === "kysely")?.names.includes("sql"), true);
  });
});
