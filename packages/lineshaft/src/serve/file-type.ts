/**
 * Types of files: whether the bytes are what their Content-Type says.
 *
 * Formats with a signature are known by the first bytes. Text has none: it is text if all of it is, so a file that is
 * declared as text is read to its end. A type that nobody can tell by its bytes, such as `application/octet-stream`, is
 * taken at its word: downloads are never shown in a page for it.
 */
import { fileTypeFromBuffer, supportedMimeTypes } from "file-type";

/** How much of a file is looked at: pictures can have a color profile first, documents a list of their parts. */
export const HEAD_BYTES = 65_536;

/** Types that one and the same bytes may be called. */
const ALIKE: readonly (readonly string[])[] = [
  ["image/png", "image/apng"],
  ["image/heic", "image/heif", "image/heic-sequence", "image/heif-sequence"],
  ["image/x-icon", "image/vnd.microsoft.icon"],
  ["audio/mpeg", "audio/mp3"],
  ["audio/wav", "audio/wave", "audio/vnd.wave", "audio/x-wav"],
  ["audio/ogg", "video/ogg", "application/ogg"],
  ["audio/flac", "audio/x-flac"],
  ["audio/mp4", "audio/x-m4a", "audio/m4a", "video/mp4", "video/x-m4v", "video/quicktime", "video/3gpp", "video/3gpp2"],
  ["video/webm", "audio/webm", "video/matroska", "video/x-matroska"],
  ["video/vnd.avi", "video/x-msvideo"],
  ["application/zip", "application/x-zip-compressed"],
  ["application/gzip", "application/x-gzip"],
];
const PNG = Buffer.from("\x89PNG\r\n\x1a\n", "latin1");
const TEXTUAL = /^text\/|^application\/(?:json|xml|javascript|yaml|x-ndjson|toml)$|\+(?:json|xml|yaml)$/;
/** Text by its letters, and still another thing. */
const NOT_PLAIN: readonly string[] = ["application/pdf", "application/postscript"];
const OF_A_KIND = /^(?:image|audio|video|font)\//;
const IN_ZIP =
  /^application\/(?:zip|x-zip-compressed)$|\+zip$|openxmlformats|opendocument|macroenabled|java-archive|\.package/;
const IN_CFB = /^application\/(?:x-cfb|msword|vnd\.ms-(?:excel|powerpoint|outlook)|vnd\.visio)$/;
const known = new Set([...supportedMimeTypes].map((type) => bareType(type)));

/** A media type without its parameters, in lower case. */
export function bareType(type: string): string {
  return type.split(";", 1)[0]!.trim().toLowerCase();
}

/** Whether a type is text, and its bytes have to be. */
export function isTextual(type: string): boolean {
  return TEXTUAL.test(type);
}

/** Whether a pattern such as `image/*` takes a type. */
export function takes(pattern: string, type: string): boolean {
  return pattern.endsWith("/*") ? type.startsWith(pattern.slice(0, -1).toLowerCase()) : pattern.toLowerCase() === type;
}

/** What the first bytes are, where they are not what was declared; `null` where they may well be that. */
export async function lieOf(declared: string, head: Buffer): Promise<string | null> {
  const found = await sniff(head);
  if (isTextual(declared)) return found !== null && NOT_PLAIN.includes(found) ? found : null;
  if (!OF_A_KIND.test(declared) && !known.has(declared)) return null;
  if (found === null) return head.length === 0 ? "nothing" : "of no known type";
  return agree(declared, found) ? null : found;
}

async function sniff(head: Buffer): Promise<string | null> {
  const found = await fileTypeFromBuffer(head).catch(() => undefined);
  if (found) return bareType(found.mime);
  // With so much ahead of the picture that its kind of PNG cannot be told.
  return head.subarray(0, PNG.length).equals(PNG) ? "image/png" : null;
}

function agree(declared: string, found: string): boolean {
  if (declared === found || ALIKE.some((types) => types.includes(declared) && types.includes(found))) return true;
  // Documents are packed in archives: how deep one looks decides which of both is found.
  if (found === "application/zip" || declared === "application/zip") return IN_ZIP.test(declared) && IN_ZIP.test(found);
  return found === "application/x-cfb" && IN_CFB.test(declared);
}

/** Looks whether pieces, one after the other, are UTF-8 without NUL. */
export class TextCheck {
  readonly #decoder = new TextDecoder("utf-8", { fatal: true });

  /** @param piece  `null` at the end. */
  isText(piece: Uint8Array | null): boolean {
    try {
      if (piece === null) this.#decoder.decode();
      else this.#decoder.decode(piece, { stream: true });
      return piece === null || !piece.includes(0);
    } catch {
      return false;
    }
  }
}
