/** Many at once: one outcome for each task, whatever becomes of the others. */
import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { BULK_TASKS_MAX } from "./model.ts";
import { type Json, startTeam, type Team } from "./test/team.ts";

const NOWHERE = "01900000-0000-7000-8000-000000000000";

describe("many tasks at once", () => {
  let team: Team;
  before(async () => {
    team = await startTeam();
  });
  after(() => team.stop());

  /** Tasks of four projects: one's own, one seen only, one not seen, one archived. */
  async function world() {
    const [mine, seen, archived] = [
      await team.project("mine"),
      await team.project("seen"),
      await team.project("archived"),
    ];
    await team.must("owner", "PATCH", `${seen}/members/${team.people.editor.id}`, { role: "viewer" });
    const { id } = await team.must("owner", "POST", "/tasks/projects", { name: "hidden" });
    const add = async (project: string, title: string): Promise<string> =>
      (await team.must("owner", "POST", `${project}/tasks`, { title })).id;
    const ids = {
      one: await add(mine, "one"),
      two: await add(mine, "two"),
      seen: await add(seen, "seen"),
      hidden: await add(`/tasks/projects/${id}`, "hidden"),
      archived: await add(archived, "archived"),
    };
    await team.must("owner", "PATCH", archived, { archived: true });
    return { mine, seen, ids };
  }

  test("each has its outcome, and those that cannot be changed keep nobody from changing", async () => {
    const { mine, ids } = await world();
    const title = "Changed";
    const items = [
      { id: ids.one, title, version: 1 },
      { id: ids.seen, title },
      { id: NOWHERE, title },
      { id: ids.hidden, title },
      { id: ids.archived, title },
      { id: ids.two, assignee: team.people.outsider.id },
      { id: ids.two, title, version: 7 },
      { id: ids.two, parent: ids.two },
      { id: ids.two, parent: ids.seen },
      { id: ids.two, parent: ids.one },
      { id: ids.one, parent: ids.two },
      { id: ids.one, notes: "Again" },
    ];
    const { outcomes } = await team.must("editor", "POST", "/tasks/bulk/change", { items });
    assert.deepEqual(
      outcomes.map((outcome: Json) => outcome.id),
      items.map(({ id }) => id),
    );
    assert.deepEqual(
      outcomes.map(({ ok, version, code }: Json) => (ok ? version : code)),
      [
        2,
        "FORBIDDEN",
        "NOT_FOUND",
        "NOT_FOUND",
        "PROJECT_ARCHIVED",
        "INVALID_INPUT",
        "VERSION_CONFLICT",
        "PARENT_CYCLE",
        "INVALID_INPUT",
        2,
        "PARENT_CYCLE",
        3,
      ],
    );
    const one = await team.must("owner", "GET", `${mine}/tasks/${ids.one}`);
    assert.deepEqual([one.title, one.notes, one.version, one.parent], [title, "Again", 3, null]);
    const two = await team.must("owner", "GET", `${mine}/tasks/${ids.two}`);
    assert.deepEqual([two.title, two.parent, two.version], ["two", ids.one, 2]);
  });

  test("all fields of many change in one call, and the trail has an entry for each", async () => {
    const { mine, ids } = await world();
    const label = await team.must("owner", "POST", `${mine}/labels`, { name: "Bulk" });
    const due = { date: "2026-05-01", time: "10:00", timeZone: "Europe/Berlin" };
    const change = {
      status: "review",
      priority: "urgent",
      notes: "n",
      due,
      assignee: team.people.viewer.id,
      labels: [label.id],
    };
    const items = [ids.one, ids.two].map((id) => ({ id, ...change }));
    await team.must("editor", "POST", "/tasks/bulk/change", { items });
    await team.app.untilHandled();
    for (const id of [ids.one, ids.two]) {
      const task = await team.must("viewer", "GET", `${mine}/tasks/${id}`);
      assert.deepEqual([task.status, task.priority, task.notes, task.due], ["review", "urgent", "n", due]);
      assert.deepEqual([task.dueAt, task.assignee.name, task.labels], ["2026-05-01T08:00:00.000Z", "viewer", [label]]);
      const [entry] = (await team.must("viewer", "GET", `${mine}/tasks/${id}/activity`)).items;
      assert.deepEqual([entry.action, entry.actor.name, entry.changes], ["task.changed", "editor", change]);
    }
  });

  test("each of those to delete has its outcome; subtasks go along", async () => {
    const { mine, ids } = await world();
    await team.must("owner", "PATCH", `${mine}/tasks/${ids.two}`, { parent: ids.one });
    const all = [ids.one, ids.two, ids.one, ids.seen, ids.hidden, ids.archived, NOWHERE];
    const { outcomes } = await team.must("editor", "POST", "/tasks/bulk/delete", { ids: all });
    const codes = outcomes.map(({ ok, code }: Json) => (ok ? "ok" : code));
    assert.deepEqual(codes, ["ok", "ok", "ok", "FORBIDDEN", "NOT_FOUND", "PROJECT_ARCHIVED", "NOT_FOUND"]);
    assert.deepEqual((await team.must("owner", "GET", `${mine}/tasks`)).items, []);
    await team.app.untilHandled();
    const { items } = await team.must("owner", "GET", `${mine}/activity?action=task.deleted`);
    assert.deepEqual(items.map(({ title }: Json) => title).sort(), ["one", "two"]);
  });

  test("there may be as many as the limit says, and no more; none at all is fine", async () => {
    const items = Array.from({ length: BULK_TASKS_MAX }, () => ({ id: NOWHERE, title: "x" }));
    assert.equal((await team.must("editor", "POST", "/tasks/bulk/change", { items })).outcomes.length, BULK_TASKS_MAX);
    const { status, body } = await team.ask("editor", "POST", "/tasks/bulk/change", { items: [...items, items[0]] });
    assert.deepEqual([status, body.errors[0].pointer], [422, "/items"]);
    assert.deepEqual(await team.must("editor", "POST", "/tasks/bulk/change", { items: [] }), { outcomes: [] });
    assert.deepEqual(await team.must("editor", "POST", "/tasks/bulk/delete", { ids: [] }), { outcomes: [] });
  });

  test("what no task can be is told before anything is changed", async () => {
    const { mine, ids } = await world();
    const items = [
      { id: ids.one, title: "Changed" },
      { id: ids.two, status: "open" },
    ];
    const { status, body } = await team.ask("editor", "POST", "/tasks/bulk/change", { items });
    assert.deepEqual([status, body.errors[0].pointer], [422, "/items/1/status"]);
    assert.equal((await team.must("owner", "GET", `${mine}/tasks/${ids.one}`)).title, "one");
  });

  test("two calls over the same projects, in opposite orders, do not wait for each other forever", async () => {
    const { ids, seen } = await world();
    await team.must("owner", "PATCH", `${seen}/members/${team.people.editor.id}`, { role: "editor" });
    const change = (order: readonly string[]) => {
      const items = order.map((id) => ({ id, status: "doing" }));
      return team.must("editor", "POST", "/tasks/bulk/change", { items });
    };
    const calls = Array.from({ length: 10 }, (_, index) =>
      change(index % 2 === 0 ? [ids.one, ids.seen] : [ids.seen, ids.one]),
    );
    for (const { outcomes } of await Promise.all(calls)) assert.ok(outcomes.every(({ ok }: Json) => ok));
  });
});
