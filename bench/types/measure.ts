/**
 * Measure: what the checker pays for a synthetic app.
 *
 *     node bench/types/measure.ts [services …]
 *
 * The app is checked against the declaration files of `lineshaft`, as an installed app is: so the figures are what the
 * app costs, whatever the platform has inside. Instantiations are the figure to compare: with one checker they repeat
 * exactly, on every machine. Times and memory depend on the machine and its neighbours.
 */
import { join } from "node:path";
import { REPOSITORY, runCompiler } from "../../packages/lineshaft/test/types/compiler.ts";
import { ENDPOINTS_PER_SERVICE, generate } from "./generate.ts";

/** The app that the budget is about: 100 entities and 500 endpoints. */
export const SERVICES_DEFAULT = 20;

export interface TypesCost {
  readonly services: number;
  readonly endpoints: number;
  /** Messages of the compiler; an app that does not check has no cost worth knowing. */
  readonly errors: readonly string[];
  readonly lines: number;
  readonly types: number;
  readonly instantiations: number;
  readonly memoryBytes: number;
  readonly checkMs: number;
  readonly totalMs: number;
}

const GENERATED = join(REPOSITORY, "bench/.generated/types");

/** Writes the declaration files of the platform. Mistakes in its sources are not the matter here. */
async function emitDeclarations(): Promise<void> {
  const config = join(REPOSITORY, "packages/lineshaft/tsconfig.build.json");
  const options = ["--outDir", join(GENERATED, "lineshaft"), "--emitDeclarationOnly", "--noEmitOnError", "false"];
  await runCompiler(["-p", config, ...options], REPOSITORY);
}

/** Writes an app of this many services below `bench/.generated/types/` and checks it with one checker. */
export async function measure(services: number): Promise<TypesCost> {
  const folder = join(GENERATED, `services-${services}`);
  await emitDeclarations();
  await generate(folder, services, "../lineshaft/src/index.d.ts");
  const { output } = await runCompiler(
    ["-p", ".", "--singleThreaded", "--extendedDiagnostics", "--pretty", "false"],
    folder,
  );
  const figure = (name: string) => Number(new RegExp(`^${name}:\\s+([\\d.]+)`, "m").exec(output)?.[1] ?? Number.NaN);
  return {
    services,
    endpoints: services * ENDPOINTS_PER_SERVICE,
    errors: output.split("\n").filter((line) => /\berror TS\d+:/.test(line)),
    lines: figure("Lines"),
    types: figure("Types"),
    instantiations: figure("Instantiations"),
    memoryBytes: figure("Memory used") * 1_024,
    checkMs: figure("Check time") * 1_000,
    totalMs: figure("Total time") * 1_000,
  };
}

function printed(cost: TypesCost): string {
  const seconds = (ms: number) => `${(ms / 1_000).toFixed(2)} s`;
  return [
    `${cost.services} services, ${cost.endpoints} endpoints, ${cost.lines} lines:`,
    `${cost.instantiations} instantiations,`,
    `${cost.types} types,`,
    `check ${seconds(cost.checkMs)} of ${seconds(cost.totalMs)},`,
    `${Math.round(cost.memoryBytes / 1_048_576)} MB`,
  ].join(" ");
}

if (import.meta.main) {
  const sizes = process.argv.slice(2).map(Number);
  for (const services of sizes.length > 0 ? sizes : [SERVICES_DEFAULT]) {
    const cost = await measure(services);
    for (const line of cost.errors) console.error(line);
    console.log(printed(cost));
    if (cost.errors.length > 0) process.exitCode = 1;
  }
}
