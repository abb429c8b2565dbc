/**
 * A node in a process of its own, to be killed, paused and ended. Says `ready`, `holding` when a run waits to be told
 * to go on, `going on`, and `ended`; hears `go` and `end`.
 */
import { createInterface } from "node:readline";
import { startApp } from "../../app/start.ts";
import { createLog } from "../../observe/log.ts";
import { memberOf, modulesOf } from "./stand.ts";

const [databaseUrl = "", folder = "", relay = "off"] = process.argv.slice(2);
const say = (line: string) => process.stdout.write(`${line}\n`);
let go = () => {};
const told = new Promise<void>((resolve) => {
  go = resolve;
});
const of = memberOf("member", async () => {
  say("holding");
  await told;
  say("going on");
});
const app = await startApp(
  { services: modulesOf(of) },
  {
    folder,
    environment: {},
    log: createLog({ level: "silent", readable: false }),
    settings: { port: 0, metricsPort: 0, databaseUrl, relay: relay as "off" | "auto" },
  },
);
say("ready");
for await (const line of createInterface({ input: process.stdin })) {
  if (line === "go") go();
  if (line === "end") break;
}
await app.stop();
say("ended");
