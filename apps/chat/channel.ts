/** The channel of a room: who is there, and who is typing. Nothing of it is stored; messages come by live queries. */
import { field } from "lineshaft";
import { canSee } from "./access.ts";
import { byRoom } from "./messages.ts";
import { chat, Member } from "./model.ts";
import { nameOf, shownPerson } from "./people.ts";

export const roomChannel = chat.channel("/rooms/:room", {
  summary: "Who is in a room, and who is typing",
  description: "For whoever sees the room. One in many connections is there many times, with one account.",
  input: byRoom,
  member: { account: Member.fields.account, name: shownPerson.name },
  state: { status: field.enum("here", "away").default("here") },
  messages: { typing: {} },
  limit: { per: "actor", rate: "5/second" },
  async join(context) {
    await canSee(context);
    return { account: context.actor.id, name: await nameOf(context.db, context.actor.id) };
  },
});
