/** For tests of accounts: an app with a clock that can be moved, and visitors who keep cookies or a token. */
import assert from "node:assert/strict";
import { sql } from "kysely";
import type { Settings } from "../../app/settings.ts";
import type { Modules } from "../../define/declarations.ts";
import { field } from "../../define/field.ts";
import { service } from "../../define/service.ts";
import { createLog } from "../../observe/log.ts";
import { startTestApp, type TestServer } from "../../testkit/index.ts";
import * as accounts from "../index.ts";

export const PASSWORD = "correct horse battery";

// biome-ignore lint/suspicious/noExplicitAny: JSON of any shape; the assertions say which.
export type Json = any;

export interface Answered {
  readonly status: number;
  readonly body: Json;
  readonly cookies: readonly string[];
  readonly headers: Headers;
}

export interface AskOptions {
  readonly method?: string;
  readonly body?: object;
  readonly headers?: Readonly<Record<string, string>>;
}

const probes = service("probes", { actor: "anyone" });

/** Runs one statement on the database of the app, past everything. */
const statement = probes.command("POST /probes", {
  input: { text: field.text() },
  output: { rows: field.json() },
  run: async ({ db, input }) => ({ rows: (await sql.raw(input.text).execute(db)).rows }),
});

/** Starts an app with accounts. `logged` holds every line that it logged, at every level. */
export async function startAccounts(server: TestServer, services: Modules = {}, settings: Partial<Settings> = {}) {
  const logged: string[] = [];
  const log = createLog({ level: "trace", readable: false, destination: { write: (line) => void logged.push(line) } });
  const clock = { now: Date.parse("2030-01-02T03:04:05.678Z") };
  const options = { server, log, settings, clock: () => new Date(clock.now) };
  const running = await startTestApp({ services: { accounts, probes: { statement }, ...services } }, options);

  async function ask(path: string, { method, body, headers = {} }: AskOptions = {}): Promise<Answered> {
    const answer = await fetch(`${running.url}${path}`, {
      method: method ?? (body ? "POST" : "GET"),
      headers: { ...(body ? { "content-type": "application/json" } : {}), ...headers },
      ...(body ? { body: JSON.stringify(body) } : {}),
    });
    const text = await answer.text();
    const json = /json/.test(answer.headers.get("content-type") ?? "");
    return {
      status: answer.status,
      body: json ? JSON.parse(text) : text,
      cookies: answer.headers.getSetCookie(),
      headers: answer.headers,
    };
  }

  /** Signs up and gives what a client then has. */
  async function join(email: string, password = PASSWORD) {
    const { status, body, cookies } = await ask("/accounts/sign-up", { body: { email, password } });
    assert.equal(status, 201, JSON.stringify(body));
    return {
      ...body,
      bearer: { authorization: `Bearer ${body.token}` },
      cookie: { cookie: cookies[0]!.split(";")[0]! },
    } as {
      account: { id: string; email: string };
      token: string;
      bearer: { authorization: string };
      cookie: { cookie: string };
    };
  }

  /** Waits for the newest mail to somebody with this subject; mails leave after the answer. */
  async function mailTo(to: string, subject: RegExp): Promise<{ text: string; token: string }> {
    const find = () => running.mails!.mails.find((each) => each.to === to && subject.test(each.subject));
    const mail = await untilFound(find, `no mail to ${to} with ${subject}`);
    return { text: mail.text, token: /#([\w-]+)/.exec(mail.text)?.[1] ?? "" };
  }

  const query = async (text: string): Promise<Json> => (await running.call(statement, { text })).rows;

  return { running, query, ask, join, mailTo, clock, logged, [Symbol.asyncDispose]: () => running.stop() };
}

async function untilFound<T>(find: () => T | undefined, message: string): Promise<T> {
  const deadline = performance.now() + 5_000;
  for (;;) {
    const found = find();
    if (found !== undefined) return found;
    assert.ok(performance.now() < deadline, message);
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
}

export type Accounts = Awaited<ReturnType<typeof startAccounts>>;

export const code = ({ status, body }: Answered): string => `${status} ${body?.code ?? ""}`.trim();
