/**
 * When a schedule runs: the instants of cron and of intervals, also where the clock changes, and mistakes.
 */
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import fc from "fast-check";
import { checkWhen, describeWhen, EVERY_MS_MAX, type Every, missedRuns, nextRun, type When } from "./when.ts";

/** The runs after an instant, as `2026-03-29 01:00` in UTC. */
function runsAfter(when: When, after: string, count: number): string[] {
  const from = new Date(`${after.replace(" ", "T")}:00Z`);
  const runs = missedRuns(when, from, new Date("9000-01-01T00:00:00Z"), count);
  return runs.map((run) => run.toISOString().slice(0, 16).replace("T", " "));
}

describe("cron", () => {
  const CASES: readonly (readonly [what: string, cron: string, timeZone: string, after: string, runs: string[]])[] = [
    // Berlin's clock jumps from 02:00 to 03:00 (01:00 UTC), and in October from 03:00 back to 02:00.
    [
      "a time left out runs as soon as the clock has jumped, once",
      "30 2 * * *",
      "Europe/Berlin",
      "2026-03-28 12:00",
      ["2026-03-29 01:00", "2026-03-30 00:30"],
    ],
    [
      "a list of times does, too",
      "30 2,14 * * *",
      "Europe/Berlin",
      "2026-03-28 22:00",
      ["2026-03-29 01:00", "2026-03-29 12:30", "2026-03-30 00:30"],
    ],
    [
      "times left out that meet at the jump run once",
      "0,30 2,3 * * *",
      "Europe/Berlin",
      "2026-03-29 00:00",
      ["2026-03-29 01:00", "2026-03-29 01:30", "2026-03-30 00:00"],
    ],
    [
      "a time that comes twice runs the first time",
      "30 2 * * *",
      "Europe/Berlin",
      "2026-10-24 12:00",
      ["2026-10-25 00:30", "2026-10-26 01:30"],
    ],
    [
      "and not again after the first time has gone",
      "30 2 * * *",
      "Europe/Berlin",
      "2026-10-25 00:30",
      ["2026-10-26 01:30"],
    ],
    [
      "an interval goes on through the hour that comes twice",
      "*/30 * * * *",
      "Europe/Berlin",
      "2026-10-24 23:59",
      ["2026-10-25 00:00", "2026-10-25 00:30", "2026-10-25 01:00", "2026-10-25 01:30", "2026-10-25 02:00"],
    ],
    [
      "and over the jump",
      "*/30 * * * *",
      "Europe/Berlin",
      "2026-03-29 00:00",
      ["2026-03-29 00:30", "2026-03-29 01:00", "2026-03-29 01:30"],
    ],
    ["full hours", "@hourly", "Europe/Berlin", "2026-10-24 23:30", ["2026-10-25 00:00", "2026-10-25 01:00"]],
    // New York's clock jumps from 02:00 to 03:00 (07:00 UTC), and in November from 02:00 back to 01:00.
    [
      "New York in March",
      "30 2 * * *",
      "America/New_York",
      "2026-03-07 12:00",
      ["2026-03-08 07:00", "2026-03-09 06:30"],
    ],
    [
      "New York in November",
      "30 1 * * *",
      "America/New_York",
      "2026-10-31 12:00",
      ["2026-11-01 05:30", "2026-11-02 06:30"],
    ],
    [
      "a change of half an hour",
      "15 2 * * *",
      "Australia/Lord_Howe",
      "2026-10-02 16:00",
      ["2026-10-03 15:30", "2026-10-04 15:15"],
    ],
    [
      "a change at midnight",
      "0 0 * * *",
      "America/Sao_Paulo",
      "2018-11-03 12:00",
      ["2018-11-04 03:00", "2018-11-05 02:00"],
    ],
    ["leap day", "0 0 29 2 *", "UTC", "2026-03-01 00:00", ["2028-02-29 00:00", "2032-02-29 00:00"]],
    ["a century without leap day", "0 0 29 2 *", "UTC", "2097-01-01 00:00", ["2104-02-29 00:00"]],
    ["the last day of the month", "0 0 L * *", "UTC", "2028-01-31 12:00", ["2028-02-29 00:00", "2028-03-31 00:00"]],
    ["the last day, by the clock of its zone", "0 0 L * *", "Asia/Tokyo", "2026-02-01 00:00", ["2026-02-27 15:00"]],
    ["the last Friday", "0 9 * * FRI#L", "UTC", "2026-01-31 00:00", ["2026-02-27 09:00", "2026-03-27 09:00"]],
    [
      "the last weekday of the month",
      "0 9 LW * *",
      "UTC",
      "2026-01-01 00:00",
      ["2026-01-30 09:00", "2026-02-27 09:00"],
    ],
    ["the second Tuesday", "0 9 * * TUE#2", "UTC", "2026-01-01 00:00", ["2026-01-13 09:00", "2026-02-10 09:00"]],
    ["the weekday nearest to the 15th", "0 9 15W * *", "UTC", "2026-02-01 00:00", ["2026-02-16 09:00"]],
    ["day of month or day of week", "0 0 30 2 MON", "UTC", "2026-01-31 00:00", ["2026-02-02 00:00"]],
    ["day of month and day of week", "0 0 1 * +MON", "UTC", "2026-03-07 00:00", ["2026-06-01 00:00"]],
    ["Sunday by two numbers", "0 0 * * 0,7", "UTC", "2026-03-07 00:00", ["2026-03-08 00:00", "2026-03-15 00:00"]],
    ["names in any case", "0 0 * jan-FEB mon-Fri", "UTC", "2026-02-26 12:00", ["2026-02-27 00:00", "2027-01-01 00:00"]],
    [
      "@daily is midnight of its zone",
      "@daily",
      "Europe/Berlin",
      "2026-03-28 00:00",
      ["2026-03-28 23:00", "2026-03-29 22:00"],
    ],
    ["any spaces", "  0   3 * *  *\n", "UTC", "2026-03-28 00:00", ["2026-03-28 03:00"]],
  ];
  for (const [what, cron, timeZone, after, runs] of CASES) {
    test(`${what}: ${cron.trim()} ${timeZone}`, () => {
      assert.equal(checkWhen({ cron, timeZone }), null);
      assert.deepEqual(runsAfter({ cron, timeZone }, after, runs.length), runs);
    });
  }

  test("six fields have the second in front; a run is after the instant, be it by a millisecond", () => {
    const when: When = { cron: "*/10 * * * * *" };
    assert.deepEqual(nextRun(when, new Date("2026-01-01T00:00:09.999Z")), new Date("2026-01-01T00:00:10Z"));
    assert.deepEqual(nextRun(when, new Date("2026-01-01T00:00:10.000Z")), new Date("2026-01-01T00:00:20Z"));
    assert.deepEqual(nextRun(when, new Date("2026-01-01T00:00:10.001Z")), new Date("2026-01-01T00:00:20Z"));
  });

  test("goes by UTC when no zone is given, wherever the process runs", () => {
    const before = process.env["TZ"];
    process.env["TZ"] = "Asia/Tokyo";
    try {
      assert.equal(new Date("2026-01-01T00:00:00Z").getHours(), 9);
      assert.deepEqual(runsAfter({ cron: "0 3 * * *" }, "2026-01-01 00:00", 1), ["2026-01-01 03:00"]);
    } finally {
      if (before === undefined) delete process.env["TZ"];
      else process.env["TZ"] = before;
    }
  });
});

