/** A team for tests: an app on a real Postgres, people who are signed up, and short ways to ask as one of them. */
import assert from "node:assert/strict";
import * as accounts from "lineshaft/accounts";
import { startTestApp, type TestApp, type TestServer } from "lineshaft/testkit";
import * as tasks from "../index.ts";

export const NAMES = ["owner", "editor", "viewer", "outsider", "newcomer"] as const;
export type Name = (typeof NAMES)[number] | "guest";

export interface Person {
  readonly id: string;
  readonly email: string;
  readonly token: string;
}

export interface Answer {
  readonly status: number;
  readonly body: Json;
  readonly text: string;
}

/** JSON as it came: tests look into it and compare it, and are told when it is something else. */
// biome-ignore lint/suspicious/noExplicitAny: typing every answer twice would test nothing.
export type Json = any;

export interface Team {
  readonly app: TestApp;
  readonly people: Readonly<Record<(typeof NAMES)[number], Person>>;
  /** Moves the clock of the app: what time it is from now on. */
  setClock(now: string): void;
  ask(as: Name, method: string, path: string, body?: unknown): Promise<Answer>;
  /** Asks, expects that it goes well, and gives the body. */
  must(as: Name, method: string, path: string, body?: unknown): Promise<Json>;
  /** A project with an owner, an editor and a viewer: its path. */
  project(name?: string): Promise<string>;
  stop(): Promise<void>;
}

/** Schedules count from the clock at the start, which runs where none is given; to move it back leaves them behind. */
export async function startTeam(server?: TestServer, start?: string): Promise<Team> {
  let clock = start === undefined ? null : new Date(start);
  const services = { accounts, tasks };
  const app = await startTestApp({ services }, { ...(server ? { server } : {}), clock: () => clock ?? new Date() });
  const people = {} as Record<(typeof NAMES)[number], Person>;
  const ask: Team["ask"] = async (as, method, path, body) => {
    const authorization = as === "guest" ? {} : { authorization: `Bearer ${people[as].token}` };
    const type = body === undefined ? {} : { "content-type": "application/json" };
    const sent = body === undefined ? {} : { body: JSON.stringify(body) };
    const answer = await fetch(`${app.url}${path}`, { method, headers: { ...authorization, ...type }, ...sent });
    const text = await answer.text();
    return { status: answer.status, text, body: text === "" ? null : JSON.parse(text) };
  };
  const must: Team["must"] = async (as, method, path, body) => {
    const answer = await ask(as, method, path, body);
    assert.ok(answer.status < 300, `${as} ${method} ${path}: ${answer.status} ${answer.text}`);
    return answer.body;
  };
  for (const name of NAMES) {
    const email = `${name}@example.com`;
    const signUp = { email, name, password: "a password of tests" };
    const { account, token } = await app.call(accounts.signUp, signUp);
    people[name] = { id: account.id, email, token };
  }
  const project: Team["project"] = async (name = "a project") => {
    const { id } = await must("owner", "POST", "/tasks/projects", { name });
    for (const role of ["editor", "viewer"] as const) {
      await must("owner", "POST", `/tasks/projects/${id}/members`, { account: people[role].id, role });
    }
    return `/tasks/projects/${id}`;
  };
  const setClock = (now: string) => {
    clock = new Date(now);
  };
  return { app, people, setClock, ask, must, project, stop: () => app.stop() };
}
