/** Events reach handlers, once, in order, whatever fails. */
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { entity } from "../define/entity.ts";
import { field } from "../define/field.ts";
import { service } from "../define/service.ts";
import { list } from "../define/shape.ts";
import { startTestApp } from "../testkit/index.ts";

class Note extends entity("note", { id: field.serial(), text: field.text() }) {}
class Effect extends entity("effect", {
  id: field.serial(),
  handler: field.text(),
  key: field.text(),
  n: field.integer(),
}) {}

function stand() {
  const notes = service("notes", { entities: { Note, Effect }, actor: "anyone" });
  const noted = notes.event(
    "noted",
    { key: field.text(), n: field.integer(), at: field.time().optional() },
    { key: "key" },
  );
  const add = notes.command("POST /notes", {
    input: { key: field.text(), n: field.integer(), fails: field.boolean().default(false) },
    output: Note,
    run: async ({ input, db, emit, now }) => {
      emit(noted, { key: input.key, n: input.n, at: now });
      const note = await db.insertInto("note").values({ text: input.key }).returningAll().executeTakeFirstOrThrow();
      if (input.fails) throw new Error("not this time");
      return note;
    },
  });
  const effects = notes.query("GET /effects", {
    output: list(Effect),
    run: async ({ db }) => db.selectFrom("effect").selectAll().orderBy("id").execute(),
  });
  return { notes, noted, add, effects };
}

for (const relay of ["off", "auto"] as const) {
  describe(`with the relay ${relay}`, () => {
    test("a committed event reaches each handler once, in the order of its key [EVT-1] [EVT-2]", async () => {
      const { notes, noted, add, effects } = stand();
      for (const name of ["one", "two"]) {
        notes.on(noted, name, async ({ event, db }) => {
          assert.ok(event.payload.at instanceof Date);
          const { key, n } = event.payload;
          await db.insertInto("effect").values({ handler: name, key, n }).execute();
        });
      }
      await using app = await startTestApp({ services: { site: { notes, add, effects } } }, { settings: { relay } });
      const sent: Promise<unknown>[] = [];
      for (let n = 0; n < 50; n++) {
        for (const key of ["a", "b", "c"]) {
          if (key === "a") await app.call(add, { key, n });
          else sent.push(app.call(add, { key, n }));
        }
      }
      await Promise.all(sent);
      await assert.rejects(app.call(add, { key: "a", n: 99, fails: true }));
      await app.untilHandled();
      const found = await app.call(effects, {});
      assert.equal(found.length, 300);
      for (const handler of ["one", "two"]) {
        const ofA = found.filter((each) => each.handler === handler && each.key === "a").map(({ n }) => n);
        assert.deepEqual(
          ofA,
          Array.from({ length: 50 }, (_, n) => n),
        );
      }
    });
  });
}
