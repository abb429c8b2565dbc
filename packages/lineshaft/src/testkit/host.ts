/**
 * Host: the process that holds the Postgres which all tests of a run share, and hands out databases.
 *
 *     node host.ts <folder> [<folder of other Postgres programs>]
 *
 * Started by the first test that needs it (`shared-server.ts`), detached, so that a Ctrl-C at the tests leaves it
 * time to clear up. It ends by itself when no test is connected and no runner of tests lives, and takes the whole
 * folder along.
 *
 *     <folder>/lock          one host at a time
 *     <folder>/socket        where tests connect
 *     <folder>/postgres      the server; not durable
 *     <folder>/templates/n   migrations that made template n
 *     <folder>/tests/pid-n   what one test process keeps
 *
 * Promises. What a test process had is dropped when it ends, also by `kill -9`. When the host itself is killed,
 * Postgres ends with it, and the next host clears the folder.
 */
import { fstatSync, mkdirSync, readdirSync, rmdirSync, rmSync, statSync } from "node:fs";
import { createServer, type Server, type Socket } from "node:net";
import { join } from "node:path";
import { tryLock } from "../engines/postgres-embedded/folder-lock.ts";
import { startEmbeddedPostgres } from "../engines/postgres-embedded/index.ts";
import { isAlive, startedAt } from "../engines/postgres-embedded/processes.ts";
import { Databases } from "./databases.ts";
import { type FromHost, type FromTest, onLines, writeLine } from "./wire.ts";

/** How often a host without tests looks whether the runner of tests still lives. */
const WATCH_MS = 100;
/** A host that no test has found ends after this. */
const UNUSED_MS_MAX = 20_000;

/** Roomy: several apps with a pool each, in several files at once. */
const SERVER_SETTINGS = {
  max_connections: "400",
  max_wal_senders: "50",
  max_replication_slots: "50",
  // Databases live for a second: a worker in one of them is only in the way of dropping it.
  autovacuum: "off",
};

class Host {
  readonly #folder: string;
  readonly #clients = new Set<Client>();
  /** When each runner was started, by its process id: together they name a process for good. */
  readonly #runners = new Map<number, string | undefined>();
  readonly #server: Server;
  readonly #databases: Promise<Databases>;
  readonly #resources = new AsyncDisposableStack();
  readonly #watch: NodeJS.Timeout;
  #emptySinceMs = performance.now();
  #wasUsed = false;
  #count = 0;
  #ending = false;

  constructor(folder: string, binaries: string | undefined) {
    this.#folder = folder;
    this.#databases = this.#open(binaries);
    this.#databases.catch(() => {});
    this.#server = createServer((socket) => this.#accept(socket)).listen(join(folder, "socket"));
    this.#watch = setInterval(() => this.#endIfUnused(), WATCH_MS);
  }

  async #open(binaries: string | undefined): Promise<Databases> {
    const postgres = this.#resources.use(
      await startEmbeddedPostgres({
        folder: join(this.#folder, "postgres"),
        durable: false,
        settings: SERVER_SETTINGS,
        ...(binaries === undefined ? {} : { binaries }),
      }),
    );
    return this.#resources.use(await Databases.open(postgres.connection, join(this.#folder, "templates")));
  }

  #accept(socket: Socket): void {
    const client = new Client(socket);
    this.#clients.add(client);
    this.#wasUsed = true;
    socket.on("error", () => {});
    onLines(socket, (line) => void this.#answer(client, JSON.parse(line) as FromTest));
    socket.on("close", () => void this.#lose(client));
  }

  async #answer(client: Client, message: FromTest): Promise<void> {
    try {
      const databases = await this.#databases;
      if (message.kind === "hello") this.#welcome(client, message, databases);
      else if (message.kind === "take") client.send(await databases.take(client, message.id, message.key));
      else if (message.kind === "drop") databases.drop(client, message.database);
      else await databases.finish(client, message.key, message.kind === "built");
    } catch (error) {
      const text = error instanceof Error ? error.message : String(error);
      if (message.kind === "take") client.send({ kind: "error", id: message.id, message: text });
      if (message.kind === "hello") client.send({ kind: "refused", message: text });
    }
  }

  #welcome(client: Client, hello: FromTest & { readonly kind: "hello" }, databases: Databases): void {
    client.folder = join(this.#folder, "tests", `${hello.pid}-${++this.#count}`);
    mkdirSync(client.folder, { recursive: true });
    if (hello.runner !== null && !this.#runners.has(hello.runner)) {
      this.#runners.set(hello.runner, startedAt(hello.runner));
    }
    const { host, port, user } = databases.connection;
    client.send({ kind: "welcome", host, port, user, folder: client.folder });
  }

  async #lose(client: Client): Promise<void> {
    if (client.folder !== null) rmSync(client.folder, { recursive: true, force: true });
    const databases = await this.#databases.catch(() => null);
    await databases?.lose(client);
    this.#clients.delete(client);
    this.#emptySinceMs = performance.now();
    this.#endIfUnused();
  }

  #endIfUnused(): void {
    if (this.#ending || this.#clients.size > 0) return;
    for (const [pid, since] of this.#runners) {
      if (isAlive(pid) && startedAt(pid) === since) return;
      this.#runners.delete(pid);
    }
    if (!this.#wasUsed && performance.now() - this.#emptySinceMs < UNUSED_MS_MAX) return;
    this.#ending = true;
    void this.#end();
  }

  async #end(): Promise<void> {
    clearInterval(this.#watch);
    this.#server.close();
    await this.#databases.catch(() => {});
    await this.#resources.disposeAsync();
    process.exit(0);
  }
}

/** One test process. */
class Client {
  folder: string | null = null;
  readonly #socket: Socket;

  constructor(socket: Socket) {
    this.#socket = socket;
  }

  send(message: FromHost): void {
    writeLine(this.#socket, message);
  }
}

/** False when a host that ended has removed the file between our opening and our locking it. */
function isStillThere(file: string, descriptor: number): boolean {
  try {
    return statSync(file).ino === fstatSync(descriptor).ino;
  } catch {
    return false;
  }
}

/** Removes all but the lock. */
function clear(folder: string): void {
  for (const name of readdirSync(folder)) {
    if (name !== "lock") rmSync(join(folder, name), { recursive: true, force: true });
  }
}

async function main(folder: string, binaries: string | undefined): Promise<void> {
  const file = join(folder, "lock");
  const lock = await tryLock(file);
  if (lock === undefined) return;
  if (!isStillThere(file, lock.descriptor)) return lock.release();
  clear(folder);
  process.on("exit", () => {
    clear(folder);
    // Only with the lock in hand: whoever opens the file now makes a new one, and whoever has it open finds it gone.
    rmSync(file, { force: true });
    try {
      rmdirSync(folder);
    } catch {
      // A next host is on its way.
    }
  });
  for (const name of ["SIGINT", "SIGTERM", "SIGHUP"] as const) process.on(name, () => process.exit(0));
  new Host(folder, binaries);
}

const [folder, binaries] = process.argv.slice(2);
if (import.meta.main && folder !== undefined) await main(folder, binaries);
