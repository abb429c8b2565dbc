/**
 * The database of a fleet: a Postgres that can be killed, and a standby that takes its place.
 *
 * The launcher starts a server again that ends by itself, so a fault is one signal. Its limit of restarts holds:
 * `mayCrash` says whether it would start again.
 * Promotion. The standby is a copy made with the backup API (the embedded server has no `pg_basebackup`) that streams.
 * Before the primary is killed, commits wait for the standby (`synchronous_standby_names`), so that what was
 * acknowledged survives.
 */
import { cpSync, mkdirSync, rmSync, writeFileSync } from "node:fs";
import { basename, join } from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import pg from "pg";
import {
  type EmbeddedPostgres,
  startEmbeddedPostgres,
} from "../packages/lineshaft/src/engines/postgres-embedded/index.ts";
import { poll } from "../packages/lineshaft/src/testkit/index.ts";

/** Recovery, copies and promotions take that long at most. */
export const DATABASE_MS = 90_000;
/** Below the launcher's limit of restarts (8 in a minute), with room for one that takes two. */
const CRASHES_A_MINUTE_MAX = 4;
const MINUTE_MS = 60_000;
const STANDBY = "chaos_standby";
/** What a backup must not bring along. */
const LEFT_OUT = ["postmaster.pid", "postmaster.opts", "pg_wal", "pg_replslot", "pg_stat_tmp", "pg_dynshmem"];

export const SIGNALS = { fast: "SIGINT", immediate: "SIGQUIT", "kill -9": "SIGKILL" } as const;

export interface DatabaseOptions {
  readonly folder: string;
  readonly binaries: string | undefined;
}

export class Database implements AsyncDisposable {
  readonly #options: DatabaseOptions;
  #postgres: EmbeddedPostgres;
  #admin: pg.Pool;
  #count = 1;
  #crashesMs: number[] = [];

  private constructor(options: DatabaseOptions, postgres: EmbeddedPostgres) {
    this.#options = options;
    this.#postgres = postgres;
    this.#admin = poolOf(postgres);
  }

  static async start(options: DatabaseOptions): Promise<Database> {
    return new Database(options, await launch(options, join(options.folder, "postgres-1")));
  }

