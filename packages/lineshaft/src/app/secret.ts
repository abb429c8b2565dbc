/**
 * Secret: the key of signatures. Given in production; in development made once and kept in the data folder.
 */
import { randomBytes, randomUUID } from "node:crypto";
import { existsSync } from "node:fs";
import { link, mkdir, readFile, unlink, writeFile } from "node:fs/promises";
import { join } from "node:path";
import type { Settings } from "./settings.ts";

const SECRET_BYTES = 32;

/** The configured secret, or the one in the data folder, which is made when it is missing. */
export async function secretOf(settings: Settings): Promise<string> {
  if (settings.secret !== null) return settings.secret;
  const file = join(settings.dataFolder, "secret");
  if (existsSync(file)) return (await readFile(file, "utf8")).trim();
  await mkdir(settings.dataFolder, { recursive: true });
  // A file appears whole or not at all, and the first of several starts wins.
  const draft = `${file}.${randomUUID()}`;
  await writeFile(draft, randomBytes(SECRET_BYTES).toString("base64"), { mode: 0o600, flag: "wx" });
  try {
    await link(draft, file);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "EEXIST") throw error;
  } finally {
    await unlink(draft);
  }
  return (await readFile(file, "utf8")).trim();
}
