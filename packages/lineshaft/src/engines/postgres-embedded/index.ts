/**
 * Embedded Postgres: a real server inside the project folder, with nothing to install and no port to choose.
 *
 * Model. `startEmbeddedPostgres` locks the folder, clears what a killed run left, creates the cluster on the first
 * start, and runs the server on a unix socket. One launcher per folder; other processes of the project connect by
 * `url`.
 *
 *     launcher (Node) ──pipe──> watchdog (sh)      stops the server when the launcher is gone
 *          └── child ─────────> postgres           restarted when it ends by itself
 *
 * Promises. What committed survives `kill -9` of every process (unless `durable` is false). The server is gone shortly
 * after the launcher, however that ended. Two launchers never share a folder. After `stop()` there is no process, no
 * socket folder, no lock.
 * Limits. Local disks only. No TCP. One major version: the data of another one is refused, not converted. The programs
 * `psql` and `pg_dump` are not in the package; any of the same version or later can connect through the socket folder.
 *
 * Read on: `data-folder.ts` (layout, taking over), `folder-lock.ts`, `watchdog.ts` (dying together), `identity.ts`
 * (root), `binaries.ts` (repairs), `cluster.ts` (first start), `server.ts` (states), `socket-folder.ts`.
 */
import { existsSync, rmSync } from "node:fs";
import { delimiter, join } from "node:path";
import { type Binaries, findBinaries, prepareBinaries } from "./binaries.ts";
import { chownAll, DATABASE, ensureCluster, readVersion, USER, type Workshop } from "./cluster.ts";
import { clearRemains, type DataFolder, giveFolder, lockDataFolder, openDataFolder } from "./data-folder.ts";
import type { FolderLock } from "./folder-lock.ts";
import { chooseIdentity, type Identity } from "./identity.ts";
import { Server, type ServerEvent } from "./server.ts";
import { ServerLog } from "./server-log.ts";
import { serverArguments, validateSettings } from "./settings.ts";
import { createSocketFolder, SOCKET_PORT } from "./socket-folder.ts";
import { Watchdog } from "./watchdog.ts";

export { EmbeddedPostgresError, type EmbeddedPostgresErrorCode, POSTGRES_ERRORS } from "./errors.ts";

export interface EmbeddedPostgresOptions {
  /** Where the database lives: an absolute path, for example `<project>/.lineshaft/postgres`. A folder of its own. */
  readonly folder: string;
  /** Folder with `initdb` and `postgres`. Default: those of the installed package for this system. */
  readonly binaries?: string;
  /** Server settings on top of ours, as `-c name=value`. The ones the launcher depends on are refused. */
  readonly settings?: Readonly<Record<string, string>>;
  /** Default true. False is for tests: faster, and a crash of the machine destroys the data. */
  readonly durable?: boolean;
  /** Called with each step that can take time, in words for people. */
  readonly report?: (step: string) => void;
  /** Called when the server ended by itself, when it is back, and for notes worth a log line. Must not throw. */
  readonly onEvent?: (event: ServerEvent) => void;
}

export interface EmbeddedPostgres extends AsyncDisposable {
  /** For `pg`: `host` is the socket folder. */
  readonly connection: {
    readonly host: string;
    readonly port: number;
    readonly user: string;
    readonly database: string;
  };
  /** The same as a URL, for `DATABASE_URL`. */
  readonly url: string;
  /** Version of the server, such as "18.4". */
  readonly version: string;
  /** Process id of the server; another one after a restart. */
  readonly pid: number;
  /**
   * Stops the server and gives the folder back. Open connections are closed, their transactions rolled back.
   * Idempotent.
   */
  stop(): Promise<void>;
}

/**
 * Starts Postgres on a folder and resolves when it accepts connections.
 *
 * The first start creates the cluster, the role `postgres` and the database `lineshaft`. A server that a killed run
 * left on the folder is stopped first. The server ends with this process, and does not keep it alive.
 *
 * @throws {EmbeddedPostgresError} POSTGRES_FOLDER_IN_USE at once when another launcher has the folder;
 *   POSTGRES_NO_BINARIES, POSTGRES_NO_USER, POSTGRES_FOLDER_UNUSABLE, POSTGRES_VERSION_MISMATCH, POSTGRES_BAD_OPTIONS
 *   when something has to be changed first; POSTGRES_START_FAILED with the end of the server's log.
 * @example
 * await using postgres = await startEmbeddedPostgres({ folder: join(project, ".lineshaft/postgres") });
 * const pool = new Pool(postgres.connection);
 */
