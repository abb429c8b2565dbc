/** The dialog that changes a room: name, topic, slow mode. */
import { NativeSelect, TextInput } from "@mantine/core";
import { fieldError } from "lineshaft-web-shared/parts/problem.ts";
import { type ReactNode, useState } from "react";
import { chat } from "../client.ts";
import { FormDialog } from "../parts/form-dialog.tsx";
import { useRoom } from "./room-context.tsx";

const PAUSES = [
  { value: "0", label: "Off" },
  { value: "5", label: "5 seconds" },
  { value: "30", label: "30 seconds" },
  { value: "60", label: "A minute" },
  { value: "300", label: "5 minutes" },
  { value: "3600", label: "An hour" },
];

/** `open` shows `dialog`, which must be rendered. */
export function useRoomSettings(): { readonly open: () => void; readonly dialog: ReactNode } {
  const { room } = useRoom();
  const [isOpen, setOpen] = useState(false);
  const current = String(room.slowSeconds);
  const pauses = PAUSES.some(({ value }) => value === current)
    ? PAUSES
    : [...PAUSES, { value: current, label: `${current} seconds` }];
  const change = async ({ name = "", topic = "", slowSeconds }: Readonly<Record<string, string>>) => {
    await chat.changeRoom({ room: room.id, name, topic, slowSeconds: Number(slowSeconds) });
  };
  const dialog = (
    <FormDialog
      title="Settings of the room"
      submit="Save"
      isOpen={isOpen}
      onClose={() => setOpen(false)}
      onSubmit={change}
    >
      {(problem) => (
        <>
          <TextInput
            name="name"
            label="Name"
            required
            maxLength={80}
            defaultValue={room.name ?? ""}
            error={fieldError(problem, "name")}
          />
          <TextInput
            name="topic"
            label="Topic"
            maxLength={500}
            defaultValue={room.topic}
            error={fieldError(problem, "topic")}
          />
          <NativeSelect
            name="slowSeconds"
            label="Slow mode"
            description="The pause between two messages of one member."
            data={pauses}
            defaultValue={current}
          />
        </>
      )}
    </FormDialog>
  );
  return { open: () => setOpen(true), dialog };
}
