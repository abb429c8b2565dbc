/** Subscribers and channels of a room: told of what happens there, and of nothing once they may not see it. */
import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { createClient } from "@lineshaft/client";
import type { AccountActor } from "lineshaft";
import * as accounts from "lineshaft/accounts";
import { missing, poll, TEST_SERVERS } from "lineshaft/testkit";
import type * as chat from "./index.ts";
import { type Json, Team } from "./test/team.ts";

const HERE = { status: "here" } as const;
const WAIT = { timeoutMs: 20_000 };

for (const server of TEST_SERVERS) {
  describe(`live rooms on ${server.name}`, { skip: missing(server) }, () => {
    let team: Team;
    let made: AsyncDisposableStack;
    before(async () => {
      team = await Team.start({ server, live: true });
      made = new AsyncDisposableStack();
      made.use(team);
    });
    after(() => made.disposeAsync());

    /** Somebody new, with a client. */
    async function person(name: string) {
      const signUp = { email: `${name}-${crypto.randomUUID()}@example.com`, name, password: "a password of tests" };
      const { account, token } = await team.app.as(null).call(accounts.signUp, signUp);
      const client = createClient<{ chat: typeof chat }>({ url: team.app.url, token });
      made.defer(() => client.$close());
      const actor = team.app.as({ id: account.id }).actor as AccountActor;
      return { client, actor, id: account.id };
    }
    type Person = Awaited<ReturnType<typeof person>>;

    /** Watches the newest page of a room: what it says now, and with which code it ended. */
    function watch({ client }: Person, room: string) {
      const seen: { items: Json[]; code: string | null } = { items: [], code: null };
      client.chat.messages.subscribe(
        { room: room.split("/").at(-1)! },
        ({ items }) => {
          seen.items = items as Json[];
        },
        {
          onProblem: ({ code }) => {
            seen.code = code;
          },
        },
      );
      return seen;
    }
    const until = (passes: () => unknown) => poll(() => Boolean(passes()), WAIT);

    test("whoever watches a room sees posts, edits, reactions, replies and deletes", async () => {
      const [room, ada] = [await team.room(), await person("Ada")];
      await team.add(room, ada.actor);
      const seen = watch(ada, room);
      await team.post("owner", room, "one");
      await until(() => seen.items[0]?.text === "one");
      assert.equal(seen.items[0].author.name, "owner");
      await team.must("owner", "PATCH", `${room}/messages/1`, { text: "edited" });
      await until(() => seen.items[0].text === "edited");
      await team.must("member", "PUT", `${room}/messages/1/reactions/x`);
      await until(() => seen.items[0].reactions[0]?.accounts[0] === team.id("member"));
      await team.post("member", room, "two", { thread: 1 });
      await until(() => seen.items.length === 2 && seen.items[0].replyCount === 1);
      await team.must("owner", "DELETE", `${room}/messages/1`);
      await until(() => seen.items[0].deletedAt !== null && seen.items[0].text === "");
      assert.equal(seen.code, null);
    });

    test("who is put out of a private room, or banned from a public one, is told nothing more", async () => {
      for (const [kind, path] of [
        ["private", "members"],
        ["public", "bans"],
      ] as const) {
        const [room, ada, bob] = [await team.room(kind), await person("Ada"), await person("Bob")];
        for (const { actor } of [ada, bob]) await team.add(room, actor);
        const [ofAda, ofBob] = [watch(ada, room), watch(bob, room)];
        await team.post("owner", room, "for both");
        await until(() => ofAda.items.length === 1 && ofBob.items.length === 1);
        await team.must(
          "moderator",
          path === "bans" ? "PUT" : "DELETE",
          `${room}/${path}/${ada.id}`,
          path === "bans" ? {} : undefined,
        );
        await until(() => ofAda.code === "NOT_FOUND");
        await team.post("owner", room, "for Bob");
        await until(() => ofBob.items.length === 2);
        assert.deepEqual([ofAda.items.length, ofBob.code], [1, null]);
      }
    });

    test("what happens in other rooms, and behind an old page, asks nothing anew", async () => {
      const [room, other, ada] = [await team.room(), await team.room(), await person("Ada")];
      await team.add(room, ada.actor);
      for (const text of ["one", "two", "three"]) await team.post("owner", room, text);
      const seen: Json[][] = [[], []];
      const input = { room: room.split("/").at(-1)! };
      const { messages } = ada.client.chat;
      messages.subscribe({ ...input, before: 3, limit: 2 }, ({ items }) => void (seen[0] = items as Json[]));
      await until(() => seen[0]!.length === 2);
      const before = await runs();
      for (const text of ["a", `b @[${team.id("member")}]`, "c"])
        await team.post("owner", other, text, { thread: undefined });
      await team.must("member", "PUT", `${other}/messages/1/reactions/x`);
      await team.must("owner", "DELETE", `${other}/messages/2`);
      await team.must("member", "PUT", `${other}/read`, { number: 3 });
      for (const text of ["four", "five"]) await team.post("owner", room, text);
      await team.must("owner", "PATCH", `${room}/messages/1`, { text: "edited" });
      await until(() => seen[0]![0].text === "edited");
      assert.equal((await runs()) - before, 1);
    });

    test("many who watch a room cost one run", async () => {
      const room = await team.room();
      const watching = await Promise.all(Array.from({ length: 8 }, () => person("Ada")));
      for (const { actor } of watching) await team.add(room, actor);
      await team.post("owner", room, "one");
      const seen = watching.map((each) => watch(each, room));
      const all = (count: number) => until(() => seen.every(({ items }) => items.length === count));
      await all(1);
      const before = await runs();
      await team.post("owner", room, "two");
      await all(2);
      assert.equal((await runs()) - before, 1);
    });

    /** How often queries were run, but for runs that came too early: what they were for could not be seen yet. */
    async function runs(): Promise<number> {
      const text = await (await fetch(team.app.metricsUrl)).text();
      const count = (name: string) => Number(new RegExp(`^lineshaft_live_${name}_total (\\d+)`, "m").exec(text)![1]);
      return count("recomputations") - count("overtaken");
    }

    test("unread counts follow posts and reading, on all devices", async () => {
      const [room, ada] = [await team.room(), await person("Ada")];
      await team.add(room, ada.actor);
      let mine: Json;
      ada.client.chat.rooms.subscribe({}, ([first]) => {
        mine = first;
      });
      await team.post("owner", room, `hello @[${ada.id}]`);
      await until(() => mine?.unread === 1 && mine.unreadMentions === 1 && mine.lastMessage.number === 1);
      await ada.client.chat.readRoom({ room: mine.id, number: 1 });
      await until(() => mine.unread === 0 && mine.unreadMentions === 0);
    });

    test("members of the channel see who is there and who types, and leave it with the room", async () => {
      const [room, ada, bob] = [await team.room(), await person("Ada"), await person("Bob")];
      for (const { actor } of [ada, bob]) await team.add(room, actor);
      const id = room.split("/").at(-1)!;
      const told: Json[] = [];
      const ends: string[] = [];
      const ofAda = ada.client.chat.roomChannel.join(
        { room: id },
        { state: HERE, onMessage: (each) => told.push(each) },
      );
      const hooks = { onProblem: ({ code }: { code: string }) => void ends.push(code) };
      const ofBob = bob.client.chat.roomChannel.join({ room: id }, { state: HERE, ...hooks });
      const names = () =>
        ofAda
          .state()
          .members.map(({ member }) => member.name)
          .sort()
          .join();
      await until(() => names() === "Ada,Bob");
      ofBob.send("typing", {});
      await until(() => told[0]?.name === "typing" && told[0].from.member.account === bob.id);
      await team.must("moderator", "DELETE", `${room}/members/${bob.id}`);
      await until(() => names() === "Ada");
      assert.deepEqual(ends, ["NOT_FOUND"]);
    });

    test("who may not see a room joins neither its messages nor its channel", async () => {
      const [room, eve] = [await team.room(), await person("Eve")];
      const seen = watch(eve, room);
      const ends: string[] = [];
      const hooks = { onProblem: ({ code }: { code: string }) => void ends.push(code) };
      eve.client.chat.roomChannel.join({ room: room.split("/").at(-1)! }, { state: HERE, ...hooks });
      await until(() => seen.code === "NOT_FOUND" && ends[0] === "NOT_FOUND");
    });
  });
}
