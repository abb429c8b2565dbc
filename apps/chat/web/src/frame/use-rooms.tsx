/** The rooms of whoever is signed in, live, for all that is shown of them. */
import { useQuery } from "@lineshaft/client/react";
import { createContext, type ReactNode, use, useMemo } from "react";
import { chat, type OwnRoom, type Room } from "../client.ts";

interface Rooms {
  readonly rooms: readonly OwnRoom[];
  readonly isLoading: boolean;
  readonly problem: unknown;
}

const RoomsContext = createContext<Rooms>({ rooms: [], isLoading: true, problem: null });

const NOTHING = {};
const NONE: readonly OwnRoom[] = [];

export function RoomsProvider({ children }: { readonly children: ReactNode }) {
  const { status, data, problem } = useQuery(chat.rooms, NOTHING);
  const value = useMemo(
    () => ({ rooms: data ?? NONE, isLoading: status === "loading", problem: problem ?? null }),
    [data, status, problem],
  );
  return <RoomsContext value={value}>{children}</RoomsContext>;
}

export function useRooms(): Rooms {
  return use(RoomsContext);
}

/** What a room is called: a direct one by who else is in it. */
export function nameOfRoom(room: Pick<Room, "name"> & Partial<Pick<OwnRoom, "other">>): string {
  return room.name ?? room.other?.name ?? "Direct message";
}
