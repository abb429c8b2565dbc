/** Lists that end: which have an end, what lies behind it, and that ranks never disagree with the server's order. */
import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { getTypeParser } from "../data/connection.ts";
import type { Relation } from "./catalog.ts";
import type { RowChange } from "./index.ts";
import { type End, endOf, isBehind, type RankKind, rankOf } from "./order.ts";
import type { Order } from "./shape.ts";
import { ReadSetStand } from "./test/stand.ts";

/** Statements, and the column by which their list ends; null where it has no end. */
const LISTS: readonly (readonly [sql: string, column: string | null])[] = [
  ["select id, x from a order by x limit 2", "a.x"],
  ["select id, x from a where t = $1 order by x desc, id limit 2", "a.x"],
  ["select * from a order by 2 limit $1", "a.x"],
  ["select id, x as y from a order by y limit 2 offset 1", "a.x"],
  ["select b.id, b.aid from a join b on b.aid = a.id order by b.id limit 2", "b.id"],
  ["select a.id, b.x from a left join b on b.aid = a.id order by a.id limit 2", "a.id"],
  ["select id, ts from c order by ts desc limit 2", "c.ts"],
  ["select id, n from a order by n fetch first 2 rows only", "a.n"],
  ["select a.id, b.x from a left join b on b.aid = a.id order by b.x limit 2", null],
  ["select a.id, b.x from a full join b on b.aid = a.id order by a.id limit 2", null],
  ["select id from a order by x limit 2", null],
  ["select id, x from a order by x", null],
  ["select id, x from a order by x limit 1 + 1", null],
  ["select id, x from a order by x fetch first 2 rows with ties", null],
  ["select id, t from a order by t limit 2", null],
  ["select id, -x as x from a order by x limit 2", null],
  ["select id, x, y as x from a order by a.x limit 2", null],
  ["select x, count(*) from a group by x order by x limit 2", null],
  ["select distinct x from a order by x limit 2", null],
  ["select id, x, sum(x) over () from a order by x limit 2", null],
  ["select id from a union select id from b order by id limit 2", null],
  ["select * from (select id from a order by id limit 2) s", null],
  ["select id, v from gv order by v limit 2", null],
];

/** Values of each kind, their neighbours, and some without a rank. */
const SAMPLES: Readonly<Record<string, readonly [kind: RankKind, values: readonly string[]]>> = {
  int8: ["number", ["-9223372036854775808", "-1", "0", "9007199254740992", "9007199254740993", "9223372036854775807"]],
  numeric: [
    "number",
    ["-1e40", "-0.10", "0", "0.1", "0.10000000000000000000001", "1e40", "NaN", "12345678901234567890"],
  ],
  float8: ["number", ["-1e308", "-0", "0", "5e-324", "0.1", "0.30000000000000004", "1e22", "Infinity", "NaN"]],
  date: ["date", ["0044-03-15 BC", "0001-01-01", "1999-12-31", "2000-01-01", "9999-12-31", "10000-01-01", "infinity"]],
  timestamptz: [
    "instant",
    [
      ...["0044-03-15 00:00 BC", "0001-01-01 00:00:00+00", "1969-12-31 23:59:59.999999+00", "1970-01-01 00:00:00+00"],
      ...["2024-01-01 00:00:00.001+00", "2024-01-01 00:00:00.001001+00", "2024-01-01 00:00:00.001999+00"],
      ...[
        "2024-01-01 00:00:00.002+00",
        "2024-01-01 01:00:00+01",
        "9999-12-31 23:59:59.999999+00",
        "10000-01-01",
        "-infinity",
      ],
    ],
  ],
  uuid: [
    "uuid",
    [
      ...["00000000-0000-0000-0000-000000000000", "00000000-0000-0000-0000-000000000001"],
      ...["019a0000-0000-7000-8000-000000000000", "019a0000-0001-7000-8000-000000000000"],
      ...["019A0000-0000-7000-9000-000000000000", "ffffffff-ffff-ffff-ffff-ffffffffffff"],
    ],
  ],
};

const order = (more: Partial<Order> = {}): Order => ({
  ...{ column: "k", kind: "number", output: "k", isDescending: false, areNullsLast: true },
  ...{ limit: { kind: "constant", value: "1" } },
  ...more,
});
const end = (value: unknown, more: Partial<Order> = {}): End | null => endOf(order(more), "1", [{ k: value }]);

