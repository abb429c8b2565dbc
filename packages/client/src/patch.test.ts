/** JSON Patch: the examples of RFC 6902, appendix A, what must fail, and that nothing is changed in place. */
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import fc from "fast-check";
import { applyPatch, type Operation } from "./patch.ts";

interface Case {
  readonly name: string;
  readonly document: unknown;
  readonly patch: readonly unknown[];
  readonly result: unknown;
}

const CASES: readonly Case[] = [
  {
    name: "A.1 adds a member",
    document: { foo: "bar" },
    patch: [{ op: "add", path: "/baz", value: "qux" }],
    result: { baz: "qux", foo: "bar" },
  },
  {
    name: "A.2 adds an element",
    document: { foo: ["bar", "baz"] },
    patch: [{ op: "add", path: "/foo/1", value: "qux" }],
    result: { foo: ["bar", "qux", "baz"] },
  },
  {
    name: "A.3 removes a member",
    document: { baz: "qux", foo: "bar" },
    patch: [{ op: "remove", path: "/baz" }],
    result: { foo: "bar" },
  },
  {
    name: "A.4 removes an element",
    document: { foo: ["bar", "qux", "baz"] },
    patch: [{ op: "remove", path: "/foo/1" }],
    result: { foo: ["bar", "baz"] },
  },
  {
    name: "A.5 replaces a value",
    document: { baz: "qux", foo: "bar" },
    patch: [{ op: "replace", path: "/baz", value: "boo" }],
    result: { baz: "boo", foo: "bar" },
  },
  {
    name: "A.6 moves a value",
    document: { foo: { bar: "baz", waldo: "fred" }, qux: { corge: "grault" } },
    patch: [{ op: "move", from: "/foo/waldo", path: "/qux/thud" }],
    result: { foo: { bar: "baz" }, qux: { corge: "grault", thud: "fred" } },
  },
  {
    name: "A.7 moves an element",
    document: { foo: ["all", "grass", "cows", "eat"] },
    patch: [{ op: "move", from: "/foo/1", path: "/foo/3" }],
    result: { foo: ["all", "cows", "eat", "grass"] },
  },
  {
    name: "A.8 tests values",
    document: { baz: "qux", foo: ["a", 2, "c"] },
    patch: [
      { op: "test", path: "/baz", value: "qux" },
      { op: "test", path: "/foo/1", value: 2 },
      { op: "test", path: "/foo", value: ["a", 2, "c"] },
    ],
    result: { baz: "qux", foo: ["a", 2, "c"] },
  },
  {
    name: "A.10 adds a nested member",
    document: { foo: "bar" },
    patch: [{ op: "add", path: "/child", value: { grandchild: {} } }],
    result: { foo: "bar", child: { grandchild: {} } },
  },
  {
    name: "A.11 ignores members it does not know",
    document: { foo: "bar" },
    patch: [{ op: "add", path: "/baz", value: "qux", xyz: 123 }],
    result: { foo: "bar", baz: "qux" },
  },
  {
    name: "A.14 reads ~0 and ~1",
    document: { "/": 9, "~1": 10 },
    patch: [{ op: "test", path: "/~01", value: 10 }],
    result: { "/": 9, "~1": 10 },
  },
  {
    name: "A.16 adds at the end",
    document: { foo: ["bar"] },
    patch: [{ op: "add", path: "/foo/-", value: ["abc", "def"] }],
    result: { foo: ["bar", ["abc", "def"]] },
  },
  {
    name: "replaces the whole document",
    document: { foo: "bar" },
    patch: [{ op: "replace", path: "", value: null }],
    result: null,
  },
  {
    name: "copies a value",
    document: { foo: [1], bar: {} },
    patch: [{ op: "copy", from: "/foo", path: "/bar/foo" }],
    result: { foo: [1], bar: { foo: [1] } },
  },
  {
    name: "moves a value to where it is",
    document: { foo: 1 },
    patch: [{ op: "move", from: "/foo", path: "/foo" }],
    result: { foo: 1 },
  },
  {
    name: "finds the member of the empty name, and objects equal in any order",
    document: { "": { one: 1, two: [{}] } },
    patch: [{ op: "test", path: "/", value: { two: [{}], one: 1 } }],
    result: { "": { one: 1, two: [{}] } },
  },
];

const FAILING: readonly Omit<Case, "result">[] = [
  { name: "A.9 a test that fails", document: { baz: "qux" }, patch: [{ op: "test", path: "/baz", value: "bar" }] },
  { name: "A.12 no parent", document: { foo: "bar" }, patch: [{ op: "add", path: "/baz/bat", value: "qux" }] },
  { name: "A.13 an unknown operation", document: {}, patch: [{ op: "spread", path: "/baz", value: 1 }] },
  { name: "A.15 a text is no number", document: { "~1": 10 }, patch: [{ op: "test", path: "/~01", value: "10" }] },
  { name: "an index with a leading zero", document: [1, 2], patch: [{ op: "replace", path: "/01", value: 0 }] },
  { name: "an index over the end", document: [1], patch: [{ op: "add", path: "/2", value: 0 }] },
  { name: "nothing to remove", document: {}, patch: [{ op: "remove", path: "/toString" }] },
  { name: "nothing to replace", document: [1], patch: [{ op: "replace", path: "/-", value: 1 }] },
  { name: "into itself", document: { a: { b: 1 } }, patch: [{ op: "move", from: "/a", path: "/a/b/c" }] },
  { name: "no pointer", document: { a: 1 }, patch: [{ op: "remove", path: "a" }] },
  { name: "the prototype", document: {}, patch: [{ op: "add", path: "/__proto__/x", value: 1 }] },
  { name: "a list is no object", document: { a: [] }, patch: [{ op: "test", path: "/a", value: {} }] },
];

describe("a patch", () => {
  for (const { name, document, patch, result } of CASES) {
    test(name, () => {
      const before = structuredClone(document);
      assert.deepEqual(applyPatch(document, patch as Operation[]), result);
      assert.deepEqual(document, before, "the document that was patched is as it was");
    });
  }
  for (const { name, document, patch } of FAILING) {
    test(`fails: ${name}`, () => assert.throws(() => applyPatch(document, patch as Operation[])));
  }

  test("keeps what it leaves alone", () => {
    const document = { left: { items: [{ id: 1 }] }, right: { items: [{ id: 2 }, { id: 3 }] } };
    const patched = applyPatch(document, [{ op: "replace", path: "/right/items/0/id", value: 9 }]) as typeof document;
    assert.equal(patched.left, document.left);
    assert.equal(patched.right.items[1], document.right.items[1]);
    assert.notEqual(patched.right.items[0], document.right.items[0]);
  });

  test("puts any JSON anywhere and finds it there", () => {
    const name = fc.string().filter((each) => each !== "__proto__");
    fc.assert(
      fc.property(fc.dictionary(name, fc.jsonValue()), name, fc.jsonValue(), (document, key, given) => {
        const value = JSON.parse(JSON.stringify(given)) as unknown;
        const path = `/${key.replaceAll("~", "~0").replaceAll("/", "~1")}`;
        const patched = applyPatch(document, [
          { op: "add", path, value },
          { op: "test", path, value },
        ]);
        assert.deepEqual((patched as Record<string, unknown>)[key], value);
        const { [key]: _, ...others } = document as Record<string, unknown>;
        assert.deepEqual(applyPatch(patched, [{ op: "remove", path }]), { ...others });
      }),
    );
  });
});
