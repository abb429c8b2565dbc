/**
 * Files: where the bytes of uploads lie. The seam to a folder, or to another store.
 *
 * Whether a file counts is told by the database: its row is written in the transaction of the command that took it.
 * A store only keeps bytes under keys, and lists old ones, so that those without a row can be swept.
 *
 * To add one: implement `FileStore`, and run `testFileStore` (test/file-store.ts) on it.
 */
import { randomBytes } from "node:crypto";
import type { Readable } from "node:stream";

/** A key is 128 random bits, in lower-case letters and digits: safe in a path on every file system. */
const KEY = /^[0-9a-f]{32}$/;

/** Bytes that are there, open for reading. */
export interface StoredBytes extends AsyncDisposable {
  readonly size: number;
  /** Reads from the byte `start` up to and with the byte `end`; ends by itself, and closes the file with it. */
  read(start: number, end: number): Readable;
}

/** Keeps bytes. Keys come from `newKey`; any other is an error of the caller. */
export interface FileStore {
  /** For people: where. */
  readonly label: string;
  /** Fails where nothing could be stored. */
  prepare(): Promise<void>;
  /** Stores bytes under a new key. When it resolves they outlast a crash; when it rejects nothing is left of them. */
  put(key: string, bytes: AsyncIterable<Uint8Array>): Promise<void>;
  /** `null` where there is nothing under the key. */
  open(key: string): Promise<StoredBytes | null>;
  /** Does nothing where there is nothing. */
  remove(key: string): Promise<void>;
  /** Keys of what was stored before an instant; removes what was begun before it, and never became whole. */
  olderThan(instant: Date): AsyncIterable<string>;
}

/** A key that nobody has. */
export function newKey(): string {
  return randomBytes(16).toString("hex");
}

/** Whether a text has the form of a key. */
export function isKey(text: unknown): text is string {
  return typeof text === "string" && KEY.test(text);
}

/** @throws {Error} for what is no key: it could be a path. */
export function checkKey(key: string): void {
  if (!isKey(key)) throw new Error("That is no key of a file: it has another form. Take the key of an uploaded file.");
}
