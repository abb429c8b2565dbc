/** State: what the database, each node and each client say in the end. */
import type { Database } from "../database.ts";
import type { Item } from "./book.ts";
import type { Evidence, ReadRow, Row, Shown } from "./checks.ts";
import type { Crew } from "./crew.ts";
import { clientOf } from "./person.ts";
import type { Record } from "./record.ts";

const PAGE = 100;
const ROWS = `select room::text, number, author::text, "clientId", text, "deletedAt" is not null as "isDeleted",
  (select coalesce(array_agg(emoji || ' ' || account), '{}') from chat.reaction
    where reaction.room = message.room and reaction.number = message.number) as reactions
  from chat.message order by room, number`;
const LAST = `select id::text, "lastNumber" from chat.room`;
const UNREAD = `select account::text, room::text, room."lastNumber" - "readNumber" as unread
  from chat.member join chat.room on room.id = member.room`;

/** JSON in which the order of keys does not matter. */
function lineOf(value: unknown): string {
  return JSON.stringify(value, (_, each: unknown) => {
    if (each === null || typeof each !== "object" || Array.isArray(each)) return each;
    return Object.fromEntries(Object.entries(each).sort(([left], [right]) => (left < right ? -1 : 1)));
  });
}

/** Everything of a room, page by page. */
async function readRoom(url: string, token: string, room: string): Promise<string[]> {
  const client = clientOf(url, token);
  const lines: string[] = [];
  for (let after: number | null = 0; after !== null; ) {
    const page: { readonly items: readonly unknown[]; readonly after: number | null } = await client.chat.messages(
      { room, after, limit: PAGE },
      { timeoutMs: 30_000 },
    );
    lines.push(...page.items.map(lineOf));
    after = page.after;
  }
  return lines;
}

export async function readNodes(urls: readonly string[], crew: Crew): Promise<Shown[]> {
  const all: Shown[] = [];
  for (const room of crew.rooms) {
    for (const url of urls) all.push({ who: url, room, lines: await readRoom(url, crew.ownerToken, room) });
  }
  return all;
}

export function readClients(crew: Crew): Shown[] {
  return crew.seats.map(({ person, room, book }) => {
    return { who: person, room, lines: book.all().map((item: Item) => lineOf(item)) };
  });
}

function readUnread(crew: Crew): ReadRow[] {
  return crew.people.flatMap(({ id, rooms, seats }) =>
    seats.map(({ room }) => ({ who: id, room, unread: rooms.get(room)?.unread })),
  );
}

export interface Asked {
  readonly database: Database;
  readonly crew: Crew;
  readonly record: Record;
  /** What nodes say: read once, it does not change any more. */
  readonly nodes: readonly Shown[];
}

export async function readEvidence({ database, crew, record, nodes }: Asked): Promise<Evidence> {
  const last = await database.ask<{ id: string; lastNumber: number }>(LAST);
  const unread = await database.ask<{ account: string; room: string; unread: number }>(UNREAD);
  return {
    acknowledged: record.acknowledged.values(),
    expected: record.expected,
    rows: await database.ask<Row>(ROWS),
    lastNumbers: Object.fromEntries(last.map(({ id, lastNumber }) => [id, lastNumber])),
    shown: [...nodes, ...readClients(crew)],
    unread: {
      truth: unread.map(({ account, ...rest }) => ({ who: account, ...rest })),
      shown: readUnread(crew),
    },
  };
}
