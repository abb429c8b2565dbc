/**
 * Answers: the bytes that go out, with entity tags, compression and the headers that every answer has.
 */
import { hash } from "node:crypto";
import type { IncomingMessage, ServerResponse } from "node:http";
import { promisify } from "node:util";
import { brotliCompress, constants, gzip } from "node:zlib";

/** Smaller bodies are sent as they are: compressing costs more than it saves. */
export const COMPRESS_BYTES_MIN = 1_400;
const BROTLI_QUALITY = 4;

const brotliAsync = promisify(brotliCompress);
const gzipAsync = promisify(gzip);
const COMPRESSIBLE = /^(?:text\/|application\/(?:[\w.+-]+\+)?(?:json|xml|javascript)|image\/svg)/;

export interface Answer {
  readonly status: number;
  readonly mediaType?: string;
  readonly body?: string | Buffer;
  readonly headers?: Readonly<Record<string, string>>;
  /** Added to, not replaced: `set-cookie`. */
  readonly entries?: readonly [name: string, value: string][];
  /** Whether it may be answered with 304. */
  readonly tagged?: boolean;
}

/** Sends an answer. Resolves when it is handed to the socket. */
export async function send(request: IncomingMessage, response: ServerResponse, answer: Answer): Promise<number> {
  if (response.headersSent || response.destroyed) return answer.status;
  response.setHeader("x-content-type-options", "nosniff");
  for (const [name, value] of Object.entries(answer.headers ?? {})) addHeader(response, name, value);
  for (const [name, value] of answer.entries ?? []) addHeader(response, name, value);
  const { body } = answer;
  if (body === undefined) {
    response.statusCode = answer.status;
    response.end();
    return answer.status;
  }
  const bytes = typeof body === "string" ? Buffer.from(body) : body;
  if (answer.tagged) {
    const tag = `W/"${hash("sha1", bytes, "base64url")}"`;
    response.setHeader("etag", tag);
    if (!response.hasHeader("cache-control")) response.setHeader("cache-control", "private, no-cache");
    if (matchesTag(request.headers["if-none-match"], tag)) {
      response.statusCode = 304;
      response.end();
      return 304;
    }
  }
  response.statusCode = answer.status;
  const mediaType = answer.mediaType ?? "application/json";
  response.setHeader("content-type", /^text\/|json$|xml$/.test(mediaType) ? `${mediaType}; charset=utf-8` : mediaType);
  await sendBytes(request, response, bytes, mediaType);
  return answer.status;
}

async function sendBytes(request: IncomingMessage, response: ServerResponse, bytes: Buffer, mediaType: string): Promise<void> {
  let sent = bytes;
  if (bytes.length >= COMPRESS_BYTES_MIN && COMPRESSIBLE.test(mediaType) && !response.hasHeader("content-encoding")) {
    addHeader(response, "vary", "accept-encoding");
    const encoding = preferredEncoding(request.headers["accept-encoding"]);
    if (encoding) {
      const params = { [constants.BROTLI_PARAM_QUALITY]: BROTLI_QUALITY };
      sent = encoding === "br" ? await brotliAsync(bytes, { params }) : await gzipAsync(bytes);
      response.setHeader("content-encoding", encoding);
    }
  }
  response.setHeader("content-length", sent.length);
  if (request.method === "HEAD") response.end();
  else response.end(sent);
}

function addHeader(response: ServerResponse, name: string, value: string): void {
  if (name === "set-cookie") response.appendHeader(name, value);
  else if (name === "vary" && response.hasHeader("vary")) response.setHeader(name, `${response.getHeader("vary")}, ${value}`);
  else response.setHeader(name, value);
}

/** RFC 9110, section 13.1.2: weak comparison. */
function matchesTag(header: string | undefined, tag: string): boolean {
  if (header === undefined) return false;
  if (header.trim() === "*") return true;
  const bare = tag.slice(2);
  return header.split(",").some((each) => each.trim().replace(/^W\//, "") === bare);
}

/** Quality values of an `Accept…` header by name (RFC 9110, section 12.4.2). */
export function qualities(header: string): Map<string, number> {
  const found = new Map<string, number>();
  for (const part of header.split(",")) {
    const [name = "", ...parameters] = part.split(";");
    const quality = parameters.map((each) => /^\s*q=([\d.]+)\s*$/i.exec(each)?.[1]).find((each) => each !== undefined);
    found.set(name.trim().toLowerCase(), quality === undefined ? 1 : Number(quality));
  }
  return found;
}

function preferredEncoding(header: string | undefined): "br" | "gzip" | null {
  if (!header) return null;
  const accepted = qualities(header);
  const quality = (name: string) => accepted.get(name) ?? accepted.get("*") ?? 0;
  const [br, gz] = [quality("br"), quality("gzip")];
  if (br === 0 && gz === 0) return null;
  return br >= gz ? "br" : "gzip";
}

/** Whether an `Accept` header takes a media type. */
export function accepts(header: string | undefined, mediaType: string): boolean {
  if (header === undefined || header === "" || header === "*/*") return true;
  const accepted = qualities(header);
  const [family] = mediaType.split("/");
  const quality = accepted.get(mediaType) ?? accepted.get(`${family}/*`) ?? accepted.get("*/*") ?? 0;
  return quality > 0;
}
