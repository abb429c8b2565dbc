/** The text of a message of one's own, being changed. */
import { Button, Group } from "@mantine/core";
import { tellFailed } from "lineshaft-web-shared/parts/notices.tsx";
import { useRef, useState } from "react";
import type { Message } from "../client.ts";
import { drafts } from "../compose/drafts.ts";
import { toStored, toWritten } from "../compose/mentions.ts";
import { TextField, useText } from "../compose/text-field.tsx";
import { useFocusBack } from "../parts/focus-back.ts";
import { useRoom } from "../room/room-context.tsx";
import { editMessage } from "./changes.ts";

export function EditField({ message }: { readonly message: Message }) {
  const { room, members, nameOf, edit } = useRoom();
  const box = useRef<HTMLDivElement>(null);
  useFocusBack(box, ".message");
  const key = `${room.id} edit ${message.number}`;
  const text = useText(drafts.get(key) ?? toWritten(message.text, nameOf));
  const [isFull, setFull] = useState(false);
  const isEmpty = text.value.trim() === "" && message.attachments.length === 0;
  const close = () => {
    drafts.delete(key);
    edit(null);
  };
  const save = () => {
    if (isFull || isEmpty) return;
    const mentioned = members.filter(({ account }) => message.mentions.includes(account));
    const stored = toStored(text.value.trim(), members, [...text.picked, ...mentioned]);
    close();
    if (stored === message.text) return;
    editMessage({ room: room.id, number: message.number }, stored).catch((error: unknown) => {
      tellFailed("The message could not be changed", error);
      // What was written is not lost: the field is there again, unless another message is being changed.
      drafts.set(key, text.value);
      edit((current) => current ?? message.number);
    });
  };
  return (
    <div className="edit" ref={box}>
      <TextField
        label="Text of the message"
        text={text}
        autoFocus
        onSend={save}
        onFull={setFull}
        onKeyDown={(event) => {
          if (event.key !== "Escape") return;
          event.preventDefault();
          close();
        }}
      />
      <Group gap="xs" mt={6}>
        <Button size="compact-sm" disabled={isFull || isEmpty} onClick={save}>
          Save
        </Button>
        <Button size="compact-sm" variant="default" onClick={close}>
          Cancel
        </Button>
      </Group>
    </div>
  );
}
