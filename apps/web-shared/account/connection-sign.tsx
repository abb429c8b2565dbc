/** Says whether the page is current: a quiet dot while it is, and words while it may not be. */
import { useConnection } from "@lineshaft/client/react";
import { Tooltip } from "@mantine/core";
import { useSession } from "./session.tsx";

const WORDS = {
  idle: { word: "", tip: "" },
  connecting: { word: "Connecting", tip: "The page waits for the server." },
  live: { word: "Live", tip: "Changes of others appear at once." },
  reconnecting: { word: "Reconnecting", tip: "The server cannot be reached. What you see may be out of date." },
} as const;

export function ConnectionSign() {
  const state = useConnection(useSession().client);
  const { word, tip } = WORDS[state];
  return (
    <Tooltip label={tip} disabled={tip === ""} multiline maw={260}>
      <span className="connection" data-state={state} role="status">
        <span className="connection-dot" aria-hidden="true" />
        <span className="connection-word">{word}</span>
      </span>
    </Tooltip>
  );
}
