/** A room: its head, what was said, a place to write, and a panel beside it. */
import { useWatched } from "@lineshaft/client/react";
import { Failure, Waiting } from "lineshaft-web-shared/parts/failure.tsx";
import { type DragEvent, useEffect, useMemo, useRef, useState } from "react";
import { client } from "../client.ts";
import { Composer } from "../compose/composer.tsx";
import { outbox, useOutbox } from "../compose/outbox.ts";
import { useUploads } from "../compose/uploads.ts";
import { nameOfRoom } from "../frame/use-rooms.tsx";
import { History, type Shown } from "../history/history.ts";
import { HistoryList } from "../history/history-list.tsx";
import { Panels } from "../panels/panels.tsx";
import { ConnectionBar } from "./connection-bar.tsx";
import { maySpeak, usePresenceHere, useRoom } from "./room-context.tsx";
import { RoomHead } from "./room-head.tsx";

export function RoomPage({ number }: { readonly number: number | null }) {
  const open = useRoom();
  const { room, own, me, edit } = open;
  const [history] = useState(() => {
    const made = new History(room.id, room.lastNumber);
    const first = number ?? (own !== null && own.unread > 0 ? own.readNumber + 1 : null);
    if (first !== null) made.showAround(first);
    return made;
  });
  const { data, problem } = useWatched(history);
  const uploads = useUploads(room.id);
  const drop = useDrop(uploads.add, maySpeak(open));
  const posts = useOutbox();
  const pending = useMemo(() => posts.filter((post) => post.room === room.id), [posts, room.id]);
  useSeen(room.id, data);
  const editLast = () => {
    const last = data?.messages.findLast(({ author, deletedAt, thread }) => {
      return author?.id === me && deletedAt === null && thread === null;
    });
    if (last) edit(last.number);
  };
  return (
    <div className="open-room" data-panel={open.panel?.is}>
      <main
        className="middle room"
        aria-label={nameOfRoom(own ?? room)}
        data-dropping={drop.isOver || undefined}
        {...drop.handlers}
      >
        <RoomHead />
        <ConnectionBar />
        {problem && <Failure error={problem} onRetry={client.$restart} />}
        {!data && !problem && <Waiting what="Loading messages" />}
        {data && <HistoryList history={history} shown={data} target={number} pending={pending} />}
        <Composer uploads={uploads} onEditLast={editLast} />
      </main>
      <Panels messages={data?.messages ?? []} />
    </div>
  );
}

/** What has come is pending no more, and its author has stopped typing. */
function useSeen(room: string, shown: Shown | undefined): void {
  const { heard } = usePresenceHere();
  const last = useRef(0);
  useEffect(() => {
    if (!shown?.hasEnd) return;
    for (const { number, author } of shown.messages) {
      if (number > last.current && author) heard(author.id);
    }
    last.current = shown.messages.at(-1)?.number ?? 0;
    outbox.seen(room, last.current);
  }, [room, shown, heard]);
}

/** Files that are dropped anywhere on the room. */
function useDrop(add: (files: Iterable<File>) => void, isOpen: boolean) {
  const [isOver, setOver] = useState(false);
  const isFile = (event: DragEvent) => isOpen && event.dataTransfer.types.includes("Files");
  const onDragOver = (event: DragEvent) => {
    if (!isFile(event)) return;
    event.preventDefault();
    setOver(true);
  };
  const onDragLeave = (event: DragEvent) => {
    if (!event.currentTarget.contains(event.relatedTarget as Node | null)) setOver(false);
  };
  const onDrop = (event: DragEvent) => {
    if (!isFile(event)) return;
    event.preventDefault();
    setOver(false);
    add(event.dataTransfer.files);
  };
  return { isOver, handlers: { onDragOver, onDragLeave, onDrop } };
}
