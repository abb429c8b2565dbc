/**
 * Trace context (W3C, level 1): the trace that the caller began, and names for requests that belong to none.
 */
import { randomBytes } from "node:crypto";

// Version 00 ends after the flags; later versions may say more.
const TRACEPARENT = /^(?!ff)[0-9a-f]{2}-(?!0{32})([0-9a-f]{32})-(?!0{16})[0-9a-f]{16}-[0-9a-f]{2}(-.*)?$/;

/** Random bytes that are asked for at once: a call into the generator costs more than the bytes. */
const RANDOM_BYTES = 4_096;
const ID_CHARS = 32;

let random = "";
let position = 0;

/** A name for a request: 128 random bits in hexadecimal digits, as a trace has. */
export function randomId(): string {
  if (position === random.length) {
    random = randomBytes(RANDOM_BYTES).toString("hex");
    position = 0;
  }
  position += ID_CHARS;
  return random.slice(position - ID_CHARS, position);
}

/** The id of the trace that a `traceparent` header names; `null` when it is not one. */
export function traceIdOf(header: string): string | null {
  const match = TRACEPARENT.exec(header);
  if (match === null || (header.startsWith("00") && match[2] !== undefined)) return null;
  return match[1]!;
}
