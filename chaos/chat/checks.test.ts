/** Each check on small evidence: good one that it says nothing to, and bad one that it must find. */
import assert from "node:assert/strict";
import { test } from "node:test";
import type { Finding } from "../checks.ts";
import { Book, CHUNK, type Item } from "./book.ts";
import { CHAT_CANARIES } from "./canaries.ts";
import { CHAT_CHECKS, checkChat, type Evidence, type Row } from "./checks.ts";
import { keyOf, Record } from "./record.ts";
import { Said } from "./said.ts";

const row = (number: number, more: Partial<Row> = {}): Row => ({
  ...{ room: "r", number, author: "ada", clientId: `c${number}`, text: `c${number} of Ada` },
  ...{ isDeleted: false, reactions: [], ...more },
});
const [late, reactions] = [new Set(["c1 of Ada, late"]), new Map([["x ada", false]])];
const expected = { text: "c1 of Ada", late, isDeleted: false, reactions };
const GOOD: Evidence = {
  acknowledged: [
    { room: "r", author: "ada", clientId: "c1", number: 1 },
    { room: "r", author: "ada", clientId: "c2", number: 2 },
  ],
  expected: new Map([[keyOf("r", 1), expected]]),
  rows: [row(1), row(2)],
  lastNumbers: { r: 2, empty: 0 },
  shown: [
    { who: "node", room: "r", lines: ["a", "b"] },
    { who: "Ada", room: "r", lines: ["a", "b"] },
  ],
  unread: { truth: [{ who: "ada", room: "r", unread: 1 }], shown: [{ who: "ada", room: "r", unread: 1 }] },
};
const shownBy = (...lines: readonly string[]) => [GOOD.shown[0]!, { who: "Ada", room: "r", lines }];

test("what is as it should be has no findings", () => {
  assert.deepEqual(checkChat(GOOD), {});
});

test("an edit without an answer may come late", () => {
  assert.deepEqual(checkChat({ ...GOOD, rows: [row(1, { text: "c1 of Ada, late" }), row(2)] }), {});
});

const BAD: readonly (readonly [what: string, check: string, kind: Finding["kind"], evidence: Partial<Evidence>])[] = [
  ["an acknowledged message is not there", "acknowledged", "lost", { rows: [row(1)] }],
  ["a message is there twice", "acknowledged", "doubled", { rows: [row(1), row(2), row(3, { clientId: "c2" })] }],
  ["a text is there twice", "acknowledged", "doubled", { rows: [row(1), row(2), row(3, { text: "c2 of Ada" })] }],
  ["a message has another number", "acknowledged", "wrong", { rows: [row(1), row(3, { clientId: "c2" })] }],
  ["a number is missing", "numbers", "lost", { rows: [row(1), row(3)], lastNumbers: { r: 3 } }],
  ["the last number is missing", "numbers", "lost", { lastNumbers: { r: 3 } }],
  ["an edit is lost", "acts", "lost", { rows: [row(1, { text: "c1 before" }), row(2)] }],
  ["a deletion was not wanted", "acts", "lost", { rows: [row(1, { isDeleted: true }), row(2)] }],
  ["a reaction that was taken back is there", "acts", "lost", { rows: [row(1, { reactions: ["x ada"] }), row(2)] }],
  ["a client lacks the end", "histories", "lost", { shown: shownBy("a") }],
  ["a client has something else", "histories", "stale", { shown: shownBy("a", "c") }],
  ["a client has more", "histories", "stale", { shown: shownBy("a", "b", "c") }],
  ["a client has another count", "unread", "stale", { unread: { ...GOOD.unread, truth: [] } }],
];
for (const [what, check, kind, evidence] of BAD) {
  test(`found: ${what}`, () => {
    assert.equal(checkChat({ ...GOOD, ...evidence })[check]?.[0]?.kind, kind);
  });
}

const item = (number: number, clientId = `c${number}`): Item => ({
  ...{ number, clientId, text: "", author: { id: "ada" }, deletedAt: null, reactions: [] },
});
const range = (from: number, to: number) => Array.from({ length: to - from + 1 }, (_, at) => item(from + at));

test("a book is filled where there was a gap, and believes ranges first", () => {
  const record = new Record(null);
  const book = new Book("Ada", record);
  book.newest(range(1, 3));
  book.newest(range(8, 10));
  assert.deepEqual([book.whole, book.last, book.hasGap], [3, 10, true]);
  book.fill(range(4, 8));
  assert.deepEqual([book.whole, book.hasGap], [10, false]);
  book.chunk(0, [...range(1, 9), { ...item(10), text: "edited" }]);
  assert.equal(book.get(10)!.text, "edited");
  book.drop(0);
  assert.equal(book.all().length, 10);
  book.newest(range(3 * CHUNK, 3 * CHUNK + 1));
  assert.deepEqual(book.wanted(), [3, 2, 1]);
  assert.deepEqual(record.found, {});
});

test("found: a newest page that goes back, a number out of its place, a number that is another message", () => {
  const record = new Record(null);
  const book = new Book("Ada", record);
  book.newest(range(1, 3));
  book.newest(range(1, 2));
  assert.equal(record.found["order"]?.[0]?.kind, "stale");
  book.newest([item(1), item(3)]);
  assert.equal(record.found["numbers"]?.[0]?.kind, "lost");
  book.newest([item(3, "other")]);
  assert.equal(record.found["order"]?.at(-1)?.kind, "wrong");
});

test("found: what is heard twice, or out of order, or in another room", () => {
  const record = new Record(null);
  const said = new Said(record);
  const hears = said.listener("Ada", "r");
  const says = (number: number, room = "r") => hears.number("b.1", { room, person: "Bob", number });
  said.typed("b.1");
  hears.typing("b.1");
  says(1);
  says(3);
  assert.deepEqual(record.found, {});
  for (const [say, kind] of [
    [() => hears.typing("b.1"), "doubled"],
    [() => says(3), "doubled"],
    [() => says(2), "wrong"],
    [() => says(4, "other"), "wrong"],
  ] as const) {
    const before = record.found["said"]?.length ?? 0;
    say();
    assert.equal(record.found["said"]?.[before]?.kind, kind);
  }
});

test("found: a message that was acknowledged under two numbers", () => {
  const record = new Record(null);
  for (const number of [1, 1, 2]) record.acknowledge({ room: "r", author: "ada", clientId: "c", number }, "c");
  assert.equal(record.found["acknowledged"]?.length, 1);
});

test("each check has a canary", () => {
  const checked = new Set(Object.values(CHAT_CANARIES).map(({ check }) => check));
  for (const name of Object.keys(CHAT_CHECKS)) assert.ok(checked.has(name), name);
});
