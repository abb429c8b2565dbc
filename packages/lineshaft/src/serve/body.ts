/**
 * Bodies: reads the JSON object of a request, bounded in bytes; the time is bounded by the server's `requestTimeout`.
 */
import { isUtf8 } from "node:buffer";
import type { IncomingMessage } from "node:http";
import secureJson from "secure-json-parse";
import { fault } from "../define/errors.ts";

/** Bytes of a body. */
export const BODY_BYTES_MAX = 1_048_576;

const JSON_TYPE = /^application\/(?:[\w.+-]+\+)?json\s*(?:;\s*charset\s*=\s*"?([\w-]+)"?\s*)?(?:;.*)?$/i;

export interface JsonBody {
  readonly value: unknown;
  /** Whether the text holds escapes of characters that cannot be stored, so that it is worth looking. */
  readonly suspect: boolean;
}

/** Whether a request says that a body follows. */
export function hasBody(request: IncomingMessage): boolean {
  const { "content-length": length, "transfer-encoding": encoding } = request.headers;
  return encoding !== undefined || (length !== undefined && length !== "0");
}

/** @throws {Fault} BODY_TOO_LARGE when the request says that its body is over the limit. */
export function checkLength(request: IncomingMessage): void {
  if (Number(request.headers["content-length"] ?? 0) > BODY_BYTES_MAX) throw tooLarge();
}

/**
 * Reads and parses the body.
 *
 * @throws {Fault} UNSUPPORTED_MEDIA_TYPE, BODY_TOO_LARGE, INVALID_ENCODING, INVALID_JSON; INVALID_REQUEST when the
 *   caller goes away in the middle.
 */
export async function readJson(request: IncomingMessage): Promise<JsonBody> {
  checkLength(request);
  checkType(request);
  const bytes = await readBytes(request);
  if (bytes.length === 0) return { value: {}, suspect: false };
  if (!isUtf8(bytes)) throw fault("INVALID_ENCODING", { detail: "The body is not UTF-8." });
  const text = bytes.toString("utf8");
  try {
    const value = secureJson.parse(text, null, { protoAction: "error", constructorAction: "error" });
    return { value, suspect: /\\u(?:0000|[dD][89a-fA-F])/.test(text) };
  } catch (error) {
    throw fault("INVALID_JSON", { detail: jsonDetail(error as Error) });
  }
}

function checkType(request: IncomingMessage): void {
  const { "content-type": type, "content-encoding": encoding } = request.headers;
  if (encoding !== undefined && encoding !== "identity") {
    const headers = { "accept-encoding": "identity" };
    throw fault("UNSUPPORTED_MEDIA_TYPE", { detail: `The body is encoded as "${encoding.slice(0, 40)}"; send it as it is.`, headers });
  }
  const match = type === undefined ? null : JSON_TYPE.exec(type);
  const charset = match?.[1]?.toLowerCase() ?? "utf-8";
  if (match && (charset === "utf-8" || charset === "utf8")) return;
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

function readBytes(request: IncomingMessage): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    const chunks: Buffer[] = [];
    let size = 0;
    request.on("data", (chunk: Buffer) => {
      size += chunk.length;
      if (size > BODY_BYTES_MAX) {
        request.pause();
        reject(tooLarge());
      } else {
        chunks.push(chunk);
      }
    });
    request.on("end", () => resolve(chunks.length === 1 ? chunks[0]! : Buffer.concat(chunks, size)));
    request.on("error", () => reject(fault("INVALID_REQUEST", { detail: "The body ended before it was whole." })));
    request.on("close", () => reject(fault("INVALID_REQUEST", { detail: "The body ended before it was whole." })));
  });
}

function tooLarge() {
  // The rest of the body is not read, so the connection cannot be used again.
  return fault("BODY_TOO_LARGE", { detail: `The limit is ${BODY_BYTES_MAX} bytes.`, headers: { connection: "close" } });
}
