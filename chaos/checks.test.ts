/** Each check on small histories: a good one that it says nothing to, and bad ones that it must find. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { CANARIES } from "./canaries.ts";
import { CHECKS, check, type Evidence } from "./checks.ts";
import type { Entry } from "./history.ts";
import type { State } from "./state.ts";
import { takeOvers } from "./totals.ts";

const effect = (event: string, handler: string, number: number, atMs = 0, pid = 1) => ({
  ...{ event, handler, key: "c0", number, pid, atMs },
});
const event = (id: string, name: string, number: number) => ({
  id,
  name: `bank.${name}`,
  key: "c0",
  number,
  lane: 3,
  atMs: 0,
});
const choked = { kind: "handler", target: "bank.choke", state: "dead", attempts: 2, error: "poison" };

const STATE: State = {
  accounts: [
    { number: 0, balance: 90 },
    { number: 1, balance: 110 },
  ],
  transfers: [{ id: "t1", source: 0, target: 1, amount: 10 }],
  counters: { c0: 2 },
  events: [event("1", "increased", 1), event("2", "increased", 2), event("3", "charged", 1), event("4", "poisoned", 1)],
  effects: [effect("1", "count", 1), effect("2", "count", 2), effect("3", "post", 1), effect("4", "choke", 1)],
  ticks: [1_000, 2_000, 3_000].map((dueMs) => ({ schedule: "each", dueMs })),
  later: [{ name: "l1", earlyMs: -3 }],
  work: [],
  dead: [choked],
  outside: { 3: ["key", "key"] },
  shown: { subscriber: { c0: 2 } },
};
const HISTORY: readonly Entry[] = [
  { kind: "transfer", id: "t1", outcome: "done" },
  { kind: "transfer", id: "t2", outcome: "refused" },
  { kind: "transfer", id: "t3", outcome: "unknown" },
  { kind: "increase", counter: "c0", outcome: "done", value: 1 },
  { kind: "increase", counter: "c0", outcome: "unknown", value: null },
  { kind: "increase", counter: "c0", outcome: "refused", value: null },
  { kind: "later", name: "l1", outcome: "done" },
  { kind: "later", name: "l2", outcome: "done" },
  { kind: "forget", name: "l2", outcome: "done", isCancelled: true },
  { kind: "poison", key: "p1", outcome: "done" },
  { kind: "read", counter: "c0", least: 1, seen: 2 },
  { kind: "answer", subscriber: "subscriber", values: { c0: 1 } },
  { kind: "answer", subscriber: "subscriber", values: { c0: 2 } },
  { kind: "fault", name: "kill -9 of a node", atMs: 0, endMs: 1, pid: 1, error: null },
];
const GOOD: Evidence = {
  history: HISTORY,
  state: STATE,
  handlers: {
    "bank.increased": ["count"],
    "bank.charged": ["post"],
    "bank.poisoned": ["choke"],
  },
  balance: 100,
};

const withState = (state: Partial<State>): Evidence => ({ ...GOOD, state: { ...STATE, ...state } });
const withEntry = (entry: Entry): Evidence => ({ ...GOOD, history: [...HISTORY, entry] });
const { events, effects, ticks } = STATE;

/** What each check must find: kind of the finding, and what is wrong. */
const BAD: Readonly<Record<string, readonly (readonly [kind: string, evidence: Evidence])[]>> = {
  sum: [
    ["wrong", withState({ accounts: [STATE.accounts[0]!, { number: 1, balance: 111 }] })],
    ["wrong", withState({ accounts: STATE.accounts.map(({ number }) => ({ number, balance: 100 })) })],
  ],
  acknowledged: [
    ["lost", withState({ transfers: [] })],
    ["doubled", withState({ transfers: [...STATE.transfers, ...STATE.transfers] })],
    ["doubled", withState({ transfers: [...STATE.transfers, { ...STATE.transfers[0]!, id: "t2" }] })],
    ["wrong", withState({ transfers: [...STATE.transfers, { ...STATE.transfers[0]!, id: "t4" }] })],
  ],
  counters: [
    ["lost", withState({ counters: { c0: 0 } })],
    ["doubled", withState({ counters: { c0: 3 } })],
    ["doubled", withEntry({ kind: "increase", counter: "c0", outcome: "done", value: 1 })],
    ["lost", withState({ events: events.filter(({ id }) => id !== "2") })],
    ["doubled", withState({ events: [...events, event("5", "increased", 3)] })],
  ],
  numbers: [["lost", withState({ events: events.filter(({ id }) => id !== "1") })]],
  effects: [
    ["lost", withState({ effects: effects.slice(1) })],
    ["doubled", withState({ effects: [...effects, effects[0]!] })],
    ["wrong", withState({ effects: [...effects, effect("9", "count", 3)] })],
  ],
  order: [["wrong", withState({ effects: [effects[1]!, effects[0]!] })]],
  schedules: [
    ["doubled", withState({ ticks: [...ticks, ticks[0]!] })],
    ["lost", withState({ ticks: [ticks[0]!, ticks[2]!] })],
  ],
  later: [
    ["lost", withState({ later: [] })],
    ["doubled", withState({ later: [...STATE.later, ...STATE.later] })],
    ["doubled", withState({ later: [...STATE.later, { name: "l2", earlyMs: 0 }] })],
    ["wrong", withState({ later: [{ name: "l1", earlyMs: 900 }] })],
    ["wrong", withState({ later: [...STATE.later, { name: "l9", earlyMs: 0 }] })],
  ],
  steps: [
    ["lost", withState({ outside: {} })],
    ["doubled", withState({ outside: { 3: ["key", "another"] } })],
  ],
  subscribers: [
    ["stale", withState({ shown: { subscriber: { c0: 1 } } })],
    ["stale", withEntry({ kind: "answer", subscriber: "subscriber", values: { c0: 1 } })],
  ],
  reads: [["stale", withEntry({ kind: "read", counter: "c0", least: 2, seen: 1 })]],
  "dead letters": [
    ["lost", withState({ dead: [] })],
    ["lost", withState({ dead: [choked, { ...choked, target: "bank.count" }] })],
    ["lost", withState({ work: [choked] })],
  ],
  nodes: [
    ["wrong", withEntry({ kind: "ended", port: 4000 })],
    ["wrong", withEntry({ kind: "fault", name: "slots dropped", atMs: 0, endMs: 1, pid: null, error: "no" })],
  ],
};

