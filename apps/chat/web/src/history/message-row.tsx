/** A message in a list: who, when and what, and what can be done with it. */
import { Button, Text } from "@mantine/core";
import { Icon } from "lineshaft-web-shared/parts/icons.tsx";
import { Face } from "lineshaft-web-shared/parts/people.tsx";
import { memo, type ReactNode } from "react";
import type { Message } from "../client.ts";
import { count, sayMoment, sayTime, sayWhen } from "../parts/words.ts";
import { useRoom } from "../room/room-context.tsx";
import { EditField } from "./edit-field.tsx";
import { Files } from "./files.tsx";
import { MessageText } from "./message-text.tsx";
import { MessageTools } from "./message-tools.tsx";
import { FetchedQuote, GONE, Quote } from "./quote.tsx";
import { Reactions } from "./reactions.tsx";

interface Props {
  readonly message: Message;
  /** The message before it is of the same person, just before. */
  readonly goesOn: boolean;
  /** What it answers, where that is at hand. */
  readonly quoted?: Message | undefined;
  /** Whether it is the one that the keyboard reaches and that shows its tools. */
  readonly isActive: boolean;
  readonly isMarked?: boolean;
  readonly inThread?: boolean;
  readonly onActive: (number: number) => void;
}

export const MessageRow = memo(function MessageRow(props: Props) {
  const { message, goesOn, quoted, isActive, isMarked = false, inThread = false, onActive } = props;
  const { me, editing, panel } = useRoom();
  const { number, author, createdAt, deletedAt, replyTo, mentions } = message;
  const isDeleted = deletedAt !== null;
  // The message of a thread that is open is shown twice: the field is in the thread.
  const isElsewhere = !inThread && panel?.is === "thread" && panel.number === number;
  const isEdited = editing === number && !isElsewhere;
  const become = () => onActive(number);
  return (
    <li
      className="message"
      data-number={number}
      data-goes-on={goesOn || undefined}
      data-marked={isMarked || undefined}
      data-mine={mentions.includes(me) || undefined}
      // Arrows go from message to message.
      tabIndex={isActive ? 0 : -1}
      onMouseOver={become}
      onFocus={become}
    >
      <Shape person={author ?? GONE} at={createdAt} goesOn={goesOn}>
        {replyTo !== null && !isDeleted && (quoted ? <Quote message={quoted} /> : <FetchedQuote number={replyTo} />)}
        {isDeleted ? (
          <p className="message-text deleted">This message was deleted.</p>
        ) : isEdited ? (
          <EditField message={message} />
        ) : (
          <Said message={message} />
        )}
        {!inThread && message.replyCount > 0 && <ThreadLink message={message} />}
      </Shape>
      {isActive && !isDeleted && !isEdited && <MessageTools message={message} inThread={inThread} />}
    </li>
  );
});

interface ShapeProps {
  readonly person: { readonly id: string; readonly name: string };
  readonly at: string;
  readonly goesOn: boolean;
  readonly children: ReactNode;
}

/** What every message looks like, also one that is on its way. */
export function Shape({ person, at, goesOn, children }: ShapeProps) {
  const time = (
    <time dateTime={at} title={sayMoment(at)}>
      {sayTime(at)}
    </time>
  );
  return (
    <>
      <div className="message-side">{goesOn ? time : <Face person={person} size={36} />}</div>
      <div className="message-body">
        {goesOn ? (
          <span className="unseen">{person.name}</span>
        ) : (
          <div className="message-head">
            <strong>{person.name}</strong>
            {time}
          </div>
        )}
        {children}
      </div>
    </>
  );
}

function Said({ message }: { readonly message: Message }) {
  return (
    <>
      {message.text !== "" && (
        <p className="message-text">
          <MessageText text={message.text} />
          {message.editedAt !== null && (
            <Text span size="xs" c="dimmed" title={sayMoment(message.editedAt)}>
              {" "}
              (edited)
            </Text>
          )}
        </p>
      )}
      <Files files={message.attachments} />
      <Reactions message={message} />
    </>
  );
}

function ThreadLink({ message: { number, replyCount, lastReplyAt } }: { readonly message: Message }) {
  const { show } = useRoom();
  return (
    <Button
      className="thread-link"
      variant="subtle"
      size="compact-sm"
      leftSection={<Icon name="comment" size={15} />}
      onClick={() => show({ is: "thread", number })}
    >
      {count(replyCount, "reply", "replies")}
      {lastReplyAt !== null && <span className="thread-last">last {sayWhen(lastReplyAt)}</span>}
    </Button>
  );
}
