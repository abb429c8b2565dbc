/** Order by hand: tasks stand where they were put, also when many are moved at once. */
import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { missing, TEST_SERVERS } from "lineshaft/testkit";
import { POSITION_CHARS_LONG } from "./ordering.ts";
import { type Json, startTeam, type Team } from "./test/team.ts";

for (const server of TEST_SERVERS) {
  describe(`order by hand on ${server.name}`, { skip: missing(server) }, () => {
    let team: Team;
    before(async () => {
      team = await startTeam(server);
    });
    after(() => team.stop());

    async function made(titles: string): Promise<{ project: string; ids: Record<string, string> }> {
      const project = await team.project();
      const ids: Record<string, string> = {};
      for (const title of titles) ids[title] = (await team.must("editor", "POST", `${project}/tasks`, { title })).id;
      return { project, ids };
    }
    const order = async (project: string): Promise<string> => {
      const { items } = await team.must("viewer", "GET", `${project}/tasks?limit=100`);
      return items.map((task: Json) => task.title).join("");
    };
    const move = (project: string, id: string | undefined, place: object) =>
      team.ask("editor", "POST", `${project}/tasks/${id}/move`, place);

    const MOVES: readonly (readonly [what: string, task: string, place: object, expected: string])[] = [
      ["right after another", "A", { after: "C" }, "BCADE"],
      ["right before another", "E", { before: "B" }, "AEBCD"],
      ["to the start", "D", { after: null }, "DABCE"],
      ["to the end", "B", { before: null }, "ACDEB"],
      ["between two neighbours", "A", { after: "C", before: "D" }, "BCADE"],
      ["after one that is gone, before one that is there", "A", { after: "-", before: "D" }, "BCADE"],
      ["between two that are no neighbours any more: after the first", "E", { after: "A", before: "D" }, "AEBCD"],
      ["to where it is", "B", { after: "A" }, "ABCDE"],
      ["to the start, where it is", "A", { after: null }, "ABCDE"],
      ["after itself, which says nothing: before the other", "A", { after: "-", before: "C" }, "BACDE"],
    ];
    for (const [what, title, place, expected] of MOVES) {
      test(`a task is moved ${what}`, async () => {
        const { project, ids } = await made("ABCDE");
        const gone = "01900000-0000-7000-8000-000000000000";
        const named = Object.entries(place).map(([side, each]) => [side, each === null ? null : (ids[each] ?? gone)]);
        const { status, text } = await move(project, ids[title], Object.fromEntries(named));
        assert.equal(status, 200, text);
        assert.equal(await order(project), expected);
      });
    }

    test("a place that names nothing, or only what is not there, is refused", async () => {
      const { project, ids } = await made("AB");
      const elsewhere = await made("X");
      for (const place of [{}, { after: elsewhere.ids["X"] }, { before: "01900000-0000-7000-8000-000000000000" }]) {
        const { status, body } = await move(project, ids["A"], place);
        assert.deepEqual([status, body.code], [422, "INVALID_INPUT"]);
      }
      assert.equal(await order(project), "AB");
    });

    test("a task dropped into another column gets its status in the same step", async () => {
      const { project, ids } = await made("AB");
      const { body } = await move(project, ids["B"], { after: null, status: "doing" });
      assert.deepEqual([body.status, body.version], ["doing", 2]);
      assert.equal(await order(project), "BA");
    });

    test("thirty tasks moved into one gap at once all stand in it, and nobody else moves", async () => {
      const titles = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdef";
      const { project, ids } = await made(titles);
      const movers = [...titles].slice(2);
      const answers = await Promise.all(
        movers.map((title) => move(project, ids[title], { after: ids["A"], before: ids["B"] })),
      );
      assert.deepEqual(
        answers.map(({ status }) => status),
        movers.map(() => 200),
      );
      const found = await order(project);
      assert.equal(found.at(0), "A");
      assert.equal(found.at(-1), "B");
      assert.deepEqual([...found].sort(), [...titles].sort());
      const { items } = await team.must("viewer", "GET", `${project}/tasks?limit=100`);
      assert.equal(new Set(items.map((task: Json) => task.position)).size, titles.length);
    });

    test("tasks added at once all get a place of their own", async () => {
      const project = await team.project();
      const add = (title: string) => team.must("editor", "POST", `${project}/tasks`, { title });
      await Promise.all([..."ABCDEFGHIJKLMNOPQRST"].map(add));
      assert.equal((await order(project)).length, 20);
    });

    test("random moves keep the order that a list in memory has", async () => {
      const { project, ids } = await made("ABCDEFGH");
      const model = [..."ABCDEFGH"];
      let seed = 20261120;
      const random = (below: number) => {
        seed = (seed * 1_103_515_245 + 12_345) % 2_147_483_648;
        return Math.floor((seed / 2_147_483_648) * below);
      };
      for (let step = 0; step < 60; step++) {
        const [moved] = model.splice(random(model.length), 1);
        const at = random(model.length + 1);
        const place = at === 0 ? { after: null } : { after: ids[model[at - 1]!] };
        model.splice(at, 0, moved!);
        assert.equal((await move(project, ids[moved!], place)).status, 200);
      }
      assert.equal(await order(project), model.join(""));
    });

    test("dropping into one gap again and again does not make positions long", async () => {
      const { project, ids } = await made("ABC");
      for (let step = 0; step < 220; step++) {
        const [mover, stays] = step % 2 === 0 ? ["B", "C"] : ["C", "B"];
        await move(project, ids[mover], { after: ids["A"], before: ids[stays] });
      }
      const { items } = await team.must("viewer", "GET", `${project}/tasks`);
      assert.deepEqual(items.map((task: Json) => task.title).join(""), "ACB");
      for (const { position } of items)
        assert.ok(position.length <= POSITION_CHARS_LONG && /^\d+$/.test(position), position);
    });
  });
}
