/** The dialog that makes a room. */
import { Switch, TextInput } from "@mantine/core";
import { fieldError } from "lineshaft-web-shared/parts/problem.ts";
import { type ReactNode, useState } from "react";
import { chat } from "../client.ts";
import { FormDialog } from "../parts/form-dialog.tsx";
import { goToRoom } from "../route.ts";

/** `open` shows `dialog`, which must be rendered. */
export function useNewRoom(): { readonly open: () => void; readonly dialog: ReactNode } {
  const [isOpen, setOpen] = useState(false);
  const create = async ({ name = "", topic = "", isPrivate }: Readonly<Record<string, string>>) => {
    const { id } = await chat.createRoom({ name, topic, kind: isPrivate === "on" ? "private" : "public" });
    goToRoom(id);
  };
  const dialog = (
    <FormDialog title="New room" submit="Create room" isOpen={isOpen} onClose={() => setOpen(false)} onSubmit={create}>
      {(problem) => (
        <>
          <TextInput
            name="name"
            label="Name"
            required
            maxLength={80}
            data-autofocus
            error={fieldError(problem, "name")}
          />
          <TextInput name="topic" label="Topic" maxLength={500} error={fieldError(problem, "topic")} />
          <Switch
            name="isPrivate"
            label="Private"
            description="Only who is invited sees it. A public room is seen and joined by everybody."
          />
        </>
      )}
    </FormDialog>
  );
  return { open: () => setOpen(true), dialog };
}
