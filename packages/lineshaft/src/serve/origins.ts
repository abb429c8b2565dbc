/**
 * Origins: under which address callers know this node, and from which address they call.
 *
 * `PUBLIC_URL` decides where it is set. Else the `Host` header is taken, if it is a host at all; headers that a proxy
 * adds count only when `TRUST_PROXY` says that there is one, because anybody can send them.
 */
import type { IncomingMessage } from "node:http";

const HOST = /^(?:[a-z0-9.-]{1,253}|\[[0-9a-f:.]{2,45}\])(?::\d{1,5})?$/i;

export interface OriginOptions {
  /** Without a slash at its end. */
  readonly publicUrl: string | null;
  readonly trustProxy: boolean;
  /** Used when a request names no valid host. */
  readonly fallback: () => string;
}

export class Origins {
  readonly #options: OriginOptions;

  constructor(options: OriginOptions) {
    this.#options = options;
  }

  /** `http://host:port` */
  originOf(request: IncomingMessage): string {
    const { publicUrl, trustProxy, fallback } = this.#options;
    if (publicUrl) return publicUrl;
    const forwarded = trustProxy ? lastOf(request.headers["x-forwarded-host"]) : undefined;
    const host = forwarded ?? request.headers.host;
    if (host === undefined || !HOST.test(host)) return fallback();
    const scheme = trustProxy && lastOf(request.headers["x-forwarded-proto"]) === "https" ? "https" : "http";
    return `${scheme}://${host}`;
  }

  /** The caller's address; behind a trusted proxy, the one that this proxy saw. */
  addressOf(request: IncomingMessage): string {
    const forwarded = this.#options.trustProxy ? lastOf(request.headers["x-forwarded-for"]) : undefined;
    return forwarded ?? request.socket.remoteAddress ?? "unknown";
  }
}

/** The last value is the one that the nearest proxy added. */
function lastOf(header: string | string[] | undefined): string | undefined {
  const text = Array.isArray(header) ? header.at(-1) : header;
  return text?.split(",").at(-1)?.trim() || undefined;
}
