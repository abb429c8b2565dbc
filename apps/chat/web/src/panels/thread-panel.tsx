/** The thread of a message: what hangs from it, live, and a place to answer. */
import { useQuery } from "@lineshaft/client/react";
import { Failure, Waiting } from "lineshaft-web-shared/parts/failure.tsx";
import { useEffect, useRef, useState } from "react";
import { chat, type Message } from "../client.ts";
import { Composer } from "../compose/composer.tsx";
import { useOutbox } from "../compose/outbox.ts";
import { useUploads } from "../compose/uploads.ts";
import { moveFocus } from "../history/history-list.tsx";
import { MessageRow } from "../history/message-row.tsx";
import { PendingRow } from "../history/pending-row.tsx";
import { rowsOf } from "../history/rows.ts";
import { useRoom } from "../room/room-context.tsx";

const PAGE_ROWS = 100;

interface Props {
  readonly number: number;
  /** The message that the thread hangs from, where it is at hand. */
  readonly root: Message | undefined;
  /** The message in the thread that was looked for. */
  readonly found: number | undefined;
}

export function ThreadPanel({ number, root: known, found }: Props) {
  const { room, me } = useRoom();
  const { data: fetched } = useQuery(chat.message, known ? null : { room: room.id, number });
  const root = known ?? fetched;
  const uploads = useUploads(room.id);
  const [active, setActive] = useState<number | null>(null);
  const [seen, setSeen] = useState<ReadonlySet<string>>(new Set());
  const pending = useOutbox().filter(({ room: id, thread, clientId }) => {
    return id === room.id && thread === number && !seen.has(clientId);
  });
  const end = useRef<HTMLDivElement>(null);
  const isDone = pending.length === 0;
  // biome-ignore lint/correctness/useExhaustiveDependencies: what comes is looked at.
  useEffect(() => {
    if (found === undefined || !isDone) end.current?.scrollIntoView({ block: "nearest" });
  }, [seen.size, isDone]);
  return (
    <>
      <div className="panel-body">
        <ol className="plain messages" onKeyDown={moveFocus}>
          {root ? (
            <MessageRow
              message={root}
              goesOn={false}
              inThread
              isActive={active === null || active === number}
              onActive={setActive}
            />
          ) : (
            <li>
              <Waiting what="Loading the thread" />
            </li>
          )}
          <Page number={number} after={0} found={found} active={active} onActive={setActive} me={me} onSeen={setSeen} />
        </ol>
        {pending.map((post) => (
          <PendingRow key={post.clientId} post={post} />
        ))}
        <div ref={end} />
      </div>
      {root?.deletedAt === null && <Composer uploads={uploads} thread={number} />}
    </>
  );
}

interface PageProps {
  readonly number: number;
  readonly after: number;
  readonly found: number | undefined;
  readonly active: number | null;
  readonly onActive: (number: number) => void;
  readonly me: string;
  /** Is told the client ids of one's own messages. */
  readonly onSeen: (change: (seen: ReadonlySet<string>) => ReadonlySet<string>) => void;
}

/** Messages never leave a thread, so a page that is full stays as it is, and the next one begins behind it. */
function Page(props: PageProps) {
  const { number, after, found, active, onActive, me, onSeen } = props;
  const { room } = useRoom();
  const { data, problem } = useQuery(chat.thread, { room: room.id, number, after, limit: PAGE_ROWS });
  useEffect(() => {
    const own = data?.items.filter(({ author }) => author?.id === me).map(({ clientId }) => clientId) ?? [];
    onSeen((seen) => (own.every((each) => seen.has(each)) ? seen : new Set([...seen, ...own])));
  }, [data, me, onSeen]);
  const isFound = data?.items.some((message) => message.number === found) ?? false;
  useEffect(() => {
    if (!isFound) return;
    document.querySelector(`.panel [data-number="${found}"]`)?.scrollIntoView({ block: "center" });
  }, [isFound, found]);
  if (problem) {
    return (
      <li>
        <Failure error={problem} />
      </li>
    );
  }
  return (
    <>
      {rowsOf(data?.items ?? [], null).map(
        (row) =>
          row.is === "message" && (
            <MessageRow
              key={row.key}
              message={row.message}
              goesOn={row.goesOn}
              inThread
              isActive={active === row.message.number}
              isMarked={row.message.number === found}
              onActive={onActive}
            />
          ),
      )}
      {data && data.after !== null && <Page {...props} after={data.after} />}
    </>
  );
}
