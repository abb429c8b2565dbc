/** Public rooms, to join. */
import { usePages } from "@lineshaft/client/react";
import { Button, Text, TextInput, Title } from "@mantine/core";
import { Failure, Waiting } from "lineshaft-web-shared/parts/failure.tsx";
import { Icon } from "lineshaft-web-shared/parts/icons.tsx";
import { tellFailed } from "lineshaft-web-shared/parts/notices.tsx";
import { useState } from "react";
import { chat, client, type PublicRoom } from "../client.ts";
import { BackLink } from "../parts/back-link.tsx";
import { count } from "../parts/words.ts";
import { addressOf, goToRoom } from "../route.ts";

export function BrowsePage() {
  const [sought, setSought] = useState("");
  const asked = sought.trim() === "" ? {} : { q: sought.trim() };
  const { status, data, problem } = usePages(chat.publicRooms, asked, { keep: true });
  return (
    <main className="middle browse">
      <header className="room-head">
        <BackLink />
        <Title order={1} size="h3">
          Browse rooms
        </Title>
      </header>
      <div className="browse-list">
        <TextInput
          aria-label="Find a room"
          placeholder="Find a room"
          type="search"
          maxLength={80}
          leftSection={<Icon name="search" size={16} />}
          value={sought}
          onChange={(event) => setSought(event.currentTarget.value)}
        />
        {problem && <Failure error={problem} onRetry={client.$restart} />}
        {status === "loading" && <Waiting what="Loading rooms" />}
        {data?.items.length === 0 && (
          <Text c="dimmed" size="sm">
            {sought === "" ? "There is no public room yet: make the first one." : "No room has such a name."}
          </Text>
        )}
        <ul className="plain">
          {data?.items.map((room) => (
            <RoomCard key={room.id} room={room} />
          ))}
        </ul>
        {data?.hasMore && (
          <Button variant="default" loading={data.isLoading} onClick={data.more}>
            Show more
          </Button>
        )}
      </div>
    </main>
  );
}

function RoomCard({ room }: { readonly room: PublicRoom }) {
  const join = async () => {
    try {
      await chat.joinRoom({ room: room.id });
      goToRoom(room.id);
    } catch (error) {
      tellFailed("You could not join", error);
    }
  };
  const address = addressOf({ at: "room", room: room.id, number: null });
  return (
    <li className="browse-room">
      <Icon name="hash" />
      <span className="person-words">
        <a href={address} className="browse-name">
          {room.name}
        </a>
        <Text c="dimmed" size="sm">
          {count(room.memberCount, "member")}
          {room.topic !== "" && ` · ${room.topic}`}
        </Text>
      </span>
      {room.isMember ? (
        <Button component="a" href={address} variant="default" size="xs" aria-label={`Open ${room.name}`}>
          Open
        </Button>
      ) : (
        <Button size="xs" aria-label={`Join ${room.name}`} onClick={() => void join()}>
          Join
        </Button>
      )}
    </li>
  );
}
