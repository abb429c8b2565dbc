/** Expected failures of the chat beyond the platform's own, and how a wrong field is told. */
import type { FaultOptions, FieldError } from "lineshaft";

export const NOT_MEMBER = { NOT_MEMBER: { status: 403, title: "Only members do that: join the room first" } } as const;
export const MUTED = { MUTED: { status: 403, title: "You are muted in this room: you can read, not write" } } as const;
export const OUTRANKED = {
  OUTRANKED: { status: 403, title: "This takes a higher role than that of the other" },
} as const;
export const ROOM_ARCHIVED = {
  ROOM_ARCHIVED: { status: 409, title: "The room is archived; nothing in it changes" },
} as const;
export const DIRECT_ROOM = {
  DIRECT_ROOM: { status: 409, title: "A direct room is of its two accounts, and stays so" },
} as const;
export const LIMIT_REACHED = {
  LIMIT_REACHED: { status: 409, title: "There are as many of these as there may be" },
} as const;
export const LAST_OWNER = {
  LAST_OWNER: { status: 409, title: "A room keeps at least one owner: make another member owner first" },
} as const;
export const SLOW_MODE = {
  SLOW_MODE: { status: 429, title: "The room is in slow mode: wait before the next message" },
} as const;
export const CLIENT_ID_TAKEN = {
  CLIENT_ID_TAKEN: { status: 409, title: "You posted another message with this client id" },
} as const;
export const MESSAGE_DELETED = { MESSAGE_DELETED: { status: 409, title: "The message is deleted" } } as const;
export const ALREADY_MEMBER = { ALREADY_MEMBER: { status: 409, title: "The account is a member already" } } as const;
export const BANNED = {
  BANNED: { status: 409, title: "The account is banned from the room: lift the ban first" },
} as const;

/** Of commands that write into a room. */
export const WRITING = { ...NOT_MEMBER, ...ROOM_ARCHIVED } as const;
/** Of commands that others in the room see something of. */
export const SPEAKING = { ...WRITING, ...MUTED } as const;

/** Options of `fail("LIMIT_REACHED")`. */
export function limitOf(what: string, limit: number): FaultOptions {
  return { detail: `There can be at most ${limit} ${what}.`, facts: { limit } };
}

/** Options of `fail("INVALID_INPUT")` for one field. */
export function wrong(pointer: string, detail: string, part: FieldError["in"] = "body"): FaultOptions {
  return { detail: `${pointer} ${detail}`, errors: [{ in: part, pointer, rule: "value", detail }] };
}
