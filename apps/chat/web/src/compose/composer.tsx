/** Where messages are written: Enter sends, Shift and Enter begins a line, @ offers members. */
import { ActionIcon, Button, FileButton, Text } from "@mantine/core";
import { Icon } from "lineshaft-web-shared/parts/icons.tsx";
import { tellFailed } from "lineshaft-web-shared/parts/notices.tsx";
import { type ClipboardEvent, type KeyboardEvent, useEffect, useRef, useState } from "react";
import { chat, type Message } from "../client.ts";
import { nameOfRoom } from "../frame/use-rooms.tsx";
import { sayMoment } from "../parts/words.ts";
import { maySpeak, usePresenceHere, useRoom } from "../room/room-context.tsx";
import { drafts } from "./drafts.ts";
import { FileStrip } from "./file-strip.tsx";
import { toStored } from "./mentions.ts";
import { outbox } from "./outbox.ts";
import { ReplyStrip } from "./reply-strip.tsx";
import { TextField, useText, type WrittenText } from "./text-field.tsx";
import type { Uploads } from "./uploads.ts";

interface Props {
  readonly uploads: Uploads;
  /** The message whose thread is written into. */
  readonly thread?: number;
  readonly onEditLast?: () => void;
}

export function Composer(props: Props) {
  const open = useRoom();
  if (open.role === null) return <JoinBar />;
  if (maySpeak(open)) return <Writing {...props} />;
  const until = open.mutedUntil;
  return (
    <Text className="composer-notice" size="sm" role="status">
      {open.room.archivedAt !== null
        ? "This room is archived: it can be read, and nothing in it changes."
        : `You are muted in this room until ${until === null ? "now" : sayMoment(until)}: you can read, not write.`}
    </Text>
  );
}

function Writing({ uploads, thread, onEditLast }: Props) {
  const { room, own, members, replyTo, answer } = useRoom();
  const { sayTyping } = usePresenceHere();
  const key = `${room.id} ${thread ?? ""}`;
  const text = useText(drafts.get(key) ?? "");
  const { value } = text;
  const [isFull, setFull] = useState(false);
  useEffect(() => {
    drafts.set(key, value);
  }, [key, value]);
  useAnswering(text, thread === undefined ? replyTo : null);
  const isEmpty = value.trim() === "" && uploads.ready.length === 0;
  const send = () => {
    if (isEmpty || isFull || uploads.isBusy) return;
    const written = toStored(value.trim(), members, text.picked);
    const reply = thread === undefined && replyTo !== null ? { replyTo: replyTo.number } : {};
    outbox.send({ room: room.id, text: written, attachments: uploads.ready, ...reply, ...(thread && { thread }) });
    text.clear();
    uploads.posted();
    if (thread === undefined) answer(null);
  };
  const onKeyDown = (event: KeyboardEvent) => {
    if (event.key === "ArrowUp" && value === "" && onEditLast) {
      event.preventDefault();
      onEditLast();
    } else if (event.key === "Escape" && replyTo !== null) answer(null);
  };
  const onPaste = (event: ClipboardEvent) => {
    if (event.clipboardData.files.length === 0) return;
    event.preventDefault();
    uploads.add(event.clipboardData.files);
  };
  const name = thread === undefined ? `Message to ${nameOfRoom(own ?? room)}` : "Reply in the thread";
  return (
    <form
      className="composer"
      onPaste={onPaste}
      onSubmit={(event) => {
        event.preventDefault();
        send();
      }}
    >
      {thread === undefined && <ReplyStrip />}
      <FileStrip uploads={uploads} />
      <div className="composer-line">
        <AddFiles onAdd={uploads.add} />
        <TextField
          label={name}
          text={text}
          autoFocus
          onTyping={sayTyping}
          onSend={send}
          onKeyDown={onKeyDown}
          onFull={setFull}
        />
        <ActionIcon
          type="submit"
          size="lg"
          aria-label="Send"
          disabled={isEmpty || isFull || uploads.isBusy}
          loading={uploads.isBusy}
        >
          <Icon name="send" />
        </ActionIcon>
      </div>
      <SlowNotice />
    </form>
  );
}

/** Who answers a message writes at once. */
function useAnswering({ field }: WrittenText, replyTo: Message | null): void {
  useEffect(() => {
    if (replyTo !== null) field.current?.focus();
  }, [replyTo, field]);
}

function AddFiles({ onAdd }: { readonly onAdd: (files: Iterable<File>) => void }) {
  const reset = useRef<() => void>(null);
  const add = (files: readonly File[]) => {
    onAdd(files);
    // The same file can be picked again.
    reset.current?.();
  };
  return (
    <FileButton multiple resetRef={reset} onChange={add}>
      {(props) => (
        <ActionIcon {...props} variant="subtle" color="gray" size="lg" aria-label="Add files">
          <Icon name="clip" />
        </ActionIcon>
      )}
    </FileButton>
  );
}

function SlowNotice() {
  const { room, role } = useRoom();
  if (room.slowSeconds === 0 || role !== "member") return null;
  return (
    <Text size="xs" c="dimmed" className="composer-hint">
      Slow mode: one message every {room.slowSeconds} seconds.
    </Text>
  );
}

function JoinBar() {
  const { room } = useRoom();
  const [isBusy, setBusy] = useState(false);
  const join = async () => {
    setBusy(true);
    try {
      await chat.joinRoom({ room: room.id });
    } catch (error) {
      tellFailed("You could not join", error);
      setBusy(false);
    }
  };
  return (
    <div className="composer-notice">
      <Text size="sm">You are looking at {room.name}. Join to write, and to be told what is new.</Text>
      <Button size="sm" loading={isBusy} onClick={() => void join()}>
        Join the room
      </Button>
    </div>
  );
}
