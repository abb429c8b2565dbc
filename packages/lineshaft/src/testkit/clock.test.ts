/** The clock of a test, and waiting with a deadline. */
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { durationMs, TestClock } from "./clock.ts";
import { poll } from "./poll.ts";

const START = "2026-02-01T12:00:00.000Z";

describe("a clock that the test moves", () => {
  test("stands still where it was put, and moves by what is added", () => {
    const clock = new TestClock(START);
    assert.equal(clock.now().toISOString(), START);
    assert.equal(clock.advance("2h").toISOString(), "2026-02-01T14:00:00.000Z");
    assert.equal(clock.advance("1.5d").toISOString(), "2026-02-03T02:00:00.000Z");
    assert.equal(clock.set(START).toISOString(), START);
    assert.equal(clock.now().toISOString(), START);
  });

  test("runs with the machine's clock where it was not put anywhere", () => {
    const clock = new TestClock();
    const behindMs = () => Math.abs(clock.now().getTime() - Date.now());
    assert.ok(behindMs() < 1_000);
    clock.advance("1h");
    assert.ok(Math.abs(behindMs() - 3_600_000) < 1_000);
  });

  test("goes on from another clock", () => {
    const clock = new TestClock(() => new Date(START));
    clock.advance(1_000);
    assert.equal(clock.now().toISOString(), "2026-02-01T12:00:01.000Z");
  });

  test("refuses what is no duration and no instant", () => {
    for (const wrong of ["2 hours", "-1h", "", -5, Number.NaN]) {
      assert.throws(() => durationMs(wrong as never), /is not a duration/);
    }
    assert.throws(() => new TestClock("tomorrow"), /is not an instant/);
    assert.throws(() => new TestClock().set("tomorrow"), /is not an instant/);
  });
});

describe("poll", () => {
  test("asks until there is an answer, and gives it back", async () => {
    const answers = [undefined, null, false, 0];
    assert.equal(await poll(() => answers.shift()), 0);
  });

  test("takes what throws for no answer yet", async () => {
    let asked = 0;
    const found = await poll(async () => {
      asked++;
      assert.equal(asked, 3);
      return true;
    });
    assert.equal(found, true);
  });

  test("ends at its deadline with what it waited for and what was thrown last", async () => {
    const waiting = poll(() => assert.fail("still empty"), { what: "an order", timeoutMs: 30 });
    await assert.rejects(waiting, (error: Error) => {
      assert.match(error.message, /Waited 30 ms for an order; the last time: still empty/);
      return error.cause instanceof assert.AssertionError;
    });
  });
});
