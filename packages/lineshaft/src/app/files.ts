/**
 * Files of an app: where they lie, and the sweep of what no command has kept.
 *
 * Bytes are stored before the command's transaction and removed after it, so a node that dies in between leaves bytes
 * that nothing refers to. The leader looks for them: old ones without a row in `lineshaft.file`.
 */
import { join } from "node:path";
import type { Pool } from "../data/pool.ts";
import type { Declarations } from "../define/declarations.ts";
import type { FileStore } from "../engines/files.ts";
import { FilesFolder } from "../engines/files-folder.ts";
import { writeTogether } from "../log/control.ts";
import type { Logger } from "../observe/log.ts";
import type { Metrics } from "../observe/metrics.ts";
import type { Settings } from "./settings.ts";

/** How old bytes are at least that are swept: longer than any command takes, and than clocks differ. */
export const SWEEP_AGE_MS = 86_400_000;
/** Keys that are looked up at a time. */
const SWEEP_BATCH = 1_000;

const WITHOUT_ROW = `select key from unnest($1::text[]) as k (key)
  where not exists (select from lineshaft.file f where f.key = k.key)`;

/** Whether files come to an app. */
export function hasUploads({ endpoints }: Declarations): boolean {
  return endpoints.some(({ endpoint }) => endpoint.upload !== undefined);
}

/** Bytes of the largest file that comes to an app. */
export function fileBytesMax({ endpoints }: Declarations): number {
  return Math.max(0, ...endpoints.map(({ endpoint }) => endpoint.upload?.max ?? 0));
}

/** The store of an app. @throws {Error} where files come to it, and could not be stored. */
export async function openFiles(
  { filesFolder, dataFolder }: Pick<Settings, "filesFolder" | "dataFolder">,
  declarations: Declarations,
): Promise<FileStore> {
  const files = new FilesFolder(filesFolder ?? join(dataFolder, "files"));
  if (!hasUploads(declarations)) return files;
  await files.prepare().catch((error) => {
    throw new Error(`Files cannot be stored in ${files.label}; set LINESHAFT_FILES to another folder.`, {
      cause: error,
    });
  });
  return files;
}

/** What a sweep needs. */
export interface SweepOptions {
  readonly files: FileStore;
  readonly metrics: Metrics;
  readonly log: Logger;
  readonly clock: () => Date;
}

/** Removes bytes that are older than `SWEEP_AGE_MS` and have no row. */
export async function sweepFiles(control: Pool, { files, metrics, log, clock }: SweepOptions): Promise<void> {
  let keys: string[] = [];
  const sweep = async () => {
    const [{ rows }] = await writeTogether(control, [{ text: WITHOUT_ROW, values: [keys] }] as const);
    for (const { key } of rows as { readonly key: string }[]) {
      await files.remove(key);
      metrics.filesSwept.inc();
    }
    keys = [];
  };
  try {
    for await (const key of files.olderThan(new Date(clock().getTime() - SWEEP_AGE_MS))) {
      keys.push(key);
      if (keys.length === SWEEP_BATCH) await sweep();
    }
    if (keys.length > 0) await sweep();
    metrics.fileSweeps.inc({ outcome: "done" });
  } catch (error) {
    metrics.fileSweeps.inc({ outcome: "failed" });
    log.warn({ err: error }, "files could not be swept");
  }
}
