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

const put = box.command("POST /files", {
  upload: { max: 1_000, types: ["text/plain"] },
  input: { end: field.enum("drop", "fail", "wait") },
  async run({ input: { end }, file: { key }, db, emit }) {
    if (end === "wait") await db.insertInto("kept").values({ key }).execute();
    else emit(dropped, { key, fails: end === "fail" });
  },
});
box.on(dropped, "drop", { attempts: 1 }, async ({ event: { payload }, removeFile }) => {
  removeFile(payload.key);
  if (payload.fails) throw new Error("as asked");
});
box.schedule("purge", { every: "1 hour" }, async ({ db, removeFile }) => {
  for (const { key } of await db.deleteFrom("kept").returning("key").execute()) removeFile(key);
});

test("bytes go with the run that lets them go, and stay when it fails", async () => {
  const filesFolder = await mkdtemp(join(tmpdir(), "lineshaft-removed-"));
  try {
    await using app = await startTestApp({ services: { box: { box, put } } }, { settings: { filesFolder } });
    const send = async (end: string) => {
      const headers = { "content-type": "text/plain" };
      const answer = await app.fetch(`/files?end=${end}`, { method: "POST", headers, body: end });
      assert.equal(answer.status, 204, await answer.text());
    };
    const count = async (wanted: number) => {
      const entries = await readdir(filesFolder, { recursive: true, withFileTypes: true });
      return entries.filter((entry) => entry.isFile()).length === wanted;
    };
    for (const end of ["drop", "fail", "wait"]) await send(end);
    await app.untilHandled();
    await poll(() => count(2));
    app.clock.advance("1h");
    await app.untilHandled();
    await poll(() => count(1));
  } finally {
    await rm(filesFolder, { recursive: true, force: true });
  }
});
