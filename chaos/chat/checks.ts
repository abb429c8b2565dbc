/**
 * Checks of the end: pure functions that say what the database, the nodes and the clients have against a promise. What
 * can be seen only while it happens is found there: `book.ts`, `said.ts`, `person.ts`, and presence in `run.ts`.
 */
import type { Finding } from "../checks.ts";
import { type Acknowledged, type Expected, keyOf } from "./record.ts";

/** A message as it lies in the database. */
export interface Row {
  readonly room: string;
  readonly number: number;
  readonly author: string;
  readonly clientId: string;
  readonly text: string;
  readonly isDeleted: boolean;
  /** Emoji and account of each. */
  readonly reactions: readonly string[];
}

/** What somebody shows of a room, by number. */
export interface Shown {
  readonly who: string;
  readonly room: string;
  readonly lines: readonly string[];
}

/** How far a member has read. */
export interface ReadRow {
  readonly who: string;
  readonly room: string;
  readonly unread: number | undefined;
}

export interface Evidence {
  readonly acknowledged: Iterable<Acknowledged>;
  readonly expected: ReadonlyMap<string, Expected>;
  readonly rows: readonly Row[];
  /** The last number of each room, as the room says. */
  readonly lastNumbers: Readonly<Record<string, number>>;
  /** The first of each room is the truth: what a node answers. */
  readonly shown: readonly Shown[];
  readonly unread: { readonly truth: readonly ReadRow[]; readonly shown: readonly ReadRow[] };
}

export type Check = (evidence: Evidence) => Finding[];

/** What was acknowledged is there, once. */
const checkAcknowledged: Check = ({ acknowledged, rows }) => {
  const byClientId = Map.groupBy(rows, ({ clientId, author }) => `${clientId} ${author}`);
  const byText = Map.groupBy(
    rows.filter(({ isDeleted }) => !isDeleted),
    ({ text }) => text.split(" ")[0]!,
  );
  return [...acknowledged].flatMap(({ room, author, clientId, number }): Finding[] => {
    const what = `${clientId}, acknowledged as ${number} of ${room},`;
    const found = byClientId.get(`${clientId} ${author}`) ?? [];
    if (found.length > 1) return [{ kind: "doubled", what: `${what} is there ${found.length} times` }];
    if ((byText.get(clientId)?.length ?? 0) > 1)
      return [{ kind: "doubled", what: `the text of ${what} is there again` }];
    const [row] = found;
    if (!row) return [{ kind: "lost", what: `${what} is not there` }];
    if (row.number === number && row.room === room) return [];
    return [{ kind: "wrong", what: `${what} is ${row.number} of ${row.room}` }];
  });
};

/** Numbers of a room are 1, 2, 3 …, up to what the room says. */
const checkNumbers: Check = ({ rows, lastNumbers }) => {
  const byRoom = Map.groupBy(rows, ({ room }) => room);
  return Object.entries(lastNumbers).flatMap(([room, last]): Finding[] => {
    const there = (byRoom.get(room) ?? []).map(({ number }) => number).sort((left, right) => left - right);
    const wrong = Array.from({ length: Math.max(last, there.length) }).findIndex((_, at) => there[at] !== at + 1);
    if (wrong < 0) return [];
    return [{ kind: "lost", what: `${room}: at the place of ${wrong + 1} of ${last} there is ${there[wrong]}` }];
  });
};

/** Edits, deletions and reactions that were acknowledged are seen. */
const checkActs: Check = ({ expected, rows }) =>
  rows.flatMap((row): Finding[] => {
    const wanted = expected.get(keyOf(row.room, row.number));
    if (!wanted) return [];
    const at = `${row.number} of ${row.room}`;
    if (wanted.isDeleted !== null && wanted.isDeleted !== row.isDeleted) {
      return [{ kind: "lost", what: `${at} is ${row.isDeleted ? "" : "not "}deleted` }];
    }
    if (row.isDeleted) return [];
    if (wanted.text !== row.text && !wanted.late.has(row.text)) {
      return [{ kind: "lost", what: `${at} says "${row.text}" instead of "${wanted.text}"` }];
    }
    return [...wanted.reactions].flatMap(([reaction, isThere]): Finding[] => {
      if (isThere === null || row.reactions.includes(reaction) === isThere) return [];
      return [{ kind: "lost", what: `${at}: ${reaction} is ${isThere ? "not " : ""}there` }];
    });
  });

/** All who show a room show the same. */
const checkHistories: Check = ({ shown }) =>
  [...Map.groupBy(shown, ({ room }) => room).values()].flatMap(([truth, ...others]) =>
    others.flatMap(({ who, room, lines }): Finding[] => {
      const length = Math.max(lines.length, truth!.lines.length);
      const at = Array.from({ length }).findIndex((_, index) => lines[index] !== truth!.lines[index]);
      if (at < 0) return [];
      const what = `${who} shows ${lines[at]} in ${room}, and ${truth!.who} ${truth!.lines[at]}`;
      return [{ kind: lines[at] === undefined ? "lost" : "stale", what }];
    }),
  );

/** What is unread is what lies behind the read position, for everybody who looks. */
const checkUnread: Check = ({ unread: { truth, shown } }) => {
  const should = new Map(truth.map(({ who, room, unread }) => [`${who} ${room}`, unread]));
  return shown.flatMap(({ who, room, unread }): Finding[] => {
    const expected = should.get(`${who} ${room}`);
    if (expected === unread) return [];
    return [{ kind: "stale", what: `${who} is shown ${unread} unread messages of ${room}; there are ${expected}` }];
  });
};

export const CHAT_CHECKS: Readonly<Record<string, Check>> = {
  acknowledged: checkAcknowledged,
  numbers: checkNumbers,
  acts: checkActs,
  histories: checkHistories,
  unread: checkUnread,
};

/** Findings by check; empty when all promises were kept. */
export function checkChat(evidence: Evidence): Record<string, Finding[]> {
  const found = Object.entries(CHAT_CHECKS).map(([name, check]) => [name, check(evidence)] as const);
  return Object.fromEntries(found.filter(([, findings]) => findings.length > 0));
}