/** Zones with summer time in the north and in the south, a change of half an hour, one at midnight, and none. */
const ZONES = [
  "UTC",
  "Europe/Berlin",
  "America/New_York",
  "Australia/Lord_Howe",
  "Africa/Cairo",
  "Asia/Kolkata",
] as const;
const MINUTE_MS = 60_000;
const zones = fc.constantFrom(...ZONES);
/** Around a change of the clock as often as not. */
const instants = fc.oneof(
  fc.date({ min: new Date("2020-01-01"), max: new Date("2037-01-01"), noInvalidDate: true }),
  fc
    .constantFrom(
      "2026-03-29T00:00Z",
      "2026-10-25T00:00Z",
      "2026-03-08T06:00Z",
      "2026-11-01T05:00Z",
      "2026-10-03T15:00Z",
    )
    .chain((text) => fc.integer({ min: -180, max: 180 }).map((add) => new Date(Date.parse(text) + add * MINUTE_MS))),
);
const minutes = fc.oneof(
  fc.constant("*"),
  fc.integer({ min: 1, max: 59 }).map((step) => `*/${step}`),
);
const hours = fc.oneof(
  fc.constantFrom("*", "*/2", "*/5"),
  fc.integer({ min: 0, max: 23 }).map(String),
  fc.tuple(fc.integer({ min: 0, max: 3 }), fc.integer({ min: 3, max: 23 })).map(([low, high]) => `${low}-${high}`),
);
const weekdays = fc.constantFrom("*", "MON-FRI", "0,3,6");
const intervals: fc.Arbitrary<When> = fc
  .tuple(fc.integer({ min: 1, max: 400 }), fc.constantFrom("second", "minutes", "m", "hours", "h"))
  .map(([count, unit]) => ({ every: (unit.length === 1 ? `${count}${unit}` : `${count} ${unit}`) as Every }));
