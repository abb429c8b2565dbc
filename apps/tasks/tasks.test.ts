/** Tasks: what can be said of them, changes that meet, subtasks, boards. */
import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { missing, TEST_SERVERS } from "lineshaft/testkit";
import { startTeam, type Team } from "./test/team.ts";

for (const server of TEST_SERVERS) {
  describe(`tasks on ${server.name}`, { skip: missing(server) }, () => {
    let team: Team;
    before(async () => {
      team = await startTeam(server);
    });
    after(() => team.stop());

    test("a task has what was said of it, and what was not has its default", async () => {
      const project = await team.project();
      const label = await team.must("editor", "POST", `${project}/labels`, { name: "Bug", color: "#ff0000" });
      const due = { date: "2026-12-01", time: "09:00", timeZone: "Europe/Berlin" };
      const assignee = team.people.viewer.id;
      const sent = { title: "Write it down", notes: "All of it", priority: "high", due, assignee, labels: [label.id] };
      const made = await team.must("editor", "POST", `${project}/tasks`, sent);
      const { id, project: in_, position, createdAt, updatedAt, ...rest } = made;
      assert.deepEqual(rest, {
        title: "Write it down",
        notes: "All of it",
        status: "todo",
        priority: "high",
        due,
        dueAt: "2026-12-01T08:00:00.000Z",
        overdue: false,
        assignee: { id: assignee, name: "viewer" },
        labels: [label],
        parent: null,
        recurrence: null,
        subtaskCount: 0,
        subtaskDoneCount: 0,
        commentCount: 0,
        version: 1,
        completedAt: null,
        createdBy: { id: team.people.editor.id, name: "editor" },
        minutes: 0,
      });
      assert.deepEqual(await team.must("viewer", "GET", `${project}/tasks/${id}`), made);
      assert.ok(project.endsWith(in_) && position && createdAt && updatedAt);
    });

    test("a change changes what it names, null clears, and an empty one changes nothing", async () => {
      const project = await team.project();
      const due = { date: "2026-12-01", timeZone: "UTC" };
      const sent = { title: "One", notes: "Notes", due, assignee: team.people.owner.id };
      const { id } = await team.must("editor", "POST", `${project}/tasks`, sent);
      const path = `${project}/tasks/${id}`;
      const second = await team.must("editor", "PATCH", path, { title: "Two" });
      assert.deepEqual([second.title, second.notes, second.version], ["Two", "Notes", 2]);
      assert.deepEqual(second.due, { date: "2026-12-01", time: null, timeZone: "UTC" });
      const third = await team.must("editor", "PATCH", path, { due: null, assignee: null });
      assert.deepEqual(
        [third.due, third.dueAt, third.assignee, third.title, third.version],
        [null, null, null, "Two", 3],
      );
      assert.deepEqual(await team.must("editor", "PATCH", path, {}), third);
      assert.deepEqual(await team.must("editor", "PATCH", path, { title: "Two" }), third);
    });

    test("a change on an old version is refused, and of twenty at once on one version one is made", async () => {
      const project = await team.project();
      const { id } = await team.must("editor", "POST", `${project}/tasks`, { title: "Zero" });
      const path = `${project}/tasks/${id}`;
      const change = (title: string) => team.ask("editor", "PATCH", path, { title, version: 1 });
      const answers = await Promise.all(Array.from({ length: 20 }, (_, index) => change(`Title ${index}`)));
      assert.equal(answers.filter(({ status }) => status === 200).length, 1);
      const refused = answers.filter(({ status }) => status === 409);
      assert.equal(refused.length, 19);
      for (const { body } of refused) assert.deepEqual([body.code, body.version], ["VERSION_CONFLICT", 2]);
      assert.equal((await team.must("viewer", "GET", path)).version, 2);
    });

    test("closing a task says when, opening it again takes that back", async () => {
      const project = await team.project();
      const { id } = await team.must("editor", "POST", `${project}/tasks`, { title: "One" });
      const path = `${project}/tasks/${id}`;
      const done = await team.must("editor", "PATCH", path, { status: "done" });
      assert.ok(done.completedAt);
      assert.equal((await team.must("editor", "PATCH", path, { status: "canceled" })).completedAt, done.completedAt);
      assert.equal((await team.must("editor", "PATCH", path, { status: "doing" })).completedAt, null);
    });

    const WRONG: readonly (readonly [what: string, change: object, pointer: string])[] = [
      ["an assignee who is no member", { assignee: "outsider" }, "/assignee"],
      ["a label of no project", { labels: ["01900000-0000-7000-8000-000000000000"] }, "/labels"],
      ["a parent that is not there", { parent: "01900000-0000-7000-8000-000000000000" }, "/parent"],
      ["a time zone that is none", { due: { date: "2026-01-01", timeZone: "Mars/Olympus" } }, "/due/timeZone"],
      ["an offset as a time zone", { due: { date: "2026-01-01", timeZone: "+02:00" } }, "/due/timeZone"],
      ["a day too far away", { due: { date: "9999-12-31" } }, "/due/date"],
      ["a day that is none", { due: { date: "2026-02-30" } }, "/due/date"],
      ["a time of day that is none", { due: { date: "2026-02-03", time: "24:00" } }, "/due/time"],
      ["a blank title", { title: " " }, "/title"],
      ["a status that is none", { status: "open" }, "/status"],
    ];
    for (const [what, change, pointer] of WRONG) {
      test(`${what} is refused, at creation and as a change`, async () => {
        const project = await team.project();
        const isOutsider = "assignee" in change;
        const sent = isOutsider ? { assignee: team.people.outsider.id } : change;
        const made = await team.ask("editor", "POST", `${project}/tasks`, { title: "One", ...sent });
        const { id } = await team.must("editor", "POST", `${project}/tasks`, { title: "One" });
        const changed = await team.ask("editor", "PATCH", `${project}/tasks/${id}`, sent);
        for (const { status, body } of [made, changed]) {
          assert.deepEqual([status, body.code, body.errors[0].pointer], [422, "INVALID_INPUT", pointer]);
        }
      });
    }

    test("a label and a parent of another project are refused", async () => {
      const [one, two] = [await team.project("one"), await team.project("two")];
      const label = await team.must("editor", "POST", `${two}/labels`, { name: "Theirs" });
      const parent = await team.must("editor", "POST", `${two}/tasks`, { title: "Theirs" });
      assert.equal((await team.ask("editor", "POST", `${one}/tasks`, { title: "x", labels: [label.id] })).status, 422);
      assert.equal((await team.ask("editor", "POST", `${one}/tasks`, { title: "x", parent: parent.id })).status, 422);
    });

    test("subtasks make no cycle, are at most five levels deep, and go with their parent", async () => {
      const project = await team.project();
      const ids: string[] = [];
      for (let level = 0; level < 5; level++) {
        const sent = { title: `Level ${level}`, ...(level > 0 ? { parent: ids.at(-1) } : {}) };
        ids.push((await team.must("editor", "POST", `${project}/tasks`, sent)).id);
      }
      const deep = await team.ask("editor", "POST", `${project}/tasks`, { title: "Level 5", parent: ids[4] });
      assert.deepEqual([deep.status, deep.body.code], [422, "TREE_TOO_DEEP"]);
      for (const target of ids) {
        const cycle = await team.ask("editor", "PATCH", `${project}/tasks/${ids[0]}`, { parent: target });
        assert.deepEqual([cycle.status, cycle.body.code], [422, "PARENT_CYCLE"]);
      }
      const other = await team.must("editor", "POST", `${project}/tasks`, { title: "Other" });
      const lifted = await team.ask("editor", "PATCH", `${project}/tasks/${ids[0]}`, { parent: other.id });
      assert.equal(lifted.body.code, "TREE_TOO_DEEP");
      assert.equal((await team.must("viewer", "GET", `${project}/tasks/${ids[0]}`)).subtaskCount, 1);
      await team.must("editor", "DELETE", `${project}/tasks/${ids[1]}`);
      const left = await team.must("viewer", "GET", `${project}/tasks`);
      assert.deepEqual(
        left.items.map((task: { title: string }) => task.title),
        ["Level 0", "Other"],
      );
    });

    test("two tasks put below each other at once do not make a cycle", async () => {
      const project = await team.project();
      const [one, two] = await Promise.all(
        ["one", "two"].map((title) => team.must("editor", "POST", `${project}/tasks`, { title })),
      );
      const answers = await Promise.all([
        team.ask("editor", "PATCH", `${project}/tasks/${one.id}`, { parent: two.id }),
        team.ask("editor", "PATCH", `${project}/tasks/${two.id}`, { parent: one.id }),
      ]);
      assert.deepEqual(answers.map(({ status }) => status).sort(), [200, 422]);
    });

    test("a board knows how many tasks are in every column, and how many are late", async () => {
      const project = await team.project();
      const late = { due: { date: "2020-01-01" } };
      const add = (sent: object) => team.must("editor", "POST", `${project}/tasks`, { title: "x", ...sent });
      await add({ ...late });
      await add({ status: "doing" });
      await add({ status: "doing", ...late });
      await add({ status: "done", ...late });
      const counts = await team.must("viewer", "GET", `${project}/counts`);
      assert.deepEqual(counts, { todo: 1, doing: 2, review: 0, done: 1, canceled: 0, overdue: 2, total: 4 });
    });
  });
}
