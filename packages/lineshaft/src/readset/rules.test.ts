/**
 * Each rule is needed: with it switched off, a case that the rule was made for goes wrong. Most are cases of
 * `readset.test.ts`; the others are here.
 */
import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { rules } from "./rules.ts";
import { CASES, type Case, ReadSetStand } from "./test/stand.ts";

type Rule = keyof typeof rules;

const one = (query: string, change: string, more: Partial<Case> = {}): Case => ({
  ...{ name: query, query, change, params: [], seed: null, table: "" },
  ...more,
});
const named = (name: string): Case => CASES.cases.find((each) => each.name === name)!;

/** For each rule a case that is missed without it. */
const NEEDS: Readonly<Record<Rule, Case>> = {
  castsMustMatch: named("cast rounds a constant"),
  classesMustMatch: named("int8 = float8 is lossy"),
  collationMustBeDeterministic: named("nondeterministic collation"),
  generatedColumnsAreNoTags: one("select sum(v) from gv", "update gv set x = 2", {
    seed: "insert into gv (id, x) values (1, 1)",
  }),
  keptSideIgnoresOn: named("left join: ON does not narrow the kept side"),
  fullJoinIgnoresOn: named("full join: ON narrows neither side"),
  nullableSideDropsFacts: named("IS NULL on the nullable side"),
  onlyStrictFactsReduce: one(
    "select a.id from a left join b on b.aid = a.id and b.x = 1 and a.x = 1 where b.id is null",
    "insert into a (id, x) values (1, 2)",
  ),
  limitStopsPush: named("no push below LIMIT"),
  windowStopsPush: named("no push below a window"),
  distinctOnStopsPush: named("no push below DISTINCT ON"),
  groupingColumnsOnly: one(
    "select * from (select x, id from a group by rollup (x, id)) s where s.id is null",
    "insert into a (id, x) values (1, 2)",
  ),
  notInStopsPush: named("NOT IN: a null member matters"),
  recursionStopsPush: one(
    `with recursive r(id, up) as (select id, up from tree where up = 0
      union all select t.id, t.up from tree t join r on t.up = r.id) select * from r where id = 3`,
    "insert into tree (id, up) values (1, 0)",
    { seed: "insert into tree (id, up) values (3, 1)" },
  ),
  outerJoinsAreNotCertain: one(
    "select a.id, c.id from (a left join b on b.aid = a.id and a.x = 1) join c on c.bid = a.x",
    "insert into c (id, bid) values (1, 2)",
    { seed: "insert into a (id, x) values (1, 2)" },
  ),
  aggregatesAlwaysHaveARow: one(
    "select id from a where exists (select count(*) from b where b.aid = a.id and b.aid = 5)",
    "insert into a (id) values (1)",
  ),
  armsHaveOneType: one(
    "select count(*) from (select f from a union all select y from a) s where s.f = $1",
    "insert into a (id, y) values (1, 9007199254740993)",
    { params: ["9007199254740992"] },
  ),
  functionArgumentsAreOpaque: named("function arguments are not statement parameters"),
  textIsWellFormed: named("lone surrogate"),
  oddSpellingsWiden: named("int parameter in odd spelling"),
  numbersHaveOneSpelling: named("numeric scale"),
  blanksAreTrimmed: named("char padding"),
  changesReachAncestors: named("leaf of a partitioned table"),
  unknownValuesHitAll: one("select count(*) from a where x = 1", "insert into a (id, x) values (1, 1)", {
    untold: "x",
  }),
  oldRowsCount: one("select count(*) from a where x = 1", "update a set x = 2", {
    seed: "insert into a (id, x) values (1, 1)",
  }),
  tiesAreNotBehind: one("select id, x from a order by x, id limit 1", "insert into a (id, x) values (1, 1)", {
    seed: "insert into a (id, x) values (2, 1)",
  }),
  shortListsHaveNoEnd: one("select id from a order by id limit 2", "insert into a (id) values (2)", {
    seed: "insert into a (id) values (1)",
  }),
  nullsHaveAPlace: one("select id, x from a order by x desc limit 1", "insert into a (id) values (2)", {
    seed: "insert into a (id, x) values (1, 1)",
  }),
  orderedSideIsKept: one(
    "select a.id, b.x from a left join b on b.aid = a.id order by b.x nulls first, a.id limit 3",
    "insert into b (id, aid, x) values (2, 2, 2)",
    { seed: "insert into a (id) values (1), (2), (3); insert into b (id, aid, x) values (1, 1, 1)" },
  ),
  listsAreOfRows: one("select id, count(*) over () from a order by id limit 1", "insert into a (id) values (2)", {
    seed: "insert into a (id) values (1)",
  }),
  policiesAreRead: one("select * from s2.doc where id = 7", "insert into s2.member values (1, 5)", {
    seed: "insert into s2.doc values (7, 2, 5, 'x')",
  }),
  policiesTakeNoHiddenKeys: one("select * from s2.reply where id = 7", "insert into s2.note values (1, 5, 'x')", {
    seed: "insert into s2.reply values (7, 1); insert into s2.member values (1, 5)",
  }),
  policiesRestrict: one("select * from s2.doc where id = 7", "insert into s2.banned values (1)", {
    seed: "insert into s2.doc values (7, 1, 5, 'x')",
  }),
  viewsReadAsOwner: one("select count(*) from s2.all_notes", "insert into s2.note values (1, 5, 'x')"),
  functionsMayRunAsOwner: one("select s2.count_all('x')", "insert into s2.note values (1, 5, 'x')"),
  keysAreOwnReads: one("select count(*) from s2.all_joined where title = 'x'", "insert into b (id) values (1)", {
    seed: "insert into s2.note values (1, 5, 'x')",
  }),
  maskHoldsEveryName: one("select x from a where id = 1", "update a set x = 2", {
    seed: "insert into a (id, x) values (1, 1)",
  }),
};

describe("rules of read sets", () => {
  let stand: ReadSetStand;
  before(async () => {
    stand = await ReadSetStand.openWithCases();
  });
  after(() => stand[Symbol.asyncDispose]());

  for (const [rule, each] of Object.entries(NEEDS) as [Rule, Case][]) {
    test(`without ${rule} a change is missed that is noticed with it`, async () => {
      assert.equal(await stand.outcomeOf(each), "touched");
      rules[rule] = false;
      try {
        await stand.reload();
        assert.equal(await stand.outcomeOf(each), "missed");
      } finally {
        rules[rule] = true;
        await stand.reload();
      }
    });
  }
});
