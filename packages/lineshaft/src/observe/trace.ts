/**
 * Trace context (W3C, level 1): takes part in a trace that the caller began, or begins one.
 */
import { randomBytes } from "node:crypto";

const TRACEPARENT = /^(?!ff)[0-9a-f]{2}-(?!0{32})([0-9a-f]{32})-(?!0{16})([0-9a-f]{16})-([0-9a-f]{2})(?:-.*)?$/;

export interface Trace {
  readonly traceId: string;
  readonly spanId: string;
  readonly parentId: string | null;
  readonly sampled: boolean;
}

/** The trace of a request, from its `traceparent` header. */
export function traceOf(header: string | undefined): Trace {
  const [, traceId, parentId, flags = "00"] = (header && TRACEPARENT.exec(header)) || [];
  const random = randomBytes(traceId ? 8 : 24).toString("hex");
  return {
    traceId: traceId ?? random.slice(0, 32),
    spanId: random.slice(-16),
    parentId: parentId ?? null,
    sampled: traceId === undefined || (Number.parseInt(flags, 16) & 1) === 1,
  };
}

/** The header for what comes after us, and for the answer. */
export function traceparent({ traceId, spanId, sampled }: Trace): string {
  return `00-${traceId}-${spanId}-${sampled ? "01" : "00"}`;
}
