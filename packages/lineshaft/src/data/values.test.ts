/** Contract of values and statements: what is written comes back the same, whoever built the SQL. On every server. */
import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { sql } from "kysely";
import { command, isFault, query, Site, type Stand } from "../call/test/stand.ts";
import { missing, TEST_SERVERS } from "../testkit/index.ts";
import { PREPARED_CHARS_MAX, PREPARED_MAX, preparedSize } from "./transaction.ts";

const ROW = {
  big: 9_223_372_036_854_775_807n,
  exact: "1234567890123456.7891",
  day: "2024-02-29",
  at: new Date("2026-11-20T10:11:12.345Z"),
  price: { amount: 1250, currency: "EUR" },
  any: ["a", { b: null }, 1] as unknown,
  shaped: { theme: `quote ' " \\ ü 😀` },
  texts: ["a,b", '"', "\\", "", "NULL", "{}"],
  bigs: [1n, -9_223_372_036_854_775_808n],
  exacts: ["0.1000", "1234567890123456.7891"],
  days: ["0001-01-01", "9999-12-31"],
  times: [new Date(0), new Date("2026-11-20T10:11:12.345Z")],
  prices: [{ amount: -1, currency: "JPY" }],
  objects: [{ theme: "x" }],
};
const EMPTY = Object.fromEntries(Object.keys(ROW).map((name) => [name, null]));
const HOSTILE = ["'; drop table bank.note; --", "\\'; select 1", "$1", "${x}", "' or '1'='1", "ü\u2028\n\t"];

