/**
 * Chat: entities and service.
 *
 * A room has members with roles; messages, reactions and the rest belong to a room. Who may not see a room is told
 * `NOT_FOUND`, as if there were none; who may see it but not do something has a code that says why (`errors.ts`).
 *
 * Numbers. The messages of a room are numbered 1, 2, 3 …, without gaps, in the order in which they were accepted. No
 * clock has a say in that. A message never goes away: one that is deleted leaves its number, its author and its times.
 * So whoever holds messages 7 and 9 knows that 8 is missing, and a page is a range of numbers.
 *
 * Locks. Every command that writes into a room locks its row first (`access.ts`) and reads what it decides by after
 * that, so writes of one room stand in one line: numbers have no gaps, the last owner stays, limits are exact, and who
 * was put out posts nothing more. Such commands are "read committed": the lock does what a serializable transaction
 * would do by trying again. Rooms do not wait for each other, and reading moves only the reader's own row.
 */
import { entity, field, service, type Transaction } from "lineshaft";
import { Account } from "lineshaft/accounts";

/** Rooms that one account may be in. */
export const ROOMS_PER_ACCOUNT_MAX = 500;
export const MEMBERS_PER_ROOM_MAX = 10_000;
/** Invitations to a room that nobody has answered yet. */
export const INVITATIONS_PER_ROOM_MAX = 500;
export const TEXT_CHARS_MAX = 4_000;
/** Accounts that one message may mention. */
export const MENTIONS_PER_MESSAGE_MAX = 50;
/** Different emoji on one message, and reactions in all: each stands in every answer with the message. */
export const EMOJI_PER_MESSAGE_MAX = 20;
export const REACTIONS_PER_MESSAGE_MAX = 500;
/** Bytes of an attachment: 25 MB. */
export const ATTACHMENT_BYTES_MAX = 25_000_000;
export const ATTACHMENTS_PER_MESSAGE_MAX = 10;
/** Attachments that one account has uploaded and not posted yet. */
export const ATTACHMENTS_WAITING_MAX = 30;
/** Seconds between two posts of one member, at most: an hour. */
export const SLOW_SECONDS_MAX = 3_600;

/** From the least to the most. */
export const ROLES = ["member", "moderator", "owner"] as const;
export type Role = (typeof ROLES)[number];

export const KINDS = ["public", "private", "direct"] as const;

/** At least one character that can be seen. */
const VISIBLE = /\S/;

export class Room extends entity(
  "room",
  {
    id: field.id(),
    kind: field
      .enum(...KINDS)
      .describe("Public: everybody signed in reads and joins. Private: by invitation. Direct: two accounts."),
    name: field.text({ max: 80, pattern: VISIBLE }).optional().describe("Direct rooms have none."),
    topic: field.text({ max: 500 }).default(""),
    /** Of a direct room: its two accounts, so that there is one room for each pair. */
    pair: field.text({ max: 73 }).optional().unique().hidden(),
    slowSeconds: field
      .integer({ min: 0, max: SLOW_SECONDS_MAX })
      .default(0)
      .describe("Slow mode: seconds between two posts of one member. Moderators and owners do not wait."),
    lastNumber: field.integer().default(0).describe("The number of the last message; 0 before the first."),
    lastMessageAt: field.time().optional(),
    archivedAt: field.time().optional().describe("An archived room can be read, but nothing in it changes."),
    createdAt: field.now(),
  },
  { indexes: [{ on: ["name", "id"], where: `"kind" = 'public'` }] },
) {}

export class Member extends entity(
  "member",
  {
    room: field.ref(() => Room, { onDelete: "cascade" }),
    account: field.ref(() => Account, { onDelete: "cascade" }),
    role: field.enum(...ROLES).default("member"),
    readNumber: field.integer().default(0).describe("The last message that the member has read. It never goes back."),
    /** When the member posted last, for slow mode. */
    postedAt: field.time().optional().hidden(),
    createdAt: field.now(),
  },
  { primaryKey: ["room", "account"] },
) {}

/** Opens a room to somebody: nobody becomes a member unasked. */
export class Invitation extends entity(
  "invitation",
  {
    room: field.ref(() => Room, { onDelete: "cascade" }),
    account: field.ref(() => Account, { onDelete: "cascade" }),
    invitedBy: field.ref(() => Account, { onDelete: "set null" }).optional(),
    createdAt: field.now(),
  },
  { primaryKey: ["room", "account"] },
) {}

/** Who may read but not speak. Also of those who left: leaving and joining again helps nobody. */
export class Mute extends entity(
  "mute",
  {
    room: field.ref(() => Room, { onDelete: "cascade" }),
    account: field.ref(() => Account, { onDelete: "cascade" }),
    until: field.time(),
  },
  { primaryKey: ["room", "account"] },
) {}

