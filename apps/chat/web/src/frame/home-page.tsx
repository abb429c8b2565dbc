/** What is shown while no room is open. */
import { Button, Group } from "@mantine/core";
import { Empty } from "lineshaft-web-shared/parts/empty.tsx";
import { Waiting } from "lineshaft-web-shared/parts/failure.tsx";
import { Icon } from "lineshaft-web-shared/parts/icons.tsx";
import { go } from "../route.ts";
import { useNewRoom } from "./new-room.tsx";
import { useRooms } from "./use-rooms.tsx";

export function HomePage() {
  const { rooms, isLoading } = useRooms();
  const { open, dialog } = useNewRoom();
  const unread = rooms.some((room) => room.unread > 0);
  if (isLoading) {
    return (
      <main className="middle center">
        <Waiting what="Loading rooms" />
      </main>
    );
  }
  return (
    <main className="middle center">
      {rooms.length === 0 ? (
        <Empty icon="comment" title="No room yet" text="Join one that is open to everybody, or make your own.">
          <Group>
            <Button leftSection={<Icon name="search" />} onClick={() => go({ at: "browse" })}>
              Browse rooms
            </Button>
            <Button variant="default" leftSection={<Icon name="plus" />} onClick={open}>
              New room
            </Button>
          </Group>
        </Empty>
      ) : (
        <Empty
          icon="comment"
          title="Choose a room"
          text={unread ? "Where something is new, the list says how much." : "You have read everything."}
        />
      )}
      {dialog}
    </main>
  );
}
