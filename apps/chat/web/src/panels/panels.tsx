/** What stands beside a room, on demand. */
import { ActionIcon } from "@mantine/core";
import { Icon } from "lineshaft-web-shared/parts/icons.tsx";
import { type ReactNode, useEffect, useRef } from "react";
import type { Message } from "../client.ts";
import { useFocusBack } from "../parts/focus-back.ts";
import { useRoom } from "../room/room-context.tsx";
import { MembersPanel } from "./members-panel.tsx";
import { SearchPanel } from "./search-panel.tsx";
import { ThreadPanel } from "./thread-panel.tsx";

const TITLES = { members: "Members", search: "Search", thread: "Thread" } as const;

/** @param messages  Those of the room that are shown. */
export function Panels({ messages }: { readonly messages: readonly Message[] }) {
  const { panel } = useRoom();
  if (panel === null) return null;
  return (
    <Frame key={panel.is} title={TITLES[panel.is]}>
      {panel.is === "members" && <MembersPanel />}
      {panel.is === "search" && <SearchPanel />}
      {panel.is === "thread" && (
        <ThreadPanel
          key={panel.number}
          number={panel.number}
          found={panel.found}
          root={messages.find(({ number }) => number === panel.number)}
        />
      )}
    </Frame>
  );
}

function Frame({ title, children }: { readonly title: string; readonly children: ReactNode }) {
  const { show } = useRoom();
  const panel = useRef<HTMLElement>(null);
  const close = useRef<HTMLButtonElement>(null);
  useFocusBack(panel);
  useEffect(() => {
    // Where there is something to write, that has the focus already.
    if (!panel.current?.contains(document.activeElement)) close.current?.focus({ preventScroll: true });
  }, []);
  return (
    <aside
      ref={panel}
      className="panel"
      aria-label={title}
      onKeyDown={({ key, defaultPrevented, target, currentTarget }) => {
        // Menus and dialogs stand elsewhere in the document, and have an Escape of their own.
        if (key === "Escape" && !defaultPrevented && currentTarget.contains(target as Node)) show(null);
      }}
    >
      <header className="panel-head">
        <h2>{title}</h2>
        <ActionIcon ref={close} variant="subtle" color="gray" size="lg" aria-label="Close" onClick={() => show(null)}>
          <Icon name="close" />
        </ActionIcon>
      </header>
      {children}
    </aside>
  );
}
