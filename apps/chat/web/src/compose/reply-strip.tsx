/** What the next message answers. */
import { ActionIcon } from "@mantine/core";
import { Icon } from "lineshaft-web-shared/parts/icons.tsx";
import { Quote } from "../history/quote.tsx";
import { useRoom } from "../room/room-context.tsx";

export function ReplyStrip() {
  const { replyTo, answer } = useRoom();
  if (replyTo === null) return null;
  return (
    <div className="reply-strip">
      <Quote message={replyTo} />
      <ActionIcon variant="subtle" color="gray" aria-label="Do not reply to it" onClick={() => answer(null)}>
        <Icon name="close" size={16} />
      </ActionIcon>
    </div>
  );
}
