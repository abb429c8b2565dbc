/** Search: messages by their words, in this room or everywhere. */
import { usePages } from "@lineshaft/client/react";
import { Button, SegmentedControl, Text, TextInput, UnstyledButton } from "@mantine/core";
import { Failure, Waiting } from "lineshaft-web-shared/parts/failure.tsx";
import { Icon } from "lineshaft-web-shared/parts/icons.tsx";
import { type ReactNode, useDeferredValue, useEffect, useRef, useState } from "react";
import { chat, type FoundMessage } from "../client.ts";
import { toWritten } from "../compose/mentions.ts";
import { nameOfRoom, useRooms } from "../frame/use-rooms.tsx";
import { GONE } from "../history/quote.tsx";
import { sayWhen } from "../parts/words.ts";
import { useRoom } from "../room/room-context.tsx";
import { goToRoom } from "../route.ts";

/** Who writes is not asked about every letter. */
const CALM_MS = 250;

export function SearchPanel() {
  const [words, setWords] = useState("");
  const [where, setWhere] = useState("here");
  const field = useRef<HTMLInputElement>(null);
  const asked = useDeferredValue(useCalm(words.trim()));
  useEffect(() => field.current?.focus(), []);
  return (
    <div className="panel-body search">
      <TextInput
        ref={field}
        type="search"
        aria-label="Search messages"
        placeholder="Words, or “a phrase”"
        maxLength={500}
        leftSection={<Icon name="search" size={16} />}
        value={words}
        onChange={(event) => setWords(event.currentTarget.value)}
      />
      <SegmentedControl
        size="xs"
        fullWidth
        aria-label="Where to search"
        value={where}
        onChange={setWhere}
        data={[
          { value: "here", label: "This room" },
          { value: "everywhere", label: "Everywhere" },
        ]}
      />
      {asked === "" ? (
        <Text c="dimmed" size="sm">
          Whole words are found, as they were written.
        </Text>
      ) : where === "here" ? (
        <FoundHere words={asked} />
      ) : (
        <FoundEverywhere words={asked} />
      )}
    </div>
  );
}

function useCalm(value: string): string {
  const [calm, setCalm] = useState(value);
  useEffect(() => {
    const timer = setTimeout(() => setCalm(value), CALM_MS);
    return () => clearTimeout(timer);
  }, [value]);
  return calm;
}

function FoundHere({ words }: { readonly words: string }) {
  const { room } = useRoom();
  return <Found pages={usePages(chat.searchRoom, { room: room.id, q: words }, { keep: true })} />;
}

function FoundEverywhere({ words }: { readonly words: string }) {
  const { rooms } = useRooms();
  const names = new Map(rooms.map((each) => [each.id, nameOfRoom(each)]));
  const pages = usePages(chat.search, { q: words }, { keep: true });
  return <Found pages={pages} placeOf={({ room }) => names.get(room) ?? "A public room"} />;
}

interface FoundProps {
  readonly pages: ReturnType<typeof usePages<{ readonly cursor?: string }, FoundMessage>>;
  readonly placeOf?: (message: FoundMessage) => ReactNode;
}

function Found({ pages: { status, data, problem }, placeOf }: FoundProps) {
  if (problem) return <Failure error={problem} />;
  if (status === "loading") return <Waiting what="Searching" />;
  if (data.items.length === 0) {
    return (
      <Text c="dimmed" size="sm">
        Nothing was found.
      </Text>
    );
  }
  return (
    <>
      <ul className="plain">
        {data.items.map((message) => (
          <li key={`${message.room} ${message.number}`}>
            <Result message={message} place={placeOf?.(message)} />
          </li>
        ))}
      </ul>
      {data.hasMore && (
        <Button variant="default" size="xs" loading={data.isLoading} onClick={data.more}>
          Show more
        </Button>
      )}
    </>
  );
}

function Result({ message, place }: { readonly message: FoundMessage; readonly place: ReactNode }) {
  const { nameOf } = useRoom();
  const { room, number, author, createdAt, text } = message;
  return (
    <UnstyledButton className="found" onClick={() => goToRoom(room, number)}>
      <span className="message-head">
        <strong>{(author ?? GONE).name}</strong>
        <time dateTime={createdAt}>{sayWhen(createdAt)}</time>
      </span>
      {place !== undefined && <span className="found-place">{place}</span>}
      <span className="found-text">{toWritten(text, (id) => nameOf(id) ?? "somebody")}</span>
    </UnstyledButton>
  );
}
