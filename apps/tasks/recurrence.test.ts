/** Recurring tasks: which occurrence comes next, when it is due, and that there is one of each. */
import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { missing, TEST_SERVERS } from "lineshaft/testkit";
import { occurrenceAfter, occurrencesBetween, ruleProblem } from "./rules.ts";
import { type Json, startTeam, type Team } from "./test/team.ts";

const BERLIN = "Europe/Berlin";
const from = (rule: string, start: string, timeZone = BERLIN) => {
  const [startDate = "", startTime = null] = start.split("T");
  return { rule, startDate, startTime, timeZone };
};

describe("rules", () => {
  const CASES: readonly (readonly [what: string, rule: string, start: string, expected: string])[] = [
    ["every day", "FREQ=DAILY", "2026-01-30", "2026-01-30 2026-01-31 2026-02-01 2026-02-02"],
    [
      "every other week on two days",
      "FREQ=WEEKLY;INTERVAL=2;BYDAY=MO,WE",
      "2026-10-05",
      "2026-10-05 2026-10-07 2026-10-19 2026-10-21",
    ],
    ["the 31st, in months that have one", "FREQ=MONTHLY", "2026-01-31", "2026-01-31 2026-03-31 2026-05-31 2026-07-31"],
    [
      "the last day of the month",
      "FREQ=MONTHLY;BYMONTHDAY=-1",
      "2026-01-31",
      "2026-01-31 2026-02-28 2026-03-31 2026-04-30",
    ],
    [
      "the 31st or the last day",
      "FREQ=MONTHLY;BYMONTHDAY=28,29,30,31;BYSETPOS=-1",
      "2027-12-31",
      "2027-12-31 2028-01-31 2028-02-29 2028-03-31",
    ],
    ["the second Tuesday", "FREQ=MONTHLY;BYDAY=2TU", "2026-01-13", "2026-01-13 2026-02-10 2026-03-10 2026-04-14"],
    ["the 29th of February", "FREQ=YEARLY", "2024-02-29", "2024-02-29 2028-02-29 2032-02-29 2036-02-29"],
    ["three times", "FREQ=DAILY;COUNT=3", "2026-01-30", "2026-01-30 2026-01-31 2026-02-01"],
    [
      "until a day, which counts",
      "FREQ=DAILY;UNTIL=20260201",
      "2026-01-30T23:30",
      "2026-01-30T23:30 2026-01-31T23:30 2026-02-01T23:30",
    ],
    // 08:00 UTC is 9:00 in Berlin in winter.
    [
      "until an instant, which counts",
      "FREQ=DAILY;UNTIL=20260201T080000Z",
      "2026-01-31T09:00",
      "2026-01-31T09:00 2026-02-01T09:00",
    ],
    ["until an instant before the time", "FREQ=DAILY;UNTIL=20260201T075900Z", "2026-01-31T09:00", "2026-01-31T09:00"],
    [
      "a start that the rule does not name",
      "FREQ=WEEKLY;BYDAY=MO",
      "2026-10-01",
      "2026-10-01 2026-10-05 2026-10-12 2026-10-19",
    ],
    [
      "at 9:00 through the change to summer time",
      "FREQ=DAILY",
      "2026-03-28T09:00",
      "2026-03-28T09:00 2026-03-29T09:00 2026-03-30T09:00 2026-03-31T09:00",
    ],
    [
      "at a time that is skipped once",
      "FREQ=DAILY",
      "2026-03-28T02:30",
      "2026-03-28T02:30 2026-03-29T02:30 2026-03-30T02:30 2026-03-31T02:30",
    ],
  ];
  for (const [what, rule, start, expected] of CASES) {
    test(`${what}: ${rule}`, () => {
      const series = from(rule, start);
      assert.equal(ruleProblem(series), null);
      const found = [start];
      for (let next = occurrenceAfter(series, start); next && found.length < 4; next = occurrenceAfter(series, next))
        found.push(next);
      assert.equal(found.join(" "), expected);
      const last = expected.slice(-start.length).slice(0, 10);
      assert.equal(occurrencesBetween(series, start.slice(0, 10), last).join(" "), expected);
    });
  }

  const WRONG = [
    "",
    "every day",
    "FREQ=HOURLY",
    "FREQ=DAILY;BYHOUR=9,10",
    "INTERVAL=2",
    "FREQ=DAILY;INTERVAL=0",
    "FREQ=DAILY;COUNT=0",
    "FREQ=DAILY;COUNT=2;UNTIL=20260101",
    "FREQ=DAILY;FREQ=WEEKLY",
    "FREQ=WEEKLY;BYDAY=XX",
    "FREQ=MONTHLY;BYMONTHDAY=32",
    "FREQ=YEARLY;BYMONTH=13",
    "FREQ=YEARLY;BYMONTH=2;BYMONTHDAY=30",
    "RRULE:FREQ=DAILY",
    "FREQ=DAILY\nEXDATE:20260101",
    "FREQ=DAILY;UNTIL=20261399",
    "FREQ=DAILY;__proto__=1",
  ];
  for (const rule of WRONG) {
    test(`${JSON.stringify(rule)} is told to be wrong`, () => {
      assert.equal(typeof ruleProblem(from(rule, "2026-01-01")), "string");
    });
  }
});

