/** What the tests of this folder share: real servers, relays on them, and consumers that write down what they hear. */
import { chmodSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import pg from "pg";
import { type EmbeddedPostgres, startEmbeddedPostgres } from "../../engines/postgres-embedded/index.ts";
import { copyCluster } from "../../engines/postgres-embedded/test/made-cluster.ts";
import { platformSchema } from "../../migrate/platform.ts";
import { createLog, type Logger } from "../../observe/log.ts";
import { createMetrics, type Metrics } from "../../observe/metrics.ts";
import { poll, type TestServer } from "../../testkit/index.ts";
import type { Commit } from "../changes.ts";
import { Relay, type RelayConsumer, type RelayOptions } from "../relay.ts";

/** Bound of everything that is waited for. */
export const WAIT_MS = 30_000;
export const PUBLICATION = { name: "lineshaft_shop_pub", tables: [{ schema: "shop", name: "item" }] };

const SCHEMA = `create schema shop;
create table shop.item (id integer primary key, name text, note text);
alter table shop.item replica identity full;
create table shop."Odd ""Näme""" (id integer primary key, "a b" text, at timestamptz, ratio float8, raw bytea);
create publication lineshaft_shop_pub for table shop.item, shop."Odd ""Näme""";`;

/** A server of the test's own, with a published table. */
export class Stage implements AsyncDisposable {
  readonly server: EmbeddedPostgres;
  readonly metrics: Metrics = createMetrics();
  readonly lines: string[] = [];
  readonly log: Logger;
  readonly #root: string;
  readonly #open: pg.Client[] = [];

  private constructor(root: string, server: EmbeddedPostgres) {
    this.#root = root;
    this.server = server;
    this.log = createLog({
      level: "debug",
      readable: false,
      destination: { write: (line) => void this.lines.push(line) },
    });
  }

  static async open(of: TestServer, settings: Readonly<Record<string, string>> = {}): Promise<Stage> {
    const root = mkdtempSync(join(tmpdir(), "lineshaft-log-"));
    chmodSync(root, 0o755);
    const binaries = of.binaries === undefined ? {} : { binaries: of.binaries };
    const folder = join(root, "postgres");
    await copyCluster(folder, of.binaries);
    const stage = new Stage(root, await startEmbeddedPostgres({ folder, durable: false, settings, ...binaries }));
    await stage.prepare();
    return stage;
  }

  get url(): string {
    return this.server.url;
  }

  /** Makes the tables; again after the database was made anew. */
  async prepare(): Promise<void> {
    await this.ask(`${platformSchema.sql} ${SCHEMA}`);
  }

  /** Runs SQL on a connection of its own. */
  async ask(text: string, values: unknown[] = [], database?: string): Promise<Record<string, unknown>[]> {
    const client = new pg.Client({ ...this.server.connection, ...(database === undefined ? {} : { database }) });
    client.on("error", () => {});
    await client.connect();
    try {
      const { rows } = await client.query<Record<string, unknown>>(text, values);
      return rows;
    } finally {
      await client.end();
    }
  }

  /** A connection that ends with the stage. */
  async client(): Promise<pg.Client> {
    const client = new pg.Client(this.server.connection);
    client.on("error", () => {});
    await client.connect();
    this.#open.push(client);
    return client;
  }

  /** A relay that has begun, and its tape. */
  newRelay(options: Partial<RelayOptions> = {}): { relay: Relay; tape: Tape } & AsyncDisposable {
    const { metrics, log, url } = this;
    const relay = new Relay({ connection: url, publications: [PUBLICATION], metrics, log, ...options });
    const tape = new Tape();
    relay.subscribe(tape);
    relay.start();
    return { relay, tape, [Symbol.asyncDispose]: () => relay.close() };
  }

  /** The same, when it knows whether it can stream. */
  async relay(options: Partial<RelayOptions> = {}): Promise<{ relay: Relay; tape: Tape } & AsyncDisposable> {
    const open = this.newRelay(options);
    const isSettled = () => open.relay.state === "streaming" || open.relay.state === "polling";
    await poll(isSettled, { timeoutMs: WAIT_MS });
    return open;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all(this.#open.map((client) => client.end().catch(() => {})));
    await this.server.stop();
    rmSync(this.#root, { recursive: true, force: true });
  }
}

/** Writes down what a consumer hears, in order. */
export class Tape implements RelayConsumer {
  readonly heard: string[] = [];
  readonly commits: Commit[] = [];

  commit(commit: Commit): void {
    this.commits.push(commit);
    this.heard.push("commit");
  }

  reset(reason: string): void {
    this.heard.push(`reset: ${reason}`);
  }

  lost(reason: string): void {
    this.heard.push(`lost: ${reason}`);
  }

  resumed(): void {
    this.heard.push("resumed");
  }

  /** Every change so far in a short form. */
  get changes(): unknown[] {
    return this.commits.flatMap(({ changes }) =>
      changes.map(({ table, kind, old, new: row }) => [table.name, kind, ...(old ? [old] : []), ...(row ? [row] : [])]),
    );
  }

  /** Waits until so many commits were heard. */
  async until(count: number): Promise<void> {
    await poll(() => this.commits.length >= count, { what: `${count} commits`, timeoutMs: WAIT_MS });
  }
}
