/**
 * Answers: the bytes that go out, with entity tags, compression and the headers that every answer has.
 *
 * Headers are gathered in one object and handed over at once: an answer that cannot be written leaves nothing behind
 * for the problem document that takes its place. A text goes out as a text, because the runtime then writes head and
 * body in one piece.
 */
import type { IncomingMessage, ServerResponse } from "node:http";
import { promisify } from "node:util";
import { brotliCompress, constants, gzip } from "node:zlib";
import { type KeptAnswer, type Made, tagOf } from "../call/answers.ts";
import { POSITION_HEADER } from "./positions.ts";

/** Smaller bodies are sent as they are: compressing costs more than it saves. */
export const COMPRESS_BYTES_MIN = 1_400;
/** How long the rest of a refused body is read and dropped, so that the answer is not lost with it. */
export const LINGER_MS = 2_000;
const BROTLI_QUALITY = 4;

const brotliAsync = promisify(brotliCompress);
const gzipAsync = promisify(gzip);
const COMPRESSIBLE = /^(?:text\/|application\/(?:[\w.+-]+\+)?(?:json|xml|javascript)|image\/svg)/;
const TEXTUAL = /^text\/|json$|xml$/;

/** Headers of an answer, by lower-case name. */
export type Headers = Record<string, string | string[]>;

export interface Answer {
  readonly status: number;
  readonly mediaType?: string;
  readonly body?: string | Buffer;
  readonly headers?: Readonly<Record<string, string>>;
  /** Keeps what is made of a body that is sent again and again. Default: bytes keep it themselves. */
  readonly made?: Made;
  /** Added to, not replaced: `set-cookie`. */
  readonly entries?: readonly (readonly [name: string, value: string])[];
  /** Whether it may be answered with 304; with the tag, where it is known. */
  readonly tagged?: boolean | string;
  /** Whether the connection ends with this answer: at once, or after what is left of the request is dropped. */
  readonly last?: "now" | "drained" | null;
}

/** Sends an answer with these headers and its own. Gives the status; a promise only when it has to wait. */
export function send(
  request: IncomingMessage,
  response: ServerResponse,
  answer: Answer,
  headers: Headers = {},
): number | Promise<number> {
  if (response.headersSent || response.destroyed) return answer.status;
  headers["x-content-type-options"] = "nosniff";
  if (answer.headers) for (const name in answer.headers) addHeader(headers, name, answer.headers[name]!);
  if (answer.entries) for (const [name, value] of answer.entries) addHeader(headers, name, value);
  if (answer.last) headers["connection"] = "close";
  const { status, body, mediaType = "application/json" } = answer;
  if (body === undefined) {
    if (status !== 204) headers["content-length"] = "0";
    return finish(request, response, answer, status, headers, "");
  }
  const size = typeof body === "string" ? Buffer.byteLength(body) : body.length;
  const compressible =
    size >= COMPRESS_BYTES_MIN && headers["content-encoding"] === undefined && COMPRESSIBLE.test(mediaType);
  if (compressible) addHeader(headers, "vary", "accept-encoding");
  if (answer.tagged) {
    const tag = typeof answer.tagged === "string" ? answer.tagged : keptTagOf(body);
    headers["etag"] = tag;
    headers["cache-control"] ??= "private, no-cache";
    if (matchesTag(request.headers["if-none-match"], tag)) return finish(request, response, answer, 304, headers, "");
  }
  headers["content-type"] ??= TEXTUAL.test(mediaType) ? `${mediaType}; charset=utf-8` : mediaType;
  const encoding = compressible ? preferredEncoding(request.headers["accept-encoding"]) : null;
  if (encoding) return sendCompressed(request, response, answer, headers, encoding);
  headers["content-length"] = String(size);
  // As many bytes as characters: all are ASCII, and the runtime can copy head and body without looking at each.
  const plain = typeof body === "string" && body.length === size;
  return finish(request, response, answer, status, headers, body, plain ? "latin1" : "utf8");
}

/**
 * Sends a kept answer that is JSON, in the way that costs least: its headers are a list that the runtime takes as it
 * is, made once; what differs from answer to answer stands at the end, and is written over.
 */
export function sendKept(response: ServerResponse, kept: KeptAnswer, requestId: string, position: string | null): void {
  const headers = (kept.made.headers ??= headersOfKept(kept));
  headers[headers.length - 3] = requestId;
  headers[headers.length - 1] = position ?? "";
  response.writeHead(200, position === null ? headers.slice(0, -2) : headers);
  response.end(kept.body, "latin1");
}

