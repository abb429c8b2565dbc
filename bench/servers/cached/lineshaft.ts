/** Notes of signed-in callers on Lineshaft, through its public face only. */
import { app } from "lineshaft";
import * as accounts from "lineshaft/accounts";
import * as notes from "./notes.ts";

export const cached = app({
  title: "Benchmark",
  services: { accounts, notes },
  migrations: `${import.meta.dirname}/migrations`,
});

if (import.meta.main) await cached.run();
