/** The app: its services, in one process. `npm run dev` runs it. */
import { app } from "lineshaft";
import * as notes from "./notes/notes.ts";

await app({ title: "My app", version: "0.1.0", services: { notes } }).run();
