/**
 * The migrations folder: files named `0002_add_link_note.sql`, numbered from 1 without a gap.
 *
 * A file is committed and never changed after it was applied anywhere; its checksum (SHA-256, line ends normalised, so
 * that a checkout on Windows counts as the same) is compared at every start. It runs in one transaction, unless its
 * first line is `NO_TRANSACTION`; then it must hold statements that can be repeated.
 * `schema.sql` beside the files is the schema that they give (dump.ts), for review; it is never run.
 */
import { createHash } from "node:crypto";
import { mkdir, open, readdir, readFile, rename, rm } from "node:fs/promises";
import { join } from "node:path";
import { MigrationError } from "./errors.ts";
import { type Statement, splitStatements } from "./split-statements.ts";

/** First line of a file that does not run in a transaction. */
export const NO_TRANSACTION = "-- lineshaft: no-transaction";
/** Files in the folder. */
export const FILES_MAX = 9_999;
/** Bytes of one file. */
export const FILE_BYTES_MAX = 16 * 1024 * 1024;
/** Characters of a name, without number and ending. */
export const FILE_NAME_CHARS_MAX = 80;
/** The dump of the resulting schema. */
export const SCHEMA_FILE = "schema.sql";

const NUMBER_DIGITS = 4;
const FILE_PATTERN = /^(\d{4})_([a-z0-9][a-z0-9_]*)\.sql$/;
const TRANSACTION_WORDS = /^(?:begin|commit|rollback|end|abort|start\s+transaction|prepare\s+transaction)\b/i;

export interface MigrationFile {
  readonly number: number;
  /** Without number and ending. */
  readonly name: string;
  readonly path: string;
  readonly checksum: string;
  readonly transactional: boolean;
  readonly statements: readonly Statement[];
}

/** Reads the folder; a folder that is not there has no files. @throws {MigrationError} MIGRATION_FILE. */
export async function readFiles(folder: string): Promise<readonly MigrationFile[]> {
  const names = (await listFolder(folder)).filter((name) => name.endsWith(".sql") && name !== SCHEMA_FILE).sort();
  if (names.length > FILES_MAX) throw broken(folder, `holds ${names.length} files; the limit is ${FILES_MAX}`);
  for (const [index, name] of names.entries()) {
    const number = FILE_PATTERN.exec(name)?.[1];
    if (number === undefined || name.length > FILE_NAME_CHARS_MAX + NUMBER_DIGITS + "_.sql".length) {
      throw broken(join(folder, name), "is not named like 0002_add_link_note.sql; rename it");
    }
    if (Number(number) === index + 1) continue;
    const before = names[index - 1];
    const twice = before?.startsWith(number) === true;
    throw broken(
      join(folder, name),
      twice
        ? `has the same number as ${before}; give the one that is applied nowhere the next free number`
        : `comes after ${before ?? "nothing"}: ${fileNumber(index + 1)} is missing; ` +
            "restore it, or close the gap if this file is applied nowhere",
    );
  }
  return Promise.all(names.map((name) => readMigration(join(folder, name), name)));
}

async function listFolder(folder: string): Promise<string[]> {
  try {
    return await readdir(folder);
  } catch (error) {
    if (error instanceof Error && "code" in error && error.code === "ENOENT") return [];
    throw new MigrationError(
      "MIGRATION_FOLDER",
      `${folder} cannot be read: ${String(error)}. Set the path of the migrations folder right.`,
      {
        cause: error,
      },
    );
  }
}

async function readMigration(path: string, fileName: string): Promise<MigrationFile> {
  const bytes = await readFile(path);
  if (bytes.length > FILE_BYTES_MAX)
    throw broken(path, `is ${bytes.length} bytes long; the limit is ${FILE_BYTES_MAX}; split it`);
  const text = bytes.toString("utf8");
  if (!Buffer.from(text).equals(bytes) || text.includes("\0")) throw broken(path, "is not UTF-8 text");
  return parseMigration(path, fileName, text);
}

/** A file from its text. */
export function parseMigration(path: string, fileName: string, content: string): MigrationFile {
  const text = content.replace(/^\uFEFF/, "").replaceAll("\r\n", "\n");
  const transactional = text.split("\n", 1)[0]!.trim() !== NO_TRANSACTION;
  const statements = splitStatements(text);
  const own = statements.find((statement) => TRANSACTION_WORDS.test(statement.text));
  if (own !== undefined) {
    throw broken(
      `${path}, line ${own.line}`,
      "begins or ends a transaction itself; " +
        `leave that out, or start the file with "${NO_TRANSACTION}" and keep it out, too`,
    );
  }
  const [, number = "", name = ""] = FILE_PATTERN.exec(fileName) ?? [];
  const checksum = createHash("sha256").update(text).digest("hex");
  return { number: Number(number), name, path, checksum, transactional, statements };
}

/** Writes a new file and reads it back. It is whole or not there. @throws {MigrationError} MIGRATION_FOLDER. */
export async function writeMigration(
  folder: string,
  number: number,
  name: string,
  text: string,
): Promise<MigrationFile> {
  const fileName = `${fileNumber(number)}_${name}.sql`;
  const path = join(folder, fileName);
  try {
    await writeWhole(folder, fileName, text);
  } catch (error) {
    throw new MigrationError(
      "MIGRATION_FOLDER",
      `${path} cannot be written: ${error instanceof Error ? error.message : String(error)}. ` +
        "The declarations need a new file. Make the folder writable (its parent must exist), or write the file where " +
        "it is, commit it, and start in production mode, which only reads.",
      { cause: error },
    );
  }
  return parseMigration(path, fileName, text);
}

/** Writes a file by renaming, so that nobody ever reads half of it. */
export async function writeWhole(folder: string, fileName: string, text: string): Promise<void> {
  // Not recursive: Node repeats that for ever where a folder can never be made (/proc), and a wrong path is better
  // told.
  await mkdir(folder).catch((error: NodeJS.ErrnoException) => {
    if (error.code !== "EEXIST") throw error;
  });
  const temporary = join(folder, `.${fileName}.${process.pid}`);
  try {
    const file = await open(temporary, "w");
    try {
      await file.writeFile(text);
      await file.sync();
    } finally {
      await file.close();
    }
    await rename(temporary, join(folder, fileName));
  } catch (error) {
    await rm(temporary, { force: true }).catch(() => {});
    throw error;
  }
}

/** `0002`. */
export function fileNumber(number: number): string {
  return String(number).padStart(NUMBER_DIGITS, "0");
}

function broken(path: string, what: string): MigrationError {
  return new MigrationError("MIGRATION_FILE", `${path} ${what}.`);
}
