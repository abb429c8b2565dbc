/** The title of the window: what is unread, and where the page is. */
import { useEffect } from "react";
import { usePlace } from "../route.ts";
import { nameOfRoom, useRooms } from "./use-rooms.tsx";

export function useTitle(): void {
  const { rooms } = useRooms();
  const place = usePlace();
  const unread = rooms.reduce((sum, room) => sum + room.unread, 0);
  const current = place.at === "room" ? rooms.find(({ id }) => id === place.room) : undefined;
  useEffect(() => {
    const parts = [unread > 0 ? `(${unread}) ` : "", current ? `${nameOfRoom(current)} – ` : "", "Chat"];
    document.title = parts.join("");
  }, [unread, current]);
}
