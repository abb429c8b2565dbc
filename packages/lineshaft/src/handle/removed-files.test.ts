/** Files that runs let go: their bytes go with the commit of a handler or a schedule, and stay when it fails. */
import assert from "node:assert/strict";
import { mkdtemp, readdir, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { entity } from "../define/entity.ts";
import { field } from "../define/field.ts";
import { service } from "../define/service.ts";
import { poll, startTestApp } from "../testkit/index.ts";

class Kept extends entity("kept", { id: field.id(), key: field.text() }) {}
const box = service("box", { entities: { Kept }, actor: "anyone" });
const dropped = box.event("dropped", { key: field.text(), fails: field.boolean() });
const hung = box.event("hung", { key: field.text() });
const gate = Promise.withResolvers<void>();

const put = box.command("POST /files", {
  upload: { max: 1_000, types: ["text/plain"] },
  input: { end: field.enum("drop", "fail", "wait", "hang") },
  async run({ input: { end }, file: { key }, db, emit }) {
    if (end === "wait") await db.insertInto("kept").values({ key }).execute();
    else if (end === "hang") emit(hung, { key });
    else emit(dropped, { key, fails: end === "fail" });
  },
});
box.on(dropped, "drop", { attempts: 1 }, async ({ event: { payload }, removeFile }) => {
  removeFile(payload.key);
  if (payload.fails) throw new Error("as asked");
});
box.on(hung, "hang", { attempts: 1, timeoutSeconds: 0.2 }, async ({ event, removeFile }) => {
  removeFile(event.payload.key);
  await gate.promise;
});
box.schedule("purge", { every: "1 hour" }, async ({ db, removeFile }) => {
  for (const { key } of await db.deleteFrom("kept").returning("key").execute()) removeFile(key);
});

async function open() {
  const filesFolder = await mkdtemp(join(tmpdir(), "lineshaft-removed-"));
  const app = await startTestApp({ services: { box: { box, put } } }, { settings: { filesFolder } });
  const send = async (end: string) => {
    const headers = { "content-type": "text/plain" };
    const answer = await app.fetch(`/files?end=${end}`, { method: "POST", headers, body: end });
    assert.equal(answer.status, 204, await answer.text());
  };
  const count = async () => {
    const entries = await readdir(filesFolder, { recursive: true, withFileTypes: true });
    return entries.filter((entry) => entry.isFile()).length;
  };
  const end = () => app.stop().finally(() => rm(filesFolder, { recursive: true, force: true }));
  return { app, send, count, [Symbol.asyncDispose]: end };
}

test("bytes go with the run that lets them go, and stay when it fails", async () => {
  await using lab = await open();
  for (const end of ["drop", "fail", "wait"]) await lab.send(end);
  await lab.app.untilHandled();
  await poll(async () => (await lab.count()) === 2);
  lab.app.clock.advance("1h");
  await lab.app.untilHandled();
  await poll(async () => (await lab.count()) === 1);
});

test("a run that was given up and ends later has no effects: the bytes stay [FILE-1]", async () => {
  await using lab = await open();
  await lab.send("hang");
  await lab.app.untilHandled();
  gate.resolve();
  // What goes later goes after what the first run might take.
  await lab.send("drop");
  await lab.app.untilHandled();
  await poll(async () => (await lab.count()) <= 1);
  assert.equal(await lab.count(), 1);
});