/** Who does not see the room, cannot join it, and is not invited. */
export class Ban extends entity(
  "ban",
  {
    room: field.ref(() => Room, { onDelete: "cascade" }),
    account: field.ref(() => Account, { onDelete: "cascade" }),
    reason: field.text({ max: 500 }).default(""),
    bannedBy: field.ref(() => Account, { onDelete: "set null" }).optional(),
    createdAt: field.now(),
  },
  { primaryKey: ["room", "account"] },
) {}

/** Messages point at each other by number: all of it happens inside of one room. */
export class Message extends entity(
  "message",
  {
    id: field.id(),
    room: field.ref(() => Room, { onDelete: "cascade" }),
    number: field.integer({ min: 1 }).describe("Its place in the room: 1, 2, 3 … without gaps."),
    author: field.ref(() => Account, { onDelete: "set null" }).optional(),
    clientId: field
      .text({ max: 36, pattern: /^[0-9a-fA-F]{8}(?:-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}$/ })
      .describe("A UUID that the client made for it. Posting again with the same one gives the first message.")
      .example("0b8f5f0e-54d4-4a3e-9a53-0d8a4c1f6c5e"),
    text: field.text({ max: TEXT_CHARS_MAX }).describe("`@[account id]` mentions a member. Empty once deleted."),
    replyTo: field.integer({ min: 1 }).optional().describe("The number of the message that it answers."),
    thread: field.integer({ min: 1 }).optional().describe("The number of the message whose thread it is in."),
    replyCount: field
      .integer()
      .default(0)
      .describe("Of a message that has a thread: what is in it, less deleted ones."),
    lastReply: field.integer().optional().describe("The number of the last message of its thread."),
    lastReplyAt: field.time().optional(),
    editedAt: field.time().optional(),
    deletedAt: field.time().optional(),
    createdAt: field.time(),
  },
  {
    unique: [
      ["room", "number"],
      ["room", "author", "clientId"],
    ],
    // Rooms speak many languages: words are found as they were written.
    indexes: [
      { on: ["room", "thread", "number"], where: `"thread" is not null` },
      { search: ["text"], language: "simple" },
    ],
  },
) {}

export class Reaction extends entity(
  "reaction",
  {
    room: field.ref(() => Room, { onDelete: "cascade" }),
    number: field.integer({ min: 1 }),
    emoji: field.text({ min: 1, max: 32, pattern: /^\S+$/ }).example("👍"),
    account: field.ref(() => Account, { onDelete: "cascade" }),
    createdAt: field.now(),
  },
  { primaryKey: ["room", "number", "emoji", "account"] },
) {}

export class Mention extends entity(
  "mention",
  {
    room: field.ref(() => Room, { onDelete: "cascade" }),
    number: field.integer({ min: 1 }),
    account: field.ref(() => Account, { onDelete: "cascade" }),
  },
  { primaryKey: ["room", "number", "account"], indexes: [{ on: ["account", "room", "number"] }] },
) {}

/** A file that was uploaded to a room. It has a number once it is part of a message. */
export class Attachment extends entity(
  "attachment",
  {
    id: field.id(),
    room: field.ref(() => Room, { onDelete: "cascade" }),
    number: field.integer({ min: 1 }).optional(),
    author: field.ref(() => Account, { onDelete: "set null" }).optional(),
    key: field.text({ max: 200 }).unique().hidden(),
    name: field.text({ min: 1, max: 200 }).describe("What it is called where it comes from."),
    type: field.text({ max: 200 }).describe("Its media type."),
    size: field.integer().describe("Bytes."),
    createdAt: field.time(),
  },
  { indexes: [{ on: ["room", "number"] }, { on: ["createdAt"], where: `"number" is null` }] },
) {}

export const ACTS = ["kick", "mute", "unmute", "ban", "unban", "delete", "role"] as const;

/** What moderators did. */
export class Act extends entity(
  "act",
  {
    id: field.id(),
    room: field.ref(() => Room, { onDelete: "cascade" }),
    actor: field.ref(() => Account, { onDelete: "set null" }).optional(),
    act: field.enum(...ACTS),
    account: field.ref(() => Account, { onDelete: "set null" }).optional(),
    number: field.integer().optional().describe("The message that was deleted."),
    until: field.time().optional().describe("The end of a mute."),
    role: Member.fields.role.optional().describe("The new role."),
    reason: field.text({ max: 500 }).default(""),
    createdAt: field.now(),
  },
  { indexes: [{ on: ["room", "id"] }] },
) {}

export const chat = service("chat", {
  description: "Rooms of a team: messages in order, threads, reactions, mentions, read positions, moderation, search.",
  entities: { Room, Member, Invitation, Mute, Ban, Message, Reaction, Mention, Attachment, Act },
  prefix: "/chat",
});

export type ChatTables = (typeof chat)["~tables"];
/** Kysely over the tables of the service. */
export type ChatDb = Transaction<ChatTables>;
