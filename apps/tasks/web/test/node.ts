/** A node of the task manager with its page, as a process that a test kills. Its environment tells it all. */
import { app } from "lineshaft";
import * as accounts from "lineshaft/accounts";
import * as tasks from "../../index.ts";

const sites = { "/tasks/": new URL("../built/", import.meta.url) };

await app({ title: "Tasks", services: { accounts, tasks }, sites }).run();
