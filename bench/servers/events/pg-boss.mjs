/**
 * The events bench on pg-boss: batches that follow each other at once while they are full, workers that are woken by a
 * notification, and effects in the transaction of the completion (`transactional`), so they happen exactly once.
 */
import { fillInParts, INSERT, load, payloadOf } from "./jobs.mjs";

const BATCH_JOBS = 2_000;
const WORKERS = 2;
const KINDS = ["nothing", "effect"];

export async function open({ databaseUrl }) {
  const { PgBoss } = load("pg-boss");
  const boss = new PgBoss({ connectionString: databaseUrl, useListenNotify: true, schedule: false });
  boss.on("error", (error) => process.stderr.write(`${error.stack}\n`));
  await boss.start();
  for (const kind of KINDS) if ((await boss.getQueue(kind)) === null) await boss.createQueue(kind, { notify: true });
  const options = { batchSize: BATCH_JOBS, localConcurrency: WORKERS, burstWhenBatchFull: true };
  return {
    url: "",
    fill: (kind, count) =>
      fillInParts(count, (payloads) =>
        boss.insert(
          kind,
          payloads.map((data) => ({ data })),
        ),
      ),
    add: (number) => boss.send("effect", payloadOf(number)),
    async start(onHandled) {
      await boss.work("nothing", options, async (jobs) => {
        for (const _ of jobs) onHandled();
      });
      await boss.work("effect", { ...options, transactional: true }, async (jobs, transaction) => {
        for (const { data } of jobs) await transaction.executeSql(INSERT, [data.number]);
        for (const _ of jobs) onHandled();
      });
    },
    async isThrough() {
      const { rows } = await boss
        .getDb()
        .executeSql("select exists (select from pgboss.job where name = any($1) and state < 'completed') as waits", [
          KINDS,
        ]);
      return !rows[0].waits;
    },
    close: () => boss.stop({ graceful: true, timeout: 5_000 }),
  };
}
