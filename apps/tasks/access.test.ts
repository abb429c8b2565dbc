/**
 * Who may do what: every route, asked as a guest, an outsider, a viewer, an editor and an owner.
 *
 * The table has a row for every endpoint of the service; a route without a row fails. Each question is asked on a
 * project that no question before it has changed.
 */
import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import * as tasks from "./index.ts";
import { type Json, type Name, startTeam, type Team } from "./test/team.ts";

/** What a question is about: a project with one of everything, made by the owner. */
interface World {
  readonly project: string;
  readonly task: string;
  readonly other: string;
  readonly label: string;
  readonly comment: string;
  readonly log: string;
  readonly invitation: string;
  readonly reminder: string;
}

interface Row {
  readonly path: (world: World) => string;
  readonly body?: (world: World, team: Team) => unknown;
  /** Statuses, in order: guest, outsider, viewer, editor, owner. */
  readonly statuses: readonly [number, number, number, number, number];
  /** A command that refuses what is archived. */
  readonly archived?: 409;
}

/** Words that are in the project and must be in no answer to an outsider. */
const SECRETS = ["Secret project", "Secret task", "Secret label", "Secret comment", "Secret note"];
const ROLES: readonly Name[] = ["guest", "outsider", "viewer", "editor", "owner"];

const READ = [401, 404, 200, 200, 200] as const;
const WRITE = [401, 404, 403, 200, 200] as const;
const ADD = [401, 404, 403, 201, 201] as const;
const REMOVE = [401, 404, 403, 204, 204] as const;
const OWN = [401, 404, 403, 403, 200] as const;
const ALL = [401, 200, 200, 200, 200] as const;

const inProject = (rest: string) => (world: World) => `${world.project}${rest}`;
const onTask = (rest: string) => (world: World) => `${world.project}/tasks/${world.task}${rest}`;
const given = (body: unknown) => () => body;

