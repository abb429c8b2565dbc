/**
 * A process that does nothing but begin a relay and close it, a little later each time. A close that waits for what
 * keeps no process alive ends it with exit code 13 (Node: "unsettled top-level await").
 */
import { setTimeout as delay } from "node:timers/promises";
import { createLog } from "../../observe/log.ts";
import { createMetrics } from "../../observe/metrics.ts";
import { Relay } from "../relay.ts";

/** The moment is what the test is about: here time passes. */
async function untilPassed(ms: number): Promise<void> {
  await delay(ms);
}

const [connection = "", schema = "", table = "", latestMs = "0"] = process.argv.slice(2);
const publications = [{ name: `lineshaft_${schema}_pub`, tables: [{ schema, name: table }] }];
const log = createLog({ level: "silent", readable: false });
for (let ms = 0; ms < Number(latestMs); ms += 0.5) {
  const relay = new Relay({ connection, publications, metrics: createMetrics(), log });
  relay.start();
  await untilPassed(ms);
  await relay.close();
}
