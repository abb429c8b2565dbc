/** A team for tests: an app with the chat on a real Postgres, people, and short ways to ask as one of them. */
import assert from "node:assert/strict";
import { randomUUID } from "node:crypto";
import type { AccountActor } from "lineshaft";
import * as accounts from "lineshaft/accounts";
import { startTestApp, type TestApp, TestClock, type TestServer } from "lineshaft/testkit";
import * as chat from "../index.ts";

export const NAMES = ["owner", "moderator", "member", "outsider", "banned"] as const;
export type Named = (typeof NAMES)[number];
export type Who = Named | "guest" | AccountActor;

export interface Answer {
  readonly status: number;
  readonly body: Json;
  readonly text: string;
}

/** JSON as it came: tests look into it and compare it, and are told when it is something else. */
// biome-ignore lint/suspicious/noExplicitAny: typing every answer twice would test nothing.
export type Json = any;

interface TeamOptions {
  readonly server?: TestServer;
  /** Whether the log of the database is heard, so that subscribers are told at once. */
  readonly live?: boolean;
  /** Where attachments lie. */
  readonly filesFolder?: string;
}

export class Team implements AsyncDisposable {
  readonly app: TestApp;
  readonly people: Readonly<Record<Named, AccountActor>>;

  private constructor(app: TestApp, people: Record<Named, AccountActor>) {
    this.app = app;
    this.people = people;
  }

  static async start({ server, live = false, filesFolder }: TeamOptions = {}): Promise<Team> {
    const settings = { relay: live ? ("auto" as const) : ("off" as const), ...(filesFolder ? { filesFolder } : {}) };
    const options = { ...(server ? { server } : {}), settings, clock: new TestClock() };
    const app = await startTestApp({ services: { accounts, chat } }, options);
    const made = NAMES.map(async (name) => [name, await app.account({ email: `${name}@example.com`, name })]);
    return new Team(app, Object.fromEntries(await Promise.all(made)));
  }

  /** The id of somebody. */
  id(who: Named): string {
    return this.people[who].id;
  }

  async ask(who: Who, method: string, path: string, body?: unknown): Promise<Answer> {
    const as = this.app.as(who === "guest" ? null : typeof who === "string" ? this.people[who] : who);
    const json = { headers: { "content-type": "application/json" }, body: JSON.stringify(body) };
    const answer = await as.fetch(path, { method, ...(body === undefined ? {} : json) });
    const text = await answer.text();
    return { status: answer.status, text, body: text === "" ? null : JSON.parse(text) };
  }

  /** Asks, expects that it goes well, and gives the body. */
  async must(who: Who, method: string, path: string, body?: unknown): Promise<Json> {
    const answer = await this.ask(who, method, path, body);
    assert.ok(answer.status < 300, `${method} ${path}: ${answer.status} ${answer.text}`);
    return answer.body;
  }

  /** Asks, and expects this code. */
  async refused(code: string, who: Who, method: string, path: string, body?: unknown): Promise<Answer> {
    const answer = await this.ask(who, method, path, body);
    assert.equal(answer.body?.code, code, `${method} ${path}: ${answer.status} ${answer.text}`);
    return answer;
  }

  /** A room with an owner, a moderator, a member and somebody who is banned: its path. */
  async room(kind: "public" | "private" = "private"): Promise<string> {
    const { id } = await this.must("owner", "POST", "/chat/rooms", { kind, name: "a room" });
    const room = `/chat/rooms/${id}`;
    for (const name of ["moderator", "member"] as const) await this.add(room, this.people[name]);
    await this.must("owner", "PATCH", `${room}/members/${this.id("moderator")}`, { role: "moderator" });
    await this.must("owner", "PUT", `${room}/bans/${this.id("banned")}`, { reason: "a reason" });
    return room;
  }

  /** Makes somebody a member. */
  async add(room: string, who: AccountActor): Promise<void> {
    await this.must("owner", "POST", `${room}/invitations`, { account: who.id });
    await this.must(who, "POST", `${room}/join`);
  }

  /** Posts a text, and gives the message. */
  post(who: Who, room: string, text: string, more: object = {}): Promise<Json> {
    return this.must(who, "POST", `${room}/messages`, { clientId: randomUUID(), text, ...more });
  }

  /** Uploads a text as a file. */
  async upload(who: Named, room: string, text: string, name = "a file.txt"): Promise<Json> {
    const headers = { "content-type": "text/plain" };
    const path = `${room}/attachments?name=${encodeURIComponent(name)}`;
    const answer = await this.app.as(this.people[who]).fetch(path, { method: "POST", headers, body: text });
    return answer.json();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.app.stop();
  }
}
