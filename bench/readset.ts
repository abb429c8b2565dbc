/**
 * Read sets measured: how often usual questions are invalidated for nothing, and what analysis and binding cost.
 *
 *     node bench/readset.ts [--json] [--changes 400]
 *
 * Model. 1000 posts of 100 authors with 50 tags; 12 inputs for each question; half of the changes bump a counter, the
 * others insert, delete and update rows of all four tables. A change is needless for an input if it is one of a table
 * that the question reads, touches the read set, and leaves the answer as it was. A missed change fails the run.
 */
import { parseArgs } from "node:util";
import {
  analyse,
  bind,
  type CacheableShape,
  type KeyAnswer,
  ReadSetIndex,
} from "../packages/lineshaft/src/readset/index.ts";
import { Random } from "../packages/lineshaft/src/readset/test/random.ts";
import { ReadSetStand } from "../packages/lineshaft/src/readset/test/stand.ts";

const POSTS = 1_000;
const AUTHORS = 100;
const TAGS = 50;
const INPUTS = 12;
const WARM_UP = 300;
const BINDS = 200_000;
const ENTRIES = 100_000;

const SCHEMA = `
  create table author (id int primary key, name text not null, visits int not null default 0);
  create table post (id int primary key, slug text not null unique, author int not null, title text not null,
    published boolean not null, visits int not null default 0);
  create table tag (id int primary key, name text not null unique, visits int not null default 0);
  create table post_tag (post int, tag int, primary key (post, tag));
  insert into author select n, 'author ' || n from generate_series(1, ${AUTHORS}) n;
  insert into tag select n, 'tag ' || n from generate_series(1, ${TAGS}) n;
  insert into post select n, 'slug-' || n, 1 + n % ${AUTHORS}, 'title ' || n, n % 5 > 0, n % 97
    from generate_series(1, ${POSTS}) n;
  insert into post_tag select n, 1 + (n * k) % ${TAGS} from generate_series(1, ${POSTS}) n, (values (3), (7)) v(k)
    on conflict do nothing;`;

type Input = (number: number) => readonly unknown[];
interface Question {
  readonly name: string;
  readonly sql: string;
  readonly input: Input;
}

const id: Input = (number) => [1 + number * 7];
const QUESTIONS: readonly Question[] = [
  {
    name: "point by unique slug",
    sql: "select id, slug, title from post where slug = $1",
    input: (number) => [`slug-${1 + number * 7}`],
  },
  {
    name: "list by owner, limit 20",
    sql: "select id, title from post where author = $1 and published order by id limit 20",
    input: id,
  },
  {
    name: "count by owner and flag",
    sql: "select count(*) from post where author = $1 and published = $2",
    input: (number) => [1 + number * 7, number % 2 === 0],
  },
  {
    name: "post and its author",
    sql: "select p.id, p.title, a.name from post p join author a on a.id = p.author where p.id = $1",
    input: id,
  },
  {
    name: "author and post count",
    sql: `select a.id, a.name, (select count(*) from post p where p.author = a.id) as posts
      from author a where a.id = $1`,
    input: id,
  },
  {
    name: "posts with a tag (exists)",
    sql: `select p.id, p.title from post p where exists (
      select from post_tag pt join tag t on t.id = pt.tag where pt.post = p.id and t.name = $1) order by p.id`,
    input: (number) => [`tag ${1 + number * 3}`],
  },
  {
    name: "post and tags (left joins)",
    sql: `select p.id, p.title, array_agg(t.name order by t.name) as tags from post p
      left join post_tag pt on pt.post = p.id left join tag t on t.id = pt.tag where p.id = $1 group by p.id`,
    input: id,
  },
  {
    name: "top 10 by visits",
    sql: "select id, title, visits from post where published order by visits desc, id limit 10",
    input: () => [],
  },
  {
    name: "id = any",
    sql: "select id, title from post where id = any($1)",
    input: (number) => [[1 + number * 7, 2 + number * 11, 3 + number * 13]],
  },
];

/** A change of one row; half of them bump a counter. */
function makeChange(random: Random, serial: number): string {
  const post = 1 + random.below(POSTS);
  if (random.chance(0.5)) {
    const table = random.pick(["post", "post", "post", "author", "tag"]);
    const count = { post: POSTS, author: AUTHORS, tag: TAGS }[table]!;
    return `update ${table} set visits = visits + 1 where id = ${1 + random.below(count)}`;
  }
  const author = 1 + random.below(AUTHORS);
  const tag = 1 + random.below(TAGS);
  return random.pick([
    `insert into post values (${POSTS + serial}, 'slug-${POSTS + serial}', ${author}, 'new', true)`,
    `delete from post where id = ${post}`,
    `update post set title = 'title ${serial}' where id = ${post}`,
    `update post set author = ${author} where id = ${post}`,
    `update post set published = not published where id = ${post}`,
    `insert into post_tag values (${post}, ${tag}) on conflict do nothing`,
    `delete from post_tag where post = ${post}`,
    `update author set name = 'author ${serial}' where id = ${author}`,
    `update tag set name = 'tag ${serial + TAGS}' where id = ${tag}`,
  ]);
}

interface Measured {
  readonly name: string;
  readonly reads: string;
  /** Percent of the changes of a table that the question reads. */
  readonly needlessPercent: number;
  readonly needlessWithoutKeysPercent: number;
  readonly altered: number;
  readonly missed: number;
  readonly analyseMicros: number;
  readonly bindMicros: number;
}

const round = (value: number, digits: number): number => Number(value.toFixed(digits));

