/** An app in a process of its own, to be killed: prints its address, and serves two endpoints over one table. */

import { accounts, bank, openAccount } from "../../call/test/stand.ts";
import { createLog } from "../../observe/log.ts";
import { startApp } from "../start.ts";

const [folder = "", binaries = ""] = process.argv.slice(2);
const app = await startApp(
  { services: { bank: { bank, openAccount, accounts } } },
  {
    folder,
    environment: {},
    log: createLog({ level: "silent", readable: false }),
    embedded: binaries === "" ? {} : { binaries },
    settings: { port: 0, metricsPort: 0 },
  },
);
process.stdout.write(`${app.url}\n`);
