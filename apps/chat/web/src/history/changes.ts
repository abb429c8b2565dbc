/** What people do to messages: shown at once, and taken back when the server refuses. */
import type { Guess } from "@lineshaft/client";
import { tellFailed } from "lineshaft-web-shared/parts/notices.tsx";
import { chat, type Message } from "../client.ts";

export interface At {
  readonly room: string;
  readonly number: number;
}

/** A message as it will be, wherever it is shown. */
function shownAs({ room, number }: At, change: (message: Message) => Message): readonly Guess[] {
  const changed = (message: Message) => (message.number === number ? change(message) : message);
  return [
    chat.messages.guess({ room }, (page) => ({ ...page, items: page.items.map(changed) })),
    chat.thread.guess({ room }, (page) => ({ ...page, items: page.items.map(changed) })),
    chat.message.guess({ room, number }, change),
  ];
}

export async function deleteMessage(at: At): Promise<void> {
  const deletedAt = new Date().toISOString();
  const gone = { text: "", deletedAt, reactions: [], attachments: [], mentions: [] };
  try {
    await chat.deleteMessage(at, { optimistic: shownAs(at, (message) => ({ ...message, ...gone })) });
  } catch (error) {
    tellFailed("The message could not be deleted", error);
  }
}

/** @throws what the server says. */
export async function editMessage(at: At, text: string): Promise<void> {
  const editedAt = new Date().toISOString();
  await chat.editMessage({ ...at, text }, { optimistic: shownAs(at, (message) => ({ ...message, text, editedAt })) });
}

/** Adds a reaction of one's own, or takes it back. */
export async function toggleReaction(at: At, emoji: string, me: string, isOn: boolean): Promise<void> {
  const optimistic = shownAs(at, (message) => ({ ...message, reactions: reacted(message.reactions, emoji, me, isOn) }));
  try {
    await (isOn ? chat.react : chat.unreact)({ ...at, emoji }, { optimistic });
  } catch (error) {
    tellFailed("That did not work", error);
  }
}

type Reactions = Message["reactions"];

function reacted(reactions: Reactions, emoji: string, me: string, isOn: boolean): Reactions {
  const without = reactions.map((each) =>
    each.emoji === emoji ? { ...each, accounts: each.accounts.filter((account) => account !== me) } : each,
  );
  if (!isOn) return without.filter(({ accounts }) => accounts.length > 0);
  if (!without.some((each) => each.emoji === emoji)) return [...without, { emoji, accounts: [me] }];
  return without.map((each) => (each.emoji === emoji ? { ...each, accounts: [...each.accounts, me] } : each));
}
