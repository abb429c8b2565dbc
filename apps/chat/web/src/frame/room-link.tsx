/** A room on the left side. */
import { Icon } from "lineshaft-web-shared/parts/icons.tsx";
import { Face } from "lineshaft-web-shared/parts/people.tsx";
import type { OwnRoom } from "../client.ts";
import { count } from "../parts/words.ts";
import { addressOf, usePlace } from "../route.ts";
import { nameOfRoom } from "./use-rooms.tsx";

const UNREAD_SHOWN_MAX = 99;

export function RoomLink({ room }: { readonly room: OwnRoom }) {
  const place = usePlace();
  const isHere = place.at === "room" && place.room === room.id;
  return (
    <a
      className="room-link"
      href={addressOf({ at: "room", room: room.id, number: null })}
      aria-current={isHere ? "page" : undefined}
      data-unread={room.unread > 0 || undefined}
    >
      <RoomSign room={room} />
      <span className="room-link-name">{nameOfRoom(room)}</span>
      <Unread room={room} />
    </a>
  );
}

export function RoomSign({ room }: { readonly room: Pick<OwnRoom, "kind"> & Partial<Pick<OwnRoom, "other">> }) {
  if (room.kind === "direct") return <Face person={room.other ?? { id: "", name: "?" }} size={22} />;
  return <Icon name={room.kind === "private" ? "lock" : "hash"} />;
}

function Unread({ room: { unread, unreadMentions, kind } }: { readonly room: OwnRoom }) {
  if (unread === 0) return null;
  const shown = unread > UNREAD_SHOWN_MAX ? `${UNREAD_SHOWN_MAX}+` : String(unread);
  const isUrgent = unreadMentions > 0 || kind === "direct";
  return (
    <span className="unread" data-urgent={isUrgent || undefined}>
      {unreadMentions > 0 && <span aria-hidden="true">@</span>}
      <span aria-hidden="true">{shown}</span>
      <span className="unseen">
        {count(unread, "unread message")}
        {unreadMentions > 0 && `, ${count(unreadMentions, "mention")} of you`}
      </span>
    </span>
  );
}
