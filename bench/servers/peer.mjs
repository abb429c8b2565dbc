/**
 * Peer: what the servers that we compare with have in common: where their packages are, the statements, the pool, the
 * logger, and how they end.
 *
 * The peers are given the best that `pg` has for their way of asking: prepared statements by name, as ours are.
 * `BENCH_PREPARED=no` takes that away, which is how their own documentation asks. Each request is logged as one line
 * of JSON with the same facts as ours.
 */
import { randomUUID } from "node:crypto";
import { createRequire } from "node:module";
import { Socket } from "node:net";

/** Loads a package of `bench/peers/`, which is no part of the workspace. */
export const load = createRequire(new URL("../peers/package.json", import.meta.url));

const POOL_SIZE = 10;
const IDLE_MS = 60_000;
export const PAGE_ROWS = 20;

const COLUMNS = `"id", "author", "title", "body", "done", "createdAt"`;
const STATEMENTS = {
  one: `select ${COLUMNS} from bench.note where "id" = $1`,
  some: `select note."id", note."title", note."done", note."createdAt", author."name" as "authorName"
    from bench.note join bench.author on author."id" = note."author"
    where note."id" > $1 order by note."id" limit $2`,
  add: `insert into bench.entry ("author", "title", "body") values ($1, $2, $3)
    returning "id", "author", "title", "body", "createdAt"`,
};

/** What every peer answers. */
export const GREETING = Object.freeze({ message: "Good morning", version: 1, ready: true });

/** A pool, and `ask(client, name, values)` for one of these statements. */
export function openPool(statements) {
  const { Pool } = load("pg");
  const pool = new Pool({ connectionString: process.env.DATABASE_URL, max: POOL_SIZE, idleTimeoutMillis: IDLE_MS });
  pool.on("error", () => {});
  const isPrepared = process.env.BENCH_PREPARED !== "no";
  const ask = (client, name, values) =>
    client.query(isPrepared ? { name, text: statements[name], values } : { text: statements[name], values });
  return { pool, ask };
}

export function openStore() {
  const { pool, ask } = openPool(STATEMENTS);
  return {
    close: () => pool.end(),
    /** A row, or `undefined`. */
    one: async (id) => (await ask(pool, "one", [id])).rows[0],
    some: async (after) => {
      const { rows } = await ask(pool, "some", [after, PAGE_ROWS]);
      return { items: rows, next: rows.at(-1)?.id ?? null };
    },
    /** One statement, which commits by itself. */
    add: async ({ author, title, body }) => (await ask(pool, "add", [author, title, body])).rows[0],
    /** The same in a serializable transaction. A conflict is not repeated, as ours would be. */
    addSerializable: async ({ author, title, body }) => {
      const client = await pool.connect();
      try {
        await client.query("begin isolation level serializable");
        const { rows } = await ask(client, "add", [author, title, body]);
        await client.query("commit");
        return rows[0];
      } catch (error) {
        await client.query("rollback");
        throw error;
      } finally {
        client.release();
      }
    },
  };
}

/** The usual logger, at its usual level: JSON lines on standard output. */
export function openLog() {
  return load("pino")({ level: "info", base: null });
}

/** Logs an answered request with the facts that ours logs, an id that finds it again among them. */
export function logRequest(log, method, url, status, startedAt) {
  const ms = Math.round((performance.now() - startedAt) * 100) / 100;
  log.info({ method, path: url.split("?", 1)[0], status, ms, requestId: randomUUID() }, "request");
}

export const PORT = Number(process.env.PORT);
export const HOST = process.env.HOST ?? "127.0.0.1";

/** Ends on SIGTERM, and when the benchmark is gone, which closes the pipe that `LINESHAFT_PARENT_FD` names. */
export function endOnSignal(close) {
  const end = () => {
    setTimeout(() => process.exit(0), 1_000).unref();
    void Promise.resolve(close()).finally(() => process.exit(0));
  };
  process.once("SIGTERM", end);
  process.once("SIGINT", end);
  const fd = Number(process.env.LINESHAFT_PARENT_FD);
  if (fd > 0)
    new Socket({ fd, readable: true, writable: false })
      .on("error", () => {})
      .on("close", end)
      .resume()
      .unref();
}
