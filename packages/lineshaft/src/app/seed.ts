/**
 * Demo data: put in once per database, by one process, in development.
 */
import type { Pool } from "../data/pool.ts";
import type { Report } from "./store.ts";

/** Key of the advisory lock under which demo data is put in. */
const SEED_LOCK = 0x6c73_7365;

/** Runs `seed` unless it has run on this database before. A seed that fails is tried again at the next start. */
export async function seedOnce(pool: Pool, seed: () => Promise<void>, report: Report): Promise<void> {
  const client = await pool.acquire();
  try {
    await client.query("select pg_advisory_lock($1)", [SEED_LOCK]);
    await client.query("create table if not exists lineshaft.seed (seeded_at timestamptz not null default now())");
    const { rowCount } = await client.query("select from lineshaft.seed limit 1");
    if (rowCount === 0) {
      report("Putting in a little demo data");
      await seed();
      await client.query("insert into lineshaft.seed default values");
    }
  } finally {
    await client.query("select pg_advisory_unlock($1)", [SEED_LOCK]).catch(() => {});
    client.release();
  }
}
