/** Pages as one live list, against answers that the test gives. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { type Page, type State, watchPages } from "@lineshaft/client";

type Item = { readonly id: string };
type Answer = State<Page<Item>>;
interface Input {
  readonly cursor?: string | undefined;
}

const LOADING: Answer = { status: "loading", data: undefined, problem: undefined };
const pageOf = (ids: string, next: string | null): Answer => ({
  status: "data",
  data: { items: [...ids].map((id) => ({ id })), next },
  problem: undefined,
});

/** A query of which the test says what is known of each page, and the list of its pages. */
function stage(count: number) {
  const known = new Map<string, Answer>();
  const listeners = new Map<string, Set<() => void>>();
  const at = ({ cursor = "" }: Input) => {
    if (!listeners.has(cursor)) listeners.set(cursor, new Set());
    const own = listeners.get(cursor)!;
    const subscribe = (listener: () => void) => {
      own.add(listener);
      return () => void own.delete(listener);
    };
    return { state: () => known.get(cursor) ?? LOADING, subscribe };
  };
  const says = (cursor: string, answer: Answer) => {
    known.set(cursor, answer);
    for (const listener of [...(listeners.get(cursor) ?? [])]) listener();
  };
  const list = watchPages<Input, Item>({ watch: at }, {}, count);
  const shown = () =>
    list
      .state()
      .data?.items.map(({ id }) => id)
      .join("");
  const watched = () => [...listeners].filter(([, own]) => own.size > 0).map(([cursor]) => cursor);
  return { list, says, shown, watched, stop: list.subscribe(() => {}) };
}

test("pages come one after the other, as many as are wanted", () => {
  const { list, says, shown, watched } = stage(2);
  assert.equal(list.state().status, "loading");
  says("", pageOf("ab", "b"));
  assert.deepEqual([shown(), list.state().data?.isLoading], ["ab", true]);
  says("b", pageOf("cd", "d"));
  assert.deepEqual([shown(), list.state().data?.isLoading, list.state().data?.hasMore], ["abcd", false, true]);
  list.state().data?.more();
  assert.deepEqual([shown(), list.state().data?.isLoading], ["abcd", true]);
  says("d", pageOf("e", null));
  assert.deepEqual([shown(), list.state().data?.hasMore], ["abcde", false]);
  assert.deepEqual(watched(), ["", "b", "d"]);
});

test("when the end of a page moves, the pages behind it are asked anew, and the whole list stays until then", () => {
  const { says, shown, watched, stop } = stage(2);
  says("", pageOf("ab", "b"));
  says("b", pageOf("c", null));
  says("", pageOf("xa", "a"));
  assert.deepEqual([shown(), watched()], ["abc", ["", "a"]]);
  says("a", pageOf("bc", null));
  assert.equal(shown(), "xabc");
  says("", pageOf("x", null));
  assert.deepEqual([shown(), watched()], ["x", [""]]);
  stop();
  assert.deepEqual(watched(), []);
});

test("an item that is on two pages for a moment is shown once", () => {
  const { says, shown } = stage(2);
  says("", pageOf("ab", "b"));
  says("b", pageOf("ca", null));
  assert.equal(shown(), "abc");
});

test("nothing of before is shown to who begins anew", () => {
  const { list, says, shown } = stage(2);
  says("", pageOf("ab", "b"));
  says("b", pageOf("c", null));
  says("", LOADING);
  assert.equal(list.state().status, "loading");
  says("b", LOADING);
  says("", pageOf("z", "b"));
  assert.equal(shown(), "z");
});
