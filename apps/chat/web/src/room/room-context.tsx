/** A room that is open: what is known of it, for all of its parts. */
import { usePages } from "@lineshaft/client/react";
import { useMe } from "lineshaft-web-shared/account/session.tsx";
import {
  createContext,
  type Dispatch,
  type ReactNode,
  type SetStateAction,
  use,
  useEffect,
  useMemo,
  useReducer,
  useState,
} from "react";
import { chat, type Member, type Message, type OwnRoom, type Role, type Room } from "../client.ts";
import { type Presence, usePresence } from "./presence.ts";

/** Members that are known by name, in pages of the API's size. */
const PAGE_ROWS = 100;
const PAGES = 5;
/** Timers take no longer time. */
const TIMER_MS_MAX = 2 ** 31 - 1;
const NONE: readonly Member[] = [];

export type Panel =
  | { readonly is: "members" }
  | { readonly is: "search" }
  | { readonly is: "thread"; readonly number: number; readonly found?: number };

interface OpenRoom {
  readonly room: Room;
  /** The same as the caller has it in the own list; null when it is no room of the caller's. */
  readonly own: OwnRoom | null;
  readonly role: Role | null;
  /** Until when the caller is muted; null when the caller is not. */
  readonly mutedUntil: string | null;
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
  readonly edit: Dispatch<SetStateAction<number | null>>;
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
  const mutedUntil = useUntil(own?.mutedUntil ?? null);
  const [panel, show] = useState<Panel | null>(null);
  const [replyTo, answer] = useState<Message | null>(null);
  const [editing, edit] = useState<number | null>(null);
  const names = useMemo(() => new Map(members.map(({ account, name }) => [account, name])), [members]);
  const value = useMemo(
    () => ({
      ...{ room, own, role: own?.role ?? null, mutedUntil, me, members },
      nameOf: (account: string) => names.get(account),
      ...{ panel, show, replyTo, answer, editing, edit },
    }),
    [room, own, mutedUntil, me, members, names, panel, replyTo, editing],
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

/** A time, as long as it is to come; null from then on. */
function useUntil(at: string | null): string | null {
  const [, look] = useReducer((looks: number) => looks + 1, 0);
  const left = at === null ? 0 : Date.parse(at) - Date.now();
  useEffect(() => {
    if (left <= 0) return;
    const timer = setTimeout(look, Math.min(left, TIMER_MS_MAX));
    return () => clearTimeout(timer);
  });
  return left > 0 ? at : null;
}

/** Whether the caller may write in the room now. */
export function maySpeak({ role, room, mutedUntil }: Pick<OpenRoom, "role" | "room" | "mutedUntil">): boolean {
  return role !== null && room.archivedAt === null && mutedUntil === null;
}
