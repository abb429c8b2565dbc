/**
 * Real servers for the tests of this folder: every version that is installed, one server a file, one database a test.
 */
import { chmodSync, existsSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe } from "node:test";
import { setTimeout as delay } from "node:timers/promises";
import pg from "pg";
import type { ServiceDefinition } from "../../define/service.ts";
import { type EmbeddedPostgres, startEmbeddedPostgres } from "../../engines/postgres-embedded/index.ts";
import { copyCluster } from "../../engines/postgres-embedded/test/made-cluster.ts";
import { type MigrateOptions, type MigrationOutcome, migrate, type Plan, planMigration } from "../index.ts";

const DEADLINE_MS = 30_000;
const POLL_MS = 10;

/** Versions of the contract. The first is what the platform brings along. */
const VERSIONS = [
  { name: "Postgres 18", binaries: undefined },
  { name: "Postgres 15", binaries: "/usr/lib/postgresql/15/bin" },
] as const;

/** A database of its own for one test, and a folder for its migrations. */
export class Lab implements AsyncDisposable {
  readonly config: pg.ClientConfig;
  readonly root: string;
  readonly lines: string[] = [];
  readonly #admin: pg.ClientConfig;
  readonly #open: pg.Client[] = [];

  private constructor(admin: pg.ClientConfig, database: string) {
    this.#admin = admin;
    this.config = { ...admin, database };
    this.root = mkdtempSync(join(tmpdir(), "lineshaft-migrate-"));
  }

  static async open(admin: pg.ClientConfig): Promise<Lab> {
    const lab = new Lab(admin, `lab_${process.pid}_${(labs += 1)}`);
    await lab.#administer(`create database ${lab.config.database}`);
    return lab;
  }

  get folder(): string {
    return join(this.root, "migrations");
  }

  readonly connect = async (): Promise<pg.Client> => {
    const client = new pg.Client(this.config);
    await client.connect();
    return client;
  };

  /** A connection that ends with the test. */
  async client(): Promise<pg.Client> {
    const client = await this.connect();
    client.on("error", () => {});
    this.#open.push(client);
    return client;
  }

  async query<TRow extends pg.QueryResultRow>(text: string, values: unknown[] = []): Promise<TRow[]> {
    this.#open[0] ?? (await this.client());
    return (await this.#open[0]!.query<TRow>(text, values)).rows;
  }

  migrate(services: readonly unknown[], options: Partial<MigrateOptions> = {}): Promise<MigrationOutcome> {
    const report = (line: string): void => void this.lines.push(line);
    const { folder, connect } = this;
    return migrate({
      services: services as ServiceDefinition[],
      folder,
      connect,
      mode: "development",
      report,
      ...options,
    });
  }

  async plan(services: readonly unknown[]): Promise<Plan> {
    return planMigration(await this.client(), services as ServiceDefinition[]);
  }

  async #administer(text: string): Promise<void> {
    const client = new pg.Client(this.#admin);
    await client.connect();
    try {
      await client.query(text);
    } finally {
      await client.end();
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all(this.#open.map((client) => client.end().catch(() => {})));
    await this.#administer(`drop database ${this.config.database} with (force)`);
    rmSync(this.root, { recursive: true, force: true });
  }
}

let labs = 0;

/** Runs a suite against every version; a version that is not installed is skipped, saying so. */
export function onEveryServer(what: string, suite: (open: () => Promise<Lab>) => void): void {
  for (const version of VERSIONS) {
    const missing = version.binaries !== undefined && !existsSync(join(version.binaries, "postgres"));
    const skip = missing ? `${version.binaries} has no postgres: install postgresql-15 to run this` : false;
    describe(`${version.name}: ${what}`, { skip }, () => {
      let root = "";
      let server: EmbeddedPostgres;
      before(async () => {
        ({ root, server } = await startServer(version.binaries));
      });
      after(async () => {
        await server.stop();
        rmSync(root, { recursive: true, force: true });
      });
      suite(() => Lab.open(server.connection));
    });
  }
}

/** All versions at once, for comparisons between them. */
export async function everyServer(): Promise<{ readonly labs: readonly Lab[] } & AsyncDisposable> {
  const stack = new AsyncDisposableStack();
  const opened: Lab[] = [];
  for (const version of VERSIONS) {
    if (version.binaries !== undefined && !existsSync(join(version.binaries, "postgres"))) continue;
    const { root, server } = await startServer(version.binaries);
    stack.defer(() => rmSync(root, { recursive: true, force: true }));
    stack.use(server);
    opened.push(stack.use(await Lab.open(server.connection)));
  }
  return { labs: opened, [Symbol.asyncDispose]: () => stack.disposeAsync() };
}

async function startServer(binaries: string | undefined): Promise<{ root: string; server: EmbeddedPostgres }> {
  const root = mkdtempSync(join(tmpdir(), "lineshaft-migrate-server-"));
  chmodSync(root, 0o755);
  const folder = join(root, "postgres");
  await copyCluster(folder, binaries);
  const server = await startEmbeddedPostgres({
    folder,
    durable: false,
    ...(binaries === undefined ? {} : { binaries }),
  });
  return { root, server };
}

/** Polls until the condition holds. */
export async function until(what: string, condition: () => Promise<boolean>): Promise<void> {
  const deadline = performance.now() + DEADLINE_MS;
  while (!(await condition())) {
    if (performance.now() > deadline) throw new Error(`Not within ${DEADLINE_MS} ms: ${what}`);
    await delay(POLL_MS);
  }
}
