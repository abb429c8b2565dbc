/** What was said in a room: messages by days, what is new marked, and below what is on its way. */
import { Button } from "@mantine/core";
import { Icon } from "lineshaft-web-shared/parts/icons.tsx";
import { type KeyboardEvent, useEffect, useLayoutEffect, useMemo, useRef, useState } from "react";
import type { Message } from "../client.ts";
import type { Post } from "../compose/outbox.ts";
import { nameOfRoom } from "../frame/use-rooms.tsx";
import { sayDay, sayNames } from "../parts/words.ts";
import { useNewFrom, useNext, useReading } from "../room/reading.ts";
import { usePresenceHere, useRoom } from "../room/room-context.tsx";
import { useVisible } from "../room/visible.ts";
import { replace } from "../route.ts";
import type { History, Shown } from "./history.ts";
import { MessageRow } from "./message-row.tsx";
import { PendingRow } from "./pending-row.tsx";
import { type Row, rowsOf } from "./rows.ts";
import { type Scrolling, useScrolling } from "./scrolling.ts";

/** How long a message that was looked for is marked. */
const MARK_MS = 2_500;

interface Props {
  readonly history: History;
  readonly shown: Shown;
  /** The message to be shown. */
  readonly target: number | null;
  /** All that was written here and is not known to be in the history. */
  readonly pending: readonly Post[];
}

export function HistoryList({ history, shown, target, pending }: Props) {
  const { room, own } = useRoom();
  const isVisible = useVisible();
  const { messages, hasEnd, hasStart } = shown;
  const wasAtEnd = useRef(true);
  const lastPost = pending.findLast(({ thread }) => thread === undefined)?.clientId;
  const newFrom = useNewFrom(own, isVisible && wasAtEnd.current, lastPost);
  const talk = useMemo(() => messages.filter(({ thread }) => thread === null), [messages]);
  const rows = useMemo(() => rowsOf(talk, newFrom), [talk, newFrom]);
  const waiting = usePending(pending, messages);
  const scrolling = useScrolling(
    history,
    shown,
    useMemo(() => ({ rows, waiting }), [rows, waiting]),
  );
  const { isAtEnd, toEnd } = scrolling;
  wasAtEnd.current = isAtEnd && hasEnd;
  useReading(own, isVisible && isAtEnd && hasEnd ? (messages.at(-1)?.number ?? null) : null);
  const marked = useTarget(history, shown, target, scrolling);
  useFirstLook(scrolling, rows, hasEnd, target === null && newFrom !== null);
  const goToEnd = () => {
    history.showEnd(room.lastNumber);
    toEnd();
  };
  // Whoever says something wants to see it.
  useNext(lastPost, goToEnd);
  return (
    <div className="history-frame">
      <div className="history" ref={scrolling.view} onScroll={scrolling.onScroll} role="log" aria-label="Messages">
        <div ref={scrolling.content}>
          {hasStart && <Beginning isEmpty={talk.length === 0 && waiting.length === 0} />}
          <Rows rows={rows} talk={talk} marked={marked} />
          {hasEnd && waiting.map((post) => <PendingRow key={post.clientId} post={post} />)}
        </div>
      </div>
      {!(isAtEnd && hasEnd) && (
        <Button className="to-end" size="xs" radius="xl" leftSection={<Icon name="down" size={16} />} onClick={goToEnd}>
          {own && own.unread > 0 ? `${own.unread} new` : "To the newest"}
        </Button>
      )}
      <Typing />
    </div>
  );
}

/** What is on its way into the room itself: threads show their own. */
function usePending(pending: readonly Post[], messages: readonly Message[]): readonly Post[] {
  const { me } = useRoom();
  return useMemo(() => {
    const here = pending.filter(({ thread }) => thread === undefined);
    if (here.length === 0) return here;
    const known = new Set(messages.filter(({ author }) => author?.id === me).map(({ clientId }) => clientId));
    return here.filter(({ clientId }) => !known.has(clientId));
  }, [pending, messages, me]);
}