describe("lists that end", () => {
  let stand: ReadSetStand;
  before(async () => {
    stand = await ReadSetStand.openWithCases();
  });
  after(() => stand[Symbol.asyncDispose]());

  for (const [sql, column] of LISTS) {
    test(`${column === null ? "has no end" : `ends by ${column}`}: ${sql}`, async () => {
      const shape = await stand.shapeOf(sql);
      assert.ok(shape.isCacheable);
      const ordered = shape.reads.filter((read) => read.order !== null);
      const names = ordered.map((read) => `${read.name.replace("public.", "")}.${read.order!.column}`);
      assert.deepEqual(names, column === null ? [] : [column]);
    });
  }

  for (const zone of ["UTC", "Asia/Kolkata"]) {
    for (const [type, [kind, values]] of Object.entries(SAMPLES)) {
      test(`what ranks behind ${type} is behind it for the server, time zone ${zone}`, async () => {
        await stand.client.query(`set timezone = '${zone}'`);
        const compared = `select one::text, other::text, one < other as "isLess" from unnest($1::${type}[]) one,
          unnest($1::${type}[]) other`;
        const { rows } = await stand.client.query(compared, [values]);
        await stand.client.query("reset timezone");
        const oid = { int8: 20, numeric: 1700, float8: 701, date: 1082, timestamptz: 1184, uuid: 2950 }[type]!;
        for (const { one, other, isLess } of rows) {
          for (const read of [String, getTypeParser(oid)]) {
            const place = end(read(one), { kind });
            if (place === null) continue;
            const isAfter = isBehind(place, rankOf(kind, other));
            assert.ok(isLess || !isAfter, `${other} is not behind ${one}`);
            const back = end(read(other), { kind, isDescending: true });
            if (back !== null) assert.ok(isLess || !isBehind(back, rankOf(kind, one)), `${one} is not before ${other}`);
          }
        }
      });
    }
  }

  test("what lies behind the end does not touch a list, what comes before it does", async () => {
    const sql = "select id, x from a where b order by x desc nulls last, id limit 2";
    const changes: readonly (readonly [sql: string, isTouched: boolean])[] = [
      ["insert into a (id, x, b) values (9, 1, true)", false],
      ["insert into a (id, x, b) values (9, null, true)", false],
      ["insert into a (id, x, b) values (9, 7, true)", true],
      ["insert into a (id, x, b) values (9, 7, false)", false],
      ["insert into a (id, x, b) values (9, 8, true)", true],
      ["update a set x = 2 where id = 3", false],
      ["update a set x = 7 where id = 3", true],
      ["update a set x = 1 where id = 1", true],
      ["delete from a where id = 3", false],
      ["delete from a where id = 2", true],
    ];
    for (const [change, isTouched] of changes) {
      await stand.client.query("begin");
      await stand.client.query("insert into a (id, x, b) values (1, 9, true), (2, 7, true), (3, 5, true)");
      const index = await stand.indexOf(await stand.shapeOf(sql), [], (await stand.ask(sql, [])).rows);
      const touched = (await stand.change(change)).flatMap((each) => [...index!.touched(each)]);
      await stand.client.query("rollback");
      assert.deepEqual(touched, isTouched ? [1] : [], change);
    }
  });

  test("a change that does not tell the old row touches every list of the table", async () => {
    const sql = "select id, x from a order by x limit 1";
    await stand.client.query("begin");
    await stand.client.query("insert into a (id, x) values (1, 1), (2, 2)");
    const index = await stand.indexOf(await stand.shapeOf(sql), [], (await stand.ask(sql, [])).rows);
    await stand.client.query("rollback");
    const relation = stand.catalog.relation("public", "a", []) as Relation;
    const row: (string | null)[] = relation.columns.map(({ name }) => (name === "id" || name === "x" ? "2" : null));
    const told = relation.columns.map(({ name }) => (name === "id" ? "2" : undefined));
    const touched = (change: Omit<RowChange, "table">) => [...index!.touched({ table: relation, ...change })];
    assert.deepEqual(touched({ kind: "update", old: row, new: row.with(3, "t") }), []);
    assert.deepEqual(touched({ kind: "update", new: row }), [1]);
    assert.deepEqual(touched({ kind: "update", old: told, new: row }), [1]);
    assert.deepEqual(touched({ kind: "delete", old: told }), [1]);
    assert.deepEqual(touched({ kind: "truncate" }), [1]);
  });

  test("a list without its full number of rows, or that ends in what has no rank, has no end", () => {
    assert.equal(endOf(order(), "2", [{ k: 1 }]), null);
    assert.equal(endOf(order(), "0", []), null);
    assert.equal(endOf(order(), null, [{ k: 1 }]), null);
    for (const value of [null, undefined, "NaN", "Infinity", Number.NaN, new Date(Number.NaN), [1], true]) {
      assert.equal(end(value), null, String(value));
    }
    assert.deepEqual(end(7n)?.rank, 7);
  });
});
