/** Read sets under row level security: what policies read counts, for the role that asks, and nothing else does. */
import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { escapeIdentifier } from "pg";
import { missing, TEST_SERVERS } from "../testkit/index.ts";
import { bind } from "./index.ts";
import type { Case } from "./test/stand.ts";
import { ReadSetStand } from "./test/stand.ts";

/** The role asks as account 1. */
interface PolicyCase {
  readonly name: string;
  readonly query: string;
  readonly seed?: string;
  readonly change: string;
}

const HIDDEN = "insert into s2.doc values (7, 2, 5, 'x')";
const SHOWN = "insert into s2.doc values (7, 1, 5, 'x')";
const SHARED = `${HIDDEN}; insert into s2.member values (1, 5)`;
const NOTE = "insert into s2.note values (1, 5, 'x')";
const SHARED_NOTE = `${NOTE}; insert into s2.member values (1, 5)`;

/** Each changes the answer. */
const CHANGES: readonly PolicyCase[] = [
  {
    name: "a membership shows a row",
    query: "select * from s2.doc where id = 7",
    ...{ seed: HIDDEN, change: "insert into s2.member values (1, 5)" },
  },
  {
    name: "a membership that ends hides a row",
    query: "select * from s2.doc where id = 7",
    ...{ seed: SHARED, change: "delete from s2.member where account = 1" },
  },
  {
    name: "a row that is given away is hidden",
    query: "select id from s2.doc where title = 'x'",
    ...{ seed: SHOWN, change: "update s2.doc set owner = 3" },
  },
  {
    name: "a restrictive policy hides a row",
    query: "select count(*) from s2.doc",
    ...{ seed: SHOWN, change: "insert into s2.banned values (1)" },
  },
  {
    name: "a membership of an array shows rows of a team",
    query: "select count(*) from s2.note",
    ...{ seed: NOTE, change: "insert into s2.member values (1, 5)" },
  },
  {
    name: "a row of a team comes",
    query: "select count(*) from s2.note",
    ...{ seed: SHARED_NOTE, change: "insert into s2.note values (2, 5, 'y')" },
  },
  {
    name: "a policy stands on a table with a policy",
    query: "select count(*) from s2.reply",
    ...{ seed: `${NOTE}; insert into s2.reply values (1, 1)`, change: "insert into s2.member values (1, 5)" },
  },
  {
    name: "what is joined to a row that becomes visible",
    query: "select b.x from s2.doc d join b on b.id = d.team where d.id = 7",
    ...{ seed: `${HIDDEN}; insert into b (id, x) values (5, 1)`, change: "insert into s2.member values (1, 5)" },
  },
  {
    name: "what is joined to a visible row",
    query: "select b.x from s2.doc d join b on b.id = d.team where d.id = 7",
    ...{ seed: `${SHOWN}; insert into b (id, x) values (5, 1)`, change: "update b set x = 2" },
  },
  {
    name: "the nullable side of a join",
    query: "select a.id, d.title from a left join s2.doc d on d.id = a.id and d.title = 'x'",
    ...{ seed: `${HIDDEN}; insert into a (id) values (7)`, change: "insert into s2.member values (1, 5)" },
  },
  {
    name: "a list that ends, when a row before its end becomes visible",
    query: "select id from s2.doc order by id limit 1",
    ...{ seed: `${HIDDEN}; insert into s2.doc values (8, 1, 6, 'y')`, change: "insert into s2.member values (1, 5)" },
  },
  {
    name: "a view reads with the rights of its owner",
    query: "select count(*) from s2.all_notes",
    change: NOTE,
  },
  {
    name: "a view that says so reads with the rights of who asks",
    query: "select count(*) from s2.own_notes",
    ...{ seed: NOTE, change: "insert into s2.member values (1, 5)" },
  },
  {
    name: "a security definer",
    query: "select s2.count_all('x')",
    change: NOTE,
  },
  {
    name: "a function of the one who asks",
    query: "select s2.count_own('x')",
    ...{ seed: NOTE, change: "insert into s2.member values (1, 5)" },
  },
];

const READS: readonly (readonly [sql: string, ...reads: string[]])[] = [
  [
    "select * from s2.doc where id = $1",
    ...["s2.banned(account:app.account)", "s2.doc(id:$1)", "s2.member(account:app.account)"],
  ],
  ["select * from s2.note", "s2.member(account:app.account)", "s2.note(team:key 0)"],
  ["select * from s2.note where id = 3", "s2.member(account:app.account)", "s2.note(id:3)"],
  ["select * from s2.all_notes where id = 3", "s2.note(id:3)"],
  ["select * from s2.own_notes where id = 3", "s2.member(account:app.account)", "s2.note(id:3)"],
  ["select * from s2.closed", "s2.closed()"],
  ["select * from a where x = current_setting('app.account')::int", "a(x:app.account)"],
  ["select * from a where t = current_setting('App.Account', true)", "a(t:app.account)"],
];

