/** Finds the room that the address names, and leaves it when the caller is put out of it. */
import { useQuery } from "@lineshaft/client/react";
import { Button } from "@mantine/core";
import { Empty } from "lineshaft-web-shared/parts/empty.tsx";
import { Failure, Waiting } from "lineshaft-web-shared/parts/failure.tsx";
import { tellDone } from "lineshaft-web-shared/parts/notices.tsx";
import { useEffect, useRef } from "react";
import { chat, client } from "../client.ts";
import { nameOfRoom, useRooms } from "../frame/use-rooms.tsx";
import { go } from "../route.ts";
import { RoomProvider } from "./room-context.tsx";
import { RoomPage } from "./room-page.tsx";

interface Props {
  readonly room: string;
  readonly number: number | null;
}

export function RoomGate({ room: id, number }: Props) {
  const { rooms, isLoading, problem: unknown } = useRooms();
  const own = rooms.find((each) => each.id === id) ?? null;
  const { data, problem } = useQuery(chat.room, { room: id });
  const wasIn = useRef<string | null>(null);
  useEffect(() => {
    if (own) wasIn.current = nameOfRoom(own);
    else if (wasIn.current !== null && !isLoading && !unknown) {
      tellDone(`You are no longer in ${wasIn.current}`);
      go({ at: "home" });
    }
  }, [own, isLoading, unknown]);
  if (problem?.code === "NOT_FOUND" || problem?.code === "INVALID_INPUT") return <Missing />;
  if (problem) {
    return (
      <main className="middle center">
        <Failure error={problem} onRetry={client.$restart} />
      </main>
    );
  }
  if (isLoading || !data) {
    return (
      <main className="middle center">
        <Waiting what="Loading the room" />
      </main>
    );
  }
  return (
    <RoomProvider room={data} own={own}>
      <RoomPage number={number} />
    </RoomProvider>
  );
}

function Missing() {
  return (
    <main className="middle center">
      <Empty icon="lock" title="No such room" text="It is gone, or it is not open to you.">
        <Button variant="default" onClick={() => go({ at: "home" })}>
          All rooms
        </Button>
      </Empty>
    </main>
  );
}
