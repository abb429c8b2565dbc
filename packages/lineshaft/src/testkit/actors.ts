/**
 * Callers of a test: what an account, or nobody, sees of an app.
 *
 * `call` passes the actor to the endpoint. `fetch` goes over HTTP with a session that is written into the tables of
 * accounts, so it needs an app that has them.
 */
import { randomBytes, randomUUID } from "node:crypto";
import type pg from "pg";
import { tokenHash } from "../accounts/tokens.ts";
import type { CallAs } from "../app/call-as.ts";
import type { RunningApp } from "../app/start.ts";
import { type AccountActor, type Actor, NOBODY } from "../define/actor.ts";
import type { Endpoint, EndpointDefinition } from "../define/endpoint.ts";
import { fault } from "../define/errors.ts";
import type { InputOf, ResultOf } from "../define/shape.ts";
import type { TestClock } from "./clock.ts";

/** How long a session of a test lasts, by the clock of the test. */
const SESSION_MS = 365 * 86_400_000;
/** As accounts makes them: letters and digits. */
const TOKEN_BYTES = 16;

/** Who calls: an account of which only the id counts, an actor, or `null` for nobody. */
export type Who = Actor | null | { readonly id: string; readonly email?: string; readonly emailVerified?: boolean };

/** An app as one caller sees it. */
export interface Caller {
  readonly actor: Actor;
  /** Calls an endpoint, input and result typed; each call is a transaction of its own. What fails is thrown. */
  call<TInput, TOutput>(endpoint: Endpoint<TInput, TOutput>, input: InputOf<TInput>): Promise<ResultOf<TOutput>>;
  /** Asks a path of the app over HTTP, signed in as this caller. @throws {Error} when the app has no accounts. */
  fetch(path: string, init?: RequestInit): Promise<Response>;
}

/** What an account begins with. */
export interface NewAccount {
  /** Default: one that no other account of the run has. */
  readonly email?: string;
  readonly name?: string;
  /** Default true. */
  readonly emailVerified?: boolean;
}

type Connect = () => Promise<pg.Client>;

export class Callers {
  readonly #app: Pick<RunningApp, "url" | "declarations"> & { readonly call: CallAs };
  readonly #connect: Connect;
  readonly #clock: TestClock;
  readonly #tokens = new Map<string, Promise<string>>();

  constructor(app: RunningApp, connect: Connect, clock: TestClock) {
    this.#app = app;
    this.#connect = connect;
    this.#clock = clock;
  }

  as(who: Who): Caller {
    const actor = actorOf(who);
    return {
      actor,
      call: async (endpoint, input) => {
        // `RunningApp.call` trusts its caller, as a request is trusted once it has passed the guard.
        const { actor: rule } = endpoint as unknown as EndpointDefinition;
        if (rule === "account" && actor.kind === "nobody") throw fault("UNAUTHENTICATED");
        return this.#app.call(endpoint, input, { actor });
      },
      fetch: async (path, init = {}) => {
        const headers = new Headers(init.headers);
        if (actor.kind === "account") headers.set("authorization", `Bearer ${await this.token(actor)}`);
        return fetch(new URL(path, this.#app.url), { ...init, headers });
      },
    };
  }

  /** Makes an account that has followed every link, without a password. */
  async account(options: NewAccount = {}): Promise<AccountActor> {
    this.#assertAccounts("An account");
    const { email = `${randomUUID()}@example.com`, name = "", emailVerified = true } = options;
    const text = `insert into accounts.account (email, name, "emailVerified") values ($1, $2, $3) returning id`;
    const [row] = await this.#query<{ id: string }>(text, [email, name, emailVerified]);
    return { kind: "account", id: row!.id, session: randomUUID(), email, emailVerified };
  }

  /** The token of a session that is made for it. */
  token(actor: AccountActor): Promise<string> {
    const known = this.#tokens.get(actor.id);
    if (known) return known;
    this.#assertAccounts("A request as an account");
    const made = this.#signIn(actor);
    this.#tokens.set(actor.id, made);
    made.catch(() => this.#tokens.delete(actor.id));
    return made;
  }

  async #signIn(actor: AccountActor): Promise<string> {
    const token = randomBytes(TOKEN_BYTES).toString("hex");
    const expiresAt = new Date(this.#clock.now().getTime() + SESSION_MS);
    const text = `insert into accounts.session (account, token, "expiresAt") values ($1, $2, $3)`;
    await this.#query(text, [actor.id, tokenHash(token), expiresAt]);
    return token;
  }

  async #query<TRow extends pg.QueryResultRow>(text: string, values: readonly unknown[]): Promise<TRow[]> {
    const client = await this.#connect();
    try {
      return (await client.query<TRow>(text, [...values])).rows;
    } finally {
      await client.end();
    }
  }

  #assertAccounts(what: string): void {
    if (this.#app.declarations.services.some(({ name }) => name === "accounts")) return;
    throw new Error(`${what} needs accounts: put \`accounts\` of "lineshaft/accounts" into the services of the app.`);
  }
}

function actorOf(who: Who): Actor {
  if (who === null) return NOBODY;
  if ("kind" in who) return who;
  const { id, email = `${id}@example.com`, emailVerified = true } = who;
  return { kind: "account", id, session: randomUUID(), email, emailVerified };
}