for (const server of TEST_SERVERS) {
  describe(`recurring tasks on ${server.name}`, { skip: missing(server) }, () => {
    let team: Team;
    let project: string;
    before(async () => {
      team = await startTeam(server);
      project = await team.project();
    });
    after(() => team.stop());

    const add = (sent: object): Promise<Json> =>
      team.must("editor", "POST", `${project}/tasks`, { title: "Again", ...sent });
    const close = (id: string) => team.ask("editor", "PATCH", `${project}/tasks/${id}`, { status: "done" });
    const open = async (title: string): Promise<Json[]> => {
      const { items } = await team.must("viewer", "GET", `${project}/tasks?status=todo&recurring=true&limit=100`);
      return items.filter((task: Json) => task.title === title);
    };

    test("closing one makes the next, with all that the closed one had", async () => {
      const label = await team.must("editor", "POST", `${project}/labels`, { name: "Regular" });
      const parent = await add({ title: "Parent" });
      const due = { date: "2026-10-24", time: "09:00", timeZone: BERLIN };
      const facts = {
        notes: "Notes",
        priority: "high",
        assignee: team.people.editor.id,
        labels: [label.id],
        parent: parent.id,
      };
      const { id } = await add({ title: "Whole", ...facts, due, recurrence: "FREQ=DAILY" });
      assert.equal((await close(id)).status, 200);
      const [next, ...more] = await open("Whole");
      assert.equal(more.length, 0);
      const whole = await team.must("viewer", "GET", `${project}/tasks/${next.id}`);
      assert.deepEqual(whole.due, { ...due, date: "2026-10-25" });
      // 9:00 on the day that the clocks went back: one hour later in UTC than the day before.
      assert.equal(whole.dueAt, "2026-10-25T08:00:00.000Z");
      assert.deepEqual([whole.notes, whole.priority, whole.status], ["Notes", "high", "todo"]);
      assert.deepEqual([whole.assignee.id, whole.labels, whole.parent], [team.people.editor.id, [label], parent.id]);
      assert.equal(whole.recurrence, "FREQ=DAILY");
    });

    const DST: readonly (readonly [what: string, date: string, time: string, dueAt: string])[] = [
      ["the day on which the clocks go forward", "2026-03-28", "09:00", "2026-03-29T07:00:00.000Z"],
      ["a time that the clocks skip: after the gap", "2026-03-28", "02:30", "2026-03-29T01:30:00.000Z"],
      ["a time that comes twice: the first", "2026-10-24", "02:30", "2026-10-25T00:30:00.000Z"],
    ];
    for (const [what, date, time, dueAt] of DST) {
      test(`the next one falls on ${what}`, async () => {
        const { id } = await add({ title: what, due: { date, time, timeZone: BERLIN }, recurrence: "FREQ=DAILY" });
        await close(id);
        const [next] = await open(what);
        assert.equal(next.dueAt, dueAt);
        assert.equal(next.due.time, time);
        await close(next.id);
        assert.equal((await open(what))[0].due.time, time);
      });
    }

    test("a task for a whole day is due at the end of its day, in its time zone", async () => {
      const sent = { title: "All day", due: { date: "2026-03-28", timeZone: BERLIN }, recurrence: "FREQ=DAILY" };
      const made = await add(sent);
      assert.equal(made.dueAt, "2026-03-28T23:00:00.000Z");
      await close(made.id);
      assert.equal((await open("All day"))[0].dueAt, "2026-03-29T22:00:00.000Z");
    });

    test("closing one twenty times at once makes one next occurrence", async () => {
      const due = { date: "2026-01-31", timeZone: BERLIN };
      const { id } = await add({ title: "Once", due, recurrence: "FREQ=MONTHLY;BYMONTHDAY=-1" });
      const answers = await Promise.all(Array.from({ length: 20 }, () => close(id)));
      assert.deepEqual(
        answers.map(({ status }) => status),
        answers.map(() => 200),
      );
      const [next, ...more] = await open("Once");
      assert.deepEqual([next.due.date, more.length], ["2026-02-28", 0]);
    });

    test("opening and closing one again makes no second", async () => {
      const { id } = await add({ title: "Twice", due: { date: "2026-01-01" }, recurrence: "FREQ=WEEKLY" });
      await close(id);
      await team.must("editor", "PATCH", `${project}/tasks/${id}`, { status: "doing" });
      await close(id);
      assert.equal((await open("Twice")).length, 1);
    });

    test("a series ends after its count, however the tasks were moved about", async () => {
      const { id } = await add({ title: "Three", due: { date: "2026-01-01" }, recurrence: "FREQ=DAILY;COUNT=3" });
      await team.must("editor", "PATCH", `${project}/tasks/${id}`, { due: { date: "2026-01-09" } });
      await close(id);
      const [second] = await open("Three");
      assert.equal(second.due.date, "2026-01-02");
      await close(second.id);
      const [third] = await open("Three");
      assert.equal(third.due.date, "2026-01-03");
      await close(third.id);
      assert.deepEqual(await open("Three"), []);
    });

    test("closed in bulk, each makes its next one", async () => {
      const ids: string[] = [];
      for (const date of ["2026-01-01", "2026-01-02", "2026-01-03"]) {
        ids.push((await add({ title: "Bulk", due: { date }, recurrence: "FREQ=YEARLY" })).id);
      }
      const items = ids.map((id) => ({ id, status: "done" }));
      const { outcomes } = await team.must("editor", "POST", "/tasks/bulk/change", { items: [...items, ...items] });
      assert.ok(outcomes.every((outcome: Json) => outcome.ok));
      const dates = (await open("Bulk")).map((task) => task.due.date).sort();
      assert.deepEqual(dates, ["2027-01-01", "2027-01-02", "2027-01-03"]);
    });

    test("what is to come can be seen, with the tasks that are there already", async () => {
      const due = { date: "2026-03-27", time: "09:00", timeZone: BERLIN };
      const { id } = await add({ title: "Seen", due, recurrence: "FREQ=DAILY" });
      await close(id);
      const [next] = await open("Seen");
      const path = `${project}/tasks/${next.id}/occurrences`;
      const found = await team.must("viewer", "GET", `${path}?from=2026-03-01&to=2026-03-30`);
      assert.deepEqual(
        found.map((each: Json) => [each.dueAt, each.task, each.status]),
        [
          ["2026-03-27T08:00:00.000Z", id, "done"],
          ["2026-03-28T08:00:00.000Z", next.id, "todo"],
          ["2026-03-29T07:00:00.000Z", null, null],
          ["2026-03-30T07:00:00.000Z", null, null],
        ],
      );
      assert.deepEqual(await team.must("viewer", "GET", `${path}?from=2025-01-01&to=2025-12-31`), []);
      for (const query of ["from=2026-03-02&to=2026-03-01", "from=2020-01-01&to=2026-01-01", "from=2026-03-01"]) {
        assert.equal((await team.ask("viewer", "GET", `${path}?${query}`)).status, 422, query);
      }
    });

    test("a rule can be set later, changed and taken away; it counts from the due date", async () => {
      const { id } = await add({ title: "Later" });
      const path = `${project}/tasks/${id}/recurrence`;
      assert.equal((await team.ask("viewer", "GET", path)).body.code, "NOT_RECURRING");
      const early = await team.ask("editor", "PUT", path, { rule: "FREQ=DAILY" });
      assert.deepEqual([early.status, early.body.errors[0].pointer], [422, "/due"]);
      await team.must("editor", "PATCH", `${project}/tasks/${id}`, { due: { date: "2026-01-05" } });
      const wrong = await team.ask("editor", "PUT", path, { rule: "FREQ=SOMETIMES" });
      assert.deepEqual([wrong.status, wrong.body.errors[0].pointer], [422, "/recurrence"]);
      await team.must("editor", "PUT", path, { rule: "FREQ=DAILY" });
      await team.must("editor", "PUT", path, { rule: "FREQ=WEEKLY" });
      const series = await team.must("viewer", "GET", path);
      const shown = { rule: "FREQ=WEEKLY", startDate: "2026-01-05", startTime: null, timeZone: "UTC", next: "closed" };
      assert.deepEqual(series, shown);
      await team.must("editor", "DELETE", path);
      await close(id);
      assert.deepEqual(await open("Later"), []);
    });
  });

  describe(`tasks that come by date on ${server.name}`, { skip: missing(server) }, () => {
    let team: Team;
    let project: string;
    before(async () => {
      team = await startTeam(server, "2027-03-01T07:00:00Z");
      project = await team.project();
    });
    after(() => team.stop());

    /** Lets it become a time, and what time makes be made. */
    const at = async (time: string) => {
      team.setClock(time);
      await team.app.untilHandled();
    };
    const daily = async (title: string, date: string) => {
      const due = { date, time: "09:00", timeZone: BERLIN };
      const sent = { title, due, recurrence: "FREQ=DAILY", recurrenceNext: "due" };
      return (await team.must("editor", "POST", `${project}/tasks`, sent)).id as string;
    };
    const dates = async (title: string) => {
      const { items } = await team.must("viewer", "GET", `${project}/tasks?status=todo&limit=100`);
      return items.flatMap((task: Json) => (task.title === title ? [task.due.date] : [])).sort();
    };

    test("with `next: due` the next one comes when its time has come, closed or not, and only then", async () => {
      await at("2027-03-01T08:00:00+01:00");
      const id = await daily("By date", "2027-03-01");
      await team.must("editor", "PATCH", `${project}/tasks/${id}`, { status: "done" });
      assert.deepEqual(await dates("By date"), []);
      await at("2027-03-01T08:59:59+01:00");
      assert.deepEqual(await dates("By date"), []);
      await at("2027-03-01T09:00:00+01:00");
      assert.deepEqual(await dates("By date"), ["2027-03-02"]);
      const [made] = (await team.must("viewer", "GET", `${project}/activity?limit=1`)).items;
      assert.deepEqual([made.action, made.actor, made.title], ["task.created", null, "By date"]);
      // Of days that nobody looked at, none is left out, and none comes twice.
      await at("2027-03-04T12:00:00+01:00");
      assert.deepEqual(await dates("By date"), ["2027-03-02", "2027-03-03", "2027-03-04", "2027-03-05"]);
      await at("2027-03-04T13:00:00+01:00");
      assert.equal((await dates("By date")).length, 4);
    });

    test("tasks that come by date end with the last of them, with their rule, and wait in the archive", async () => {
      await at("2027-03-06T08:00:00+01:00");
      const deleted = await daily("Deleted", "2027-03-06");
      await team.must("editor", "DELETE", `${project}/tasks/${deleted}`);
      const ended = await daily("Ended", "2027-03-06");
      await team.must("editor", "DELETE", `${project}/tasks/${ended}/recurrence`);
      const changed = await daily("Changed", "2027-03-06");
      await team.must("editor", "PUT", `${project}/tasks/${changed}/recurrence`, { rule: "FREQ=DAILY" });
      await daily("Archived", "2027-03-06");
      await team.must("owner", "PATCH", project, { archived: true });
      await at("2027-03-06T12:00:00+01:00");
      const of = async () => [await dates("Deleted"), await dates("Ended"), await dates("Changed")];
      assert.deepEqual(await of(), [[], ["2027-03-06"], ["2027-03-06"]]);
      assert.deepEqual(await dates("Archived"), ["2027-03-06"]);
      await team.must("owner", "PATCH", project, { archived: false });
      await at("2027-03-06T12:02:00+01:00");
      assert.deepEqual(await dates("Archived"), ["2027-03-06", "2027-03-07"]);
      assert.deepEqual(await of(), [[], ["2027-03-06"], ["2027-03-06"]]);
    });
  });
}