const crons: fc.Arbitrary<When> = fc
  .tuple(fc.oneof(minutes, fc.integer({ min: 0, max: 59 }).map(String)), hours, weekdays, zones)
  .map(([minute, hour, weekday, timeZone]) => ({ cron: `${minute} ${hour} * * ${weekday}`, timeZone }));
const whens = fc.oneof(crons, intervals);

describe("for any schedule and instant", () => {
  test("the next run is after the instant, and nothing lies between: it is the same from there", () => {
    const between = fc.double({ min: 0, max: 1, noNaN: true, maxExcluded: true });
    const property = fc.property(whens, instants, between, (when, after, share) => {
      assert.equal(checkWhen(when), null);
      const next = nextRun(when, after)!;
      assert.ok(next > after);
      const later = new Date(after.getTime() + Math.floor((next.getTime() - after.getTime()) * share));
      assert.deepEqual(nextRun(when, later), next);
      assert.ok(nextRun(when, next)! > next);
    });
    fc.assert(property);
  });

  test("missed runs are the next run again and again, up to the end or the number", () => {
    const lengths = fc.integer({ min: 0, max: 3 * 24 * 60 });
    const property = fc.property(
      whens,
      instants,
      lengths,
      fc.integer({ min: 0, max: 50 }),
      (when, from, length, max) => {
        const until = new Date(from.getTime() + length * MINUTE_MS);
        const expected: Date[] = [];
        for (let run = nextRun(when, from)!; run <= until && expected.length < max; run = nextRun(when, run)!) {
          expected.push(run);
        }
        assert.deepEqual(missedRuns(when, from, until, max), expected);
      },
    );
    fc.assert(property);
  });

  test("intervals lie on the grid from 1970", () => {
    const property = fc.property(fc.integer({ min: 1_000, max: EVERY_MS_MAX }), instants, (every, after) => {
      const next = nextRun({ every }, after)!.getTime();
      assert.equal(next % every, 0);
      assert.ok(next - after.getTime() <= every);
    });
    fc.assert(property);
  });

  test("a cron with steps runs at each minute whose wall clock matches, and at no other", () => {
    const property = fc.property(minutes, hours, zones, instants, (minute, hour, timeZone, after) => {
      const from = Math.floor(after.getTime() / MINUTE_MS) + 1;
      const expected: Date[] = [];
      for (let at = from; at < from + 6 * 60; at += 1) {
        const date = new Date(at * MINUTE_MS);
        const [hourThen, minuteThen] = wallClock(date, timeZone);
        if (matches(minute, minuteThen!) && matches(hour, hourThen!)) expected.push(date);
      }
      const until = new Date((from + 6 * 60 - 1) * MINUTE_MS);
      assert.deepEqual(missedRuns({ cron: `${minute} ${hour} * * *`, timeZone }, after, until, 10_000), expected);
    });
    fc.assert(property);
  });

  test("a cron at one time of the day runs once on each day of its zone", () => {
    const times = fc.tuple(fc.integer({ min: 0, max: 59 }), fc.integer({ min: 0, max: 4 }));
    const property = fc.property(times, zones, instants, ([minute, hour], timeZone, after) => {
      const runs = missedRuns({ cron: `${minute} ${hour} * * *`, timeZone }, after, new Date("9000-01-01"), 5);
      const days = runs.map((run) => new Intl.DateTimeFormat("en-CA", { timeZone }).format(run));
      const first = Date.parse(`${days[0]}T00:00Z`);
      const expected = days.map((_, index) => new Date(first + index * 86_400_000).toISOString().slice(0, 10));
      assert.deepEqual(days, expected);
    });
    fc.assert(property);
  });
});

