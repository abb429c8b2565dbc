/**
 * Files in a folder: of this machine, or one that all nodes share.
 *
 * Bytes are written to `incoming/<key>`, made durable, and then renamed to `ab/<key>`, so that what has its name is
 * whole. 256 folders keep each of them small. Only the user of the process may read any of it.
 */
import { createReadStream } from "node:fs";
import { type FileHandle, mkdir, open, readdir, rename, rm, stat } from "node:fs/promises";
import { dirname, join } from "node:path";
import type { Readable } from "node:stream";
import { checkKey, type FileStore, isKey, type StoredBytes } from "./files.ts";

const FOLDER_MODE = 0o700;
const FILE_MODE = 0o600;
const INCOMING = "incoming";
const SHARD = /^[0-9a-f]{2}$/;

export class FilesFolder implements FileStore {
  readonly label: string;
  readonly #folder: string;

  /** @param folder  Absolute. Made when it is first needed. */
  constructor(folder: string) {
    this.#folder = folder;
    this.label = folder;
  }

  async prepare(): Promise<void> {
    await makeFolder(join(this.#folder, INCOMING));
  }

  async put(key: string, bytes: AsyncIterable<Uint8Array>): Promise<void> {
    checkKey(key);
    const [incoming, path] = [join(this.#folder, INCOMING, key), this.#pathOf(key)];
    try {
      await this.#write(incoming, bytes);
      if (await makeFolder(dirname(path))) await syncFolder(this.#folder);
      await rename(incoming, path);
      await syncFolder(dirname(path));
    } catch (error) {
      for (const left of [incoming, path]) await rm(left, { force: true });
      throw error;
    }
  }

  async open(key: string): Promise<StoredBytes | null> {
    checkKey(key);
    const handle = await openOrNull(this.#pathOf(key));
    if (handle === null) return null;
    try {
      return new OpenFile(handle, (await handle.stat()).size);
    } catch (error) {
      await handle.close();
      throw error;
    }
  }

  async remove(key: string): Promise<void> {
    checkKey(key);
    await rm(this.#pathOf(key), { force: true });
  }

  async *olderThan(instant: Date): AsyncIterable<string> {
    for (const name of await namesIn(join(this.#folder, INCOMING))) {
      const path = join(this.#folder, INCOMING, name);
      if (isKey(name) && (await isOlder(path, instant))) await rm(path, { force: true });
    }
    for (const shard of await namesIn(this.#folder)) {
      if (!SHARD.test(shard)) continue;
      for (const name of await namesIn(join(this.#folder, shard))) {
        if (isKey(name) && (await isOlder(this.#pathOf(name), instant))) yield name;
      }
    }
  }

  async #write(path: string, bytes: AsyncIterable<Uint8Array>): Promise<void> {
    const handle = await open(path, "wx", FILE_MODE).catch(async (error) => {
      // The first upload into a new folder.
      if (error.code !== "ENOENT") throw error;
      await this.prepare();
      return open(path, "wx", FILE_MODE);
    });
    try {
      for await (const piece of bytes) await writeAll(handle, piece);
      await handle.datasync();
    } finally {
      await handle.close();
    }
  }

  #pathOf(key: string): string {
    return join(this.#folder, key.slice(0, 2), key);
  }
}

class OpenFile implements StoredBytes {
  readonly size: number;
  readonly #handle: FileHandle;

  constructor(handle: FileHandle, size: number) {
    this.#handle = handle;
    this.size = size;
  }

  read(start: number, end: number): Readable {
    return createReadStream("", { fd: this.#handle, start, end });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#handle.close();
  }
}

/** A write can take less than it was given. */
async function writeAll(handle: FileHandle, piece: Uint8Array): Promise<void> {
  for (let at = 0; at < piece.length; ) at += (await handle.write(piece, at)).bytesWritten;
}

/** Whether it was not there before. */
async function makeFolder(path: string): Promise<boolean> {
  return (await mkdir(path, { recursive: true, mode: FOLDER_MODE })) !== undefined;
}

/** A name outlasts a crash only once its folder is written, too; some file systems know no such thing. */
async function syncFolder(path: string): Promise<void> {
  const handle = await open(path, "r");
  try {
    await handle.sync();
  } catch (error) {
    if (!["EINVAL", "EPERM", "EISDIR"].includes((error as NodeJS.ErrnoException).code ?? "")) throw error;
  } finally {
    await handle.close();
  }
}

async function openOrNull(path: string): Promise<FileHandle | null> {
  try {
    return await open(path, "r");
  } catch (error) {
    if (isMissing(error)) return null;
    throw error;
  }
}

async function namesIn(folder: string): Promise<string[]> {
  try {
    return await readdir(folder);
  } catch (error) {
    if (isMissing(error) || (error as NodeJS.ErrnoException).code === "ENOTDIR") return [];
    throw error;
  }
}

async function isOlder(path: string, instant: Date): Promise<boolean> {
  try {
    return (await stat(path)).mtimeMs < instant.getTime();
  } catch (error) {
    if (isMissing(error)) return false;
    throw error;
  }
}

function isMissing(error: unknown): boolean {
  return (error as NodeJS.ErrnoException).code === "ENOENT";
}
