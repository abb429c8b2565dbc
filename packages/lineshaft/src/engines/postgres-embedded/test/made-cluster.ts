/**
 * A cluster that was made before: what a test of a server of its own begins with, unless it is about first starts.
 *
 * Making one takes over a second of processor time, copying one a fifth of it. Each kind of Postgres makes its cluster
 * once in a run of tests (`TEST_RUN_FOLDER`, from `tools/test.ts`); a file that runs alone makes its own.
 */
import { execFile } from "node:child_process";
import { chmodSync, existsSync, mkdirSync, mkdtempSync, renameSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { basename, dirname, join } from "node:path";
import { promisify } from "node:util";
import { startEmbeddedPostgres } from "../index.ts";

const run = promisify(execFile);
const made = new Map<string, Promise<string>>();

/** Puts a cluster into `folder`, the one that `startEmbeddedPostgres` is given next. */
export async function copyCluster(folder: string, binaries?: string): Promise<void> {
  const kind = binaries === undefined ? "embedded" : binaries.replaceAll("/", "-");
  const making = made.get(kind) ?? makeCluster(join(runFolder(), kind), binaries);
  made.set(kind, making);
  mkdirSync(folder, { recursive: true });
  await run("cp", ["-a", await making, join(folder, "data")]);
}

/** Two processes may make it at once; the first one to end is taken. */
async function makeCluster(place: string, binaries: string | undefined): Promise<string> {
  if (existsSync(place)) return place;
  const root = mkdtempSync(join(tmpdir(), "lineshaft-cluster-"));
  try {
    chmodSync(root, 0o755);
    const folder = join(root, "postgres");
    await (await startEmbeddedPostgres({ folder, durable: false, ...(binaries && { binaries }) })).stop();
    mkdirSync(dirname(place), { recursive: true });
    const own = join(dirname(place), basename(root));
    await run("cp", ["-a", join(folder, "data"), own]);
    try {
      renameSync(own, place);
    } catch (error) {
      if (!existsSync(place)) throw error;
      rmSync(own, { recursive: true, force: true });
    }
    return place;
  } finally {
    rmSync(root, { recursive: true, force: true });
  }
}

function runFolder(): string {
  const ofRun = process.env["TEST_RUN_FOLDER"];
  if (ofRun !== undefined) return join(ofRun, "clusters");
  const own = mkdtempSync(join(tmpdir(), "lineshaft-clusters-"));
  process.once("exit", () => rmSync(own, { recursive: true, force: true }));
  return own;
}
