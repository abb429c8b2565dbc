/**
 * One process migrates a database at a time, by a session-level advisory lock.
 *
 * The others ask again and again instead of waiting inside Postgres: a waiting statement holds a snapshot, and
 * `create index concurrently` in the process that has the lock would wait for that snapshot in turn, for ever.
 * Postgres frees the lock when the connection ends, however it ends.
 */
import { MigrationError } from "./errors.ts";
import type { Session } from "./session.ts";

/** How long a start waits for another process that migrates. */
export const LOCK_WAIT_MS_MAX = 300_000;

/** The two halves of the lock's key: "line" and "migr" in ASCII. */
const KEYS = [0x6c696e65, 0x6d696772] as const;
const POLL_MS_MIN = 20;
const POLL_MS_MAX = 500;
const REPORT_AFTER_MS = 1_000;

/** Runs `work` with the lock. @throws {MigrationError} MIGRATION_LOCKED when `waitMsMax` is over first. */
export async function withMigrationLock<TResult>(
  session: Session,
  waitMsMax: number,
  work: () => Promise<TResult>,
): Promise<TResult> {
  const started = performance.now();
  let reported = false;
  for (let pollMs = POLL_MS_MIN; !(await tryLock(session)); pollMs = Math.min(pollMs * 1.5, POLL_MS_MAX)) {
    const waitedMs = performance.now() - started;
    if (waitedMs >= waitMsMax) throw await locked(session, waitMsMax);
    if (waitedMs >= REPORT_AFTER_MS && !reported) {
      reported = true;
      session.report("Waiting for another process that migrates this database.");
    }
    // Some spread, so that a fleet that starts at once does not ask in step.
    await session.pause(Math.min(pollMs * (0.5 + Math.random()), Math.max(1, waitMsMax - waitedMs)));
  }
  try {
    return await work();
  } finally {
    await session.client.query(`select pg_advisory_unlock(${KEYS.join(", ")})`).catch(() => {});
  }
}

async function tryLock(session: Session): Promise<boolean> {
  const [row] = await session.query<{ got: boolean }>(`select pg_try_advisory_lock(${KEYS.join(", ")}) as got`);
  return row!.got;
}

async function locked(session: Session, waitMsMax: number): Promise<MigrationError> {
  const [holder] = await session.query<{ pid: number; application: string; state: string }>(
    `select l.pid, coalesce(a.application_name, '') as application, coalesce(a.state, 'unknown') as state
     from pg_locks l left join pg_stat_activity a using (pid)
     where l.locktype = 'advisory' and l.granted and l.objsubid = 2 and l.classid::bigint = $1 and l.objid::bigint = $2
       and l.database = (select oid from pg_database where datname = current_database())`,
    KEYS,
  );
  const pid = holder?.pid ?? 0;
  const name = holder?.application ? ` of "${holder.application}"` : "";
  const who =
    holder === undefined ? "a process that has just ended" : `Postgres process ${pid}${name} (${holder.state})`;
  return new MigrationError(
    "MIGRATION_LOCKED",
    `Another process has been migrating this database for over ${waitMsMax} ms: ${who}. Wait for it and start again; ` +
      `if it hangs, look at it in pg_stat_activity, and end it with select pg_terminate_backend(${pid}).`,
    { details: { pid } },
  );
}
