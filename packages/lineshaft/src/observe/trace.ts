/**
 * Trace context (W3C, level 1): takes part in a trace that the caller began, or begins one.
 */
import { randomBytes } from "node:crypto";

// Version 00 ends after the flags; later versions may say more.
const TRACEPARENT = /^(?!ff)[0-9a-f]{2}-(?!0{32})([0-9a-f]{32})-(?!0{16})([0-9a-f]{16})-([0-9a-f]{2})(-.*)?$/;

/** Random bytes that are asked for at once: a call into the generator costs more than the bytes. */
const RANDOM_BYTES = 3_072;
const TRACE_ID_CHARS = 32;
const SPAN_ID_CHARS = 16;

export interface Trace {
  readonly traceId: string;
  readonly spanId: string;
  readonly parentId: string | null;
  readonly sampled: boolean;
}

let random = "";
let position = 0;

function randomHex(chars: number): string {
  if (position + chars > random.length) {
    random = randomBytes(RANDOM_BYTES).toString("hex");
    position = 0;
  }
  position += chars;
  return random.slice(position - chars, position);
}

/** The trace of a request, from its `traceparent` header. */
export function traceOf(header: string | undefined): Trace {
  const match = header === undefined ? null : TRACEPARENT.exec(header);
  const spanId = randomHex(SPAN_ID_CHARS);
  if (match === null || (header!.startsWith("00") && match[4] !== undefined)) {
    return { traceId: randomHex(TRACE_ID_CHARS), spanId, parentId: null, sampled: true };
  }
  const [, traceId, parentId, flags] = match;
  return { traceId: traceId!, spanId, parentId: parentId!, sampled: (Number.parseInt(flags!, 16) & 1) === 1 };
}

/** The header for what comes after us, and for the answer. */
export function traceparent({ traceId, spanId, sampled }: Trace): string {
  return `00-${traceId}-${spanId}-${sampled ? "01" : "00"}`;
}
