/** A message that is on its way, or did not get through. */
import { Button, Text } from "@mantine/core";
import { useMe } from "lineshaft-web-shared/account/session.tsx";
import { outbox, type Post } from "../compose/outbox.ts";
import { Shape } from "./message-row.tsx";
import { MessageText } from "./message-text.tsx";

const WORDS = {
  sending: "Sending…",
  sent: "Sending…",
  waiting: "The server cannot be reached: this is sent as soon as it is back.",
} as const;

export function PendingRow({ post }: { readonly post: Post }) {
  const me = useMe();
  const { clientId, state, text, attachments, problem, at } = post;
  return (
    <div className="message pending" data-state={state}>
      <Shape person={{ id: me.id, name: me.name || me.email }} at={at} goesOn={false}>
        {text !== "" && (
          <p className="message-text">
            <MessageText text={text} />
          </p>
        )}
        {attachments.length > 0 && <p className="file-size">{attachments.map(({ name }) => name).join(", ")}</p>}
        {state === "failed" ? (
          <div className="failed" role="alert">
            <Text size="sm" className="danger">
              Not sent: {problem?.message}
            </Text>
            <Button size="compact-xs" variant="default" onClick={() => outbox.retry(clientId)}>
              Try again
            </Button>
            <Button size="compact-xs" variant="subtle" color="gray" onClick={() => outbox.drop(clientId)}>
              Discard
            </Button>
          </div>
        ) : (
          <Text size="xs" c="dimmed">
            {WORDS[state]}
          </Text>
        )}
      </Shape>
    </div>
  );
}
