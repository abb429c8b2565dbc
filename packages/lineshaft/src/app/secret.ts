/**
 * Secret: the key of signatures. Given in production; in development made once and kept in the data folder.
 */
import { randomBytes } from "node:crypto";
import { mkdir, open, readFile } from "node:fs/promises";
import { join } from "node:path";
import type { Settings } from "./settings.ts";

/** The configured secret, or the one in the data folder, which is made when it is missing. */
export async function secretOf(settings: Settings): Promise<string> {
  if (settings.secret !== null) return settings.secret;
  const file = join(settings.dataFolder, "secret");
  await mkdir(settings.dataFolder, { recursive: true });
  try {
    const handle = await open(file, "wx", 0o600);
    await handle.writeFile(randomBytes(32).toString("base64"));
    await handle.close();
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "EEXIST") throw error;
  }
  return (await readFile(file, "utf8")).trim();
}
