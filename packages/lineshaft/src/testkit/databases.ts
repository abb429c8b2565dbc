/**
 * Databases of the test server: templates by key, and copies of them for the tests.
 *
 * A template is filled by the first test that asks for it; others that ask meanwhile wait, and take over when it fails.
 * Copying takes Postgres some 50 ms, so there is always one copy ready ahead: taking it costs nothing.
 * Limits. `TEMPLATES_MAX` templates; the one that was not used for longest goes first.
 */
import { mkdirSync, rmSync } from "node:fs";
import { join } from "node:path";
import pg from "pg";
import type { FromHost } from "./wire.ts";

/** Templates kept at once. One takes about eight megabytes. */
export const TEMPLATES_MAX = 24;

interface Reach {
  readonly host: string;
  readonly port: number;
  readonly user: string;
}

interface Waiter {
  readonly owner: object;
  readonly id: number;
  readonly resolve: (answer: FromHost) => void;
}

interface Template {
  database: string;
  readonly folder: string;
  readonly builder: object;
  state: "building" | "ready";
  waiters: Waiter[];
  /** The copy that the next test gets: there already, or on its way. */
  spare: Promise<string> | null;
}

/** Names are our own, but a quote costs nothing. */
const quoted = (name: string): string => pg.escapeIdentifier(name);

export class Databases implements AsyncDisposable {
  readonly connection: Reach;
  readonly #client: pg.Client;
  readonly #folder: string;
  readonly #templates = new Map<string, Template>();
  readonly #taken = new Map<string, object>();
  /** Tests that are gone: what is still being made for them goes, too. */
  readonly #lost = new WeakSet<object>();
  #queue: Promise<unknown> = Promise.resolve();
  #count = 0;

  private constructor(client: pg.Client, connection: Reach, folder: string) {
    this.#client = client;
    this.connection = connection;
    this.#folder = folder;
  }

  static async open(connection: Reach, folder: string): Promise<Databases> {
    const client = new pg.Client({ ...connection, database: "postgres" });
    client.on("error", () => process.exit(1));
    await client.connect();
    return new Databases(client, connection, folder);
  }

  /** A database for a test: a copy of the template, or an empty one to be made the template. */
  async take(owner: object, id: number, key: string): Promise<FromHost> {
    if (key === "") return this.#give(owner, id, await this.#create("test", null), null);
    const template = this.#templates.get(key);
    if (template === undefined) return await this.#beginTemplate(owner, id, key);
    if (template.state === "building") {
      return new Promise((resolve) => void template.waiters.push({ owner, id, resolve }));
    }
    this.#templates.delete(key);
    this.#templates.set(key, template); // Used last, so it goes last.
    return this.#copy(owner, id, template);
  }

  /** The owner has filled the template, or could not. */
  async finish(owner: object, key: string, isBuilt: boolean): Promise<void> {
    const template = this.#templates.get(key);
    if (template?.state !== "building" || template.builder !== owner) return;
    if (!isBuilt) return await this.#passOn(key, template);
    template.state = "ready";
    this.#taken.delete(template.database);
    for (const { owner: other, id, resolve } of template.waiters.splice(0)) {
      resolve(await this.#copy(other, id, template));
    }
    this.#prepareSpare(template);
    await this.#bound();
  }

  drop(owner: object, database: string): void {
    if (this.#taken.get(database) !== owner) return;
    this.#taken.delete(database);
    void this.#run(`drop database if exists ${quoted(database)} with (force)`);
  }

  /** Everything that the owner had goes. */
  async lose(owner: object): Promise<void> {
    this.#lost.add(owner);
    for (const [key, template] of this.#templates) {
      template.waiters = template.waiters.filter((waiter) => waiter.owner !== owner);
      if (template.state === "building" && template.builder === owner) await this.#passOn(key, template);
    }
    for (const [database, other] of this.#taken) if (other === owner) this.drop(owner, database);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#queue;
    this.#client.removeAllListeners("error").on("error", () => {});
    await this.#client.end();
  }

  /** One statement at a time: copies side by side are no faster, and the order is easy to think about. */
  #run(sql: string): Promise<void> {
    const done = this.#queue.then(async () => void (await this.#client.query(sql)));
    this.#queue = done.catch(() => {});
    return done;
  }

  async #create(prefix: string, template: string | null): Promise<string> {
    const database = `${prefix}_${++this.#count}`;
    await this.#run(`create database ${quoted(database)}${template === null ? "" : ` template ${quoted(template)}`}`);
    return database;
  }

  async #beginTemplate(owner: object, id: number, key: string): Promise<FromHost> {
    const folder = join(this.#folder, String(this.#count + 1));
    const template: Template = { database: "", folder, state: "building", builder: owner, waiters: [], spare: null };
    this.#templates.set(key, template);
    mkdirSync(folder, { recursive: true });
    template.database = await this.#create("template", null);
    this.#taken.set(template.database, owner);
    return { kind: "build", id, database: template.database, template: folder };
  }

  /** The template is not to be had from its builder: the next who waits tries, from nothing. */
  async #passOn(key: string, template: Template): Promise<void> {
    this.#templates.delete(key);
    this.drop(template.builder, template.database);
    rmSync(template.folder, { recursive: true, force: true });
    for (const { owner, id, resolve } of template.waiters) resolve(await this.take(owner, id, key));
  }

  async #copy(owner: object, id: number, template: Template): Promise<FromHost> {
    this.#prepareSpare(template);
    const spare = template.spare!;
    template.spare = null;
    this.#prepareSpare(template);
    const database = await spare;
    return this.#give(owner, id, database, template.folder);
  }

  #give(owner: object, id: number, database: string, template: string | null): FromHost {
    this.#taken.set(database, owner);
    if (this.#lost.has(owner)) this.drop(owner, database);
    return { kind: "database", id, database, template };
  }

  #prepareSpare(template: Template): void {
    if (template.spare !== null) return;
    template.spare = this.#create("test", template.database);
    template.spare.catch(() => {});
  }

  async #bound(): Promise<void> {
    const ready = [...this.#templates].filter(([, template]) => template.state === "ready");
    for (const [key, template] of ready.slice(0, Math.max(0, ready.length - TEMPLATES_MAX))) {
      this.#templates.delete(key);
      rmSync(template.folder, { recursive: true, force: true });
      const spare = await template.spare?.catch(() => null);
      if (spare) await this.#run(`drop database if exists ${quoted(spare)} with (force)`);
      await this.#run(`drop database if exists ${quoted(template.database)} with (force)`);
    }
  }
}
