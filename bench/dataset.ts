/**
 * Dataset: the rows that every server reads, the same in every run.
 *
 * Keys are counted, so that the load generator can make them without a list and an answer can be known beforehand.
 */
import pg from "pg";
import { tokenHash } from "../packages/lineshaft/src/accounts/tokens.ts";

export const AUTHORS = 100;
export const NOTES = 10_000;
/** Callers that are signed in, each as another author. */
export const SESSIONS = 100;

const AUTHOR_PREFIX = "01976a0e-0000-7000-8000-";
export const NOTE_PREFIX = "01976a0f-0000-7000-8000-";
const EPOCH = "2026-01-01T00:00:00.000Z";

const padded = (number: number): string => number.toString(16).padStart(12, "0");

/** Authors and notes are numbered from 1. */
export const authorId = (number: number): string => AUTHOR_PREFIX + padded(number);
export const noteId = (number: number): string => NOTE_PREFIX + padded(number);

/** Of the length that session tokens have; numbered from 0. */
export const sessionToken = (number: number): string => `bench${String(number).padStart(27, "0")}`;

/** A note as every server must answer it. */
export function noteRow(number: number) {
  return {
    id: noteId(number),
    author: authorId((number % AUTHORS) + 1),
    title: `Note ${number}`,
    body: `${"What there is to say. ".repeat(9)}${number}`,
    done: number % 3 === 0,
    createdAt: new Date(Date.parse(EPOCH) + number * 1_000).toISOString(),
  };
}

export const authorName = (number: number): string => `Author ${number}`;

const SEED = [
  `insert into bench.author ("id", "name", "email")
    select ('${AUTHOR_PREFIX}' || lpad(to_hex(n), 12, '0'))::uuid, 'Author ' || n, 'author' || n || '@example.com'
    from generate_series(1, ${AUTHORS}) as n`,
  `insert into bench.note ("id", "author", "title", "body", "done", "createdAt")
    select ('${NOTE_PREFIX}' || lpad(to_hex(n), 12, '0'))::uuid,
      ('${AUTHOR_PREFIX}' || lpad(to_hex(n % ${AUTHORS} + 1), 12, '0'))::uuid,
      'Note ' || n, repeat('What there is to say. ', 9) || n, n % 3 = 0,
      '${EPOCH}'::timestamptz + n * interval '1 second'
    from generate_series(1, ${NOTES}) as n`,
  "vacuum analyze bench.author",
  "vacuum analyze bench.note",
];

/** Nobody holds a lock for long here: who waits for one longer waits for ever. */
const LOCK_SECONDS = 20;

/** Runs statements one by one, on a connection of their own. */
export async function runSql(databaseUrl: string, statements: readonly string[]): Promise<void> {
  const client = new pg.Client({ connectionString: databaseUrl });
  await client.connect();
  try {
    await client.query(`set lock_timeout = '${LOCK_SECONDS}s'`);
    for (const statement of statements) await client.query(statement);
  } finally {
    await client.end();
  }
}

/** Teams are numbered from 1; an author is in the one of its number. */
const TEAMS = 10;
export const teamOf = (author: number): string => `Team ${(author % TEAMS) + 1}`;

const SEED_TEAMS = [
  `insert into bench.team ("name") select 'Team ' || n from generate_series(1, ${TEAMS}) as n`,
  `insert into bench.member ("author", "team")
    select author."id", team."id"
    from generate_series(1, ${AUTHORS}) as n
      join bench.author on author."name" = 'Author ' || n join bench.team on team."name" = 'Team ' || n % ${TEAMS} + 1`,
  "vacuum analyze bench.team",
  "vacuum analyze bench.member",
];

/** What the suite of kept answers needs beside the notes: teams, and callers that are signed in. */
export async function seedForCache(databaseUrl: string): Promise<void> {
  await runSql(databaseUrl, SEED_TEAMS);
  const client = new pg.Client({ connectionString: databaseUrl });
  await client.connect();
  try {
    const tokens = Array.from({ length: SESSIONS }, (_, number) => tokenHash(sessionToken(number)));
    await client.query(SEED_SESSIONS, [tokens]);
  } finally {
    await client.end();
  }
}

const SEED_SESSIONS = `
  with caller as (
    insert into accounts.account (email) select 'caller' || n || '@example.com' from generate_series(1, $$) n
    returning id
  ), numbered as (select id, row_number() over () as number from caller)
  insert into accounts.session (account, token, "expiresAt")
    select numbered.id, token, now() + interval '1 day'
    from unnest($1::text[]) with ordinality as given (token, number) join numbered using (number)`.replace(
  "$$",
  String(SESSIONS),
);

/** Puts the rows in; the tables must be there, which our own server's migrations make. */
export async function seed(databaseUrl: string): Promise<void> {
  await runSql(databaseUrl, SEED);
}

/** Empties the table that inserts fill, so that no server pays for the rows of another. */
export async function emptyEntries(databaseUrl: string): Promise<void> {
  await runSql(databaseUrl, ["truncate bench.entry", "checkpoint"]);
}
