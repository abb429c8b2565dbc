/** What usual statements are narrowed to. That it is enough is proven elsewhere; here it is seen to be little. */
import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import type { Change } from "../log/changes.ts";
import { bind, ReadSetIndex, type RowChange } from "./index.ts";
import { ReadSetStand } from "./test/stand.ts";

const NARROWED: readonly (readonly [sql: string, ...reads: string[]])[] = [
  ["select x from a where id = $1", "a(id:$1)"],
  ["select x from a where $1 = id and x = 3", "a(id:$1 and x:3)"],
  ["select x from a where x = 3 and id in (1, 2)", "a(id:1,2 and x:3)"],
  ["select x from a where id = any($1)", "a(id:$1)"],
  ["select x from a where id = any(array[1, 2])", "a(id:1,2)"],
  ["select x from a where id = $1 or x = 2", "a(id:$1 or x:2)"],
  ["select x from a where (id, x) in ((1, 2), (3, 4))", "a(id:1 and x:2 or id:3 and x:4)"],
  ["select x from a where b and not b and x is null", "a(x:null and b:t and b:f)"],
  ["select x from a where t is not distinct from $1::text", "a(t:$1)"],
  ["select x from a where id > 3", "a()"],
  ["select 1 from a join b on b.aid = a.id where a.id = $1", "a(id:$1)", "b(aid:$1)"],
  ["select 1 from a left join b on b.aid = a.id where a.id = $1", "a(id:$1)", "b(aid:$1)"],
  ["select 1 from a left join b on b.aid = a.id where b.id = $1", "a(id:key 0)", "b(id:$1)"],
  ["select 1 from a join b using (x) where b.x = 2", "a(x:2)", "b(x:2)"],
  ["select 1 from a natural join tree where tree.id = 2", "a(id:2)", "tree(id:2)"],
  ["select 1 from a, b, c where a.id = b.aid and c.bid = b.id and b.id = 7", "a(id:key 0)", "b(id:7)", "c(bid:7)"],
  ["select 1 from a where id = 4 and exists (select from b where aid = a.id)", "a(id:4)", "b(aid:4)"],
  ["select 1 from a where id in (select aid from b where id = 9)", "a(id:key 0)", "b(id:9)"],
  ["select (select count(*) from b where b.aid = a.id) from a where id = 5", "a(id:5)", "b(aid:5)"],
  ["select * from (select id i, x from a) s where i = 5", "a(id:5)"],
  ["with w as (select * from a) select * from w where id = 5", "a(id:5)"],
  ["select * from (select id from a union all select x from a) s where id = 5", "a(id:5)", "a(x:5)"],
  ["select * from vagg where aid = 3", "b(aid:3)"],
  ["select * from (select aid, count(*) from b group by aid) s where count = 3", "b()"],
  ["select a.id, count(b.id) from a left join b on b.aid = a.id where a.id = 1 group by a.id", "a(id:1)", "b(aid:1)"],
  [
    "select 1 from a left join b on b.aid = a.id left join c on c.bid = b.id where a.id = $1",
    ...["a(id:$1)", "b(aid:$1)", "c(bid:key 0)"],
  ],
  [
    "select 1 from a where exists (select from b join tree t on t.id = b.x where b.aid = a.id and t.up = $1)",
    ...["a(id:key 1)", "b(x:key 0)", "tree(up:$1)"],
  ],
  [
    `select id, (select coalesce(json_agg(agg), '[]') from (select b.x from b where b.aid = a.id) as agg) as bs
      from a where id = $1`,
    ...["a(id:$1)", "b(aid:$1)"],
  ],
  ["select to_json(o) from (select id, t from a where id = $1) as o", "a(id:$1)"],
  ["select length(t) from a where id = 1", "a(id:1)"],
  ["select percentile_cont(0.5) within group (order by f) from a where id = 1", "a(id:1)"],
  ["select g, a.x from generate_series(1, 3) g left join a on a.id = g", "a()"],
  [
    "select 1 from a, lateral (select * from b where b.aid = a.id order by id limit 1) l where a.id = 2",
    "a(id:2)",
    "b(aid:2)",
  ],
];

