/** Demo data of the chat: rooms of the team that the task manager's demo data has signed up. */
import type { AccountActor, CallAs } from "lineshaft";
import { invite } from "./invitations.ts";
import { changeMember, joinRoom } from "./members.ts";
import { postMessage } from "./posting.ts";
import { react } from "./reactions.ts";
import { createRoom, openDirect } from "./rooms.ts";

interface Seeding {
  readonly call: CallAs;
  /** By name: demo, mira, jonas. */
  readonly team: ReadonlyMap<string, AccountActor>;
}

interface DemoMessage {
  readonly by: AccountActor;
  readonly text: string;
  readonly replyTo?: number;
  readonly thread?: number;
}

export async function seedChat({ call, team }: Seeding): Promise<void> {
  const [demo, mira, jonas] = [team.get("demo")!, team.get("mira")!, team.get("jonas")!];
  const say = async (room: string, messages: readonly DemoMessage[]) => {
    for (const { by, ...message } of messages) {
      await call(postMessage, { room, clientId: crypto.randomUUID(), ...message }, { actor: by });
    }
  };
  const at = (actor: AccountActor) => ({ actor });

  const topic = "What concerns all of us";
  const { id: general } = await call(createRoom, { kind: "public", name: "General", topic }, at(demo));
  for (const who of [mira, jonas]) await call(joinRoom, { room: general }, at(who));
  await say(general, [
    { by: demo, text: "Welcome! This room is for everything that has no room of its own." },
    { by: jonas, text: "The kitchen is closed on Thursday: the painters come." },
    { by: mira, text: "Thank you for telling us. Is the coffee machine reachable?", replyTo: 2 },
    { by: jonas, text: `It moves to the second floor. @[${demo.id}] has the key.` },
  ]);
  await call(react, { room: general, number: 4, emoji: "☕" }, at(mira));
  await call(react, { room: general, number: 4, emoji: "☕" }, at(demo));

  const food = "Who goes where at noon";
  const { id: lunch } = await call(createRoom, { kind: "public", name: "Lunch", topic: food }, at(mira));
  await call(joinRoom, { room: lunch }, at(jonas));
  await say(lunch, [
    { by: mira, text: "Soup at the corner, or the market?" },
    { by: jonas, text: "The market, at a quarter past twelve." },
  ]);

  const website = { kind: "private", name: "New website", topic: "Texts, drafts, and when we go online" } as const;
  const { id: site } = await call(createRoom, website, at(demo));
  for (const who of [mira, jonas]) {
    await call(invite, { room: site, account: who.id }, at(demo));
    await call(joinRoom, { room: site }, at(who));
  }
  await call(changeMember, { room: site, account: mira.id, role: "moderator" }, at(demo));
  await say(site, [
    { by: mira, text: "The second draft of the start page is in the shared folder." },
    { by: demo, text: "I like the calm colours. Can the logo be smaller?", thread: 1 },
    { by: mira, text: "Half of it? Then the headline fits beside it.", thread: 1 },
    { by: jonas, text: `@[${mira.id}] the printers ask for the typeface.` },
  ]);
  await call(react, { room: site, number: 1, emoji: "🎉" }, at(demo));

  const { id: direct } = await call(openDirect, { account: mira.id }, at(demo));
  await say(direct, [{ by: mira, text: "Have you got five minutes before the meeting?" }]);
}