const clocks = new Map(
  ZONES.map((timeZone) => [
    timeZone,
    new Intl.DateTimeFormat("en-GB", { timeZone, hour: "2-digit", minute: "2-digit", hourCycle: "h23" }),
  ]),
);

/** Hour and minute that a clock on the wall shows. */
function wallClock(date: Date, timeZone: (typeof ZONES)[number]): number[] {
  return clocks.get(timeZone)!.format(date).split(":").map(Number);
}

/** A model of one field: `*`, a step, a range, a number. */
function matches(field: string, value: number): boolean {
  const [, step] = /^\*\/(\d+)$/.exec(field) ?? [];
  if (field === "*" || step !== undefined) return value % Number(step ?? 1) === 0;
  const [low, high = low] = field.split("-").map(Number);
  return low! <= value && value <= high!;
}

describe("intervals", () => {
  const CASES: readonly (readonly [every: Every, ms: number, text: string])[] = [
    ["5 minutes", 300_000, "every 5 minutes"],
    ["5m", 300_000, "every 5 minutes"],
    [300_000, 300_000, "every 5 minutes"],
    ["30 seconds", 30_000, "every 30 seconds"],
    ["1 hour", 3_600_000, "every hour"],
    ["90 minutes", 5_400_000, "every 90 minutes"],
    ["120 minutes", 7_200_000, "every 2 hours"],
    ["2 days", 172_800_000, "every 2 days"],
    ["1s", 1_000, "every second"],
    [1_500, 1_500, "every 1500 ms"],
    ["366 days", 31_622_400_000, "every 366 days"],
  ];
  for (const [every, ms, text] of CASES) {
    test(`${JSON.stringify(every)} is ${ms} ms, ${text}`, () => {
      assert.equal(checkWhen({ every }), null);
      assert.deepEqual(nextRun({ every }, new Date(0)), new Date(ms));
      assert.deepEqual(nextRun({ every }, new Date(-1)), new Date(0));
      assert.equal(describeWhen({ every }), text);
    });
  }

  test("end where dates end", () => {
    assert.equal(nextRun({ every: "1 day" }, new Date(8.64e15)), null);
  });
});

test("cron is described with its zone", () => {
  assert.equal(describeWhen({ cron: " 0  3 * * *", timeZone: "Europe/Berlin" }), "0 3 * * * Europe/Berlin");
  assert.equal(describeWhen({ cron: "@daily" }), "@daily UTC");
});

