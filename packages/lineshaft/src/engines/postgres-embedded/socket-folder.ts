/**
 * The folder of the unix socket, the only way in.
 *
 * A socket path is limited to about a hundred bytes and a project path is not, so the socket lies beneath the system's
 * temporary folder, under a name that follows from the data folder: the same on every start, so other programs of the
 * project find it. The folder has mode 0700; that is why the server may trust whoever connects.
 * The name can be guessed, so a folder that somebody else put there is never used: the next name is taken.
 */
import { createHash } from "node:crypto";
import { chmodSync, chownSync, existsSync, lstatSync, mkdirSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { EmbeddedPostgresError, systemCode } from "./errors.ts";
import { canReach, type Identity } from "./identity.ts";

export const SOCKET_PORT = 5432;

/** macOS allows 103 bytes; `/.s.PGSQL.5432.lock` follows. */
const SOCKET_FOLDER_BYTES_MAX = 80;
const HASH_CHARS = 12;
const NAMES_MAX = 4;
/** Postgres reads the option as a list with its own quoting, and a URL has to carry it. */
const PLAIN_PATH = /^[\w./+-]+$/;

/**
 * Creates the socket folder for `dataFolder` (a real path), or empties the one that a killed run left.
 * The caller holds the folder lock, so no server uses it.
 */
export function createSocketFolder(dataFolder: string, identity: Identity): string {
  const name = `lineshaft-${createHash("sha256").update(dataFolder).digest("hex").slice(0, HASH_CHARS)}`;
  const base = baseFolder(name, identity);
  for (let attempt = 0; attempt < NAMES_MAX; attempt += 1) {
    const path = join(base, attempt === 0 ? name : `${name}-${attempt}`);
    if (claim(path, identity)) return path;
  }
  throw new EmbeddedPostgresError(
    "POSTGRES_START_FAILED",
    `The socket folder "${join(base, name)}" and the next ${NAMES_MAX - 1} names belong to another user. Remove ` +
      "them, or set TMPDIR to a folder of your own.",
  );
}

function baseFolder(name: string, identity: Identity): string {
  const base = tmpdir();
  const isShort = Buffer.byteLength(join(base, name)) <= SOCKET_FOLDER_BYTES_MAX;
  return isShort && PLAIN_PATH.test(base) && existsSync(base) && canReach(base, identity) ? base : "/tmp";
}

function claim(path: string, identity: Identity): boolean {
  const uid = identity.account?.uid ?? process.geteuid?.();
  try {
    mkdirSync(path, { mode: 0o700 });
  } catch (error) {
    if (systemCode(error) !== "EEXIST") throw error;
    const stats = lstatSync(path);
    const isOurs = stats.isDirectory() && (stats.uid === uid || stats.uid === process.geteuid?.());
    if (!isOurs || (stats.mode & 0o077) !== 0) return false;
    for (const entry of readdirSync(path)) rmSync(join(path, entry), { force: true });
  }
  chmodSync(path, 0o700);
  if (identity.account !== undefined) chownSync(path, identity.account.uid, identity.account.gid);
  return true;
}
