/**
 * Demo data: put in once per database, by one process, in development.
 */
import type { Pool } from "../data/pool.ts";
import type { Report } from "./store.ts";

/** Key of the advisory lock under which demo data is put in. */
const SEED_LOCK = 0x6c73_7365;

/** Runs `seed` unless it has run on this database before. A seed that fails is tried again at the next start. */
export async function seedOnce(pool: Pool, seed: () => Promise<void>, report: Report): Promise<void> {
  const session = await pool.acquire();
  // Sessions only read unless they are told otherwise.
  const write = (text: string) => session.query({ text: `begin read write; ${text}; commit` });
  let clean = false;
  try {
    await session.query({ text: `select pg_advisory_lock(${SEED_LOCK})` });
    await write("create table if not exists lineshaft.seed (seeded_at timestamptz not null default now())");
    const { rowCount } = await session.query({ text: "select from lineshaft.seed limit 1" });
    if (rowCount === 0) {
      report("Putting in a little demo data");
      await seed();
      await write("insert into lineshaft.seed default values");
    }
    await session.query({ text: `select pg_advisory_unlock(${SEED_LOCK})` });
    clean = true;
  } finally {
    // The end of a session frees its locks.
    pool.release(session, !clean);
  }
}
