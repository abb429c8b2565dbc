/** Attachments: uploaded, posted with a message, seen by who sees the room, and gone with the message or unposted. */
import assert from "node:assert/strict";
import { randomUUID } from "node:crypto";
import { mkdtemp, readdir, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { poll } from "lineshaft/testkit";
import { ATTACHMENTS_PER_MESSAGE_MAX, ATTACHMENTS_WAITING_MAX } from "./model.ts";
import { type Json, Team } from "./test/team.ts";

describe("attachments", () => {
  let team: Team;
  let filesFolder: string;
  before(async () => {
    filesFolder = await mkdtemp(join(tmpdir(), "chat-files-"));
    team = await Team.start({ filesFolder });
  });
  after(async () => {
    await team[Symbol.asyncDispose]();
    await rm(filesFolder, { recursive: true });
  });

  const text = (attachments: unknown, words = "") => ({ clientId: randomUUID(), text: words, attachments });

  async function fileCount(): Promise<number> {
    const entries = await readdir(filesFolder, { recursive: true, withFileTypes: true });
    return entries.filter((entry) => entry.isFile()).length;
  }

  /** What earlier tests left unposted is purged then; the bytes go after the commit. */
  async function fileCountAfterADay(): Promise<number> {
    team.app.clock.advance("25h");
    await team.app.untilHandled();
    const database = await team.app.connect();
    const { rows } = await database.query("select from lineshaft.file");
    await database.end();
    await poll(async () => (await fileCount()) === rows.length);
    return rows.length;
  }

  test("a file is posted with a message, and read by whoever sees the room", async () => {
    const room = await team.room();
    const file = await team.upload("member", room, "hello", "grüße.txt");
    const { id, ...facts } = file;
    assert.deepEqual(facts, { name: "grüße.txt", type: "text/plain", size: 5 });
    const path = `${room}/attachments/${id}`;
    for (const who of ["member", "owner"] as const) await team.refused("NOT_FOUND", who, "GET", path);
    const message = await team.must("member", "POST", `${room}/messages`, text([id]));
    assert.deepEqual(message.attachments, [file]);
    const answer = await team.app.as(team.people.owner).fetch(path);
    assert.equal(await answer.text(), "hello");
    assert.match(answer.headers.get("content-disposition")!, /^attachment; .*gr%C3%BC/);
    for (const who of ["outsider", "banned"] as const) await team.refused("NOT_FOUND", who, "GET", path);
    const other = await team.room();
    await team.refused("NOT_FOUND", "member", "GET", `${other}/attachments/${id}`);
    await team.must("member", "PATCH", `${room}/messages/1`, { text: "" });
  });

  test("only own files are posted, of this room, once, and not too many", async () => {
    const [room, other] = [await team.room(), await team.room()];
    const mine = await team.upload("member", room, "mine");
    const [elsewhere, theirs] = [await team.upload("member", other, "x"), await team.upload("owner", room, "x")];
    for (const ids of [[elsewhere.id], [mine.id, theirs.id], [randomUUID()], ["x"], Array(11).fill(mine.id)]) {
      await team.refused("INVALID_INPUT", "member", "POST", `${room}/messages`, text(ids));
    }
    assert.equal((await team.must("member", "GET", room)).lastNumber, 0);
    const body = text([mine.id, mine.id.toUpperCase()]);
    const answers = await Promise.all(
      Array.from({ length: 5 }, () => team.must("member", "POST", `${room}/messages`, body)),
    );
    assert.deepEqual(
      answers.map(({ number, attachments }: Json) => [number, attachments.length]),
      Array(5).fill([1, 1]),
    );
    await team.refused("INVALID_INPUT", "member", "POST", `${room}/messages`, text([mine.id]));
    assert.equal(ATTACHMENTS_PER_MESSAGE_MAX, 10);
  });

  test("whoever may not speak uploads nothing, and nothing is kept", async () => {
    const room = await team.room("public");
    const count = await fileCount();
    const upload = async (who: "member" | "outsider" | "banned") => (await team.upload(who, room, "x")).code;
    assert.deepEqual([await upload("outsider"), await upload("banned")], ["NOT_MEMBER", "NOT_FOUND"]);
    const until = new Date(Date.now() + 3_600_000).toISOString();
    await team.must("moderator", "PUT", `${room}/mutes/${team.id("member")}`, { until });
    assert.equal(await upload("member"), "MUTED");
    await poll(async () => (await fileCount()) === count);
  });

  test("deleting a message removes its files", async () => {
    const room = await team.room();
    const before = await fileCount();
    const files = [await team.upload("member", room, "one"), await team.upload("member", room, "two")];
    await team.must("member", "POST", `${room}/messages`, text(files.map(({ id }) => id)));
    assert.equal(await fileCount(), before + 2);
    assert.deepEqual((await team.must("moderator", "DELETE", `${room}/messages/1`)).attachments, []);
    await team.refused("NOT_FOUND", "member", "GET", `${room}/attachments/${files[0].id}`);
    await poll(async () => (await fileCount()) === before);
  });

  test("what is never posted is purged after a day, with its bytes, and what is posted stays", async () => {
    const room = await team.room();
    await team.app.untilHandled();
    const posted = await team.upload("moderator", room, "posted");
    await team.must("moderator", "POST", `${room}/messages`, text([posted.id], "see"));
    const before = await fileCountAfterADay();
    const waiting = await team.upload("moderator", room, "waits");
    team.app.clock.advance("23h");
    await team.app.untilHandled();
    assert.equal(await fileCount(), before + 1);
    team.app.clock.advance("2h");
    await team.app.untilHandled();
    await poll(async () => (await fileCount()) === before);
    await team.refused("INVALID_INPUT", "moderator", "POST", `${room}/messages`, text([waiting.id]));
    assert.equal((await team.must("owner", "GET", `${room}/messages/1`)).attachments.length, 1);
  });

  test("nobody has more files waiting than the limit", async () => {
    const room = await team.room();
    for (let count = 0; count < ATTACHMENTS_WAITING_MAX; count++) await team.upload("moderator", room, "x");
    const refused = await team.upload("moderator", room, "x");
    assert.deepEqual([refused.code, refused.limit], ["LIMIT_REACHED", ATTACHMENTS_WAITING_MAX]);
  });
});
