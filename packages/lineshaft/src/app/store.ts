/**
 * Store: the database of an app, embedded or given, brought to the declared schema.
 */
import { join } from "node:path";
import pg from "pg";
import { type Connection, clientConfig } from "../data/connection.ts";
import type { ServiceDefinition } from "../define/service.ts";
import { type EmbeddedPostgresOptions, startEmbeddedPostgres } from "../engines/postgres-embedded/index.ts";
import { migrate } from "../migrate/index.ts";
import type { Logger } from "../observe/log.ts";
import type { Settings } from "./settings.ts";

export interface Store extends AsyncDisposable {
  readonly connection: Connection;
  /** For people: which server, where. Never with a password. */
  readonly label: string;
}

/** How the embedded server differs from the usual one; for tests. */
export type EmbeddedServer = Pick<EmbeddedPostgresOptions, "binaries" | "durable" | "settings">;

/** Says what is going on while an app starts. */
export type Report = (line: string) => void;

/** Opens the configured database, starting the embedded server when there is none. */
export async function openStore(
  settings: Settings,
  report: Report,
  log: Logger,
  embedded: EmbeddedServer = {},
): Promise<Store> {
  if (settings.databaseUrl !== null) {
    const label = `Postgres at ${hostOf(settings.databaseUrl)}`;
    return { connection: settings.databaseUrl, label, async [Symbol.asyncDispose]() {} };
  }
  const folder = join(settings.dataFolder, "postgres");
  const server = await startEmbeddedPostgres({
    ...embedded,
    folder,
    report,
    onEvent: ({ kind, detail }) => (kind === "log" ? log.debug(detail) : log.warn({ kind }, detail)),
  });
  return {
    connection: server.connection,
    label: `Postgres ${server.version} in ${folder}`,
    [Symbol.asyncDispose]: () => server.stop(),
  };
}

/** The host in a database URL, read so that no part of a password, however it is written, is taken for one. */
function hostOf(url: string): string {
  const authority = url.replace(/^\w+:\/\//, "").split(/[/?#]/, 1)[0]!;
  const host = authority.slice(authority.lastIndexOf("@") + 1);
  return host === "" ? "the configured server" : host.replaceAll("%2F", "/").replaceAll("%2f", "/");
}

/** Brings the database to the declared schema. */
export async function migrateStore(
  store: Store,
  services: readonly ServiceDefinition[],
  options: { readonly folder: string; readonly settings: Settings; readonly report: Report },
): Promise<void> {
  const { folder, settings, report } = options;
  await migrate({
    services,
    folder,
    mode: settings.mode,
    allow: settings.migrateAllow,
    report,
    connect: async () => {
      const client = new pg.Client(clientConfig(store.connection, "lineshaft migrate"));
      client.on("error", () => {});
      await client.connect();
      return client;
    },
  });
}
