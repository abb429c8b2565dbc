/** Members: adding, inviting, roles, leaving; a project always keeps an owner. */
import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { LABELS_PER_PROJECT_MAX } from "./model.ts";
import { type Json, type Name, startTeam, type Team } from "./test/team.ts";

describe("members of a project", () => {
  let team: Team;
  before(async () => {
    team = await startTeam();
  });
  after(() => team.stop());

  const member = (project: string, name: Exclude<Name, "guest">) => `${project}/members/${team.people[name].id}`;
  const roles = async (project: string): Promise<Record<string, string>> => {
    const found: Json[] = await team.must("owner", "GET", `${project}/members`);
    return Object.fromEntries(found.map(({ name, role }) => [name, role]));
  };
  /** Confirms somebody's address, as the link in the mail does. */
  async function confirm(name: Exclude<Name, "guest">): Promise<void> {
    const client = await team.app.connect();
    await client.query('update accounts.account set "emailVerified" = true where id = $1', [team.people[name].id]);
    await client.end();
  }

  test("are shown with name, address and role", async () => {
    const project = await team.project();
    const found = await team.must("viewer", "GET", `${project}/members`);
    assert.deepEqual(
      found.map(({ account, name, email, role }: Json) => ({ account, name, email, role })),
      (["owner", "editor", "viewer"] as const).map((name) => ({
        account: team.people[name].id,
        name,
        email: `${name}@example.com`,
        role: name,
      })),
    );
  });

  test("cannot be added twice, nor can an account that there is not", async () => {
    const project = await team.project();
    const twice = await team.ask("owner", "POST", `${project}/members`, {
      account: team.people.editor.id,
      role: "viewer",
    });
    assert.deepEqual([twice.status, twice.body.code], [409, "ALREADY_MEMBER"]);
    const nobody = { account: "01900000-0000-7000-8000-000000000000", role: "viewer" };
    const unknown = await team.ask("owner", "POST", `${project}/members`, nobody);
    assert.deepEqual([unknown.status, unknown.body.errors[0].pointer], [422, "/account"]);
    assert.equal((await team.ask("owner", "PATCH", member(project, "outsider"), { role: "viewer" })).status, 404);
    assert.equal((await team.ask("owner", "DELETE", member(project, "outsider"))).status, 404);
  });

  test("the last owner neither leaves nor becomes less", async () => {
    const project = await team.project();
    for (const [method, body] of [
      ["DELETE", undefined],
      ["PATCH", { role: "editor" }],
    ] as const) {
      const { status, body: answer } = await team.ask("owner", method, member(project, "owner"), body);
      assert.deepEqual([status, answer.code], [409, "LAST_OWNER"]);
    }
    await team.must("owner", "PATCH", member(project, "editor"), { role: "owner" });
    await team.must("owner", "DELETE", member(project, "owner"));
    assert.equal((await team.ask("owner", "GET", project)).status, 404);
    assert.equal((await team.ask("editor", "DELETE", member(project, "editor"))).status, 409);
  });

  test("of two owners who leave at once, one stays", async () => {
    for (let round = 0; round < 5; round++) {
      const project = await team.project();
      await team.must("owner", "PATCH", member(project, "editor"), { role: "owner" });
      const answers = await Promise.all([
        team.ask("owner", "DELETE", member(project, "owner")),
        team.ask("editor", "DELETE", member(project, "editor")),
      ]);
      assert.deepEqual(answers.map(({ status }) => status).sort(), [204, 409]);
    }
  });

  test("who is taken out has no tasks there any more, and sees nothing", async () => {
    const project = await team.project();
    const sent = { title: "Theirs", assignee: team.people.editor.id };
    const { id } = await team.must("owner", "POST", `${project}/tasks`, sent);
    await team.must("owner", "DELETE", member(project, "editor"));
    const task = await team.must("owner", "GET", `${project}/tasks/${id}`);
    assert.deepEqual([task.assignee, task.version], [null, 2]);
    assert.equal((await team.ask("editor", "GET", `${project}/tasks/${id}`)).status, 404);
  });

  test("a role that was taken away counts at once, also for what is under way", async () => {
    const project = await team.project();
    const writes = Array.from({ length: 10 }, (_, index) =>
      team.ask("editor", "POST", `${project}/tasks`, { title: `${index}` }),
    );
    const lowered = team.must("owner", "PATCH", member(project, "editor"), { role: "viewer" });
    const statuses = (await Promise.all(writes)).map(({ status }) => status);
    await lowered;
    assert.ok(
      statuses.every((status) => status === 201 || status === 403),
      String(statuses),
    );
    assert.equal((await team.ask("editor", "POST", `${project}/tasks`, { title: "x" })).status, 403);
  });

  test("an invitation is seen and answered by whoever has confirmed its address, and by nobody else", async () => {
    const project = await team.project();
    const send = (role: string) =>
      team.must("owner", "POST", `${project}/invitations`, { email: "Newcomer@Example.com", role });
    await send("viewer");
    const { id } = await send("editor");
    assert.equal((await team.must("owner", "GET", `${project}/invitations`)).length, 1);
    assert.deepEqual(await team.must("newcomer", "GET", "/tasks/invitations"), []);
    const early = await team.ask("newcomer", "POST", `/tasks/invitations/${id}/accept`);
    assert.deepEqual([early.status, early.body.code], [403, "EMAIL_NOT_CONFIRMED"]);
    await confirm("newcomer");
    await confirm("outsider");
    assert.equal((await team.ask("outsider", "POST", `/tasks/invitations/${id}/accept`)).status, 404);
    assert.equal((await team.ask("outsider", "POST", `/tasks/invitations/${id}/decline`)).status, 404);
    const [shown] = await team.must("newcomer", "GET", "/tasks/invitations");
    assert.deepEqual([shown.id, shown.role, shown.project.name], [id, "editor", "a project"]);
    const accepts = Array.from({ length: 5 }, () => team.ask("newcomer", "POST", `/tasks/invitations/${id}/accept`));
    const statuses = (await Promise.all(accepts)).map(({ status }) => status).sort();
    assert.deepEqual(statuses, [200, 404, 404, 404, 404]);
    assert.equal((await roles(project))["newcomer"], "editor");
    const second = await send("owner");
    await team.must("newcomer", "POST", `/tasks/invitations/${second.id}/decline`);
    assert.equal((await roles(project))["newcomer"], "editor");
    await team.app.untilHandled();
    const { items } = await team.must("owner", "GET", `${project}/activity?limit=5`);
    assert.deepEqual(
      items.map(({ action, actor }: Json) => `${action} by ${actor.name}`),
      [
        "invitation.declined by newcomer",
        "invitation.sent by owner",
        "member.added by newcomer",
        "invitation.sent by owner",
        "invitation.sent by owner",
      ],
    );
  });

  test("labels: no two of one name, and not more than the limit, also at once", async () => {
    const project = await team.project();
    await team.must("editor", "POST", `${project}/labels`, { name: "Bug" });
    const twice = await team.ask("editor", "POST", `${project}/labels`, { name: "Bug" });
    assert.deepEqual([twice.status, twice.body.code], [409, "ALREADY_EXISTS"]);
    const add = (index: number) => team.ask("editor", "POST", `${project}/labels`, { name: `label ${index}` });
    const answers = await Promise.all(Array.from({ length: LABELS_PER_PROJECT_MAX + 5 }, (_, index) => add(index)));
    const refused = answers.filter(({ status }) => status === 409);
    assert.deepEqual(
      refused.map(({ body }) => [body.code, body.limit]),
      Array(6).fill(["LIMIT_REACHED", LABELS_PER_PROJECT_MAX]),
    );
    assert.equal((await team.must("viewer", "GET", `${project}/labels`)).length, LABELS_PER_PROJECT_MAX);
  });

  test("a label that is deleted is on no task any more", async () => {
    const project = await team.project();
    const label = await team.must("editor", "POST", `${project}/labels`, { name: "Gone" });
    const { id } = await team.must("editor", "POST", `${project}/tasks`, { title: "x", labels: [label.id, label.id] });
    assert.equal((await team.must("viewer", "GET", `${project}/tasks/${id}`)).labels.length, 1);
    await team.must("editor", "DELETE", `${project}/labels/${label.id}`);
    assert.deepEqual((await team.must("viewer", "GET", `${project}/tasks/${id}`)).labels, []);
  });

  test("deleting a project deletes everything that was in it", async () => {
    const project = await team.project();
    const label = await team.must("owner", "POST", `${project}/labels`, { name: "x" });
    const sent = { title: "x", labels: [label.id], due: { date: "2026-01-01" }, recurrence: "FREQ=DAILY" };
    const { id } = await team.must("owner", "POST", `${project}/tasks`, sent);
    await team.must("owner", "POST", `${project}/tasks/${id}/comments`, { body: "x" });
    await team.must("owner", "POST", `${project}/tasks/${id}/work-logs`, { minutes: 1, day: "2026-01-01" });
    await team.must("owner", "POST", `${project}/invitations`, { email: "x@example.com", role: "viewer" });
    await team.must("owner", "DELETE", project);
    await team.app.untilHandled();
    const client = await team.app.connect();
    const of = project.split("/").at(-1);
    for (const table of ["project", "member", "invitation", "label", "series", "task", "activity"]) {
      const { rows } = await client.query(
        `select from tasks.${table} where ${table === "project" ? "id" : "project"} = $1`,
        [of],
      );
      assert.equal(rows.length, 0, table);
    }
    for (const table of ["task_label", "comment", "work_log"]) {
      const { rows } = await client.query(`select from tasks.${table} where task = $1`, [id]);
      assert.equal(rows.length, 0, table);
    }
    await client.end();
  });
});
