/** Queries that say who may ask: one answer for all who may, and none for whoever may not, by every way. */
import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import type pg from "pg";
import * as accounts from "../../accounts/index.ts";
import type { AccountActor } from "../../define/actor.ts";
import { entity } from "../../define/entity.ts";
import { field } from "../../define/field.ts";
import { service } from "../../define/service.ts";
import { list } from "../../define/shape.ts";
import { missing, startTestApp, TEST_SERVERS, type TestApp } from "../../testkit/index.ts";
import { eventually, Listener, Stream } from "./test/subscribers.ts";

class Member extends entity("member", { id: field.serial(), room: field.integer(), account: field.text() }) {}
class Note extends entity("note", { id: field.serial(), room: field.integer(), text: field.text() }) {}
/** A table that a test can lock, so that a rule which is being asked waits. */
class Gate extends entity("gate", { id: field.serial() }) {}
const site = service("site", { entities: { Member, Note, Gate } });

/** How often the notes of a room were read. */
let reads = 0;

const notes = site.query("GET /rooms/:room/notes", {
  input: { room: field.integer() },
  output: list(field.text()),
  async authorize({ input, actor, db, fail }) {
    const { room } = input;
    const found = await db
      .selectFrom("member")
      .select("id")
      .where("room", "=", room)
      .where("account", "=", actor.id)
      .executeTakeFirst();
    if (!found) throw fail("NOT_FOUND", "There is no such room.");
  },
  async run({ input, db }) {
    reads++;
    const rows = await db.selectFrom("note").select("text").where("room", "=", input.room).orderBy("id").execute();
    return rows.map(({ text }) => text);
  },
});
const me = site.query("GET /me", {
  output: { isVerified: field.boolean() },
  async authorize({ db }) {
    await db.selectFrom("gate").select("id").execute();
  },
  run: async ({ actor }) => ({ isVerified: actor.emailVerified }),
});
const guarded = site.query("GET /guarded/:room", {
  input: { room: field.integer() },
  output: list(field.text()),
  async authorize({ input: { room }, actor, db, fail }) {
    const mine = db.selectFrom("member").select("id").where("room", "=", room).where("account", "=", actor.id);
    if (!(await mine.executeTakeFirst())) throw fail("NOT_FOUND", "There is no such room.");
    await db.selectFrom("gate").select("id").execute();
  },
  run: async ({ input, db }) => {
    const rows = await db.selectFrom("note").select("text").where("room", "=", input.room).orderBy("id").execute();
    return rows.map(({ text }) => text);
  },
});
const both = site.query("GET /both", {
  output: list(list(field.text())),
  run: async ({ call }) => [await call(notes, { room: 1 }), await call(notes, { room: 2 })],
});
const APP = { services: { accounts, site: { site, notes, me, guarded, both } } };

