/**
 * Starts: how long it takes from `exec` to the first 200, and what a server weighs that nobody asks.
 *
 * Ours is started as its users start it, on an empty data folder and on one that is there, with the Postgres inside;
 * and, as the peers, on a Postgres that runs already.
 */
import { join } from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import type { BenchOptions } from "./options.ts";
import type { Start } from "./result.ts";
import { OURS, type ServerKind, type ServerSetting, startServer } from "./servers.ts";

/** How long a server is left alone before its memory is read. */
const SETTLE_MS = 2_000;

interface Surroundings {
  readonly folder: string;
  readonly options: BenchOptions;
  readonly say: (line: string) => void;
}

async function startOnce(kind: ServerKind, of: Start["kind"], setting: ServerSetting): Promise<Start> {
  await using server = await startServer(kind, setting);
  const { startMs } = server;
  await pause(SETTLE_MS);
  return { server: kind.name, kind: of, ms: startMs, memoryBytes: server.memoryBytes() };
}

/** Measures the starts of each server, in as many rounds as the load has. */
export async function measureStarts(
  kinds: readonly ServerKind[],
  setting: ServerSetting,
  { folder, options, say }: Surroundings,
): Promise<Start[]> {
  const starts: Start[] = [];
  const measure = async (...args: Parameters<typeof startOnce>) => {
    const start = await startOnce(...args);
    starts.push(start);
    const memory = `${Math.round(start.memoryBytes / 1_048_576)} MB`;
    say(`${args[0].title}, ${start.kind}: answers after ${Math.round(start.ms)} ms, ${memory} idle`);
  };
  for (let round = 1; round <= options.rounds; round++) {
    for (const kind of kinds) {
      await measure(kind, "given database", setting);
      if (kind.name !== OURS) continue;
      const own: ServerSetting = { databaseUrl: null, dataFolder: join(folder, `own-${round}`) };
      await measure(kind, "cold", own);
      await measure(kind, "warm", own);
    }
  }
  return starts;
}
