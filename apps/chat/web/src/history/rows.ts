/** Rows: messages as they stand below each other: by days, and what one person says at a stretch together. */
import type { Message } from "../client.ts";
import { isSameDay } from "../parts/words.ts";

/** Who says something after a longer pause is named again. */
const STRETCH_MS = 300_000;

export type Row =
  | { readonly is: "day"; readonly key: string; readonly at: string }
  | { readonly is: "new"; readonly key: string }
  | { readonly is: "message"; readonly key: string; readonly message: Message; readonly goesOn: boolean };

/** @param readNumber  What comes after it is new; null when nothing is to be told apart. */
export function rowsOf(messages: readonly Message[], readNumber: number | null): readonly Row[] {
  const rows: Row[] = [];
  let before: Message | null = null;
  let isMarked = readNumber === null;
  for (const message of messages) {
    const isNewDay = before === null || !isSameDay(new Date(before.createdAt), new Date(message.createdAt));
    if (isNewDay) rows.push({ is: "day", key: `day ${message.createdAt}`, at: message.createdAt });
    const isFirstNew = !isMarked && readNumber !== null && message.number > readNumber;
    if (isFirstNew) {
      isMarked = true;
      rows.push({ is: "new", key: "new" });
    }
    const goesOn = !isNewDay && !isFirstNew && before !== null && belongsTo(before, message);
    rows.push({ is: "message", key: String(message.number), message, goesOn });
    before = message;
  }
  return rows;
}

function belongsTo(before: Message, message: Message): boolean {
  if (before.author?.id !== message.author?.id || message.replyTo !== null || before.deletedAt !== null) return false;
  return new Date(message.createdAt).getTime() - new Date(before.createdAt).getTime() < STRETCH_MS;
}
