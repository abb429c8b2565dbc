/** The benchmark's work on Lineshaft, through its public face only. */
import { app } from "lineshaft";
import * as notes from "./notes.ts";

export const bench = app({ title: "Benchmark", services: { notes }, migrations: `${import.meta.dirname}/migrations` });

if (import.meta.main) await bench.run();