async function measure(stand: ReadSetStand, question: Question, changes: number): Promise<Measured> {
  const { sql, input } = question;
  const shape = await stand.shapeOf(sql);
  if (!shape.isCacheable) throw new Error(`${question.name}: ${shape.reason}`);
  const tables = new Set(shape.reads.map(({ table }) => table));
  const inputs = Array.from({ length: INPUTS }, (_, number) => input(number));
  const random = new Random(7);
  const counts = { cases: 0, needless: 0, without: 0, altered: 0, missed: 0 };
  let answers = await answersOf(stand, sql, inputs);
  for (let serial = 1; serial <= changes; serial++) {
    const indexes = [await fill(stand, shape, inputs, true), await fill(stand, shape, inputs, false)] as const;
    const made = await stand.change(makeChange(random, serial));
    if (!made.some(({ table }) => tables.has(table.oid))) continue;
    const [touched, wide] = indexes.map((index) => new Set(made.flatMap((each) => [...index.touched(each)])));
    const now = await answersOf(stand, sql, inputs);
    for (const [number, answer] of now.entries()) {
      const isAltered = answer !== answers[number];
      counts.cases++;
      if (isAltered) counts.altered++;
      if (isAltered && !touched!.has(number)) counts.missed++;
      if (!isAltered && touched!.has(number)) counts.needless++;
      if (!isAltered && wide!.has(number)) counts.without++;
    }
    answers = now;
  }
  return {
    ...{ name: question.name, reads: stand.readsOf(shape).join(" ") },
    needlessPercent: round((100 * counts.needless) / counts.cases, 2),
    needlessWithoutKeysPercent: round((100 * counts.without) / counts.cases, 2),
    ...{ altered: counts.altered, missed: counts.missed },
    ...(await timesOf(stand, question)),
  };
}

async function answersOf(
  stand: ReadSetStand,
  sql: string,
  inputs: readonly (readonly unknown[])[],
): Promise<readonly string[]> {
  const answers: string[] = [];
  for (const each of inputs) answers.push(await stand.answer(sql, each));
  return answers;
}

async function fill(
  stand: ReadSetStand,
  shape: CacheableShape,
  inputs: readonly (readonly unknown[])[],
  hasKeys: boolean,
) {
  const index = new ReadSetIndex<number>((oid) => stand.catalog.lineage(oid));
  for (const [number, parameters] of inputs.entries()) {
    const readSet = bind(shape, parameters, hasKeys ? await stand.keysOf(shape, parameters) : []);
    if (readSet.isCacheable) index.add(number, readSet);
  }
  return index;
}

async function timesOf(stand: ReadSetStand, { sql, input }: Question) {
  const options = { searchPath: stand.path, parameterTypes: await stand.describe(sql) };
  const samples: number[] = [];
  for (let count = 0; count < 2 * WARM_UP; count++) {
    const startMs = performance.now();
    analyse(sql, stand.catalog, options);
    if (count >= WARM_UP) samples.push(performance.now() - startMs);
  }
  const analyseMicros = round(samples.sort((one, other) => one - other)[samples.length >> 1]! * 1_000, 0);
  const shape = analyse(sql, stand.catalog, options) as CacheableShape;
  const parameters = input(3);
  const keys = (await stand.keysOf(shape, parameters)) as KeyAnswer[];
  const startMs = performance.now();
  for (let count = 0; count < BINDS; count++) bind(shape, parameters, keys);
  return { analyseMicros, bindMicros: round(((performance.now() - startMs) * 1_000) / BINDS, 2) };
}

/** Many entries of one shape in one index; their memory includes their read sets. */
async function measureIndex(stand: ReadSetStand) {
  const { sql } = QUESTIONS[3]!;
  const shape = (await stand.shapeOf(sql)) as CacheableShape;
  const index = new ReadSetIndex<number>((oid) => stand.catalog.lineage(oid));
  globalThis.gc?.();
  const heapBefore = process.memoryUsage().heapUsed;
  const sets = Array.from({ length: ENTRIES }, (_, number) => bind(shape, [number], [[String(number % 997)]]));
  const startMs = performance.now();
  for (const [number, readSet] of sets.entries()) if (readSet.isCacheable) index.add(number, readSet);
  const addMicros = round(((performance.now() - startMs) * 1_000) / ENTRIES, 2);
  globalThis.gc?.();
  const bytesPerEntry = Math.round((process.memoryUsage().heapUsed - heapBefore) / ENTRIES);
  const table = stand.catalog.relation("public", "post", [])!;
  const columns = (table as { columns: readonly { name: string }[] }).columns;
  const row = ["0", "slug", "1", "title", "t", "0"];
  const touchStartMs = performance.now();
  for (let number = 0; number < ENTRIES; number++) {
    row[0] = String(number);
    index.touched({ table: { oid: (table as { oid: number }).oid, columns }, kind: "delete", old: row });
  }
  const touchMicros = round(((performance.now() - touchStartMs) * 1_000) / ENTRIES, 2);
  return { entries: ENTRIES, addMicros, touchMicros, bytesPerEntry, isHeapCollected: globalThis.gc !== undefined };
}

async function main(): Promise<void> {
  const { values } = parseArgs({ options: { json: { type: "boolean" }, changes: { type: "string", default: "400" } } });
  await using stand = await ReadSetStand.open();
  const rows: Measured[] = [];
  for (const question of QUESTIONS) {
    await stand.client.query(`drop table if exists author, post, tag, post_tag; ${SCHEMA}`);
    await stand.reload();
    rows.push(await measure(stand, question, Number(values.changes)));
  }
  const index = await measureIndex(stand);
  if (values.json === true) console.log(JSON.stringify({ rows, index }, null, 2));
  else {
    console.table(rows.map(({ reads, ...row }) => row));
    for (const { name, reads } of rows) console.log(`${name}: ${reads}`);
    console.log(index);
  }
  if (rows.some(({ missed }) => missed > 0)) process.exitCode = 1;
}

await main();
