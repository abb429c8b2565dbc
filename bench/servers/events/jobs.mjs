/**
 * Jobs: what the peers of the events bench have in common. The work is `nothing`, or one row in Postgres (`effect`).
 *
 * A peer is opened on a database of its own, and closed when it is measured: `open({ databaseUrl, redisUrl })`.
 */
export { load } from "../peer.mjs";

/** Jobs that are put in by one call. */
const FILL_JOBS = 5_000;

const INSERT = "insert into bench.effect (number) values ($1)";
export const statementOf = (number) => ({ name: "effect", text: INSERT, values: [number] });
export { INSERT };

/** As large as the event that ours emits. */
export const payloadOf = (number) => ({ number, note: "What has happened here is told to others. ".repeat(3) });

/** Puts jobs in, some thousand at a time, in the order of their numbers. */
export async function fillInParts(count, put) {
  for (let from = 1; from <= count; from += FILL_JOBS) {
    const length = Math.min(FILL_JOBS, count - from + 1);
    await put(Array.from({ length }, (_, index) => payloadOf(from + index)));
  }
}
