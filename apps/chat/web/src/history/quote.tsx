/** The message that another one answers, in a line. */
import { useQuery } from "@lineshaft/client/react";
import { UnstyledButton } from "@mantine/core";
import { Icon } from "lineshaft-web-shared/parts/icons.tsx";
import { chat, type Message } from "../client.ts";
import { toWritten } from "../compose/mentions.ts";
import { useRoom } from "../room/room-context.tsx";
import { goToRoom } from "../route.ts";

export const GONE = { id: "", name: "Somebody who left" };

export function Quote({ message }: { readonly message: Message }) {
  const { room, nameOf } = useRoom();
  const { number, author, deletedAt, text, attachments } = message;
  const words = toWritten(text, nameOf) || attachments.map(({ name }) => name).join(", ");
  return (
    <UnstyledButton className="quote" onClick={() => goToRoom(room.id, number)}>
      <Icon name="reply" size={14} />
      <strong>{(author ?? GONE).name}</strong>
      <span className="quote-text">{deletedAt === null ? words : "Deleted message"}</span>
    </UnstyledButton>
  );
}

/** The same for a message that is not at hand. */
export function FetchedQuote({ number }: { readonly number: number }) {
  const { room } = useRoom();
  const { data } = useQuery(chat.message, { room: room.id, number });
  return data ? <Quote message={data} /> : <span className="quote">…</span>;
}
