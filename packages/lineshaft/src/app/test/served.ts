/** An app that runs as a process, with what the environment says. */
import { accounts, bank, openAccount } from "../../call/test/stand.ts";
import { app } from "../app.ts";

await app({ services: { bank: { bank, openAccount, accounts } } }).run();
