/** Arena: what contenders of the events bench share: a durable Postgres, and a fresh database for each measurement. */
import { chmodSync, mkdirSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import pg from "pg";
import {
  type EmbeddedPostgres,
  startEmbeddedPostgres,
} from "../packages/lineshaft/src/engines/postgres-embedded/index.ts";
import { Child } from "./child.ts";
import { type ContenderKind, createEffects, OURS, type Place } from "./events-contender.ts";
import { startRedis } from "./redis.ts";
import { familyCpuSeconds } from "./usage.ts";

const say = (line: string): void => void process.stderr.write(`bench: ${line}\n`);
const file = (name: string): string => join(import.meta.dirname, name);

/** What a contender has while it is measured. */
export interface Site extends AsyncDisposable {
  readonly place: Place;
  /** Seconds of processor time of Postgres and Redis so far. */
  storeCpuSeconds(): number;
}

export class Arena implements AsyncDisposable {
  readonly postgres: EmbeddedPostgres;
  readonly #client: pg.Client;
  readonly #resources: AsyncDisposableStack;
  readonly #root: string;
  #count = 0;

  private constructor(postgres: EmbeddedPostgres, client: pg.Client, root: string, resources: AsyncDisposableStack) {
    this.postgres = postgres;
    this.#client = client;
    this.#root = root;
    this.#resources = resources;
  }

  static async open(): Promise<Arena> {
    await using made = new AsyncDisposableStack();
    const root = mkdtempSync(join(tmpdir(), "lineshaft-bench-events-"));
    chmodSync(root, 0o755);
    made.defer(() => rmSync(root, { recursive: true, force: true }));
    const postgres = made.use(await startEmbeddedPostgres({ folder: join(root, "postgres") }));
    const client = new pg.Client(postgres.url);
    await client.connect();
    made.defer(() => client.end());
    return new Arena(postgres, client, root, made.move());
  }

  /** A database of its own, and a Redis where one is wanted; gone with the site. */
  async site({ name, redis }: Pick<ContenderKind, "name" | "redis">, handlers = 0): Promise<Site> {
    await using made = new AsyncDisposableStack();
    const database = `bench_${++this.#count}`;
    await this.#client.query(`create database ${database}`);
    made.defer(async () => void (await this.#client.query(`drop database ${database} with (force)`)));
    const { host, port, user } = this.postgres.connection;
    const databaseUrl = `postgres://${user}@${encodeURIComponent(host)}:${port}/${database}`;
    // Ours makes its tables itself.
    if (name !== OURS) await createEffects(databaseUrl);
    const server =
      redis === null ? null : made.use(await startRedis(say, { folder: this.#folder(database), fsync: redis }));
    // What the measurement before has left to be written does not belong to this one.
    await this.#client.query("checkpoint");
    const resources = made.move();
    return {
      place: { databaseUrl, redisUrl: server?.url ?? "", serverUrl: "", handlers },
      storeCpuSeconds: () => this.storeCpuSeconds() + (server === null ? 0 : familyCpuSeconds(server.pid)),
      [Symbol.asyncDispose]: () => resources.disposeAsync(),
    };
  }

  /** Seconds of processor time of Postgres so far. */
  storeCpuSeconds(): number {
    return familyCpuSeconds(this.postgres.pid);
  }

  #folder(name: string): string {
    const folder = join(this.#root, name);
    mkdirSync(folder);
    return folder;
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.#resources.disposeAsync();
  }
}

/** A contender's file at a place, in one of the roles `worker`, `producer` and `steps`. */
export function startRole(role: string, contenderFile: string, place: Place): Promise<Child> {
  return Child.start(file(`events-${role}.ts`), contenderFile, JSON.stringify(place));
}
