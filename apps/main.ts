/** The apps of this repository in one process, on one port: `npm start`. */
import { app } from "lineshaft";
import * as accounts from "lineshaft/accounts";
import * as blog from "./blog/index.ts";
import * as chat from "./chat/index.ts";
import { seed } from "./seed.ts";
import * as tasks from "./tasks/index.ts";
import * as todos from "./todo/todo.ts";

export const apps = app({
  title: "Lineshaft apps",
  version: "0.1.0",
  services: { accounts, blog, chat, tasks, todos },
  sites: {
    "/chat/": new URL("./chat/web/built/", import.meta.url),
    "/tasks/": new URL("./tasks/web/built/", import.meta.url),
  },
  seed,
});

if (import.meta.main) await apps.run();
