/** Notes, on a real Postgres: every test has a database of its own. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { startTestApp } from "lineshaft/testkit";
import * as notes from "./notes.ts";

const json = { "content-type": "application/json" };

test("a note that was added is listed, and can be finished once", async () => {
  await using app = await startTestApp({ services: { notes } });
  const caller = app.as(null);
  const added = await caller.call(notes.add, { text: "Oil the shaft" });
  assert.deepEqual(await caller.call(notes.all, {}), [added]);
  assert.equal((await caller.call(notes.finish, { id: added.id })).done, true);
  await assert.rejects(caller.call(notes.finish, { id: added.id }), { code: "ALREADY_DONE" });
});

test("over HTTP, an empty note is refused with the reason", async () => {
  await using app = await startTestApp({ services: { notes } });
  const answer = await app.fetch("/notes", { method: "POST", headers: json, body: JSON.stringify({ text: "" }) });
  assert.equal(answer.status, 422);
  const problem = (await answer.json()) as { code: string };
  assert.equal(problem.code, "INVALID_INPUT");
});
