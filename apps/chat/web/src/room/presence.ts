/**
 * Presence: who is in the room, and who is typing; by the room's channel. Nothing of it is stored, and nothing of it
 * matters for long: who types says so again and again, and is forgotten a little later.
 */
import { useChannel } from "@lineshaft/client/react";
import { useCallback, useEffect, useMemo, useRef, useState } from "react";
import { chat } from "../client.ts";

/** That somebody types is said so often, at most. */
const SAY_MS = 2_000;
/** And forgotten after so long. */
const FORGET_MS = 4_000;
/** Who does not look at the page for so long is away. */
const AWAY_MS = 60_000;

export type Status = "here" | "away";

export interface Presence {
  /** By account; who is in no window is not there. */
  readonly present: ReadonlyMap<string, Status>;
  /** Names. */
  readonly typing: readonly string[];
  readonly sayTyping: () => void;
  /** A message of somebody has come: so they have stopped. */
  readonly heard: (account: string) => void;
}

interface Typist {
  readonly name: string;
  readonly until: number;
}

export function usePresence(room: string, me: string): Presence {
  const status = useStatus();
  const { typists, heard, says } = useTypists();
  const { members, send } = useChannel(
    chat.roomChannel,
    { room },
    {
      state: { status },
      onMessage: ({ from }) => {
        if (from && from.member.account !== me) says(from.member.account, from.member.name);
      },
    },
  );
  const present = useMemo(() => {
    const found = new Map<string, Status>();
    // Who has several windows is here when one of them is looked at.
    for (const { member, state } of members) {
      if (found.get(member.account) !== "here") found.set(member.account, state.status);
    }
    return found;
  }, [members]);
  const said = useRef(0);
  const sayTyping = useCallback(() => {
    const now = Date.now();
    if (now - said.current < SAY_MS) return;
    said.current = now;
    send("typing");
  }, [send]);
  const typing = useMemo(() => [...typists.values()].map(({ name }) => name).toSorted(), [typists]);
  return useMemo(() => ({ present, typing, sayTyping, heard }), [present, typing, sayTyping, heard]);
}

function useTypists() {
  const [typists, setTypists] = useState<ReadonlyMap<string, Typist>>(new Map());
  useEffect(() => {
    if (typists.size === 0) return;
    const next = Math.min(...[...typists.values()].map(({ until }) => until));
    const forget = () => setTypists((all) => new Map([...all].filter(([, { until }]) => until > Date.now())));
    const timer = setTimeout(forget, Math.max(0, next - Date.now()) + 1);
    return () => clearTimeout(timer);
  }, [typists]);
  const says = useCallback((account: string, name: string) => {
    setTypists((all) => new Map(all).set(account, { name, until: Date.now() + FORGET_MS }));
  }, []);
  const heard = useCallback((account: string) => {
    setTypists((all) => (all.has(account) ? new Map([...all].filter(([each]) => each !== account)) : all));
  }, []);
  return { typists, says, heard };
}

function useStatus(): Status {
  const [status, setStatus] = useState<Status>("here");
  useEffect(() => {
    let timer: ReturnType<typeof setTimeout> | undefined;
    const look = () => {
      clearTimeout(timer);
      if (document.visibilityState === "visible") setStatus("here");
      else timer = setTimeout(() => setStatus("away"), AWAY_MS);
    };
    look();
    document.addEventListener("visibilitychange", look);
    return () => {
      clearTimeout(timer);
      document.removeEventListener("visibilitychange", look);
    };
  }, []);
  return status;
}
