/**
 * Where the page is, after `#`, so that the server has one file and every place has an address:
 *
 *     #/                          no room
 *     #/browse                    public rooms
 *     #/rooms/<id>                a room, at its end
 *     #/rooms/<id>/<number>       a room, at a message
 */
import { useMemo, useSyncExternalStore } from "react";

export type Place =
  | { readonly at: "home" }
  | { readonly at: "browse" }
  | { readonly at: "room"; readonly room: string; readonly number: number | null };

export function parsePlace(hash: string): Place {
  const [, kind, room = "", number] = hash.split("/");
  if (kind === "browse") return { at: "browse" };
  if (kind !== "rooms" || room === "") return { at: "home" };
  const wanted = Number(number);
  return { at: "room", room, number: Number.isSafeInteger(wanted) && wanted > 0 ? wanted : null };
}

export function addressOf(place: Place): string {
  if (place.at === "browse") return "#/browse";
  if (place.at === "home") return "#/";
  return `#/rooms/${place.room}${place.number === null ? "" : `/${place.number}`}`;
}

export function go(place: Place): void {
  location.hash = addressOf(place);
}

/** The same place, called so from now on: the way back does not lead to what it was called before. */
export function replace(place: Place): void {
  history.replaceState(null, "", addressOf(place));
  dispatchEvent(new HashChangeEvent("hashchange"));
}

export function goToRoom(room: string, number: number | null = null): void {
  go({ at: "room", room, number });
}

function subscribe(listener: () => void): () => void {
  addEventListener("hashchange", listener);
  return () => removeEventListener("hashchange", listener);
}

export function usePlace(): Place {
  const hash = useSyncExternalStore(subscribe, () => location.hash);
  return useMemo(() => parsePlace(hash), [hash]);
}
