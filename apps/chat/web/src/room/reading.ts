/** Reading: how far the caller has read moves with what is seen, and what was new before stays marked. */
import { useEffect, useRef, useState } from "react";
import { chat, type OwnRoom } from "../client.ts";

/** Messages that come at once are read at once. */
const CALM_MS = 250;

/** @param seen  The number of the last message, when it is seen; null otherwise. */
export function useReading(own: OwnRoom | null, seen: number | null): void {
  const room = own?.id ?? null;
  const hasNews = own !== null && seen !== null && seen > own.readNumber;
  useEffect(() => {
    if (room === null || seen === null || !hasNews) return;
    const timer = setTimeout(() => void sayRead(room, seen), CALM_MS);
    return () => clearTimeout(timer);
  }, [room, seen, hasNews]);
}

async function sayRead(room: string, number: number): Promise<void> {
  const read = (each: OwnRoom) =>
    each.id === room ? { ...each, unread: 0, unreadMentions: 0, readNumber: Math.max(each.readNumber, number) } : each;
  try {
    await chat.readRoom({ room, number }, { optimistic: [chat.rooms.guess({}, (rooms) => rooms.map(read))] });
  } catch {
    // The next message, or the next look at the page, says it again.
  }
}

/** The number after which messages are marked as new: where the caller had read to before looking away. */
export function useNewFrom(own: OwnRoom | null, isSeen: boolean): number | null {
  const [newFrom, setNewFrom] = useState(own && own.unread > 0 ? own.readNumber : null);
  const before = useRef(own?.unread ?? 0);
  const unread = own?.unread ?? 0;
  const readNumber = own?.readNumber ?? 0;
  useEffect(() => {
    if (before.current === 0 && unread > 0 && !isSeen) setNewFrom(readNumber);
    before.current = unread;
  }, [unread, readNumber, isSeen]);
  return newFrom;
}
