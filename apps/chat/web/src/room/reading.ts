/** Reading: how far the caller has read moves with what is seen, and what was new before stays marked. */
import { useEffect, useRef, useState } from "react";
import { chat, type OwnRoom } from "../client.ts";

/** What is being told to the server, by room: what is seen meanwhile is told after it, together. */
const telling = new Map<string, number>();

/** @param seen  The number of the last message, when it is seen; null otherwise. */
export function useReading(own: OwnRoom | null, seen: number | null): void {
  const room = own?.id ?? null;
  const hasNews = own !== null && seen !== null && seen > own.readNumber;
  /** What was said last: what did not get through is not said again at once. */
  const said = useRef<number | null>(null);
  useEffect(() => {
    if (room !== null && seen !== null && hasNews && seen !== said.current) void sayRead(room, seen);
    if (seen === null || hasNews) said.current = seen;
  }, [room, seen, hasNews]);
}

async function sayRead(room: string, seen: number): Promise<void> {
  const isTold = telling.has(room);
  telling.set(room, seen);
  if (isTold) return;
  let number: number;
  do {
    number = telling.get(room)!;
    const optimistic = [chat.rooms.guess({}, (rooms) => rooms.map((each) => readTo(each, room, number)))];
    // When it does not get through, the next message or the next look at the page says it again.
    await chat.readRoom({ room, number }, { optimistic }).catch(() => {});
  } while (telling.get(room) !== number);
  telling.delete(room);
}

function readTo(each: OwnRoom, room: string, number: number): OwnRoom {
  if (each.id !== room) return each;
  return { ...each, unread: 0, unreadMentions: 0, readNumber: Math.max(each.readNumber, number) };
}

/**
 * The number after which messages are marked as new: where the caller had read to before looking away.
 *
 * @param said  Changes when the caller says something: nothing is new then.
 */
export function useNewFrom(own: OwnRoom | null, isSeen: boolean, said: string | undefined): number | null {
  const [newFrom, setNewFrom] = useState(own && own.unread > 0 ? own.readNumber : null);
  const before = useRef(own?.unread ?? 0);
  const unread = own?.unread ?? 0;
  const readNumber = own?.readNumber ?? 0;
  useEffect(() => {
    if (before.current === 0 && unread > 0 && !isSeen) setNewFrom(readNumber);
    before.current = unread;
  }, [unread, readNumber, isSeen]);
  useNext(said, () => setNewFrom(null));
  return newFrom;
}

/** Acts when a value has become another one, which what was there from the start has not. */
export function useNext(value: string | undefined, act: () => void): void {
  const known = useRef(value);
  useEffect(() => {
    if (value !== undefined && value !== known.current) act();
    known.current = value;
  });
}
