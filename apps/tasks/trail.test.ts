/** The trail: each act once, in the order in which the project changed, however many act at once. */
import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { missing, TEST_SERVERS } from "lineshaft/testkit";
import { type Json, startTeam, type Team } from "./test/team.ts";

for (const server of TEST_SERVERS) {
  describe(`the trail on ${server.name}`, { skip: missing(server) }, () => {
    let team: Team;
    before(async () => {
      team = await startTeam(server);
    });
    after(() => team.stop());

    async function trail(project: string, query = ""): Promise<Json[]> {
      await team.app.untilHandled();
      const found: Json[] = [];
      for (let next: string | null = ""; next !== null; ) {
        const cursor: string = next === "" ? "" : `&cursor=${next}`;
        const page = await team.must("viewer", "GET", `${project}/activity?limit=30${query}${cursor}`);
        found.push(...page.items);
        next = page.next;
      }
      return found;
    }

    test("acts of many at once are there once, those of a task in the order of its versions", async () => {
      const project = await team.project();
      const { id } = await team.must("editor", "POST", `${project}/tasks`, { title: "0" });
      const path = `${project}/tasks/${id}`;
      const titles = Array.from({ length: 50 }, (_, index) => `title ${index}`);
      const changes = titles.map((title) => team.must("editor", "PATCH", path, { title }));
      const others = titles.map((title) => team.must("owner", "POST", `${project}/tasks`, { title }));
      const versions = new Map<string, number>((await Promise.all(changes)).map((task) => [task.title, task.version]));
      await Promise.all(others);
      const entries = await trail(project);
      assert.equal(entries.length, 1 + titles.length * 2 + 3);
      const changed = entries.filter(({ action }) => action === "task.changed");
      const seen = changed.map(({ changes: { title } }) => versions.get(title)!);
      assert.deepEqual(
        seen,
        titles.map((_, index) => titles.length + 1 - index),
      );
    });

    test("long texts, many at once, are told of by how they begin", async () => {
      const project = await team.project();
      const adding = Array.from({ length: 70 }, () => team.must("editor", "POST", `${project}/tasks`, { title: "x" }));
      const tasks = await Promise.all(adding);
      // Each of these characters takes six bytes as JSON.
      const notes = "\u0001".repeat(2_001);
      const items = tasks.map(({ id }) => ({ id, notes, title: "\u0001".repeat(300) }));
      const { outcomes } = await team.must("editor", "POST", "/tasks/bulk/change", { items });
      assert.ok(outcomes.every(({ ok }: Json) => ok));
      const longest = "\u0001".repeat(20_000);
      await team.must("editor", "PATCH", `${project}/tasks/${tasks[0].id}`, { notes: longest });
      const [last, ...entries] = await trail(project, "&action=task.changed");
      assert.equal(last.changes.notes.length, 2_001);
      assert.deepEqual(new Set(entries.map(({ task }) => task)), new Set(tasks.map(({ id }) => id)));
      assert.deepEqual([entries.length, entries[0].changes.notes.length], [70, 2_001]);
    });

    test("of a project that is deleted meanwhile nothing is left, and others go on", async () => {
      const [gone, other] = [await team.project(), await team.project()];
      const acts = Array.from({ length: 20 }, (_, index) =>
        team.ask("owner", "POST", `${index % 2 === 0 ? gone : other}/tasks`, { title: "x" }),
      );
      await Promise.all([...acts, team.must("owner", "DELETE", gone)]);
      assert.equal((await trail(other, "&action=task.created")).length, 10);
      const client = await team.app.connect();
      const { rows } = await client.query("select from tasks.activity where project = $1", [gone.split("/").at(-1)]);
      const dead = await client.query("select from lineshaft.work");
      await client.end();
      assert.deepEqual([rows.length, dead.rows.filter(({ state }) => state === "dead").length], [0, 0]);
    });
  });
}
