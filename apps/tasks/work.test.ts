/** Comments, work logs and the trail: what is said and done on a task, by whom, and what it adds up to. */
import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { type Json, startTeam, type Team } from "./test/team.ts";

describe("work on tasks", () => {
  let team: Team;
  before(async () => {
    team = await startTeam();
  });
  after(() => team.stop());

  async function taskIn(project: string, title = "Work"): Promise<string> {
    const { id } = await team.must("editor", "POST", `${project}/tasks`, { title });
    return `${project}/tasks/${id}`;
  }
  const log = (task: string, sent: object, as: "editor" | "owner" = "editor") =>
    team.must(as, "POST", `${task}/work-logs`, { day: "2026-03-02", ...sent });

  test("totals are exact: of a task, a person, a project and some days", async () => {
    const project = await team.project();
    const [one, two] = [await taskIn(project, "one"), await taskIn(project, "two")];
    await log(one, { minutes: 30, day: "2026-03-01" });
    await log(one, { minutes: 60 });
    await log(one, { minutes: 5, day: "2026-03-03" }, "owner");
    const wrong = await log(two, { minutes: 400 }, "owner");
    await team.must("owner", "PATCH", `${two}/work-logs/${wrong.id}`, { minutes: 40 });
    assert.equal((await team.must("viewer", "GET", `${one}/work-logs`)).minutes, 95);
    assert.equal((await team.must("viewer", "GET", one)).minutes, 95);
    const totals = await team.must("viewer", "GET", `${project}/work-totals`);
    assert.equal(totals.minutes, 135);
    assert.deepEqual(
      totals.people.map(({ account, minutes }: Json) => [account.name, minutes]),
      [
        ["editor", 90],
        ["owner", 45],
      ],
    );
    assert.deepEqual(
      totals.tasks.map(({ title, minutes }: Json) => [title, minutes]),
      [
        ["one", 95],
        ["two", 40],
      ],
    );
    const day = await team.must("viewer", "GET", `${project}/work-totals?from=2026-03-02&to=2026-03-02`);
    assert.deepEqual([day.minutes, day.tasks.length], [100, 2]);
    await team.must("owner", "DELETE", two);
    assert.equal((await team.must("viewer", "GET", `${project}/work-totals`)).minutes, 95);
  });

  test("totals are exact when forty entries are added, changed and deleted at once", async () => {
    const project = await team.project();
    const task = await taskIn(project);
    const minutes = Array.from({ length: 40 }, (_, index) => index + 1);
    const logs: Json[] = await Promise.all(minutes.map((each) => log(task, { minutes: each })));
    await Promise.all(
      logs.map(({ id }, index) => {
        const path = `${task}/work-logs/${id}`;
        return index % 2 === 0
          ? team.must("editor", "DELETE", path)
          : team.must("editor", "PATCH", path, { minutes: 100 });
      }),
    );
    assert.equal((await team.must("viewer", "GET", `${task}/work-logs`)).minutes, 2_000);
    assert.equal((await team.must("viewer", "GET", `${project}/work-totals`)).minutes, 2_000);
  });

  const WRONG: readonly (readonly [sent: object, pointer: string])[] = [
    [{ minutes: 0 }, "/minutes"],
    [{ minutes: 1_441 }, "/minutes"],
    [{ minutes: 1.5 }, "/minutes"],
    [{ minutes: 5, day: "2026-02-30" }, "/day"],
  ];
  for (const [sent, pointer] of WRONG) {
    test(`work of ${JSON.stringify(sent)} is refused`, async () => {
      const task = await taskIn(await team.project());
      const { status, body } = await team.ask("editor", "POST", `${task}/work-logs`, { day: "2026-03-02", ...sent });
      assert.deepEqual([status, body.errors[0].pointer], [422, pointer]);
    });
  }

  test("one changes and deletes what one wrote; an owner deletes what others wrote, but changes it not", async () => {
    const project = await team.project();
    const task = await taskIn(project);
    const entry = await log(task, { minutes: 10 });
    const comment = await team.must("editor", "POST", `${task}/comments`, { body: "Mine" });
    for (const [path, change] of [
      [`${task}/work-logs/${entry.id}`, { note: "Changed" }],
      [`${task}/comments/${comment.id}`, { body: "Changed" }],
    ] as const) {
      assert.equal((await team.ask("owner", "PATCH", path, change)).status, 403);
      await team.must("editor", "PATCH", path, change);
      await team.must("owner", "DELETE", path);
      assert.equal((await team.ask("editor", "PATCH", path, change)).status, 404);
    }
  });

  test("comments are in order, page by page, with who wrote them", async () => {
    const task = await taskIn(await team.project());
    for (let index = 0; index < 5; index++) {
      await team.must(index % 2 === 0 ? "editor" : "owner", "POST", `${task}/comments`, { body: `${index}` });
    }
    const first = await team.must("viewer", "GET", `${task}/comments?limit=3`);
    assert.deepEqual(
      first.items.map(({ body, author }: Json) => `${body} ${author.name}`),
      ["0 editor", "1 owner", "2 editor"],
    );
    const second = await team.must("viewer", "GET", `${task}/comments?limit=3&cursor=${first.next}`);
    assert.deepEqual([second.items.map(({ body }: Json) => body), second.next], [["3", "4"], null]);
    assert.equal((await team.must("viewer", "GET", task)).commentCount, 5);
  });

  test("the trail says who did what, the latest first, and nothing of what was refused or no change", async () => {
    const project = await team.project();
    const task = await taskIn(project, "Followed");
    await team.must("editor", "PATCH", task, { status: "doing", title: "Followed on" });
    await team.must("editor", "PATCH", task, { status: "doing" });
    await team.ask("editor", "PATCH", task, { assignee: team.people.outsider.id });
    await team.ask("viewer", "PATCH", task, { title: "No" });
    await team.must("owner", "POST", `${task}/move`, { after: null });
    const comment = await team.must("owner", "POST", `${task}/comments`, { body: "x" });
    const entry = await log(task, { minutes: 7 });
    await team.must("owner", "DELETE", task);
    await team.app.untilHandled();
    const { items } = await team.must("viewer", "GET", `${task}/activity`);
    assert.deepEqual(
      items.map(({ action, actor, title, changes }: Json) => [action, actor.name, title, changes]),
      [
        ["task.deleted", "owner", "Followed on", {}],
        ["work.logged", "editor", "Followed on", { log: entry.id, minutes: 7, day: "2026-03-02", note: "" }],
        ["comment.added", "owner", "Followed on", { comment: comment.id }],
        ["task.moved", "owner", "Followed on", {}],
        ["task.changed", "editor", "Followed on", { status: "doing", title: "Followed on" }],
        ["task.created", "editor", "Followed", {}],
      ],
    );
    const whole = await team.must("viewer", "GET", `${project}/activity?limit=100`);
    assert.deepEqual(
      whole.items.slice(6).map(({ action }: Json) => action),
      ["member.added", "member.added", "project.created"],
    );
    const added = await team.must("viewer", "GET", `${project}/activity?action=member.added&limit=1`);
    assert.deepEqual(added.items[0].changes, { account: team.people.viewer.id, role: "viewer" });
    assert.notEqual(added.next, null);
  });

  test("a task of another project has no trail here", async () => {
    const [one, two] = [await team.project(), await team.project()];
    const task = await taskIn(two);
    assert.equal((await team.ask("owner", "GET", task.replace(two, one).concat("/activity"))).status, 404);
  });
});
