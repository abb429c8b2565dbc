/** What the next message answers. */
import { useQuery } from "@lineshaft/client/react";
import { ActionIcon } from "@mantine/core";
import { Icon } from "lineshaft-web-shared/parts/icons.tsx";
import { useEffect } from "react";
import { chat } from "../client.ts";
import { Quote } from "../history/quote.tsx";
import { useRoom } from "../room/room-context.tsx";

export function ReplyStrip() {
  const { room, replyTo, answer } = useRoom();
  const { data: current } = useQuery(chat.message, replyTo && { room: room.id, number: replyTo.number });
  const isGone = (current?.deletedAt ?? null) !== null;
  useEffect(() => {
    // The server takes no answer to it; what is written is said by itself.
    if (isGone) answer(null);
  }, [isGone, answer]);
  if (replyTo === null) return null;
  return (
    <div className="reply-strip">
      <Quote message={current ?? replyTo} />
      <ActionIcon variant="subtle" color="gray" aria-label="Do not reply to it" onClick={() => answer(null)}>
        <Icon name="close" size={16} />
      </ActionIcon>
    </div>
  );
}
