/** The dialog that begins a talk of two. */
import { Modal } from "@mantine/core";
import { tellFailed } from "lineshaft-web-shared/parts/notices.tsx";
import { type ReactNode, useState } from "react";
import { chat } from "../client.ts";
import { goToRoom } from "../route.ts";
import { PeopleList } from "./people-list.tsx";

/** Goes to the direct room with somebody. */
export async function writeTo(account: string): Promise<void> {
  try {
    const { id } = await chat.openDirect({ account });
    goToRoom(id);
  } catch (error) {
    tellFailed("That did not work", error);
  }
}

/** `open` shows `dialog`, which must be rendered. */
export function useNewDirect(): { readonly open: () => void; readonly dialog: ReactNode } {
  const [isOpen, setOpen] = useState(false);
  const close = () => setOpen(false);
  const dialog = (
    <Modal opened={isOpen} onClose={close} title="New direct message" closeButtonProps={{ "aria-label": "Close" }}>
      <PeopleList
        verb="Write to"
        onPick={({ id }) => {
          close();
          void writeTo(id);
        }}
      />
    </Modal>
  );
  return { open: () => setOpen(true), dialog };
}
