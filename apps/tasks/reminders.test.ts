/** Reminders and notifications: at their time, once, to whom they concern, whatever happens to the task before. */
import assert from "node:assert/strict";
import { after, before, beforeEach, describe, test } from "node:test";
import { REMINDERS_PER_TASK_MAX } from "./model.ts";
import { type Json, type Name, startTeam, type Team } from "./test/team.ts";

describe("reminders", () => {
  let team: Team;
  let project: string;
  before(async () => {
    team = await startTeam();
  });
  after(() => team.stop());
  beforeEach(async () => {
    team.setClock("2026-03-02T08:00:00Z");
    project = await team.project();
    await team.must("owner", "POST", "/tasks/notifications/read", {});
    await team.must("viewer", "POST", "/tasks/notifications/read", {});
  });

  const due = (date: string, time = "12:00") => ({ date, time, timeZone: "UTC" });
  const addTask = async (sent: object = {}): Promise<string> => {
    const body = { title: "Call the printer", due: due("2026-03-02"), ...sent };
    const { id } = await team.must("editor", "POST", `${project}/tasks`, body);
    return `${project}/tasks/${id}`;
  };
  const remind = (as: Name, task: string, body: object) => team.must(as, "POST", `${task}/reminders`, body);
  /** Lets it become a time, and what is due by then happen. */
  const at = async (time: string) => {
    await team.app.untilHandled();
    team.setClock(time);
    await team.app.untilHandled();
  };
  const unread = async (as: Name): Promise<Json[]> =>
    (await team.must(as, "GET", "/tasks/notifications?unread=true&limit=100")).items;
  const count = async (as: Name) => (await unread(as)).length;
  const waiting = async (as: Name): Promise<string[]> => {
    await team.app.untilHandled();
    return (await team.must(as, "GET", "/tasks/reminders")).items.map((each: Json) => each.at);
  };

  test("one comes some time before the due date, to whoever asked for it, once", async () => {
    const task = await addTask();
    const made = await remind("viewer", task, { minutesBefore: 30 });
    assert.equal(made.at, "2026-03-02T11:30:00.000Z");
    await at("2026-03-02T11:29:59Z");
    assert.equal(await count("viewer"), 0);
    await at("2026-03-02T11:30:00Z");
    const [told, ...more] = await unread("viewer");
    assert.deepEqual(
      [told.task.title, told.task.dueAt, told.project.name, more.length],
      ["Call the printer", "2026-03-02T12:00:00.000Z", "a project", 0],
    );
    assert.equal(await count("owner"), 0);
    await at("2026-03-03T00:00:00Z");
    assert.equal(await count("viewer"), 1);
    const [reminder] = await team.must("viewer", "GET", `${task}/reminders`);
    assert.equal(reminder.cameAt, "2026-03-02T11:30:00.000Z");
  });

  test("it follows the due date, also one that is set later or taken away, and comes again for a new one", async () => {
    const task = await addTask({ due: null });
    await remind("viewer", task, { minutesBefore: 60 });
    const set = (change: Json) => team.must("editor", "PATCH", task, { due: change });
    assert.deepEqual(await waiting("viewer"), []);
    await set(due("2026-03-02"));
    assert.deepEqual(await waiting("viewer"), ["2026-03-02T11:00:00.000Z"]);
    await set(due("2026-03-02", "10:00"));
    assert.deepEqual(await waiting("viewer"), ["2026-03-02T09:00:00.000Z"]);
    await set(null);
    assert.deepEqual(await waiting("viewer"), []);
    await at("2026-03-02T10:00:00Z");
    assert.equal(await count("viewer"), 0);
    await set(due("2026-03-02", "11:30"));
    await at("2026-03-02T10:30:00Z");
    assert.equal(await count("viewer"), 1);
    await set(due("2026-03-05"));
    await at("2026-03-05T11:00:00Z");
    assert.equal(await count("viewer"), 2);
  });

  test("one at a time of its own stays there", async () => {
    const task = await addTask();
    await remind("owner", task, { at: "2026-03-02T09:00:00Z" });
    await team.must("editor", "PATCH", task, { due: due("2026-03-09") });
    await at("2026-03-02T09:00:00Z");
    assert.equal(await count("owner"), 1);
  });

  test("closing the task takes it back, opening brings it back", async () => {
    const [closed, opened] = [await addTask(), await addTask()];
    for (const task of [closed, opened]) {
      await remind("viewer", task, { minutesBefore: 0 });
      await team.must("editor", "PATCH", task, { status: "done" });
    }
    assert.deepEqual(await waiting("viewer"), []);
    const ids = [opened.split("/").at(-1)];
    await team.must("editor", "POST", "/tasks/bulk/change", { items: ids.map((id) => ({ id, status: "todo" })) });
    assert.equal((await waiting("viewer")).length, 1);
    await at("2026-03-02T12:00:00Z");
    assert.deepEqual(
      (await unread("viewer")).map(({ task }) => task.id),
      ids,
    );
  });

  test("it ends with its task, its membership, and when it is removed", async () => {
    const [deleted, left, removed] = [await addTask(), await addTask(), await addTask()];
    await remind("viewer", deleted, { minutesBefore: 0 });
    await remind("owner", removed, { minutesBefore: 0 });
    await remind("viewer", left, { minutesBefore: 0 });
    await team.must("owner", "DELETE", deleted);
    const [{ id }] = await team.must("owner", "GET", `${removed}/reminders`);
    assert.equal((await team.ask("viewer", "DELETE", `${removed}/reminders/${id}`)).status, 404);
    await team.must("owner", "DELETE", `${removed}/reminders/${id}`);
    await team.must("viewer", "DELETE", `${project}/members/${team.people.viewer.id}`);
    await at("2026-03-02T12:00:00Z");
    assert.deepEqual([await count("viewer"), await count("owner")], [0, 0]);
    const client = await team.app.connect();
    const { rows } = await client.query("select from lineshaft.work where kind = 'command'");
    await client.end();
    assert.equal(rows.length, 0);
  });

  test("nobody can have one come before its time, or twice", async () => {
    const task = await addTask();
    const { id } = await remind("viewer", task, { minutesBefore: 0 });
    await team.app.untilHandled();
    const path = `/tasks/reminders/${id}/due`;
    const asking = { at: "2026-03-02T12:00:00Z" };
    assert.equal((await team.ask("guest", "POST", path, asking)).status, 204);
    assert.equal((await team.ask("guest", "POST", path, { at: "2026-03-02T07:00:00Z" })).status, 204);
    assert.equal(await count("viewer"), 0);
    team.setClock("2026-03-02T12:00:00Z");
    await Promise.all(Array.from({ length: 5 }, () => team.ask("guest", "POST", path, asking)));
    await team.app.untilHandled();
    assert.equal(await count("viewer"), 1);
  });

  test("it is refused without a time, with two, with one that is past, and over the limit", async () => {
    const task = await addTask();
    const at = "2026-03-02T09:00:00Z";
    for (const body of [{}, { at, minutesBefore: 1 }, { at: "2026-03-02T08:00:00Z" }, { minutesBefore: -1 }]) {
      assert.equal((await team.ask("viewer", "POST", `${task}/reminders`, body)).status, 422, JSON.stringify(body));
    }
    for (let index = 0; index < REMINDERS_PER_TASK_MAX; index++) await remind("viewer", task, { minutesBefore: index });
    const { status, body } = await team.ask("viewer", "POST", `${task}/reminders`, { at });
    assert.deepEqual([status, body.code], [409, "LIMIT_REACHED"]);
    await remind("owner", task, { at });
  });

  test("notifications come in pages, the latest first, and can be read one by one or all", async () => {
    const task = await addTask();
    for (const minutesBefore of [50, 40, 30, 20]) await remind("viewer", task, { minutesBefore });
    for (const time of ["11:10", "11:20", "11:30", "11:40"]) await at(`2026-03-02T${time}:00Z`);
    const page = (query: string) => team.must("viewer", "GET", `/tasks/notifications?unread=true&limit=3${query}`);
    const first = await page("");
    const second = await page(`&cursor=${first.next}`);
    const times = [...first.items, ...second.items].map(({ createdAt }: Json) => createdAt.slice(11, 16));
    assert.deepEqual([times, second.next], [["11:40", "11:30", "11:20", "11:10"], null]);
    const ids = [first.items[1].id];
    const read = (body: object, as: Name = "viewer") => team.must(as, "POST", "/tasks/notifications/read", body);
    await read({ ids }, "owner");
    assert.deepEqual(await read({ ids }), { unread: 3 });
    assert.deepEqual(await read({ ids: [] }), { unread: 3 });
    assert.ok(!(await unread("viewer")).some(({ id }) => id === ids[0]));
    assert.deepEqual(await team.must("viewer", "GET", "/tasks/notifications/count"), { unread: 3 });
    assert.deepEqual(await read({}), { unread: 0 });
    const all = await team.must("viewer", "GET", "/tasks/notifications?limit=4");
    assert.ok(all.items.every(({ readAt }: Json) => readAt !== null));
  });

  test("the next task of a series has the reminders before the due date, too", async () => {
    const task = await addTask({ recurrence: "FREQ=DAILY" });
    await remind("viewer", task, { minutesBefore: 15 });
    await remind("viewer", task, { at: "2026-03-02T09:00:00Z" });
    await team.must("editor", "PATCH", task, { status: "done" });
    assert.ok((await waiting("viewer")).includes("2026-03-03T11:45:00.000Z"));
    const { items } = await team.must("viewer", "GET", `${project}/tasks?status=todo`);
    const [reminder, ...more] = await team.must("viewer", "GET", `${project}/tasks/${items[0].id}/reminders`);
    assert.deepEqual([reminder.minutesBefore, reminder.at, more.length], [15, "2026-03-03T11:45:00.000Z", 0]);
    await at("2026-03-03T11:45:00Z");
    assert.equal((await unread("viewer")).filter(({ task }) => task.id === items[0].id).length, 1);
  });
});
