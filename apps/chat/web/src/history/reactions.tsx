/** Reactions below a message: whose they are, and one's own with a click. */
import { Tooltip, UnstyledButton } from "@mantine/core";
import type { Message } from "../client.ts";
import { nameOfEmoji } from "../parts/emoji.ts";
import { sayNames } from "../parts/words.ts";
import { maySpeak, useRoom } from "../room/room-context.tsx";
import { toggleReaction } from "./changes.ts";

const NAMES_MAX = 20;

export function Reactions({ message: { number, reactions } }: { readonly message: Message }) {
  const open = useRoom();
  const { room, me, nameOf } = open;
  if (reactions.length === 0) return null;
  const isOff = !maySpeak(open);
  return (
    <ul className="plain reactions">
      {reactions.map(({ emoji, accounts }) => {
        const isMine = accounts.includes(me);
        const names = accounts.slice(0, NAMES_MAX).map((id) => (id === me ? "you" : (nameOf(id) ?? "somebody")));
        return (
          <li key={emoji}>
            <Tooltip label={sayNames(names)} withinPortal multiline maw={260}>
              <UnstyledButton
                className="reaction"
                disabled={isOff}
                aria-pressed={isMine}
                aria-label={`${nameOfEmoji(emoji)}: ${accounts.length}`}
                onClick={() => void toggleReaction({ room: room.id, number }, emoji, me, !isMine)}
              >
                <span aria-hidden="true">{emoji}</span>
                <span>{accounts.length}</span>
              </UnstyledButton>
            </Tooltip>
          </li>
        );
      })}
    </ul>
  );
}
