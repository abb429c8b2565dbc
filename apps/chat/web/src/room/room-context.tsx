/** A room that is open: what is known of it, for all of its parts. */
import { usePages } from "@lineshaft/client/react";
import { useMe } from "lineshaft-web-shared/account/session.tsx";
import { createContext, type ReactNode, use, useMemo, useState } from "react";
import { chat, type Member, type Message, type OwnRoom, type Role, type Room } from "../client.ts";
import { type Presence, usePresence } from "./presence.ts";

/** Members that are known by name, in pages of the API's size. */
const PAGE_ROWS = 100;
const PAGES = 5;
const NONE: readonly Member[] = [];

export type Panel =
  | { readonly is: "members" }
  | { readonly is: "search" }
  | { readonly is: "thread"; readonly number: number };

interface OpenRoom {
  readonly room: Room;
  /** The same as the caller has it in the own list; null when it is no room of the caller's. */
  readonly own: OwnRoom | null;
  readonly role: Role | null;
  readonly me: string;
  readonly members: readonly Member[];
  readonly nameOf: (account: string) => string | undefined;
  readonly panel: Panel | null;
  readonly show: (panel: Panel | null) => void;
  /** What the next message answers. */
  readonly replyTo: Message | null;
  readonly answer: (message: Message | null) => void;
  /** The message whose text is being changed. */
  readonly editing: number | null;
  readonly edit: (number: number | null) => void;
}

const RoomContext = createContext<OpenRoom | null>(null);
/** By itself: it changes with every key that somebody presses, and few parts show it. */
const PresenceContext = createContext<Presence | null>(null);

interface Props {
  readonly room: Room;
  readonly own: OwnRoom | null;
  readonly children: ReactNode;
}

export function RoomProvider({ room, own, children }: Props) {
  const { id: me } = useMe();
  const { data } = usePages(chat.members, { room: room.id, limit: PAGE_ROWS }, { pages: PAGES });
  const members = data?.items ?? NONE;
  const presence = usePresence(room.id, me);
  const [panel, show] = useState<Panel | null>(null);
  const [replyTo, answer] = useState<Message | null>(null);
  const [editing, edit] = useState<number | null>(null);
  const names = useMemo(() => new Map(members.map(({ account, name }) => [account, name])), [members]);
  const value = useMemo(
    () => ({
      ...{ room, own, role: own?.role ?? null, me, members },
      nameOf: (account: string) => names.get(account),
      ...{ panel, show, replyTo, answer, editing, edit },
    }),
    [room, own, me, members, names, panel, replyTo, editing],
  );
  return (
    <RoomContext value={value}>
      <PresenceContext value={presence}>{children}</PresenceContext>
    </RoomContext>
  );
}

export function useRoom(): OpenRoom {
  const room = use(RoomContext);
  if (room === null) throw new Error("useRoom is called outside RoomProvider.");
  return room;
}

export function usePresenceHere(): Presence {
  const presence = use(PresenceContext);
  if (presence === null) throw new Error("usePresenceHere is called outside RoomProvider.");
  return presence;
}

const RANKS: readonly (Role | null)[] = [null, "member", "moderator", "owner"];

/** Whether the one role may act on the other. */
export function outranks(mine: Role | null, theirs: Role | null): boolean {
  return RANKS.indexOf(mine) >= RANKS.indexOf("moderator") && RANKS.indexOf(mine) > RANKS.indexOf(theirs);
}

/** Until when the caller is muted; null when the caller is not. */
export function mutedUntil({ own }: Pick<OpenRoom, "own">): string | null {
  const until = own?.mutedUntil ?? null;
  return until !== null && new Date(until) > new Date() ? until : null;
}

/** Whether the caller may write in the room now. */
export function maySpeak(open: Pick<OpenRoom, "own" | "role" | "room">): boolean {
  return open.role !== null && open.room.archivedAt === null && mutedUntil(open) === null;
}
