/**
 * Who may do what: every route, asked by a guest, an outsider, somebody banned, a member, a moderator and an owner, in
 * a private room and in a public one. A route without a row fails. A room that one may not see answers exactly as one
 * that there is not.
 */
import assert from "node:assert/strict";
import { randomUUID } from "node:crypto";
import { after, before, describe, test } from "node:test";
import * as chat from "./index.ts";
import { Team, type Who } from "./test/team.ts";

interface Row {
  readonly path: string;
  readonly body?: object;
  /** Statuses of: guest, outsider, banned, member, moderator, owner. */
  readonly private: Statuses;
  /** Where it differs in a public room: outsider. */
  readonly public?: number;
  /** A command that refuses what is archived. */
  readonly archived?: "ROOM_ARCHIVED";
}
type Statuses = readonly [number, number, number, number, number, number];

const ROLES = ["guest", "outsider", "banned", "member", "moderator", "owner"] as const;

const READ: Statuses = [401, 404, 404, 200, 200, 200];
const SPEAK: Statuses = READ;
const ALL: Statuses = [401, 200, 200, 200, 200, 200];
const MODERATE: Statuses = [401, 404, 404, 403, 200, 200];
const EXTEND = { public: 403, archived: "ROOM_ARCHIVED" } as const;

const ROWS: Readonly<Record<string, Row>> = {
  rooms: { path: "/chat/rooms", private: ALL },
  publicRooms: { path: "/chat/public-rooms", private: ALL },
  people: { path: "/chat/people", private: ALL },
  createRoom: {
    path: "/chat/rooms",
    body: { kind: "private", name: "New" },
    private: [401, 201, 201, 201, 201, 201],
  },
  openDirect: { path: "/chat/direct", body: { account: "{friend}" }, private: ALL },
  room: { path: "{room}", private: READ, public: 200 },
  changeRoom: { path: "{room}", body: { topic: "New" }, private: MODERATE, ...EXTEND },
  members: { path: "{room}/members", private: READ, public: 200 },
  joinRoom: { path: "{room}/join", private: READ, public: 200 },
  changeMember: {
    path: "{room}/members/{friend}",
    body: { role: "moderator" },
    private: [401, 404, 404, 403, 403, 200],
    public: 403,
  },
  removeMember: { path: "{room}/members/{friend}", private: [401, 404, 404, 403, 204, 204], public: 403 },
  invite: {
    path: "{room}/invitations",
    body: { account: "{stranger}" },
    private: [401, 404, 404, 403, 201, 201],
    ...EXTEND,
  },
  roomInvitations: { path: "{room}/invitations", private: MODERATE, public: 403 },
  withdrawInvitation: { path: "{room}/invitations/{invited}", private: [401, 404, 404, 403, 204, 204], public: 403 },
  invitations: { path: "/chat/invitations", private: ALL },
  declineInvitation: { path: "/chat/invitations/{id}/decline", private: [401, 404, 404, 404, 404, 404] },
  messages: { path: "{room}/messages", private: READ, public: 200 },
  message: { path: "{room}/messages/1", private: READ, public: 200 },
  thread: { path: "{room}/messages/1/thread", private: READ, public: 200 },
  postMessage: {
    path: "{room}/messages",
    body: { clientId: "{uuid}", text: "New" },
    private: [401, 404, 404, 201, 201, 201],
    ...EXTEND,
  },
  // It is the friend's, who is a member.
  editMessage: {
    path: "{room}/messages/1",
    body: { text: "New" },
    private: [401, 404, 404, 403, 403, 403],
    ...EXTEND,
  },
  deleteMessage: { path: "{room}/messages/1", private: MODERATE, ...EXTEND },
  react: { path: "{room}/messages/1/reactions/x", private: SPEAK, ...EXTEND },
  unreact: { path: "{room}/messages/1/reactions/x", private: SPEAK, ...EXTEND },
  readRoom: { path: "{room}/read", body: { number: 1 }, private: READ, public: 403 },
  readPositions: { path: "{room}/read", private: READ, public: 200 },
  searchRoom: { path: "{room}/search?q=secret", private: READ, public: 200 },
  search: { path: "/chat/search?q=secret", private: ALL },
  mentions: { path: "/chat/mentions", private: ALL },
  acts: { path: "{room}/acts", private: MODERATE, public: 403 },
  mute: {
    path: "{room}/mutes/{friend}",
    body: { until: "9000-01-01T00:00:00Z" },
    private: MODERATE,
    public: 403,
  },
  unmute: { path: "{room}/mutes/{muted}", private: [401, 404, 404, 403, 204, 204], public: 403 },
  mutes: { path: "{room}/mutes", private: MODERATE, public: 403 },
  ban: { path: "{room}/bans/{friend}", body: {}, private: [401, 404, 404, 403, 204, 204], public: 403 },
  unban: { path: "{room}/bans/{kept}", private: [401, 404, 404, 403, 204, 204], public: 403 },
  bans: { path: "{room}/bans", private: MODERATE, public: 403 },
  attach: { path: "{room}/attachments?name=x", private: [401, 404, 404, 201, 201, 201], ...EXTEND },
  attachment: { path: "{room}/attachments/{file}", private: READ, public: 200 },
};

