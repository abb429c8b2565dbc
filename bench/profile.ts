/**
 * Profile: where a server spends its time under each scenario's load, once it is warm.
 *
 *     npm run bench -- --profile --scenarios row --servers fastify,lineshaft
 *
 * The time is the clock's: where the processor is shared, a call into the system also holds the time of others.
 * Self time is summed by function and by where the function comes from (a folder of ours, a package, the runtime), as
 * microseconds for each request, so that two servers can be compared line by line. The profiles stay in
 * `bench/.generated/profiles`, for the browser's tools.
 */
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { putLoad } from "./generator.ts";
import { Inspector } from "./inspector.ts";
import { type BenchOptions, GENERATED } from "./options.ts";
import type { Scenario } from "./scenarios.ts";
import { OURS, type ServerKind, type ServerSetting, startServer } from "./servers.ts";
import type { Suite } from "./suites.ts";

const SHOWN = 25;

interface CpuProfile {
  readonly nodes: readonly {
    readonly id: number;
    readonly callFrame: { readonly functionName: string; readonly url: string; readonly lineNumber: number };
  }[];
  readonly samples: readonly number[];
  readonly timeDeltas: readonly number[];
}

/** Where a function comes from, in a word or two. */
export function originOf(functionName: string, url: string): string {
  if (url === "") return functionName.startsWith("(") ? functionName : "native";
  if (url.startsWith("node:")) return url.replace(/^node:(internal\/)?/, "node:").split("/")[0]!;
  const own = /packages\/lineshaft\/src\/(\w[\w-]*)/.exec(url);
  if (own) return `lineshaft/${own[1]}`;
  const packages = [...url.matchAll(/node_modules\/((?:@[^/]+\/)?[^/]+)/g)];
  return packages.at(-1)?.[1] ?? "app";
}

/** Self time in microseconds by function and by origin, most first; idle time is left out. */
export function selfTimes(profile: CpuProfile): { functions: [string, number][]; origins: [string, number][] } {
  const names = new Map(
    profile.nodes.map(({ id, callFrame: { functionName, url, lineNumber } }) => {
      const origin = originOf(functionName, url);
      const place = url === "" ? "" : ` ${url.split("/").at(-1)}:${lineNumber + 1}`;
      return [id, { origin, name: `${functionName || "(anonymous)"}${place} [${origin}]` }];
    }),
  );
  const functions = new Map<string, number>();
  const origins = new Map<string, number>();
  profile.samples.forEach((id, index) => {
    const { origin, name } = names.get(id)!;
    if (origin === "(idle)" || origin === "(root)") return;
    const time = profile.timeDeltas[index] ?? 0;
    functions.set(name, (functions.get(name) ?? 0) + time);
    origins.set(origin, (origins.get(origin) ?? 0) + time);
  });
  const sorted = (map: Map<string, number>) => [...map].sort(([, one], [, other]) => other - one);
  return { functions: sorted(functions), origins: sorted(origins) };
}

function print(what: string, profile: CpuProfile, requests: number): void {
  const { functions, origins } = selfTimes(profile);
  const line = ([name, time]: [string, number]) => `${(time / requests).toFixed(2).padStart(8)}  ${name}`;
  const total = origins.reduce((sum, [, time]) => sum + time, 0);
  const lines = [
    `\n${what}: ${(total / requests).toFixed(1)} µs for each of ${requests} requests`,
    ...origins.slice(0, SHOWN).map(line),
    "",
    ...functions.slice(0, SHOWN).map(line),
  ];
  process.stdout.write(`${lines.join("\n")}\n`);
}

interface Course {
  readonly suite: Suite;
  readonly options: BenchOptions;
}

async function profileOne(kind: ServerKind, scenario: Scenario, setting: ServerSetting, { suite, options }: Course) {
  const ours = suite.servers.find(({ name }) => name === OURS)!;
  await using mirrored = kind.mirrors ? await startServer(ours, setting) : null;
  const beside = mirrored ? { mirrored: mirrored.url } : {};
  await using server = await startServer(kind, { ...setting, ...beside, inspected: true });
  const isOurs = kind.name === OURS;
  await putLoad(server.port, scenario, isOurs, { ...options, seconds: Math.max(1, options.warmSeconds) });
  const inspector = await Inspector.open(server.inspectorUrl!);
  const { value, profile } = await inspector.profile(() => putLoad(server.port, scenario, isOurs, options));
  inspector.close();
  return { profile: profile as CpuProfile, requests: value.requests };
}

/** Starts each server anew for each scenario, warms it, puts load on it, and prints what its profile says. */
export async function profileScenarios(
  kinds: readonly ServerKind[],
  setting: ServerSetting,
  course: Course,
): Promise<void> {
  const { suite, options } = course;
  const folder = join(GENERATED, "profiles");
  mkdirSync(folder, { recursive: true });
  for (const scenario of suite.scenarios.filter(({ name }) => options.scenarios.includes(name))) {
    for (const kind of kinds) {
      const { profile, requests } = await profileOne(kind, scenario, setting, course);
      const file = join(folder, `${scenario.name}-${kind.name}.cpuprofile`);
      writeFileSync(file, JSON.stringify(profile));
      print(`${scenario.title}, ${kind.title} (${file})`, profile, requests);
    }
  }
}
