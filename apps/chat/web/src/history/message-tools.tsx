/** What can be done with a message. */
import { ActionIcon, Menu, Popover, UnstyledButton } from "@mantine/core";
import { Icon, type IconName } from "lineshaft-web-shared/parts/icons.tsx";
import { useState } from "react";
import type { Message } from "../client.ts";
import { EMOJI } from "../parts/emoji.ts";
import { maySpeak, outranks, useRoom } from "../room/room-context.tsx";
import { deleteMessage, toggleReaction } from "./changes.ts";

interface Props {
  readonly message: Message;
  readonly inThread: boolean;
}

export function MessageTools({ message, inThread }: Props) {
  const open = useRoom();
  const { me, role, members, answer, show, edit } = open;
  const { number, author } = message;
  const isMine = author?.id === me;
  const theirs = members.find(({ account }) => account === author?.id)?.role ?? null;
  const isOpen = open.room.archivedAt === null;
  const mayDelete = isOpen && role !== null && (isMine || outranks(role, theirs));
  const mayWrite = maySpeak(open);
  return (
    <div className="tools">
      {mayWrite && <ReactTool message={message} />}
      {mayWrite && !inThread && <Tool icon="reply" label="Reply" onClick={() => answer(message)} />}
      {!inThread && <Tool icon="comment" label="Open the thread" onClick={() => show({ is: "thread", number })} />}
      {((isMine && mayWrite) || mayDelete) && (
        <Menu position="bottom-end" width={180}>
          <Menu.Target>
            <ActionIcon variant="subtle" color="gray" aria-label="More about this message">
              <Icon name="more" />
            </ActionIcon>
          </Menu.Target>
          <Menu.Dropdown>
            {isMine && mayWrite && (
              <Menu.Item leftSection={<Icon name="pen" size={16} />} onClick={() => edit(number)}>
                Edit
              </Menu.Item>
            )}
            {mayDelete && (
              <Menu.Item
                className="danger"
                leftSection={<Icon name="trash" size={16} />}
                onClick={() => void deleteMessage({ room: open.room.id, number })}
              >
                Delete
              </Menu.Item>
            )}
          </Menu.Dropdown>
        </Menu>
      )}
    </div>
  );
}

interface ToolProps {
  readonly icon: IconName;
  readonly label: string;
  readonly onClick: () => void;
}

function Tool({ icon, label, onClick }: ToolProps) {
  return (
    <ActionIcon variant="subtle" color="gray" aria-label={label} title={label} onClick={onClick}>
      <Icon name={icon} />
    </ActionIcon>
  );
}

function ReactTool({ message }: { readonly message: Message }) {
  const { room, me } = useRoom();
  const [isOpen, setOpen] = useState(false);
  const pick = (emoji: string) => {
    setOpen(false);
    const isOn = message.reactions.some((each) => each.emoji === emoji && each.accounts.includes(me));
    void toggleReaction({ room: room.id, number: message.number }, emoji, me, !isOn);
  };
  return (
    <Popover opened={isOpen} onChange={setOpen} position="bottom-end" trapFocus returnFocus shadow="md">
      <Popover.Target>
        <ActionIcon variant="subtle" color="gray" aria-label="React" title="React" onClick={() => setOpen(!isOpen)}>
          <Icon name="smile" />
        </ActionIcon>
      </Popover.Target>
      <Popover.Dropdown p={6} aria-label="Reactions">
        <div className="emoji-grid">
          {EMOJI.map(([emoji, name]) => (
            <UnstyledButton key={emoji} className="emoji" aria-label={name} title={name} onClick={() => pick(emoji)}>
              {emoji}
            </UnstyledButton>
          ))}
        </div>
      </Popover.Dropdown>
    </Popover>
  );
}