export async function startEmbeddedPostgres(options: EmbeddedPostgresOptions): Promise<EmbeddedPostgres> {
  const { report = () => {}, onEvent = () => {} } = options;
  validateSettings(options.settings ?? {});
  const binariesFolder = findBinaries(options.binaries);
  const folder = openDataFolder(options.folder);
  const cleanup = new AsyncDisposableStack();
  try {
    const lock = await lockDataFolder(folder, report);
    cleanup.defer(() => lock.release());
    if (lock.kind === "owner-text")
      onEvent({ kind: "log", detail: "no `flock` program: the folder is not protected from other containers" });
    await clearRemains(folder, report);
    const workshop = openWorkshop({ folder, lock, binariesFolder, options, cleanup });
    const version = await readVersion(workshop.workshop);
    await ensureCluster(workshop.workshop, version);
    const server = new Server(
      workshop.workshop,
      serverArguments(folder.data, workshop.socketFolder, options),
      workshop.log,
      onEvent,
    );
    cleanup.defer(() => server.stop());
    report("starting Postgres");
    await server.start();
    return new RunningPostgres(workshop.socketFolder, version, server, cleanup);
  } catch (error) {
    await cleanup.disposeAsync();
    throw error;
  }
}

class RunningPostgres implements EmbeddedPostgres {
  readonly connection: EmbeddedPostgres["connection"];
  readonly url: string;
  readonly version: string;
  readonly #server: Server;
  readonly #cleanup: AsyncDisposableStack;
  #stopped: Promise<void> | undefined;

  constructor(host: string, version: string, server: Server, cleanup: AsyncDisposableStack) {
    this.connection = Object.freeze({ host, port: SOCKET_PORT, user: USER, database: DATABASE });
    this.url = `postgres://${USER}@${encodeURIComponent(host)}:${SOCKET_PORT}/${DATABASE}`;
    this.version = version;
    this.#server = server;
    this.#cleanup = cleanup;
  }

  get pid(): number {
    return this.#server.pid;
  }

  stop(): Promise<void> {
    this.#stopped ??= this.#cleanup.disposeAsync();
    return this.#stopped;
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.stop();
  }
}

interface WorkshopParts {
  readonly folder: DataFolder;
  readonly lock: FolderLock;
  readonly binariesFolder: string;
  readonly options: EmbeddedPostgresOptions;
  readonly cleanup: AsyncDisposableStack;
}

/** Makes ready all that the programs need; `cleanup` undoes it in the reverse order. */
function openWorkshop(parts: WorkshopParts): { workshop: Workshop; socketFolder: string; log: ServerLog } {
  const { folder, lock, binariesFolder, options, cleanup } = parts;
  const { report = () => {}, onEvent = () => {}, durable = true } = options;
  const identity = chooseIdentity(folder.root, folder.data, binariesFolder);
  giveFolder(folder.root, identity);
  const binaries = prepareBinaries(binariesFolder, folder.root);
  const log = new ServerLog(folder.log);
  cleanup.defer(() => log.close());
  giveFiles(folder, identity);
  const socketFolder = createSocketFolder(folder.data, identity);
  cleanup.defer(() => rmSync(socketFolder, { recursive: true, force: true }));
  const watchdog = new Watchdog(socketFolder, lock.descriptor, () =>
    onEvent({ kind: "log", detail: "the watchdog was killed and has been replaced" }),
  );
  cleanup.defer(() => watchdog.release());
  return {
    workshop: { folder, binaries, identity, environment: environmentFor(binaries), watchdog, durable, report },
    socketFolder,
    log,
  };
}

/** After a start as root the owner of the folder must still be able to start by itself. */
function giveFiles(folder: DataFolder, identity: Identity): void {
  if (identity.account === undefined) return;
  for (const path of [folder.lock, folder.log, join(folder.root, "lib"), join(folder.root, "native")]) {
    if (existsSync(path)) chownAll(path, identity.account);
  }
}

/** Nothing of our environment reaches Postgres but the search path: no PG* variables, no secrets. */
function environmentFor(binaries: Binaries): Readonly<Record<string, string>> {
  const library = process.platform === "darwin" ? "DYLD_LIBRARY_PATH" : "LD_LIBRARY_PATH";
  return {
    PATH: process.env["PATH"] ?? "/usr/bin:/bin",
    LC_ALL: "C",
    TZ: "UTC",
    ...(binaries.libraryFolders.length === 0 ? {} : { [library]: binaries.libraryFolders.join(delimiter) }),
  };
}
