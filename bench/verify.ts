/**
 * Verify: whether every server does the work, before it is measured.
 *
 * The answers are known from the data; each server must give them with the same status and the same bytes, and refuse
 * what the rules refuse. A server that is fast because it does less is found here.
 */
import assert from "node:assert/strict";
import { AUTHORS, authorName, noteId, noteRow, sessionToken, teamOf } from "./dataset.ts";
import { ENTRY, PERSON } from "./scenarios.ts";

export interface Check {
  readonly what: string;
  readonly method: "GET" | "POST";
  readonly path: string;
  readonly body?: unknown;
  readonly signedIn?: boolean;
  /** An answer with a body to the byte; or any status from 400 to 499. */
  readonly expected: { readonly status: number; readonly body: unknown } | "refused";
}

/** The values that a database makes anew each time. */
const MADE = "made by the database";
const PAGE_FROM = 4_000;

const refused = (what: string, path: string, body: unknown): Check => ({
  what: `${path} with ${what}`,
  method: "POST",
  path,
  body,
  expected: "refused",
});

const { address } = PERSON;
const { author, title, body } = ENTRY;

function pageAfter(number: number, hasTeams = false) {
  const numbers = Array.from({ length: 20 }, (_, index) => number + 1 + index);
  const items = numbers.map((each) => {
    const { id, title, done, createdAt } = noteRow(each);
    return {
      id,
      title,
      done,
      createdAt,
      authorName: authorName((each % AUTHORS) + 1),
      ...(hasTeams ? { team: teamOf((each % AUTHORS) + 1) } : {}),
    };
  });
  return { items, next: noteId(number + 20) };
}

const greeting = { message: "Good morning", version: 1, ready: true };
const added = { id: MADE, author, title, body, createdAt: MADE };

export const PEER_CHECKS: readonly Check[] = [
  { what: "static", method: "GET", path: "/hello", expected: { status: 200, body: greeting } },
  { what: "echo", method: "POST", path: "/echo", body: PERSON, expected: { status: 200, body: PERSON } },
  { what: "a row", method: "GET", path: `/notes/${noteId(42)}`, expected: { status: 200, body: noteRow(42) } },
  { what: "a row that is not there", method: "GET", path: `/notes/${noteId(0)}`, expected: "refused" },
  { what: "a key that is none", method: "GET", path: "/notes/42", expected: "refused" },
  {
    what: "a page",
    method: "GET",
    path: `/notes?after=${noteId(PAGE_FROM)}`,
    expected: { status: 200, body: pageAfter(PAGE_FROM) },
  },
  { what: "a page after nothing", method: "GET", path: "/notes?after=", expected: "refused" },
  { what: "an insert", method: "POST", path: "/entries", body: ENTRY, expected: { status: 201, body: added } },
  refused("no name", "/echo", { ...PERSON, name: undefined }),
  refused("a name of no length", "/echo", { ...PERSON, name: "" }),
  refused("a name that is too long", "/echo", { ...PERSON, name: "a".repeat(81) }),
  refused("an e-mail address that is none", "/echo", { ...PERSON, email: "ada" }),
  refused("an age over the limit", "/echo", { ...PERSON, age: 151 }),
  refused("an age with a fraction", "/echo", { ...PERSON, age: 1.5 }),
  refused("an age as text", "/echo", { ...PERSON, age: "36" }),
  refused("an unknown role", "/echo", { ...PERSON, role: "king" }),
  refused("too many tags", "/echo", { ...PERSON, tags: Array(11).fill("tag") }),
  refused("a tag that is a number", "/echo", { ...PERSON, tags: [1] }),
  refused("a zip that does not match", "/echo", { ...PERSON, address: { ...address, zip: "1234" } }),
  refused("no address", "/echo", { ...PERSON, address: undefined }),
  refused("a name that nobody declared", "/echo", { ...PERSON, king: true }),
  refused("a nested name that nobody declared", "/echo", { ...PERSON, address: { ...address, king: true } }),
  refused("an author that is no key", "/entries", { ...ENTRY, author: "7" }),
  refused("no title", "/entries", { ...ENTRY, title: "" }),
];

/** What those with another path for it must answer, too. */
export const SERIALIZABLE_CHECKS: readonly Check[] = PEER_CHECKS.filter(({ path }) => path === "/entries").map(
  (each) => ({ ...each, path: "/entries-serializable" }),
);

const minePath = (number: number): string => `/mine/notes/${noteId(number)}`;
const row = (number: number, change = {}) => ({ status: 200, body: { ...noteRow(number), ...change } });

/** Twice, because what is kept must be what was worked out. */
export const CACHED_CHECKS: readonly Check[] = [
  { what: "nobody", method: "GET", path: minePath(42), expected: "refused" },
  ...["a row", "the row again"].map(
    (what): Check => ({ what, method: "GET", path: minePath(42), signedIn: true, expected: row(42) }),
  ),
  { what: "no row", method: "GET", path: minePath(0), signedIn: true, expected: "refused" },
  ...["a page", "the page again"].map(
    (what): Check => ({
      what,
      method: "GET",
      path: `/notes?after=${noteId(PAGE_FROM)}`,
      expected: { status: 200, body: pageAfter(PAGE_FROM, true) },
    }),
  ),
];

/** What is changed must not be what was kept; the second change is the way back. */
export const CHANGED_CHECKS: readonly Check[] = [!noteRow(42).done, noteRow(42).done].flatMap((done): Check[] => [
  { what: "a change", method: "POST", path: minePath(42), signedIn: true, body: { done }, expected: row(42, { done }) },
  { what: "the changed row", method: "GET", path: minePath(42), signedIn: true, expected: row(42, { done }) },
]);

const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[0-9a-f]{4}-[0-9a-f]{12}$/;
const INSTANT = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/;

/** Replaces what the database makes, where it has the right form. */
function withoutMade(text: string, expected: unknown): string {
  const value = JSON.parse(text) as Record<string, unknown>;
  const wanted = expected as Record<string, unknown>;
  if (wanted["id"] === MADE && UUID.test(String(value["id"]))) value["id"] = MADE;
  if (wanted["createdAt"] === MADE && INSTANT.test(String(value["createdAt"]))) value["createdAt"] = MADE;
  return JSON.stringify(value);
}

async function verifyOne(origin: string, check: Check): Promise<void> {
  const { method, body, signedIn } = check;
  const headers = {
    ...(body === undefined ? {} : { "content-type": "application/json" }),
    ...(signedIn ? { authorization: `Bearer ${sessionToken(7)}` } : {}),
  };
  const response = await fetch(origin + check.path, {
    method,
    headers,
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  });
  const text = await response.text();
  if (check.expected === "refused") {
    assert.ok(response.status >= 400 && response.status < 500, `answered ${response.status}, but had to refuse`);
    return;
  }
  assert.equal(response.status, check.expected.status, text);
  assert.match(response.headers.get("content-type") ?? "", /^application\/json/);
  assert.equal(withoutMade(text, check.expected.body), JSON.stringify(check.expected.body));
}

/** @throws {Error} that names every check that the server at `origin` fails. */
export async function verify(origin: string, checks: readonly Check[]): Promise<void> {
  const problems: string[] = [];
  for (const check of checks) {
    await verifyOne(origin, check).catch((error: Error) => problems.push(`${check.what}: ${error.message}`));
  }
  if (problems.length > 0) throw new Error(`does not do the work:\n  ${problems.join("\n  ")}`);
}
