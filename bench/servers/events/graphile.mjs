/**
 * The events bench on graphile-worker, with what its page on performance sets: a local queue, and completions that are
 * written in batches.
 */
import { fillInParts, load, payloadOf, statementOf } from "./jobs.mjs";

const CONCURRENT_JOBS = 24;
/** More than the page has: it is faster with jobs that do nothing. */
const LOCAL_JOBS = 2_000;
const quiet = () => () => {};

export async function open({ databaseUrl }) {
  const { Logger, makeWorkerUtils, run } = load("graphile-worker");
  const logger = new Logger(quiet);
  const utils = await makeWorkerUtils({ connectionString: databaseUrl, logger });
  await utils.migrate();
  let runner = null;
  return {
    url: "",
    fill: (kind, count) =>
      fillInParts(count, (payloads) => utils.addJobs(payloads.map((payload) => ({ identifier: kind, payload })))),
    add: (number) => utils.addJob("effect", payloadOf(number)),
    async start(onHandled) {
      const taskList = {
        nothing: async () => onHandled(),
        effect: async ({ number }, helpers) => {
          await helpers.withPgClient((client) => client.query(statementOf(number)));
          onHandled();
        },
      };
      const worker = {
        ...{ connectionString: databaseUrl, concurrentJobs: CONCURRENT_JOBS, maxPoolSize: CONCURRENT_JOBS + 1 },
        ...{ localQueue: { size: LOCAL_JOBS }, completeJobBatchDelay: 0, failJobBatchDelay: 0, logger },
      };
      runner = await run({ preset: { worker }, taskList, crontab: "", noHandleSignals: true });
    },
    isThrough: () =>
      utils.withPgClient(async (client) => {
        const { rows } = await client.query("select exists (select from graphile_worker._private_jobs) as waits");
        return !rows[0].waits;
      }),
    async close() {
      await runner?.stop();
      await utils.release();
    },
  };
}
