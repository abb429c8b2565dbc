/** What the log costs, in metrics: what came, how far behind, and how much the server may still hold for us. */
import type { Pool } from "../data/pool.ts";
import type { Metrics } from "../observe/metrics.ts";
import type { Change, Commit } from "./changes.ts";
import { formatPosition, type Position } from "./position.ts";

interface SlotRow {
  readonly name: string;
  readonly safeBytes: number | null;
}

/** Counts what one commit brought. */
export function countCommit(metrics: Metrics, { changes }: Commit, lagMs: number): void {
  metrics.relayTransactions.inc();
  metrics.relayLagSeconds.set(lagMs / 1_000);
  let first = 0;
  // Changes of one kind mostly come together.
  for (let index = 1; index <= changes.length; index++) {
    if (changes[index]?.kind === changes[first]!.kind) continue;
    metrics.relayChanges.inc({ kind: changes[first]!.kind satisfies Change["kind"] }, index - first);
    first = index;
  }
}

/**
 * How far the log is ahead of this node, and how much more the server may write until it takes a slot away; that is not
 * shown where it never does.
 */
export async function measureLog(
  pool: Pool,
  metrics: Metrics,
  own: { readonly slot: string | null; readonly position: Position },
): Promise<void> {
  const session = await pool.acquire();
  try {
    const { rows } = await session.query({ text: LOG_QUERY, values: [formatPosition(own.position)] });
    pool.release(session);
    const [{ slots, lagBytes }] = rows as [{ slots: readonly SlotRow[]; lagBytes: number }];
    metrics.relayLagBytes.set(Math.max(0, lagBytes));
    metrics.slotSafeBytes.reset();
    for (const { name, safeBytes } of slots) {
      if (name === own.slot && safeBytes !== null) metrics.slotSafeBytes.set({ holder: "node" }, safeBytes);
    }
  } catch (error) {
    pool.release(session, true);
    throw error;
  }
}

const LOG_QUERY = `select pg_wal_lsn_diff(pg_current_wal_lsn(), $1)::float8 as "lagBytes",
  (select coalesce(json_agg(json_build_object('name', slot_name, 'safeBytes', safe_wal_size)), '[]')
    from pg_replication_slots
    where database = current_database() and starts_with(slot_name, 'lineshaft_')) as slots`;
