/**
 * Bodies: reads the JSON object of a request, bounded in bytes and in depth; the time is bounded by the server's
 * `requestTimeout`.
 */
import { isUtf8 } from "node:buffer";
import type { IncomingMessage, ServerResponse } from "node:http";
import secureJson from "secure-json-parse";
import { type Fault, fault } from "../define/errors.ts";

/** Bytes of a body. */
export const BODY_BYTES_MAX = 1_048_576;

const REFUSING = { protoAction: "error", constructorAction: "error" } as const;
const JSON_TYPE = /^application\/(?:[\w.+-]+\+)?json\s*(?:;|$)/i;
const CHARSET = /;\s*charset\s*=\s*"?([\w-]+)"?/i;

export interface JsonBody {
  readonly value: unknown;
  /** Whether the text holds escapes of characters that cannot be stored, so that it is worth looking. */
  readonly suspect: boolean;
}

/** Requests whose callers wait for `100 Continue` before they send the body, with what tells them. */
const waiting = new WeakMap<IncomingMessage, ServerResponse>();

/** Notes that a caller waits to be asked for its body: that happens when the body is about to be read, or never. */
export function expectContinue(request: IncomingMessage, response: ServerResponse): void {
  waiting.set(request, response);
}

/** Whether a request says that a body follows. */
export function hasBody(request: IncomingMessage): boolean {
  const { "content-length": length, "transfer-encoding": encoding } = request.headers;
  return encoding !== undefined || (length !== undefined && Number(length) !== 0);
}

/**
 * Whether the connection must end because of what was not read of a body, and how. Little is read and dropped by the
 * runtime; a body of unknown or great length is not worth it, and one that the caller was never asked for may not come.
 */
export function endOver(request: IncomingMessage): "now" | "drained" | null {
  if (request.complete || !hasBody(request)) return null;
  if (waiting.has(request)) return "now";
  return Number(request.headers["content-length"]) <= BODY_BYTES_MAX ? null : "drained";
}

/** Tells a caller that waits for it to send the body: it is about to be read. */
export function askForBody(request: IncomingMessage): void {
  if (request.headers.expect === undefined) return;
  waiting.get(request)?.writeContinue();
  waiting.delete(request);
}

/**
 * Reads and parses the body.
 *
 * @throws {Fault} UNSUPPORTED_MEDIA_TYPE, BODY_TOO_LARGE, INVALID_ENCODING, INVALID_JSON; INVALID_REQUEST when the
 *   caller goes away in the middle.
 */
export function readJson(request: IncomingMessage): Promise<JsonBody> {
  if (Number(request.headers["content-length"] ?? 0) > BODY_BYTES_MAX) throw tooLarge();
  checkType(request);
  askForBody(request);
  return new Promise((resolve, reject) => readBytes(request, (bytes) => resolve(parsed(bytes)), reject));
}

/** @throws {Fault} INVALID_ENCODING, INVALID_JSON. */
function parsed(bytes: Buffer): JsonBody {
  if (bytes.length === 0) return { value: {}, suspect: false };
  if (!isUtf8(bytes)) throw fault("INVALID_ENCODING", { detail: "The body is not UTF-8." });
  const text = bytes.toString("utf8");
  try {
    const value = secureJson.parse(text, null, REFUSING);
    return { value, suspect: /\\u(?:0000|[dD][89a-fA-F])/.test(text) };
  } catch (error) {
    throw fault("INVALID_JSON", { detail: jsonDetail(error as Error) });
  }
}

function checkType(request: IncomingMessage): void {
  const { "content-type": type, "content-encoding": encoding } = request.headers;
  if (encoding !== undefined && encoding !== "identity") {
    const headers = { "accept-encoding": "identity" };
    throw fault("UNSUPPORTED_MEDIA_TYPE", {
      detail: `The body is encoded as "${encoding.slice(0, 40)}"; send it as it is.`,
      headers,
    });
  }
  if (type === "application/json") return;
  if (type !== undefined && JSON_TYPE.test(type) && /^utf-?8$/i.test(CHARSET.exec(type)?.[1] ?? "utf-8")) return;
  const seen = type === undefined ? "has no Content-Type" : `has Content-Type "${type.slice(0, 80)}"`;
  const headers = { accept: "application/json" };
  throw fault("UNSUPPORTED_MEDIA_TYPE", { detail: `The body ${seen}; send application/json in UTF-8.`, headers });
}

/** The engine's message can quote a piece of the body, which may hold a secret: only the position is told. */
function jsonDetail(error: Error): string {
  if (/forbidden prototype/i.test(error.message)) return "The body has a key that reaches into prototypes.";
  const position = /position (\d+)/.exec(error.message)?.[1];
  return position ? `The body is not JSON at position ${position}.` : "The body is not whole JSON.";
}

function readBytes(request: IncomingMessage, read: (bytes: Buffer) => void, refuse: (error: unknown) => void): void {
  if (request.destroyed) {
    refuse(cutOff());
    return;
  }
  const chunks: Buffer[] = [];
  let size = 0;
  const collect = (chunk: Buffer) => {
    size += chunk.length;
    chunks.push(chunk);
    if (size <= BODY_BYTES_MAX) return;
    request.off("data", collect);
    refuse(tooLarge());
  };
  request.on("data", collect);
  request.on("end", () => {
    try {
      read(chunks.length === 1 ? chunks[0]! : Buffer.concat(chunks, size));
    } catch (error) {
      refuse(error);
    }
  });
  request.on("error", () => refuse(cutOff()));
}

export function cutOff(): Fault {
  return fault("INVALID_REQUEST", { detail: "The body ended before it was whole." });
}

function tooLarge() {
  return fault("BODY_TOO_LARGE", { detail: `The limit is ${BODY_BYTES_MAX} bytes.` });
}
