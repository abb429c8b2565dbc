/** Dead letters, sent again by the command line once what they failed at is mended. */
import { execFile } from "node:child_process";
import { join } from "node:path";
import { promisify } from "node:util";
import type { Database } from "./database.ts";

const MAIN = join(import.meta.dirname, "../packages/lineshaft/src/cli/main.ts");

/** @throws {Error} with what the command said, when it failed. */
export async function sendAgain(database: Database, handler: string): Promise<void> {
  const env = { ...process.env, DATABASE_URL: database.url };
  await promisify(execFile)(process.execPath, [MAIN, "events", "retry", "--handler", handler], { env });
}
