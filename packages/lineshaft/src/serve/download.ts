/**
 * Download: sends the bytes of the file that a query named, whole or in part (RFC 9110, sections 8.8, 13 and 14).
 *
 * Bytes pass from the store to the socket piece by piece. Whatever the file is, a browser runs nothing of it: it is
 * saved and not shown, unless it is a raster image; its type is not guessed at; and what is shown lies in a sandbox.
 */
import type { IncomingMessage, ServerResponse } from "node:http";
import { pipeline } from "node:stream";
import type { CallRuntime } from "../call/run.ts";
import { fault } from "../define/errors.ts";
import type { DownloadedFile } from "../define/file.ts";
import type { StoredBytes } from "../engines/files.ts";
import type { Logger } from "../observe/log.ts";
import { type Headers, matchesTag, send } from "./answer.ts";
import { isTextual } from "./file-type.ts";

/** What a browser may show: it can only be looked at. */
const SHOWN: readonly string[] = ["image/png", "image/jpeg", "image/gif", "image/webp", "image/avif"];
/** Characters of a name; what is longer is cut. */
const NAME_CHARS_MAX = 200;
/** Control characters, and those that turn the direction of what follows, so that `gpj.exe` reads as `exe.jpg`. */
const UNSHOWN = /[\p{Cc}\u200e\u200f\u202a-\u202e\u2066-\u2069]/gu;

const FILE = `select size, type, sha256 from lineshaft.file where key = $1`;

interface FileRow {
  readonly size: number;
  readonly type: string;
  readonly sha256: string;
}

/** A part of a file: both ends belong to it. */
interface Range {
  readonly start: number;
  readonly end: number;
}

/**
 * Sends a file. Gives the status once the head is out; the bytes follow.
 *
 * @throws {Fault} NOT_FOUND, RANGE_NOT_SATISFIABLE. @throws {Error} when bytes of a file are missing.
 */
export async function sendFile(
  request: IncomingMessage,
  response: ServerResponse,
  file: DownloadedFile,
  { runtime, log, headers }: { readonly runtime: CallRuntime; readonly log: Logger; readonly headers: Headers },
): Promise<number> {
  const row = await rowOf(runtime, file.key);
  if (row === null) throw fault("NOT_FOUND", { detail: "The file is not there any more." });
  const tag = `"${row.sha256}"`;
  Object.assign(headers, headersOf(file, row), { etag: tag });
  if (matchesTag(request.headers["if-none-match"], tag)) return send(request, response, { status: 304 }, headers);
  const range = rangeOf(request, row.size, tag);
  const bytes = await openWhole(runtime, file.key, row);
  const { start, end } = range ?? { start: 0, end: row.size - 1 };
  if (range) headers["content-range"] = `bytes ${start}-${end}/${row.size}`;
  const status = range ? 206 : 200;
  const length = end - start + 1;
  if (response.destroyed || request.method === "HEAD" || length === 0) {
    await bytes[Symbol.asyncDispose]();
    headers["content-length"] = String(length);
    return response.destroyed ? status : endEmpty(response, status, headers);
  }
  // Set apart from the others, because the server asks for it: large answers get more time.
  response.setHeader("content-length", length);
  response.writeHead(status, headers);
  pipeline(bytes.read(start, end), response, (error) => {
    if (!error) runtime.metrics.fileBytes.inc({ direction: "out" }, length);
    else if (!isGone(error)) log.error({ err: error, key: file.key }, "a file could not be sent to its end");
  });
  return status;
}

function endEmpty(response: ServerResponse, status: number, headers: Headers): number {
  response.writeHead(status, headers).end();
  return status;
}

async function rowOf({ pool }: CallRuntime, key: string): Promise<FileRow | null> {
  const session = await pool.acquire();
  const asked = session.query({ text: FILE, values: [key], name: "ls_file", queryMode: "extended" });
  const { rows } = await asked.finally(() => pool.release(session));
  const [row] = rows as FileRow[];
  return row ? { ...row, size: Number(row.size) } : null;
}

/** What counts is there: that it is not was done to the store from outside. */
async function openWhole({ files }: CallRuntime, key: string, { size }: FileRow): Promise<StoredBytes> {
  const bytes = await files!.open(key);
  if (bytes?.size === size) return bytes;
  await bytes?.[Symbol.asyncDispose]();
  const seen = bytes === null ? "nothing" : `${bytes.size} bytes`;
  throw new Error(
    `The file ${key} has ${size} bytes, and ${files!.label} has ${seen} of it. ` +
      "All nodes must share that place, and a backup must hold it together with the database.",
  );
}

function headersOf({ name, type: given, inline = false }: DownloadedFile, row: FileRow): Headers {
  const type = given ?? row.type;
  const isShown = inline && SHOWN.includes(type) && SHOWN.includes(row.type);
  return {
    "x-content-type-options": "nosniff",
    "content-type": isTextual(type) ? `${type}; charset=utf-8` : type,
    "content-disposition": `${isShown ? "inline" : "attachment"}; ${filename(name)}`,
    "content-security-policy": "sandbox; default-src 'none'",
    "cache-control": "private, no-cache",
    "accept-ranges": "bytes",
  };
}

/** A name as RFC 6266 and RFC 8187 write it: once for old programs, once as it is. */
export function filename(name: string): string {
  const clean = name.toWellFormed().replace(UNSHOWN, "").replace(/[/\\]/g, "_");
  const short = [...clean].slice(0, NAME_CHARS_MAX).join("") || "file";
  const plain = short.replace(/[^\x20-\x7e]|["%]/gu, "_");
  const exact = encodeURIComponent(short).replace(/['()*]/g, (each) => `%${each.charCodeAt(0).toString(16)}`);
  return `filename="${plain}"; filename*=UTF-8''${exact}`;
}

/**
 * The part that is asked for; `null` for the whole, also where several are asked for, or of another state.
 *
 * @throws {Fault} RANGE_NOT_SATISFIABLE
 */
function rangeOf({ headers, method }: IncomingMessage, size: number, tag: string): Range | null {
  const { range, "if-range": condition } = headers;
  if (range === undefined || method !== "GET" || (condition !== undefined && condition !== tag)) return null;
  const [, first, last] = /^bytes=(\d*)-(\d*)$/.exec(range.trim()) ?? [];
  if (first === undefined || (first === "" && last === "")) return null;
  const start = first === "" ? Math.max(0, size - Number(last)) : Number(first);
  const end = first === "" || last === "" ? size - 1 : Math.min(Number(last), size - 1);
  // A part that ends before it begins says nothing.
  if (first !== "" && last !== "" && Number(last) < Number(first)) return null;
  if (start <= end) return { start, end };
  throw fault("RANGE_NOT_SATISFIABLE", {
    detail: `The file has ${size} bytes.`,
    headers: { "content-range": `bytes */${size}` },
  });
}

/** The caller has left. */
function isGone(error: NodeJS.ErrnoException): boolean {
  return ["ERR_STREAM_PREMATURE_CLOSE", "ECONNRESET", "EPIPE", "ERR_STREAM_DESTROYED"].includes(error.code ?? "");
}