describe("mistakes", () => {
  const CASES: readonly (readonly [when: object, problem: string, wayOut: RegExp])[] = [
    [{}, "neither cron nor every is given", /^Write \{ cron: .* or \{ every: /],
    [{ cron: "@daily", every: "5m" }, "both cron and every are given", /^Write/],
    [{ cron: "@daily", timezone: "Asia/Tokyo" }, 'it has "timezone"', /^Did you mean "timeZone"\?/],
    [{ cron: 5 }, "cron is 5", /^Write/],
    [{ cron: "" }, 'cron "" has 0 fields', /^Write five: minute, hour/],
    [{ cron: "* * * *" }, 'cron "* * * *" has 4 fields', /a sixth in front is the second/],
    [{ cron: "0 0 * * * * 2027" }, 'cron "0 0 * * * * 2027" has 7 fields', /^Write five/],
    [{ cron: "2026-01-01T00:00:00" }, 'cron "2026-01-01T00:00:00" has 1 fields', /^Write five/],
    [{ cron: "60 * * * *" }, 'the minute of cron "60 * * * *" is "60"', /^It takes 0-59; also \*, lists/],
    [{ cron: "61 * * * * *" }, 'the second of cron "61 * * * * *" is "61"', /^It takes 0-59/],
    [{ cron: "0 24 * * *" }, 'the hour of cron "0 24 * * *" is "24"', /^It takes 0-23/],
    [{ cron: "0 22-4 * * *" }, 'the hour of cron "0 22-4 * * *" is "22-4"', /ranges from low to high/],
    [{ cron: "0 0 32 * *" }, 'the day of month of cron "0 0 32 * *" is "32"', /^It takes 1-31, L/],
    [{ cron: "0 0 * FOO *" }, 'the month of cron "0 0 * FOO *" is "FOO"', /^It takes 1-12 or JAN-DEC/],
    [{ cron: "0 0 * * 8" }, 'the day of week of cron "0 0 * * 8" is "8"', /^It takes 0-7 or SUN-SAT/],
    [{ cron: "*/0 * * * *" }, 'the minute of cron "*/0 * * * *" is "*/0"', /steps/],
    [{ cron: "5/5 * * * *" }, 'the minute of cron "5/5 * * * *" is "5/5"', /steps \(\*\/5 or 1-9\/2\)/],
    [{ cron: "1,,2 * * * *" }, 'the minute of cron "1,,2 * * * *" is "1,,2"', /lists/],
    [{ cron: "@dayly" }, 'cron is "@dayly"', /^Did you mean "@daily"\? Nicknames are @hourly, /],
    [{ cron: "@reboot" }, 'cron is "@reboot"', /^Nicknames are/],
    [{ cron: "0 0 30 2 *" }, 'cron "0 0 30 2 *" never comes', /write L/],
    [{ cron: "0 0 31 4,6,9,11 *", timeZone: "Europe/Berlin" }, 'cron "0 0 31 4,6,9,11 *" never comes', /^No year/],
    [{ cron: "@daily", timeZone: "Europe/Berlni" }, 'timeZone is "Europe/Berlni"', /^Did you mean "Europe\/Berlin"\?/],
    [{ cron: "@daily", timeZone: "new york" }, 'timeZone is "new york"', /^Did you mean "America\/New_York"\?/],
    [{ cron: "@daily", timeZone: "GMT+2" }, 'timeZone is "GMT+2"', /^Write a name from the IANA list/],
    [{ cron: "@daily", timeZone: "" }, 'timeZone is ""', /^Write a name/],
    [{ cron: "@daily", timeZone: 2 }, "timeZone is 2", /^Write a name/],
    [{ every: "5 minuets" }, 'every is "5 minuets"', /^Write a whole number and a unit/],
    [{ every: "1.5 hours" }, 'every is "1.5 hours"', /whole number/],
    [{ every: 1.5 }, "every is 1.5", /whole number/],
    [{ every: Number.NaN }, "every is NaN", /whole number/],
    [{ every: null }, "every is null", /whole number/],
    [{ every: "0 seconds" }, 'every is "0 seconds"', /^The shortest interval is 1 second/],
    [{ every: 999 }, "every is 999", /1000 milliseconds/],
    [{ every: -5_000 }, "every is -5000", /shortest/],
    [{ every: "367 days" }, 'every is "367 days"', /^The longest interval is 366 days/],
    [{ every: `${"9".repeat(400)} days` }, `every is "${"9".repeat(79)}…`, /^The longest/],
    [{ every: "1 day", timeZone: "Europe/Berlin" }, 'timeZone is "Europe/Berlin" beside every', /take cron/],
  ];
  for (const [when, problem, wayOut] of CASES) {
    test(problem, () => {
      const mistake = checkWhen(when as When);
      assert.equal(mistake?.problem, problem);
      assert.match(mistake.wayOut, wayOut);
    });
  }
});
