/** What the tests of handlers share: one database for several nodes, and a service that writes down what it handles. */
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, rm } from "node:fs/promises";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import pg from "pg";
import type { Modules } from "../../define/declarations.ts";
import { entity, type Tables } from "../../define/entity.ts";
import type { EventOptions, HandlerContext } from "../../define/event.ts";
import { field } from "../../define/field.ts";
import { service } from "../../define/service.ts";
import { poll, startTestApp, type TestApp, type TestOptions } from "../../testkit/index.ts";
import { sharedServer } from "../../testkit/shared-server.ts";

/** Bound of what is waited for. */
export const WAIT_MS = 20_000;
const MEMBER = fileURLToPath(new URL("./member.ts", import.meta.url));

export class Effect extends entity("effect", {
  id: field.serial(),
  handler: field.text(),
  key: field.text(),
  n: field.integer(),
  attempt: field.integer(),
  node: field.text(),
}) {}
export class Counter extends entity(
  "counter",
  { name: field.text(), value: field.integer() },
  { primaryKey: ["name"] },
) {}

/** A service of its own for each node and each test: what is declared on it belongs to it alone. */
export function ledger(node = "only", options: Omit<EventOptions<NotedFields>, "key"> = {}) {
  const notes = service("notes", { entities: { Effect, Counter }, actor: "anyone" });
  const noted = notes.event("noted", { key: field.text().optional(), n: field.integer() }, { key: "key", ...options });
  /** States one event for each key, numbered from `from`. */
  const note = notes.command("POST /notes", {
    input: { keys: field.list(field.text()), from: field.integer().default(0) },
    run: async ({ input, emit }) => {
      for (const [at, key] of input.keys.entries()) emit(noted, { key, n: input.from + at });
    },
  });
  /** Writes down that a handler has handled an event. */
  const record = async ({ db, event, attempt }: Pick<Handle, "db" | "event" | "attempt">, handler: string) => {
    const { key, n } = event.payload;
    await db
      .insertInto("effect")
      .values({ handler, key: key ?? "", n, attempt, node })
      .execute();
  };
  return { notes, noted, note, record };
}

interface NotedFields {
  readonly key: ReturnType<ReturnType<typeof field.text>["optional"]>;
  readonly n: ReturnType<typeof field.integer>;
}

type Handle = HandlerContext<Tables<{ Effect: typeof Effect; Counter: typeof Counter }>, NotedFields>;

export type Ledger = ReturnType<typeof ledger>;

/** A ledger with two handlers: one that counts, and one that does a step and waits while it holds. */
export function memberOf(node: string, hold: () => Promise<void> = async () => {}): Ledger {
  const of = ledger(node);
  of.notes.on(of.noted, "count", (context) => of.record(context, "count"));
  of.notes.on(of.noted, "hold", async (context) => {
    if (context.event.payload.key !== "hold") return;
    await context.step("begin", async () => {});
    await of.record(context, "hold");
    await hold();
  });
  return of;
}

/** The modules of an app around a ledger. */
export function modulesOf({ notes, note }: Ledger, more: object = {}): Modules {
  return { site: { notes, note, ...more } };
}

/** An effect, as it is read. */
export interface Row {
  readonly handler: string;
  readonly key: string;
  readonly n: number;
  readonly attempt: number;
  readonly node: string;
}

/** A database for several nodes. */
export class Stand implements AsyncDisposable {
  readonly url: string;
  readonly folder: string;
  readonly #client: pg.Client;
  readonly #resources: AsyncDisposableStack;

  private constructor(url: string, folder: string, client: pg.Client, resources: AsyncDisposableStack) {
    this.url = url;
    this.folder = folder;
    this.#client = client;
    this.#resources = resources;
  }

  static async open(): Promise<Stand> {
    await using made = new AsyncDisposableStack();
    const server = await sharedServer(undefined);
    const database = await server.take("");
    made.defer(() => server.drop(database));
    const folder = await mkdtemp(join(server.folder, "stand-"));
    made.defer(() => rm(folder, { recursive: true, force: true }));
    const client = new pg.Client(database.url);
    client.on("error", () => {});
    await client.connect();
    made.defer(() => client.end());
    return new Stand(database.url, folder, client, made.move());
  }

  /** Starts a node on the database, which it reaches by this URL. */
  node(services: Modules, { settings, ...rest }: TestOptions = {}, databaseUrl = this.url): Promise<TestApp> {
    const { folder } = this;
    return startTestApp({ services }, { folder, ...rest, settings: { relay: "off", ...settings, databaseUrl } });
  }

  /** Starts a node in a process of its own. */
  async member(relay: "off" | "auto" = "off"): Promise<Member> {
    const member = new Member(this.url, this.folder, relay);
    this.#resources.defer(() => member.kill());
    await member.heard("ready");
    return member;
  }

  async ask<T = Record<string, unknown>>(text: string, values: unknown[] = []): Promise<T[]> {
    return (await this.#client.query(text, values)).rows as T[];
  }

  /** What a handler has done, in order. */
  effects(handler = "%"): Promise<Row[]> {
    return this.ask<Row>("select * from notes.effect where handler like $1 order by id", [handler]);
  }

  /** Waits for so many effects, and no other. */
  async untilEffects(count: number, handler = "%"): Promise<Row[]> {
    const found = async () => {
      const rows = await this.effects(handler);
      return rows.length >= count && rows;
    };
    return poll(found, { what: `${count} effects of ${handler}`, timeoutMs: WAIT_MS });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#resources.disposeAsync();
  }
}

/** A node in a process of its own: `member.ts`. */
export class Member {
  readonly process: ChildProcess;
  readonly #lines: string[] = [];

  constructor(...args: readonly string[]) {
    this.process = spawn(process.execPath, [MEMBER, ...args], { stdio: ["pipe", "pipe", "inherit"] });
    createInterface({ input: this.process.stdout! }).on("line", (line) => this.#lines.push(line));
  }

  tell(line: "go" | "end"): void {
    this.process.stdin!.write(`${line}\n`);
  }

  /** Waits until it has said this. */
  async heard(line: string): Promise<void> {
    await poll(() => this.#lines.includes(line), { what: `"${line}" of a member`, timeoutMs: WAIT_MS });
  }

  async kill(): Promise<void> {
    if (this.process.exitCode !== null || this.process.signalCode !== null) return;
    const exited = once(this.process, "exit");
    this.process.kill("SIGKILL");
    await exited;
  }
}

/** The numbers of one key, in the order in which they were handled. */
export function numbersOf(rows: readonly Row[], key: string): number[] {
  return rows.filter((row) => row.key === key).map(({ n }) => n);
}

/** `0 … count - 1` */
export function upTo(count: number): number[] {
  return Array.from({ length: count }, (_, n) => n);
}