const REASONS: readonly (readonly [sql: string, reason: RegExp])[] = [
  ["select * from s2.r", /^the setting app\.actor, whose value is not known, in a policy of r$/],
  ["select current_setting('app.actor')", /^the setting app\.actor, whose value is not known$/],
  ["select current_setting('TimeZone')", /^the stable function current_setting$/],
  ["select current_setting(t) from a", /^the stable function current_setting$/],
  ["select current_setting('app.account')::date", /^a cast to date of what may be text$/],
];

for (const server of TEST_SERVERS) {
  describe(`row level security on ${server.name}`, { skip: missing(server) }, () => {
    let stand: ReadSetStand;
    before(async () => {
      stand = await ReadSetStand.openWithCases(server.binaries);
    });
    after(() => stand[Symbol.asyncDispose]());

    for (const { name, query, seed = null, change } of CHANGES) {
      const isTold = server.binaries === undefined || change.startsWith("insert");
      const skip = !isTold && "old rows are returned from 18 on";
      test(`the change alters the answer and is noticed: ${name}`, { skip }, async () => {
        const each: Case = { name, query, seed, change, params: [], table: "" };
        assert.equal(await stand.outcomeOf(each), "touched");
      });
    }

    for (const [sql, ...reads] of READS) {
      test(sql, async () => assert.deepEqual(stand.readsOf(await stand.shapeOf(sql)), reads));
    }

    for (const [sql, reason] of REASONS) {
      test(`is not cached: ${sql}`, async () => {
        const shape = await stand.shapeOf(sql);
        assert.match(shape.isCacheable ? "cacheable" : shape.reason, reason);
      });
    }

    test("the server's own tree names no table that is not read", async () => {
      // It does not look into functions.
      for (const { query } of CHANGES.filter((each) => !/count_(?:all|own)/.test(each.query))) {
        const witness = new Set<number>();
        const shape = await stand.asReader(() => stand.shapeOf(query, (oid) => void witness.add(oid)));
        assert.ok(shape.isCacheable && witness.size > 0, query);
        const known = new Set(shape.reads.map(({ table }) => table));
        const tables = [...witness].filter((oid) => stand.catalog.relationByOid(oid)!.kind !== "v");
        assert.deepEqual(
          tables.filter((oid) => !known.has(oid)),
          [],
          query,
        );
      }
    });

    test("memberships of others touch nothing", async () => {
      for (const sql of ["select * from s2.doc where id = 7", "select count(*) from s2.note"]) {
        assert.deepEqual(await stand.touchedBy(sql, "insert into s2.member values (2, 5)"), []);
        assert.deepEqual(await stand.touchedBy(sql, "insert into s2.member values (1, 5)"), [1]);
      }
    });

    test("an answer that read a setting is not kept without the setting's value", async () => {
      const shape = await stand.shapeOf("select * from s2.note");
      assert.ok(shape.isCacheable);
      const bound = bind(shape, []);
      assert.equal(bound.isCacheable ? "" : bound.reason, "the setting app.account, whose value is not known");
      assert.ok(bind(shape, [], [], { settings: new Map([["app.account", "1"]]) }).isCacheable);
    });

    test("a setting that is not set, or reads otherwise than its type, is not taken for a value", async () => {
      const shape = await stand.shapeOf("select * from a where x = current_setting('app.account', true)::int");
      assert.ok(shape.isCacheable);
      for (const [value, alternatives] of [
        [null, []],
        [" 1", null],
      ] as const) {
        const bound = bind(shape, [], [], { settings: new Map([["app.account", value]]) });
        assert.deepEqual(bound.isCacheable && bound.reads[0]!.alternatives, alternatives);
      }
    });

    test("owners are free unless it is forced, and so is who is exempt", async () => {
      const filterOf = (name: string) => {
        const relation = stand.catalog.relation("s2", name, []);
        assert.ok(relation !== null && relation !== "system");
        return stand.catalog.rowFilter(relation, stand.catalog.role);
      };
      assert.notEqual(filterOf("note"), null);
      assert.equal(filterOf("closed"), "false");
      assert.doesNotMatch(filterOf("doc")!, /for the owner|for writes/);
      const role = escapeIdentifier(stand.reader!);
      for (const [ddl, isFree] of [
        [`alter table s2.note owner to ${role}`, true],
        ["alter table s2.note force row level security", false],
        [`alter role ${role} bypassrls`, true],
      ] as const) {
        const { version } = stand.catalog;
        await stand.client.query(ddl);
        await stand.reload();
        assert.notEqual(stand.catalog.version, version, ddl);
        assert.equal(filterOf("note") === null, isFree, ddl);
      }
    });
  });
}