test("a good run is found good", () => assert.deepEqual(check(GOOD), {}));

test("each check has bad samples, and a canary in a real run", () => {
  assert.deepEqual(Object.keys(BAD), Object.keys(CHECKS));
  assert.deepEqual(new Set(Object.values(CANARIES).map((canary) => canary.check)), new Set(Object.keys(CHECKS)));
});

for (const [name, samples] of Object.entries(BAD)) {
  for (const [index, [kind, evidence]] of samples.entries()) {
    test(`${name}: bad sample ${index + 1} is found as ${kind}`, () => {
      assert.equal(CHECKS[name]!(evidence)[0]?.kind, kind);
    });
  }
}

test("a lane is taken over when another process handles it; lanes of others do not count", () => {
  const fault = { kind: "fault", name: "kill", atMs: 1_000, endMs: 2_000, pid: 1, error: null } as const;
  const own = [effect("1", "count", 1, 900, 1), effect("2", "count", 2, 5_000, 2), effect("3", "count", 3, 6_000, 2)];
  const other = [effect("1", "sums", 1, 900, 2), effect("2", "sums", 2, 9_000, 2)];
  const took = takeOvers([fault], { events, effects: [...own, ...other] });
  assert.deepEqual(took, { kill: { count: 1, median: 4_000, max: 4_000 } });
});
