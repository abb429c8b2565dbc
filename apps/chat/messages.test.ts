/** Messages: numbers, pages both ways, posting twice, edits, tombstones, replies and threads; many at once. */
import assert from "node:assert/strict";
import { randomUUID } from "node:crypto";
import { after, before, describe, test } from "node:test";
import { missing, TEST_SERVERS } from "lineshaft/testkit";
import { MENTIONS_PER_MESSAGE_MAX, TEXT_CHARS_MAX } from "./model.ts";
import { type Json, Team } from "./test/team.ts";

const numbersOf = (items: Json[]): number[] => items.map(({ number }) => number);
const upTo = (from: number, to: number): number[] => Array.from({ length: to - from + 1 }, (_, index) => from + index);

for (const server of TEST_SERVERS) {
  describe(`messages on ${server.name}`, { skip: missing(server) }, () => {
    let team: Team;
    before(async () => {
      team = await Team.start({ server });
    });
    after(() => team[Symbol.asyncDispose]());

    async function roomWith(count: number): Promise<string> {
      const room = await team.room();
      for (const number of upTo(1, count)) await team.post("owner", room, `message ${number}`);
      return room;
    }

    test("a hundred posts at once have the numbers 1 to 100, each once", async () => {
      const room = await team.room();
      const posts = upTo(1, 100).map((each) =>
        team.post((["owner", "moderator", "member"] as const)[each % 3]!, room, `at once ${each}`),
      );
      assert.deepEqual(
        numbersOf(await Promise.all(posts)).sort((one, other) => one - other),
        upTo(1, 100),
      );
      const { items, before: older, after: newer } = await team.must("member", "GET", `${room}/messages?limit=100`);
      assert.deepEqual([numbersOf(items), older, newer], [upTo(1, 100), null, null]);
      assert.equal(new Set(items.map(({ text }: Json) => text)).size, 100);
      assert.equal((await team.must("member", "GET", room)).lastNumber, 100);
    });

    test("a post that is sent ten times at once is one message, and answered alike", async () => {
      const room = await roomWith(1);
      const clientId = randomUUID();
      const sent = upTo(1, 10).map(() => team.post("member", room, "once", { clientId }));
      const answers = await Promise.all(sent);
      assert.deepEqual(numbersOf(answers), Array(10).fill(2));
      assert.equal((await team.must("member", "GET", room)).lastNumber, 2);
      assert.equal((await team.post("member", room, "once", { clientId: clientId.toUpperCase() })).number, 2);
      await team.refused("CLIENT_ID_TAKEN", "member", "POST", `${room}/messages`, { clientId, text: "other" });
      for (const elsewhere of [{ thread: 1 }, { replyTo: 1 }]) {
        const same = { clientId, text: "once", ...elsewhere };
        await team.refused("CLIENT_ID_TAKEN", "member", "POST", `${room}/messages`, same);
      }
      const other = await team.post("owner", room, "another author's", { clientId });
      assert.equal(other.number, 3);
      await team.must("member", "PATCH", `${room}/messages/2`, { text: "edited" });
      assert.equal((await team.post("member", room, "once", { clientId })).text, "edited");
    });

    test("pages go both ways, around a message, and over what is edited and deleted meanwhile", async () => {
      const room = await roomWith(25);
      const page = (query: string) => team.must("member", "GET", `${room}/messages?limit=10&${query}`);
      const newest = await page("");
      assert.deepEqual([numbersOf(newest.items), newest.before, newest.after], [upTo(16, 25), 16, null]);
      await team.must("owner", "DELETE", `${room}/messages/10`);
      await team.must("owner", "PATCH", `${room}/messages/11`, { text: "edited" });
      const middle = await page(`before=${newest.before}`);
      assert.deepEqual([numbersOf(middle.items), middle.before, middle.after], [upTo(6, 15), 6, 15]);
      assert.deepEqual(
        middle.items
          .slice(4, 6)
          .map(({ text, deletedAt, editedAt }: Json) => [text, deletedAt === null, editedAt === null]),
        [
          ["", false, true],
          ["edited", true, false],
        ],
      );
      const oldest = await page(`before=${middle.before}`);
      assert.deepEqual([numbersOf(oldest.items), oldest.before, oldest.after], [upTo(1, 5), null, 5]);
      const back = await page("after=5");
      assert.deepEqual([numbersOf(back.items), back.before, back.after], [upTo(6, 15), 6, 15]);
      const last = await page("after=15");
      assert.deepEqual([numbersOf(last.items), last.before, last.after], [upTo(16, 25), 16, null]);
      const around = await page("around=8");
      assert.deepEqual([numbersOf(around.items), around.before, around.after], [upTo(3, 12), 3, 12]);
      const end = await page("around=25");
      assert.deepEqual([numbersOf(end.items), end.before, end.after], [upTo(20, 25), 20, null]);
      assert.deepEqual(numbersOf((await page("before=2000000000")).items), upTo(16, 25));
      assert.deepEqual(await page("after=2000"), { items: [], before: 2001, after: null });
      assert.deepEqual(await page("before=1"), { items: [], before: null, after: 0 });
      await team.refused("INVALID_INPUT", "member", "GET", `${room}/messages?before=3&after=1`);
      for (const query of ["limit=101", "before=0", "after=-1", "around=x", "after=2147483647"]) {
        await team.refused("INVALID_INPUT", "member", "GET", `${room}/messages?${query}`);
      }
      for (const query of ["after", "around"]) assert.deepEqual((await page(`${query}=2000000000`)).items, []);
    });

    test("an empty room has one empty page", async () => {
      const room = await team.room();
      assert.deepEqual(await team.must("member", "GET", `${room}/messages`), { items: [], before: null, after: null });
    });

    test("a text has something to see, and not too much", async () => {
      const room = await team.room();
      const send = (text: string) => ({ clientId: randomUUID(), text });
      for (const text of ["", "  \n", "\u200b\u2060", "x".repeat(TEXT_CHARS_MAX + 1)]) {
        await team.refused("INVALID_INPUT", "member", "POST", `${room}/messages`, send(text));
      }
      assert.equal((await team.post("member", room, "👍".repeat(TEXT_CHARS_MAX))).number, 1);
      await team.refused("INVALID_INPUT", "member", "PATCH", `${room}/messages/1`, { text: " " });
      for (const clientId of ["", "1", `${randomUUID()}0`]) {
        await team.refused("INVALID_INPUT", "member", "POST", `${room}/messages`, { clientId, text: "x" });
      }
    });

    test("only its author edits a message; what changes nothing is no edit", async () => {
      const room = await roomWith(1);
      const path = `${room}/messages/1`;
      for (const who of ["moderator", "member"] as const)
        await team.refused("FORBIDDEN", who, "PATCH", path, { text: "x" });
      assert.equal((await team.must("owner", "PATCH", path, { text: "message 1" })).editedAt, null);
      const edited = await team.must("owner", "PATCH", path, { text: "new" });
      assert.deepEqual([edited.text, typeof edited.editedAt, edited.number], ["new", "string", 1]);
      await team.refused("NOT_FOUND", "owner", "PATCH", `${room}/messages/2`, { text: "x" });
    });

    test("what is deleted leaves number, author and times, and nothing of what it said", async () => {
      const room = await team.room();
      const { createdAt } = await team.post("member", room, `secret for @[${team.id("owner")}]`);
      const path = `${room}/messages/1`;
      await team.must("owner", "PUT", `${path}/reactions/${encodeURIComponent("👍")}`);
      await team.refused(
        "FORBIDDEN",
        "member",
        "DELETE",
        `${room}/messages/${(await team.post("owner", room, "x")).number}`,
      );
      const gone = await team.must("member", "DELETE", path);
      assert.deepEqual(gone, await team.must("owner", "GET", path));
      assert.deepEqual(await team.must("member", "DELETE", path), gone);
      const { deletedAt, author, ...rest } = gone;
      assert.deepEqual([typeof deletedAt, author.name, rest.createdAt], ["string", "member", createdAt]);
      assert.deepEqual([rest.number, rest.text, rest.reactions, rest.mentions], [1, "", [], []]);
      await team.refused("MESSAGE_DELETED", "member", "PATCH", path, { text: "again" });
      await team.refused("MESSAGE_DELETED", "owner", "PUT", `${path}/reactions/x`);
      const reply = { clientId: randomUUID(), text: "to nothing", replyTo: 1 };
      await team.refused("MESSAGE_DELETED", "owner", "POST", `${room}/messages`, reply);
    });

    test("replies and threads point at messages of the room, and the root counts what is in its thread", async () => {
      const [room, other] = [await roomWith(2), await roomWith(5)];
      const post = (more: object) => ({ clientId: randomUUID(), text: "x", ...more });
      for (const more of [{ replyTo: 5 }, { thread: 5 }, { replyTo: 0 }]) {
        await team.refused("INVALID_INPUT", "member", "POST", `${room}/messages`, post(more));
      }
      assert.equal((await team.post("member", other, "fine", { replyTo: 5 })).replyTo, 5);
      assert.equal((await team.post("member", room, "in the thread", { thread: 1 })).thread, 1);
      await team.post("member", room, "beside it", { replyTo: 1 });
      await team.post("owner", room, "in it, too", { thread: 1, replyTo: 3 });
      await team.refused("INVALID_INPUT", "member", "POST", `${room}/messages`, post({ thread: 3 }));
      const root = await team.must("member", "GET", `${room}/messages/1`);
      assert.deepEqual([root.replyCount, root.lastReply, typeof root.lastReplyAt], [2, 5, "string"]);
      const thread = (query = "") => team.must("member", "GET", `${room}/messages/1/thread${query}`);
      assert.deepEqual(numbersOf((await thread()).items), [3, 5]);
      const first = await thread("?limit=1");
      assert.deepEqual([numbersOf(first.items), first.after], [[3], 3]);
      assert.deepEqual(numbersOf((await thread("?limit=1&after=3")).items), [5]);
      await team.must("member", "DELETE", `${room}/messages/3`);
      assert.equal((await team.must("member", "GET", `${room}/messages/1`)).replyCount, 1);
      assert.deepEqual(numbersOf((await team.must("member", "GET", `${room}/messages`)).items), upTo(1, 5));
      await team.refused("NOT_FOUND", "member", "GET", `${room}/messages/99/thread`);
    });

    test("mentions reach members only, once each, and follow edits", async () => {
      const room = await team.room();
      const text = `@[${team.id("member")}] @[${team.id("member").toUpperCase()}] @[${team.id("outsider")}] @[x] @all`;
      const posted = await team.post("owner", room, text);
      assert.deepEqual(posted.mentions, [team.id("member")]);
      const mine = async (who: "member" | "moderator") => (await team.must(who, "GET", "/chat/mentions")).items;
      const of = (items: Json[]) => items.filter(({ room: id }) => room.endsWith(id));
      assert.deepEqual(
        of(await mine("member")).map(({ number }) => number),
        [1],
      );
      await team.must("owner", "PATCH", `${room}/messages/1`, { text: `@[${team.id("moderator")}]` });
      assert.deepEqual([of(await mine("member")).length, of(await mine("moderator")).length], [0, 1]);
      const many = upTo(0, MENTIONS_PER_MESSAGE_MAX)
        .map(() => `@[${randomUUID()}]`)
        .join("");
      await team.refused("INVALID_INPUT", "owner", "POST", `${room}/messages`, { clientId: randomUUID(), text: many });
    });

    test("the clock of a node says nothing about the order", async () => {
      const room = await roomWith(1);
      const other = await team.app.account();
      await team.add(room, other);
      const now = team.app.clock.now();
      team.app.clock.set(new Date(now.getTime() - 7_200_000));
      const behind = await team.post(other, room, "by a clock that is two hours behind");
      team.app.clock.set(now);
      await team.post("member", room, "by one that is right");
      const { items } = await team.must("member", "GET", `${room}/messages`);
      assert.deepEqual(numbersOf(items), [1, 2, 3]);
      assert.equal(items[1].createdAt, behind.createdAt);
      assert.ok(behind.createdAt < items[0].createdAt);
    });
  });
}
