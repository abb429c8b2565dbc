/**
 * Files: what a command says of the file that it takes, and what a query gives of one.
 *
 * The platform keeps bytes under a key of its own making. An app keeps the key in a column, beside the name and
 * whatever else it wants to know of the file.
 */
import type { Shaped } from "./field.ts";

/** A media type without parameters (RFC 6838, section 4.2): it can stand in a header. */
export const MEDIA_TYPE = /^[\w!#$&^.+-]{1,127}\/[\w!#$&^.+-]{1,127}$/;

/** What a command takes as its body: one file. */
export interface Upload {
  /** Bytes. */
  readonly max: number;
  /** Media types that are taken: `image/png`, or `image/*` for all of a kind. What the bytes are must agree. */
  readonly types: readonly string[];
}

/** A file that came with a call. It stays if the command commits, and is gone if not. */
export interface UploadedFile {
  /** Made by the platform: hard to guess, never used again. */
  readonly key: string;
  /** As the caller told it, in lower case and without parameters; the bytes agree. */
  readonly type: string;
  /** Bytes. */
  readonly size: number;
  /** Of the bytes, in hexadecimal. */
  readonly sha256: string;
}

/** Which file a query gives. */
export interface DownloadedFile {
  readonly key: string;
  /** Under which a browser saves it. */
  readonly name: string;
  /** Default: the type that it was uploaded with. */
  readonly type?: string | undefined;
  /**
   * Whether a browser may show it in a page: png, jpeg, gif, webp and avif only; all else is saved, whatever is said
   * here. Default false.
   */
  readonly inline?: boolean | undefined;
}

/** An answer that is a file. */
export interface Download extends Shaped<DownloadedFile> {
  readonly shape: "download";
}

/**
 * An answer that is a file: `run` says which, and the server sends its bytes, whole or in part.
 *
 * @example
 * export const attachment = chat.query("GET /attachments/:id", {
 *   input: { id: Attachment.fields.id },
 *   output: download(),
 *   async run({ input, db, fail }) {
 *     const row = await db.selectFrom("attachment").selectAll().where("id", "=", input.id).executeTakeFirst();
 *     return row ? { key: row.key, name: row.name, inline: true } : fail("NOT_FOUND");
 *   },
 * });
 */
export function download(): Download {
  return Object.freeze({ shape: "download" }) as Download;
}
