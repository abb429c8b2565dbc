/** The events bench on BullMQ with Redis: one worker with many jobs at a time; what is done is not kept. */
import { fillInParts, load, payloadOf, statementOf } from "./jobs.mjs";

const CONCURRENT_JOBS = 50;
const POOL_SIZE = 10;

export async function open({ databaseUrl, redisUrl }) {
  const { Queue, Worker } = load("bullmq");
  const { Pool } = load("pg");
  const { hostname: host, port } = new URL(redisUrl);
  const connection = { host, port: Number(port), maxRetriesPerRequest: null };
  const queue = new Queue("events", { connection, defaultJobOptions: { removeOnComplete: true } });
  await queue.waitUntilReady();
  const pool = new Pool({ connectionString: databaseUrl, max: POOL_SIZE });
  let worker = null;
  return {
    url: "",
    fill: (kind, count) =>
      fillInParts(count, (payloads) => queue.addBulk(payloads.map((data) => ({ name: kind, data })))),
    add: (number) => queue.add("effect", payloadOf(number)),
    async start(onHandled) {
      const handle = async ({ name, data }) => {
        if (name === "effect") await pool.query(statementOf(data.number));
        onHandled();
      };
      worker = new Worker("events", handle, { connection, concurrency: CONCURRENT_JOBS });
      worker.on("error", (error) => process.stderr.write(`${error.stack}\n`));
      await worker.waitUntilReady();
    },
    async isThrough() {
      const { active, wait } = await queue.getJobCounts("active", "wait");
      return active + wait === 0;
    },
    async close() {
      await worker?.close();
      await queue.close();
      await pool.end();
    },
  };
}
