/** Rooms and their members: made, found, joined, left; direct rooms; read positions; search; what moderators do. */
import assert from "node:assert/strict";
import { randomUUID } from "node:crypto";
import { after, before, describe, test } from "node:test";
import { missing, TEST_SERVERS } from "lineshaft/testkit";
import { EMOJI_PER_MESSAGE_MAX, INVITATIONS_PER_ROOM_MAX, REACTIONS_PER_MESSAGE_MAX } from "./model.ts";
import { type Json, Team } from "./test/team.ts";

for (const server of TEST_SERVERS) {
  describe(`rooms on ${server.name}`, { skip: missing(server) }, () => {
    let team: Team;
    before(async () => {
      team = await Team.start({ server });
    });
    after(() => team[Symbol.asyncDispose]());

    const idOf = (room: string): string => room.split("/").at(-1)!;
    const mine = async (who: "owner" | "member" | "moderator", room: string): Promise<Json> =>
      (await team.must(who, "GET", "/chat/rooms")).find(({ id }: Json) => id === idOf(room));

    test("of two people there is one direct room, whoever asks, and however often at once", async () => {
      const [one, other] = [await team.app.account({ name: "One" }), await team.app.account({ name: "Other" })];
      const asked = Array.from({ length: 10 }, (_, each) =>
        each % 2
          ? team.must(one, "POST", "/chat/direct", { account: other.id.toUpperCase() })
          : team.must(other, "POST", "/chat/direct", { account: one.id }),
      );
      const ids = new Set((await Promise.all(asked)).map(({ id }) => id));
      assert.equal(ids.size, 1);
      const room = `/chat/rooms/${[...ids][0]}`;
      const [listed] = await team.must(one, "GET", "/chat/rooms");
      assert.deepEqual([listed.kind, listed.name, listed.other], ["direct", null, { id: other.id, name: "Other" }]);
      await team.post(one, room, "hello");
      await team.refused("NOT_FOUND", "outsider", "GET", room);
      await team.refused("NOT_FOUND", "outsider", "POST", `${room}/join`);
      for (const [method, path, body] of [
        ["PATCH", "", { topic: "x" }],
        ["DELETE", `/members/${one.id}`],
        ["DELETE", `/members/${other.id}`],
        ["PATCH", `/members/${other.id}`, { role: "owner" }],
        ["POST", "/invitations", { account: team.id("outsider") }],
        ["PUT", `/bans/${other.id}`, {}],
      ] as const) {
        await team.refused("DIRECT_ROOM", one, method, room + path, body);
      }
      await team.refused("INVALID_INPUT", one, "POST", "/chat/direct", { account: one.id });
      await team.refused("INVALID_INPUT", one, "POST", "/chat/direct", { account: randomUUID() });
    });

    test("what is unread is counted, and a read position goes neither back nor too far", async () => {
      const room = await team.room();
      await team.post("owner", room, "one");
      await team.post("owner", room, `two @[${team.id("member")}]`);
      await team.post("moderator", room, "three");
      const unread = async () => {
        const { unread, unreadMentions, readNumber } = await mine("member", room);
        return [unread, unreadMentions, readNumber];
      };
      const read = (number: number) => team.must("member", "PUT", `${room}/read`, { number });
      assert.deepEqual(await unread(), [3, 1, 0]);
      assert.deepEqual(await read(1), { readNumber: 1, lastNumber: 3 });
      assert.deepEqual(await unread(), [2, 1, 1]);
      await Promise.all([3, 2, 1, 0].map(read));
      assert.deepEqual(await unread(), [0, 0, 3]);
      assert.equal((await read(2_000_000_000)).readNumber, 3);
      await team.post("owner", room, `four @[${team.id("member")}]`);
      assert.deepEqual(await unread(), [1, 1, 3]);
      await team.must("owner", "DELETE", `${room}/messages/4`);
      assert.deepEqual(await unread(), [1, 0, 3]);
      await team.post("member", room, "five");
      assert.deepEqual(await unread(), [0, 0, 5]);
      const seen = (await team.must("owner", "GET", `${room}/read?from=5`)).items;
      assert.deepEqual(seen, [{ account: team.id("member"), readNumber: 5 }]);
      assert.equal((await team.must("owner", "GET", `${room}/read`)).items.length, 3);
      for (const number of [-1, 1.5, 2_147_483_648]) {
        await team.refused("INVALID_INPUT", "member", "PUT", `${room}/read`, { number });
      }
    });

    test("the list of rooms shows how the last message begins, and has the latest first", async () => {
      const [first, second] = [await team.room(), await team.room()];
      await team.post("owner", first, "x".repeat(3_000));
      await team.post("owner", second, "later");
      const listed = (await team.must("member", "GET", "/chat/rooms")).map(({ id }: Json) => id);
      assert.deepEqual(listed.slice(0, 2), [idOf(second), idOf(first)]);
      const { lastMessage } = await mine("member", first);
      assert.deepEqual([lastMessage.number, lastMessage.text.length, lastMessage.author.name], [1, 200, "owner"]);
      assert.equal((await mine("member", await team.room())).lastMessage, null);
    });

    test("public rooms are found by name and joined; private ones by invitation only", async () => {
      const name = `Café ${randomUUID()}`;
      const made = await team.must("owner", "POST", "/chat/rooms", { kind: "public", name });
      await team.must("owner", "POST", "/chat/rooms", { kind: "private", name });
      const find = async (q: string) => (await team.must("outsider", "GET", `/chat/public-rooms?q=${q}`)).items;
      const [found, ...rest] = await find(encodeURIComponent(name.toUpperCase()));
      assert.deepEqual([found.id, found.memberCount, found.isMember, rest.length], [made.id, 1, false, 0]);
      const room = `/chat/rooms/${made.id}`;
      await team.post("owner", room, "before");
      await team.must("outsider", "POST", `${room}/join`);
      assert.equal((await team.must("outsider", "POST", `${room}/join`)).role, "member");
      assert.equal((await find(encodeURIComponent(name)))[0].isMember, true);
      const listed = (await team.must("outsider", "GET", "/chat/rooms")).find(({ id }: Json) => id === made.id);
      assert.deepEqual([listed.unread, listed.role], [0, "member"]);
      await team.must("owner", "PATCH", room, { archived: true });
      assert.deepEqual(await find(encodeURIComponent(name)), []);
      await team.must("outsider", "DELETE", `${room}/members/${team.id("outsider")}`);
      await team.refused("ROOM_ARCHIVED", "outsider", "POST", `${room}/join`);
    });

    test("pages of public rooms follow each other", async () => {
      const names = ["a", "b", "c"].map((each) => `paged ${each} ${idOf(randomUUID())}`);
      for (const name of names) await team.must("owner", "POST", "/chat/rooms", { kind: "public", name });
      const seen: string[] = [];
      for (let next: string | null = ""; next !== null; ) {
        const page = await team.must("owner", "GET", `/chat/public-rooms?q=paged&limit=1${next && `&cursor=${next}`}`);
        seen.push(...page.items.map(({ name }: Json) => name));
        next = page.next;
      }
      assert.deepEqual(seen, names);
    });

    test("an invitation shows the name of the room, and opens it", async () => {
      const room = await team.room();
      const guest = await team.app.account({ name: "Guest" });
      await team.refused("INVALID_INPUT", "owner", "POST", `${room}/invitations`, { account: randomUUID() });
      await team.refused("ALREADY_MEMBER", "owner", "POST", `${room}/invitations`, { account: team.id("member") });
      await team.refused("BANNED", "owner", "POST", `${room}/invitations`, { account: team.id("banned") });
      const invite = () => team.must("moderator", "POST", `${room}/invitations`, { account: guest.id });
      await Promise.all([invite(), invite()]);
      const [shown, ...rest] = await team.must(guest, "GET", "/chat/invitations");
      assert.deepEqual([shown.room.name, shown.invitedBy.name, rest.length], ["a room", "moderator", 0]);
      await team.refused("NOT_FOUND", guest, "GET", `${room}/messages`);
      await team.must(guest, "POST", `/chat/invitations/${idOf(room)}/decline`);
      await team.refused("NOT_FOUND", guest, "POST", `${room}/join`);
      await invite();
      await team.must(guest, "POST", `${room}/join`);
      assert.deepEqual(await team.must(guest, "GET", "/chat/invitations"), []);
      await team.must(guest, "DELETE", `${room}/members/${guest.id}`);
      await team.refused("NOT_FOUND", guest, "POST", `${room}/join`);
    });

    test("people are found by name by those who are in a room with them", async () => {
      const room = await team.room();
      const [name, other] = [`Zoë ${randomUUID()}`, await team.app.account({ name: "somebody" })];
      const zoe = await team.app.account({ name });
      const find = async (who: "member" | "outsider") =>
        team.must(who, "GET", `/chat/people?q=${encodeURIComponent(name.toUpperCase())}`);
      assert.deepEqual(await find("member"), []);
      await team.add(room, zoe);
      assert.deepEqual([await find("member"), await find("outsider")], [[{ id: zoe.id, name }], []]);
      assert.deepEqual(await team.must(other, "GET", "/chat/people"), []);
    });

    test("the last owner stays, also when two step down at once", async () => {
      const room = await team.room();
      const member = (who: "owner" | "moderator") => `${room}/members/${team.id(who)}`;
      await team.refused("LAST_OWNER", "owner", "DELETE", member("owner"));
      await team.refused("LAST_OWNER", "owner", "PATCH", member("owner"), { role: "member" });
      await team.must("owner", "PATCH", member("moderator"), { role: "owner" });
      const answers = await Promise.all([
        team.ask("owner", "DELETE", member("owner")),
        team.ask("moderator", "DELETE", member("moderator")),
      ]);
      assert.deepEqual(answers.map(({ status }) => status).sort(), [204, 409]);
    });

    test("one acts on lower roles only; what was done is in the log", async () => {
      const room = await team.room();
      await team.post("owner", room, "the owner's");
      await team.post("moderator", room, "the moderator's");
      await team.post("member", room, "the member's");
      const until = "9000-01-01T00:00:00.000Z";
      for (const [method, path, body] of [
        ["DELETE", `/members/${team.id("owner")}`],
        ["PUT", `/bans/${team.id("owner")}`, {}],
        ["PUT", `/bans/${team.id("moderator")}`, {}],
        ["PUT", `/mutes/${team.id("owner")}`, { until }],
        ["DELETE", "/messages/1"],
      ] as const) {
        await team.refused("OUTRANKED", "moderator", method, room + path, body);
      }
      await team.refused("INVALID_INPUT", "moderator", "PUT", `${room}/mutes/${team.id("member")}`, {
        until: "2020-01-01T00:00:00Z",
      });
      await team.must("moderator", "PUT", `${room}/mutes/${team.id("member")}`, { until, reason: "loud" });
      await team.must("moderator", "DELETE", `${room}/messages/3?reason=rude`);
      await team.must("owner", "DELETE", `${room}/messages/2`);
      await team.must("moderator", "DELETE", `${room}/members/${team.id("member")}?reason=enough`);
      const { items } = await team.must("moderator", "GET", `${room}/acts`);
      assert.deepEqual(
        items
          .slice(0, 4)
          .map(({ act, actor, account, number, reason }: Json) => [act, actor.name, account.name, number, reason]),
        [
          ["kick", "moderator", "member", null, "enough"],
          ["delete", "owner", "moderator", 2, ""],
          ["delete", "moderator", "member", 3, "rude"],
          ["mute", "moderator", "member", null, "loud"],
        ],
      );
      const first = await team.must("owner", "GET", `${room}/acts?limit=1`);
      const second = await team.must("owner", "GET", `${room}/acts?limit=1&cursor=${first.next}`);
      assert.deepEqual([first.items, second.items], [items.slice(0, 1), items.slice(1, 2)]);
    });

    test("who is muted reads and does not write, also after leaving and joining again, until the time", async () => {
      const room = await team.room("public");
      await team.post("member", room, "before");
      const now = team.app.clock.now();
      const until = new Date(now.getTime() + 60_000).toISOString();
      await team.must("moderator", "PUT", `${room}/mutes/${team.id("member")}`, { until });
      const post = () => team.ask("member", "POST", `${room}/messages`, { clientId: randomUUID(), text: "x" });
      const refused = (await post()).body;
      assert.deepEqual([refused.code, refused.until], ["MUTED", until]);
      await team.refused("MUTED", "member", "PATCH", `${room}/messages/1`, { text: "other" });
      await team.refused("MUTED", "member", "PUT", `${room}/messages/1/reactions/x`);
      assert.equal((await team.must("member", "GET", `${room}/messages`)).items.length, 1);
      await team.must("member", "DELETE", `${room}/members/${team.id("member")}`);
      await team.must("member", "POST", `${room}/join`);
      assert.equal((await post()).body.code, "MUTED");
      assert.equal((await mine("member", room)).mutedUntil, until);
      team.app.clock.advance("61s");
      assert.equal((await post()).status, 201);
    });

    test("a ban puts out and keeps out until it is lifted", async () => {
      const room = await team.room("public");
      await team.must("moderator", "PUT", `${room}/bans/${team.id("member")}`, { reason: "spam" });
      for (const path of ["", "/messages", "/members"]) await team.refused("NOT_FOUND", "member", "GET", room + path);
      await team.refused("NOT_FOUND", "member", "POST", `${room}/join`);
      assert.equal(await mine("member", room), undefined);
      const { items } = await team.must("member", "GET", "/chat/public-rooms?limit=100");
      assert.ok(!items.some(({ id }: Json) => id === idOf(room)));
      const bans = (await team.must("owner", "GET", `${room}/bans`)).items;
      assert.equal(bans.find(({ account }: Json) => account === team.id("member")).reason, "spam");
      await team.must("moderator", "DELETE", `${room}/bans/${team.id("member")}`);
      await team.must("member", "POST", `${room}/join`);
    });

    test("in slow mode members wait, moderators do not, and a clock that was set back holds nobody up", async () => {
      const room = await team.room();
      await team.must("moderator", "PATCH", room, { slowSeconds: 60 });
      await team.post("member", room, "one");
      const { status, body } = await team.ask("member", "POST", `${room}/messages`, {
        clientId: randomUUID(),
        text: "two",
      });
      assert.deepEqual([status, body.code, body.seconds], [429, "SLOW_MODE", 60]);
      for (const text of ["a", "b"]) await team.post("moderator", room, text);
      team.app.clock.advance("61s");
      await team.post("member", room, "two");
      await team.refused("INVALID_INPUT", "moderator", "PATCH", room, { slowSeconds: 3_601 });
    });

    test("reactions count once for each member and emoji, and have a limit", async () => {
      const room = await team.room();
      await team.post("owner", room, "react!");
      const path = (emoji: string) => `${room}/messages/1/reactions/${encodeURIComponent(emoji)}`;
      await Promise.all(Array.from({ length: 5 }, () => team.must("member", "PUT", path("👍🏽"))));
      await team.must("owner", "PUT", path("👍🏽"));
      await team.must("owner", "PUT", path(":party:"));
      const { reactions } = await team.must("member", "GET", `${room}/messages/1`);
      assert.deepEqual(reactions, [
        { emoji: "👍🏽", accounts: [team.id("member"), team.id("owner")] },
        { emoji: ":party:", accounts: [team.id("owner")] },
      ]);
      await team.must("owner", "DELETE", path(":party:"));
      const { reactions: left } = await team.must("owner", "DELETE", path("👍🏽"));
      assert.deepEqual(left, [{ emoji: "👍🏽", accounts: [team.id("member")] }]);
      for (const emoji of [" ", "x".repeat(33), "a b"])
        await team.refused("INVALID_INPUT", "owner", "PUT", path(emoji));
      const adding = Array.from({ length: EMOJI_PER_MESSAGE_MAX }, (_, each) =>
        team.ask("owner", "PUT", path(`e${each}`)),
      );
      const refused = (await Promise.all(adding)).filter(({ status }) => status !== 200);
      assert.deepEqual(
        refused.map(({ body }) => [body.code, body.limit]),
        [["LIMIT_REACHED", EMOJI_PER_MESSAGE_MAX]],
      );
      assert.equal((await team.ask("member", "PUT", path("e1"))).status, 200);
      await team.refused("NOT_FOUND", "owner", "PUT", `${room}/messages/2/reactions/x`);
    });

    test("at a limit, what is there already is done again and changes nothing", async () => {
      const room = await team.room();
      const [guest, late] = [await team.app.account(), await team.app.account()];
      await team.post("owner", room, "react!");
      const db = await team.app.connect();
      const { rows: crowd } = await db.query(
        `insert into "accounts"."account" ("id", "email")
        select gen_random_uuid(), 'crowd' || "each" || '@example.com' from generate_series(1, $1::int) "each"
        returning "id"`,
        [Math.max(REACTIONS_PER_MESSAGE_MAX, INVITATIONS_PER_ROOM_MAX) - 1],
      );
      const ids = crowd.map(({ id }) => id);
      await db.query(
        `insert into "chat"."reaction" ("room", "number", "emoji", "account") select $1, 1, 'x', unnest($2::uuid[])`,
        [idOf(room), ids.slice(0, REACTIONS_PER_MESSAGE_MAX - 1)],
      );
      await db.query(`insert into "chat"."invitation" ("room", "account") select $1, unnest($2::uuid[])`, [
        idOf(room),
        ids.slice(0, INVITATIONS_PER_ROOM_MAX - 1),
      ]);
      await db.end();
      for (const _ of ["first", "again"]) {
        const { reactions } = await team.must("owner", "PUT", `${room}/messages/1/reactions/x`);
        assert.equal(reactions[0].accounts.length, REACTIONS_PER_MESSAGE_MAX);
        await team.must("owner", "POST", `${room}/invitations`, { account: guest.id });
      }
      await team.refused("LIMIT_REACHED", "member", "PUT", `${room}/messages/1/reactions/x`);
      await team.refused("LIMIT_REACHED", "owner", "POST", `${room}/invitations`, { account: late.id });
      assert.deepEqual(await team.must(late, "GET", "/chat/invitations"), []);
      const { reactions } = await team.must("member", "GET", `${room}/messages/1`);
      assert.equal(reactions[0].accounts.includes(team.id("member")), false);
    });

    test("search finds words in rooms that one sees, and nothing that is deleted", async () => {
      const [open, shut] = [await team.room("public"), await team.room()];
      const word = `w${randomUUID().replaceAll("-", "")}`;
      for (const room of [open, shut])
        for (const each of [1, 2, 3]) await team.post("owner", room, `${word} nr ${each}`);
      const find = async (who: "member" | "outsider" | "banned", path: string) => {
        const found: string[] = [];
        for (let next: string | null = ""; next !== null; ) {
          const page = await team.must(who, "GET", `${path}?q=${word}&limit=2${next && `&cursor=${next}`}`);
          found.push(
            ...page.items.map(({ room, number }: Json) => `${room === idOf(open) ? "open" : "shut"} ${number}`),
          );
          next = page.next;
        }
        return found;
      };
      assert.deepEqual(await find("member", "/chat/search"), [
        "shut 3",
        "shut 2",
        "shut 1",
        "open 3",
        "open 2",
        "open 1",
      ]);
      assert.deepEqual(await find("outsider", "/chat/search"), ["open 3", "open 2", "open 1"]);
      assert.deepEqual(await find("banned", "/chat/search"), []);
      assert.deepEqual(await find("member", `${shut}/search`), ["shut 3", "shut 2", "shut 1"]);
      await team.must("owner", "DELETE", `${shut}/messages/2`);
      assert.deepEqual(await find("member", `${shut}/search`), ["shut 3", "shut 1"]);
      await team.refused("INVALID_INPUT", "member", "GET", "/chat/search?q=%20");
    });

    test("who floods is refused, and told when to come back", async () => {
      const room = await team.room();
      const flooder = await team.app.account();
      await team.add(room, flooder);
      const posts = Array.from({ length: 130 }, (_, each) =>
        team.ask(flooder, "POST", `${room}/messages`, { clientId: randomUUID(), text: `flood ${each}` }),
      );
      const codes = Map.groupBy(await Promise.all(posts), ({ status }) => status);
      assert.ok(codes.get(429)!.length > 0 && codes.get(201)!.length >= 120);
      assert.equal((await team.must("owner", "GET", room)).lastNumber, codes.get(201)!.length);
    });
  });
}
