/**
 * The database that a command works on: the configured one, the embedded one of a running app, or the embedded one,
 * started for the command.
 */
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import pg from "pg";
import type { Settings } from "../app/settings.ts";
import { openStore, type Report } from "../app/store.ts";
import { type Connection, clientConfig } from "../data/connection.ts";
import { EmbeddedPostgresError } from "../engines/postgres-embedded/index.ts";
import { createLog } from "../observe/log.ts";

/** Lines of `postmaster.pid`: the port, and the folder of the socket. */
const PORT_LINE = 3;
const SOCKET_LINE = 4;

/** Whether there is a database at all. An embedded one is made by the first start, not by a look at it. */
export function isDatabaseThere({ databaseUrl, dataFolder }: Settings): boolean {
  return databaseUrl !== null || existsSync(join(dataFolder, "postgres/data"));
}

/** Runs `work` with a way to the database, and stops what had to be started for it. */
export async function withDatabase<TResult>(
  settings: Settings,
  report: Report,
  work: (connect: () => Promise<pg.Client>, connection: Connection) => Promise<TResult>,
): Promise<TResult> {
  await using stack = new AsyncDisposableStack();
  let connection: Connection;
  try {
    const log = createLog({ level: "silent", readable: false });
    connection = stack.use(await openStore(settings, report, log)).connection;
  } catch (error) {
    // An app that runs has it: its server takes more than one caller.
    const isTaken = error instanceof EmbeddedPostgresError && error.code === "POSTGRES_FOLDER_IN_USE";
    const running = isTaken ? runningServer(settings) : null;
    if (running === null) throw error;
    connection = running;
  }
  return await work(async () => {
    const client = new pg.Client(clientConfig(connection, "lineshaft command"));
    client.on("error", () => {});
    await client.connect();
    return client;
  }, connection);
}

/** Runs `work` with one connection. */
export function withClient<TResult>(
  settings: Settings,
  work: (client: pg.Client) => Promise<TResult>,
): Promise<TResult> {
  return withDatabase(
    settings,
    () => {},
    async (connect) => {
      const client = await connect();
      try {
        return await work(client);
      } finally {
        await client.end();
      }
    },
  );
}

/** Where the server listens that somebody else runs on the data; by the file that it keeps. */
function runningServer({ dataFolder }: Settings): Connection | null {
  try {
    const lines = readFileSync(join(dataFolder, "postgres/data/postmaster.pid"), "utf8").split("\n");
    const [port, host] = [Number(lines[PORT_LINE]), lines[SOCKET_LINE]?.trim()];
    return host && port > 0 ? { host, port, user: "postgres", database: "lineshaft" } : null;
  } catch {
    return null;
  }
}
