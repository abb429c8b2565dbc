/** The algorithm of the rate limits: bursts, the steady rate, keys that do not touch each other, bounded memory. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { InProcessCounters, LIMIT_KEYS_MAX, parseRate } from "./limits.ts";

const PER_MINUTE = parseRate("3/minute");
const NOW = 1_800_000_000_000;

function passes(counters: InProcessCounters, key: string, nowMs: number): boolean {
  return counters.hit(key, PER_MINUTE, nowMs).allowed;
}

test("rates are read in every unit", () => {
  const read = (["5/second", "5/minute", "5/hour", "5/day"] as const).map((rate) => parseRate(rate));
  assert.deepEqual(
    read.map(({ count, windowMs }) => [count, windowMs]),
    [1_000, 60_000, 3_600_000, 86_400_000].map((windowMs) => [5, windowMs]),
  );
});

test("the whole count passes at once, the next is told exactly when it would pass", () => {
  const counters = new InProcessCounters();
  assert.deepEqual(
    [0, 0, 0, 0].map(() => passes(counters, "a", NOW)),
    [true, true, true, false],
  );
  const { retryAfterMs } = counters.hit("a", PER_MINUTE, NOW);
  assert.equal(retryAfterMs, 20_000);
  assert.equal(passes(counters, "a", NOW + retryAfterMs - 1), false);
  assert.equal(passes(counters, "a", NOW + retryAfterMs), true);
  assert.equal(passes(counters, "a", NOW + retryAfterMs), false);
});

test("refused calls cost nothing: the rate is kept however often one asks", () => {
  const counters = new InProcessCounters();
  let passed = 0;
  for (let ms = 0; ms < 600_000; ms += 500) if (passes(counters, "a", NOW + ms)) passed++;
  assert.equal(passed, 3 + 29);
});

test("keys are counted apart", () => {
  const counters = new InProcessCounters();
  for (let count = 0; count < 5; count++) passes(counters, "a", NOW);
  assert.equal(passes(counters, "b", NOW), true);
});

test("a clock that jumps locks nobody out", () => {
  const counters = new InProcessCounters();
  for (let count = 0; count < 3; count++) passes(counters, "a", NOW + 3_600_000);
  assert.equal(counters.hit("a", PER_MINUTE, NOW).allowed, true);
});

test("a key that is being refused is not forgotten for keys that come later", () => {
  const counters = new InProcessCounters();
  for (let count = 0; count < 3; count++) passes(counters, "attacker", NOW);
  for (let count = 0; count < LIMIT_KEYS_MAX * 2; count++) {
    if (count % 1_000 === 0) assert.equal(passes(counters, "attacker", NOW), false);
    passes(counters, `other ${count}`, NOW);
  }
});
