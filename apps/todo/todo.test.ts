/** The public Todo-Backend contract, as its own specification tells it, over HTTP. */
import assert from "node:assert/strict";
import { after, before, beforeEach, describe, test } from "node:test";
import type { RunningApp } from "lineshaft";
import { missing, startTestApp, TEST_SERVERS } from "lineshaft/testkit";
import * as todos from "./todo.ts";

interface Shown {
  readonly id: string;
  readonly title: string;
  readonly completed: boolean;
  readonly order: number | null;
  readonly url: string;
}

for (const server of TEST_SERVERS) {
  describe(`the todo list on ${server.name}`, { skip: missing(server) }, () => {
    let running: RunningApp;
    const ask = async (method: string, url: string, body?: unknown) => {
      const headers = { "content-type": "application/json" };
      const full = url.startsWith("http") ? url : `${running.url}${url}`;
      return fetch(full, { method, ...(body === undefined ? {} : { headers, body: JSON.stringify(body) }) });
    };
    const add = async (body: object): Promise<Shown> => (await ask("POST", "/todos", body)).json() as Promise<Shown>;
    const all = async (): Promise<Shown[]> => (await ask("GET", "/todos")).json() as Promise<Shown[]>;

    before(async () => {
      running = await startTestApp({ services: { todos } }, { server });
    });
    beforeEach(async () => {
      assert.equal((await ask("DELETE", "/todos")).status, 204);
    });
    after(() => running.stop());

    test("answers pages of any origin, preflights included", async () => {
      const headers = { origin: "https://todobackend.com" };
      const got = await fetch(`${running.url}/todos`, { headers });
      assert.equal(got.headers.get("access-control-allow-origin"), "*");
      const asked = {
        ...headers,
        "access-control-request-method": "PATCH",
        "access-control-request-headers": "content-type",
      };
      const preflight = await fetch(`${running.url}/todos/x`, { method: "OPTIONS", headers: asked });
      assert.equal(preflight.status, 204);
      assert.match(preflight.headers.get("access-control-allow-methods") ?? "", /PATCH/);
      assert.equal(preflight.headers.get("access-control-allow-headers"), "content-type");
    });

    test("an added todo is answered, listed, and found at its absolute url", async () => {
      const answer = await ask("POST", "/todos", { title: "walk the dog" });
      assert.equal(answer.status, 201);
      const todo = (await answer.json()) as Shown;
      assert.equal(todo.title, "walk the dog");
      assert.equal(todo.completed, false);
      assert.equal(todo.url, `${running.url}/todos/${todo.id}`);
      assert.equal(answer.headers.get("location"), `/todos/${todo.id}`);
      assert.deepEqual(await all(), [todo]);
      assert.deepEqual(await (await ask("GET", todo.url)).json(), todo);
    });

    test("title, completed and order change one by one, and an empty change changes nothing", async () => {
      const todo = await add({ title: "first", order: 523 });
      assert.equal(todo.order, 523);
      assert.equal(((await (await ask("PATCH", todo.url, { title: "second" })).json()) as Shown).title, "second");
      assert.equal(((await (await ask("PATCH", todo.url, { completed: true })).json()) as Shown).completed, true);
      assert.equal(((await (await ask("PATCH", todo.url, { order: 95 })).json()) as Shown).order, 95);
      const same = await ask("PATCH", todo.url, {});
      assert.equal(same.status, 200);
      assert.deepEqual(await same.json(), { ...todo, title: "second", completed: true, order: 95 });
      assert.equal(((await (await ask("PATCH", todo.url, { order: null })).json()) as Shown).order, null);
    });

    test("a deleted todo is gone, and only that one", async () => {
      const [one, two] = [await add({ title: "one" }), await add({ title: "two" })];
      assert.equal((await ask("DELETE", one.url)).status, 204);
      assert.equal((await ask("GET", one.url)).status, 404);
      assert.equal((await ask("DELETE", one.url)).status, 404);
      assert.deepEqual(await all(), [two]);
    });

    test("deleting the list clears it", async () => {
      await add({ title: "one" });
      await add({ title: "two" });
      assert.equal((await ask("DELETE", "/todos")).status, 204);
      assert.deepEqual(await all(), []);
    });

    test("what is wrong with a todo is told field by field, and nothing is added", async () => {
      const answer = await ask("POST", "/todos", { order: "first", title: "" });
      assert.equal(answer.status, 422);
      const { code, errors } = (await answer.json()) as { code: string; errors: { pointer: string }[] };
      assert.equal(code, "INVALID_INPUT");
      assert.deepEqual(errors.map(({ pointer }) => pointer).sort(), ["/order", "/title"]);
      assert.deepEqual(await all(), []);
    });

    test("twenty todos added at once are all there, oldest first", async () => {
      await Promise.all(Array.from({ length: 20 }, (_, index) => add({ title: `todo ${index}` })));
      const ids = (await all()).map(({ id }) => id);
      assert.equal(ids.length, 20);
      assert.deepEqual(ids, ids.toSorted());
    });
  });
}