type Declared = { readonly method: string; readonly path: string; readonly kind: string; readonly upload?: object };
const endpoints = Object.entries(chat as unknown as Record<string, Declared>).filter(([, each]) => "route" in each);

describe("who may do what", () => {
  let team: Team;
  let extras: Readonly<Record<"friend" | "muted" | "stranger" | "invited" | "kept", string>>;
  before(async () => {
    team = await Team.start();
    const made = ["friend", "muted", "stranger", "invited", "kept"].map(async (name) => [
      name,
      (await team.app.account({ name })).id,
    ]);
    extras = Object.fromEntries(await Promise.all(made));
  });
  after(() => team[Symbol.asyncDispose]());

  /** A room with one of everything, and what its words in the table stand for. */
  async function makeWorld(kind: "public" | "private"): Promise<Record<string, string>> {
    // Limits on how often something may be done are not what is asked here.
    team.app.clock.advance("1h");
    const room = await team.room(kind);
    const [friend, muted] = [team.app.as({ id: extras.friend }).actor, team.app.as({ id: extras.muted }).actor];
    for (const each of [friend, muted]) if (each.kind === "account") await team.add(room, each);
    await team.must("owner", "PATCH", room, { topic: "Secret topic" });
    if (friend.kind === "account") await team.post(friend, room, "Secret message");
    const file = await team.upload("owner", room, "secret file");
    await team.post("owner", room, "Secret file", { attachments: [file.id] });
    await team.must("owner", "POST", `${room}/invitations`, { account: extras.invited });
    await team.must("owner", "PUT", `${room}/mutes/${extras.muted}`, { until: "9000-01-01T00:00:00Z" });
    await team.must("owner", "PUT", `${room}/bans/${extras.kept}`, {});
    return { ...extras, room, id: room.split("/").at(-1)!, file: file.id, uuid: randomUUID() };
  }

  function filled(text: string, world: Record<string, string>): string {
    return text.replace(/\{(\w+)\}/g, (_, word) => world[word]!);
  }

  async function ask(who: Who, name: string, world: Record<string, string>) {
    const { method, upload } = (chat as unknown as Record<string, Declared>)[name]!;
    const { path, body } = ROWS[name]!;
    if (!upload)
      return team.ask(who, method, filled(path, world), body && JSON.parse(filled(JSON.stringify(body), world)));
    const headers = { "content-type": "text/plain" };
    const as = team.app.as(who === "guest" ? null : team.people[who as "owner"]);
    const answer = await as.fetch(filled(path, world), { method, headers, body: "x" });
    const text = await answer.text();
    return { status: answer.status, text, body: JSON.parse(text) };
  }

  test("every route has a row, and every row a route", () => {
    assert.deepEqual(Object.keys(ROWS).sort(), endpoints.map(([name]) => name).sort());
  });

  for (const kind of ["private", "public"] as const) {
    for (const [name, { method, path }] of endpoints) {
      if (name === "attachment") continue;
      test(`${kind}: ${name}: ${method} ${path}`, async () => {
        let world = await makeWorld(kind);
        for (const [index, who] of ROLES.entries()) {
          const row = ROWS[name]!;
          const status = kind === "public" && who === "outsider" ? (row.public ?? row.private[1]) : row.private[index];
          const answer = await ask(who, name, world);
          assert.equal(answer.status, status, `${who}: ${answer.text}`);
          const isOut = who === "guest" || who === "banned" || (who === "outsider" && kind === "private");
          if (isOut) assert.ok(!/Secret/.test(answer.text), `${who} is shown ${answer.text}`);
          if (isOut && status === 404) {
            const nowhere = await ask(who, name, { ...world, room: `/chat/rooms/${randomUUID()}`, id: randomUUID() });
            assert.deepEqual({ ...nowhere.body, requestId: "" }, { ...answer.body, requestId: "" });
          }
          if (answer.status < 300 && method !== "GET") world = await makeWorld(kind);
        }
      });
    }
  }

  for (const [name, { archived }] of Object.entries(ROWS)) {
    if (archived === undefined) continue;
    test(`${name} changes nothing in an archived room`, async () => {
      const world = await makeWorld("private");
      await team.must("owner", "PATCH", world["room"]!, { archived: true });
      const { status, body } = await ask("owner", name, world);
      assert.deepEqual([status, body.code], [409, archived]);
    });
  }
});