describe("narrowing", () => {
  let stand: ReadSetStand;
  before(async () => {
    stand = await ReadSetStand.openWithCases();
  });
  after(() => stand[Symbol.asyncDispose]());

  for (const [sql, ...reads] of NARROWED) {
    test(sql, async () => assert.deepEqual(stand.readsOf(await stand.shapeOf(sql)), reads));
  }

  test("a table that other types than its own are compared with is read whole", async () => {
    for (const sql of ["select 1 from a where id = 1.5::int", "select 1 from a where id = 1::float8"]) {
      assert.deepEqual(stand.readsOf(await stand.shapeOf(sql)), ["a()"]);
    }
  });

  test("a change that misses one of the conditions, the keys or the columns touches nothing", async () => {
    await stand.client.query("insert into a (id, x, t) values (901, 3, 'x'), (902, 4, 'y')");
    await stand.client.query("insert into b (id, aid, x) values (901, 901, 1), (902, 902, 1)");
    const JOINED = "select b.x from a join b on b.id = a.id where a.t = 'x'";
    for (const [sql, change, isTouched] of [
      ["select t from a where id = 901 and x = 5", "update a set t = 'z' where id = 901", false],
      ["select t from a where id = 901 and x = 3", "update a set t = 'z' where id = 901", true],
      ["select t from a where id = 901 or x = 4", "update a set t = 'z' where id = 902", true],
      ["select t from a where id = 901", "update a set y = 7 where id = 901", false],
      ["select * from a where id = 901", "update a set y = 7 where id = 901", true],
      [JOINED, "update b set x = 2 where id = 902", false],
      [JOINED, "update b set x = 2 where id = 901", true],
      [JOINED, "update a set t = 'x' where id = 902", true],
      ["select b.x from b where id in (901, 5)", "update b set x = 2 where id = 902", false],
      ["select b.x from b where id in (902, 5)", "update b set x = 2 where id = 902", true],
    ] as const) {
      assert.deepEqual(await stand.touchedBy(sql, change), isTouched ? [1] : [], `${sql}; ${change}`);
    }
  });

  test("what is not known is not cached, and the reason names it", async () => {
    for (const [sql, reason] of [
      ["select json_object('a': id) from a", "the construct JsonObjectConstructor"],
      ["select * from json_table('[]', '$' columns (x int)) t", "the construct JsonTable"],
      ["select xmlelement(name x) from a", "the construct XmlExpr"],
      ["select * from rows from (fset(1), fset(2)) r", "ROWS FROM"],
      ["select * from a join b using (id) as u", "an alias for USING"],
      ["merge into a using b on a.id = b.id when matched then do nothing", "a statement that is not a SELECT"],
      ["select nothing(1)", "the function nothing"],
      ["select * from later", "the relation later"],
    ] as const) {
      const shape = stand.analyse(sql, { searchPath: stand.path, parameterTypes: [] });
      assert.equal(shape.isCacheable ? "" : shape.reason, reason, sql);
    }
    const shape = stand.analyse("select nothing that the parser knows ((", { searchPath: [], parameterTypes: [] });
    assert.match(shape.isCacheable ? "" : shape.reason, /^the parser: syntax error/);
  });

  test("a broken statement, several and a statement that writes are not cached", () => {
    const options = { searchPath: stand.path, parameterTypes: [] };
    for (const sql of ["selec 1", "", "select 1; select 2", "delete from a", "select (("]) {
      assert.equal(stand.analyse(sql, options).isCacheable, false, sql);
    }
  });

  test("a new version of the schema is noticed", async () => {
    const version = stand.catalog.version;
    await stand.reload();
    assert.equal(stand.catalog.version, version);
    for (const ddl of [
      "alter table a rename column x to renamed",
      "create or replace function fread(int) returns bigint language sql stable as 'select 1::bigint'",
      "alter table a enable row level security",
      "create or replace view va as select id, renamed as ax, t from a",
      "create table par3 partition of par for values in (9)",
    ]) {
      const before = stand.catalog.version;
      await stand.client.query(ddl);
      await stand.reload();
      assert.notEqual(stand.catalog.version, before, ddl);
    }
  });
});