  /** The unix socket to connect to. */
  get socket(): string {
    return socketOf(this.#postgres);
  }

  get url(): string {
    return this.#postgres.url;
  }

  get version(): string {
    return this.#postgres.version;
  }

  /** Runs SQL as the superuser, not through any proxy. */
  async ask<TRow extends object>(text: string, values: unknown[] = []): Promise<TRow[]> {
    return (await this.#admin.query(text, values)).rows as TRow[];
  }

  /** A connection of its own; the caller ends it. */
  async connect(): Promise<pg.Client> {
    const client = new pg.Client(this.#postgres.connection);
    client.on("error", () => {});
    await client.connect();
    return client;
  }

  async untilAnswers(): Promise<void> {
    const answers = async () => (await this.ask("select where not pg_is_in_recovery()")).length === 1;
    await poll(answers, { timeoutMs: DATABASE_MS, what: "an answer of the database" });
  }

  mayCrash(): boolean {
    this.#crashesMs = this.#crashesMs.filter((atMs) => performance.now() - atMs < MINUTE_MS);
    return this.#crashesMs.length < CRASHES_A_MINUTE_MAX;
  }

  /** Ends the server; the launcher starts it again. */
  async crash(how: keyof typeof SIGNALS): Promise<void> {
    const { pid } = this.#postgres;
    this.#crashesMs.push(performance.now());
    process.kill(pid, SIGNALS[how]);
    const hasRestarted = () => this.#postgres.pid !== pid;
    await poll(hasRestarted, { timeoutMs: DATABASE_MS, what: "a restart of the database" });
    await this.untilAnswers();
  }

  /**
   * Makes a standby, kills the primary and promotes the standby.
   *
   * @param onMoved  Called when the primary is dead: the fleet is to be led to the socket of the standby.
   */
  async promote(onMoved: () => void): Promise<void> {
    const old = this.#postgres;
    const folder = join(this.#options.folder, `postgres-${++this.#count}`);
    await this.#copyTo(folder);
    const standby = await launch(this.#options, folder);
    await this.#synchronize();
    // Load goes on for a while under synchronous replication; then the primary is gone for good.
    await pause(500);
    process.kill(old.pid, "SIGKILL");
    const stopped = old.stop();
    const oldAdmin = this.#admin;
    this.#postgres = standby;
    this.#admin = poolOf(standby);
    this.#crashesMs = [];
    await stopped;
    onMoved();
    await this.ask("select pg_promote()");
    await this.untilAnswers();
    await oldAdmin.end();
    rmSync(join(this.#options.folder, `postgres-${this.#count - 1}`), { recursive: true, force: true });
  }

  async #copyTo(folder: string): Promise<void> {
    await this.ask("select pg_drop_replication_slot(slot_name) from pg_replication_slots where slot_name = $1", [
      STANDBY,
    ]);
    await this.ask("select pg_create_physical_replication_slot($1, true)", [STANDBY]);
    const [{ data }] = (await this.ask("select current_setting('data_directory') as data")) as [{ data: string }];
    const session = await this.connect();
    try {
      await session.query("select pg_backup_start('chaos', true)");
      copyRunning(data, join(folder, "data"));
      const { rows } = await session.query("select labelfile from pg_backup_stop()");
      writeFileSync(join(folder, "data", "backup_label"), (rows as [{ labelfile: string }])[0].labelfile);
    } finally {
      await session.end();
    }
    const { host, port, user } = this.#postgres.connection;
    const primary = `host=${host} port=${port} user=${user} application_name=${STANDBY}`;
    const lines = [`primary_conninfo = '${primary}'`, `primary_slot_name = '${STANDBY}'`];
    writeFileSync(join(folder, "data", "postgresql.auto.conf"), `${lines.join("\n")}\n`);
    writeFileSync(join(folder, "data", "standby.signal"), "");
  }

  /** From here on a commit is acknowledged when the standby has it, too. */
  async #synchronize(): Promise<void> {
    await this.ask(`alter system set synchronous_standby_names = '${STANDBY}'`);
    await this.ask("select pg_reload_conf()");
    const query = "select from pg_stat_replication where application_name = $1 and sync_state = 'sync'";
    const isSynchronous = async () => (await this.ask(query, [STANDBY])).length === 1;
    await poll(isSynchronous, { timeoutMs: DATABASE_MS, what: "a synchronous standby" });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#admin.end();
    await this.#postgres.stop();
  }
}

function launch({ binaries }: DatabaseOptions, folder: string): Promise<EmbeddedPostgres> {
  const settings = { max_slot_wal_keep_size: "64MB", max_connections: "200" };
  return startEmbeddedPostgres({ folder, settings, ...(binaries === undefined ? {} : { binaries }) });
}

function poolOf(postgres: EmbeddedPostgres): pg.Pool {
  const pool = new pg.Pool({ ...postgres.connection, max: 4, application_name: "chaos" });
  pool.on("error", () => {});
  return pool;
}

const socketOf = ({ connection }: EmbeddedPostgres): string => join(connection.host, `.s.PGSQL.${connection.port}`);

/** Copies a cluster while it runs. Files that go meanwhile are not missed: the log tells of it. */
function copyRunning(from: string, to: string): void {
  mkdirSync(to, { recursive: true, mode: 0o700 });
  const filter = (path: string) => !LEFT_OUT.includes(basename(path)) && !/pgsql_tmp/.test(path);
  for (let attempt = 0; ; attempt++) {
    try {
      cpSync(from, to, { recursive: true, filter, preserveTimestamps: true });
      break;
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== "ENOENT" || attempt === 10) throw error;
    }
  }
  for (const name of ["pg_wal/archive_status", "pg_replslot", "pg_stat_tmp", "pg_dynshmem"]) {
    mkdirSync(join(to, name), { recursive: true, mode: 0o700 });
  }
}
