/**
 * Names and quoting: the only place where a name or a text becomes SQL.
 *
 * Objects that Postgres wants named (keys, indexes, checks, triggers) get a name that follows from what they are, so
 * that the declarations and the catalog can be compared by name. Three rules keep that sound:
 * - Postgres cuts names silently at `NAME_BYTES_MAX` bytes. We cut them ourselves, at a character, and add a hash of
 *   the whole.
 * - What has an SQL expression (check, partial index, search index) carries a hash of the expression in its name:
 *   another expression is another name, and no expression ever has to be compared with Postgres' rewriting of it.
 * - Names that would be equal (`a_b` + `c`, `a` + `b_c`) both get a hash; see `settleNames` in desired.ts.
 */
import { createHash } from "node:crypto";
import { escapeIdentifier, escapeLiteral } from "pg";
import { MigrationError } from "./errors.ts";

/** Bytes of a Postgres identifier (NAMEDATALEN - 1). */
export const NAME_BYTES_MAX = 63;
const HASH_CHARS = 8;

/** An identifier, always quoted. */
export function ident(name: string): string {
  return escapeIdentifier(name);
}

/** `"schema"."name"`. */
export function qualified(schema: string, name: string): string {
  return `${ident(schema)}.${ident(name)}`;
}

/** A list of identifiers: `"a", "b"`. */
export function identList(names: readonly string[]): string {
  return names.map(ident).join(", ");
}

/** A text literal; with backslashes in it, of the form `E'…'`. */
export function literal(text: string): string {
  return escapeLiteral(text).trimStart();
}

/** Text that may stand in a `--` comment: a name must not be able to end the line and become SQL. */
export function commentSafe(text: string): string {
  return text.replace(/[\u0000-\u001f\u007f\u0085\u2028\u2029]/g, "?");
}

/** A short hash of a definition. */
export function shortHash(...parts: readonly unknown[]): string {
  return createHash("sha256").update(JSON.stringify(parts)).digest("hex").slice(0, HASH_CHARS);
}

/** The name of an object that belongs to these parts: `link_code_key`, cut and hashed where it is too long. */
export function objectName(parts: readonly string[], suffix: string): string {
  const full = `${parts.join("_")}_${suffix}`;
  if (Buffer.byteLength(full) <= NAME_BYTES_MAX) return full;
  const end = `_${shortHash(...parts)}_${suffix}`;
  return cutBytes(parts.join("_"), NAME_BYTES_MAX - Buffer.byteLength(end)) + end;
}

/** The name of the check on one column. */
export function checkName(table: string, column: string, hash: string): string {
  return objectName([table, column], `check_${hash}`);
}

/** Whether a check with this name is one that we made for this column, whatever its expression was. */
export function isOwnCheck(name: string, table: string, column: string): boolean {
  const hash = /_check_([0-9a-f]{8})$/.exec(name)?.[1];
  return hash !== undefined && name === checkName(table, column, hash);
}

/** A name made different from its equals by a hash of what it stands for. */
export function distinctName(name: string, ...identity: readonly unknown[]): string {
  const end = `_${shortHash(name, ...identity)}`;
  return cutBytes(name, NAME_BYTES_MAX - end.length) + end;
}

/** Refuses a name that Postgres would cut or could not hold. */
export function assertName(name: string, what: string, place: string): void {
  const bytes = Buffer.byteLength(name);
  if (bytes >= 1 && bytes <= NAME_BYTES_MAX && !name.includes("\0") && name.isWellFormed()) return;
  throw new MigrationError(
    "MIGRATION_DECLARATION",
    `The name of ${what} (${place}) is ${bytes} bytes long or holds a character that no name can hold; ` +
      `Postgres takes names of 1 to ${NAME_BYTES_MAX} bytes of UTF-8. Shorten it.`,
  );
}

function cutBytes(text: string, bytesMax: number): string {
  let kept = "";
  for (const character of text) {
    if (Buffer.byteLength(kept + character) > bytesMax) break;
    kept += character;
  }
  return kept;
}
