/** The app that is broken: the apps of this repository, and in the chat a channel whose messages bear numbers. */
import { app, field } from "lineshaft";
import { canSee } from "../../apps/chat/access.ts";
import * as chat from "../../apps/chat/index.ts";
import { Room } from "../../apps/chat/model.ts";
import { apps } from "../../apps/main.ts";

/** "Typing" is the same each time: whether one came twice can be seen only of messages that differ. */
export const numbers = chat.chat.channel("/rooms/:room/numbers", {
  summary: "Numbered messages of members",
  input: { room: Room.fields.id },
  presence: false,
  messages: { said: { room: field.text(), person: field.text(), number: field.integer(), atMs: field.integer() } },
  join: canSee,
});

export const node = app({
  ...apps.options,
  sites: {},
  services: { ...apps.options.services, chat: { ...chat, numbers } },
  migrations: `${import.meta.dirname}/../../migrations`,
});

if (import.meta.main) await node.run();
