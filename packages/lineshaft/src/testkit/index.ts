/**
 * Test kit: a whole app on a real Postgres of its own, for one test file.
 */
import { existsSync } from "node:fs";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import pg from "pg";
import { clientConfig } from "../data/pool.ts";
import { dumpSchema } from "../migrate/index.ts";
import type { Settings } from "../app/settings.ts";
import { type AppOptions, type RunningApp, type StartOptions, startApp } from "../app/start.ts";

/** Servers that an app is tested on: the embedded one, and another major version where Debian's package is there. */
export const TEST_SERVERS = [
  { name: "Postgres 18, embedded", binaries: undefined },
  { name: "Postgres 15, Debian", binaries: "/usr/lib/postgresql/15/bin" },
] as const;

export type TestServer = (typeof TEST_SERVERS)[number];

/** Why tests on a server cannot run here; `false` when they can. In CI a missing server is a failure, not a skip. */
export function missing(server: TestServer): string | false {
  if (server.binaries === undefined || existsSync(server.binaries)) return false;
  const why = `${server.binaries} is not there: apt-get install postgresql-15`;
  if (process.env.CI) throw new Error(why);
  return why;
}

export interface TestOptions extends Omit<StartOptions, "settings"> {
  readonly settings?: Partial<Settings>;
  readonly server?: TestServer;
}

export interface TestApp extends RunningApp {
  /** A connection of the test's own, with the owner's rights. The caller ends it. */
  connect(): Promise<pg.Client>;
  /** The schema that the migrations made, as `migrations/schema.sql` shows it. */
  schema(): Promise<string>;
}

/** Starts an app on free ports, on a new server in a temporary folder, which is removed at the end. */
export async function startTestApp(options: AppOptions, test: TestOptions = {}): Promise<TestApp> {
  const { server, settings, ...rest } = test;
  await using made = new AsyncDisposableStack();
  const folder = await mkdtemp(join(tmpdir(), "lineshaft-test-"));
  made.defer(() => rm(folder, { recursive: true, force: true }));
  const running = await startApp(options, {
    folder,
    environment: {},
    embedded: { durable: false, ...(server?.binaries === undefined ? {} : { binaries: server.binaries }) },
    ...rest,
    settings: { port: 0, metricsPort: 0, logLevel: "silent", dataFolder: join(folder, "data"), ...settings },
  });
  made.use(running);
  const resources = made.move();
  const stop = () => resources.disposeAsync();
  const connect = async () => {
    const client = new pg.Client(clientConfig(running.database, "lineshaft test"));
    await client.connect();
    return client;
  };
  const schema = async () => {
    const client = await connect();
    const schemas = running.declarations.services.map((service) => service.name);
    return dumpSchema(client, schemas).finally(() => client.end());
  };
  return { ...running, connect, schema, stop, [Symbol.asyncDispose]: stop };
}
