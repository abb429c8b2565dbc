/** Lists: every filter and every sort, search, and pages that stay what they are while others write. */
import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { missing, TEST_SERVERS } from "lineshaft/testkit";
import { type Json, startTeam, type Team } from "./test/team.ts";

/** The tasks that filters and sorts are tried on. Each is made a second after the one before, from noon on. */
const NOON = "2026-06-10T12:00:00.000Z";
const TASKS = [
  { title: "A", priority: "low", due: { date: "2026-06-12" }, labels: ["red"], notes: "the quick brown fox" },
  {
    title: "B",
    priority: "urgent",
    status: "doing",
    due: { date: "2026-06-01" },
    assignee: "editor",
    labels: ["red", "blue"],
  },
  { title: "C", status: "done", due: { date: "2026-06-02" }, assignee: "viewer", notes: "a fox, a fox, a fox" },
  { title: "D", priority: "high", status: "review", parent: "A", labels: ["blue"] },
  { title: "E", status: "canceled", assignee: "editor", by: "owner" },
  { title: "F", due: { date: "2026-06-10", time: "12:00" }, recurrence: "FREQ=DAILY", parent: "A" },
] as const;

for (const server of TEST_SERVERS) {
  describe(`lists of tasks on ${server.name}`, { skip: missing(server) }, () => {
    let team: Team;
    let project: string;
    const ids: Record<string, string> = {};
    const labels: Record<string, string> = {};

    before(async () => {
      team = await startTeam(server);
      project = await team.project();
      for (const name of ["red", "blue"])
        labels[name] = (await team.must("owner", "POST", `${project}/labels`, { name })).id;
      for (const task of TASKS) {
        const { by = "editor", ...rest } = task as Json;
        const sent = {
          ...rest,
          ...(rest.labels ? { labels: rest.labels.map((name: string) => labels[name]) } : {}),
          ...(rest.assignee ? { assignee: team.people[rest.assignee as "editor"].id } : {}),
          ...(rest.parent ? { parent: ids[rest.parent] } : {}),
        };
        ids[task.title] = (await team.must(by, "POST", `${project}/tasks`, sent)).id;
      }
      team.setClock(NOON);
    });
    after(() => team.stop());

    const titles = async (query: string, path = `${project}/tasks`): Promise<string> => {
      const { items } = await team.must("editor", "GET", `${path}?${query}`);
      return items.map((task: Json) => task.title).join("");
    };
    const fill = (query: string) =>
      query.replaceAll(
        /\{(\w+)\}/g,
        (_, name: string) => ids[name] ?? labels[name] ?? team.people[name as "editor"].id,
      );

    const FILTERS: readonly (readonly [query: string, expected: string])[] = [
      ["", "ABCDEF"],
      ["status=todo", "AF"],
      ["status=todo&status=doing", "ABF"],
      ["priority=urgent", "B"],
      ["priority=low&priority=high", "AD"],
      ["assignee={editor}", "BE"],
      ["assignee={outsider}", ""],
      ["unassigned=true", "ADF"],
      ["unassigned=false", "BCE"],
      ["createdBy={owner}", "E"],
      ["label={red}", "AB"],
      ["label={red}&label={blue}", "B"],
      ["parent={A}", "DF"],
      ["topLevel=true", "ABCE"],
      ["topLevel=false", "DF"],
      ["recurring=true", "F"],
      ["recurring=false", "ABCDE"],
      ["hasDue=true", "ABCF"],
      ["hasDue=false", "DE"],
      // B is late, C is late but done, F is due at this very moment.
      ["overdue=true", "BF"],
      ["overdue=false", "ACDE"],
      ["dueFrom=2026-06-03T00:00:00Z", "ACF"],
      ["dueBefore=2026-06-03T00:00:00Z", "B"],
      ["dueFrom=2026-06-02T00:00:00Z&dueBefore=2026-06-03T00:00:01Z", "BC"],
      ["createdFrom=2000-01-01T00:00:00Z", "ABCDEF"],
      ["createdBefore=2000-01-01T00:00:00Z", ""],
      ["updatedFrom=2000-01-01T00:00:00Z", "ABCDEF"],
      ["updatedBefore=2000-01-01T00:00:00Z", ""],
      ["completedFrom=2000-01-01T00:00:00Z", "CE"],
      ["completedBefore=2000-01-01T00:00:00Z", ""],
      ["q=fox", "AC"],
      ["q=quick+fox", "A"],
      ["q=fox+-quick", "C"],
      ["q=%22brown+fox%22", "A"],
      ["q=%27%28%21%26%7C", ""],
      ["status=todo&priority=low&hasDue=true&q=fox", "A"],
    ];
    for (const [query, expected] of FILTERS) {
      test(`filtered by ${query || "nothing"}: ${expected || "none"}`, async () => {
        assert.equal(await titles(fill(query)), expected);
      });
    }

    const SORTS: readonly (readonly [query: string, expected: string])[] = [
      ["sort=position", "ABCDEF"],
      ["sort=position&order=desc", "FEDCBA"],
      ["sort=due", "BCFADE"],
      ["sort=due&order=desc", "AFCBED"],
      ["sort=priority", "BDFECA"],
      ["sort=priority&order=asc", "ACEFDB"],
      ["sort=status", "AFBDCE"],
      ["sort=status&order=desc", "ECDBFA"],
      ["sort=title", "ABCDEF"],
      ["sort=title&order=desc", "FEDCBA"],
      ["sort=created", "FEDCBA"],
      ["sort=created&order=asc", "ABCDEF"],
      ["sort=updated&order=asc", "ABCDEF"],
      ["sort=updated", "FEDCBA"],
      ["sort=relevance&q=fox", "CA"],
      ["sort=relevance&q=fox&order=asc", "AC"],
    ];
    for (const [query, expected] of SORTS) {
      test(`in one page and in pages of one, ${query}: ${expected}`, async () => {
        assert.equal(await titles(query), expected);
        for (const limit of [1, 2]) {
          let found = "";
          for (let cursor = ""; ; ) {
            const page = await team.must("viewer", "GET", `${project}/tasks?${query}&limit=${limit}${cursor}`);
            found += page.items.map((task: Json) => task.title).join("");
            if (page.next === null) break;
            cursor = `&cursor=${page.next}`;
          }
          assert.equal(found, expected, `pages of ${limit}`);
        }
      });
    }

    test("sorting by relevance without words is refused", async () => {
      const { status, body } = await team.ask("viewer", "GET", `${project}/tasks?sort=relevance`);
      assert.deepEqual([status, body.errors[0].pointer], [422, "/sort"]);
    });

    test("one's own tasks and the search go over all of one's projects, and over no other", async () => {
      const second = await team.project("second");
      const assignee = team.people.editor.id;
      await team.must("owner", "POST", `${second}/tasks`, {
        title: "X",
        notes: "fox",
        assignee,
        due: { date: "2026-06-05" },
      });
      const own = await team.must("owner", "POST", "/tasks/projects", { name: "third" });
      await team.must("owner", "POST", `/tasks/projects/${own.id}/tasks`, { title: "Y", notes: "fox" });
      assert.equal(await titles("", "/tasks/mine"), "BXE");
      assert.equal(await titles("status=doing", "/tasks/mine"), "B");
      assert.equal([...(await titles("q=fox", "/tasks/search"))].sort().join(""), "ACX");
      assert.equal((await team.must("outsider", "GET", "/tasks/search?q=fox")).items.length, 0);
      await team.must("owner", "DELETE", `${second}/members/${assignee}`);
      assert.equal(await titles("", "/tasks/mine"), "BE");
      await team.must("owner", "DELETE", second);
    });

    const forged = (...values: unknown[]) =>
      Buffer.from(`0123456789abcdef${JSON.stringify(values)}`).toString("base64url");
    const FORGED: readonly (readonly [what: string, cursor: string])[] = [
      ["no cursor at all", "hello"],
      ["nothing", ""],
      ["one that was written by hand", forged("50", "01900000-0000-7000-8000-000000000000")],
      ["one with SQL in it", forged("'; drop table task; --", "x")],
      ["one that is no JSON", Buffer.from("0123456789abcdef{").toString("base64url")],
    ];
    for (const [what, cursor] of FORGED) {
      test(`a cursor that is ${what} is refused`, async () => {
        const { status, body } = await team.ask("viewer", "GET", `${project}/tasks?cursor=${cursor}`);
        assert.deepEqual([status, body.code, body.errors[0].pointer], [422, "INVALID_INPUT", "/cursor"]);
      });
    }

    test("a cursor of another question is refused", async () => {
      const { next } = await team.must("viewer", "GET", `${project}/tasks?limit=1`);
      const others = ["sort=due", "order=desc", "status=todo", "q=fox"].map(
        (query) => `${project}/tasks?${query}&cursor=${next}`,
      );
      for (const path of [...others, `/tasks/mine?cursor=${next}`, `${project}/activity?cursor=${next}`]) {
        assert.equal((await team.ask("viewer", "GET", path)).status, 422, path);
      }
    });

    test("pages stay what they are while tasks are added, moved and deleted", async () => {
      const busy = await team.project("busy");
      const add = (title: string) => team.must("editor", "POST", `${busy}/tasks`, { title });
      const first = [];
      for (let index = 0; index < 30; index++) first.push(await add(`first ${index}`));
      const seen: string[] = [];
      let cursor = "";
      for (let round = 0; ; round++) {
        const page = await team.must("viewer", "GET", `${busy}/tasks?sort=created&limit=4${cursor}`);
        seen.push(...page.items.map((task: Json) => task.id));
        if (page.next === null) break;
        cursor = `&cursor=${page.next}`;
        await add(`meanwhile ${round}`);
        // The last row of the page goes, too: the next page begins after it all the same.
        if (round === 2) await team.must("editor", "DELETE", `${busy}/tasks/${page.items.at(-1).id}`);
        await team.must("editor", "POST", `${busy}/tasks/${first[0].id}/move`, { before: null });
      }
      assert.deepEqual(seen, first.map(({ id }) => id).reverse());
    });
  });
}
