/** The apps of this repository in one process, on one port: `npm start`. */
import { app } from "lineshaft";
import { seed } from "./seed.ts";
import * as todos from "./todo/todo.ts";

export const apps = app({ title: "Lineshaft apps", version: "0.1.0", services: { todos }, seed });

if (import.meta.main) await apps.run();
