/** Heads of requests: what makes one ambiguous, or larger than it may be, although the parser takes it. */
import type { IncomingMessage } from "node:http";
import { fault } from "../define/errors.ts";
import { URL_CHARS_MAX } from "./routes.ts";

/** Headers of one request; more are refused. */
export const HEADERS_MAX = 100;

/** @throws {Fault} HEADERS_TOO_LARGE, URL_TOO_LONG, INVALID_REQUEST (RFC 9112, section 3.2). */
export function checkHead({ rawHeaders, httpVersionMinor, httpVersionMajor, headers, url }: IncomingMessage): void {
  if (rawHeaders.length > 2 * HEADERS_MAX) {
    throw fault("HEADERS_TOO_LARGE", {
      detail: `The request has ${rawHeaders.length / 2} headers; the limit is ${HEADERS_MAX}.`,
    });
  }
  if (url!.length > URL_CHARS_MAX) {
    throw fault("URL_TOO_LONG", { detail: `It has ${url!.length} characters; the limit is ${URL_CHARS_MAX}.` });
  }
  if (headers.host === undefined && httpVersionMajor === 1 && httpVersionMinor === 1) {
    throw fault("INVALID_REQUEST", { detail: "The request has no Host header." });
  }
  let hosts = 0;
  for (let index = 0; index < rawHeaders.length; index += 2) {
    const name = rawHeaders[index]!;
    if (name.length === 4 && name.toLowerCase() === "host" && ++hosts > 1) {
      throw fault("INVALID_REQUEST", { detail: "The request has several Host headers." });
    }
  }
}
