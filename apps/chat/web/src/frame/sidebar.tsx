/** The left side: the caller's rooms with what is unread in them, invitations, and ways to others. */
import { ActionIcon, Text } from "@mantine/core";
import { ConnectionSign } from "lineshaft-web-shared/account/connection-sign.tsx";
import { OwnMenu, SchemeToggle } from "lineshaft-web-shared/account/own-menu.tsx";
import { useMe } from "lineshaft-web-shared/account/session.tsx";
import { Failure } from "lineshaft-web-shared/parts/failure.tsx";
import { Icon } from "lineshaft-web-shared/parts/icons.tsx";
import type { ReactNode } from "react";
import { client, type OwnRoom } from "../client.ts";
import { Brand } from "../parts/brand.tsx";
import { addressOf, usePlace } from "../route.ts";
import { Invitations } from "./invitations.tsx";
import { useNewDirect } from "./new-direct.tsx";
import { useNewRoom } from "./new-room.tsx";
import { RoomLink } from "./room-link.tsx";
import { nameOfRoom, useRooms } from "./use-rooms.tsx";

export function Sidebar() {
  const me = useMe();
  return (
    <aside className="side">
      <header className="side-head">
        <a href={addressOf({ at: "home" })} className="home" aria-label="Chat: start">
          <Brand />
        </a>
        <span className="spring" />
        <ConnectionSign />
      </header>
      <Lists />
      <footer className="side-foot">
        <OwnMenu />
        <Text size="sm" fw={600} truncate className="spring">
          {me.name || me.email}
        </Text>
        <SchemeToggle />
      </footer>
    </aside>
  );
}

const byName = (one: OwnRoom, other: OwnRoom) => nameOfRoom(one).localeCompare(nameOfRoom(other));

function Lists() {
  const { rooms, problem } = useRooms();
  const newRoom = useNewRoom();
  const newDirect = useNewDirect();
  const place = usePlace();
  const open = rooms.filter(({ kind, archivedAt }) => kind !== "direct" && archivedAt === null).toSorted(byName);
  const archived = rooms.filter(({ kind, archivedAt }) => kind !== "direct" && archivedAt !== null).toSorted(byName);
  return (
    <nav className="side-lists" aria-label="Rooms">
      {problem !== null && <Failure error={problem} onRetry={client.$restart} />}
      <Invitations />
      <Section title="Rooms" action="New room" onAction={newRoom.open}>
        <RoomLinks rooms={open} />
        <li>
          <a
            className="room-link"
            href={addressOf({ at: "browse" })}
            aria-current={place.at === "browse" ? "page" : undefined}
          >
            <Icon name="search" />
            <span className="room-link-name">Browse rooms</span>
          </a>
        </li>
      </Section>
      <Section title="Direct messages" action="New direct message" onAction={newDirect.open}>
        <RoomLinks rooms={rooms.filter(({ kind }) => kind === "direct")} />
        {rooms.every(({ kind }) => kind !== "direct") && <li className="side-hint">Nobody yet</li>}
      </Section>
      {archived.length > 0 && (
        <Section title="Archive">
          <RoomLinks rooms={archived} />
        </Section>
      )}
      {newRoom.dialog}
      {newDirect.dialog}
    </nav>
  );
}

interface SectionProps {
  readonly title: string;
  readonly action?: string;
  readonly onAction?: () => void;
  readonly children: ReactNode;
}

function Section({ title, action, onAction, children }: SectionProps) {
  return (
    <section className="side-section">
      <div className="side-section-head">
        <h2>{title}</h2>
        {action !== undefined && (
          <ActionIcon variant="subtle" color="gray" aria-label={action} title={action} onClick={onAction}>
            <Icon name="plus" size={16} />
          </ActionIcon>
        )}
      </div>
      <ul className="plain">{children}</ul>
    </section>
  );
}

function RoomLinks({ rooms }: { readonly rooms: readonly OwnRoom[] }) {
  return rooms.map((room) => (
    <li key={room.id}>
      <RoomLink room={room} />
    </li>
  ));
}