const ROWS: Readonly<Record<string, Row>> = {
  projects: { path: () => "/tasks/projects", statuses: ALL },
  createProject: { path: () => "/tasks/projects", body: given({ name: "New" }), statuses: [401, 201, 201, 201, 201] },
  project: { path: inProject(""), statuses: READ },
  changeProject: { path: inProject(""), body: given({ name: "Renamed" }), statuses: OWN },
  deleteProject: { path: inProject(""), statuses: [401, 404, 403, 403, 204] },
  counts: { path: inProject("/counts"), statuses: READ },
  members: { path: inProject("/members"), statuses: READ },
  addMember: {
    path: inProject("/members"),
    body: (_, team) => ({ account: team.people.newcomer.id, role: "viewer" }),
    statuses: [401, 404, 403, 403, 201],
  },
  changeMember: { path: inProject("/members/{viewer}"), body: given({ role: "editor" }), statuses: OWN },
  removeMember: { path: inProject("/members/{viewer}"), statuses: [401, 404, 204, 403, 204] },
  projectInvitations: { path: inProject("/invitations"), statuses: OWN },
  invite: {
    path: inProject("/invitations"),
    body: given({ email: "somebody@example.com", role: "viewer" }),
    statuses: [401, 404, 403, 403, 201],
  },
  withdrawInvitation: {
    path: (world) => `${world.project}/invitations/${world.invitation}`,
    statuses: [401, 404, 403, 403, 204],
  },
  invitations: { path: () => "/tasks/invitations", statuses: ALL },
  acceptInvitation: {
    path: (world) => `/tasks/invitations/${world.invitation}/accept`,
    statuses: [401, 403, 403, 403, 403],
  },
  declineInvitation: {
    path: (world) => `/tasks/invitations/${world.invitation}/decline`,
    statuses: [401, 403, 403, 403, 403],
  },
  labels: { path: inProject("/labels"), statuses: READ },
  createLabel: { path: inProject("/labels"), body: given({ name: "New" }), statuses: ADD, archived: 409 },
  changeLabel: {
    path: (world) => `${world.project}/labels/${world.label}`,
    body: given({ name: "Renamed" }),
    statuses: WRITE,
    archived: 409,
  },
  deleteLabel: { path: (world) => `${world.project}/labels/${world.label}`, statuses: REMOVE, archived: 409 },
  projectTasks: { path: inProject("/tasks"), statuses: READ },
  createTask: { path: inProject("/tasks"), body: given({ title: "New" }), statuses: ADD, archived: 409 },
  task: { path: onTask(""), statuses: READ },
  changeTask: { path: onTask(""), body: given({ title: "Changed" }), statuses: WRITE, archived: 409 },
  deleteTask: { path: onTask(""), statuses: REMOVE, archived: 409 },
  moveTask: { path: onTask("/move"), body: (world) => ({ after: world.other }), statuses: WRITE, archived: 409 },
  myTasks: { path: () => "/tasks/mine", statuses: ALL },
  searchTasks: { path: () => "/tasks/search?q=secret", statuses: ALL },
  bulkChangeTasks: {
    path: () => "/tasks/bulk/change",
    body: (world) => ({ items: [{ id: world.task, title: "Changed" }] }),
    statuses: ALL,
  },
  bulkDeleteTasks: { path: () => "/tasks/bulk/delete", body: (world) => ({ ids: [world.task] }), statuses: ALL },
  recurrence: { path: onTask("/recurrence"), statuses: READ },
  setRecurrence: { path: onTask("/recurrence"), body: given({ rule: "FREQ=DAILY" }), statuses: WRITE, archived: 409 },
  endRecurrence: { path: onTask("/recurrence"), statuses: REMOVE, archived: 409 },
  occurrences: { path: onTask("/occurrences?from=2026-01-01&to=2026-01-31"), statuses: READ },
  comments: { path: onTask("/comments"), statuses: READ },
  addComment: { path: onTask("/comments"), body: given({ body: "New" }), statuses: ADD, archived: 409 },
  changeComment: {
    path: (world) => onTask(`/comments/${world.comment}`)(world),
    body: given({ body: "Changed" }),
    // It is the owner's.
    statuses: [401, 404, 403, 403, 200],
    archived: 409,
  },
  deleteComment: {
    path: (world) => onTask(`/comments/${world.comment}`)(world),
    statuses: [401, 404, 403, 403, 204],
    archived: 409,
  },
  workLogs: { path: onTask("/work-logs"), statuses: READ },
  logWork: { path: onTask("/work-logs"), body: given({ minutes: 5, day: "2026-01-01" }), statuses: ADD, archived: 409 },
  changeWorkLog: {
    path: (world) => onTask(`/work-logs/${world.log}`)(world),
    body: given({ minutes: 6 }),
    statuses: [401, 404, 403, 403, 200],
    archived: 409,
  },
  deleteWorkLog: {
    path: (world) => onTask(`/work-logs/${world.log}`)(world),
    statuses: [401, 404, 403, 403, 204],
    archived: 409,
  },
  workTotals: { path: inProject("/work-totals"), statuses: READ },
  projectActivity: { path: inProject("/activity"), statuses: READ },
  taskActivity: { path: onTask("/activity"), statuses: READ },
  reminders: { path: onTask("/reminders"), statuses: READ },
  // One's own: whoever sees a task can be reminded of it, also in the archive.
  addReminder: {
    path: onTask("/reminders"),
    body: given({ minutesBefore: 5 }),
    statuses: [401, 404, 201, 201, 201],
  },
  removeReminder: {
    path: (world) => onTask(`/reminders/${world.reminder}`)(world),
    // It is the owner's.
    statuses: [401, 404, 404, 404, 204],
  },
  myReminders: { path: () => "/tasks/reminders", statuses: ALL },
  remind: {
    path: (world) => `/tasks/reminders/${world.reminder}/due`,
    body: given({ at: "9000-01-01T00:00:00Z" }),
    statuses: [204, 204, 204, 204, 204],
  },
  notifications: { path: () => "/tasks/notifications", statuses: ALL },
  notificationCount: { path: () => "/tasks/notifications/count", statuses: ALL },
  readNotifications: { path: () => "/tasks/notifications/read", body: given({}), statuses: ALL },
};

type Declared = { readonly method: string; readonly path: string; readonly kind: "command" | "query" };
const endpoints = Object.entries(tasks as unknown as Record<string, Declared>).filter(([, each]) => "route" in each);

