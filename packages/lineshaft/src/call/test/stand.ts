/** What the tests of calls share: two services whose tables have the same names, a pool of their own, ad hoc runs. */
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { setTimeout as delay } from "node:timers/promises";
import type pg from "pg";
import type { CallObserver } from "../../data/observer.ts";
import { Pool, type PoolOptions } from "../../data/pool.ts";
import { NOBODY } from "../../define/actor.ts";
import type { Modules } from "../../define/declarations.ts";
import type { Context, EndpointDefinition, Isolation } from "../../define/endpoint.ts";
import { entity } from "../../define/entity.ts";
import { Fault } from "../../define/errors.ts";
import { field } from "../../define/field.ts";
import { service } from "../../define/service.ts";
import { createLog } from "../../observe/log.ts";
import { createMetrics } from "../../observe/metrics.ts";
import { startTestApp, type TestApp, type TestServer } from "../../testkit/index.ts";
import { type CallRuntime, runCall } from "../run.ts";

const DEADLINE_MS = 20_000;

export class Account extends entity(
  "account",
  {
    name: field.text({ max: 40 }),
    balance: field.integer().default(0),
  },
  { primaryKey: ["name"] },
) {}
export class Note extends entity("note", { id: field.serial(), text: field.text().unique() }) {}
export class OtherNote extends entity("note", { id: field.serial(), text: field.text().unique() }) {}
export class Every extends entity("every", {
  id: field.serial(),
  big: field.bigint().optional(),
  exact: field.decimal({ precision: 20, scale: 4 }).optional(),
  day: field.date().optional(),
  at: field.time().optional(),
  price: field.money().optional(),
  any: field.json().optional(),
  shaped: field.json({ theme: field.text() }).optional(),
  texts: field.list(field.text()).optional(),
  bigs: field.list(field.bigint()).optional(),
  exacts: field.list(field.decimal({ precision: 20, scale: 4 })).optional(),
  days: field.list(field.date()).optional(),
  times: field.list(field.time()).optional(),
  prices: field.list(field.money()).optional(),
  objects: field.list(field.json({ theme: field.text() })).optional(),
}) {}

export const bank = service("bank", { entities: { Account, Note, Every }, actor: "anyone" });
export const audit = service("audit", { entities: { OtherNote }, actor: "anyone" });
/** Two endpoints over HTTP. */
export const openAccount = bank.command("POST /accounts", {
  input: { name: Account.fields.name },
  run: async ({ db, input }) => void (await db.insertInto("account").values(input).execute()),
});
export const accounts = bank.query("GET /accounts", {
  output: field.integer(),
  run: async ({ db }) =>
    Number(
      (
        await db
          .selectFrom("account")
          .select((eb) => eb.fn.countAll().as("n"))
          .executeTakeFirstOrThrow()
      ).n,
    ),
});
export const modules: Modules = { bank: { bank, openAccount, accounts }, audit: { audit } };

type BankRun = (context: Context<(typeof bank)["~tables"], Record<never, never>, never, "anyone">) => Promise<unknown>;
type AuditRun = (
  context: Context<(typeof audit)["~tables"], Record<never, never>, never, "anyone">,
) => Promise<unknown>;

/** Endpoints made on the spot: what they return is handed back as it is. */
export function command(run: BankRun, isolation: Isolation = "serializable") {
  return bank.command("POST /made", { isolation, run: run as never });
}
export function query(run: BankRun) {
  return bank.query("GET /made", { output: Account, run: run as never });
}
export function auditCommand(run: AuditRun) {
  return audit.command("POST /audited", { run: run as never });
}

/** A pool and all that a call needs, on a database that is there already. */
export class Stand implements AsyncDisposable {
  readonly pool: Pool;
  readonly metrics = createMetrics();
  readonly states: string[] = [];
  readonly logged: string[] = [];
  readonly runtime: CallRuntime;

  constructor(connection: PoolOptions["connection"], options: Partial<PoolOptions> = {}) {
    const onState = (state: string) => void this.states.push(state);
    this.pool = new Pool({ connection, metrics: this.metrics, onState, ...options });
    this.runtime = { pool: this.pool, metrics: this.metrics, random: Math.random };
  }

  /** Runs an endpoint as a request of nobody's would. */
  async call(target: unknown, observer: CallObserver | null = null): Promise<unknown> {
    const endpoint = target as EndpointDefinition;
    const log = createLog({ level: "info", readable: false, destination: { write: (line) => this.logged.push(line) } });
    const facts = { origin: "http://localhost", address: "127.0.0.1", headers: {}, id: "test" };
    const signal = new AbortController().signal;
    const request = {
      endpoint,
      name: "made",
      input: {},
      actor: NOBODY,
      facts,
      now: new Date(),
      log,
      signal: () => signal,
      observer,
    };
    return (await runCall(this.runtime, request)).value;
  }

  /** The value of a counter with this label. */
  async counted(outcome: "repeated" | "given_up"): Promise<number> {
    const { values } = await this.metrics.conflicts.get();
    return values.find((each) => each.labels.outcome === outcome)?.value ?? 0;
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.pool[Symbol.asyncDispose]();
  }
}

/** An app for its server and schema, and a connection beside it. */
export class Site implements AsyncDisposable {
  readonly app: TestApp;
  direct: pg.Client;

  private constructor(app: TestApp, direct: pg.Client) {
    this.app = app;
    this.direct = direct;
  }

  static async open(server: TestServer): Promise<Site> {
    // A server of its own: tests of outages stop it.
    const app = await startTestApp({ services: modules }, { server, embedded: {} });
    const direct = await app.connect();
    direct.on("error", () => {});
    return new Site(app, direct);
  }

  stand(options: Partial<PoolOptions> = {}): Stand {
    return new Stand(this.app.database, options);
  }

  /** The unix socket of its server. */
  get socket(): string {
    const { host, port } = this.app.database as { host: string; port: number };
    return `${host}/.s.PGSQL.${port}`;
  }

  /** Process id of its server. */
  async serverPid(): Promise<number> {
    const [{ data_directory: folder }] = (await this.ask("show data_directory")) as [{ data_directory: string }];
    return Number(readFileSync(`${folder}/postmaster.pid`, "utf8").split("\n", 1)[0]);
  }

  async ask(sql: string, values: unknown[] = []): Promise<Record<string, unknown>[]> {
    return (await this.direct.query(sql, values)).rows;
  }

  /** After its server has ended. */
  async reconnect(): Promise<void> {
    await this.direct.end().catch(() => {});
    this.direct = await this.app.connect();
    this.direct.on("error", () => {});
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.direct.end().catch(() => {});
    await this.app.stop();
  }
}

/** Matches a fault by its code and status. */
export function isFault(code: string, status: number) {
  return (error: unknown): true => {
    assert.ok(error instanceof Fault, String((error as Error).stack));
    assert.deepEqual([error.code, error.status], [code, status]);
    return true;
  };
}

export async function until(
  what: string,
  isTrue: () => boolean | Promise<boolean>,
  deadlineMs = DEADLINE_MS,
): Promise<void> {
  const end = Date.now() + deadlineMs;
  while (!(await isTrue())) {
    assert.ok(Date.now() < end, `not within ${deadlineMs} ms: ${what}`);
    await delay(5);
  }
}
