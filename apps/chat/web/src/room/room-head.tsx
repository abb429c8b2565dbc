/** The head of a room: what it is called and about, and ways to its panels. */
import { ActionIcon, Menu } from "@mantine/core";
import { Icon, type IconName } from "lineshaft-web-shared/parts/icons.tsx";
import { tellDone, tellFailed } from "lineshaft-web-shared/parts/notices.tsx";
import { chat } from "../client.ts";
import { RoomSign } from "../frame/room-link.tsx";
import { nameOfRoom } from "../frame/use-rooms.tsx";
import { BackLink } from "../parts/back-link.tsx";
import { outranks, type Panel, usePresenceHere, useRoom } from "./room-context.tsx";
import { useRoomSettings } from "./room-settings.tsx";

export function RoomHead() {
  const { room, own } = useRoom();
  const isDirect = room.kind === "direct";
  return (
    <header className="room-head">
      <BackLink />
      <span className="room-sign">
        <RoomSign room={own ?? room} />
      </span>
      <div className="room-words">
        <h1>{nameOfRoom(own ?? room)}</h1>
        {isDirect ? <OtherStatus /> : room.topic !== "" && <p>{room.topic}</p>}
      </div>
      <PanelButton icon="search" label="Search" panel={{ is: "search" }} />
      <MembersButton />
      {!isDirect && own !== null && <RoomMenu />}
    </header>
  );
}

function OtherStatus() {
  const { own } = useRoom();
  const { present } = usePresenceHere();
  const status = own?.other ? (present.get(own.other.id) ?? "gone") : "gone";
  return (
    <p className="other-status" data-status={status}>
      {{ here: "here", away: "away", gone: "not here" }[status]}
    </p>
  );
}

function MembersButton() {
  const { members } = useRoom();
  const { present } = usePresenceHere();
  const label = `Members: ${members.length}, of whom ${present.size} here`;
  return <PanelButton icon="users" label={label} panel={{ is: "members" }} badge={String(members.length)} />;
}

interface ButtonProps {
  readonly icon: IconName;
  readonly label: string;
  readonly panel: Panel;
  readonly badge?: string;
}

function PanelButton({ icon, label, panel, badge }: ButtonProps) {
  const { panel: shown, show } = useRoom();
  const isOpen = shown?.is === panel.is;
  return (
    <ActionIcon
      className="head-button"
      variant={isOpen ? "light" : "subtle"}
      color={isOpen ? "indigo" : "gray"}
      size="lg"
      w="auto"
      aria-label={label}
      title={label}
      aria-expanded={isOpen}
      onClick={() => show(isOpen ? null : panel)}
    >
      <Icon name={icon} />
      {badge !== undefined && <span aria-hidden="true">{badge}</span>}
    </ActionIcon>
  );
}

function RoomMenu() {
  const { room, role, me } = useRoom();
  const { open, dialog } = useRoomSettings();
  const isArchived = room.archivedAt !== null;
  const archive = async () => {
    try {
      await chat.changeRoom({ room: room.id, archived: !isArchived });
      tellDone(isArchived ? `${room.name} is open again` : `${room.name} is in the archive`);
    } catch (error) {
      tellFailed("That did not work", error);
    }
  };
  const leave = async () => {
    try {
      await chat.removeMember({ room: room.id, account: me });
    } catch (error) {
      tellFailed("You cannot leave", error);
    }
  };
  return (
    <>
      <Menu position="bottom-end" width={220}>
        <Menu.Target>
          <ActionIcon variant="subtle" color="gray" size="lg" aria-label="More about this room">
            <Icon name="more" />
          </ActionIcon>
        </Menu.Target>
        <Menu.Dropdown>
          {outranks(role, "member") && !isArchived && (
            <Menu.Item leftSection={<Icon name="gear" size={16} />} onClick={open}>
              Settings
            </Menu.Item>
          )}
          {role === "owner" && (
            <Menu.Item leftSection={<Icon name="folder" size={16} />} onClick={() => void archive()}>
              {isArchived ? "Take out of the archive" : "Put into the archive"}
            </Menu.Item>
          )}
          <Menu.Item leftSection={<Icon name="out" size={16} />} onClick={() => void leave()}>
            Leave the room
          </Menu.Item>
        </Menu.Dropdown>
      </Menu>
      {dialog}
    </>
  );
}