for (const server of TEST_SERVERS) {
  describe(`values on ${server.name}`, { skip: missing(server) }, () => {
    let site: Site;
    let stand: Stand;
    before(async () => {
      site = await Site.open(server);
      stand = site.stand();
    });
    after(async () => {
      await stand[Symbol.asyncDispose]();
      await site[Symbol.asyncDispose]();
    });
    const stored = (id: number) =>
      stand.call(
        query(async ({ db }) => {
          const { id: _, ...row } = await db
            .selectFrom("every")
            .selectAll()
            .where("id", "=", id)
            .executeTakeFirstOrThrow();
          return row;
        }),
      );

    test("every kind comes back as it was inserted, updated, upserted and put in by a CTE", async () => {
      const ids = await stand.call(
        command(async ({ db }) => {
          const made = await db.insertInto("every").values([ROW, {}]).returning("id").execute();
          await db.updateTable("every").set(ROW).where("id", "=", made[1]!.id).execute();
          const inCte = await db
            .with("put", (cte) => cte.insertInto("every").values(ROW).returning("id"))
            .selectFrom("put")
            .select("id")
            .executeTakeFirstOrThrow();
          const upserted = await db
            .insertInto("every")
            .values({ id: 1_000, any: "old", bigs: [] })
            .returning("id")
            .executeTakeFirstOrThrow();
          await db
            .insertInto("every")
            .values({ id: 1_000, ...ROW })
            .onConflict((conflict) => conflict.column("id").doUpdateSet(ROW))
            .execute();
          return [...made.map((each) => each.id), inCte.id, upserted.id];
        }),
      );
      for (const id of ids as number[]) assert.deepEqual(await stored(id), ROW, String(id));
    });

    test("any JSON value is kept apart from null", async () => {
      for (const any of ["text", "", 0, false, [], {}, [[1]], { a: [] }]) {
        const id = await stand.call(
          command(
            async ({ db }) =>
              (await db.insertInto("every").values({ any }).returning("id").executeTakeFirstOrThrow()).id,
          ),
        );
        assert.deepEqual(await stored(id as number), { ...EMPTY, any });
      }
    });

    test("raw SQL takes and gives the same values", async () => {
      const id = await stand.call(
        command(async ({ db }) => {
          const { big, exact, day, at, price, texts, bigs, exacts, days, times } = ROW;
          const json = [ROW.any, ROW.shaped, ROW.prices, ROW.objects].map((each) => JSON.stringify(each));
          const { rows } = await sql<{ id: number }>`
            insert into every (big, exact, day, at, price, "any", shaped, texts, bigs, exacts, days, times,
              prices, objects)
            values (${big}, ${exact}, ${day}, ${at}, ${price}, ${json[0]}, ${json[1]}, ${texts}, ${bigs}, ${exacts},
              ${days}, ${times}, ${json[2]}, ${json[3]}) returning id`.execute(db);
          return rows[0]?.id;
        }),
      );
      assert.deepEqual(await stored(id as number), ROW);
    });

    test("hostile text is a value wherever it stands, and the table is still there", async () => {
      await stand.call(
        command(async ({ db }) => {
          for (const text of HOSTILE) {
            await sql`insert into note (text) values (${text})`.execute(db);
            const { rows } = await sql`select text from note where text = ${text}`.execute(db);
            assert.deepEqual(rows, [{ text }]);
            const quoted = sql`select 1 as ${sql.id(`x"${text}`)} where ${text} = ${text}`;
            assert.equal((await quoted.execute(db)).rows.length, 1);
          }
        }),
      );
      assert.equal((await site.ask("select from bank.note")).length, HOSTILE.length);
    });

    test("a NUL character, an overflow and a wrong type are INVALID_INPUT, not a fault of ours", async () => {
      const bad = ["a\u0000b"];
      const withNul = command(({ db }) => db.insertInto("note").values({ text: bad[0]! }).execute());
      await assert.rejects(stand.call(withNul), isFault("INVALID_INPUT", 422));
      const tooLarge = command(({ db }) => sql`select ${"99999999999"}::integer`.execute(db));
      await assert.rejects(stand.call(tooLarge), isFault("INVALID_INPUT", 422));
    });

    test("an update that sets nothing finds and returns the row", async () => {
      const rows = await stand.call(
        command(async ({ db }) => {
          await db.insertInto("account").values({ name: "empty", balance: 3 }).execute();
          return db.updateTable("account").set({}).where("name", "=", "empty").returningAll().execute();
        }),
      );
      assert.deepEqual(rows, [{ name: "empty", balance: 3 }]);
    });

    test("a parameter that cannot be encoded fails its call alone", async () => {
      const circular: Record<string, unknown> = {};
      circular.self = circular;
      const text = sql`select ${circular}::jsonb as x`;
      await assert.rejects(stand.call(command(({ db }) => text.execute(db))), /circular/);
      const again = command(
        async ({ db }) => (await sql<{ x: unknown }>`select ${{ a: 1 }}::jsonb as x`.execute(db)).rows[0]?.x,
      );
      for (let turn = 0; turn < 20; turn++) assert.deepEqual(await stand.call(again), { a: 1 });
    });

    test("a statement that does not parse says so each time, not that it was not prepared", async () => {
      const broken = command(({ db }) => sql`select nothing_here from note`.execute(db));
      for (let turn = 0; turn < 3; turn++) await assert.rejects(stand.call(broken), { code: "42703" });
    });

    test("a table that changes under prepared statements heals by itself", async () => {
      const read = query(async ({ db }) => sql`select * from other where id = ${1}`.execute(db));
      await site.ask("create table bank.other (id int, a text)");
      await Promise.all(Array.from({ length: 40 }, () => stand.call(read)));
      for (const change of ["add b text", "drop a", "alter b type int using 1", "add a int"]) {
        await site.ask(`alter table bank.other ${change}`);
        const calls = Array.from({ length: 40 }, () => stand.call(read));
        const outcomes = await Promise.allSettled(calls);
        assert.deepEqual(
          outcomes.filter((each) => each.status === "rejected"),
          [],
        );
      }
      await site.ask("drop table bank.other");
    });

    test("the number of prepared statements is bounded", async () => {
      const long = sql.raw(`select 1 as x -- ${"x".repeat(PREPARED_CHARS_MAX)}`);
      const before = preparedSize();
      await stand.call(query(({ db }) => long.execute(db)));
      assert.equal(preparedSize(), before);
      await stand.call(
        query(async ({ db }) => {
          for (let n = preparedSize(); n < PREPARED_MAX + 50; n++) await sql.raw(`select ${n} as x`).execute(db);
        }),
      );
      assert.equal(preparedSize(), PREPARED_MAX);
      const [{ x }] = (await stand.call(
        query(async ({ db }) => (await sql<{ x: number }>`select ${7}::int as x, 'late'`.execute(db)).rows),
      )) as [{ x: number }];
      assert.equal(x, 7);
      await assert.rejects(stand.call(command(({ db }) => sql.raw("commit -- late").execute(db))), /is refused/);
      await assert.rejects(
        stand.call(command(({ db }) => sql.raw("select 2; commit -- late").execute(db))),
        /multiple/,
      );
    });
  });
}
