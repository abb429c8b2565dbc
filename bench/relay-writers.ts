/**
 * The writers of the relay bench, in a process of their own: each moves money, as pgbench does, for some milliseconds.
 * The question is how long; the answer is transactions per second.
 */
import pg from "pg";
import { answerParent } from "./child.ts";
import { ACCOUNTS } from "./relay-tables.ts";

const [url, writers] = process.argv.slice(2);

/** One transaction, two changes: an update and an insert. */
const MOVE = {
  name: "move",
  text: `with moved as (update bench.account set balance = balance + $2 where id = $1 returning id)
    insert into bench.history (account, delta) select id, $2 from moved`,
};

const clients = Array.from({ length: Number(writers) }, () => new pg.Client(url));
await Promise.all(clients.map((client) => client.connect()));

async function write(forMs: number): Promise<number> {
  const startedMs = performance.now();
  let count = 0;
  const writer = async (client: pg.Client) => {
    while (performance.now() - startedMs < forMs) {
      await client.query({ ...MOVE, values: [1 + Math.floor(Math.random() * ACCOUNTS), (count++ % 100) - 50] });
    }
  };
  await Promise.all(clients.map(writer));
  return (count / (performance.now() - startedMs)) * 1_000;
}

answerParent(
  (question) => write(Number(question)),
  async () => void (await Promise.all(clients.map((client) => client.end()))),
);
