/** Files over HTTP: what comes in is what goes out, and what does not count is not there. */
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { startTestApp, type TestApp } from "../testkit/index.ts";
import * as notes from "./test/files-app.ts";

let app: TestApp;
before(async () => {
  app = await startTestApp({ services: { notes } }, { settings: { relay: "auto" } });
});
after(() => app.stop());

test("a file comes back as it went in", async () => {
  const headers = { "content-type": "text/plain" };
  const sent = await app.fetch("/rooms/1/notes?name=a.txt", { method: "POST", headers, body: "hello" });
  assert.equal(sent.status, 201);
  const { id } = (await sent.json()) as { readonly id: string };
  const back = await app.fetch(`/notes/${id}`);
  assert.equal(back.status, 200);
  assert.equal(await back.text(), "hello");
});