for (const server of TEST_SERVERS) {
  describe(`authorize on ${server.name}`, { skip: missing(server) }, () => {
    let app: TestApp;
    let client: pg.Client;
    let room = 10;
    let people: AccountActor[];
    let tokens: string[];

    before(async () => {
      app = await startTestApp(APP, { server, settings: { relay: "auto" } });
      client = await app.connect();
      people = await Promise.all([app.account(), app.account(), app.account()]);
      tokens = await Promise.all(people.map((who) => app.token(who)));
    });
    after(async () => {
      await client.end();
      await app.stop();
    });

    /** A new room with the first two people in it, and one note. */
    async function newRoom(): Promise<string> {
      room++;
      for (const { id } of people.slice(0, 2)) await enter(id);
      await write("one");
      return `/rooms/${room}/notes`;
    }
    const enter = (id: string) => client.query("insert into site.member (room, account) values ($1, $2)", [room, id]);
    const write = (text: string) => client.query("insert into site.note (room, text) values ($1, $2)", [room, text]);
    const leave = (id: string) => client.query("delete from site.member where room = $1 and account = $2", [room, id]);
    /** How many rules wait for the table that a test has locked. */
    async function waiting(): Promise<number> {
      const sql = "select count(*)::int as count from pg_locks where relation = 'site.gate'::regclass and not granted";
      return (await client.query(sql)).rows[0].count;
    }

    test("one answer serves all who may ask, and nobody else gets it, kept or not [ACC-1]", async () => {
      const path = await newRoom();
      const asks = async (who: number) => (await app.as(people[who]!).fetch(path)).status;
      await eventually(async () => {
        await asks(0);
        const before = reads;
        assert.deepEqual([await asks(0), await asks(1)], [200, 200]);
        return reads === before;
      });
      assert.equal(await asks(2), 404);
      assert.equal((await app.as(null).fetch(path)).status, 401);
      await enter(people[2]!.id);
      await eventually(async () => (await asks(2)) === 200);
      await leave(people[2]!.id);
      await eventually(async () => (await asks(2)) === 404);
      assert.equal(await asks(1), 200);
    });

    test("a call from inside a run, or of the app itself, is asked as well", async () => {
      await newRoom();
      await assert.rejects(app.as(people[2]!).call(notes, { room }), { code: "NOT_FOUND" });
      assert.deepEqual(await app.as(people[1]!).call(notes, { room }), ["one"]);
      assert.equal((await app.as(people[0]!).fetch("/both")).status, 404);
    });

    test("one run serves all who subscribe; whoever is thrown out is told so, and no more [ACC-1]", async () => {
      const path = await newRoom();
      const listeners: Listener[] = [];
      for (const each of tokens) {
        const listener = await Listener.open(app.url);
        listeners.push(listener.send({ type: "hello", token: each }).subscribe(1, path));
      }
      const [ada, bob, eve] = listeners as [Listener, Listener, Listener];
      await eventually(() => [ada, bob].every((each) => each.of(1)[0]?.type === "answer"));
      await eventually(() => eve.of(1)[0]?.problem?.code === "NOT_FOUND");
      const before = reads;
      for (let count = 2; count <= 11; count++) {
        await write("more");
        await eventually(() => [ada, bob].every((each) => each.body(1)?.length === count));
      }
      // One more here and there, where the first run had no transaction yet or one lacked a commit that was heard.
      assert.ok(reads - before < 15, `${reads - before} runs for 10 changes and 2 who watch`);
      await leave(people[1]!.id);
      await write("three");
      await eventually(() => bob.of(1).at(-1)?.type === "problem");
      await eventually(() => ada.body(1).length === 12);
      assert.ok(!JSON.stringify(bob.messages).includes("three"));
      assert.equal(bob.of(1).at(-1).problem.code, "NOT_FOUND");
      bob.send({ type: "unsubscribe", id: 1 });
      await eventually(() => bob.of(1).at(-1).type === "ended");
    });

    test("who is another one by the time that the rule is asked gets its own answer [LIVE-1]", async () => {
      await app.as(people[2]!).fetch("/me");
      await eventually(() => app.cache!.isOn, "the cache");
      const join = async () => (await Listener.open(app.url)).send({ type: "hello", token: tokens[2] });
      using first = (await join()).subscribe(1, "/me");
      const { position, body } = await first.until(({ type }) => type === "answer");
      first[Symbol.dispose]();
      const locker = await app.connect();
      try {
        await locker.query("begin");
        await locker.query("lock table site.gate in access exclusive mode");
        using again = (await join()).subscribe(1, "/me", position);
        await eventually(async () => (await waiting()) === 1, "the rule");
        await client.query(`update accounts.account set "emailVerified" = not "emailVerified" where id = $1`, [
          people[2]!.id,
        ]);
        await eventually(async () => (await waiting()) === 2, "the rule of who it is now");
        await locker.query("rollback");
        await again.untilBody(1, (now) => now?.isVerified === !body.isVerified);
      } finally {
        await locker.end();
      }
    });

    test("who is thrown out while the rule is being asked again is told nothing more, either [ACC-1]", async () => {
      await newRoom();
      const path = `/guarded/${room}`;
      const join = async (who: number) => (await Listener.open(app.url)).send({ type: "hello", token: tokens[who] });
      using ada = (await join(0)).subscribe(1, path);
      using bob = (await join(1)).subscribe(1, path);
      await write("two");
      for (const each of [ada, bob]) await each.untilBody(1, (body) => body?.length === 2);
      const locker = await app.connect();
      try {
        await locker.query("begin");
        await locker.query("lock table site.gate in access exclusive mode");
        // From the future: the rule is asked anew, though nothing has changed.
        using late = (await join(1)).subscribe(1, path, "FFFF/0");
        await eventually(async () => (await waiting()) === 1, "the rule");
        await client.query("begin");
        await leave(people[1]!.id);
        await write("three");
        await client.query("commit");
        await ada.untilBody(1, (body) => body.length === 3);
        bob.send({ type: "unsubscribe", id: 2 });
        await bob.until(({ type }) => type === "ended");
        await locker.query("rollback");
        for (const each of [bob, late]) {
          await each.until(({ problem }) => problem?.code === "NOT_FOUND");
          assert.ok(!JSON.stringify(each.messages).includes("three"));
        }
      } finally {
        await locker.end();
      }
    });

    test("a stream ends with its right to it [ACC-1]", async () => {
      const path = await newRoom();
      const headers = { authorization: `Bearer ${tokens[0]}` };
      using stream = await Stream.open(app.url + path, headers);
      await stream.until((notes) => notes.length === 1);
      await write("two");
      await stream.until((notes) => notes.length === 2);
      await leave(people[0]!.id);
      assert.equal((await stream.untilEvent("problem")).data.code, "NOT_FOUND");
      await stream.untilOver();
      const refused = await fetch(app.url + path, { headers: { ...headers, accept: "text/event-stream" } });
      assert.equal(refused.status, 404);
    });

    test("a change to what the rule does not name holds nobody up, and one to what it names asks again", async () => {
      const path = await newRoom();
      const listener = (await Listener.open(app.url)).send({ type: "hello", token: tokens[0] }).subscribe(1, path);
      await eventually(() => listener.body(1)?.length === 1);
      for (let n = 0; n < 20; n++) {
        await client.query("begin");
        await leave(people[0]!.id);
        await enter(people[0]!.id);
        await write(String(n));
        await client.query("commit");
      }
      await eventually(() => listener.body(1).length === 21);
      assert.ok(listener.of(1).every(({ type }) => type === "answer" || type === "patch"));
    });
  });
}
