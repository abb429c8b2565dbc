/** Contract of plans: what is declared is made, is found again, and every change has its kind and its name. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { entity } from "../define/entity.ts";
import { field } from "../define/field.ts";
import { searchExpression, searchIndex } from "../define/search.ts";
import { type ServiceDefinition, service } from "../define/service.ts";
import { MigrationError, planMigration } from "./index.ts";
import { CHANGES, LINK, links } from "./test/changes.ts";
import { everything, lab } from "./test/fixtures.ts";
import { type Lab, onEveryServer } from "./test/servers.ts";

function assertSteps(
  found: readonly { readonly kind: string; readonly name: string }[],
  expected: readonly string[],
): void {
  const names = found.map((step) => `${step.kind} ${step.name.replaceAll(/(?<=_)[0-9a-f]{8}(?=_|$)/g, "*")}`);
  assert.deepEqual(names.toSorted(), expected.toSorted());
}

async function migrated(lab: Lab, services: unknown[], row?: string): Promise<void> {
  await lab.migrate(services);
  if (row !== undefined) await lab.query(row);
}

onEveryServer("plans", (open) => {
  test("after everything was created, nothing is left to do", async () => {
    await using lab = await open();
    const outcome = await lab.migrate(everything);
    assert.equal(outcome.applied.length, 1);
    assert.deepEqual(await lab.plan(everything), { steps: [], sql: "" });
    assert.deepEqual(outcome.notices, []);
  });

  for (const { what, before, after, row, steps, works = true } of CHANGES) {
    test(`${what}: ${steps.join(", ")}`, async () => {
      await using lab = await open();
      await migrated(lab, before, row);
      const plan = await lab.plan(after);
      assertSteps(plan.steps, steps);
      const allow = plan.steps.map((step) => step.name);
      if (!works) {
        await assert.rejects(
          lab.migrate(after, { allow }),
          (error) => error instanceof MigrationError && error.code === "MIGRATION_FAILED",
        );
        return;
      }
      await lab.migrate(after, { allow });
      assert.deepEqual((await lab.plan(after)).steps, []);
    });
  }

  test("a foreign key, its target and its rule of deletion are compared", async () => {
    await using lab = await open();
    const model = (onDelete: "restrict" | "cascade", to: 0 | 1): unknown[] => {
      class One extends entity("one", { id: field.id() }) {}
      class Two extends entity("two", { id: field.id() }) {}
      class Link extends entity("link", { id: field.id(), to: field.ref(() => [One, Two][to], { onDelete }) }) {}
      return [service("links", { entities: { One, Two, Link } })];
    };
    await migrated(
      lab,
      model("restrict", 0),
      'with o as (insert into links.one default values returning id) insert into links.link ("to") select id from o',
    );
    assertSteps((await lab.plan(model("cascade", 0))).steps, [
      "additive replace-foreign-key:links.link.link_to_fkey",
      "additive validate:links.link.link_to_fkey",
    ]);
    assertSteps((await lab.plan(model("restrict", 1))).steps, [
      "risky replace-foreign-key:links.link.link_to_fkey",
      "additive validate:links.link.link_to_fkey",
    ]);
    await lab.migrate(model("cascade", 0));
    assert.deepEqual((await lab.plan(model("cascade", 0))).steps, []);
  });

  test("a column renamed by hand keeps its keys and indexes", async () => {
    await using lab = await open();
    await migrated(lab, links({ ...LINK, code: LINK.code.unique(), n: field.integer().default(0).indexed() }));
    await lab.query("alter table links.link rename column code to slug");
    await lab.query("alter table links.link rename column n to visits");
    assert.deepEqual(
      (
        await lab.plan(
          links({ id: field.id(), slug: LINK.code.unique(), visits: field.integer().default(0).indexed() }),
        )
      ).steps,
      [],
    );
  });

  test("what was made by hand is a notice, and goes only by name", async () => {
    await using lab = await open();
    await migrated(lab, links());
    await lab.query("create index mine on links.link (lower(code))");
    await lab.query("create table links.scratch (id integer)");
    const outcome = await lab.migrate(links());
    assert.equal(outcome.notices.length, 2);
    assert.deepEqual(
      outcome.withheld.map((step) => step.name),
      ["drop-index:links.link.mine", "drop-table:links.scratch"],
    );
    await lab.migrate(links(), { allow: ["drop-index:links.link.mine", "drop-table:links.scratch"] });
    assert.deepEqual((await lab.migrate(links())).notices, []);
  });

  test("an unfinished index and an unvalidated key are finished", async () => {
    await using lab = await open();
    const declared = links({ ...LINK, code: LINK.code.indexed() });
    await migrated(lab, declared);
    await lab.query("update pg_index set indisvalid = false where indexrelid = 'links.link_code_idx'::regclass");
    assertSteps((await lab.plan(declared)).steps, ["additive add-index:links.link.link_code_idx"]);
    await lab.migrate(declared);
    assert.deepEqual((await lab.plan(declared)).steps, []);
  });

  test("names never become SQL or end a comment", async () => {
    await using lab = await open();
    const name = 'x"; drop schema public cascade; --\n;select 1/0;--';
    class Evil extends entity(name, { id: field.id(), [name]: field.enum("'; select 1/0; --", "\\'").unique() }) {}
    class Evil2 extends entity(name, { id: field.id(), [`${name}2`]: field.text().optional() }) {}
    await lab.migrate([service("evil", { entities: { Evil } })]);
    assert.equal((await lab.plan([service("evil", { entities: { Evil } })])).steps.length, 0);
    const after = [service("evil", { entities: { Evil2 } })];
    await lab.migrate(after, { allow: (await lab.plan(after)).steps.map((step) => step.name) });
    assert.equal((await lab.plan(after)).steps.length, 0);
    assert.equal((await lab.query("select from pg_namespace where nspname = 'public'")).length, 1);
  });

  test("a search index serves the query that is rendered by the same function", async () => {
    await using place = await open();
    await place.migrate(everything);
    const index = searchIndex((lab as unknown as ServiceDefinition).entities["Everything"]!);
    const condition = `${searchExpression(index!, "e")} @@ websearch_to_tsquery('english', 'word')`;
    const client = await place.client();
    await client.query("set enable_seqscan = off");
    const { rows } = await client.query(`explain select id from lab.everything e where ${condition}`);
    assert.match(JSON.stringify(rows), /_search_[0-9a-f]{8}_idx/);
  });

  test("a plan reads only and leaves no setting behind", async () => {
    await using lab = await open();
    const client = await lab.client();
    const before = (await client.query("show search_path")).rows;
    await planMigration(client, everything as never);
    assert.deepEqual((await client.query("show search_path")).rows, before);
    assert.equal((await client.query("select from pg_namespace where nspname = 'lab'")).rowCount, 0);
  });
});

test("declarations that cannot be a database are refused with their place", async () => {
  const { desiredSchema } = await import("./desired.ts");
  class NoKey extends entity("no_key", { name: field.text() }) {}
  class TooLong extends entity("t", { id: field.id(), ["ü".repeat(32)]: field.text() }) {}
  class Far extends entity("far", { id: field.id() }) {}
  class Near extends entity("near", { id: field.id(), far: field.ref(() => Far) }) {}
  const refused: readonly [unknown, RegExp][] = [
    [service("s", { entities: { NoKey } }), /plan\.test\.ts:\d+.*no primary key/],
    [service("s", { entities: { TooLong } }), /64 bytes/],
    [service("s", { entities: { Near } }), /no service of this app has/],
    [service("s", { entities: { Far, Again: Far } }), /twice/],
    [service("lineshaft"), /schema of the platform/],
  ];
  for (const [declared, message] of refused) {
    assert.throws(
      () => desiredSchema([declared as never]),
      (error) =>
        error instanceof MigrationError && error.code === "MIGRATION_DECLARATION" && message.test(error.message),
    );
  }
});
