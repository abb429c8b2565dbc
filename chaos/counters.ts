/** Counters: the app of the coherence check. Every write makes a value that was never there before. */
import { app, entity, field, service } from "lineshaft";

export class Counter extends entity(
  "counter",
  {
    number: field.integer(),
    value: field.integer().default(0),
  },
  { primaryKey: ["number"] },
) {}

export const counters = service("counters", { entities: { Counter }, actor: "anyone" });

export const one = counters.query("GET /counters/:number", {
  input: { number: Counter.fields.number },
  output: Counter,
  run: async ({ input, db, fail }) =>
    (await db.selectFrom("counter").selectAll().where("number", "=", input.number).executeTakeFirst()) ??
    fail("NOT_FOUND"),
});

export const add = counters.command("POST /counters/:number", {
  input: { number: Counter.fields.number },
  output: Counter,
  isolation: "read committed",
  run: async ({ input, db, fail }) =>
    (await db
      .updateTable("counter")
      .set((each) => ({ value: each("value", "+", 1) }))
      .where("number", "=", input.number)
      .returningAll()
      .executeTakeFirst()) ?? fail("NOT_FOUND"),
});

export const node = app({
  title: "Counters",
  services: { counters: { counters, one, add } },
  migrations: `${import.meta.dirname}/migrations`,
});

if (import.meta.main) await node.run();
