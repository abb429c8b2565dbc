/** What the read set bench asks, of which tables, and what it changes in them. */
import type { Random } from "../packages/lineshaft/src/readset/test/random.ts";

const POSTS = 1_000;
const AUTHORS = 100;
const TAGS = 50;

export const SCHEMA = `
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

export interface Question {
  /** As in the names of figures. */
  readonly name: string;
  readonly title: string;
  readonly sql: string;
  readonly input: Input;
}

const id: Input = (number) => [1 + number * 7];
export const QUESTIONS: readonly Question[] = [
  {
    name: "point",
    title: "point by unique slug",
    sql: "select id, slug, title from post where slug = $1",
    input: (number) => [`slug-${1 + number * 7}`],
  },
  {
    name: "list",
    title: "list by owner, limit 20",
    sql: "select id, title from post where author = $1 and published order by id limit 20",
    input: id,
  },
  {
    name: "count",
    title: "count by owner and flag",
    sql: "select count(*) from post where author = $1 and published = $2",
    input: (number) => [1 + number * 7, number % 2 === 0],
  },
  {
    name: "author",
    title: "post and its author",
    sql: "select p.id, p.title, a.name from post p join author a on a.id = p.author where p.id = $1",
    input: id,
  },
  {
    name: "posts",
    title: "author and post count",
    sql: `select a.id, a.name, (select count(*) from post p where p.author = a.id) as posts
      from author a where a.id = $1`,
    input: id,
  },
  {
    name: "tagged",
    title: "posts with a tag (exists)",
    sql: `select p.id, p.title from post p where exists (
      select from post_tag pt join tag t on t.id = pt.tag where pt.post = p.id and t.name = $1) order by p.id`,
    input: (number) => [`tag ${1 + number * 3}`],
  },
  {
    name: "tags",
    title: "post and tags (left joins)",
    sql: `select p.id, p.title, array_agg(t.name order by t.name) as tags from post p
      left join post_tag pt on pt.post = p.id left join tag t on t.id = pt.tag where p.id = $1 group by p.id`,
    input: id,
  },
  {
    name: "any",
    title: "id = any",
    sql: "select id, title from post where id = any($1)",
    input: (number) => [[1 + number * 7, 2 + number * 11, 3 + number * 13]],
  },
];

/** Lists whose end depends on rows that are not in them. */
export const TOP_QUESTIONS: readonly Question[] = [
  {
    name: "top",
    title: "top 10 by visits",
    sql: "select id, title, visits from post where published order by visits desc, id limit 10",
    input: () => [],
  },
];

/** A change of one row; half of them bump a counter. */
export function makeChange(random: Random, serial: number): string {
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