/** What the log tells is what the index takes. */
export const asRowChange = (change: Change): RowChange => change;

const COLUMNS = [{ name: "id" }, { name: "x" }, { name: "t" }];
const TABLE = { oid: 5, columns: COLUMNS };

function shapeOn(mask: ReadonlySet<string> | null) {
  const items = [{ kind: "parameter", number: 1, matchesNull: false }] as const;
  const conditions = [{ column: "id", valueClass: "number", items }];
  const read = { table: 5, name: "t", alternatives: [conditions], mask, order: null };
  return { isCacheable: true, reads: [read], keyQueries: [], datetimeParameters: [], settings: [] } as const;
}

describe("read set index", () => {
  const filled = (mask: ReadonlySet<string> | null = null) => {
    const index = new ReadSetIndex<string>((oid) => [oid]);
    for (const [entry, value] of [
      ["one", 1],
      ["uno", 1],
      ["two", 2],
    ] as const) {
      const readSet = bind(shapeOn(mask), [value]);
      if (readSet.isCacheable) index.add(entry, readSet);
    }
    return index;
  };
  const touched = (index: ReadSetIndex<string>, change: Omit<RowChange, "table">) =>
    [...index.touched({ table: TABLE, ...change })].sort();

  test("finds by the old and by the new row", () => {
    assert.deepEqual(touched(filled(), { kind: "insert", new: ["1", "0", "a"] }), ["one", "uno"]);
    assert.deepEqual(touched(filled(), { kind: "delete", old: ["2", "0", "a"] }), ["two"]);
    assert.deepEqual(touched(filled(), { kind: "update", old: ["2", "0", "a"], new: ["1", "0", "a"] }), [
      "one",
      "two",
      "uno",
    ]);
    assert.deepEqual(touched(filled(), { kind: "insert", new: ["3", "0", "a"] }), []);
  });

  test("an update of columns that nobody names finds nothing; a value that is kept out of line is unchanged", () => {
    const index = filled(new Set(["id", "t"]));
    assert.deepEqual(touched(index, { kind: "update", old: ["1", "0", "a"], new: ["1", "5", undefined] }), []);
    assert.deepEqual(touched(index, { kind: "update", old: ["1", "0", "a"], new: ["1", "5", "b"] }), ["one", "uno"]);
  });

  test("what is not told counts as anything", () => {
    const all = ["one", "two", "uno"];
    assert.deepEqual(touched(filled(), { kind: "update", new: ["9", "0", "a"] }), all);
    assert.deepEqual(touched(filled(), { kind: "delete", old: [undefined, "0", "a"] }), all);
    assert.deepEqual(touched(filled(), { kind: "truncate" }), all);
    assert.deepEqual(touched(filled(), { kind: "reloaded" }), all);
  });

  test("a change of a table that is newer than the catalog finds everything", () => {
    const index = new ReadSetIndex<string>(() => null);
    const readSet = bind(shapeOn(null), [1]);
    if (readSet.isCacheable) index.add("one", readSet);
    assert.deepEqual(touched(index, { kind: "insert", new: ["9", "0", "a"] }), ["one"]);
  });

  test("what was removed is not found, and leaves nothing behind", () => {
    const index = filled();
    index.remove("one");
    index.remove("one");
    assert.deepEqual(touched(index, { kind: "truncate" }), ["two", "uno"]);
    for (const entry of ["two", "uno"]) index.remove(entry);
    assert.deepEqual(touched(index, { kind: "truncate" }), []);
    assert.equal(index.size, 0);
  });

  test("a parameter that is a time makes the call uncacheable; odd spellings widen it", () => {
    const shape = { ...shapeOn(null), datetimeParameters: [1] };
    assert.equal(bind(shape, ["today"]).isCacheable, false);
    const wide = bind(shapeOn(null), [" 1 "]);
    assert.ok(wide.isCacheable && wide.reads[0]!.alternatives === null);
  });
});
