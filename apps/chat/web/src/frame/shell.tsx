/** What is there for everybody who is signed in: the rooms on the left, and one of them. */
import { useEffect } from "react";
import { drafts } from "../compose/drafts.ts";
import { outbox } from "../compose/outbox.ts";
import { RoomGate } from "../room/room-gate.tsx";
import { type Place, usePlace } from "../route.ts";
import { BrowsePage } from "./browse-page.tsx";
import { HomePage } from "./home-page.tsx";
import { Sidebar } from "./sidebar.tsx";
import { useTitle } from "./title.ts";
import { RoomsProvider } from "./use-rooms.tsx";

export function Shell() {
  useEffect(() => forgetUnsent, []);
  return (
    <RoomsProvider>
      <Frame />
    </RoomsProvider>
  );
}

/** What was not sent is of the account that wrote it. */
function forgetUnsent(): void {
  outbox.clear();
  drafts.clear();
}

function Frame() {
  const place = usePlace();
  useTitle();
  return (
    <div className="chat" data-at={place.at}>
      <Sidebar />
      <Main place={place} />
    </div>
  );
}

function Main({ place }: { readonly place: Place }) {
  if (place.at === "room") return <RoomGate key={place.room} room={place.room} number={place.number} />;
  return place.at === "browse" ? <BrowsePage /> : <HomePage />;
}
