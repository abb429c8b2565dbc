/**
 * A process that does nothing but start an app, ask it one thing and stop it, a little later each time. A stop that
 * waits for what keeps no process alive ends it with exit code 13 (Node: "unsettled top-level await").
 */
import { setTimeout as delay } from "node:timers/promises";
import { accounts, bank, openAccount } from "../../call/test/stand.ts";
import { createLog } from "../../observe/log.ts";
import { startApp } from "../start.ts";

/** The moment is what the test is about: here time passes. */
async function untilPassed(ms: number): Promise<void> {
  await delay(ms);
}

const [databaseUrl = "", migrations = "", rounds = "0"] = process.argv.slice(2);
for (let round = 0; round < Number(rounds); round++) {
  const app = await startApp(
    { services: { bank: { bank, openAccount, accounts } }, migrations },
    {
      environment: {},
      log: createLog({ level: "silent", readable: false }),
      settings: { port: 0, metricsPort: 0, databaseUrl, relay: "auto" },
    },
  );
  const answer = await fetch(`${app.url}/accounts`, { headers: { connection: "close" } });
  if (!answer.ok) throw new Error(`The first query was answered with ${answer.status}.`);
  await untilPassed(2 * round);
  await app.stop();
}
process.stdout.write("ended\n");
