/** Types of channels: what members send and show, and what `join` and `broadcast` take, come from the declaration. */
import { type AccountActor, type Actor, type Channel, field, service } from "lineshaft";
import { type Equal, type Expect, same } from "./expect.ts";

const club = service("club");

export const room = club.channel("/rooms/:room", {
  input: { room: field.integer(), since: field.time().optional() },
  member: { name: field.text() },
  state: { status: field.enum("here", "away").default("here") },
  messages: { typing: {}, cursor: { x: field.integer(), at: field.time() }, closed: { why: field.text() } },
  fromServer: ["closed"],
  errors: { FULL: { status: 409, title: "It is full" } },
  async join({ input, actor, fail }) {
    same<number>()(input.room);
    same<Date | undefined>()(input.since);
    same<AccountActor>()(actor);
    if (input.room < 0) throw fail("FULL");
    // @ts-expect-error: a code that nobody declared.
    if (input.room > 9) throw fail("EMPTY");
    return { name: actor.id };
  },
});

export type Shown = Expect<Equal<typeof room extends Channel<any, infer M, any, any> ? keyof M : never, "name">>;

export const open = club.channel("/open", { actor: "anyone", join: async ({ actor }) => void same<Actor>()(actor) });

// @ts-expect-error: the input lacks the parameter of the path.
club.channel("/rooms/:room", {});
// @ts-expect-error: the member has a name.
club.channel("/a", { member: { name: field.text() }, join: async () => ({}) });
// @ts-expect-error: no such message.
club.channel("/b", { messages: { hi: {} }, fromServer: ["ho"] });

export const close = club.command("POST /rooms/:room/close", {
  input: { room: field.integer() },
  async run({ input, broadcast, now }) {
    broadcast(room, { room: input.room }, "closed", { why: "late" });
    broadcast(room, { room: input.room }, "cursor", { x: 1, at: now });
    // @ts-expect-error: no such message.
    broadcast(room, { room: input.room }, "opened", {});
    // @ts-expect-error: not its payload.
    broadcast(room, { room: input.room }, "closed", { x: 1 });
    // @ts-expect-error: not its input.
    broadcast(room, {}, "typing", {});
  },
});

export const list = club.query("GET /rooms/:room/names", {
  input: { room: field.integer() },
  output: { names: field.text() },
  async authorize({ input, actor, fail }) {
    same<number>()(input.room);
    same<AccountActor>()(actor);
    throw fail("FORBIDDEN");
  },
  run: async () => ({ names: "" }),
});