function headersOfKept({ body, tag }: KeptAnswer): string[] {
  return [
    ...["x-content-type-options", "nosniff"],
    ...["etag", tag],
    ...["cache-control", "private, no-cache"],
    ...["content-type", "application/json; charset=utf-8"],
    ...["content-length", String(body.length)],
    ...(body.length >= COMPRESS_BYTES_MIN ? ["vary", "accept-encoding"] : []),
    ...["x-request-id", ""],
    ...[POSITION_HEADER, ""],
  ];
}

/** Whether `sendKept` may: a plain 200 with a whole body to a caller who asks for nothing else. */
export function isPlain({ headers, method }: IncomingMessage, { entries, body }: KeptAnswer): boolean {
  const mayCompress = body.length >= COMPRESS_BYTES_MIN && headers["accept-encoding"] !== undefined;
  return method === "GET" && entries.length === 0 && headers["if-none-match"] === undefined && !mayCompress;
}

async function sendCompressed(
  request: IncomingMessage,
  response: ServerResponse,
  answer: Answer,
  headers: Headers,
  encoding: "br" | "gzip",
): Promise<number> {
  const { body, made = madeOf(body!) } = answer;
  const bytes = await (made ? (made[encoding] ??= compress(body!, encoding)) : compress(body!, encoding));
  headers["content-encoding"] = encoding;
  headers["content-length"] = String(bytes.length);
  return finish(request, response, answer, answer.status, headers, bytes);
}

/** What was made of bodies that are sent again and again: the pages, which keep their bytes. */
const known = new WeakMap<Buffer, Made & { tag?: string }>();

function madeOf(body: Buffer): Made & { tag?: string };
function madeOf(body: string | Buffer): (Made & { tag?: string }) | null;
function madeOf(body: string | Buffer) {
  if (typeof body === "string") return null;
  let made = known.get(body);
  if (!made) known.set(body, (made = {}));
  return made;
}

function keptTagOf(body: string | Buffer): string {
  return typeof body === "string" ? tagOf(body) : (madeOf(body).tag ??= tagOf(body));
}

function compress(body: string | Buffer, encoding: "br" | "gzip"): Promise<Buffer> {
  const params = { [constants.BROTLI_PARAM_QUALITY]: BROTLI_QUALITY };
  return encoding === "br" ? brotliAsync(body, { params }) : gzipAsync(body);
}

function finish(
  request: IncomingMessage,
  response: ServerResponse,
  answer: Answer,
  status: number,
  headers: Headers,
  body: string | Buffer,
  encoding: "latin1" | "utf8" = "utf8",
): number {
  response.writeHead(status, headers);
  const sent = request.method === "HEAD" || body.length === 0 ? undefined : body;
  if (answer.last === "drained" && !request.complete) endLater(request, response, sent);
  else if (typeof sent === "string") response.end(sent, encoding);
  else response.end(sent);
  return status;
}

/**
 * Ends an answer once the request is read to its end, or after a while. Closing a socket that still holds unread bytes
 * resets it, and the reset can overtake the answer: the caller would never learn what was wrong (RFC 9112, 9.6).
 */
function endLater(request: IncomingMessage, response: ServerResponse, body: string | Buffer | undefined): void {
  if (body === undefined) response.flushHeaders();
  else response.write(body);
  const end = () => {
    clearTimeout(timer);
    response.end();
  };
  const timer = setTimeout(end, LINGER_MS);
  request
    .once("end", end)
    .once("close", end)
    .on("error", () => {});
  request.resume();
}

export function addHeader(headers: Headers, name: string, value: string): void {
  const present = headers[name];
  if (present === undefined) headers[name] = value;
  else if (name === "set-cookie") headers[name] = [...(Array.isArray(present) ? present : [present]), value];
  else if (name === "vary") headers[name] = `${present}, ${value}`;
  else headers[name] = value;
}

/** RFC 9110, section 13.1.2: weak comparison. */
export function matchesTag(header: string | undefined, tag: string): boolean {
  if (header === undefined) return false;
  if (header.trim() === "*") return true;
  const bare = tag.replace(/^W\//, "");
  return header.split(",").some((each) => each.trim().replace(/^W\//, "") === bare);
}

/** Quality values of an `Accept…` header by name (RFC 9110, section 12.4.2). */
export function qualities(header: string): Map<string, number> {
  const found = new Map<string, number>();
  for (const part of header.split(",")) {
    const [name = "", ...parameters] = part.split(";");
    const quality = parameters.map((each) => /^\s*q=([\d.]+)\s*$/i.exec(each)?.[1]).find((each) => each !== undefined);
    found.set(name.trim().toLowerCase(), quality === undefined ? 1 : Number(quality) || 0);
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
  const bare = mediaType.split(";", 1)[0]!.trim().toLowerCase();
  const quality = accepted.get(bare) ?? accepted.get(`${bare.split("/", 1)[0]}/*`) ?? accepted.get("*/*") ?? 0;
  return quality > 0;
}