describe("who may do what", () => {
  let team: Team;
  before(async () => {
    team = await startTeam();
  });
  after(() => team.stop());

  async function makeWorld(): Promise<World> {
    const project = await team.project("Secret project");
    const add = async (path: string, body: object): Promise<string> =>
      (await team.must("owner", "POST", `${project}${path}`, body)).id;
    const label = await add("/labels", { name: "Secret label" });
    const due = { date: "2026-01-01", timeZone: "Europe/Berlin" };
    const task = await add("/tasks", { title: "Secret task", labels: [label], due, recurrence: "FREQ=WEEKLY" });
    const comment = await add(`/tasks/${task}/comments`, { body: "Secret comment" });
    const log = await add(`/tasks/${task}/work-logs`, { minutes: 90, day: "2026-01-01", note: "Secret note" });
    const reminder = await add(`/tasks/${task}/reminders`, { minutesBefore: 10 });
    const invitation = await add("/invitations", { email: "secret@example.com", role: "viewer" });
    return {
      project,
      task,
      label,
      comment,
      log,
      invitation,
      reminder,
      other: await add("/tasks", { title: "Secret task, too" }),
    };
  }

  function ask(as: Name, name: string, world: World) {
    const row = ROWS[name]!;
    const path = row.path(world).replace("{viewer}", team.people.viewer.id);
    return team.ask(as, (tasks as unknown as Record<string, Declared>)[name]!.method, path, row.body?.(world, team));
  }

  /** Everything that a project holds, as its owner sees it; what was read must be as before. */
  async function contents(world: World): Promise<Json> {
    await team.app.untilHandled();
    const parts = ["", "/members", "/labels", "/tasks", "/invitations", "/activity", "/work-totals"];
    const one = ["", "/comments", "/work-logs", "/recurrence", "/reminders"].map(
      (rest) => `/tasks/${world.task}${rest}`,
    );
    return Promise.all([...parts, ...one].map((rest) => team.must("owner", "GET", `${world.project}${rest}`)));
  }

  async function fresh(): Promise<[World, Json]> {
    const world = await makeWorld();
    return [world, await contents(world)];
  }

  test("every route has a row, and every row a route", () => {
    assert.deepEqual(Object.keys(ROWS).sort(), endpoints.map(([name]) => name).sort());
  });

  for (const [name, { method, path, kind }] of endpoints) {
    test(`${name}: ${method} ${path}`, async () => {
      let [world, before] = await fresh();
      for (const [index, role] of ROLES.entries()) {
        const { status, text, body } = await ask(role, name, world);
        assert.equal(status, ROWS[name]?.statuses[index], `${role}: ${text}`);
        const ofOutsider = role === "guest" || role === "outsider";
        if (ofOutsider) for (const secret of SECRETS) assert.ok(!text.includes(secret), `${role} is shown "${secret}"`);
        if (ofOutsider && body?.outcomes) assert.equal(body.outcomes[0].code, "NOT_FOUND");
        if (role === "viewer" && body?.outcomes) assert.equal(body.outcomes[0].code, "FORBIDDEN");
        const refused = ofOutsider || status >= 400 || kind === "query" || body?.outcomes?.[0].ok === false;
        if (refused || name === "createProject") assert.deepEqual(await contents(world), before, role);
        else if (role !== "owner") [world, before] = await fresh();
      }
    });
  }

  for (const [name, { archived }] of Object.entries(ROWS)) {
    if (archived === undefined) continue;
    test(`${name} changes nothing in an archived project`, async () => {
      const world = await makeWorld();
      await team.must("owner", "PATCH", world.project, { archived: true });
      const before = await contents(world);
      const { status, body } = await ask("owner", name, world);
      assert.deepEqual([status, body.code], [archived, "PROJECT_ARCHIVED"]);
      assert.deepEqual(await contents(world), before);
    });
  }

  test("an archived project is in the archive only, and its tasks in no list over all projects", async () => {
    const world = await makeWorld();
    await team.must("owner", "PATCH", `${world.project}/tasks/${world.task}`, { assignee: team.people.owner.id });
    await team.must("owner", "PATCH", world.project, { archived: true });
    const id = world.project.split("/").at(-1);
    const listed = async (query: string) =>
      (await team.must("owner", "GET", `/tasks/projects?limit=100${query}`)).items;
    assert.ok(!(await listed("")).some((each: { id: string }) => each.id === id));
    assert.ok((await listed("&archived=true")).some((each: { id: string }) => each.id === id));
    for (const path of ["/tasks/mine?limit=100", "/tasks/search?q=secret&limit=100"]) {
      const { items } = await team.must("owner", "GET", path);
      assert.ok(!items.some((task: { project: string }) => task.project === id));
    }
    const verdict = await team.must("owner", "POST", "/tasks/bulk/change", { items: [{ id: world.task, title: "x" }] });
    assert.equal(verdict.outcomes[0].code, "PROJECT_ARCHIVED");
    await team.must("owner", "PATCH", world.project, { archived: false });
    await team.must("owner", "PATCH", `${world.project}/tasks/${world.task}`, { title: "x" });
  });

  test("a task, label, comment or entry of one project cannot be reached through another", async () => {
    const [mine, theirs] = [await makeWorld(), await makeWorld()];
    const swap = (part: "task" | "label" | "comment" | "log" | "invitation") => ({ ...mine, [part]: theirs[part] });
    for (const name of [
      "task",
      "changeTask",
      "deleteTask",
      "moveTask",
      "comments",
      "workLogs",
      "taskActivity",
      "recurrence",
    ]) {
      assert.equal((await ask("owner", name, swap("task"))).status, 404, name);
    }
    assert.equal((await ask("owner", "changeLabel", swap("label"))).status, 404);
    assert.equal((await ask("owner", "deleteComment", swap("comment"))).status, 404);
    assert.equal((await ask("owner", "deleteWorkLog", swap("log"))).status, 404);
    assert.equal((await ask("owner", "withdrawInvitation", swap("invitation"))).status, 404);
  });
});