/** Goes to the message that the address names, once. */
function useTarget(history: History, shown: Shown, target: number | null, { showRow }: Scrolling): number | null {
  const { room, show } = useRoom();
  const [marked, setMarked] = useState<number | null>(null);
  useEffect(() => {
    if (target !== null) history.showAround(target);
  }, [history, target]);
  // Before it is told how far one has read: the end, which may be there already, has not been seen.
  useLayoutEffect(() => {
    const found = target === null ? undefined : shown.messages.find(({ number }) => number === target);
    if (!found) return;
    if (found.thread !== null) show({ is: "thread", number: found.thread, found: found.number });
    // What the thread hangs from may be far away: then what is around stays in view.
    if (!showRow(`[data-number="${found.thread ?? found.number}"]`)) showRow("[data-number]");
    setMarked(found.number);
    // The same message can be asked for again.
    replace({ at: "room", room: room.id, number: null });
  }, [shown.messages, target, showRow, show, room.id]);
  useEffect(() => {
    if (marked === null) return;
    const timer = setTimeout(() => setMarked(null), MARK_MS);
    return () => clearTimeout(timer);
  }, [marked]);
  return marked;
}

/** Who comes back begins where the news begin, as soon as that is there. */
function useFirstLook({ showRow }: Scrolling, rows: readonly Row[], hasEnd: boolean, isWanted: boolean): void {
  const isLooking = useRef(isWanted);
  // biome-ignore lint/correctness/useExhaustiveDependencies: the mark is one of the rows.
  useLayoutEffect(() => {
    if (isLooking.current) isLooking.current = !showRow(".new-mark") && !hasEnd;
  }, [showRow, rows, hasEnd]);
}

interface RowsProps {
  readonly rows: readonly Row[];
  readonly talk: readonly Message[];
  readonly marked: number | null;
}

function Rows({ rows, talk, marked }: RowsProps) {
  const byNumber = useMemo(() => new Map(talk.map((message) => [message.number, message])), [talk]);
  const [active, setActive] = useState<number | null>(null);
  const current = active !== null && byNumber.has(active) ? active : (talk.at(-1)?.number ?? null);
  return (
    <ol className="plain messages" onKeyDown={moveFocus}>
      {rows.map((row) => {
        if (row.is === "day") return <DayMark key={row.key} at={row.at} />;
        if (row.is === "new") return <NewMark key={row.key} />;
        const { message, goesOn } = row;
        const quoted = message.replyTo === null ? undefined : byNumber.get(message.replyTo);
        return (
          <MessageRow
            key={row.key}
            message={message}
            goesOn={goesOn}
            quoted={quoted}
            isActive={message.number === current}
            isMarked={message.number === marked}
            onActive={setActive}
          />
        );
      })}
    </ol>
  );
}

/** The list has one place in the order of the keyboard; arrows go from message to message. */
export function moveFocus(event: KeyboardEvent<HTMLElement>): void {
  const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
  if (step === undefined || !(event.target as HTMLElement).matches(".message")) return;
  event.preventDefault();
  const all = [...event.currentTarget.querySelectorAll<HTMLElement>(".message")];
  all[all.indexOf(event.target as HTMLElement) + step]?.focus();
}

function DayMark({ at }: { readonly at: string }) {
  return (
    <li className="day-mark">
      <span>{sayDay(at)}</span>
    </li>
  );
}

function NewMark() {
  return (
    <li className="day-mark new-mark">
      <span>New messages</span>
    </li>
  );
}

function Beginning({ isEmpty }: { readonly isEmpty: boolean }) {
  const { room, own } = useRoom();
  const name = nameOfRoom(own ?? room);
  return (
    <div className="beginning">
      <h2>{room.kind === "direct" ? name : `The beginning of ${name}`}</h2>
      <p>
        {room.kind === "direct" ? `Only you and ${name} see what is said here.` : room.topic}
        {isEmpty && " Nobody has said anything yet."}
      </p>
    </div>
  );
}

function Typing() {
  const { typing } = usePresenceHere();
  const are = typing.length === 1 ? "is" : "are";
  return (
    <div className="typing" role="status">
      {typing.length > 0 && `${typing.length > 3 ? "Several people" : sayNames(typing)} ${are} typing…`}
    </div>
  );
}
